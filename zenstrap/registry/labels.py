"""What stands on a registration beside its content: whose it is, its version, its content hash."""

from __future__ import annotations

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


def is_alias(stack: ActualStack) -> bool:
    """Whether a stack is an alias: the name of any other ends in its version."""
    return not stack.name.endswith(f"-v{stack.labels.get(VERSION, '')}")
