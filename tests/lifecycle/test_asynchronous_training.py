"""A training that the orchestrator takes and lets go: the smoke test waits for its end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from tests.lifecycle.callers import caller
from tests.registry.google import configured
from zenstrap.errors import InterruptedRunError
from zenstrap.execution import TimeLimitReached, run_pipeline_on_stack
from zenstrap.interrupt import Interrupt
from zenstrap.lifecycle.proving import prove
from zenstrap.platforms import platform_of
from zenstrap.registry.changes import Registration
from zenstrap.reports import SmokeTestReport
from zenstrap.running import Run

if TYPE_CHECKING:
    from zenml.client import Client

Happening = Callable[[], None]


class Elsewhere(Interrupt):
    """Other machines: what happens there happens while we wait, one thing a wait."""

    def __init__(self) -> None:
        super().__init__()
        self.happenings: Iterator[Happening] = iter(())
        self.waited: list[float] = []
        self.run: Any = None
        self._work: Happening = lambda: None

    def takes(self, snapshot: Any, stack: Any, placeholder_run: Any, submit: Any) -> None:
        self.run = placeholder_run
        self._work = lambda: submit(snapshot, stack, placeholder_run)

    def works(self) -> None:
        """The pipeline really runs, to its end."""
        self._work()

    def becomes(self, status: str) -> Happening:
        def happen() -> None:
            from zenml.enums import ExecutionStatus
            from zenml.orchestrators.publish_utils import publish_pipeline_run_status_update

            publish_pipeline_run_status_update(self.run.id, ExecutionStatus(status))

        return happen

    def wait(self, seconds: float) -> None:
        self.check()
        self.waited.append(seconds)
        next(self.happenings)()
        self.check()


@pytest.fixture
def elsewhere(client: Client, monkeypatch: pytest.MonkeyPatch) -> Elsewhere:
    from zenml.execution.pipeline import utils

    made, submit = Elsewhere(), utils.submit_pipeline

    def take(snapshot: Any, stack: Any, placeholder_run: Any) -> None:
        made.takes(snapshot, stack, placeholder_run, submit)

    monkeypatch.setattr(utils, "submit_pipeline", take)
    return made


def proven(client: Client, elsewhere: Elsewhere, *happenings: Happening) -> SmokeTestReport:
    from pipelines.smoke_training import smoke_training

    elsewhere.happenings = iter(happenings)
    stack = client.get_stack("default")
    candidate = Registration(
        kind="stack", name=stack.name, id=str(stack.id), version="1.0.0", content_hash="hash"
    )
    config = configured("local")
    run = Run(platform_of(config), "up", interrupt=elsewhere)
    return prove(candidate, smoke_training, caller(), run)


def status(client: Client, elsewhere: Elsewhere) -> str:
    return client.get_pipeline_run(elsewhere.run.id).status.value


def test_it_is_read_when_it_has_ended(client: Client, elsewhere: Elsewhere) -> None:
    waiting = elsewhere.becomes("provisioning")  # running, it couldn't be started here any more
    there = (waiting, waiting, elsewhere.works)
    report = proven(client, elsewhere, *there)
    assert report.passed, report.reason
    assert report.accuracy and report.read_back == "68 of 68"
    assert report.training_run_id == str(elsewhere.run.id)
    assert len(elsewhere.waited) == len(there) and all(elsewhere.waited)


def test_a_training_that_fails_there_proves_nothing(client: Client, elsewhere: Elsewhere) -> None:
    report = proven(client, elsewhere, elsewhere.becomes("running"), elsewhere.becomes("failed"))
    assert not report.passed
    assert "failed" in report.reason


def test_ctrl_c_ends_the_wait(client: Client, elsewhere: Elsewhere) -> None:
    with pytest.raises(InterruptedRunError):
        proven(client, elsewhere, elsewhere.becomes("running"), elsewhere.request)
    assert status(client, elsewhere) == "failed"


def test_the_wait_ends_at_the_time_limit(client: Client, elsewhere: Elsewhere) -> None:
    from pipelines.smoke_training import smoke_training

    def nothing_happens() -> Iterator[Happening]:
        while True:
            yield elsewhere.becomes("running")

    elsewhere.happenings = nothing_happens()
    with pytest.raises(TimeLimitReached):
        run_pipeline_on_stack(
            smoke_training,
            client.get_stack("default").id,
            parameters={"training": None, "data": None},
            caller=caller(),
            time_limit=12,
            interrupt=elsewhere,
            clock=lambda: sum(elsewhere.waited),
        )
    assert sum(elsewhere.waited) == 12
    assert status(client, elsewhere) == "failed"
