"""What stands on a registration beside its content: whose it is, its version, its content hash."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from zenstrap.registry.model import (
    CONTENT_HASH,
    PROMOTIONS,
    RUN,
    VERSION,
    ActualStack,
    DesiredComponent,
    DesiredConnector,
    DesiredStack,
)

# Records of what happened. They say nothing of what a registration should be.
HISTORICAL: Final = frozenset({RUN, PROMOTIONS})
KEY: Final = "key"
PRINCIPAL: Final = "principal"


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
