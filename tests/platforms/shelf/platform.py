"""A shelf's answers to :class:`zenstrap.platforms.base.Platform`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import JsonValue

from tests.platforms.shelf.configuration import ShelfEnvironment
from zenstrap.config import Component, flavor_of
from zenstrap.errors import UsageError
from zenstrap.flavors.base import Registered
from zenstrap.lease import FileLeaseStore
from zenstrap.owner import FileOwnerStore
from zenstrap.platforms.base import NamedCheck, RootVariables, Run, StatePlace, Stores
from zenstrap.platforms.defaults import Defaults
from zenstrap.policy.resources import ResourceRules
from zenstrap.registry.model import DesiredConnector
from zenstrap.reports import Kept
from zenstrap.terraform.plan import Plan
from zenstrap.terraform.provider import Provider
from zenstrap.terraform.storage import LocalState, StateStorage
from zenstrap.terraform.workspace import Workspace

if TYPE_CHECKING:
    from zenstrap.platforms.base import Platform


class Shelf(Defaults):
    provider = Provider(protected_types=frozenset({"terraform_data"}))
    has_own_terraform = True

    def __init__(self, config: ShelfEnvironment) -> None:
        self.config = config
        self.folder = Path(config.shelf.folder)

    def state_place(
        self, *, create: bool, before_create: Callable[[StatePlace], None] = lambda place: None
    ) -> StatePlace:
        stores = self.stores()
        return StatePlace(self._state, stores.leases, stores.owners, str(self._state.folder))

    def stores(self) -> Stores:
        return Stores(
            FileLeaseStore(self.folder / "leases"),
            FileOwnerStore(self._state.folder, self.config.environment),
        )

    def state_address(self) -> str:
        return self._state.place(self.config.environment)

    @property
    def _state(self) -> LocalState:
        return LocalState(self.folder / "state")

    def root(self, storage: StateStorage, run_folder: Path) -> Path:
        return Path(__file__).parent / "root"

    def variables(
        self, workspace: Workspace, run: Run, *, destroy: bool = False, keys_in_use: bool = False
    ) -> RootVariables:
        projects = sorted(self.config.ml_projects)
        return RootVariables({"shelf": str(self.folder / "goods"), "ml_projects": projects})

    def variables_for_removal(self, workspace: Workspace, run: Run) -> RootVariables:
        return self.variables(workspace, run, destroy=True)

    def checks(self) -> Sequence[NamedCheck]:
        return (NamedCheck("shelf", self._is_there),)

    def _is_there(self) -> str:
        if not self.folder.parent.is_dir():
            raise UsageError("there is no wall for the shelf", where="shelf.folder")
        return str(self.folder)

    def resource_rules(self) -> ResourceRules:
        return ResourceRules(protected_types=self.provider.protected_types)

    def registrations(
        self, outputs: Mapping[str, JsonValue], fingerprints: Mapping[str | None, str]
    ) -> Goods:
        return Goods(outputs)

    def notices(self, plan: Plan) -> Iterator[str]:
        yield "Mind the step."

    def left(self, run: Run) -> list[str]:
        goods = self.folder / "goods"
        return [str(one) for one in goods.iterdir()] if goods.is_dir() else []

    def kept(self) -> tuple[Kept, ...]:
        return (Kept(name=str(self.folder), reason="the wall has holes now"),)


class Goods:
    """What is registered: folders, and ZenML's local orchestrator."""

    def __init__(self, outputs: Mapping[str, JsonValue]) -> None:
        self._places = outputs["places"]

    def component(self, name: str, component: Component, project: str | None) -> Registered:
        known = isinstance(self._places, dict)
        place = self._places[project or "base"] if known else self._places  # type: ignore[index,call-overload]
        return flavor_of(component).register(component, place)

    def connector(self, project: str | None, labels: Mapping[str, str]) -> DesiredConnector | None:
        return None


if TYPE_CHECKING:
    _answers: type[Platform] = Shelf
