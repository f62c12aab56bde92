"""Finds what a model says about a place in a file: its keys, its choices, an example."""

from __future__ import annotations

from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from zenstrap.config.names import VERSION_PATTERN
from zenstrap.config.trees import Location


def fields_at(location: Location, model: type[BaseModel]) -> dict[str, FieldInfo]:
    """The keys that a section has."""
    inner = model_in(annotation_at(location, model))
    return dict(inner.model_fields) if inner is not None else {}


def field_at(location: Location, model: type[BaseModel]) -> FieldInfo | None:
    """The field of a key; None if there is no such key."""
    return fields_at(location[:-1], model).get(str(location[-1]))


def annotation_at(location: Location, model: type[BaseModel]) -> Any:
    """The type of what stands at a path; None if there is no such path."""
    annotation: Any = model
    for part in location:
        inner = model_in(annotation)
        if inner is not None:
            info = inner.model_fields.get(str(part))
            annotation = info.annotation if info is not None else None
        else:
            arguments = get_args(annotation) or (None,)
            annotation = arguments[-1 if get_origin(annotation) is dict else 0]
    return annotation


def model_in(annotation: Any) -> type[BaseModel] | None:
    """The model that a type is, or may be."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    if get_origin(annotation) in (Union, UnionType):
        return next((m for m in map(model_in, get_args(annotation)) if m is not None), None)
    return None


def choices(annotation: Any) -> tuple[Any, ...]:
    """The words that a type allows; none if it isn't a choice."""
    if get_origin(annotation) is Literal:
        return get_args(annotation)
    if get_origin(annotation) in (Union, UnionType):
        return next((c for c in map(choices, get_args(annotation)) if c), ())
    return ()


def example(info: FieldInfo) -> Any:
    """Something that would be valid: for a message, and to go on checking with; None: nothing."""
    return next(iter(info.examples or choices(info.annotation)), None)


def example_text(info: FieldInfo) -> str:
    """The same as somebody would write it."""
    found = example(info)
    if isinstance(found, dict):
        return f"{{{', '.join(f'{key}: {value}' for key, value in found.items())}}}"
    return "" if found is None else str(found)


def places_of(key: str, model: type[BaseModel], prefix: str = "") -> list[str]:
    """The sections that have a key of this name."""
    found = []
    for name, info in model.model_fields.items():
        inner = model_in(info.annotation)
        if prefix and name == key:
            found.append(prefix.rstrip("."))
        elif inner is not None and name not in ("platforms", "environments"):
            found += places_of(key, inner, f"{prefix}{name}.")
    return found


def is_version(location: Location, model: type[BaseModel]) -> bool:
    """Whether a version stands, or should stand, at a path."""
    info = field_at(location, model)
    extra = info.json_schema_extra if info is not None else None
    return isinstance(extra, dict) and extra.get("pattern") == VERSION_PATTERN
