"""All services: importing this module registers their handlers."""

from __future__ import annotations

from zenstrap_rehearsal.cloud import (
    account_keys,
    artifact_registry,
    kms,
    oauth,
    org_policy,
    pools,
    resource_manager,
    roles,
    service_accounts,
    service_usage,
)

__all__ = [
    "account_keys",
    "artifact_registry",
    "kms",
    "oauth",
    "org_policy",
    "pools",
    "resource_manager",
    "roles",
    "service_accounts",
    "service_usage",
]
