"""The vocabulary of the diff as plans keep it."""

from __future__ import annotations

from zenstrap.registry.changes import FieldChange, FieldKind


def test_a_field_is_kept_with_what_it_is_and_what_people_call_it() -> None:
    change = FieldChange(kind=FieldKind.LABEL, name="version", before="1.0.0", after="1.1.0")
    assert change.model_dump(mode="json")["field"] == "label version"
    assert FieldChange.model_validate_json(change.model_dump_json()) == change


def test_a_plan_of_an_older_version_is_read_and_shown_as_it_was() -> None:
    older = {"field": "label version", "before": "1.0.0", "after": "1.1.0"}
    assert older.items() <= FieldChange.model_validate(older).model_dump().items()
