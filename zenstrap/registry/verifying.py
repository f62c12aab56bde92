"""Seeing whether a service connector gets in, as far as that can be seen from here."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from uuid import UUID

from zenstrap.errors import PartlyDoneError, RegistryError
from zenstrap.registry.gcp_connectors import KEYLESS
from zenstrap.registry.model import DesiredConnector
from zenstrap.registry.write_log import told

if TYPE_CHECKING:
    from zenml.client import Client

# Seconds before each new try. A role that was just given, and a key that was just made, take Google
# two minutes, in rare cases seven. https://cloud.google.com/iam/docs/access-change-propagation
PAUSES: Final = (5, 10, 20, 40, 60, 60, 120, 120)

# How ZenML and Google's libraries word that Google was asked, and refuses. A key, account or pool
# that was just made is refused in the words of the last four.
_REFUSED: Final = (
    " 403 ",
    "PERMISSION_DENIED",
    "does not have ",
    "invalid_grant",
    "Invalid JWT Signature",
    "unauthorized_client",
    "invalid_target",
)


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
    *,
    written: int,
    wait: Callable[[float], None],
) -> Verdict:
    """Get a token and look at the bucket, waiting for new permissions to arrive.

    Args:
        written: how many connectors this run has written, for the error.
        wait: pauses for that many seconds.

    Returns:
        Verified, or why this machine can't tell: the identity that the connector is for may be
        that of another one. The smoke test will tell then.

    Raises:
        RegistryError, PartlyDoneError: Google knows the connector's identity and refuses it, also
            after minutes.
    """
    why = ""
    for pause in (*PAUSES, None):
        why = _attempt(client, connector, connector_id)
        if not why:
            return Verdict(verified=True)
        if not _is_refusal(why):
            return Verdict(verified=False, why=why)
        if pause is not None:
            wait(pause)
    raise _refusal(connector, why, written)


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
        except Exception as error:  # ZenML and Google's libraries raise their own, of many kinds
            return _shortened(told(error))
    return ""


def _looks(connector: DesiredConnector) -> Iterator[tuple[str | None, str | None]]:
    yield None, None  # a token
    yield from connector.resources


def _is_refusal(why: str) -> bool:
    return any(word in f" {why} " for word in _REFUSED)


def _refusal(
    connector: DesiredConnector, why: str, written: int
) -> RegistryError | PartlyDoneError:
    who = f" as {connector.principal}" if connector.principal else ""
    what = f"Google refuses the connector {connector.name}{who}"
    if connector.method in KEYLESS:
        fix = "See auth.workload_identity: the identity's values must be those of the token."
    else:
        fix = "See that the service account has its roles, and that its key isn't disabled."
    fix += " Then run the same command again; what was current still is."
    if written:
        return PartlyDoneError(what, why=f"{why}. {written} connectors were written", fix=fix)
    return RegistryError(what, why=why, fix=fix)


def _shortened(text: str) -> str:
    """The first line; what Google's libraries append is their whole exchange."""
    line = text.splitlines()[0].rstrip(". ")
    return line if len(line) <= 300 else f"{line[:297]}..."
