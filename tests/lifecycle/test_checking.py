"""Whether ZenML can be reached from where an environment's steps run."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from tests.registry.google import configured
from zenstrap.cli import doctor
from zenstrap.cli.options import Options
from zenstrap.config import EnvironmentConfig
from zenstrap.errors import AuthenticationError, UsageError, exit_code
from zenstrap.events import Event, Notice
from zenstrap.lifecycle.checking import (
    ZENML_SERVER,
    _smoke_test,
    diagnose,
    diagnose_first,
    preflight,
)
from zenstrap.platforms import platform_of
from zenstrap.platforms.base import NamedCheck, Unknown
from zenstrap.platforms.gcp import checks as google_checks
from zenstrap.platforms.gcp.errors import GoogleError
from zenstrap.request import Request
from zenstrap.running import Audience, Run

if TYPE_CHECKING:
    from zenml.client import Client

    from zenstrap.platforms.gcp.access import GoogleAccess
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
    return next(
        check for check in diagnose(platform_of(config), client) if check.name == ZENML_SERVER
    )


TRAINING = {ZENML_SERVER, "google_packages", "smoke_test"}
MAKING = {"google_permissions", "google_regions", "service_account_keys"}
APPLYING = {"terraform", "google_apis", "google_provider"}

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
    assert runner in check.detail and check.command.startswith("zenml login ")


def test_where_every_step_runs_here_the_file_will_do(client: Client) -> None:
    checks = list(diagnose(platform_of(all_here()), client))
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


def google_is(monkeypatch: pytest.MonkeyPatch, *looks: Callable[[], str]) -> list[Check]:
    named = [NamedCheck(look.__name__, look) for look in looks]
    monkeypatch.setattr(google_checks, "google_checks", lambda config, access: named)
    names = {one.name for one in named}
    return [one for one in diagnose_first(platform_of(all_here())) if one.name in names]


def login() -> str:
    raise AuthenticationError("nobody is logged in", fix="Log in")


def project() -> str:
    return login()


def policies() -> str:
    return Unknown("they can't be read")


def regions() -> str:
    raise GoogleError("there is no such region")


def test_what_could_not_be_found_out_is_told_apart_from_what_failed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = google_is(monkeypatch, login, project, policies, regions)
    assert [(one.name, one.passed, one.known, one.exit_code) for one in found] == [
        ("login", False, True, 3),
        ("project", False, False, 0),
        ("policies", True, False, 0),
        ("regions", False, True, 1),
    ]


@pytest.mark.parametrize(
    ("looks", "code", "marks"),
    [
        ((policies,), 0, ["--"]),
        ((regions, policies), 1, ["FAIL", "--"]),
        ((login, project), 3, ["FAIL", "--"]),
        ((regions, login), 3, ["FAIL", "FAIL"]),
    ],
)
def test_doctor_ends_as_a_run_would_without_a_login(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    looks: tuple[Callable[[], str], ...],
    code: int,
    marks: list[str],
) -> None:
    checks = google_is(monkeypatch, *looks)
    monkeypatch.setattr(doctor, "diagnose_first", lambda platform: iter(checks))
    monkeypatch.setattr(doctor, "diagnose", lambda platform, client, placed: iter(()))
    monkeypatch.setattr(doctor, "zenml_client", lambda debug: nullcontext())
    options = Options(environment="dev")
    assert doctor.doctor(all_here(), options) == code
    names = {look.__name__ for look in looks}
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert [line[0] for line in lines if line[1].rstrip(":") in names] == marks


def test_a_run_stops_there_before_google_is_asked(client: Client) -> None:
    config = all_here(**ELSEWHERE["vertex"])
    with pytest.raises(UsageError, match="orchestrator vertex") as refusal:
        preflight(client, Run(platform_of(config), "up"))
    assert exit_code(refusal.value) == 64


def test_a_plan_is_shown_all_the_same_with_a_warning(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(google_checks, "google_checks", lambda config, access: [])
    told: list[Event] = []
    config = all_here(**ELSEWHERE["vertex"])
    report = preflight(
        client, Run(platform_of(config), "plan", audience=Audience(emit=told.append))
    )
    assert [check.name for check in report.checks if not check.passed] == [ZENML_SERVER]
    assert [type(event) for event in told] == [Notice]


@pytest.mark.parametrize(
    ("command", "trains", "without"),
    [
        ("down", True, TRAINING | MAKING),
        ("rollback", False, TRAINING | MAKING | APPLYING),
        ("rollback", True, MAKING | APPLYING),
    ],
)
def test_a_command_needs_only_what_it_uses(
    client: Client,
    monkeypatch: pytest.MonkeyPatch,
    command: str,
    trains: bool,
    without: set[str],
) -> None:
    """A training that can't be imported, steps on machines that don't reach ZenML, no Terraform."""

    real = google_checks.google_checks

    def checks_of_google(config: EnvironmentConfig, access: GoogleAccess) -> list[NamedCheck]:
        return [
            replace(one, look=partial(_refuse if one.name in without else str, one.name))
            for one in real(config, access)
        ]

    monkeypatch.setattr(google_checks, "google_checks", checks_of_google)
    if "terraform" in without:
        monkeypatch.setenv("ZENSTRAP_TERRAFORM", "/nowhere/terraform")
    hopeless = {**ELSEWHERE["vertex"], "smoke_test__training": "not.installed:train"}
    config = all_here(**(hopeless if "smoke_test" in without else {}))
    report = preflight(client, Run(platform_of(config), command, Request(smoke_test=trains)))
    assert {*GOOGLE} - without <= {check.name for check in report.checks}


GOOGLE = (
    "google_login",
    "google_packages",
    "google_project",
    "google_apis",
    "google_permissions",
    "google_regions",
    "state_bucket",
    "artifact_bucket",
    "google_provider",
    "service_account_keys",
)


def _refuse(name: str) -> str:
    raise GoogleError(name)


def test_one_s_own_table_is_named(tmp_path: Path) -> None:
    """Without its name it looks as if the built-in table were used."""
    table = tmp_path / "table.csv"
    table.write_text("size,kind\n" + "".join(f"{n},{'ab'[n % 2]}\n" for n in range(12)))
    own = _smoke_test(all_here(smoke_test__data=str(table)))
    assert f"built-in training on {table}" in own
    assert _smoke_test(all_here()) == "built-in training"
