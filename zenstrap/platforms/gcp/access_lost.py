"""Which connectors and components lose access to Google Cloud by a plan. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Final

from zenstrap.config import GoogleEnvironment
from zenstrap.config.names import COMPONENT_KINDS
from zenstrap.platforms.gcp.provider import ACCOUNT_KEY
from zenstrap.terraform.plan import Plan, ResourceChange

_KIND: Final = re.compile(rf"module\.({'|'.join(COMPONENT_KINDS)})\[0\]")
# A role that is given, and a custom role of the same name.
_ROLE: Final = re.compile(r'google_project_iam_(?:member\.roles\["|custom_role\.)(\w+)')

# What grants access to connectors of a method. The configuration no longer says who that was, so
# Terraform can't keep it until the successor is proven, as it does with keys.
_BY_TYPE: Final = {
    "google_iam_workload_identity_pool_provider": "external-account",
    "google_service_account_iam_member": "impersonation",
}
# Likewise, by where the modules make it.
_BY_PLACE: Final = {
    "module.workload_identity[0].": "external-account",
    "google_service_account_iam_member.impersonator[": "impersonation",
}
# What needs the roles that the modules give on the project: a flavor, or a kind of component.
_FLAVORS_OF_ROLES: Final = {"vertex": "vertex", "kubernetes": "kubernetes", "skypilot": "vm_gcp"}
_FLAVORS_OF_PLACES: Final = {"module.orchestrator[0].module.dags[": "airflow"}
_KINDS_OF_ROLES: Final = {
    "cloud_build": "image_builder",
    "cloud_run": "deployer",
    "secret_creator": "deployer",
    "secret_user": "deployer",
}


def revoked_methods(plan: Plan) -> frozenset[str]:
    """The methods of connectors that a plan takes the access from; keys are kept apart."""
    gone = {c.type for c in plan.changes if c.action == "destroy" and not c.vanished}
    return frozenset(method for type, method in _BY_TYPE.items() if type in gone)


def revokes_keys(config: GoogleEnvironment, plan: Plan) -> bool:
    """Whether a plan deletes keys that no connector uses any more."""
    return config.auth.method != "service-account" and any(
        c.type == ACCOUNT_KEY and c.action == "destroy" for c in plan.changes
    )


def is_needed(
    change: ResourceChange,
    *,
    methods: Collection[str],
    kinds: Collection[str],
    flavors: Collection[str],
) -> bool | None:
    """Whether a stack needs what a plan destroys; see :meth:`Platform.is_needed`."""
    if change.type == ACCOUNT_KEY:
        return "service-account" in methods
    for place, method in _BY_PLACE.items():
        if place in change.address:
            return method in methods
    module, role = _KIND.search(change.address), _ROLE.search(change.address)
    kind = module[1] if module else _KINDS_OF_ROLES.get(role[1]) if role else None
    flavor = _FLAVORS_OF_ROLES.get(role[1]) if role else None
    for place, of_place in _FLAVORS_OF_PLACES.items():
        if place in change.address:
            flavor = of_place
    if kind is not None and kind not in kinds:
        return False  # of a candidate that was given up
    if flavor is not None and flavor not in flavors:
        return False
    return None
