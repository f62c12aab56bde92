"""One kind of thing that Terraform manages or reads."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, ClassVar

from zenstrap_rehearsal.provider.blocks import Block
from zenstrap_rehearsal.provider.rules import ProviderError, Rules
from zenstrap_rehearsal.provider.values import UNKNOWN, Object

if TYPE_CHECKING:
    from zenstrap_rehearsal.provider.session import Session


class Kind(ABC):
    """A kind of resource. Instances are shared by all sessions and hold no state."""

    name: ClassVar[str]
    rules: ClassVar[Rules] = Rules()

    def __init__(self, block: Block) -> None:
        self.block = block

    def problems(self, config: Object) -> Iterator[ProviderError]:
        """What this kind alone refuses while validating."""
        yield from ()

    def customize(self, planned: Object, prior: Object | None, session: Session) -> None:
        """Fill in (in place) what the provider knows while planning."""
        default_project(self.block, planned, session)

    @abstractmethod
    def create(self, planned: Object, session: Session) -> Object:
        """Make it; what is returned becomes the state."""

    @abstractmethod
    def read(self, state: Object, session: Session) -> Object | None:
        """How it is now; None if it is gone."""

    def update(self, prior: Object, planned: Object, session: Session) -> Object:
        """Change it in place."""
        raise AssertionError(f"{self.name} has nothing that can be updated")

    @abstractmethod
    def delete(self, state: Object, session: Session) -> None:
        """Take it away; it is no error if it is gone."""

    @abstractmethod
    def import_state(self, identifier: str, session: Session) -> Object:
        """Enough of a state for `read` to find it.

        Raises:
            ProviderError: the identifier has no form that this kind knows.
        """


class DataSource(ABC):
    """A kind of thing that is only read."""

    name: ClassVar[str]

    def __init__(self, block: Block) -> None:
        self.block = block

    @abstractmethod
    def read(self, config: Object, session: Session) -> Object: ...


def default_project(block: Block, planned: Object, session: Session) -> None:
    """The provider's project where the configuration names none."""
    unset = planned.get("project") in (None, "") or planned.get("project") is UNKNOWN
    if "project" in block.attributes and unset and session.project:
        planned["project"] = session.project


def parse_identifier(name: str, identifier: str, *patterns: str) -> dict[str, str]:
    """What an import's identifier says.

    Raises:
        ProviderError: it fits none of the patterns.
    """
    for pattern in patterns:
        found = re.fullmatch(pattern, identifier)
        if found:
            return found.groupdict()
    raise ProviderError(
        f"Import id {identifier!r} of {name} doesn't match any of the accepted formats: "
        f"{list(patterns)}"
    )


def first(value: Any) -> Object:
    """The one object of a nested block that is there at most once; empty if it isn't."""
    return value[0] if isinstance(value, list) and value else {}
