"""What is peculiar to a platform's service connectors, and seeing whether one gets in."""

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
    """How one platform's connectors are written and how they fail.

    Attributes:
        type: ZenML's connector type.
        asked: who grants access, for people.
        keyless: the methods whose credentials are those of the machine that asks for a token;
            ZenML allows them only where its environment variable says so.
        passing: how a refusal is worded that may pass, as a role, key or account was just created.
        lasting: and one that stays.
        credential_field: where ZenML wants a credential configuration.
        key_field: where ZenML wants a key.
    """

    type: str
    asked: str
    keyless: frozenset[str]
    passing: tuple[str, ...]
    lasting: tuple[str, ...]
    credential_field: str
    key_field: str


class ConnectorKey(Protocol):
    """A key that a connector is made with."""

    @property
    def document(self) -> str:
        """The whole of it, as ZenML stores it."""

    @property
    def secrets(self) -> Sequence[str]:
        """What no error may quote."""


@dataclass(frozen=True)
class Verdict:
    """Whether a connector was seen to work; ``why`` it can't be said, if it can't."""

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
    """Get a token and look at the bucket, waiting for new permissions to arrive.

    Args:
        kind: how the platform words its refusals.
        written: how many connectors this run has written, for the error.
        wait: pauses for that many seconds.
        here: ZenML asks the platform from this machine, not from its server's.

    Returns:
        Verified, or why this machine can't tell: the identity that the connector is for may be
        that of another one. The smoke test will tell then.

    Raises:
        RegistryError, PartlyDoneError: the platform was asked and refuses, also after minutes
            where that may help.
    """
    why = ""
    for pause in (*PROPAGATION, None):
        why = _attempt(client, connector, connector_id)
        if not why:
            return Verdict(verified=True)
        not_yet = _says(why, kind.passing)
        if not not_yet and not _says(why, kind.lasting):
            return Verdict(verified=False, why=(_without_token(connector) if here else "") or why)
        if not not_yet or pause is None:
            break
        text = f"{kind.asked} doesn't let {connector.name} in yet. Trying again in {pause:g} s."
        emit(Notice(text, "warning"))
        wait(pause)
    raise _refusal(connector, kind, why, written)


def _attempt(client: Client, connector: DesiredConnector, connector_id: str) -> str:
    """Why it doesn't work; empty if it does."""
    for resource_type, resource_id in _looks(connector):
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
    """That the file with the identity's token isn't here, which ZenML doesn't tell."""
    if connector.credential_configuration is None:
        return ""
    file = json.loads(connector.credential_configuration)["credential_source"].get("file")
    if not file or Path(file).exists():
        return ""
    return f"the file that auth.subject_token names, {file}, isn't on this machine"


def _looks(connector: DesiredConnector) -> Iterator[tuple[str | None, str | None]]:
    yield None, None  # a token
    yield from connector.resources


def _says(why: str, words: tuple[str, ...]) -> bool:
    return any(word in f" {why} " for word in words)


def _refusal(
    connector: DesiredConnector, kind: ConnectorKind, why: str, written: int
) -> RegistryError | PartlyDoneError:
    who = f" as {connector.principal}" if connector.principal else ""
    what = f"{kind.asked} refuses the connector {connector.name}{who}"
    if connector.method in kind.keyless:
        fix = "See auth.workload_identity: the identity's values must be those of the token."
    else:
        fix = "See that the service account has its roles, and that its key isn't disabled."
    fix += " Then run the same command again; what was current still is."
    if written:
        return PartlyDoneError(what, why=f"{why}. {written} connectors were written", fix=fix)
    return RegistryError(what, why=why, fix=fix)


def _shortened(text: str) -> str:
    """The first line; what a cloud's libraries append is their whole exchange."""
    line = text.splitlines()[0].rstrip(". ")
    return line if len(line) <= 300 else f"{line[:297]}..."
