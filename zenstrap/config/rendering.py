"""A configuration as text and data: what ``python run.py config`` prints."""

from __future__ import annotations

from typing import Any

import yaml

from zenstrap.config.models import EnvironmentConfig
from zenstrap.config.platforms import PLATFORMS
from zenstrap.config.reading import Yaml12Loader


def to_yaml(config: EnvironmentConfig) -> str:
    """The whole merged configuration, with every default; what is the platform's own comes first.

    Components, and settings of theirs, that are null are left out. It loads again to the same
    values, whether it is read by YAML 1.1's rules or by 1.2's.
    """
    text: str = yaml.dump(
        to_data(config),
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
        for kind, component in list(components.items()):
            if component is None:
                del components[kind]
            else:
                components[kind] = {k: v for k, v in component.items() if v is not None}
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
