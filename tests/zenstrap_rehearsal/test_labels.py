"""The three maps of labels, planned and read as provider 6 does."""

from __future__ import annotations

from pathlib import Path

import pytest

from zenstrap_rehearsal.cloud.core import OWNER_TOKEN, Cloud
from zenstrap_rehearsal.faults import Faults
from zenstrap_rehearsal.provider.labels import plan_labels, read_labels
from zenstrap_rehearsal.provider.session import ATTRIBUTION, Session
from zenstrap_rehearsal.provider.values import UNKNOWN, Object


@pytest.fixture
def session() -> Session:
    cloud = Cloud(["acme"], Faults(lambda _: None), lambda: 0.0)
    made = Session(cloud, {"GOOGLE_OAUTH_ACCESS_TOKEN": OWNER_TOKEN}, Path())
    made.configure({"default_labels": {"team": "ml"}})
    return made


def planned(session: Session, labels: object, prior: Object | None) -> Object:
    value: Object = {"labels": labels}
    plan_labels(value, prior, session)
    return value


def test_a_new_thing_gets_the_providers_labels_too(session: Session) -> None:
    made = planned(session, {"a": "1", "team": "other"}, None)
    assert made["effective_labels"] == {"a": "1", "team": "other", **ATTRIBUTION}
    assert made["terraform_labels"] == made["effective_labels"]


def test_what_is_no_longer_configured_goes_and_what_others_put_stays(session: Session) -> None:
    prior = planned(session, {"a": "1", "b": "2"}, None)
    prior["effective_labels"]["theirs"] = "x"
    changed = planned(session, {"a": "1"}, prior)
    assert changed["effective_labels"] == {"a": "1", "team": "ml", "theirs": "x", **ATTRIBUTION}
    assert changed["terraform_labels"] == {"a": "1", "team": "ml", **ATTRIBUTION}


def test_what_terraform_did_not_make_does_not_become_its_own(session: Session) -> None:
    imported: Object = {"labels": {}, "terraform_labels": {}, "effective_labels": {"theirs": "x"}}
    changed = planned(session, {"a": "1"}, imported)
    assert changed["effective_labels"] == {"a": "1", "team": "ml", "theirs": "x"}


def test_unknown_labels_make_all_unknown(session: Session) -> None:
    made = planned(session, {"a": UNKNOWN}, None)
    assert made["terraform_labels"] == made["effective_labels"] == UNKNOWN


def test_a_label_that_was_taken_away_reads_as_empty() -> None:
    state = {"labels": {"a": "1"}, "terraform_labels": {"a": "1", "team": "ml"}}
    assert read_labels(state, {"team": "ml", "theirs": "x"}) == {
        "labels": {"a": ""},
        "terraform_labels": {"a": "", "team": "ml"},
        "effective_labels": {"team": "ml", "theirs": "x"},
    }
