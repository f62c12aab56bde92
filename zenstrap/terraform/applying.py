"""The result of an apply: its summary, or the error that says what was changed and what wasn't."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from zenstrap.disk import full_error, full_folders, says_full
from zenstrap.errors import (
    AuthenticationError,
    InterruptedRunError,
    LockHeldError,
    PartlyDoneError,
    PlanChangedError,
    TerraformError,
    TerraformTimeoutError,
    ZenstrapError,
    sentence,
)
from zenstrap.events import ResourceAction
from zenstrap.terraform.binary import BINARY_VARIABLE
from zenstrap.terraform.diagnostics import error_from, redacted
from zenstrap.terraform.plan import Plan
from zenstrap.terraform.process import Finished
from zenstrap.terraform.provider import Provider
from zenstrap.terraform.state import StateIdentity
from zenstrap.terraform.stream import ApplyStream, Change

_MOST_NAMED = 3  # resources named in a sentence


@dataclass(frozen=True)
class ApplySummary:
    """A finished apply.

    Attributes:
        changes: in the order in which they finished; a replacement is a create and a destroy.
        seconds: how long Terraform ran.
    """

    changes: tuple[Change, ...]
    seconds: float

    @property
    def created(self) -> int:
        return self._count("create")

    @property
    def updated(self) -> int:
        return self._count("update")

    @property
    def destroyed(self) -> int:
        return self._count("destroy")

    def _count(self, action: ResourceAction) -> int:
        return sum(change.action == action for change in self.changes)


def apply_failure(
    finished: Finished,
    plan: Plan,
    stream: ApplyStream,
    *,
    root: Path,
    state: str,
    rescued: Sequence[Path],
    redact: Callable[[str], str],
    provider: Provider,
) -> ZenstrapError:
    """The error for an apply that did not succeed.

    Args:
        state: path or URL of the state.
        rescued: files that hold the state, because Terraform could not save it to the backend.
    """
    progress = _progress(plan, stream)
    again = "Run the same command again: it continues from the saved state"
    if rescued:
        full = any(says_full(f"{one.summary} {one.detail}") for one in stream.diagnostics)
        return PartlyDoneError(
            f"the state could not be saved{': the disk is full' if full else ''}",
            where=state,
            why=f"{progress} The complete state was saved to {rescued[-1]}",
            fix=f"{'Make room' if full else 'Remove the cause'} and run the same command again: it "
            "restores the state from that file and continues",
        )
    if finished.killed:
        return InterruptedRunError(
            "Terraform was killed before it was done",
            where=str(root),
            why=f"{progress} Resources in progress may exist without being in the state",
            fix=again,
        )
    if finished.stopped == "interrupt":
        return InterruptedRunError(
            "interrupted", where=str(root), why=f"{progress} The state is saved", fix=again
        )
    if finished.stopped == "time limit":
        return TerraformTimeoutError(
            "terraform apply took longer than its time limit and was stopped",
            where=str(root),
            why=f"{progress} The state is saved",
            fix=again,
        )
    error = error_from(
        redacted(stream.diagnostics, redact),
        command="apply",
        where=str(root),
        state=state,
        code=finished.code,
        provider=provider,
    )
    if isinstance(error, LockHeldError | PlanChangedError):
        return error
    why = sentence(error.why) if error.why else ""
    if isinstance(error, AuthenticationError):  # a login can expire during the apply
        if stream.finished:
            error.why = f"{why} {progress} The state is saved".strip()
        return error
    if stream.finished:
        error = PartlyDoneError(
            error.what,
            where=error.where,
            why=f"{why} {progress}".strip(),
            fix=error.fix
            or "Remove the cause and run the same command again: it continues from the saved state",
            command=error.command,
        )
    error.transient = provider.are_passing(stream.diagnostics)
    return error


def unseen(
    plan: Plan,
    stream: ApplyStream,
    *,
    before: StateIdentity | None,
    after: StateIdentity | None,
    program: str,
    state: str,
) -> ZenstrapError | None:
    """The error for an apply that ended well without having done what was approved, if it did so.

    An exit code is no proof: the program may be a wrapper that runs something else, or nothing.
    Terraform itself ends with a summary, also where only outputs change, and has then written the
    state. An update may come to nothing, so only the number of creations is compared.

    Args:
        before: the state before the apply.
        after: the state after it.
        program: the Terraform command.
        state: path or URL of the state.
    """
    creates = sum(change.action in ("create", "replace") for change in plan.changes)
    lasting = any(change.action != "update" for change in plan.changes)
    written = after is not None and after != before
    if stream.added is None:
        if full_folders():  # its output is a file, too
            return full_error("terraform apply ended without the summary of what it did")
        why = "it ended without the summary that Terraform prints after an apply"
    elif stream.added < creates:
        why = f"{creates} creations were approved, and it says that it made {stream.added}"
    elif lasting and not written:
        why = f"it says that it was done, but the state wasn't written ({state})"
    else:
        return None
    changed = "The state was changed all the same" if written else "The state wasn't changed"
    return not_done("apply", program, f"{why}. {changed}")


def not_done(command: str, program: str, why: str) -> TerraformError:
    """The error for a command that ended well, but whose effect isn't to be seen.

    Args:
        program: the Terraform command.
        why: what is missing.
    """
    return TerraformError(
        f"terraform {command} reported success, but what it had to do isn't seen to be done",
        where=program,
        why=f"{sentence(why)} This command is probably a wrapper that doesn't run all of Terraform",
        fix=f"Name Terraform itself ({BINARY_VARIABLE}=/path/to/terraform) or correct the wrapper, "
        "and run the same command again: it makes a new plan",
    )


def _progress(plan: Plan, stream: ApplyStream) -> str:
    """Which planned changes were made, which were cut off and which weren't started."""
    planned = len(plan.changes)
    failed = {change.address for change in stream.failed}
    done = {change.address for change in stream.finished} - failed
    waiting = [change.address for change in plan.changes if change.address not in done | failed]
    if not done:
        parts = ["No resource was changed"]
    else:
        parts = [f"{len(done)} of {planned} changes were made ({_named(sorted(done))})"]
    if failed:
        parts.append(f"not finished: {_named(sorted(failed))}")
    if waiting:
        parts.append(f"not started: {_named(waiting)}")
    return sentence("; ".join(parts))


def _named(addresses: Sequence[str]) -> str:
    rest = len(addresses) - _MOST_NAMED
    named = ", ".join(addresses[:_MOST_NAMED])
    return f"{named} and {rest} more" if rest > 0 else named
