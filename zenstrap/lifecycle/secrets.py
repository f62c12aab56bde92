"""What the references of a configuration lead to, looked at before anything is made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zenstrap.config import EnvironmentConfig, secret_source
from zenstrap.errors import UsageError
from zenstrap.platforms.gcp.connector_keys import own_key, place_of_key

if TYPE_CHECKING:
    from zenml.client import Client


def references(config: EnvironmentConfig) -> dict[str, str]:
    """Every reference to a secret, and where in the configuration it stands first."""
    found: dict[str, str] = {}
    if config.auth is not None and config.auth.key is not None:
        found[config.auth.key] = "auth.key"
    for project in config.targets:
        tracker = config.components_of(project).experiment_tracker
        at = "stack.components" if project is None else f"ml_projects.{project}.components"
        for field in ("tracking_password", "tracking_token"):
            reference = getattr(tracker, field, None)
            if reference is not None:
                found.setdefault(reference, f"{at}.experiment_tracker.{field}")
    return found


def secrets(config: EnvironmentConfig, client: Client) -> str:
    """See that each is there, and that a key is one.

    Raises:
        AuthenticationError: the service-account key isn't there, or is none.
        UsageError: another one isn't there.
    """
    key = own_key(config, client)
    if key is not None:
        key.require_usable(place_of_key(config))
    found = references(config)
    for reference, where in found.items():
        source = secret_source(reference)
        if source.kind == "zenml" and where != "auth.key":
            _require(source.name, source.key or "", where, client)
    return ", ".join(found)


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
            fix="Make it" if known is None else "Add it, or correct the reference",
            command=f"zenml secret {'create' if known is None else 'update'} {name} --{key}=VALUE",
        )
