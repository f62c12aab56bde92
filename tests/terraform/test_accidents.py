"""What is left after a stop, a failure, a lock or a full disk, with the real Terraform."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from zenstrap.errors import (
    AuthenticationError,
    InterruptedRunError,
    LockHeldError,
    PartlyDoneError,
    TerraformError,
    TerraformTimeoutError,
    ZenstrapError,
)
from zenstrap.events import Event, ResourceFinished
from zenstrap.interrupt import Interrupt
from zenstrap.platforms.gcp.provider import PROVIDER
from zenstrap.terraform.binary import TerraformBinary
from zenstrap.terraform.rescue import find_rescued
from zenstrap.terraform.workspace import TimeLimits, Workspace

from .conftest import FIXTURES, MakeProgram, MakeWorkspace, has_ended, mode, snapshot


@dataclass
class Slow:
    """The fixture that waits, and what happens once it does."""

    began: Path
    go_on: Path
    provisioner: int = 0

    @property
    def variables(self) -> dict[str, str]:
        return {"began": str(self.began), "go_on": str(self.go_on)}

    @contextmanager
    def once_begun(self, act: Callable[[], object]) -> Iterator[None]:
        def watch() -> None:
            self.provisioner = int(self.began.read_text())
            act()

        watcher = threading.Thread(target=watch)
        watcher.start()
        try:
            yield
        finally:
            watcher.join()


@pytest.fixture
def slow(make_pipe: Callable[[str], Path]) -> Slow:
    return Slow(make_pipe("began"), make_pipe("go on"))


def assert_usable(workspace: Workspace, slow: Slow, before: dict[str, bytes | None]) -> None:
    """The state is saved, the lock is free, nothing runs, and the next run converges."""
    identity = workspace.state()
    assert identity is not None and identity.resources >= 1
    assert has_ended(slow.provisioner)
    assert snapshot(workspace.root) == before
    fresh = replace(workspace, interrupt=Interrupt(), limits=TimeLimits())
    plan = fresh.plan(slow.variables)
    assert "terraform_data.first" not in {change.address for change in plan.changes}
    assert not plan.destructive
    with slow.once_begun(lambda: slow.go_on.write_text("go\n")):
        fresh.apply(plan.digest)
    assert fresh.plan(slow.variables).is_empty


def test_ctrl_c_while_applying(
    make_workspace: MakeWorkspace, slow: Slow, events: list[Event]
) -> None:
    before = snapshot(FIXTURES / "slow")
    workspace = make_workspace(FIXTURES / "slow", interrupt=Interrupt())
    plan = workspace.plan(slow.variables)
    handler = signal.signal(signal.SIGINT, lambda *_: workspace.interrupt.request())
    try:
        with (
            slow.once_begun(lambda: os.kill(os.getpid(), signal.SIGINT)),
            pytest.raises(InterruptedRunError) as caught,
        ):
            workspace.apply(plan.digest)
    finally:
        signal.signal(signal.SIGINT, handler)
    assert "1 of 3 changes were made (terraform_data.first)" in str(caught.value)
    assert "not started: terraform_data.last" in str(caught.value)
    assert ResourceFinished("terraform_data.slow", "create", 0.0, succeeded=False) in events
    with pytest.raises(InterruptedRunError):
        workspace.plan(slow.variables)  # nothing new is begun after a stop
    assert_usable(workspace, slow, before)


def test_the_time_limit_while_applying(make_workspace: MakeWorkspace, slow: Slow) -> None:
    before = snapshot(FIXTURES / "slow")
    workspace = make_workspace(FIXTURES / "slow")
    plan = workspace.plan(slow.variables)
    workspace.limits = TimeLimits(apply=1.0)
    with (
        slow.once_begun(lambda: None),
        pytest.raises(TerraformTimeoutError, match=r"1 of 3 .* The state is saved"),
    ):
        workspace.apply(plan.digest)
    assert_usable(workspace, slow, before)


def test_a_renderer_that_fails_orphans_nothing(make_workspace: MakeWorkspace, slow: Slow) -> None:
    before = snapshot(FIXTURES / "slow")
    workspace = make_workspace(FIXTURES / "slow")
    plan = workspace.plan(slow.variables)

    def broken(event: Event) -> None:
        if isinstance(event, ResourceFinished):
            raise ZeroDivisionError

    workspace.emit = broken
    # Stopped before or while the slow one runs; the pipe is opened so that neither side waits.
    descriptor = os.open(slow.began, os.O_RDONLY | os.O_NONBLOCK)
    with pytest.raises(ZeroDivisionError):
        workspace.apply(plan.digest)
    said = os.read(descriptor, 100).decode()
    os.close(descriptor)
    if said:
        slow.provisioner = int(said)
        assert has_ended(slow.provisioner)
    workspace.emit = lambda event: None
    slow.provisioner = slow.provisioner or 2**22 + 1  # no process has that id
    assert_usable(workspace, slow, before)


def test_a_held_lock(make_workspace: MakeWorkspace, slow: Slow) -> None:
    workspace = make_workspace(FIXTURES / "slow")
    plan = workspace.plan(slow.variables)
    second = replace(workspace, run_folder=workspace.run_folder.with_name("2"))
    raised: list[BaseException] = []

    def meanwhile() -> None:
        try:
            second.plan(slow.variables)
        except BaseException as error:
            raised.append(error)
        slow.go_on.write_text("go\n")

    with slow.once_begun(meanwhile):
        workspace.apply(plan.digest)
    (error,) = raised
    assert isinstance(error, LockHeldError) and error.exit_code == 4
    assert "has held it since" in str(error) and "unlock" in str(error)
    assert second.plan(slow.variables).is_empty


def test_a_failure_says_what_was_done(make_workspace: MakeWorkspace) -> None:
    workspace = make_workspace(FIXTURES / "partial")
    plan = workspace.plan({})
    with pytest.raises(PartlyDoneError) as caught:
        workspace.apply(plan.digest)
    assert str(caught.value) == (
        "terraform_data.failing (main.tf:13): local-exec provisioner error. no room left. "
        "1 of 3 changes were made (terraform_data.made); not finished: terraform_data.failing; "
        "not started: terraform_data.waiting. "
        "Remove the cause and run the same command again: it continues from the saved state."
    )


def test_a_login_that_ends_in_the_middle_says_what_was_done(
    make_workspace: MakeWorkspace, tmp_path: Path
) -> None:
    root = Path(shutil.copytree(FIXTURES / "partial", tmp_path / "partial"))
    text = (root / "main.tf").read_text()
    assert "no room left" in text
    (root / "main.tf").write_text(text.replace("no room left", "Error 401: Invalid Credentials"))
    workspace = make_workspace(root, provider=PROVIDER)
    plan = workspace.plan({})
    with pytest.raises(AuthenticationError) as caught:
        workspace.apply(plan.digest)
    assert "1 of 3 changes were made (terraform_data.made)" in str(caught.value)
    state = workspace.state()
    assert state is not None and state.resources


def test_a_state_that_can_not_be_written_is_rescued(
    make_workspace: MakeWorkspace, make_program: MakeProgram, terraform: TerraformBinary,
    tmp_path: Path, capfd: pytest.CaptureFixture[str], events: list[Event],
) -> None:  # fmt: skip
    # As on a full disk: no file may grow beyond one block, but for what it says, which goes on
    # through a pipe. The real emergency state dump.
    root = Path(shutil.copytree(FIXTURES / "large", tmp_path / "large"))
    workspace = make_workspace(root)
    plan = workspace.plan({"password": "hunter2hunter2"})
    limited = make_program(
        f'[ "$1" = apply ] || exec {shlex.join(terraform.command)} "$@"\n'
        f'mkfifo "{tmp_path}/said"; cat "{tmp_path}/said" &\n'
        f'(ulimit -S -f 1; exec {shlex.join(terraform.command)} "$@" > "{tmp_path}/said")\n'
        "code=$?; wait; exit $code",
        name="limited",
    )
    workspace.binary = replace(terraform, command=(str(limited),))
    with pytest.raises(PartlyDoneError) as caught:
        workspace.apply(plan.digest)
    (found,) = find_rescued([workspace.data_folder.parent])
    rescued = found.file
    assert str(rescued) in str(caught.value)
    assert mode(rescued) == 0o600
    assert json.loads(rescued.read_text())["resources"][0]["name"] == "large"
    assert [path.name for path in root.iterdir()] == ["main.tf"]
    seen = f"{caught.value!r} {caught.value} {events} {capfd.readouterr()}"
    assert "hunter2" not in seen

    # The next run puts it in its place.
    workspace.binary = terraform
    workspace.storage.write("local", found.content)
    assert workspace.plan({"password": "hunter2hunter2"}).is_empty


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("kill -KILL $$", "killed by signal 9"),
        ("echo 'panic: runtime error' >&2; exit 2", "exit code was 2, and it printed no error"),
        ("echo nonsense; exit 1", "exit code was 1"),
    ],
)
def test_crashes(
    body: str, message: str, make_workspace: MakeWorkspace, make_program: MakeProgram,
    terraform: TerraformBinary,
) -> None:  # fmt: skip
    workspace = make_workspace(FIXTURES / "partial")
    plan = workspace.plan({})
    program = make_program(f'[ "$1" = apply ] || exec {shlex.join(terraform.command)} "$@"\n{body}')
    workspace.binary = replace(terraform, command=(str(program),))
    with pytest.raises(TerraformError, match=message) as caught:
        workspace.apply(plan.digest)
    assert caught.value.leaves_lock == ("KILL" in body)


SILENT = "exit 0"
"""What a wrapper does that swallows a command."""

TALKATIVE = """echo '{"type":"change_summary","changes":{"add":9,"operation":"apply"}}'"""
"""A wrapper that says that all was done, as one does that replays a log."""

MODEST = """echo '{"type":"change_summary","changes":{"add":0,"operation":"apply"}}'"""


def behind(
    make_program: MakeProgram, terraform: TerraformBinary, command: str, body: str
) -> TerraformBinary:
    """Terraform behind a wrapper that does something else than ``command``."""
    real = f'{shlex.join(terraform.command)} "$@"'
    program = make_program(f'case "$*" in {command}*) ;; *) exec {real} ;; esac\n{body}')
    return replace(terraform, command=(str(program),))


@pytest.mark.parametrize("body", [SILENT, "echo 'Apply complete!'", TALKATIVE, MODEST])
def test_an_apply_that_only_says_so(
    body: str, make_workspace: MakeWorkspace, make_program: MakeProgram,
    terraform: TerraformBinary,
) -> None:  # fmt: skip
    """Exit code 0 is no proof: neither of an apply nor of a destroy."""
    workspace = make_workspace(FIXTURES / "outputs")
    plan = workspace.plan({"said": "one"})
    workspace.binary = behind(make_program, terraform, "apply", body)
    with pytest.raises(TerraformError, match="probably a wrapper") as caught:
        workspace.apply(plan.digest)
    assert caught.value.where == workspace.binary.command[0]
    assert "The state wasn't changed" in str(caught.value.why)

    workspace.binary = terraform
    workspace.apply(workspace.plan({"said": "one"}).digest)
    away = workspace.plan({"said": "one"}, destroy=True)
    workspace.binary = behind(make_program, terraform, "apply", body)
    with pytest.raises(TerraformError, match="probably a wrapper"):
        workspace.apply(away.digest)


def test_an_apply_of_outputs_alone(
    make_workspace: MakeWorkspace, make_program: MakeProgram, terraform: TerraformBinary
) -> None:
    workspace = make_workspace(FIXTURES / "outputs")
    workspace.apply(workspace.plan({"said": "one"}).digest)
    plan = workspace.plan({"said": "two"})
    assert plan.changed_outputs and not plan.changes
    workspace.binary = behind(make_program, terraform, "apply", SILENT)
    with pytest.raises(TerraformError, match="probably a wrapper"):
        workspace.apply(plan.digest)

    workspace.binary = terraform
    workspace.apply(plan.digest)
    assert workspace.outputs()["said"].value == "two"
    workspace.apply(workspace.plan({"said": "two"}, destroy=True).digest)
    assert not workspace.resources()


def test_a_summary_behind_a_wrappers_own_words(
    make_workspace: MakeWorkspace, make_program: MakeProgram, terraform: TerraformBinary
) -> None:
    real = f'{shlex.join(terraform.command)} "$@"'
    workspace = make_workspace(FIXTURES / "outputs")
    plan = workspace.plan({"said": "one"})
    prefixed = f"{real} | sed 's/^/12:00:00 /'"
    workspace.binary = behind(make_program, terraform, "apply", prefixed)
    assert workspace.apply(plan.digest).created == 1


def test_what_is_not_forgotten_or_imported_is_seen(
    make_workspace: MakeWorkspace, make_program: MakeProgram, terraform: TerraformBinary
) -> None:
    """A plan after it would destroy what was to be kept."""
    workspace = make_workspace(FIXTURES / "outputs")
    workspace.apply(workspace.plan({"said": "one"}).digest)
    workspace.binary = behind(make_program, terraform, "state", SILENT)
    with pytest.raises(TerraformError, match=r"still in the state: terraform_data\.thing"):
        workspace.forget(["terraform_data.thing"])
    workspace.binary = terraform
    workspace.forget(["terraform_data.thing"])
    workspace.binary = behind(make_program, terraform, "import", SILENT)
    with pytest.raises(TerraformError, match="1 resource should be in the state now, 0 came"):
        workspace.take_over({"terraform_data.thing": "some"}, {"said": "one"})


def test_a_summary_that_found_no_room_is_a_full_disk(
    make_workspace: MakeWorkspace, make_program: MakeProgram, terraform: TerraformBinary,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    workspace = make_workspace(FIXTURES / "outputs")
    plan = workspace.plan({"said": "one"})
    workspace.binary = behind(make_program, terraform, "apply", SILENT)
    monkeypatch.setattr("zenstrap.terraform.applying.full_folders", lambda: ("/tmp",))
    with pytest.raises(ZenstrapError, match="the disk is full"):
        workspace.apply(plan.digest)


def test_rubbish_for_a_plan_or_outputs(
    make_workspace: MakeWorkspace, make_program: MakeProgram, terraform: TerraformBinary
) -> None:
    workspace = make_workspace(FIXTURES / "partial")
    workspace.plan({})
    workspace.binary = replace(terraform, command=(str(make_program("echo '{hunter2'")),))
    for attempt in (lambda: workspace.shown(workspace.plan_file), workspace.outputs):
        with pytest.raises(TerraformError, match="can't be read") as caught:
            attempt()
        context = caught.value.__context__
        assert "hunter2" not in f"{caught.value!r} {context!r} {getattr(context, 'doc', '')}"


def test_a_hang_ends(
    make_workspace: MakeWorkspace, make_program: MakeProgram, terraform: TerraformBinary,
    make_pipe: Callable[[str], Path],
) -> None:  # fmt: skip
    pipe = make_pipe("never")
    workspace = make_workspace(FIXTURES / "partial")
    workspace.binary = replace(terraform, command=(str(make_program(f"cat '{pipe}'")),))
    workspace.limits = TimeLimits(plan=0.1, grace=0.1)
    with pytest.raises(TerraformTimeoutError, match="longer than its time limit"):
        workspace.plan({})
