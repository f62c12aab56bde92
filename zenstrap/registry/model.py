"""The desired and the actual registry in ZenML, and the labels of registrations."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from pydantic import JsonValue

from zenstrap.redaction import UNKNOWN

MANAGED_BY = "managed_by"
ENVIRONMENT = "environment"
ML_PROJECT = "ml_project"
VERSION = "version"
CONTENT_HASH = "content_hash"
RUN = "run"
PROMOTIONS = "promotions"  # on an alias: its version history, see zenstrap.registry.versions
OWNER = "zenstrap_owner"  # the id of zenstrap.owner.Owner
ZENSTRAP = "zenstrap"  # the value of MANAGED_BY on all of zenstrap's registrations
KEY: Final = "key"
PRINCIPAL: Final = "principal"
# Historical records, which aren't part of a registration's desired content.
HISTORICAL: Final = frozenset({RUN, PROMOTIONS})


@dataclass(frozen=True)
class DesiredConnector:
    """The desired service connector of the base stack or an ML project. Without secrets.

    Attributes:
        type: ZenML's type of connector.
        method: ZenML's authentication method.
        configuration: its non-secret configuration, such as a cloud project's id.
        credential_configuration: external-account's JSON document, which names the source of the
            token and isn't secret itself; None for the other methods.
        principal: e-mail of the service account that it acts as; None if unknown.
        key: fingerprint of the key's id, so that a new key is noticed; None without a key.
        resources: (type, id) of its components' resources that can be verified.
        labels: ownership labels, without content hash and run.
    """

    type: str
    name: str
    method: str
    configuration: Mapping[str, JsonValue]
    project: str | None
    labels: Mapping[str, str]
    credential_configuration: str | None = None
    principal: str | None = None
    key: str | None = None
    resources: tuple[tuple[str, str], ...] = ()

    @property
    def content_hash(self) -> str:
        """Depends on principal, method and configuration, never on a secret."""
        return _hash(
            {
                "method": self.method,
                "configuration": dict(self.configuration),
                "credential_configuration": self.credential_configuration,
                "principal": self.principal,
                "key": self.key,
            }
        )


@dataclass(frozen=True)
class DesiredComponent:
    """One versioned stack component.

    Attributes:
        key: its name in the configuration, which is its type unless the user gave it another.
        type: ZenML's component type, for example ``artifact_store``.
        project: the ML project that it belongs to; None for a shared one.
        labels: ownership labels, without content hash and run.
        connector: its service connector; None if it uses none.
        resource: the resource that it accesses through the connector, if ZenML needs that.
    """

    name: str
    key: str
    type: str
    flavor: str
    configuration: Mapping[str, JsonValue]
    version: str
    project: str | None
    labels: Mapping[str, str]
    connector: DesiredConnector | None = None
    resource: str | None = None

    @property
    def content_hash(self) -> str:
        """Depends on type, flavor and settings, not on labels or the connector."""
        return component_hash(self.type, self.flavor, self.configuration)


@dataclass(frozen=True)
class DesiredStack:
    """One versioned stack and the alias that follows it once it is promoted."""

    name: str
    alias: str
    version: str
    project: str | None
    components: Mapping[str, DesiredComponent]  # by their names in the configuration
    labels: Mapping[str, str]

    @property
    def by_type(self) -> dict[str, tuple[str, ...]]:
        """The registered names of its components, by ZenML's component type."""
        names: dict[str, tuple[str, ...]] = {}
        for component in self.components.values():
            names[component.type] = (*names.get(component.type, ()), component.name)
        return names

    @property
    def content_hash(self) -> str:
        """Covers the content of every component and of the connectors that they use.

        So a change of one component or connector requires a new smoke test.
        """
        return _hash(
            {
                key: [
                    c.name,
                    c.content_hash,
                    *([c.connector.content_hash, c.resource] if c.connector else []),
                ]
                for key, c in self.components.items()
            }
        )


@dataclass(frozen=True)
class DesiredRegistry:
    """The desired registrations of an environment.

    Attributes:
        owner: the owner id in its labels; empty if the environment has none yet.
    """

    environment: str
    stacks: tuple[DesiredStack, ...]
    owner: str = ""

    @property
    def components(self) -> tuple[DesiredComponent, ...]:
        """The components of all stacks, each once, in a stable order."""
        unique = {c.name: c for stack in self.stacks for c in stack.components.values()}
        return tuple(unique[name] for name in sorted(unique))

    @property
    def connectors(self) -> tuple[DesiredConnector, ...]:
        """The connectors of all components, each once, in a stable order."""
        unique = {c.connector.name: c.connector for c in self.components if c.connector}
        return tuple(unique[name] for name in sorted(unique))

    @property
    def names(self) -> frozenset[str]:
        """The names of all desired registrations, including aliases."""
        return frozenset(
            {
                *(connector.name for connector in self.connectors),
                *(component.name for component in self.components),
                *(name for stack in self.stacks for name in (stack.name, stack.alias)),
            }
        )


@dataclass(frozen=True)
class ActualConnector:
    """One service connector as ZenML has it, without its secrets."""

    id: str
    name: str
    type: str
    method: str
    configuration: Mapping[str, JsonValue]
    labels: Mapping[str, str]


@dataclass(frozen=True)
class ActualComponent:
    """One component as ZenML has it; ``connector`` is the name of the linked one."""

    id: str
    name: str
    type: str
    flavor: str
    configuration: Mapping[str, JsonValue]
    labels: Mapping[str, str]
    connector: str | None = None
    resource: str | None = None


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
    """All registrations in ZenML with the environment's prefix, ours or not.

    Attributes:
        owner: the owner id that makes a registration ours. None: any owner, if it is this
            environment's. Empty: the environment has no owner id yet.
        unmarked: whether this environment's registrations without an owner are ours, too: they
            predate owner ids, and Terraform's state is the one that ZenML's runs recorded.
    """

    environment: str
    components: Mapping[tuple[str, str], ActualComponent]  # by (type, name)
    stacks: Mapping[str, ActualStack]
    connectors: Mapping[str, ActualConnector] = field(default_factory=dict)
    owner: str | None = None
    unmarked: bool = True

    def is_ours(self, labels: Mapping[str, str]) -> bool:
        """Whether a registration is this environment's, and its owner's."""
        if not self._is_the_environments(labels):
            return False
        if self.owner is None:
            return True
        owner = labels.get(OWNER)
        return self.unmarked if owner is None else owner == self.owner

    @property
    def unmarked_runs(self) -> frozenset[str]:
        """Names of the runs that wrote this environment's registrations without an owner."""
        return self._runs(lambda labels: OWNER not in labels)

    @property
    def runs_of_others(self) -> frozenset[str]:
        """Names of the runs that wrote another owner's registrations of this environment."""
        return self._runs(lambda labels: not self.is_ours(labels))

    def _runs(self, which: Callable[[Mapping[str, str]], bool]) -> frozenset[str]:
        things = (self.connectors.values(), self.components.values(), self.stacks.values())
        everything = [thing.labels for kind in things for thing in kind]
        return frozenset(
            labels.get(RUN, "")
            for labels in everything
            if self._is_the_environments(labels) and which(labels)
        )

    def _is_the_environments(self, labels: Mapping[str, str]) -> bool:
        return labels.get(MANAGED_BY) == ZENSTRAP and labels.get(ENVIRONMENT) == self.environment

    @property
    def our_connectors(self) -> tuple[ActualConnector, ...]:
        return tuple(c for c in self.connectors.values() if self.is_ours(c.labels))

    @property
    def our_components(self) -> tuple[ActualComponent, ...]:
        return tuple(c for c in self.components.values() if self.is_ours(c.labels))

    @property
    def our_stacks(self) -> tuple[ActualStack, ...]:
        return tuple(s for s in self.stacks.values() if self.is_ours(s.labels))


def component_hash(type_: str, flavor: str, configuration: Mapping[str, JsonValue]) -> str:
    """The content hash of a component, desired or actual."""
    return _hash({"type": type_, "flavor": flavor, "configuration": dict(configuration)})


def connector_labels(connector: DesiredConnector) -> dict[str, str]:
    """All labels of a connector except the run's."""
    shown = {PRINCIPAL: connector.principal, KEY: connector.key}
    return {
        **connector.labels,
        **{name: value for name, value in shown.items() if value},
        CONTENT_HASH: connector.content_hash,
    }


def component_labels(component: DesiredComponent) -> dict[str, str]:
    """All labels of a component except the run's."""
    return {**component.labels, VERSION: component.version, CONTENT_HASH: component.content_hash}


def stack_labels(stack: DesiredStack) -> dict[str, str]:
    """All labels of a stack, or of its alias once promoted, except the historical ones."""
    return {**stack.labels, VERSION: stack.version, CONTENT_HASH: stack.content_hash}


def lasting(labels: Mapping[str, str]) -> dict[str, str]:
    """Labels without the historical ones."""
    return {name: value for name, value in labels.items() if name not in HISTORICAL}


def version_in(name: str) -> str | None:
    """The version in a stack's name; None for an alias. Unlike labels, names can't be edited.

    See :func:`zenstrap.naming.stack_name`: no alias's name ends in a version.
    """
    match = re.search(r"-v([0-9]+\.[0-9]+\.[0-9]+)$", name)
    return match[1] if match else None


def version_of(stack: ActualStack) -> str:
    """The version of a stack or alias; empty if unknown."""
    return version_in(stack.name) or stack.labels.get(VERSION, "")


def is_alias(stack: ActualStack) -> bool:
    """Whether a stack is an alias: the names of all others end in their version."""
    return version_in(stack.name) is None


def _hash(content: object) -> str:
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    if UNKNOWN in text:
        return UNKNOWN
    return hashlib.sha256(text.encode()).hexdigest()[:16]
