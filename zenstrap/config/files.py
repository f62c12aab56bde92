"""The shape of each kind of file: the models with every key optional, for another file fills in."""

from __future__ import annotations

from functools import cache
from types import UnionType
from typing import Annotated, Any, Union, cast, get_args, get_origin

from pydantic import BaseModel, Field, create_model

from zenstrap.config.components import Section
from zenstrap.config.fields import EnvironmentName, ProjectName
from zenstrap.config.google_fields import LabelKey, LabelValue
from zenstrap.config.models import EnvironmentConfig, MlProject


@cache
def environment_file() -> type[BaseModel]:
    """configs/environments/NAME.yaml."""
    return _extended("EnvironmentFile", "One environment.", _part(EnvironmentConfig))


@cache
def defaults_file() -> type[BaseModel]:
    """configs/defaults.yaml: any key of an environment but its name, and keys per platform."""
    part = _part(EnvironmentConfig, without=("environment",))
    of_platform = _extended("PlatformDefaults", "Defaults of one platform.", part)
    platforms = create_model(
        "DefaultsPerPlatform",
        __base__=Section,
        __doc__="Defaults of each platform.",
        gcp=(of_platform, Field(None, description="Defaults where platform is gcp.")),
        local=(of_platform, Field(None, description="Defaults where platform is local.")),
    )
    return _extended(
        "DefaultsFile",
        "What holds in every environment whose own file doesn't say otherwise.",
        part,
        platforms=(
            platforms,
            Field(None, description="Defaults per platform, laid over the ones above."),
        ),
    )


@cache
def project_file() -> type[BaseModel]:
    """configs/ml_projects/NAME.yaml: an ML project, and what differs per platform, environment."""
    part = _part(MlProject, without=("overrides",))
    override = _extended("MlProjectPart", "What an ML project has of its own.", part)
    platforms = create_model(
        "MlProjectPerPlatform",
        __base__=Section,
        __doc__="What differs on each platform.",
        gcp=(override, Field(None, description="Laid over the above where platform is gcp.")),
        local=(override, Field(None, description="Laid over the above where platform is local.")),
    )
    return _extended(
        "MlProjectFile",
        "One ML project: what its stack has beyond the base stack.",
        part,
        platforms=(platforms, Field(None, description="What differs per platform.")),
        environments=(
            dict[EnvironmentName, override],  # type: ignore[valid-type]
            Field(None, description="What differs per environment, laid over everything above."),
        ),
    )


def _extended(name: str, doc: str, part: dict[str, Any], /, **more: Any) -> type[BaseModel]:
    return cast(
        type[BaseModel],
        create_model(name, __base__=Section, __doc__=doc, **{**part, **more}),
    )


def _part(model: type[BaseModel], without: tuple[str, ...] = ()) -> dict[str, Any]:
    """A model's fields for ``create_model``, all optional, down to the last section."""
    fields: dict[str, Any] = {}
    for name, info in model.model_fields.items():
        if name in without:
            continue
        annotation: Any = _partial(info.annotation)
        if (model, name) == (EnvironmentConfig, "ml_projects"):
            annotation = list[ProjectName]
        if name == "labels":  # null takes away what a file below says
            annotation = dict[LabelKey, LabelValue | None]
        about = Field(
            description=info.description,
            examples=info.examples,
            json_schema_extra=info.json_schema_extra,
        )
        # The default isn't validated: a key that isn't there is fine; one that is null is not,
        # unless the model itself allows it.
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
    return _extended(model.__name__, model.__doc__ or "", _part(model))
