"""Faults while Google Cloud is changed: what may pass is waited for, nothing is made twice."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.conftest import Home
from tests.e2e.google_cloud import Environment, alive, buckets, owner
from tests.environments import only_base
from zenstrap import retry
from zenstrap.errors import PlanChangedError, ZenstrapError, exit_code
from zenstrap.events import Event, ResourceFinished
from zenstrap.interrupt import Interrupt
from zenstrap.retry import PROPAGATION
from zenstrap.running import Audience
from zenstrap_rehearsal import Faults, Rehearsal

pytestmark = pytest.mark.slow  # whole runs against the double of Google Cloud

BUCKET = "acme-ml-dev-zenml-dev"
ACCOUNT = "zenml-dev@acme-ml-dev.iam.gserviceaccount.com"


@pytest.fixture
def dev(cloud: Rehearsal, home: Home, local_training: None) -> Environment:
    home.edit("environments/dev.yaml", only_base)
    return Environment("dev")


def require_once(cloud: Rehearsal) -> None:
    """All that there is belongs to Terraform, which has nothing left to do."""
    workspace, again = Environment("dev").plan()
    assert again.is_empty
    assert set(alive(cloud)) <= {one.id for one in workspace.resources()}
    assert buckets(cloud) == {BUCKET, "acme-ml-dev-tfstate"}


def apis_that_take_their_time(faults: Faults) -> None:
    faults.propagate(2)


def a_busy_google(faults: Faults) -> None:
    faults.add(kind="google_artifact_registry_repository", operation="create", code=429)
    faults.add(kind="google_service_account_key", operation="create", code=503, count=2)


def an_account_that_is_not_known_yet(faults: Faults) -> None:
    faults.service_account_unknown_yet(ACCOUNT)


@pytest.mark.parametrize(
    ("fault", "tries"),
    [(apis_that_take_their_time, 2), (a_busy_google, 2), (an_account_that_is_not_known_yet, 1)],
)
def test_what_may_pass_is_waited_for(
    cloud: Rehearsal,
    dev: Environment,
    waits: list[float],
    fault: Callable[[Faults], None],
    tries: int,
) -> None:
    fault(cloud.faults)
    dev.up()
    assert waits == list(PROPAGATION[:tries])
    require_once(cloud)


def test_what_does_not_pass_ends_after_the_last_wait(
    cloud: Rehearsal, dev: Environment, waits: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retry, "PROPAGATION", PROPAGATION[:2])
    cloud.faults.add(kind="google_project_service", operation="create", code=503, count=1000)
    with pytest.raises(ZenstrapError) as failed:
        dev.up()
    assert exit_code(failed.value) == 1
    assert waits == list(PROPAGATION[:2])
    assert alive(cloud) == []


@pytest.mark.parametrize(
    "permission",
    ["serviceusage.services.enable", "iam.serviceAccounts.setIamPolicy", "storage.buckets.create"],
)
def test_a_missing_permission_is_not_tried_again(
    cloud: Rehearsal, dev: Environment, waits: list[float], permission: str
) -> None:
    dev.prepare()
    cloud.faults.deny(permission)
    with pytest.raises(ZenstrapError) as denied:
        dev.up()
    assert exit_code(denied.value) == 7  # what needs no permission was done
    assert waits == []
    text = str(denied.value)
    assert permission in text and "\n" not in text


def test_interrupted_in_the_midst(cloud: Rehearsal, dev: Environment) -> None:
    def stop(event: Event) -> None:
        if isinstance(event, ResourceFinished) and "google_storage_bucket.this" in event.address:
            dev.run.interrupt.request()

    dev.run.audience = Audience(emit=stop)
    with pytest.raises(ZenstrapError) as interrupted:
        dev.up()
    assert exit_code(interrupted.value) == 130
    assert BUCKET in buckets(cloud) and "google_storage_bucket" in str(interrupted.value)
    workspace, rest = Environment("dev").plan()
    assert not rest.is_empty
    assert set(alive(cloud)) <= {one.id for one in workspace.resources()}

    Environment("dev").up()
    require_once(cloud)


def test_failed_in_the_midst(cloud: Rehearsal, dev: Environment, waits: list[float]) -> None:
    cloud.faults.add(kind="google_service_account_key", operation="create", code=500)
    with pytest.raises(ZenstrapError) as failed:
        dev.up()
    assert exit_code(failed.value) == 7
    assert "google_service_account_key" in str(failed.value)
    assert waits == []

    Environment("dev").up()
    require_once(cloud)


def test_what_somebody_changed_meanwhile_is_not_undone_unseen(
    cloud: Rehearsal, dev: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    def somebody_else(interrupt: Interrupt, seconds: float) -> None:
        bucket = owner(cloud).get_bucket(BUCKET)
        bucket.labels = {**bucket.labels, "stage": "mine"}
        bucket.patch()

    monkeypatch.setattr(Interrupt, "wait", somebody_else)
    cloud.faults.add(kind="google_storage_bucket_iam_member", operation="create", code=503, count=2)
    with pytest.raises(PlanChangedError):
        dev.up()
    assert owner(cloud).get_bucket(BUCKET).labels["stage"] == "mine"
    policy = owner(cloud).bucket(BUCKET).get_iam_policy(requested_policy_version=3)
    assert ACCOUNT not in str(policy.bindings)
