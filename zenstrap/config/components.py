"""The components of one stack, by name. The name of most is their kind.

The class of a component depends on its flavor, and the platforms decide which flavors exist; see
:mod:`zenstrap.flavors`.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Annotated, Any, Final, Literal, Union, cast

from pydantic import (
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    TypeAdapter,
    create_model,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from zenstrap.config.names import COMPONENT_KINDS, ComponentKind
from zenstrap.config.platforms import flavor_of, flavors_of
from zenstrap.config.section import Component, Section
from zenstrap.flavors.base import Flavor

# By kind: the name of its class in schemas, and what it is for.
KINDS: Final[dict[ComponentKind, tuple[str, str]]] = {
    "artifact_store": ("ArtifactStore", "Where pipelines store their artifacts."),
    "container_registry": (
        "ContainerRegistry",
        "Where the images of containerised steps are stored.",
    ),
    "orchestrator": ("Orchestrator", "Runs pipelines."),
    "step_operator": (
        "StepOperator",
        "Runs single steps on other machines than the rest of the pipeline.",
    ),
    "image_builder": ("ImageBuilder", "Builds the images of containerised steps."),
    "experiment_tracker": (
        "ExperimentTracker",
        "Records the metrics and parameters of trainings.",
    ),
    "deployer": ("Deployer", "Serves pipelines as HTTP services."),
}


def component_model(kind: ComponentKind) -> type[Component]:
    """A component whose flavor isn't known: it accepts the settings of all flavors of its kind."""
    return _component_model(kind, flavors_of(kind))


def any_component_model() -> type[Component]:
    """A component whose kind isn't known either."""
    flavors = tuple(flavor for kind in COMPONENT_KINDS for flavor in flavors_of(kind))
    return _any_component_model(flavors)


@cache
def _component_model(kind: ComponentKind, flavors: tuple[Flavor, ...]) -> type[Component]:
    described = (f"{flavor.name}: {_about(flavor)}" for flavor in flavors)
    fields = _fields(flavors) | {
        "kind": (Literal[kind], Field(default=kind, description=_KIND_IS)),
        "flavor": (_one_of(flavors), Field(description=" ".join(described))),
    }
    name, doc = KINDS[kind]
    return cast(type[Component], create_model(name, __base__=Component, __doc__=doc, **fields))


@cache
def _any_component_model(flavors: tuple[Flavor, ...]) -> type[Component]:
    fields = _fields(flavors) | {
        "kind": (Literal[COMPONENT_KINDS], Field(description="Kind of component.")),
        "flavor": (_one_of(flavors), Field(description="ZenML's name of the flavor.")),
    }
    doc = "A component whose name isn't its kind."
    return cast(
        type[Component], create_model("NamedComponent", __base__=Component, __doc__=doc, **fields)
    )


_KIND_IS: Final = "Kind of component; the component's name says it already."


def _fields(flavors: tuple[Flavor, ...]) -> dict[str, Any]:
    """The settings of all these flavors, for ``create_model``."""
    fields: dict[str, Any] = {}
    for flavor in flavors:
        for name, info in flavor.component.model_fields.items():
            fields.setdefault(
                name, (Annotated[(info.annotation, *info.metadata, info)], info.default)
            )
    return fields


def _one_of(flavors: tuple[Flavor, ...]) -> Any:
    return Literal[tuple(dict.fromkeys(flavor.name for flavor in flavors))]


def _about(flavor: Flavor) -> str:
    return flavor.component.model_fields["flavor"].description or ""


class OfItsFlavor:
    """Validates a component as an instance of its flavor's class."""

    def __init__(self, kind: ComponentKind | None = None) -> None:
        """
        Args:
            kind: the component's kind; None: read from its key ``kind``.
        """
        self._kind = kind

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(
            self._validated, serialization=core_schema.simple_ser_schema("any")
        )

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        kinds = COMPONENT_KINDS if self._kind is None else (self._kind,)
        models = tuple(flavor.component for kind in kinds for flavor in flavors_of(kind))
        return handler(TypeAdapter(Union[models]).core_schema)  # noqa: UP007

    def _validated(self, content: Any) -> Component:
        if isinstance(content, Component):
            return content
        if not isinstance(content, Mapping):
            return Component.model_validate(content)  # raises the error
        kind = self._kind or content.get("kind")
        if kind not in COMPONENT_KINDS:
            return Component.model_validate(content)
        for flavor in flavors_of(kind):
            if flavor.name == content.get("flavor"):
                # A null for a setting of another flavor counts as an absent key.
                own = flavor.component.model_fields
                settings = {k: v for k, v in content.items() if v is not None or k in own}
                return flavor.component.model_validate(settings)
        return component_model(kind).model_validate(content)


def _field(kind: ComponentKind, *, needed: bool = False) -> Any:
    return Field(default=... if needed else None, description=KINDS[kind][1])


class Components(Section):
    """The components of one stack, by name. ZenML needs artifact_store and orchestrator; null
    removes a component. A component whose name isn't its kind needs the key ``kind``.
    """

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, Annotated[Component, OfItsFlavor()] | None] = Field(init=False)

    artifact_store: Annotated[Component, OfItsFlavor("artifact_store")] = _field(
        "artifact_store", needed=True
    )
    container_registry: Annotated[Component, OfItsFlavor("container_registry")] | None = _field(
        "container_registry"
    )
    orchestrator: Annotated[Component, OfItsFlavor("orchestrator")] = _field(
        "orchestrator", needed=True
    )
    step_operator: Annotated[Component, OfItsFlavor("step_operator")] | None = _field(
        "step_operator"
    )
    image_builder: Annotated[Component, OfItsFlavor("image_builder")] | None = _field(
        "image_builder"
    )
    experiment_tracker: Annotated[Component, OfItsFlavor("experiment_tracker")] | None = _field(
        "experiment_tracker"
    )
    deployer: Annotated[Component, OfItsFlavor("deployer")] | None = _field("deployer")

    def present(self) -> dict[str, Component]:
        """The components that are part of the stack, by name: in the order of kinds, then those
        whose name isn't their kind."""
        named: dict[str, Component | None] = {name: getattr(self, name) for name in COMPONENT_KINDS}
        named |= self.__pydantic_extra__ or {}
        return {name: component for name, component in named.items() if component is not None}

    def of_kind(self, kind: ComponentKind) -> Component | None:
        """The component of a kind; None if the stack has none."""
        return next((c for c in self.present().values() if c.kind == kind), None)

    def runners_elsewhere(self) -> dict[str, str]:
        """The components that run steps on other machines: flavors by name."""
        return {
            name: component.flavor
            for name, component in self.present().items()
            if flavor_of(component).runs_elsewhere
        }
