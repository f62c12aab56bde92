"""The properties of a platform's service connectors, and their verification."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol
from uuid import UUID

from zenstrap.errors import PartlyDoneError, RegistryError
from zenstrap.events import Emit, Notice, ignore
from zenstrap.registry.model import DesiredConnector
from zenstrap.registry.write_log import told
from zenstrap.retry import PROPAGATION

if TYPE_CHECKING:
    from zenml.client import Client


@dataclass(frozen=True)
class ConnectorKind:
    """The properties of one platform's connectors.

    Attributes:
        type: ZenML's connector type.
        asked: name of the service that grants access, for messages.
        keyless: the methods that use the identity of the machine that requests a token; ZenML
            allows them only if its environment variable enables them.
        passing: texts in transient refusals: a role, key or account was just created.
        lasting: texts in permanent refusals.
        credential_field: ZenML's field for a credential configuration.
        key_field: ZenML's field for a key.
    """

    type: str
    asked: str
    keyless: frozenset[str]
    passing: tuple[str, ...]
    lasting: tuple[str, ...]
    credential_field: str
    key_field: str


class ConnectorKey(Protocol):
    """The key of a connector."""

    @property
    def document(self) -> str:
        """The whole key, as ZenML stores it."""

    @property
    def secrets(self) -> Sequence[str]:
        """Texts that no message may quote."""


@dataclass(frozen=True)
class Verdict:
    """Whether a connector was verified; if not, ``why`` it couldn't be."""

    verified: bool
    why: str = ""

    def __str__(self) -> str:
        return "verified" if self.verified else f"unverified: {self.why}"


def verify(
    client: Client,
    connector: DesiredConnector,
    connector_id: str,
    kind: ConnectorKind,
    *,
    written: int,
    wait: Callable[[float], None],
    here: bool = True,
    emit: Emit = ignore,
) -> Verdict:
    """Request a token and read the bucket, waiting for new permissions to take effect.

    Args:
        kind: the texts of the platform's refusals.
        written: how many connectors this run has written, for the error.
        wait: pauses for that many seconds.
        here: whether ZenML contacts the platform from this machine, not from its server.

    Returns:
        Verified, or why this machine can't verify it: the connector may be for the identity of
        another machine. The smoke test verifies it then.

    Raises:
        RegistryError, PartlyDoneError: the platform refuses access, after retries for minutes if
            the refusal may be transient.
    """
    why = ""
    for pause in (*PROPAGATION, None):
        why = _attempt(client, connector, connector_id)
        if not why:
            return Verdict(verified=True)
        is_transient = _says(why, kind.passing)
        if not is_transient and not _says(why, kind.lasting):
            return Verdict(verified=False, why=(_without_token(connector) if here else "") or why)
        if not is_transient or pause is None:
            break
        text = f"{kind.asked} doesn't grant {connector.name} access yet. Retrying in {pause:g} s."
        emit(Notice(text, "warning"))
        wait(pause)
    raise _refusal(connector, kind, why, written)


def _attempt(client: Client, connector: DesiredConnector, connector_id: str) -> str:
    """Why it doesn't work; empty if it does."""
    for resource_type, resource_id in _resources(connector):
        try:
            client.verify_service_connector(
                UUID(connector_id),
                resource_type=resource_type,
                resource_id=resource_id,
                list_resources=False,
            )
        except Exception as error:  # ZenML and a cloud's libraries raise their own, of many kinds
            return _shortened(told(error))
    return ""


def _without_token(connector: DesiredConnector) -> str:
    """That the file with the identity's token is missing, which ZenML doesn't report."""
    if connector.credential_configuration is None:
        return ""
    file = json.loads(connector.credential_configuration)["credential_source"].get("file")
    if not file or Path(file).exists():
        return ""
    return f"the file that auth.subject_token names, {file}, isn't on this machine"


def _resources(connector: DesiredConnector) -> Iterator[tuple[str | None, str | None]]:
    yield None, None  # only a token
    yield from connector.resources


def _says(why: str, words: tuple[str, ...]) -> bool:
    return any(word in f" {why} " for word in words)


def _refusal(
    connector: DesiredConnector, kind: ConnectorKind, why: str, written: int
) -> RegistryError | PartlyDoneError:
    who = f" as {connector.principal}" if connector.principal else ""
    what = f"{kind.asked} refuses the connector {connector.name}{who}"
    if connector.method in kind.keyless:
        fix = "Check auth.workload_identity: its values must match those of the token."
    else:
        fix = "Check that the service account has its roles, and that its key isn't disabled."
    fix += " Then run the same command again; the current versions haven't changed."
    if written:
        return PartlyDoneError(what, why=f"{why}. {written} connectors were written", fix=fix)
    return RegistryError(what, why=why, fix=fix)


def _shortened(text: str) -> str:
    """The first line; a cloud's libraries append their whole communication."""
    line = text.splitlines()[0].rstrip(". ")
    return line if len(line) <= 300 else f"{line[:297]}..."
