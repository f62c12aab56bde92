"""Which connectors and components lose access to Google Cloud through a plan. Pure."""

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
# A granted role, and a custom role of the same name.
_ROLE: Final = re.compile(r'google_project_iam_(?:member\.roles\["|custom_role\.)(\w+)')

# The resources that grant access to connectors of a method. The new configuration lacks the old
# identity, so Terraform can't keep them until the new connector is tested, as it does with keys.
_BY_TYPE: Final = {
    "google_iam_workload_identity_pool_provider": "external-account",
    "google_service_account_iam_member": "impersonation",
}
# Likewise, by their address in the modules.
_BY_PLACE: Final = {
    "module.workload_identity[0].": "external-account",
    "google_service_account_iam_member.impersonator[": "impersonation",
}
_DAGS: Final = "module.orchestrator[0].module.dags["


def revoked_methods(plan: Plan) -> frozenset[str]:
    """The connector methods whose access a plan revokes; for keys see :func:`revokes_keys`."""
    gone = {c.type for c in plan.changes if c.action == "destroy" and not c.vanished}
    return frozenset(method for type, method in _BY_TYPE.items() if type in gone)


def revokes_keys(config: GoogleEnvironment, plan: Plan) -> bool:
    """Whether a plan deletes keys that connectors no longer use."""
    return config.auth.method != "service-account" and any(
        c.type == ACCOUNT_KEY and c.action == "destroy" for c in plan.changes
    )


def is_needed(
    change: ResourceChange, *, methods: Collection[str], components: Collection[tuple[str, str]]
) -> bool | None:
    """Whether a stack needs a resource that a plan destroys; see :meth:`Platform.is_needed`."""
    if change.type == ACCOUNT_KEY:
        return "service-account" in methods
    for place, method in _BY_PLACE.items():
        if place in change.address:
            return method in methods
    users = _users(change.address)
    if users and users.isdisjoint(components):
        return False  # belongs to a candidate that was never promoted
    return None


def _users(address: str) -> set[tuple[str, str]]:
    """The kinds and flavors that a resource is for; empty if its address doesn't show it."""
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
