"""The policy rules for the resources of a plan. Pure.

The modules fulfil these rules already; the rules protect against changes of the modules. Rules for
roles and members are in ``grants``.
"""

from __future__ import annotations

from zenstrap.config import GoogleEnvironment
from zenstrap.platforms.gcp import grants
from zenstrap.platforms.gcp.provider import ACCOUNT_KEY, BUCKET, HMAC_KEY, PROVIDER, REPOSITORY
from zenstrap.policy.resources import ResourceRules, Rule
from zenstrap.terraform.settings import ResourceSettings


def resource_rules(config: GoogleEnvironment) -> ResourceRules:
    """The rules of an environment."""
    return ResourceRules(_rules(config), PROVIDER.key_types, PROVIDER.protected_types)


def _rules(config: GoogleEnvironment) -> dict[str, Rule]:
    rules: dict[str, Rule] = {
        "no_public_access": grants.public_access,
        "no_broad_roles": lambda resource: grants.broad_role(resource, config),
        "no_other_grants": grants.other_grant,
    }
    if not config.throwaway:
        rules["no_force_destroy"] = _forced
    if config.resilience.is_strict:
        rules |= {
            "uniform_access": _not_uniform,
            "public_access_prevention": _unprevented,
            "customer_managed_keys": _googles_key,
            "no_service_account_keys": _account_key,
            "immutable_tags": _mutable_tags,
        }
    return rules


def _forced(resource: ResourceSettings) -> str | None:
    forced = resource.values.get("force_destroy") is True
    return "has force_destroy, which only throw-away environments may have" if forced else None


def _not_uniform(resource: ResourceSettings) -> str | None:
    if resource.type != BUCKET:
        return None
    uniform = resource.values.get("uniform_bucket_level_access") is True
    return None if uniform else "doesn't use uniform bucket-level access"


def _unprevented(resource: ResourceSettings) -> str | None:
    if resource.type != BUCKET:
        return None
    prevented = resource.values.get("public_access_prevention") == "enforced"
    return None if prevented else "doesn't enforce public access prevention"


def _googles_key(resource: ResourceSettings) -> str | None:
    if resource.type == BUCKET:
        key: object = _only(resource.values.get("encryption"), "default_kms_key_name")
    elif resource.type == REPOSITORY:
        key = resource.values.get("kms_key_name")
    else:
        return None
    return None if key else "isn't encrypted with a customer-managed key"


def _account_key(resource: ResourceSettings) -> str | None:
    is_key = resource.type in (ACCOUNT_KEY, HMAC_KEY)
    return "is a long-lived key of a service account" if is_key else None


def _mutable_tags(resource: ResourceSettings) -> str | None:
    if resource.type != REPOSITORY:
        return None
    immutable = _only(resource.values.get("docker_config"), "immutable_tags") is True
    return None if immutable else "allows image tags to be moved"


def _only(blocks: object, attribute: str) -> object:
    """The attribute of a single block, which Terraform represents as a list."""
    for block in blocks if isinstance(blocks, list) else ():
        return block.get(attribute) if isinstance(block, dict) else None
    return None
