"""Checks the configuration's secret references, before anything is created."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zenstrap.config import flavor_of, secret_source
from zenstrap.errors import UsageError
from zenstrap.platforms.base import Platform

if TYPE_CHECKING:
    from zenml.client import Client


def references(platform: Platform) -> dict[str, str]:
    """Every secret reference, with the first key of the configuration that has it."""
    config, keys = platform.config, dict(platform.references())
    for project in config.targets:
        at = "stack.components" if project is None else f"ml_projects.{project}.components"
        for name, component in config.components_of(project).present().items():
            for field in flavor_of(component).references:
                reference = getattr(component, field)
                if reference is not None:
                    keys.setdefault(reference, f"{at}.{name}.{field}")
    return keys


def secrets(platform: Platform, client: Client) -> str:
    """Check that every secret exists, and that the service-account key is valid.

    Raises:
        AuthenticationError: the service-account key is missing or invalid.
        UsageError: another secret is missing.
    """
    platform.require_usable_key(client)
    used = references(platform)
    for reference, where in used.items():
        source = secret_source(reference)
        if source.kind == "zenml" and where not in platform.references().values():
            _require(source.name, source.key or "", where, client)
    return ", ".join(used)


def _require(name: str, key: str, where: str, client: Client) -> None:
    try:
        known = client.get_secret(name, allow_partial_name_match=False).values
    except KeyError:
        known = None
    if known is None or key not in known:
        raise UsageError(
            f"ZenML's secret store has no {name}"
            + (f" with a key {key}" if known is None else f".{key}, only {', '.join(known)}"),
            where=where,
            fix="Create it" if known is None else "Add the key, or correct the reference",
            command=f"zenml secret {'create' if known is None else 'update'} {name} --{key}=VALUE",
        )
