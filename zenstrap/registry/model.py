"""ZenML's registry as zenstrap sees it: what is wanted, and what is there."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from pydantic import JsonValue

MANAGED_BY = "managed_by"
ENVIRONMENT = "environment"
ML_PROJECT = "ml_project"
VERSION = "version"
CONTENT_HASH = "content_hash"
RUN = "run"
OWNER = "zenstrap"


@dataclass(frozen=True)
class DesiredComponent:
    """One versioned stack component.

    Attributes:
        type: ZenML's component type, for example ``artifact_store``.
        project: the ML project that it belongs to; None for a shared one.
        labels: ownership labels, without content hash and run.
    """

    name: str
    type: str
    flavor: str
    configuration: Mapping[str, JsonValue]
    version: str
    project: str | None
    labels: Mapping[str, str]

    @property
    def content_hash(self) -> str:
        """Changes with what the component does, not with who asks for it or when."""
        return _hash(
            {"type": self.type, "flavor": self.flavor, "configuration": dict(self.configuration)}
        )


@dataclass(frozen=True)
class DesiredStack:
    """One versioned stack and the alias that follows it once it is promoted."""

    name: str
    alias: str
    version: str
    project: str | None
    components: Mapping[str, DesiredComponent]  # by component type
    labels: Mapping[str, str]

    @property
    def content_hash(self) -> str:
        """Covers the content of every component, so that a change of one asks for a new test."""
        parts = {kind: [c.name, c.content_hash] for kind, c in self.components.items()}
        return _hash(parts)


@dataclass(frozen=True)
class DesiredRegistry:
    """All that an environment wants registered."""

    environment: str
    stacks: tuple[DesiredStack, ...]

    @property
    def components(self) -> tuple[DesiredComponent, ...]:
        """The components of all stacks, each once, in a stable order."""
        unique = {c.name: c for stack in self.stacks for c in stack.components.values()}
        return tuple(unique[name] for name in sorted(unique))

    def stack(self, name: str) -> DesiredStack:
        """The stack of that name."""
        return next(stack for stack in self.stacks if stack.name == name)


@dataclass(frozen=True)
class ActualComponent:
    """One component as ZenML has it."""

    id: str
    name: str
    type: str
    flavor: str
    configuration: Mapping[str, JsonValue]
    labels: Mapping[str, str]


@dataclass(frozen=True)
class ActualStack:
    """One stack as ZenML has it; ``components`` gives names by component type."""

    id: str
    name: str
    components: Mapping[str, tuple[str, ...]]
    labels: Mapping[str, str]
    updated: datetime | None = None


@dataclass(frozen=True)
class ActualRegistry:
    """What bears the environment's prefix in ZenML, ours or not."""

    environment: str
    components: Mapping[tuple[str, str], ActualComponent]  # by (type, name)
    stacks: Mapping[str, ActualStack]

    def is_ours(self, labels: Mapping[str, str]) -> bool:
        """Whether a registration carries this environment's labels."""
        return labels.get(MANAGED_BY) == OWNER and labels.get(ENVIRONMENT) == self.environment

    @property
    def our_components(self) -> tuple[ActualComponent, ...]:
        return tuple(c for c in self.components.values() if self.is_ours(c.labels))

    @property
    def our_stacks(self) -> tuple[ActualStack, ...]:
        return tuple(s for s in self.stacks.values() if self.is_ours(s.labels))


def _hash(content: object) -> str:
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]
