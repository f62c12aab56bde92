"""The variables of Google Cloud's root module: the configuration, and the names of resources."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from zenstrap.config import GoogleEnvironment
from zenstrap.config.components import Components
from zenstrap.config.google import Auth, bucket_of, locations
from zenstrap.platforms.gcp import naming
from zenstrap.platforms.gcp.access import GoogleAccess
from zenstrap.platforms.gcp.adoption import (
    Adoption,
    find_adoptions,
    makes_pool,
    nothing_to_adopt,
)
from zenstrap.platforms.gcp.api.iam import get_pool
from zenstrap.platforms.gcp.api.unrecorded import owner_in
from zenstrap.platforms.gcp.unrecorded import with_unrecorded
from zenstrap.terraform.state import StateResource

# Environment variable with the account that the provider and the gcs backend impersonate.
IMPERSONATE: Final = "GOOGLE_IMPERSONATE_SERVICE_ACCOUNT"
_PATHS: Final = ("shared/", "ml_projects/")  # see terraform_modules/artifact_store
_POOL: Final = "module.workload_identity[0].google_iam_workload_identity_pool.this[0]"
_PROVIDER: Final = "module.workload_identity[0].google_iam_workload_identity_pool_provider.this[0]"
PROVIDER_ID: Final = "zenml"  # of the workload identity provider; unique in its pool


def look_around(
    config: GoogleEnvironment,
    in_state: Iterable[StateResource],
    access: GoogleAccess,
    owner: str,
    *,
    destroy: bool,
) -> Adoption:
    """The resources to adopt, and the name of the environment's pool.

    Args:
        destroy: everything is destroyed, so nothing is adopted.

    Raises:
        RefusedError: a name is taken by a resource that isn't the environment's.
        AuthenticationError, GoogleError: Google is out of reach, or refused the request.
    """
    ids = frozenset(resource.id for resource in in_state if resource.id)
    if destroy:
        return nothing_to_adopt(config, config.gcp.project_id, ids)
    adoption = find_adoptions(config, access.rest, ids, provider_id=PROVIDER_ID, owner=owner)
    if not owner:
        return adoption
    return with_unrecorded(adoption, config, access, ids, owner, artifact_bucket(config))


def unrecorded_pool(
    config: GoogleEnvironment, in_state: Iterable[StateResource], access: GoogleAccess, owner: str
) -> dict[str, str]:
    """The pool that carries the owner's mark and isn't in the state, and its provider.

    Returns:
        Their full names by their addresses.

    Raises:
        AuthenticationError, GoogleError: Google is out of reach, or refused the request.
    """
    if not owner or not makes_pool(config):
        return {}
    rest = access.rest
    ids = frozenset(resource.id for resource in in_state if resource.id)
    adoption = find_adoptions(config, rest, ids, provider_id=PROVIDER_ID, owner=owner)
    pool = get_pool(rest, adoption.pool) if adoption.pool else None
    if pool is None or owner_in(pool.description) != owner:
        return {}
    return {_POOL: pool.name} | ({_PROVIDER: adoption.provider} if adoption.provider else {})


def google_variables(
    config: GoogleEnvironment, adoption: Adoption, *, keys_in_use: bool, owner: str
) -> dict[str, object]:
    """The variables of ``terraform_modules/environments/gcp``."""
    gcp, environment = config.gcp, config.environment
    places = locations(config)
    return {
        "environment": environment,
        "owner": owner,
        "project_id": gcp.project_id,
        "region": gcp.region,
        "labels": dict(config.labels),
        "throwaway": config.throwaway,
        "resilience": config.resilience.model_dump(mode="json"),
        "retention": config.retention.model_dump(mode="json"),
        "names": {
            "bucket": artifact_bucket(config),
            "service_account_id": naming.service_account_id(environment),
            "repository_id": naming.repository_id(environment),
            "key_ring": naming.key_ring_id(environment),
            "key": naming.key_ring_id(environment),
            "workload_identity_pool": adoption.pool_id
            or naming.workload_identity_pool_id(environment),
            "workload_identity_provider": PROVIDER_ID,
        },
        "locations": {"bucket": places.bucket, "registry": places.registry},
        "storage_class": bucket_of(config.stack.components).storage_class or "STANDARD",
        "kms_keys": {key.split("/")[3]: key for key in gcp.kms_keys},
        "network": gcp.network,
        "components": _components(config.stack.components),
        "auth": _auth(config.auth, keys_in_use=keys_in_use),
        "ml_projects": {
            name: {
                "service_account_id": naming.service_account_id(environment, name),
                "repository_id": naming.repository_id(environment, name),
                "labels": config.labels_of(name),
                "components": _components(config.components_of(name)),
            }
            for name in sorted(config.ml_projects)
        },
        "adopt": adoption.variable(),
    }


def artifact_bucket(config: GoogleEnvironment) -> str:
    """The name of the environment's bucket."""
    own = bucket_of(config.stack.components).bucket
    return own or naming.bucket_name(config.gcp.project_id, config.environment)


def environment_variables(config: GoogleEnvironment) -> dict[str, str]:
    """Environment variables for Terraform: the account that it impersonates."""
    principal = config.gcp.terraform_service_account
    return {IMPERSONATE: principal} if principal else {}


def _components(components: Components) -> list[dict[str, object]]:
    return [
        {
            "name": name,
            "kind": component.kind,
            "flavor": component.flavor,
            "location": getattr(component, "location", None),
            "dag_folder": getattr(component, "dag_folder", None),
            "allow_unauthenticated": getattr(component, "allow_unauthenticated", False),
        }
        for name, component in components.present().items()
    ]


def _auth(auth: Auth, *, keys_in_use: bool) -> dict[str, object]:
    identity = auth.workload_identity if auth.method == "external-account" else None
    return {
        "method": auth.method,
        "make_keys": keys_in_use or (auth.method == "service-account" and auth.key is None),
        "source_service_account": auth.source_service_account,
        "workload_identity": None
        if identity is None
        else {
            "existing_provider": identity.provider,
            "oidc_issuer": identity.oidc_issuer,
            "aws_account": identity.aws_account,
            "audiences": list(identity.audiences),
            "attribute": identity.attribute,
            "values": list(identity.values),
        },
    }
