"""One resource type or data source."""

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
    """A resource type. Instances are shared by all sessions and hold no state."""

    name: ClassVar[str]
    rules: ClassVar[Rules] = Rules()

    def __init__(self, block: Block) -> None:
        self.block = block

    def problems(self, config: Object) -> Iterator[ProviderError]:
        """The resource type's own validation errors."""
        yield from ()

    def customize(self, planned: Object, prior: Object | None, session: Session) -> None:
        """Set values that the provider knows while planning (in place)."""
        default_project(self.block, planned, session)

    @abstractmethod
    def create(self, planned: Object, session: Session) -> Object:
        """Create the resource; the returned values become the state."""

    @abstractmethod
    def read(self, state: Object, session: Session) -> Object | None:
        """The resource's current values; None if it doesn't exist."""

    def update(self, prior: Object, planned: Object, session: Session) -> Object:
        """Update the resource in place."""
        raise AssertionError(f"{self.name} has no attribute that can be updated")

    @abstractmethod
    def delete(self, state: Object, session: Session) -> None:
        """Delete the resource; not an error if it doesn't exist."""

    @abstractmethod
    def import_state(self, identifier: str, session: Session) -> Object:
        """Enough of a state for `read` to find it.

        Raises:
            ProviderError: the identifier's format is not supported.
        """


class DataSource(ABC):
    """A data source."""

    name: ClassVar[str]

    def __init__(self, block: Block) -> None:
        self.block = block

    @abstractmethod
    def read(self, config: Object, session: Session) -> Object: ...


def default_project(block: Block, planned: Object, session: Session) -> None:
    """Set the provider's project if the configuration has none (in place)."""
    unset = planned.get("project") in (None, "") or planned.get("project") is UNKNOWN
    if "project" in block.attributes and unset and session.project:
        planned["project"] = session.project


def parse_identifier(name: str, identifier: str, *patterns: str) -> dict[str, str]:
    """The parts of an import's identifier.

    Raises:
        ProviderError: it matches none of the patterns.
    """
    for pattern in patterns:
        match = re.fullmatch(pattern, identifier)
        if match:
            return match.groupdict()
    raise ProviderError(
        f"Import id {identifier!r} of {name} doesn't match any of the accepted formats: "
        f"{list(patterns)}"
    )


def first(value: Any) -> Object:
    """The object of a nested block with at most one; empty if there is none."""
    return value[0] if isinstance(value, list) and value else {}
