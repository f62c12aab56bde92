"""A configuration as text and data, and read again from what a run recorded."""

from __future__ import annotations

from typing import Any, Final

import yaml
from pydantic import ValidationError

from zenstrap.config.models import EnvironmentConfig
from zenstrap.config.platforms import PLATFORMS
from zenstrap.config.reading import Yaml12Loader
from zenstrap.errors import UsageError


def to_yaml(config: EnvironmentConfig) -> str:
    """The whole merged configuration, with every default; what is the platform's own comes first.

    Components, and settings of theirs, that are null are left out. It loads again to the same
    values, whether it is read by YAML 1.1's rules or by 1.2's.
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
    """The same as data for JSON."""
    data: dict[str, Any] = _whole_numbers(config.model_dump(mode="json"))
    sections = PLATFORMS[config.platform].sections
    first = {key: data.pop(key) for key in ("environment", "platform", *sections)}
    data = first | data
    for components in (
        data["stack"]["components"],
        *(project["components"] for project in data["ml_projects"].values()),
    ):
        # A component or setting that is null is one that isn't there; most of them are.
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
    """With 30.0 as 30, as somebody would write it."""
    if isinstance(value, dict):
        return {key: _whole_numbers(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_whole_numbers(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


class _Dumper(yaml.SafeDumper):
    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)

    def represent_text(self, text: str) -> yaml.ScalarNode:
        if not text.isprintable():  # line breaks of all kinds: only here they are spelled out
            return self.represent_scalar("tag:yaml.org,2002:str", text, style='"')
        # PyYAML quotes what YAML 1.1 would take for something else; 1e3 is text there, and a
        # number in 1.2.
        for resolver in (Yaml12Loader, yaml.SafeLoader):
            patterns = resolver.yaml_implicit_resolvers
            for _, pattern in patterns.get(text[:1], []) + patterns.get(None, []):
                if pattern.match(text):
                    return self.represent_scalar("tag:yaml.org,2002:str", text, style="'")
        return self.represent_scalar("tag:yaml.org,2002:str", text)


_Dumper.add_representer(str, _Dumper.represent_text)


SCHEMA: Final = 1
"""Of what a run records. It goes up with each change after which an older version would misread a
configuration; what runs recorded before there were numbers reads like 1."""


def read_recorded(content: object, schema: int, *, run: str) -> EnvironmentConfig:
    """A run's configuration, for whoever looks at what it made or takes it away.

    The rules aren't applied: an older version may have had others, and what it made is there.

    Args:
        content: the parameter of its pipeline, as JSON.
        schema: that it was written with; 0 where it says none.
        run: the run's name, for people.

    Raises:
        UsageError: a newer zenstrap wrote it, or it isn't valid any more.
    """
    if schema > SCHEMA:
        raise UsageError(
            f"a newer zenstrap recorded the configuration of run {run}",
            why=f"It has schema {schema}, and this version knows {SCHEMA}",
            fix="Use that version, or put the environment's file back",
        )
    try:
        return EnvironmentConfig.model_validate(content)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise UsageError(
            f"the configuration that run {run} recorded isn't valid any more",
            where=place or None,
            why=str(first["msg"]),
            fix="Put the environment's file back, and mend that in it",
        ) from error
