"""The service-account keys of connectors, read from their source when needed."""

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
    """The key that ``auth.key`` refers to; None if the configuration refers to none.

    Raises:
        AuthenticationError: it doesn't exist, or isn't a valid key.
    """
    if config.auth.key is None:
        return None
    return parse_key(_referred(config.auth.key, client), where=place_of_key(config))


def place_of_key(config: GoogleEnvironment) -> str:
    """Where the key of a configuration comes from, for messages."""
    return f"auth.key ({config.auth.key})"


def keys_in_use(
    config: GoogleEnvironment, actual: ActualRegistry, in_state: Iterable[StateResource]
) -> bool:
    """Whether keys must be kept although the method changed: a connector still uses one.

    That connector is deleted once the new one is tested, so the next run deletes the keys.
    """
    if config.auth.method == "service-account":
        return False
    registered = any(c.method == "service-account" for c in actual.our_connectors)
    return registered and any(resource.type == ACCOUNT_KEY for resource in in_state)


def fingerprints(config: GoogleEnvironment, client: Client) -> dict[str | None, str]:
    """Fingerprints of the keys that Terraform doesn't create, by ML project.

    Raises:
        AuthenticationError: see :func:`own_key`.
    """
    key = own_key(config, client)
    return dict.fromkeys(config.targets, key.fingerprint) if key else {}


def connector_keys(
    config: GoogleEnvironment, client: Client, outputs: Mapping[str, Output]
) -> dict[str | None, ServiceAccountKey]:
    """The keys by ML project, None for the base stack's; empty for methods without keys.

    Args:
        outputs: Terraform's, including the sensitive ones.

    Raises:
        AuthenticationError: one doesn't exist, or isn't a valid key.
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
        pass  # an error raised inside this block would chain ZenML's
    raise AuthenticationError(
        f"ZenML's secret store has no {source.name} with a key {source.key}",
        where="auth.key",
        fix="Create it",
        command=f"zenml secret create {source.name} --{source.key}=@KEY.json",
    )
