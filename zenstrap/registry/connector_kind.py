"""What is peculiar to a platform's service connectors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


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
