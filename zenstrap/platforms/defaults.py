"""Default methods: for a platform without connectors, keys and anything to prepare or empty."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from zenstrap.platforms.base import NamedCheck, Run, Training
from zenstrap.policy.resources import ResourceRules
from zenstrap.registry.model import ActualRegistry
from zenstrap.reports import Kept
from zenstrap.terraform.plan import Plan, ResourceChange
from zenstrap.terraform.state import StateResource
from zenstrap.terraform.workspace import Workspace

if TYPE_CHECKING:
    from zenml.client import Client

    from zenstrap.registry.connectors import ConnectorKey
    from zenstrap.terraform.outputs import Output


class Defaults:
    """Default methods of a :class:`zenstrap.platforms.base.Platform`, to be overridden."""

    place_step: str | None = None
    connectors = None
    uses_keys = False

    def environment_variables(self) -> dict[str, str]:
        return {}

    def checks(self) -> Sequence[NamedCheck]:
        return ()

    def resource_rules(self) -> ResourceRules:
        return ResourceRules()

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
        return iter(())

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
        components: Collection[tuple[str, str]],
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

    def training_settings(self, training: Training) -> dict[str, dict[str, Any]]:
        return {}

    def foreign(self, run: Run) -> tuple[Kept, ...]:
        return ()

    def marks(self, in_state: Sequence[StateResource]) -> tuple[tuple[str, str], ...]:
        return ()

    def tidy_up(self) -> None:
        pass
