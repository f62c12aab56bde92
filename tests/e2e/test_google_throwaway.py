"""An environment that becomes throw-away and is taken down, without an `up` in between."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conftest import Home
from tests.e2e.google_cloud import Environment, buckets, owner
from tests.environments import only_base
from zenstrap.errors import RefusedError
from zenstrap.lifecycle.teardown import destroy
from zenstrap.reports import GateReport, PlanReport
from zenstrap_rehearsal import Rehearsal

pytestmark = pytest.mark.slow  # whole runs against the double of Google Cloud

DEV, BUCKET = "environments/dev.yaml", "acme-ml-dev-zenml-dev"


def kept_for_good(config: dict[str, Any]) -> None:
    config["throwaway"] = False
    config["auth"] = {"method": "implicit"}


def thrown_away(config: dict[str, Any]) -> None:
    config["throwaway"] = True


def test_a_full_bucket_goes_as_the_configuration_says_and_not_as_the_state(
    cloud: Rehearsal, home: Home
) -> None:
    for change in (only_base, kept_for_good):
        home.edit(DEV, change)
    made = Environment("dev")
    made.up()
    for number in range(3):
        owner(cloud).bucket(BUCKET).blob(f"shared/{number}").upload_from_string("weights")
    owner(cloud).bucket(BUCKET).blob("theirs/notes").upload_from_string("not ours")
    with pytest.raises(RefusedError) as refused:
        made.run.platform.require_removable()
    assert "shared/0" in str(refused.value)

    home.edit(DEV, thrown_away)
    gone = Environment("dev")
    workspace = gone.prepare()
    platform = gone.run.platform
    platform.require_removable()
    (told,) = platform.removal_notices()
    assert "theirs/" in told and "shared" not in told
    assert platform.emptied_first(workspace) == f"gs://{BUCKET}"
    given = platform.variables_for_removal(workspace, gone.run)
    plan = workspace.plan(given.values, destroy=True)
    shown = PlanReport(
        environment="dev", direction="down", infrastructure=plan, registrations=(), digest="shown"
    )
    gate = GateReport(environment="dev", digest="shown", approved_by="Ada", how="terminal")
    destroy(shown, gate, gone.run)
    assert BUCKET not in buckets(cloud)
    assert workspace.resources() == ()
