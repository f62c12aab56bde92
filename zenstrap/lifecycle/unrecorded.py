"""What a run made on Google Cloud and could not record: found by its names, and taken over."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from zenstrap import naming
from zenstrap.config import EnvironmentConfig
from zenstrap.config.google_locations import locations
from zenstrap.config.models import Components
from zenstrap.google.adoption import Adoption
from zenstrap.google.unrecorded import Expected, Kind, find_unrecorded, keys_of, require_ours
from zenstrap.lifecycle.google_access import GoogleAccess


def with_unrecorded(
    adoption: Adoption,
    config: EnvironmentConfig,
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
    from zenstrap.storage.artifact_bucket import labels

    expected = tuple(expected_things(config, bucket))
    found = find_unrecorded(
        access.rest,
        [one for one in expected if one.id not in in_state],
        partial(labels, access.storage),
    )
    require_ours(found, owner, access.project_id)
    reasons = [
        f"Adopted: the {one.thing.kind} {one.thing.name}, which an earlier run of this owner made "
        "and could not record."
        for one in found
    ]
    known = in_state | {one.thing.id for one in found}
    accounts = [one.id for one in expected if one.kind == "service account" and one.id in known]
    if makes_keys(config):
        reasons += _unrecorded_keys(access, accounts, in_state)
    return replace(adoption, unrecorded=found, reasons=(*adoption.reasons, *reasons))


def expected_things(config: EnvironmentConfig, bucket: str) -> Iterator[Expected]:
    """What the environment has under names that Google gives only once, keys and pools apart."""
    assert config.gcp is not None, "platform gcp has its section"
    yield Expected("bucket", bucket, ("bucket",))
    stacks: list[tuple[str | None, Components]] = [(None, config.stack.components)]
    stacks += [(name, config.components_of(name)) for name in sorted(config.ml_projects)]
    for project, components in stacks:
        slot = ("ml_projects", project) if project else ("stack",)
        for key, kind, name in _of_a_stack(config, config.gcp.project_id, project, components):
            yield Expected(kind, f"projects/{config.gcp.project_id}/{name}", (*slot, key))


def makes_keys(config: EnvironmentConfig) -> bool:
    """Whether Terraform makes keys of service accounts."""
    return (
        config.auth is not None
        and config.auth.method == "service-account"
        and (config.auth.key is None)
    )


def _of_a_stack(
    config: EnvironmentConfig, project_id: str, project: str | None, components: Components
) -> Iterator[tuple[str, Kind, str]]:
    """Key in the variable ``adopt``, kind, and name below the Google Cloud project."""
    account = naming.service_account_id(config.environment, project)
    email = f"{account}@{project_id}.iam.gserviceaccount.com"
    yield "service_account", "service account", f"serviceAccounts/{email}"
    present = components.present()
    if "container_registry" in present:
        repository = naming.repository_id(config.environment, project)
        place = locations(config).registry
        yield "repository", "repository", f"locations/{place}/repositories/{repository}"
    roles = ["secret_creator", "secret_user"] if "deployer" in present else []
    if "orchestrator" in present and present["orchestrator"].flavor == "vm_gcp":
        roles.append("skypilot")
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
