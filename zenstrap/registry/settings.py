"""Validates the ``settings`` of components with ZenML's own classes.

ZenML itself silently ignores unknown settings of some flavors, and converts the values of some.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any, get_args

from pydantic import BaseModel, TypeAdapter, ValidationError

from zenstrap.config import Component, EnvironmentConfig, flavor_of
from zenstrap.config.names import nearest
from zenstrap.config.violations import Violation, Violations
from zenstrap.flavors.base import WAYS_AROUND_CONNECTOR
from zenstrap.registry.desired import merged
from zenstrap.zenml_private.calls import flavor_class, holds_secret

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo
    from zenml.client import Client

ClassOf = Callable[[str, str], type[BaseModel]]
Fault = tuple[str, str, str | None]  # dotted path below settings, message, suggestion

# Settings that aren't secret although ``holds_secret`` takes them for secrets.
_NO_SECRETS = frozenset({"encryption_spec_key_name"})


def has_settings(config: EnvironmentConfig) -> bool:
    """Whether any component has ``settings``."""
    return any(component.settings for _, _, component in _components(config))


def settings_violations(config: EnvironmentConfig, client: Client) -> Violations:
    """Settings that ZenML doesn't have, refuses or converts. Imports ZenML's integrations."""
    for at, name, component in _components(config):
        if not component.settings:
            continue
        model = flavor_class(client, component.kind, component.flavor)
        flavor = flavor_of(component)
        own = flavor.register(component, flavor.example).configuration
        faults = settings_faults(component.settings, model, flavor.set_by_zenstrap, own)
        for path, message, suggestion in faults:
            key = f"{at}.{name}.settings.{path}".rstrip(".")
            yield Violation((key, f"{at}.{name}.flavor"), message, suggestion)


def settings_faults(
    settings: Mapping[str, Any],
    model: type[BaseModel],
    taken: Mapping[str, str | None],
    own: Mapping[str, Any],
) -> Iterator[Fault]:
    """The faults in the settings of one component.

    Args:
        model: ZenML's class of the flavor.
        taken: settings that zenstrap sets; another rule refuses them.
        own: the settings that zenstrap sets for this component, so far as is known.
    """
    unknown = list(_unknown("", settings, model, taken))
    yield from unknown
    known = _without({path for path, _, _ in unknown}, settings)
    refused = dict(_by_class(known, model, own))
    together = refused.pop("", None)
    faults = refused | dict(_by_value(known, model, {path.partition(".")[0] for path in refused}))
    if together is not None and not faults:  # else it may be a consequence
        faults[""] = together
    yield from ((path, message, None) for path, message in faults.items())


def _components(config: EnvironmentConfig) -> Iterator[tuple[str, str, Component]]:
    for at, components in config.component_sets():
        for name, component in components.present().items():
            yield at, name, component


def _unknown(
    at: str, settings: Mapping[str, Any], model: type[BaseModel], taken: Mapping[str, str | None]
) -> Iterator[Fault]:
    fields = {name: field for name, field in model.model_fields.items() if _is_open(name, field)}
    for name, value in settings.items():
        path = f"{at}{name}"
        if path in taken:
            continue
        if name not in fields:
            free = [
                field
                for field in fields
                if f"{at}{field}" not in taken and field not in WAYS_AROUND_CONNECTOR
            ]
            near = nearest(name, free)
            hint = f"Did you mean {near}?" if near else _known(free)
            yield path, "is not a setting that ZenML has for this flavor", hint
        elif isinstance(value, Mapping) and (inner := _model_in(fields[name].annotation)):
            yield from _unknown(f"{path}.", value, inner, taken)


def _without(paths: set[str], settings: Mapping[str, Any], at: str = "") -> dict[str, Any]:
    return {
        name: _without(paths, value, f"{at}{name}.") if isinstance(value, Mapping) else value
        for name, value in settings.items()
        if f"{at}{name}" not in paths
    }


def _is_open(name: str, field: FieldInfo) -> bool:
    """Whether a setting is allowed: it is neither deprecated nor secret."""
    is_old = bool(field.deprecated) or (field.description or "").startswith("DEPRECATED")
    return not is_old and (name in _NO_SECRETS or not holds_secret(field))


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type):
        return annotation if issubclass(annotation, BaseModel) else None
    return next((m for part in get_args(annotation) if (m := _model_in(part))), None)


def _by_class(
    settings: Mapping[str, Any], model: type[BaseModel], own: Mapping[str, Any]
) -> Iterator[tuple[str, str]]:
    """Settings that ZenML refuses, alone or together with zenstrap's own.

    Missing ones come from Terraform's outputs, or are optional.
    """
    try:
        instance = model.model_validate(merged(own, settings))
    except ValidationError as error:
        items = error.errors(include_url=False, include_input=False)
        located = [item for item in items if item["loc"] and item["loc"][0] in settings]
        for item in located or [item for item in items if not item["loc"]]:
            if item["type"] != "missing":
                yield _path(item["loc"], settings), _message(item["msg"])
    except KeyError as error:  # a validator asked for a secret
        for name, value in settings.items():
            if isinstance(value, str) and value.startswith("{{"):
                yield name, f"refers to a secret that ZenML doesn't have: {error.args[0]}"
        # Secrets of zenstrap's own settings are another check's.
    else:
        stored = instance.model_dump(mode="json", exclude_unset=True)
        for name, value in settings.items():
            for path, kept in _differing(name, value, stored.get(name)):
                yield path, _stored(kept)


def _by_value(
    settings: Mapping[str, Any], model: type[BaseModel], wrong: set[str]
) -> Iterator[tuple[str, str]]:
    """Settings whose value ZenML would convert to another type."""
    for name, value in settings.items():
        if name in wrong or value is None:
            continue
        field = model.model_fields[name]
        adapter: TypeAdapter[Any] = TypeAdapter(Annotated[field.annotation, field])
        try:
            read = adapter.validate_json(json.dumps(value), strict=True)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            yield _path((name, *first["loc"]), settings), _message(first["msg"])
            continue
        stored = adapter.dump_python(read, mode="json", exclude_unset=True)
        for path, kept in _differing(name, value, stored):
            yield path, _stored(kept)


def _differing(at: str, written: Any, stored: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(written, Mapping) and isinstance(stored, Mapping):
        for name, value in written.items():
            yield from _differing(f"{at}.{name}", value, stored.get(name))
    elif written != stored:
        yield at, stored


def _path(location: tuple[int | str, ...], settings: Mapping[str, Any]) -> str:
    """The dotted path, up to the first part that isn't a key, such as a list's index."""
    keys: list[str] = []
    value: Any = settings
    for part in location:
        if not isinstance(value, Mapping):
            break
        if part in value:
            keys.append(str(part))
            value = value[part]
    return ".".join(keys)


def _message(text: str) -> str:
    return f"is refused by ZenML: {text[:1].lower()}{text[1:]}"


def _stored(value: Any) -> str:
    return f"would be stored by ZenML as {json.dumps(value)}"


def _known(fields: list[str]) -> str:
    return f"Its settings are {', '.join(sorted(fields))}" if fields else "It has no settings"
