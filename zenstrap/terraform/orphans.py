"""Orphaned Terraform processes, whose zenstrap was killed: found on this machine and waited for.

The next run holds the lease by then, so no other run starts; but the killed run's Terraform may
still be working on the state. It got a SIGINT when its zenstrap died (supervisor.py): it finishes
the operation in progress, saves the state and frees its lock. On another machine it can't be found;
there a dead owner's lease lasts longer than its Terraform may (process.ORPHAN_SECONDS).
"""

from __future__ import annotations

import importlib
import os
import signal
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final

from zenstrap.errors import LockHeldError
from zenstrap.events import Emit, Notice
from zenstrap.terraform.process import ORPHAN_SECONDS, STATE_VARIABLE, supervised_by, unique_place

_POLL_SECONDS: Final = 0.5  # between two checks whether it has ended

# Seconds. The supervisor's own time limit ends first; this is for a supervisor that was killed too.
_PATIENCE: Final = ORPHAN_SECONDS + 15

_GRACE: Final = 5.0  # seconds for a process to end after a signal that ends it at once


@dataclass(frozen=True)
class Running:
    """A process of a Terraform run: supervisor, Terraform, its providers or their children.

    Attributes:
        owned: the zenstrap that started it is alive.
    """

    process: Any
    pid: int
    parent: int
    owned: bool

    def send(self, number: int) -> None:
        """Send a signal; does nothing if the process has ended or belongs to another user."""
        psutil = _psutil()
        try:
            self.process.send_signal(number)  # checks that the id is still that process's
        except psutil.Error:
            return


def running_on(state: str) -> tuple[Running, ...]:
    """All processes on this machine that belong to a Terraform run on a state.

    Of other users' runs only the supervisor is found: its command line is all that can be read.

    Args:
        state: its path or URL, as given to :func:`zenstrap.terraform.process.run`.
    """
    psutil, state = _psutil(), unique_place(state)
    processes = []
    for process in psutil.process_iter(["pid", "ppid", "cmdline", "environ"]):
        facts = process.info
        owner, its_state = supervised_by(facts["cmdline"] or ())
        if owner is None:
            its_state = (facts["environ"] or {}).get(STATE_VARIABLE, "")
        if its_state == state and _shares_our_ids(facts["pid"]):
            owned = owner == facts["ppid"]
            processes.append(Running(process, facts["pid"], facts["ppid"], owned))
    return tuple(processes)


def wait_until_gone(state: str, *, wait: Callable[[float], None], emit: Emit) -> None:
    """Return when no Terraform of a dead run works on a state any more.

    One that doesn't end by itself is interrupted, and killed if that doesn't help.

    Args:
        wait: pauses for some seconds; may raise to give up.

    Raises:
        LockHeldError: the Terraform of a live run works on the state, or one that can't be ended.
    """
    processes = running_on(state)
    if not processes:
        return
    if any(process.owned for process in processes):
        raise still_running(state, processes)
    emit(
        Notice(
            f"Terraform of a killed run is still running ({_named(processes)}). "
            "Waiting until it has finished its operation and saved the state.",
            "warning",
        )
    )
    # It already got a SIGINT from the supervisor or the kernel. At a second one Terraform gives up,
    # which is still better than SIGKILL.
    for number, seconds in ((0, _PATIENCE), (signal.SIGINT, _GRACE), (signal.SIGKILL, _GRACE)):
        for process in _recipients(running_on(state), number):
            process.send(number)
        for _ in range(int(seconds / _POLL_SECONDS)):
            if not (processes := running_on(state)):
                return
            wait(_POLL_SECONDS)
    raise still_running(state, processes)


def still_running(state: str, processes: Iterable[Running]) -> LockHeldError:
    """The error while another Terraform works on a state."""
    pids = _named(processes)
    return LockHeldError(
        "Terraform is still running on this state",
        where=state,
        why=f"It runs on this machine ({pids}), and two at once would lose each other's changes",
        fix=f"Wait until it has ended (`ps -p {pids.partition(' ')[2]}` shows it), "
        "then run this again",
    )


def _recipients(processes: tuple[Running, ...], number: int) -> Iterable[Running]:
    """Which processes get a signal: SIGINT only the topmost, since it would abort the others."""
    if number == signal.SIGKILL:
        return processes
    pids = {process.pid for process in processes}
    return [process for process in processes if number and process.parent not in pids]


def _named(processes: Iterable[Running]) -> str:
    return f"pid {','.join(str(process.pid) for process in processes)}"


def _shares_our_ids(pid: int) -> bool:
    """Whether a process is in our process-id namespace: paths may differ in another container."""
    if not sys.platform.startswith("linux"):
        return True
    try:
        return os.readlink(f"/proc/{pid}/ns/pid") == os.readlink("/proc/self/ns/pid")
    except PermissionError:
        return True  # another user's
    except OSError:
        return False  # it has ended


def _psutil() -> Any:
    return importlib.import_module("psutil")  # has no types
