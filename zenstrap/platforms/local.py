"""Platform local: Terraform with its built-in provider, folders as buckets, no account."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pydantic import JsonValue

from zenstrap import paths
from zenstrap.config import Component, LocalEnvironment, flavor_of
from zenstrap.errors import RegistryError
from zenstrap.flavors.base import Registered
from zenstrap.flavors.local import LOCAL_ARTIFACT_STORE
from zenstrap.lease import FileLeaseStore
from zenstrap.owner import FileOwnerStore
from zenstrap.platforms.base import (
    Platform,
    RootVariables,
    Run,
    StatePlace,
    Stores,
)
from zenstrap.platforms.defaults import Defaults
from zenstrap.platforms.local_artifacts import (
    foreign,
    is_in_state,
    marks,
    own_folders,
    take_over_folders,
)
from zenstrap.registry.model import DesiredConnector
from zenstrap.reports import Kept
from zenstrap.terraform.provider import BUILT_IN
from zenstrap.terraform.state import StateResource
from zenstrap.terraform.storage import LocalState, StateStorage
from zenstrap.terraform.workspace import Workspace

if TYPE_CHECKING:
    pass

_SHARED: Final = re.compile(r'module\.shared\.terraform_data\.folder\["(.+)/shared"\]')
_BEHIND_A_LINK: Final = (
    "{0}, the artifacts' folder, is a symbolic link to {1}. It isn't changed, but ZenML writes no "
    "artifact through a link: take the environment down, then up again."
)


class LocalMachine(Defaults):
    """Platform local; see :class:`zenstrap.platforms.base.Platform`."""

    provider = BUILT_IN
    has_own_terraform = True

    def __init__(self, config: LocalEnvironment) -> None:
        self.config = config

    def state_place(
        self, *, create: bool, before_create: Callable[[StatePlace], None] = lambda place: None
    ) -> StatePlace:
        stores = self.stores()
        folder = paths.state_folder(self.config.environment)
        return StatePlace(LocalState(folder), stores.leases, stores.owners, str(folder))

    def stores(self) -> Stores:
        environment = self.config.environment
        paths.require_folders(environment)
        return Stores(
            FileLeaseStore(paths.leases_folder()),
            FileOwnerStore(paths.state_folder(environment), environment),
        )

    def state_address(self) -> str:
        environment = self.config.environment
        return LocalState(paths.state_folder(environment)).place(environment)

    def root(self, storage: StateStorage, run_folder: Path) -> Path:
        return paths.modules_folder() / "environments" / "local"

    def variables(
        self, workspace: Workspace, run: Run, *, destroy: bool = False, keys_in_use: bool = False
    ) -> RootVariables:
        config, folder = self.config, self.artifacts_folder
        recorded = _as_recorded(folder, workspace)
        return RootVariables(
            {
                "environment": config.environment,
                "owner": run.owner,
                "root": recorded or str(folder),
                "ml_projects": sorted(config.ml_projects),
                "retention": config.retention.model_dump(mode="json"),
                "labels": dict(config.labels),
            },
            () if recorded in (None, str(folder)) else (_BEHIND_A_LINK.format(recorded, folder),),
        )

    def variables_for_removal(self, workspace: Workspace, run: Run) -> RootVariables:
        root = self.variables(workspace, run, destroy=True)
        adopted = take_over_folders(workspace, run, self.artifacts_folder, root.values)
        return RootVariables(root.values, (*root.notices, *adopted))

    def registrations(
        self, outputs: Mapping[str, JsonValue], fingerprints: Mapping[str | None, str]
    ) -> LocalRegistrations:
        return LocalRegistrations(outputs)

    def left(self, run: Run) -> list[str]:
        folders = own_folders(self.artifacts_folder, self.config.environment, run.owner)
        return [str(folder) for folder in folders]

    def kept(self) -> tuple[Kept, ...]:
        place = self.stores().owners.place
        reason = "identifies the environment's owner: the next up continues its history"
        return (Kept(name=place, reason=reason),) if Path(place).exists() else ()

    def foreign(self, run: Run) -> tuple[Kept, ...]:
        return foreign(self.artifacts_folder, self.config.environment, run.owner)

    def marks(self, in_state: Sequence[StateResource]) -> tuple[tuple[str, str], ...]:
        marked = marks(self.artifacts_folder, self.config.environment)
        return tuple((path, owner) for path, owner in marked if not is_in_state(path, in_state))

    def tidy_up(self) -> None:
        if self.config.local.root is None:
            with suppress(OSError):
                self.artifacts_folder.parent.rmdir()

    @property
    def artifacts_folder(self) -> Path:
        """The folder of the environment's artifacts, with symbolic links resolved.

        Raises:
            UsageError: see :func:`zenstrap.paths.resolved`.
        """
        folder = self.config.local.root
        root = paths.resolved(folder, "local.root") if folder else paths.home() / "artifacts"
        return paths.resolved(root / self.config.environment, "local.root")


class LocalRegistrations:
    """Components on this machine, which need no connector."""

    def __init__(self, outputs: Mapping[str, JsonValue]) -> None:
        self._outputs = outputs

    def component(self, name: str, component: Component, project: str | None) -> Registered:
        flavor = flavor_of(component)
        made = self._artifact_store(project) if flavor is LOCAL_ARTIFACT_STORE else None
        return flavor.register(component, made)

    def connector(self, project: str | None, labels: Mapping[str, str]) -> DesiredConnector | None:
        return None

    def _artifact_store(self, project: str | None) -> JsonValue:
        try:
            if project is None:
                return self._outputs["artifact_store"]["uri"]  # type: ignore[call-overload,index]
            return self._outputs["ml_projects"][project]["artifact_store_uri"]  # type: ignore[call-overload,index]
        except (KeyError, TypeError) as error:
            expected = (
                "artifact_store.uri"
                if project is None
                else f"ml_projects.{project}.artifact_store_uri"
            )
            raise RegistryError(
                f"Terraform's outputs lack {expected}",
                why="The root module and zenstrap disagree about what it outputs.",
            ) from error


def _as_recorded(folder: Path, workspace: Workspace) -> str | None:
    """The folder's path as an earlier version wrote it; None if no earlier run created it.

    The path is part of Terraform's addresses: with another path the folder would be replaced.
    """
    for resource in workspace.resources():
        if match := _SHARED.fullmatch(resource.address):
            recorded = str(json.loads(f'"{match[1]}"'))
            return recorded if paths.resolved(recorded, "Terraform's state") == folder else None
    return None


if TYPE_CHECKING:
    _answers: type[Platform] = LocalMachine
