"""What the root module of Google Cloud is given: the configuration, with every name made."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from zenstrap import naming
from zenstrap.config import EnvironmentConfig
from zenstrap.config.google_locations import locations
from zenstrap.config.models import Auth, Components, Gcp
from zenstrap.errors import RefusedError
from zenstrap.platforms.gcp.access import GoogleAccess, google_access
from zenstrap.platforms.gcp.adoption import (
    Adoption,
    find_adoptions,
    keys_that_are_there,
    makes_pool,
    nothing_to_adopt,
)
from zenstrap.platforms.gcp.api.iam import get_pool
from zenstrap.platforms.gcp.api.service_usage import enabled_apis
from zenstrap.platforms.gcp.api.unrecorded import owner_in
from zenstrap.platforms.gcp.needs import needed_apis
from zenstrap.platforms.gcp.unrecorded import with_unrecorded
from zenstrap.reports import Kept, count
from zenstrap.session import Session
from zenstrap.terraform.state import StateResource

# Environment variables by which the provider and the gcs backend learn whom to act as.
IMPERSONATE: Final = "GOOGLE_IMPERSONATE_SERVICE_ACCOUNT"
_PATHS: Final = ("shared/", "ml_projects/")  # see terraform_modules/artifact_store
_POOL: Final = "module.workload_identity[0].google_iam_workload_identity_pool.this[0]"
_PROVIDER: Final = "module.workload_identity[0].google_iam_workload_identity_pool_provider.this[0]"
PROVIDER_ID: Final = "zenml"  # of the workload identity provider; unique in its pool


def look_around(
    config: EnvironmentConfig,
    in_state: Iterable[StateResource],
    session: Session,
    *,
    destroy: bool,
) -> Adoption:
    """What an earlier life of the environment left, and which name its pool gets.

    Args:
        destroy: everything goes, so nothing is taken over.

    Raises:
        RefusedError: a name is taken by something that isn't the environment's.
        AuthenticationError, GoogleError: Google can't be asked, or said no.
    """
    ids = frozenset(one.id for one in in_state if one.id)
    if destroy:
        return nothing_to_adopt(config, gcp_of(config).project_id, ids)
    access = google_access(config, session)
    adoption = find_adoptions(
        config, access.rest, ids, provider_id=PROVIDER_ID, owner=session.owner
    )
    if not session.owner:
        return adoption
    return with_unrecorded(adoption, config, access, ids, session.owner, artifact_bucket(config))


def unrecorded_pool(
    config: EnvironmentConfig, in_state: Iterable[StateResource], session: Session
) -> dict[str, str]:
    """The pool that carries the owner's mark and isn't in the state, and its provider.

    Returns:
        Their full names by their addresses.

    Raises:
        AuthenticationError, GoogleError: Google can't be asked, or said no.
    """
    if not session.owner or not makes_pool(config):
        return {}
    rest = google_access(config, session).rest
    ids = frozenset(one.id for one in in_state if one.id)
    found = find_adoptions(config, rest, ids, provider_id=PROVIDER_ID, owner=session.owner)
    pool = get_pool(rest, found.pool) if found.pool else None
    if pool is None or owner_in(pool.description) != session.owner:
        return {}
    return {_POOL: pool.name} | ({_PROVIDER: found.provider} if found.provider else {})


def google_variables(
    config: EnvironmentConfig, adoption: Adoption, *, keys_in_use: bool, owner: str
) -> dict[str, object]:
    """The variables of ``terraform_modules/environments/gcp``."""
    gcp, environment = gcp_of(config), config.environment
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
        "storage_class": config.stack.components.artifact_store.storage_class or "STANDARD",
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


def artifact_bucket(config: EnvironmentConfig) -> str:
    """The name of the environment's bucket."""
    own = config.stack.components.artifact_store.bucket
    return own or naming.bucket_name(gcp_of(config).project_id, config.environment)


def state_prefix(config: EnvironmentConfig) -> str:
    """Where in the state bucket the environment's state and lease lie."""
    assert config.state is not None, "platform gcp has its section"
    return f"{config.state.prefix}/{config.environment}"


def surroundings(config: EnvironmentConfig) -> dict[str, str]:
    """Environment variables for Terraform: whom it acts as."""
    principal = gcp_of(config).terraform_service_account
    return {IMPERSONATE: principal} if principal else {}


def gcp_of(config: EnvironmentConfig) -> Gcp:
    """The section that platform gcp always has."""
    assert config.gcp is not None, "platform gcp has its section"
    return config.gcp


def bucket_left(config: EnvironmentConfig, access: GoogleAccess) -> list[str]:
    """The artifact store's bucket, if it is still there."""
    from zenstrap.platforms.gcp.storage.artifact_bucket import exists

    bucket = artifact_bucket(config)
    return [f"gs://{bucket}"] if exists(access.storage, bucket) else []


def require_empty_bucket(config: EnvironmentConfig, access: GoogleAccess) -> None:
    """Google refuses to delete a full bucket; better to know before registrations are gone.

    Raises:
        RefusedError: it holds objects.
    """
    from zenstrap.platforms.gcp.storage.artifact_bucket import first_objects

    bucket = artifact_bucket(config)
    found = first_objects(access.storage, bucket, 4)
    if not found:
        return
    names = ", ".join(found[:3]) + (" and more" if len(found) > 3 else "")
    raise RefusedError(
        f"{config.environment} can't be taken down: its artifact store is full",
        where=f"gs://{bucket}",
        why=f"It holds {names}, and objects go with the environment only where throwaway is true",
        fix="If nobody needs them, delete them",
        command=f"gcloud storage rm --recursive --all-versions 'gs://{bucket}/**'",
    )


def bucket_to_empty(
    config: EnvironmentConfig, in_state: Iterable[StateResource], access: GoogleAccess
) -> str | None:
    """The artifact store's bucket, if it is full and Terraform won't delete it like that.

    It destroys by what the state says, and that is from before throwaway was true.
    """
    from zenstrap.platforms.gcp.storage.artifact_bucket import first_objects

    bucket = artifact_bucket(config)
    refuses = any(
        one.type == "google_storage_bucket"
        and one.id == bucket
        and "force_destroy" not in one.switches
        for one in in_state
    )
    full = config.throwaway and refuses and first_objects(access.storage, bucket)
    return bucket if full else None


def foreign_objects(config: EnvironmentConfig, access: GoogleAccess) -> list[str]:
    """What lies in the artifact store's bucket and none of the environment's stacks put there."""
    from zenstrap.platforms.gcp.storage.artifact_bucket import outside_of

    return outside_of(access.storage, artifact_bucket(config), _PATHS)


def kept_on_google_cloud(config: EnvironmentConfig, access: GoogleAccess) -> tuple[Kept, ...]:
    """What is there and a ``down`` leaves by design; looked up, so that it is told every time.

    Raises:
        AuthenticationError, GoogleError: Google can't be asked, or said no.
    """
    assert config.state is not None and config.auth is not None, "platform gcp has its sections"
    kept = [
        Kept(
            name=f"gs://{config.state.bucket}",
            reason="the state bucket: other environments may use it, and it holds older states and "
            "whose the environment is",
        )
    ]
    kept += [
        Kept(name=key, reason="Google never deletes a key; the next up takes it over again")
        for key in keys_that_are_there(config, access.rest)
    ]
    apis = sorted(needed_apis(config) & enabled_apis(access.rest))
    if apis:
        names = ", ".join(api.removesuffix(".googleapis.com") for api in apis)
        reason = "they stay enabled: somebody else in the project may use them"
        kept.append(Kept(name=f"{count(len(apis), 'API')} ({names})", reason=reason))
    if config.resilience.is_strict or gcp_of(config).kms_keys:
        reason = "others in the project may use them"
        kept.append(Kept(name="Google's service agents and their roles", reason=reason))
    if makes_pool(config):
        reason = "Google keeps it for 30 days; until then the next up takes another name"
        kept.append(Kept(name="the deleted workload identity pool", reason=reason))
    return tuple(kept)


def _components(components: Components) -> dict[str, object]:
    return {
        kind: {
            "flavor": component.flavor,
            "location": getattr(component, "location", None),
            "dag_folder": getattr(component, "dag_folder", None),
            "allow_unauthenticated": getattr(component, "allow_unauthenticated", False),
        }
        for kind, component in components.present().items()
    }


def _auth(auth: Auth | None, *, keys_in_use: bool) -> dict[str, object]:
    assert auth is not None, "platform gcp has its section"
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
