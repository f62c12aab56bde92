"""The three maps of labels that provider 6 keeps.

``labels`` are those of the configuration, ``terraform_labels`` those and the provider's own, and
``effective_labels`` all that the thing has, whoever put them there.
"""

from __future__ import annotations

from collections.abc import Mapping

from zenstrap_rehearsal.provider.session import Session
from zenstrap_rehearsal.provider.values import UNKNOWN, Object, wholly_known


def plan_labels(planned: Object, prior: Object | None, session: Session) -> None:
    """Fill in the two computed maps (in place)."""
    labels = planned.get("labels")
    if not wholly_known(labels):
        planned["terraform_labels"] = planned["effective_labels"] = UNKNOWN
        return
    before = prior or {}
    mine = session.default_labels
    effective = dict(before.get("effective_labels") or {})
    # The provider adds its own label only to what it makes, and keeps it where it is.
    if prior is None or session.attribution.keys() & effective.keys():
        mine |= session.attribution
    mine |= labels or {}
    for key in before.get("terraform_labels") or {}:
        if key not in mine:
            effective.pop(key, None)
    planned["terraform_labels"] = mine
    planned["effective_labels"] = {**effective, **mine}


def read_labels(state: Object, actual: Mapping[str, str]) -> Object:
    """The three maps of what is there; a label that somebody took away reads as empty."""
    return {
        "labels": {key: actual.get(key, "") for key in state.get("labels") or {}},
        "terraform_labels": {
            key: actual.get(key, "") for key in state.get("terraform_labels") or {}
        },
        "effective_labels": dict(actual),
    }
