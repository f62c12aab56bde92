"""Whose environment `status` and `history` show."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.command_line import CommandLine
from zenstrap import runs
from zenstrap.runs import RunRecord

ADAS = RunRecord(
    id="1",
    name="local-bootstrap-1",
    command="up",
    status="completed",
    started=None,
    ended=None,
    user="ada",
    host="laptop",
    pid=1,
    changes=1,
    state=None,
    owner="0123456789ab",
)
BENS = replace(ADAS, id="2", name="local-bootstrap-2", user="ben", host="desk", owner="ba98")


@pytest.mark.parametrize("verb", ["history", "status"])
@pytest.mark.parametrize(
    ("records", "told"),
    [
        ([ADAS, ADAS], "This local is owned by ada on laptop: its state isn't on this machine."),
        ([BENS, ADAS], "owned by ada on laptop and owned by ben on desk"),
        ([replace(ADAS, owner="")], ""),  # older than owner ids: it may be this one's
        ([], ""),
    ],
)
def test_another_persons_runs_are_not_shown_as_the_users_own(
    run: CommandLine,
    monkeypatch: pytest.MonkeyPatch,
    verb: str,
    records: list[RunRecord],
    told: str,
) -> None:
    monkeypatch.setattr(runs, "recent_runs", lambda *given, **more: records)
    shown = run(verb, "--env", "local")
    assert shown.code == 0
    everything = " ".join((shown.out + shown.err).split())
    assert told in everything and ("owned by" in everything) == bool(told)
