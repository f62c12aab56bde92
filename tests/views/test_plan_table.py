"""The one table before a change, as people see it."""

from __future__ import annotations

import io

import pytest

from tests.views import examples
from tests.views.conftest import Golden
from zenstrap.registry.changes import Action, FieldChange, FieldKind, Kind, RegistrationChange
from zenstrap.terraform.plan import AttributeChange
from zenstrap.views.plan_table import PlanTable, plain_plan, summary_line
from zenstrap.views.terminal import console_on

PROTECTED = frozenset({"google_storage_bucket"})


@pytest.mark.parametrize("width", [60, 100])
def test_a_plan_with_everything_in_it(golden: Golden, width: int) -> None:
    golden(f"plan-{width}.txt", plain_plan(examples.PLAN, width=width, protected_types=PROTECTED))


def test_a_refusal_stands_first() -> None:
    first, _, refused, reason = plain_plan(examples.REFUSED_PLAN).splitlines()[:4]
    assert first == "Plan for prod" and refused == "Refused"
    assert reason.strip() == "the plan for prod is refused: a.b would be deleted."
    assert "refused" not in plain_plan(examples.PLAN).lower()


def test_taking_down(golden: Golden) -> None:
    golden("plan-down.txt", plain_plan(examples.DOWN_PLAN))


def test_nothing_to_change(golden: Golden) -> None:
    golden("plan-empty.txt", plain_plan(examples.EMPTY_PLAN))


@pytest.mark.parametrize("width", [40, 60, 80, 200])
def test_nothing_is_wider_than_the_terminal(width: int) -> None:
    for plan in (examples.PLAN, examples.HOSTILE_PLAN):
        assert max(map(len, plain_plan(plan, width=width).splitlines())) <= width


def test_both_ends_of_a_long_value_are_shown() -> None:
    long = '"' + "a" * 300 + "b" * 300 + '"'
    change = examples.resource(
        "update",
        "a.google_storage_bucket.b",
        attributes=(AttributeChange(path="x", before=long, after='"new"'),),
    )
    plan = examples.EMPTY_PLAN.model_copy(
        update={"infrastructure": examples.infrastructure(change)}
    )
    (line,) = [line for line in plain_plan(plan).splitlines() if "x: " in line]
    assert '"aaa' in line and "…" in line and 'bbb" → "new"' in line


def test_very_many_attributes_are_counted_and_those_that_force_come_first() -> None:
    attributes = tuple(AttributeChange(path=f"a{n}", before="1", after="2") for n in range(40))
    change = examples.resource(
        "replace", "a.google_storage_bucket.b", attributes=attributes, forced_by=("a39", "hidden")
    )
    plan = examples.EMPTY_PLAN.model_copy(
        update={"infrastructure": examples.infrastructure(change)}
    )
    text = plain_plan(plan)
    assert "and 28 more" in text
    assert text.index("a39: 1 → 2  forces replacement") < text.index("a0: ")
    assert "hidden  forces replacement" in text


def test_a_content_hash_is_shown_only_where_nothing_else_says_what_changes() -> None:
    def update(*fields: FieldChange) -> str:
        change = RegistrationChange(kind=Kind.STACK, action=Action.UPDATE, name="s", fields=fields)
        return plain_plan(examples.EMPTY_PLAN.model_copy(update={"registrations": (change,)}))

    content = FieldChange(kind=FieldKind.LABEL, name="content_hash", before="aa", after="bb")
    assert "aa → bb" in update(content)
    setting = FieldChange(kind=FieldKind.SETTING, name="x", before="1", after="2")
    assert "aa → bb" not in update(content, setting)


def test_the_summary_line_counts_everything() -> None:
    assert summary_line(examples.PLAN) == (
        "Plan: 2 to create, 1 to update, 2 to replace, 1 to destroy; "
        "4 registrations to create, 1 to update, 1 to promote."
    )
    assert summary_line(examples.DOWN_PLAN) == (
        "Plan: 0 to create, 0 to update, 2 to destroy; 3 registrations to delete."
    )


def test_colour_comes_with_a_terminal_and_goes_with_no_color(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def drawn() -> str:
        stream = io.StringIO()
        console_on(stream).print(PlanTable(examples.PLAN))
        return stream.getvalue()

    assert "\x1b" not in drawn()
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x1b[32m" in drawn()
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[32m" not in drawn()


def test_a_plan_of_outputs_alone_names_no_resource() -> None:
    # The first run with other modules that make the same things.
    infrastructure = examples.EMPTY_PLAN.infrastructure.model_copy(
        update={"changed_outputs": ("components",)}
    )
    plan = examples.EMPTY_PLAN.model_copy(update={"infrastructure": infrastructure})
    assert not plan.is_empty and plan.headline == "nothing to change but Terraform's outputs"
    assert "outputs  components" in plain_plan(plan)
