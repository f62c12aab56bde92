"""The service-account keys that connectors are made with: read where they are, when needed."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from zenstrap.config import GoogleEnvironment, secret_source
from zenstrap.errors import AuthenticationError
from zenstrap.platforms.gcp.keys import ServiceAccountKey, parse_key
from zenstrap.platforms.gcp.outputs import BASE
from zenstrap.platforms.gcp.provider import ACCOUNT_KEY
from zenstrap.redaction import know
from zenstrap.registry.model import ActualRegistry
from zenstrap.terraform.state import StateResource

if TYPE_CHECKING:
    from zenml.client import Client

    from zenstrap.terraform.outputs import Output

KEYS_OUTPUT = "service_account_keys"


def own_key(config: GoogleEnvironment, client: Client) -> ServiceAccountKey | None:
    """The key that ``auth.key`` refers to; None where the configuration refers to none.

    Raises:
        AuthenticationError: it isn't there, or is no key.
    """
    if config.auth.key is None:
        return None
    return parse_key(_referred(config.auth.key, client), where=place_of_key(config))


def place_of_key(config: GoogleEnvironment) -> str:
    """Where the key of a configuration comes from, for people."""
    return f"auth.key ({config.auth.key})"


def keys_in_use(
    config: GoogleEnvironment, actual: ActualRegistry, in_state: Iterable[StateResource]
) -> bool:
    """Whether keys that Terraform made outlive the method: a connector still works with one.

    It is deleted once its successor is proven, so the keys go with the run after that.
    """
    if config.auth.method == "service-account":
        return False
    registered = any(c.method == "service-account" for c in actual.our_connectors)
    return registered and any(one.type == ACCOUNT_KEY for one in in_state)


def fingerprints(config: GoogleEnvironment, client: Client) -> dict[str | None, str]:
    """What tells the keys that Terraform doesn't make from those before, by ML project.

    Raises:
        AuthenticationError: see :func:`own_key`.
    """
    key = own_key(config, client)
    return dict.fromkeys(config.targets, key.fingerprint) if key else {}


def connector_keys(
    config: GoogleEnvironment, client: Client, outputs: Mapping[str, Output]
) -> dict[str | None, ServiceAccountKey]:
    """The keys by ML project, None for the base's; empty for methods without one.

    Args:
        outputs: Terraform's, the sensitive ones among them.

    Raises:
        AuthenticationError: one isn't there, or is no key.
    """
    if not config.auth.uses_key:
        return {}
    key = own_key(config, client)
    if key is not None:
        return dict.fromkeys(config.targets, key)
    return {project: _made(outputs, project) for project in config.targets}


def _made(outputs: Mapping[str, Output], project: str | None) -> ServiceAccountKey:
    name = project or BASE
    output = outputs.get(KEYS_OUTPUT)
    keys = output.value if output is not None else None
    text = keys.get(name) if isinstance(keys, dict) else None
    return parse_key(str(text or ""), where=f"Terraform's output {KEYS_OUTPUT}.{name}")


def _referred(reference: str, client: Client) -> str:
    value = _read(reference, client)
    know(value)
    return value


def _read(reference: str, client: Client) -> str:
    source = secret_source(reference)
    if source.kind == "env":
        if source.name in os.environ:
            return os.environ[source.name]
        raise AuthenticationError(
            f"the environment variable {source.name} isn't set",
            where="auth.key",
            fix=f"Export {source.name} with the service-account key as JSON or base64 of it.",
        )
    try:
        secret = client.get_secret(source.name, allow_partial_name_match=False)
        return secret.secret_values[source.key or ""]
    except KeyError:
        pass  # what is raised inside of this block would carry ZenML's error
    raise AuthenticationError(
        f"ZenML's secret store has no {source.name} with a key {source.key}",
        where="auth.key",
        fix="Make it",
        command=f"zenml secret create {source.name} --{source.key}=@KEY.json",
    )
