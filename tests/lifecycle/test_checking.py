"""Whether ZenML can be reached from where an environment's steps run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from tests.registry.google import configured
from zenstrap.config import EnvironmentConfig
from zenstrap.errors import UsageError, exit_code
from zenstrap.events import Event, Notice
from zenstrap.lifecycle import google_checks
from zenstrap.lifecycle.checking import ZENML_SERVER, diagnose, preflight
from zenstrap.session import Session

if TYPE_CHECKING:
    from zenml.client import Client

    from zenstrap.reports import Check

LOCAL = {"version": "9.0.0", "flavor": "local"}
VERTEX = {"version": "9.0.0", "flavor": "vertex"}


def all_here(**changes: Any) -> EnvironmentConfig:
    """Dev, with everything on this machine but for the changes."""
    return configured(
        "dev",
        **{
            "stack__components__orchestrator": LOCAL,
            "stack__components__step_operator": None,
            "ml_projects__fraud_detection__components__orchestrator": LOCAL,
            "ml_projects__fraud_detection__components__step_operator": None,
            "ml_projects__recommendation__components__orchestrator": LOCAL,
            "ml_projects__recommendation__components__step_operator": None,
            **changes,
        },
    )


def server(config: EnvironmentConfig, client: Client) -> Check:
    return next(check for check in diagnose(config, client) if check.name == ZENML_SERVER)


ELSEWHERE = {
    "vertex": {"stack__components__orchestrator": VERTEX},
    "kubernetes": {
        "stack__components__orchestrator": {**VERTEX, "flavor": "kubernetes", "cluster": "ml"}
    },
    "vm_gcp": {"stack__components__orchestrator": {**VERTEX, "flavor": "vm_gcp"}},
    "airflow": {
        "stack__components__orchestrator": {
            **VERTEX,
            "flavor": "airflow",
            "dag_folder": "gs://composer/dags",
        }
    },
    "step_operator vertex": {"stack__components__step_operator": VERTEX},
    "orchestrator vertex": {"ml_projects__recommendation__components__orchestrator": VERTEX},
}


@pytest.mark.parametrize("runner", ELSEWHERE)
def test_steps_elsewhere_cant_reach_a_database_file(client: Client, runner: str) -> None:
    check = server(all_here(**ELSEWHERE[runner]), client)
    assert not check.passed
    assert runner in check.detail and "zenml login" in check.fix


def test_where_every_step_runs_here_the_file_will_do(client: Client) -> None:
    checks = list(diagnose(all_here(), client))
    assert all(check.passed for check in checks)


@pytest.mark.parametrize(("on_this_machine", "passes"), [(True, False), (False, True)])
def test_a_server_elsewhere_will_do_and_one_on_this_machine_wont(
    client: Client, monkeypatch: pytest.MonkeyPatch, on_this_machine: bool, passes: bool
) -> None:
    """ZenML tells the two apart by the server's id."""
    from zenml.config.global_config import GlobalConfiguration
    from zenml.zen_stores.sql_zen_store import SQLDatabaseDriver

    deployment = client.zen_store.get_store_info().id
    user = deployment if on_this_machine else uuid4()
    monkeypatch.setattr(GlobalConfiguration(), "user_id", user)
    monkeypatch.setattr(client.zen_store.config, "driver", SQLDatabaseDriver.MYSQL)
    assert server(all_here(**ELSEWHERE["vertex"]), client).passed is passes


def test_a_run_stops_there_before_google_is_asked(client: Client) -> None:
    config = all_here(**ELSEWHERE["vertex"])
    with pytest.raises(UsageError, match="orchestrator vertex") as refusal:
        preflight(config, client, Session("dev", "up"))
    assert exit_code(refusal.value) == 64


def test_a_plan_is_shown_all_the_same_with_a_warning(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(google_checks, "google_checks", lambda config, access: [])
    told: list[Event] = []
    report = preflight(
        all_here(**ELSEWHERE["vertex"]), client, Session("dev", "plan", emit=told.append)
    )
    assert [check.name for check in report.checks if not check.passed] == [ZENML_SERVER]
    assert [type(event) for event in told] == [Notice]


def test_what_was_made_before_can_be_taken_away(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(google_checks, "google_checks", lambda config, access: [])
    config = all_here(**ELSEWHERE["vertex"])
    assert preflight(config, client, Session("dev", "down")).checks
