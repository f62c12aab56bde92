"""The three maps of labels that provider 6 keeps.

``labels`` are those of the configuration, ``terraform_labels`` also have the provider's own, and
``effective_labels`` are all labels of the resource, whoever has set them.
"""

from __future__ import annotations

from collections.abc import Mapping

from zenstrap_rehearsal.provider.session import Session
from zenstrap_rehearsal.provider.values import UNKNOWN, Object, wholly_known


def plan_labels(planned: Object, prior: Object | None, session: Session) -> None:
    """Set the two computed maps (in place)."""
    labels = planned.get("labels")
    if not wholly_known(labels):
        planned["terraform_labels"] = planned["effective_labels"] = UNKNOWN
        return
    before = prior or {}
    managed = session.default_labels
    effective = dict(before.get("effective_labels") or {})
    # The provider adds its own label when it creates a resource, and never removes it.
    if prior is None or session.attribution.keys() & effective.keys():
        managed |= session.attribution
    managed |= labels or {}
    for key in before.get("terraform_labels") or {}:
        if key not in managed:
            effective.pop(key, None)
    planned["terraform_labels"] = managed
    planned["effective_labels"] = {**effective, **managed}


def read_labels(state: Object, actual: Mapping[str, str]) -> Object:
    """The three maps of a resource; a label removed outside of Terraform reads as empty."""
    return {
        "labels": {key: actual.get(key, "") for key in state.get("labels") or {}},
        "terraform_labels": {
            key: actual.get(key, "") for key in state.get("terraform_labels") or {}
        },
        "effective_labels": dict(actual),
    }
