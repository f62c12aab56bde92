"""What the recorded world's environments are configured as, version by version.

Four environments on one ZenML store. Each promoted its versions 1.0.0 and 1.1.0, and has a
candidate 1.2.0 that failed its smoke test; its files are back at 1.1.0.

| environment | platform | what it stands for |
| --- | --- | --- |
| local | local | throw-away, versions may be reused, two ML projects |
| lab | local | protected: nothing is destroyed, a terminal approves, versions are immutable |
| dev | gcp | throw-away, keys made by Terraform, two ML projects |
| prod | gcp | protected, strict, without keys: its machine's own identity |
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any, Final

Files = Mapping[str, dict[str, Any]]  # by path below configs/

CURRENT: Final = "1.1.0"
VERSIONS: Final = ("1.0.0", CURRENT, "1.2.0")
ENVIRONMENTS: Final = ("local", "lab", "dev", "prod")
ML_PROJECTS: Final = ("fraud_detection", "recommendation")
GOOGLE_PROJECTS: Final = ("acme-ml-dev", "acme-ml-prod")
APPROVED: Final = frozenset({"lab", "prod"})  # `up` needs --yes there

_FAILS: Final = {"min_accuracy": 1.0}  # what 1.2.0 asks of its smoke test; 0.971 is reached


def files(version: str) -> Files:
    """All files of the world's configs/ but defaults.yaml, at one of VERSIONS."""
    environments = {"local": _local, "lab": _lab, "dev": _dev, "prod": _prod}
    found = {
        f"environments/{name}.yaml": make(version) | _test(version)
        for name, make in environments.items()
    }
    return found | {
        f"ml_projects/{name}.yaml": {"version": version, "description": f"The {name} team."}
        for name in ML_PROJECTS
    }


def _test(version: str) -> dict[str, Any]:
    return {"smoke_test": _FAILS if version == VERSIONS[-1] else {"min_accuracy": 0.9}}


def _local(version: str) -> dict[str, Any]:
    return {
        "environment": "local",
        "platform": "local",
        "stack": {"version": version, "components": _local_components(version)},
        "ml_projects": list(ML_PROJECTS),
        "throwaway": True,
        "protection": {"allow_destroy": True, "approval": "none", "immutable_versions": False},
        "retention": {"artifact_days": 7, "stack_versions": 2},
    }


def _lab(version: str) -> dict[str, Any]:
    return {
        **copy.deepcopy(_local(version)),
        "environment": "lab",
        "throwaway": False,
        "protection": {"allow_destroy": False, "approval": "terminal", "confirm_by_name": True},
    }


def _dev(version: str) -> dict[str, Any]:
    return {
        "environment": "dev",
        "platform": "gcp",
        "gcp": {"project_id": "acme-ml-dev", "region": "europe-west1"},
        "state": {"bucket": "acme-ml-dev-tfstate"},
        "stack": {"version": version, "components": _google_components(version)},
        "auth": {"method": "service-account"},
        "ml_projects": list(ML_PROJECTS),
        "throwaway": True,
        "protection": {"allow_destroy": True, "approval": "none"},
        "labels": {"stage": "dev"},
    }


def _prod(version: str) -> dict[str, Any]:
    return {
        "environment": "prod",
        "platform": "gcp",
        "gcp": {"project_id": "acme-ml-prod", "region": "europe-west1"},
        "state": {"bucket": "acme-ml-prod-tfstate", "location": "EU"},
        "stack": {"version": version, "components": _google_components(version)},
        "auth": {"method": "implicit"},
        "ml_projects": list(ML_PROJECTS),
        "resilience": {
            "high_availability": True,
            "backup_enabled": True,
            "compliance_mode": "strict",
        },
        "protection": {"approval": "terminal", "confirm_by_name": True},
        "labels": {"stage": "prod"},
    }


def _local_components(version: str) -> dict[str, Any]:
    components: dict[str, Any] = {
        "artifact_store": {"version": "1.0.0"},
        "orchestrator": {"version": "1.0.0"},
    }
    if version != "1.0.0":
        components["image_builder"] = {"version": "1.0.0", "flavor": "local"}
    if version == VERSIONS[-1]:
        components["orchestrator"] = {"version": "1.1.0"}
    return components


def _google_components(version: str) -> dict[str, Any]:
    """Trainings run here: the double has no Vertex AI."""
    registry: dict[str, Any] = {"version": version}
    if version != "1.0.0":
        registry["settings"] = {"default_repository": f"team-{version.replace('.', '-')}"}
    return {
        "artifact_store": {"version": "1.0.0"},
        "container_registry": registry,
        "orchestrator": {"version": "1.0.0", "flavor": "local"},
        "image_builder": None,
    }
