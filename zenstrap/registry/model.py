"""ZenML's registry as zenstrap sees it: what is wanted, what is there, and the labels on both."""

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
PROMOTIONS = "promotions"  # on an alias: which versions it had, see zenstrap.registry.versions
OWNER = "zenstrap_owner"  # whose it is: the id of zenstrap.owner.Owner
ZENSTRAP = "zenstrap"  # what MANAGED_BY says on all that zenstrap registered
KEY: Final = "key"
PRINCIPAL: Final = "principal"
# Records of what happened. They say nothing of what a registration should be.
HISTORICAL: Final = frozenset({RUN, PROMOTIONS})


@dataclass(frozen=True)
class DesiredConnector:
    """One service connector: how an ML project, or the base, reaches its platform. No secret.

    Attributes:
        type: ZenML's type of connector.
        method: ZenML's authentication method.
        configuration: what ZenML shows of its configuration, such as a cloud project's id.
        credential_configuration: external-account's JSON document, which says where a token comes
            from and is no secret itself; None for the other methods.
        principal: e-mail of the service account that it acts as; None where nobody can say.
        key: fingerprint of the key's id, so that another key is noticed; None without a key.
        resources: (type, id) of what its components reach through it and can be looked at.
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
        """Changes with whom it acts as and how; never made from a secret."""
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
        connector: through which it reaches its platform; None for what reaches nothing there.
        resource: what it reaches through the connector, where ZenML wants that said.
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
        """Changes with what the component does, not with who asks for it, when or by which key."""
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
        found: dict[str, tuple[str, ...]] = {}
        for component in self.components.values():
            found[component.type] = (*found.get(component.type, ()), component.name)
        return found

    @property
    def content_hash(self) -> str:
        """Covers the content of every component and of the connectors that they use.

        So a change of one component, or of how it gets in, asks for a new smoke test.
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
    """All that an environment wants registered.

    Attributes:
        owner: the id on all of it; empty where the environment has no owner yet.
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
        """The names of all that is wanted, aliases too."""
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
    """What bears the environment's prefix in ZenML, ours or not.

    Attributes:
        owner: whose is "ours". None: whoever's, as far as it is this environment's. Empty: nobody
            has an id yet.
        unmarked: what is this environment's and names no owner is ours too: it was made before
            there were owners, and Terraform's state is the one that ZenML's runs recorded.
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
        named = labels.get(OWNER)
        return self.unmarked if named is None else named == self.owner

    @property
    def unmarked_runs(self) -> frozenset[str]:
        """Names of the runs that wrote what is of this environment's name, and names no owner."""
        return self._runs(lambda labels: OWNER not in labels)

    @property
    def runs_of_others(self) -> frozenset[str]:
        """Likewise of what is somebody else's."""
        return self._runs(lambda labels: not self.is_ours(labels))

    def _runs(self, which: Callable[[Mapping[str, str]], bool]) -> frozenset[str]:
        things = (self.connectors.values(), self.components.values(), self.stacks.values())
        everything = [one.labels for kind in things for one in kind]
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
    """The content hash of a component, wanted or there."""
    return _hash({"type": type_, "flavor": flavor, "configuration": dict(configuration)})


def connector_labels(connector: DesiredConnector) -> dict[str, str]:
    """All labels of a connector but the run's."""
    shown = {PRINCIPAL: connector.principal, KEY: connector.key}
    return {
        **connector.labels,
        **{name: value for name, value in shown.items() if value},
        CONTENT_HASH: connector.content_hash,
    }


def component_labels(component: DesiredComponent) -> dict[str, str]:
    """All labels of a component but the run's."""
    return {**component.labels, VERSION: component.version, CONTENT_HASH: component.content_hash}


def stack_labels(stack: DesiredStack) -> dict[str, str]:
    """All labels of a stack, or of its alias once promoted, but the records of what happened."""
    return {**stack.labels, VERSION: stack.version, CONTENT_HASH: stack.content_hash}


def lasting(labels: Mapping[str, str]) -> dict[str, str]:
    """Labels without the records of what happened."""
    return {name: value for name, value in labels.items() if name not in HISTORICAL}


def version_in(name: str) -> str | None:
    """The version in a stack's name; None in an alias'. Labels can be edited, names are found by.

    See :func:`zenstrap.naming.stack_name`: no alias can end like one.
    """
    found = re.search(r"-v([0-9]+\.[0-9]+\.[0-9]+)$", name)
    return found[1] if found else None


def version_of(stack: ActualStack) -> str:
    """The version that a stack is, or that an alias stands for; empty where nothing tells."""
    return version_in(stack.name) or stack.labels.get(VERSION, "")


def is_alias(stack: ActualStack) -> bool:
    """Whether a stack is an alias: the name of any other ends in its version."""
    return version_in(stack.name) is None


def _hash(content: object) -> str:
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    if UNKNOWN in text:
        return UNKNOWN
    return hashlib.sha256(text.encode()).hexdigest()[:16]
