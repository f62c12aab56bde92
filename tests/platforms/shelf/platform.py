"""A shelf's answers to :class:`zenstrap.platforms.base.Platform`."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import JsonValue

from tests.platforms.shelf.configuration import ShelfEnvironment
from zenstrap.config import AnyComponent, ComponentKind
from zenstrap.errors import UsageError
from zenstrap.lease import FileLeaseStore
from zenstrap.owner import FileOwnerStore
from zenstrap.platforms.base import NamedCheck, RootVariables, Run, StatePlace, Stores, Training
from zenstrap.policy.resources import ResourceRules
from zenstrap.registry.desired import Registered
from zenstrap.registry.model import ActualRegistry, DesiredConnector
from zenstrap.reports import Kept
from zenstrap.terraform.plan import Plan, ResourceChange
from zenstrap.terraform.provider import Provider
from zenstrap.terraform.state import StateResource
from zenstrap.terraform.storage import LocalState, StateStorage
from zenstrap.terraform.workspace import Workspace

if TYPE_CHECKING:
    from zenml.client import Client

    from zenstrap.platforms.base import Platform
    from zenstrap.registry.connectors import ConnectorKey
    from zenstrap.terraform.outputs import Output


class Shelf:
    provider = Provider(protected_types=frozenset({"terraform_data"}))
    has_own_terraform = True
    place_step = None
    connectors = None
    uses_keys = False

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

    def environment_variables(self) -> dict[str, str]:
        return {}

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

    def references(self) -> Mapping[str, str]:
        return {}

    def require_usable_key(self, client: Client) -> None:
        pass

    def key_fingerprints(self, client: Client) -> Mapping[str | None, str]:
        return {}

    def keys(
        self, client: Client, outputs: Mapping[str, Output]
    ) -> Mapping[str | None, ConnectorKey]:
        return {}

    def keys_in_use(self, actual: ActualRegistry, in_state: Iterable[StateResource]) -> bool:
        return False

    def notices(self, plan: Plan) -> Iterator[str]:
        yield "Mind the step."

    def before_apply(self, plan: Plan, run: Run) -> None:
        pass

    def left_in_place(self, plan: Plan) -> tuple[Kept, ...]:
        return ()

    def revoked_methods(self, plan: Plan) -> frozenset[str]:
        return frozenset()

    def revokes_keys(self, plan: Plan) -> bool:
        return False

    def is_needed(
        self,
        change: ResourceChange,
        *,
        methods: Collection[str],
        kinds: Collection[str],
        flavors: Collection[str],
    ) -> bool | None:
        return None

    def require_removable(self) -> None:
        pass

    def emptied_first(self, workspace: Workspace) -> str | None:
        return None

    def empty(self, workspace: Workspace, run: Run) -> None:
        pass

    def removal_notices(self) -> Iterator[str]:
        return iter(())

    def left(self, run: Run) -> list[str]:
        goods = self.folder / "goods"
        return [str(one) for one in goods.iterdir()] if goods.is_dir() else []

    def kept(self) -> tuple[Kept, ...]:
        return (Kept(name=str(self.folder), reason="the wall has holes now"),)

    def foreign(self, run: Run) -> tuple[Kept, ...]:
        return ()

    def marks(self, in_state: Sequence[StateResource]) -> tuple[tuple[str, str], ...]:
        return ()

    def tidy_up(self) -> None:
        pass

    def training_settings(self, training: Training) -> dict[str, dict[str, Any]]:
        return {}


class Goods:
    """What is registered: folders, and ZenML's local orchestrator."""

    def __init__(self, outputs: Mapping[str, JsonValue]) -> None:
        self._places = outputs["places"]

    def component(
        self, kind: ComponentKind, component: AnyComponent, project: str | None
    ) -> Registered:
        if kind != "artifact_store":
            return Registered({})
        known = isinstance(self._places, dict)
        place = self._places[project or "base"] if known else self._places  # type: ignore[index,call-overload]
        return Registered({"path": place})

    def is_linked(self, kind: ComponentKind, flavor: str) -> bool:
        return False

    def connector(self, project: str | None, labels: Mapping[str, str]) -> DesiredConnector | None:
        return None


if TYPE_CHECKING:
    _answers: type[Platform] = Shelf
