"""What a run made on Google Cloud and could not record: found by its names, and taken over."""

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
    """Add what is there and carries the owner's mark.

    Args:
        in_state: the ids of what is in Terraform's state.
        bucket: the name of the environment's bucket.

    Raises:
        RefusedError: a name is taken by something that isn't the owner's.
        AuthenticationError, GoogleError: Google can't be asked, or said no.
    """
    found = _look(config, access, in_state, bucket)
    require_ours(found, owner, access.project_id)
    reasons = [_told(one) for one in found]
    if makes_keys(config):
        known = in_state | {one.thing.id for one in found}
        things = expected_things(config, bucket)
        accounts = [one.id for one in things if one.kind == "service account" and one.id in known]
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
    """Before a ``down``: write what carries the owner's mark into the state, so that it goes too.

    Terraform reads no import block while it plans to destroy. Somebody else's stays.

    Args:
        pool: the owner's workload identity pool, and its provider, by their addresses.

    Returns:
        What was taken over, one sentence each.

    Raises:
        AuthenticationError, GoogleError: Google can't be asked, or said no.
    """
    if not run.owner:
        return ()
    in_state = frozenset(one.id for one in workspace.resources() if one.id)
    there = _look(config, access, in_state, bucket)
    ours = [one for one in there if one.mark == run.owner]
    found = {address_of(one.thing): one.thing.id for one in ours} | dict(pool)
    if found:
        run.guard()
        workspace.take_over(found, variables)
    return (
        *(_told(one) for one in ours),
        *(f"Adopted: {name}." for name in pool.values()),
    )


def marks(
    config: GoogleEnvironment, access: GoogleAccess, in_state: frozenset[str], bucket: str
) -> tuple[tuple[str, str], ...]:
    """What is there under the environment's names, isn't in the state and carries a mark.

    Returns:
        Each with its owner's id.

    Raises:
        AuthenticationError, GoogleError: Google can't be asked, or said no.
    """
    found = _look(config, access, in_state, bucket)
    return tuple((f"{one.thing.kind} {one.thing.name}", one.mark) for one in found if one.mark)


def address_of(thing: Expected) -> str:
    """Where it stands in the root module; the same as in its imports.tf."""
    if thing.kind == "bucket":
        return "module.artifact_store.google_storage_bucket.this"
    *stack, key = thing.slot
    place = "module.stack" if len(stack) == 1 else f'module.ml_projects["{stack[1]}"].module.stack'
    return f"{place}.{_ADDRESSES[key]}"


def _look(
    config: GoogleEnvironment, access: GoogleAccess, in_state: frozenset[str], bucket: str
) -> tuple[Found, ...]:
    from zenstrap.platforms.gcp.storage.artifact_bucket import labels

    expected = [one for one in expected_things(config, bucket) if one.id not in in_state]
    return find_unrecorded(access.rest, expected, partial(labels, access.storage))


def _told(one: Found) -> str:
    return (
        f"Adopted: the {one.thing.kind} {one.thing.name}, which an earlier run of this owner made "
        "and could not record."
    )


def expected_things(config: GoogleEnvironment, bucket: str) -> Iterator[Expected]:
    """What the environment has under names that Google gives only once, keys and pools apart."""
    yield Expected("bucket", bucket, ("bucket",))
    stacks: list[tuple[str | None, Components]] = [(None, config.stack.components)]
    stacks += [(name, config.components_of(name)) for name in sorted(config.ml_projects)]
    for project, components in stacks:
        slot = ("ml_projects", project) if project else ("stack",)
        for key, kind, name in _of_a_stack(config, config.gcp.project_id, project, components):
            yield Expected(kind, f"projects/{config.gcp.project_id}/{name}", (*slot, key))


def makes_keys(config: GoogleEnvironment) -> bool:
    """Whether Terraform makes keys of service accounts."""
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
    """A key can't be taken over: Google tells its secret once, to whoever makes it."""
    for account in accounts:
        email = account.rpartition("/")[2]
        for key in sorted(keys_of(access.rest, account) - in_state):
            key_id = key.rpartition("/")[2]
            yield (
                f"{email} has a key that isn't in Terraform's state, {key_id}. Unless somebody "
                "made it by hand, an earlier run could not record it, and nobody can use it: "
                f"gcloud iam service-accounts keys delete {key_id} --iam-account={email}"
            )
