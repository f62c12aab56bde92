"""What stands in the way of a removal on Google Cloud, what goes first, and what stays."""

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
    """The artifact store's bucket, if it is still there."""
    from zenstrap.platforms.gcp.storage.artifact_bucket import exists

    bucket = artifact_bucket(config)
    return [f"gs://{bucket}"] if exists(access.storage, bucket) else []


def require_empty_bucket(config: GoogleEnvironment, access: GoogleAccess) -> None:
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
    config: GoogleEnvironment, in_state: Iterable[StateResource], access: GoogleAccess
) -> str | None:
    """The artifact store's bucket, if it is full and Terraform won't delete it like that.

    It destroys by what the state says, and that is from before throwaway was true.
    """
    from zenstrap.platforms.gcp.storage.artifact_bucket import first_objects

    bucket = artifact_bucket(config)
    refuses = any(
        one.type == BUCKET and one.id == bucket and "force_destroy" not in one.switches
        for one in in_state
    )
    full = config.throwaway and refuses and first_objects(access.storage, bucket)
    return bucket if full else None


def foreign_objects(config: GoogleEnvironment, access: GoogleAccess) -> list[str]:
    """What lies in the artifact store's bucket and none of the environment's stacks put there."""
    from zenstrap.platforms.gcp.storage.artifact_bucket import outside_of

    return outside_of(access.storage, artifact_bucket(config), _PATHS)


def kept_on_google_cloud(config: GoogleEnvironment, access: GoogleAccess) -> tuple[Kept, ...]:
    """What is there and a ``down`` leaves by design; looked up, so that it is told every time.

    Raises:
        AuthenticationError, GoogleError: Google can't be asked, or said no.
    """
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
    if apis := needed_apis(config) & enabled_apis(access.rest):
        kept.append(_kept_apis(apis))
    if config.resilience.is_strict or config.gcp.kms_keys:
        reason = "others in the project may use them"
        kept.append(Kept(name="Google's service agents and their roles", reason=reason))
    if makes_pool(config):
        reason = "Google keeps it for 30 days; until then the next up takes another name"
        kept.append(Kept(name="the deleted workload identity pool", reason=reason))
    return tuple(kept)


def left_in_place(plan: Plan) -> tuple[Kept, ...]:
    """What an ``up`` takes from Terraform's state and nowhere else."""
    keys = [
        Kept(name=one.address, reason="Google never deletes it; the next up takes it over again")
        for one in plan.kept
        if one.type != API
    ]
    apis = [one.address.rpartition("[")[2].strip('"]') for one in plan.kept if one.type == API]
    return (*keys, *([_kept_apis(apis)] if apis else []))


def _kept_apis(apis: Iterable[str]) -> Kept:
    names = sorted(api.removesuffix(".googleapis.com") for api in apis)
    reason = "they stay enabled: somebody else in the project may use them"
    return Kept(name=f"{count(len(names), 'API')} ({', '.join(names)})", reason=reason)
