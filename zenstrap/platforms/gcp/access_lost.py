"""Which connectors and components lose access to Google Cloud by a plan. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Final

from zenstrap.config import GoogleEnvironment
from zenstrap.config.names import COMPONENT_KINDS
from zenstrap.flavors.google import FLAVORS
from zenstrap.flavors.google.airflow import AIRFLOW
from zenstrap.flavors.google.base import GoogleFlavor
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
_DAGS: Final = "module.orchestrator[0].module.dags["


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
    change: ResourceChange, *, methods: Collection[str], components: Collection[tuple[str, str]]
) -> bool | None:
    """Whether a stack needs what a plan destroys; see :meth:`Platform.is_needed`."""
    if change.type == ACCOUNT_KEY:
        return "service-account" in methods
    for place, method in _BY_PLACE.items():
        if place in change.address:
            return method in methods
    users = _users(change.address)
    if users and users.isdisjoint(components):
        return False  # of a candidate that was given up
    return None


def _users(address: str) -> set[tuple[str, str]]:
    """The kinds and flavors that use a resource alone; empty where its address doesn't say."""
    google = [flavor for flavor in FLAVORS if isinstance(flavor, GoogleFlavor)]
    if _DAGS in address:
        users = [AIRFLOW]
    elif role := _ROLE.search(address):
        users = [flavor for flavor in google if role[1] in flavor.roles]
    elif module := _KIND.search(address):
        users = [flavor for flavor in google if flavor.kind == module[1]]
    else:
        users = []
    return {(flavor.kind, flavor.name) for flavor in users}
