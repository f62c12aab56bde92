"""The record of a flavor, for all platforms."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, get_args

from pydantic import JsonValue

from zenstrap.config.names import ComponentKind
from zenstrap.config.section import Component
from zenstrap.config.violations import Violations

Settings = dict[str, JsonValue]


# ZenML's settings that are refused for all flavors: they bypass the service connector, or would put
# keys into the configuration.
WAYS_AROUND_CONNECTOR: Final = frozenset(
    {"service_account_path", "authentication_secret", "auth_key"}
)


@dataclass(frozen=True)
class Registered:
    """How a component is registered in ZenML.

    Attributes:
        configuration: with ZenML's own names.
        resource: the resource that it accesses through its connector, if that has a name.
    """

    configuration: Settings
    resource: str | None = None


def no_violations(at: str, component: Any) -> Violations:
    """For flavors without rules."""
    return iter(())


@dataclass(frozen=True, eq=False)
class Flavor:
    """The record of one kind and flavor of a component.

    Attributes:
        component: its class in a configuration. Kind and flavor are the only values of the fields
            of these names.
        register: returns the registration of a component with the platform's resources for it.
        set_by_zenstrap: ZenML's settings that a configuration can't set below ``settings``, by
            their dotted path; with the key that sets them instead, or None.
        rules: return the rule violations of a component at a dotted path.
        example: what ``register`` is called with to check a component before its platform's
            resources exist.
        packages: Python modules that ZenML needs for it on this machine.
        integration: ZenML's integration that has them; None: an extra of zenstrap's has.
        references: its settings that refer to a secret.
        runs_elsewhere: it runs steps on other machines than the one that starts a pipeline.
        resource_type: ZenML's type of the resource that it accesses through a service connector;
            None: it uses no connector.
        training_settings: for orchestrators: ZenML's settings for a smoke test with a time limit
            in seconds; None: it needs none.
    """

    component: type[Component]
    register: Callable[[Any, Any], Registered]
    set_by_zenstrap: Mapping[str, str | None] = field(default_factory=dict)
    rules: Callable[[str, Any], Violations] = no_violations
    example: Any = None
    packages: tuple[str, ...] = ()
    integration: str | None = None
    references: tuple[str, ...] = ()
    runs_elsewhere: bool = False
    resource_type: str | None = None
    training_settings: Callable[[int], dict[str, Any]] | None = None

    @property
    def kind(self) -> ComponentKind:
        """Kind of component."""
        kind: ComponentKind = self._only("kind")
        return kind

    @property
    def name(self) -> str:
        """ZenML's name of the flavor."""
        return str(self._only("flavor"))

    def _only(self, field: str) -> Any:
        (value,) = get_args(self.component.model_fields[field].annotation)
        return value


def set_only(**settings: JsonValue) -> Settings:
    """The settings that aren't None: ZenML has its own defaults for the others."""
    return {name: value for name, value in settings.items() if value is not None}
