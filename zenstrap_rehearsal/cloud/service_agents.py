"""The accounts that Google makes for its own services in a project, and when it makes them.

https://cloud.google.com/iam/docs/service-agents
"""

from __future__ import annotations

import re
from typing import Final

from zenstrap_rehearsal.cloud.core import Cloud, Project

STORAGE: Final = "gs-project-accounts"
REGISTRY: Final = "gcp-sa-artifactregistry"

# By API: what stands before .iam.gserviceaccount.com. Made when the API is enabled.
_WITH_API: Final = {
    "composer.googleapis.com": "cloudcomposer-accounts",
    "compute.googleapis.com": "compute-system",
    "run.googleapis.com": "serverless-robot-prod",
}

# Those that can be asked for; of these, the ones that aren't above are else made at first use.
ON_REQUEST: Final = {
    "aiplatform.googleapis.com": "gcp-sa-aiplatform",
    "artifactregistry.googleapis.com": REGISTRY,
    "cloudbuild.googleapis.com": "gcp-sa-cloudbuild",
    "run.googleapis.com": "serverless-robot-prod",
}

# Vertex AI's for its users' code comes with their first job, which a rehearsal never sees.
_KNOWN: Final = {STORAGE, "gcp-sa-aiplatform-cc", *_WITH_API.values(), *ON_REQUEST.values()}

_EMAIL: Final = re.compile(r"service-(\d+)@([a-z0-9-]+)\.iam\.gserviceaccount\.com")


def email(project: Project, place: str) -> str:
    return f"service-{project.number}@{place}.iam.gserviceaccount.com"


def make(project: Project, place: str) -> None:
    """Google makes it, if it isn't there yet."""
    project.agents.add(place)


def make_with_api(project: Project, api: str) -> None:
    """What comes with an API that is enabled."""
    if api in _WITH_API:
        make(project, _WITH_API[api])


def is_missing(cloud: Cloud, address: str) -> bool:
    """Whether it is the address of a service agent that isn't there.

    Agents that the double doesn't know, and those of other projects, are taken to exist.
    """
    found = _EMAIL.fullmatch(address)
    if not found or found[2] not in _KNOWN:
        return False
    owner = next((one for one in cloud.projects.values() if one.number == found[1]), None)
    return owner is not None and found[2] not in owner.agents
