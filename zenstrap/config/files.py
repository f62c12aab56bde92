"""The schema of each kind of file: every key is optional, because other files may set it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import UnionType
from typing import Annotated, Any, Literal, Union, cast, get_args, get_origin

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    TypeAdapter,
    create_model,
)
from pydantic.fields import FieldInfo
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from zenstrap.config.components import Components, any_component_model, component_model
from zenstrap.config.fields import EnvironmentName, ProjectName
from zenstrap.config.google_fields import LabelKey, LabelValue
from zenstrap.config.models import EnvironmentConfig, MlProject
from zenstrap.config.names import (
    COMPONENT_KINDS,
    PROJECT_MAX_LENGTH,
    PROJECT_PATTERN,
    VERSION_PATTERN,
)
from zenstrap.config.platforms import PLATFORMS
from zenstrap.config.section import Section
from zenstrap.config.trees import Location


def environment_file() -> type[BaseModel]:
    """configs/environments/NAME.yaml."""
    return _files(_known())[0]


def defaults_file() -> type[BaseModel]:
    """configs/defaults.yaml: any key of an environment but its name, plus keys per platform."""
    return _files(_known())[1]


def project_file() -> type[BaseModel]:
    """configs/ml_projects/NAME.yaml: an ML project, plus overrides per platform and environment."""
    return _files(_known())[2]


Known = tuple[tuple[str, type[BaseModel]], ...]  # built again when a platform is added


def _known() -> Known:
    return tuple((name, platform.model) for name, platform in PLATFORMS.items())


@cache
def _files(known: Known) -> tuple[type[BaseModel], type[BaseModel], type[BaseModel]]:
    _partial_model.cache_clear()  # the models depend on the registered flavors
    platforms = [name for name, _ in known]
    return _environment_file(), _defaults_file(platforms), _project_file(platforms)


def _environment_file() -> type[BaseModel]:
    return _extended("EnvironmentFile", "One environment.", _environment_part())


def _defaults_file(platforms: list[str]) -> type[BaseModel]:
    part = _environment_part()
    del part["environment"]
    of_platform = _extended("PlatformDefaults", "Defaults of one platform.", part)
    each = {
        name: (of_platform, Field(None, description=f"Defaults where platform is {name}."))
        for name in platforms
    }
    return _extended(
        "DefaultsFile",
        "Defaults of every environment; an environment's own file overrides them.",
        part,
        platforms=(
            _extended("DefaultsPerPlatform", "Defaults of each platform.", each),
            Field(None, description="Defaults per platform; they override the ones above."),
        ),
    )


def _project_file(platforms: list[str]) -> type[BaseModel]:
    part = _part(MlProject)
    del part["overrides"]
    override = _extended(
        "MlProjectPart", "Keys of an ML project that may differ per platform or environment.", part
    )
    each = {
        name: (override, Field(None, description=f"Overrides the above if platform is {name}."))
        for name in platforms
    }
    return _extended(
        "MlProjectFile",
        "One ML project: what its stack adds to the base stack or overrides.",
        part,
        platforms=(
            _extended("MlProjectPerPlatform", "Overrides of each platform.", each),
            Field(None, description="Overrides per platform."),
        ),
        environments=(
            dict[EnvironmentName, override],  # type: ignore[valid-type]
            Field(None, description="Overrides per environment; they win over everything above."),
        ),
    )


def _environment_part() -> dict[str, Any]:
    """The keys of all platforms, because another file may set ``platform``."""
    common = _part(EnvironmentConfig)
    sections: dict[str, Any] = {}
    for platform in PLATFORMS.values():
        sections |= _part(platform.model, sections=platform.sections)
    return {name: common.pop(name) for name in ("environment", "platform")} | sections | common


def _extended(
    name: str, doc: str, part: dict[str, Any], /, base: type[Section] = Section, **more: Any
) -> type[BaseModel]:
    return cast(
        type[BaseModel],
        create_model(name, __base__=base, __doc__=doc, **{**part, **more}),
    )


def _part(model: type[BaseModel], *, sections: tuple[str, ...] | None = None) -> dict[str, Any]:
    """A model's fields for ``create_model``, all optional, down to the last section.

    Args:
        sections: only these; a null in one file removes the section that another file sets.
    """
    fields: dict[str, Any] = {}
    known = fields_in(model)
    for name in known if sections is None else sections:
        info = known[name]
        annotation: Any = _partial(info.annotation)
        if sections:
            annotation |= None
        if name == "platform":
            annotation = Literal[tuple(PLATFORMS)]
        if name == "ml_projects":
            annotation = list[ProjectName]
        if name == "labels":  # null removes a label that a lower layer sets
            annotation = dict[LabelKey, LabelValue | None]
        description = info.description
        if name == "platform":
            variants = (platform.model.model_fields[name] for platform in PLATFORMS.values())
            description = " ".join(str(variant.description) for variant in variants)
        extra = dict(info.json_schema_extra or {})  # type: ignore[arg-type]
        if isinstance(info.default, bool | int | float | str):
            extra["default"] = info.default
        about = Field(description=description, examples=info.examples, json_schema_extra=extra)
        # The default isn't validated: an absent key is fine; a null is not, unless the model
        # itself allows it.
        fields[name] = (Annotated[(annotation, *info.metadata, about)], None)
    return fields


def _partial(annotation: Any) -> Any:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return _partial_model(annotation)
    if get_origin(annotation) in (Union, UnionType):
        return Union[tuple(_partial(part) for part in get_args(annotation))]  # noqa: UP007
    return annotation


@cache
def _partial_model(model: type[BaseModel]) -> type[BaseModel]:
    base = _ComponentsFile if issubclass(model, Components) else Section
    return _extended(model.__name__, model.__doc__ or "", _part(model), base=base)


class _OfItsKind:
    """Validates a component whose name isn't its kind, by its key ``kind``."""

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self._validated)

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        kinds = tuple(_partial_model(component_model(kind)) for kind in COMPONENT_KINDS)
        any_kind = handler(TypeAdapter(Union[kinds]).core_schema)  # noqa: UP007
        return {"anyOf": [{**any_kind, "required": ["kind"]}, {"type": "null"}]}

    def _validated(self, content: Any) -> Any:
        kind = content.get("kind") if isinstance(content, Mapping) else None
        model = component_model(kind) if kind in COMPONENT_KINDS else any_component_model()
        return _partial_model(model).model_validate(content) if content is not None else None


class _ComponentsFile(Section):
    """The components that one file sets."""

    model_config = ConfigDict(
        extra="allow",
        json_schema_extra={
            "propertyNames": {"pattern": PROJECT_PATTERN, "maxLength": PROJECT_MAX_LENGTH}
        },
    )
    __pydantic_extra__: dict[str, Annotated[Any, _OfItsKind()]] = Field(init=False)


def fields_in(model: type[BaseModel]) -> dict[str, FieldInfo]:
    """The fixed keys of a section; for components, those named after a kind."""
    fields = dict(model.model_fields)
    if issubclass(model, Components):
        for kind in COMPONENT_KINDS:
            annotation: Any = component_model(kind)
            if not fields[kind].is_required():
                annotation |= None
            fields[kind] = FieldInfo(annotation=annotation, description=fields[kind].description)
    return fields


def fields_at(location: Location, model: type[BaseModel]) -> dict[str, FieldInfo]:
    """The fixed keys of the section at a path."""
    inner = model_in(annotation_at(location, model))
    return fields_in(inner) if inner is not None else {}


def takes_names(location: Location, model: type[BaseModel]) -> bool:
    """Whether a section holds components, whose names are free."""
    inner = model_in(annotation_at(location, model))
    return inner is not None and inner.model_config.get("extra") == "allow"


def field_at(location: Location, model: type[BaseModel]) -> FieldInfo | None:
    """The field of a key; None if there is no such key."""
    return fields_at(location[:-1], model).get(str(location[-1]))


def annotation_at(location: Location, model: type[BaseModel]) -> Any:
    """The type of the value at a path; None if there is no such path."""
    annotation: Any = model
    for part in location:
        inner = model_in(annotation)
        if inner is not None:
            info = fields_in(inner).get(str(part))
            named = any_component_model() if inner.model_config.get("extra") == "allow" else None
            annotation = info.annotation if info is not None else named
        else:
            arguments = get_args(annotation) or (None,)
            annotation = arguments[-1 if get_origin(annotation) is dict else 0]
    return annotation


def model_in(annotation: Any) -> type[BaseModel] | None:
    """The model that a type is, or that its union contains."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    if get_origin(annotation) in (Union, UnionType):
        return next((m for m in map(model_in, get_args(annotation)) if m is not None), None)
    return None


def choices(annotation: Any) -> tuple[Any, ...]:
    """The values of a ``Literal`` type; empty for other types."""
    if get_origin(annotation) is Literal:
        return get_args(annotation)
    if get_origin(annotation) in (Union, UnionType):
        return next((c for c in map(choices, get_args(annotation)) if c), ())
    return ()


def example(info: FieldInfo) -> Any:
    """A valid value, for messages and as a placeholder while checking goes on; None: no example."""
    return next(iter(info.examples or choices(info.annotation)), None)


def example_text(info: FieldInfo) -> str:
    """The example as YAML."""
    value = example(info)
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key}: {inner}' for key, inner in value.items())}}}"
    return "" if value is None else str(value)


def places_of(key: str, model: type[BaseModel], prefix: str = "") -> list[str]:
    """The sections that have a key of this name."""
    places = []
    for name, info in fields_in(model).items():
        inner = model_in(info.annotation)
        if prefix and name == key:
            places.append(prefix.rstrip("."))
        elif inner is not None and name not in ("platforms", "environments"):
            places += places_of(key, inner, f"{prefix}{name}.")
    return places


def is_version(location: Location, model: type[BaseModel]) -> bool:
    """Whether the key at a path holds a version."""
    info = field_at(location, model)
    extra = info.json_schema_extra if info is not None else None
    return isinstance(extra, dict) and extra.get("pattern") == VERSION_PATTERN
