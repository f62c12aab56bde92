"""Records in ZenML's database that something else has changed: named, and never taken for none."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest
from zenml.client import Client

from tests.command_line import CommandLine
from tests.conftest import DATABASE, Home
from zenstrap import runs
from zenstrap.cli.zenml_records import unreadable
from zenstrap.errors import RegistryError
from zenstrap.terraform.state import StateIdentity

SET = "update run_metadata set value = ? where key = ?"


def change(home: Home, statement: str, *values: object) -> None:
    with sqlite3.connect(home.zenml / DATABASE) as database:
        assert database.execute(statement, values).rowcount > 0


@pytest.mark.parametrize(
    ("statement", "record"),
    [
        ("update stack_component set labels = 'garbage'", "stack component default"),
        ("update stack_component set configuration = X'67617262'", "stack component default"),
        ("update stack set labels = X'00ff'", "stack default"),
        ("update stack set created = 'garbage'", "record"),
    ],
)
def test_a_record_that_zenml_cannot_read_is_named(
    home: Home, run: CommandLine, statement: str, record: str
) -> None:
    change(home, statement)
    refused = run("plan", "--env", "local")
    assert refused.code == 1
    told = " ".join(refused.err.split())
    assert record in told and str(home.zenml / DATABASE) in "".join(refused.err.split())
    assert "bug in zenstrap" not in told and "delete that file" not in told
    assert not (home.state / "tracebacks").exists()


def test_what_runs_recorded_is_never_passed_over(
    home: Home, run: CommandLine, client: Client, tmp_path: Path
) -> None:
    assert run("plan", "--env", "local").code == 2
    (found,) = Client().list_pipeline_runs().items
    runs.record_state(str(found.id), StateIdentity("1f0a", 1, 0), str(tmp_path))
    runs.record_end(str(found.id), "done", 3)
    recorded = runs.last_state(Client(), "local", "")
    assert recorded and recorded.state == StateIdentity("1f0a", 1, 0) and recorded.changes == 3
    assert runs.last_states(Client(), "local") == {"": recorded}  # a `plan` has no owner

    whole = dict(Client().get_pipeline_run(found.id).run_metadata)
    sound = {"lineage": "1f0a", "serial": 1, "resources": 0}
    damaged = [
        (runs.STATE, value)
        for value in (
            {},
            3,
            "1f0a",
            {"lineage": 3},
            sound | {"serial": "1"},
            sound | {"resources": -1},
            sound | {"lineage": ""},
        )
    ]
    for key, value in [*damaged, (runs.PLACE, 3), (runs.CHANGES, "3")]:
        change(home, SET, json.dumps(value), key)
        with pytest.raises(RegistryError) as refused:
            runs.last_state(Client(), "local", "")
        assert found.name in refused.value.what and key in str(refused.value.where)
        change(home, SET, json.dumps(whole[key]), key)
    for verb, text in (("plan", "garbage"), ("recover", "null")):
        change(home, SET, text, runs.STATE)
        ended = run(verb, "--env", "local")
        assert ended.code == 1 and found.name in "".join(ended.err.split())


def test_what_zenml_refuses_is_no_unreadable_record(client: Client) -> None:
    for attempt in (
        lambda: client.get_stack("none such"),
        lambda: client.list_pipeline_runs(sort_by="none such"),
        lambda: client.create_stack("default", {}),
    ):
        with pytest.raises(Exception) as refused:
            attempt()
        assert unreadable(refused.value, None) is None
