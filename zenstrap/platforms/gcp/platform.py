"""Google Cloud; see :class:`zenstrap.platforms.base.Platform`."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pydantic import JsonValue

from zenstrap import paths
from zenstrap.config import GoogleEnvironment
from zenstrap.events import Notice
from zenstrap.platforms.base import (
    NamedCheck,
    Platform,
    RootVariables,
    Run,
    StatePlace,
    Stores,
    Training,
)
from zenstrap.platforms.gcp import access_lost, connector_keys, removal, service_agents, variables
from zenstrap.platforms.gcp.access import GoogleAccess
from zenstrap.platforms.gcp.compliance import resource_rules
from zenstrap.platforms.gcp.connectors import CONNECTORS
from zenstrap.platforms.gcp.provider import PROVIDER
from zenstrap.platforms.gcp.registrations import GoogleRegistrations
from zenstrap.policy.resources import ResourceRules
from zenstrap.registry.model import ActualRegistry
from zenstrap.reports import Kept, count
from zenstrap.terraform.plan import Plan, ResourceChange
from zenstrap.terraform.state import StateResource
from zenstrap.terraform.storage import StateStorage
from zenstrap.terraform.workspace import Workspace

if TYPE_CHECKING:
    from zenml.client import Client

    from zenstrap.platforms.gcp.keys import ServiceAccountKey
    from zenstrap.terraform.outputs import Output

_SHOWN: Final = 5  # names of other users' objects in a warning
_WITHOUT_BUCKET: Final = 'terraform {\n  backend "local" {}\n}\n'


class GoogleCloud:
    """Platform gcp."""

    provider = PROVIDER
    # Several users and machines share the state: they must choose the Terraform version that writes
    # it, not a Python package that happens to bring one.
    has_own_terraform = False
    place_step = "state_bucket"
    connectors = CONNECTORS

    def __init__(self, config: GoogleEnvironment) -> None:
        self.config = config

    @cached_property
    def access(self) -> GoogleAccess:
        """The login, created when it is first used."""
        return GoogleAccess(self.config)

    def state_place(
        self, *, create: bool, before_create: Callable[[StatePlace], None] = lambda place: None
    ) -> StatePlace:
        from zenstrap.platforms.gcp.state_place import place_in_bucket

        return place_in_bucket(self.config, self.access, create=create, before_create=before_create)

    def stores(self) -> Stores:
        from zenstrap.platforms.gcp.state_place import stores_in

        return stores_in(self.config, self.access)

    def state_address(self) -> str:
        from zenstrap.platforms.gcp.state_place import state_address

        return state_address(self.config)

    def root(self, storage: StateStorage, run_folder: Path) -> Path:
        """A copy of the module for this run.

        Terraform writes a lock file for the provider beside the module, but nothing may be written
        into the clone.
        """
        copy = run_folder / "modules"
        if not copy.is_dir():
            ignored = shutil.ignore_patterns("tests", ".terraform")
            shutil.copytree(paths.modules_folder(), copy, ignore=ignored)
        root = copy / "environments" / "gcp"
        if storage.folder is not None:
            # There is no state bucket yet, and a plan doesn't create one.
            (root / "backend_override.tf").write_text(_WITHOUT_BUCKET)
        return root

    def environment_variables(self) -> dict[str, str]:
        return variables.environment_variables(self.config)

    def variables(
        self, workspace: Workspace, run: Run, *, destroy: bool = False, keys_in_use: bool = False
    ) -> RootVariables:
        adoption = variables.look_around(
            self.config, workspace.resources(), self.access, run.owner, destroy=destroy
        )
        values = variables.google_variables(
            self.config, adoption, keys_in_use=keys_in_use, owner=run.owner
        )
        return RootVariables(values, adoption.reasons)

    def variables_for_removal(self, workspace: Workspace, run: Run) -> RootVariables:
        from zenstrap.platforms.gcp.unrecorded import take_over

        root = self.variables(workspace, run, destroy=True)
        pool = variables.unrecorded_pool(self.config, workspace.resources(), self.access, run.owner)
        adopted = take_over(
            self.config,
            self.access,
            workspace,
            run,
            variables.artifact_bucket(self.config),
            root.values,
            pool,
        )
        return RootVariables(root.values, (*root.notices, *adopted))

    def checks(self) -> Sequence[NamedCheck]:
        from zenstrap.platforms.gcp.checks import google_checks

        return google_checks(self.config, self.access)

    def resource_rules(self) -> ResourceRules:
        return resource_rules(self.config)

    def registrations(
        self, outputs: Mapping[str, JsonValue], fingerprints: Mapping[str | None, str]
    ) -> GoogleRegistrations:
        return GoogleRegistrations(self.config, outputs, fingerprints)

    @property
    def uses_keys(self) -> bool:
        return self.config.auth.uses_key

    def references(self) -> Mapping[str, str]:
        key = self.config.auth.key
        return {} if key is None else {key: "auth.key"}

    def require_usable_key(self, client: Client) -> None:
        key = connector_keys.own_key(self.config, client)
        if key is not None:
            key.require_usable(connector_keys.place_of_key(self.config))

    def key_fingerprints(self, client: Client) -> Mapping[str | None, str]:
        return connector_keys.fingerprints(self.config, client)

    def keys(
        self, client: Client, outputs: Mapping[str, Output]
    ) -> Mapping[str | None, ServiceAccountKey]:
        return connector_keys.connector_keys(self.config, client, outputs)

    def keys_in_use(self, actual: ActualRegistry, in_state: Iterable[StateResource]) -> bool:
        return connector_keys.keys_in_use(self.config, actual, in_state)

    def notices(self, plan: Plan) -> Iterator[str]:
        yield from service_agents.service_agent_notices(plan)

    def before_apply(self, plan: Plan, run: Run) -> None:
        service_agents.make_service_agents(self.access, plan, run)

    def left_in_place(self, plan: Plan) -> tuple[Kept, ...]:
        return removal.left_in_place(plan)

    def revoked_methods(self, plan: Plan) -> frozenset[str]:
        return access_lost.revoked_methods(plan)

    def revokes_keys(self, plan: Plan) -> bool:
        return access_lost.revokes_keys(self.config, plan)

    def is_needed(
        self,
        change: ResourceChange,
        *,
        methods: Collection[str],
        components: Collection[tuple[str, str]],
    ) -> bool | None:
        return access_lost.is_needed(change, methods=methods, components=components)

    def require_removable(self) -> None:
        if not self.config.throwaway:
            removal.require_empty_bucket(self.config, self.access)

    def emptied_first(self, workspace: Workspace) -> str | None:
        bucket = removal.bucket_to_empty(self.config, workspace.resources(), self.access)
        return None if bucket is None else f"gs://{bucket}"

    def empty(self, workspace: Workspace, run: Run) -> None:
        bucket = removal.bucket_to_empty(self.config, workspace.resources(), self.access)
        if bucket is not None:
            from zenstrap.platforms.gcp.storage.artifact_bucket import delete_objects

            deleted = delete_objects(self.access.storage, bucket, guard=run.guard)
            run.emit(Notice(f"Emptied gs://{bucket}: {count(deleted, 'object')} deleted."))

    def removal_notices(self) -> Iterator[str]:
        if not self.config.throwaway:
            return
        if objects := removal.foreign_objects(self.config, self.access):
            names = ", ".join(objects[:_SHOWN]) + (" and more" if len(objects) > _SHOWN else "")
            yield (
                f"gs://{variables.artifact_bucket(self.config)} is deleted with everything in it, "
                f"including objects that no stack of {self.config.environment} created: {names}."
            )

    def left(self, run: Run) -> list[str]:
        return removal.bucket_left(self.config, self.access)

    def kept(self) -> tuple[Kept, ...]:
        return removal.kept_on_google_cloud(self.config, self.access)

    def foreign(self, run: Run) -> tuple[Kept, ...]:
        return ()  # a bucket goes as a whole or not at all

    def marks(self, in_state: Sequence[StateResource]) -> tuple[tuple[str, str], ...]:
        from zenstrap.platforms.gcp.unrecorded import marks

        ids = frozenset(resource.id for resource in in_state if resource.id)
        return marks(self.config, self.access, ids, variables.artifact_bucket(self.config))

    def tidy_up(self) -> None:
        pass

    def training_settings(self, training: Training) -> dict[str, dict[str, Any]]:
        from zenstrap.platforms.gcp.smoke_settings import settings_of

        return settings_of(self.config, training)


if TYPE_CHECKING:
    _answers: type[Platform] = GoogleCloud
