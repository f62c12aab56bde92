"""A configuration as YAML and as data, and read back from a run's record."""

from __future__ import annotations

from typing import Any, Final

import yaml
from pydantic import ValidationError

from zenstrap.config.models import EnvironmentConfig
from zenstrap.config.platforms import PLATFORMS
from zenstrap.config.reading import Yaml12Loader
from zenstrap.errors import UsageError


def to_yaml(config: EnvironmentConfig) -> str:
    """The complete merged configuration with all defaults; the platform's own sections come first.

    Components and settings that are null are omitted. The text loads to the same values with YAML
    1.1's rules and with 1.2's.
    """
    return dumped(to_data(config))


def dumped(data: dict[str, Any]) -> str:
    """Data as YAML."""
    text: str = yaml.dump(
        data,
        Dumper=_Dumper,
        allow_unicode=True,
        default_flow_style=False,
        sort_keys=False,
        width=100,
    )
    return text


def to_data(config: EnvironmentConfig) -> dict[str, Any]:
    """The complete merged configuration as data for JSON; see :func:`to_yaml`."""
    data: dict[str, Any] = _whole_numbers(config.model_dump(mode="json"))
    sections = PLATFORMS[config.platform].sections
    first = {key: data.pop(key) for key in ("environment", "platform", *sections)}
    data = first | data
    for components in (
        data["stack"]["components"],
        *(project["components"] for project in data["ml_projects"].values()),
    ):
        # A null component or setting means an absent one; most of them are null.
        for name, component in list(components.items()):
            if component is None:
                del components[name]
                continue
            components[name] = {
                key: value
                for key, value in component.items()
                if value is not None and (key, value) != ("kind", name)
            }
    return data


def _whole_numbers(value: Any) -> Any:
    """The value with 30.0 as 30, as people write it."""
    if isinstance(value, dict):
        return {key: _whole_numbers(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_whole_numbers(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


class _Dumper(yaml.SafeDumper):
    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)

    def represent_text(self, text: str) -> yaml.ScalarNode:
        if not text.isprintable():  # only double quotes can escape line breaks of all kinds
            return self.represent_scalar("tag:yaml.org,2002:str", text, style='"')
        # PyYAML quotes text that isn't text in YAML 1.1; 1e3 is text there, but a number in 1.2.
        for resolver in (Yaml12Loader, yaml.SafeLoader):
            patterns = resolver.yaml_implicit_resolvers
            for _, pattern in patterns.get(text[:1], []) + patterns.get(None, []):
                if pattern.match(text):
                    return self.represent_scalar("tag:yaml.org,2002:str", text, style="'")
        return self.represent_scalar("tag:yaml.org,2002:str", text)


_Dumper.add_representer(str, _Dumper.represent_text)


SCHEMA: Final = 1
"""Version of the configuration's format in a run's record. It increases with each change that an
older zenstrap would misread; records without a number are read like 1."""


def read_recorded(content: object, schema: int, *, run: str) -> EnvironmentConfig:
    """A run's configuration, for commands that show or remove what the run created.

    The rules aren't checked: an older version may have had other rules, and its resources exist.

    Args:
        content: the parameter of its pipeline, as JSON.
        schema: version of the format that it was written with; 0 if the record has none.
        run: the run's name, for messages.

    Raises:
        UsageError: a newer zenstrap wrote it, or it is no longer valid.
    """
    if schema > SCHEMA:
        raise UsageError(
            f"a newer zenstrap recorded the configuration of run {run}",
            why=f"It has schema {schema}; this version supports up to {SCHEMA}",
            fix="Use that version, or put the environment's file back",
        )
    try:
        return EnvironmentConfig.model_validate(content)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise UsageError(
            f"the configuration that run {run} recorded is no longer valid",
            where=place or None,
            why=str(first["msg"]),
            fix="Put the environment's file back, and correct it",
        ) from error
