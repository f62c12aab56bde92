"""Service agents, which Google creates for its own services in a project, and when they exist.

https://cloud.google.com/iam/docs/service-agents
"""

from __future__ import annotations

import re
from typing import Final

from zenstrap_rehearsal.cloud.core import Cloud, Project

STORAGE: Final = "gs-project-accounts"
REGISTRY: Final = "gcp-sa-artifactregistry"

# API → label before .iam.gserviceaccount.com. Created when the API is enabled.
_WITH_API: Final = {
    "composer.googleapis.com": "cloudcomposer-accounts",
    "compute.googleapis.com": "compute-system",
    "run.googleapis.com": "serverless-robot-prod",
}

# Created by generateServiceIdentity; those that aren't above also at first use.
ON_REQUEST: Final = {
    "aiplatform.googleapis.com": "gcp-sa-aiplatform",
    "artifactregistry.googleapis.com": REGISTRY,
    "cloudbuild.googleapis.com": "gcp-sa-cloudbuild",
    "run.googleapis.com": "serverless-robot-prod",
}

# Vertex AI's agent for custom code is created with the first job, which a rehearsal never runs.
_KNOWN: Final = {STORAGE, "gcp-sa-aiplatform-cc", *_WITH_API.values(), *ON_REQUEST.values()}

_EMAIL: Final = re.compile(r"service-(\d+)@([a-z0-9-]+)\.iam\.gserviceaccount\.com")


def email(project: Project, place: str) -> str:
    return f"service-{project.number}@{place}.iam.gserviceaccount.com"


def make(project: Project, place: str) -> None:
    """Create an agent, if it doesn't exist yet."""
    project.agents.add(place)


def make_with_api(project: Project, api: str) -> None:
    """Create the agent that an API has from its enabling on, if any."""
    if api in _WITH_API:
        make(project, _WITH_API[api])


def is_missing(cloud: Cloud, address: str) -> bool:
    """Whether it is the address of a service agent that doesn't exist.

    Unknown agents, and those of other projects, are assumed to exist.
    """
    match = _EMAIL.fullmatch(address)
    if not match or match[2] not in _KNOWN:
        return False
    owner = next((p for p in cloud.projects.values() if p.number == match[1]), None)
    return owner is not None and match[2] not in owner.agents
