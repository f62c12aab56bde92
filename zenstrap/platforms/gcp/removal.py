"""A ``down`` on Google Cloud: what prevents it, what is deleted first, and what is kept."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from zenstrap.config import GoogleEnvironment
from zenstrap.errors import RefusedError
from zenstrap.platforms.gcp.access import GoogleAccess
from zenstrap.platforms.gcp.adoption import keys_that_are_there, makes_pool
from zenstrap.platforms.gcp.api.service_usage import enabled_apis
from zenstrap.platforms.gcp.needs import needed_apis
from zenstrap.platforms.gcp.provider import API, BUCKET
from zenstrap.platforms.gcp.variables import artifact_bucket
from zenstrap.reports import Kept, count
from zenstrap.terraform.plan import Plan
from zenstrap.terraform.state import StateResource

_PATHS: Final = ("shared/", "ml_projects/")  # see terraform_modules/artifact_store


def bucket_left(config: GoogleEnvironment, access: GoogleAccess) -> list[str]:
    """The artifact store's bucket, if it still exists."""
    from zenstrap.platforms.gcp.storage.artifact_bucket import exists

    bucket = artifact_bucket(config)
    return [f"gs://{bucket}"] if exists(access.storage, bucket) else []


def require_empty_bucket(config: GoogleEnvironment, access: GoogleAccess) -> None:
    """Check that the bucket is empty before registrations are deleted: Google deletes no full one.

    Raises:
        RefusedError: it holds objects.
    """
    from zenstrap.platforms.gcp.storage.artifact_bucket import first_objects

    bucket = artifact_bucket(config)
    objects = first_objects(access.storage, bucket, 4)
    if not objects:
        return
    names = ", ".join(objects[:3]) + (" and more" if len(objects) > 3 else "")
    raise RefusedError(
        f"{config.environment} can't be taken down: its artifact store isn't empty",
        where=f"gs://{bucket}",
        why=f"It holds {names}; objects are only deleted if throwaway is true",
        fix="If nobody needs them, delete them",
        command=f"gcloud storage rm --recursive --all-versions 'gs://{bucket}/**'",
    )


def bucket_to_empty(
    config: GoogleEnvironment, in_state: Iterable[StateResource], access: GoogleAccess
) -> str | None:
    """The artifact store's bucket, if it isn't empty and Terraform would refuse to delete it.

    Terraform uses force_destroy from the state, which may predate ``throwaway: true``.
    """
    from zenstrap.platforms.gcp.storage.artifact_bucket import first_objects

    bucket = artifact_bucket(config)
    refuses = any(
        resource.type == BUCKET
        and resource.id == bucket
        and "force_destroy" not in resource.switches
        for resource in in_state
    )
    full = config.throwaway and refuses and first_objects(access.storage, bucket)
    return bucket if full else None


def foreign_objects(config: GoogleEnvironment, access: GoogleAccess) -> list[str]:
    """Objects in the artifact store's bucket that no stack of the environment created."""
    from zenstrap.platforms.gcp.storage.artifact_bucket import outside_of

    return outside_of(access.storage, artifact_bucket(config), _PATHS)


def kept_on_google_cloud(config: GoogleEnvironment, access: GoogleAccess) -> tuple[Kept, ...]:
    """What a ``down`` leaves in place by design; looked up, so that every ``down`` reports it.

    Raises:
        AuthenticationError, GoogleError: Google is out of reach, or refused the request.
    """
    kept = [
        Kept(
            name=f"gs://{config.state.bucket}",
            reason="the state bucket: other environments may use it, and it holds older states and "
            "the owner's record",
        )
    ]
    kept += [
        Kept(name=key, reason="Google never deletes a key; the next up adopts it again")
        for key in keys_that_are_there(config, access.rest)
    ]
    if apis := needed_apis(config) & enabled_apis(access.rest):
        kept.append(_kept_apis(apis))
    if config.resilience.is_strict or config.gcp.kms_keys:
        reason = "other users of the project may need them"
        kept.append(Kept(name="Google's service agents and their roles", reason=reason))
    if makes_pool(config):
        reason = "Google keeps it for 30 days; until then the next up uses another name"
        kept.append(Kept(name="the deleted workload identity pool", reason=reason))
    return tuple(kept)


def left_in_place(plan: Plan) -> tuple[Kept, ...]:
    """What an ``up`` removes from Terraform's state without deleting it."""
    keys = [
        Kept(name=change.address, reason="Google never deletes it; the next up adopts it again")
        for change in plan.kept
        if change.type != API
    ]
    apis = [c.address.rpartition("[")[2].strip('"]') for c in plan.kept if c.type == API]
    return (*keys, *([_kept_apis(apis)] if apis else []))


def _kept_apis(apis: Iterable[str]) -> Kept:
    names = sorted(api.removesuffix(".googleapis.com") for api in apis)
    reason = "they stay enabled: other users of the project may need them"
    return Kept(name=f"{count(len(names), 'API')} ({', '.join(names)})", reason=reason)
