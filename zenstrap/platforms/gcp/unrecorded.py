"""Adopts resources that a run created on Google Cloud but couldn't record in the state."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Final

from zenstrap.config import GoogleEnvironment
from zenstrap.config.components import Components
from zenstrap.config.google import google_flavor, locations
from zenstrap.flavors.google.storage import REPOSITORY
from zenstrap.platforms.base import Run
from zenstrap.platforms.gcp import naming
from zenstrap.platforms.gcp.access import GoogleAccess
from zenstrap.platforms.gcp.adoption import Adoption
from zenstrap.platforms.gcp.api.unrecorded import (
    Expected,
    Found,
    Kind,
    find_unrecorded,
    keys_of,
    require_ours,
)
from zenstrap.terraform.workspace import Workspace

# Below the module of a stack, by the key in the root's variable ``adopt``.
_ADDRESSES: Final = {
    "service_account": "module.identity.google_service_account.this",
    "repository": "module.container_registry[0].google_artifact_registry_repository.this",
    "skypilot_role": "module.orchestrator[0].google_project_iam_custom_role.skypilot[0]",
    "secret_creator_role": "module.deployer[0].google_project_iam_custom_role.secret_creator",
    "secret_user_role": "module.deployer[0].google_project_iam_custom_role.secret_user",
}


def with_unrecorded(
    adoption: Adoption,
    config: GoogleEnvironment,
    access: GoogleAccess,
    in_state: frozenset[str],
    owner: str,
    bucket: str,
) -> Adoption:
    """Add the unrecorded resources that carry the owner's mark.

    Args:
        in_state: the ids of the resources in Terraform's state.
        bucket: the name of the environment's bucket.

    Raises:
        RefusedError: a name is taken by a resource of another owner.
        AuthenticationError, GoogleError: Google is out of reach, or refused the request.
    """
    found = _find(config, access, in_state, bucket)
    require_ours(found, owner, access.project_id)
    reasons = [_sentence(resource) for resource in found]
    if makes_keys(config):
        known = in_state | {resource.thing.id for resource in found}
        things = expected_things(config, bucket)
        accounts = [t.id for t in things if t.kind == "service account" and t.id in known]
        reasons += _unrecorded_keys(access, accounts, in_state)
    return replace(adoption, unrecorded=found, reasons=(*adoption.reasons, *reasons))


def take_over(
    config: GoogleEnvironment,
    access: GoogleAccess,
    workspace: Workspace,
    run: Run,
    bucket: str,
    variables: Mapping[str, object],
    pool: Mapping[str, str],
) -> tuple[str, ...]:
    """Before a ``down``: import resources with the owner's mark, so that they are destroyed, too.

    Terraform ignores import blocks in a destroy plan. Resources of other owners are kept.

    Args:
        pool: the owner's workload identity pool, and its provider, by their addresses.

    Returns:
        What was adopted, one sentence each.

    Raises:
        AuthenticationError, GoogleError: Google is out of reach, or refused the request.
    """
    if not run.owner:
        return ()
    in_state = frozenset(resource.id for resource in workspace.resources() if resource.id)
    found = _find(config, access, in_state, bucket)
    ours = [resource for resource in found if resource.mark == run.owner]
    ids = {address_of(resource.thing): resource.thing.id for resource in ours} | dict(pool)
    if ids:
        run.guard()
        workspace.take_over(ids, variables)
    return (
        *(_sentence(resource) for resource in ours),
        *(f"Adopted: {name}." for name in pool.values()),
    )


def marks(
    config: GoogleEnvironment, access: GoogleAccess, in_state: frozenset[str], bucket: str
) -> tuple[tuple[str, str], ...]:
    """Resources under the environment's names that carry a mark but aren't in the state.

    Returns:
        Kind and name of each, with its owner's id.

    Raises:
        AuthenticationError, GoogleError: Google is out of reach, or refused the request.
    """
    found = _find(config, access, in_state, bucket)
    return tuple((f"{f.thing.kind} {f.thing.name}", f.mark) for f in found if f.mark)


def address_of(thing: Expected) -> str:
    """The address of a resource in the root module; the same as in its imports.tf."""
    if thing.kind == "bucket":
        return "module.artifact_store.google_storage_bucket.this"
    *stack, key = thing.slot
    place = "module.stack" if len(stack) == 1 else f'module.ml_projects["{stack[1]}"].module.stack'
    return f"{place}.{_ADDRESSES[key]}"


def _find(
    config: GoogleEnvironment, access: GoogleAccess, in_state: frozenset[str], bucket: str
) -> tuple[Found, ...]:
    from zenstrap.platforms.gcp.storage.artifact_bucket import labels

    expected = [thing for thing in expected_things(config, bucket) if thing.id not in in_state]
    return find_unrecorded(access.rest, expected, partial(labels, access.storage))


def _sentence(found: Found) -> str:
    return (
        f"Adopted: the {found.thing.kind} {found.thing.name}, which an earlier run of this owner "
        "created but couldn't record."
    )


def expected_things(config: GoogleEnvironment, bucket: str) -> Iterator[Expected]:
    """The environment's resources with unique names, except encryption keys and pools."""
    yield Expected("bucket", bucket, ("bucket",))
    stacks: list[tuple[str | None, Components]] = [(None, config.stack.components)]
    stacks += [(name, config.components_of(name)) for name in sorted(config.ml_projects)]
    for project, components in stacks:
        slot = ("ml_projects", project) if project else ("stack",)
        for key, kind, name in _of_a_stack(config, config.gcp.project_id, project, components):
            yield Expected(kind, f"projects/{config.gcp.project_id}/{name}", (*slot, key))


def makes_keys(config: GoogleEnvironment) -> bool:
    """Whether Terraform creates service-account keys."""
    return config.auth.method == "service-account" and (config.auth.key is None)


def _of_a_stack(
    config: GoogleEnvironment, project_id: str, project: str | None, components: Components
) -> Iterator[tuple[str, Kind, str]]:
    """Key in the variable ``adopt``, kind, and name below the Google Cloud project."""
    account = naming.service_account_id(config.environment, project)
    email = f"{account}@{project_id}.iam.gserviceaccount.com"
    yield "service_account", "service account", f"serviceAccounts/{email}"
    flavors = [google_flavor(component) for component in components.present().values()]
    if REPOSITORY in flavors:
        repository = naming.repository_id(config.environment, project)
        place = locations(config).registry
        yield "repository", "repository", f"locations/{place}/repositories/{repository}"
    roles = {role: None for flavor in flavors if flavor for role in flavor.custom_roles}
    for role in roles:
        yield f"{role}_role", "custom role", f"roles/{account}_{role}".replace("-", "_")


def _unrecorded_keys(
    access: GoogleAccess, accounts: list[str], in_state: frozenset[str]
) -> Iterator[str]:
    """Warnings: a key can't be adopted, because Google shows its secret only at its creation."""
    for account in accounts:
        email = account.rpartition("/")[2]
        for key in sorted(keys_of(access.rest, account) - in_state):
            key_id = key.rpartition("/")[2]
            yield (
                f"{email} has a key that isn't in Terraform's state, {key_id}. Unless it was "
                "created by hand, an earlier run couldn't record it, and nobody can use it: "
                f"gcloud iam service-accounts keys delete {key_id} --iam-account={email}"
            )
