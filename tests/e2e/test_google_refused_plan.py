"""`plan` says what the gate of `up` will say, by the same rules."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cli.registry_state import snapshot
from tests.command_line import CommandLine
from tests.conftest import Home
from tests.e2e.google_cloud import alive
from tests.environments import only_base
from zenstrap_rehearsal import Rehearsal

DEV = "environments/dev.yaml"


def protected(config: dict[str, Any]) -> None:
    config["protection"]["allow_destroy"] = False
    config["retention"]["ttl"] = None


def elsewhere(config: dict[str, Any]) -> None:
    config["gcp"]["bucket_location"] = "EU"


@pytest.mark.slow
def test_a_plan_that_up_would_refuse(
    cloud: Rehearsal, home: Home, run: CommandLine, local_training: None
) -> None:
    for change in (only_base, protected):
        home.edit(DEV, change)
    assert run("up", "--env", "dev", "--yes").code == 0
    before, there = snapshot(), alive(cloud)

    home.edit(DEV, elsewhere)  # the bucket can't be moved
    planned = run("plan", "--env", "dev", "--json")
    assert planned.code == 5, planned.err
    found = planned.json
    assert found["succeeded"] is False and found["exit_code"] == 5 and found["next"] == []
    assert found["plan"]["counts"]["replace"] == 1
    told = run("plan", "--env", "dev")
    assert told.code == 5
    heading, reason = told.out.splitlines()[2:4]
    assert heading == "Refused" and "google_storage_bucket" in reason
    assert "run.py up" not in told.err

    refused = run("up", "--env", "dev", "--yes", "--json")
    assert refused.code == 5
    for part in ("what", "why", "fix", "command"):
        assert refused.json["failure"][part] == found["refusal"][part]
    assert snapshot() == before and alive(cloud) == there


def test_a_check_that_a_plan_goes_on_without_is_no_green_tick(
    cloud: Rehearsal, home: Home, run: CommandLine
) -> None:
    """As shipped, prod trains on Vertex AI, which needs a server; here is a local database."""
    planned = run("plan", "--env", "prod", "--json")
    assert planned.code == 2, planned.err
    found = planned.json
    assert {s["step"]: s["outcome"] for s in found["steps"]}["preflight"] == "warned"
    assert found["refusal"]["step"] == "preflight"
    assert found["next"] == [found["refusal"]["command"]] == ["zenml login https://ADDRESS"]
    stopped = run("up", "--env", "prod", "--yes", "--json")
    assert stopped.code == 64
    assert stopped.json["failure"]["command"] == found["refusal"]["command"]
    assert stopped.json["failure"]["what"] == found["refusal"]["what"]
