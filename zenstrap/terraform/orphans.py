"""Terraform that outlived the zenstrap which started it: found on this machine, and waited for.

The next run holds the lease by then, so nobody else begins anything; but one Terraform on the
state is at work still. It was told to stop when its owner died (supervisor.py): it finishes the
operation in flight, saves the state and frees its lock. On another machine it can't be seen;
there the lease of a dead owner lasts longer than its Terraform may (process.ORPHAN_SECONDS).
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
from zenstrap.terraform.process import ORPHAN_SECONDS, STATE_VARIABLE, supervised_by, told_apart

_LOOK: Final = 0.5  # seconds between two looks whether it is gone

# The supervisor's own bound comes first; this is for one that was killed too.
_PATIENCE: Final = ORPHAN_SECONDS + 15

_GRACE: Final = 5.0  # seconds for whoever got a signal that ends it at once


@dataclass(frozen=True)
class Running:
    """A process of a Terraform run: its supervisor, itself, its providers, what those started.

    Attributes:
        owned: the zenstrap that started it is alive.
    """

    process: Any
    pid: int
    parent: int
    owned: bool

    def send(self, number: int) -> None:
        """A signal; nothing happens where it is gone, or may not be told."""
        psutil = _psutil()
        try:
            self.process.send_signal(number)  # looks whether the id is still that process's
        except psutil.Error:
            return


def running_on(state: str) -> tuple[Running, ...]:
    """The processes of this machine that Terraform runs on a state consist of.

    Other users' are known by their supervisor alone: only its command line can be read.

    Args:
        state: its place, as given to :func:`zenstrap.terraform.process.run`.
    """
    psutil, state = _psutil(), told_apart(state)
    found = []
    for process in psutil.process_iter(["pid", "ppid", "cmdline", "environ"]):
        facts = process.info
        owner, theirs = supervised_by(facts["cmdline"] or ())
        if owner is None:
            theirs = (facts["environ"] or {}).get(STATE_VARIABLE, "")
        if theirs == state and _shares_our_ids(facts["pid"]):
            owned = owner == facts["ppid"]
            found.append(Running(process, facts["pid"], facts["ppid"], owned))
    return tuple(found)


def wait_until_gone(state: str, *, wait: Callable[[float], None], emit: Emit) -> None:
    """Return when no Terraform of a dead run works on a state any more.

    One that does not end by itself is ended, in good order where it can be.

    Args:
        wait: pauses for some seconds; may raise to give up.

    Raises:
        LockHeldError: a live run's Terraform is at work, or one that can't be ended.
    """
    found = running_on(state)
    if not found:
        return
    if any(one.owned for one in found):
        raise still_running(state, found)
    emit(
        Notice(
            f"Terraform of a killed run is still at work ({_named(found)}). "
            "Waiting until it has finished what it is doing and saved the state.",
            "warning",
        )
    )
    # The supervisor's SIGINT, or the kernel's, came before. Terraform gives up at a second one,
    # which is still better than what follows.
    for number, seconds in ((0, _PATIENCE), (signal.SIGINT, _GRACE), (signal.SIGKILL, _GRACE)):
        for one in _to_be_told(running_on(state), number):
            one.send(number)
        for _ in range(int(seconds / _LOOK)):
            if not (found := running_on(state)):
                return
            wait(_LOOK)
    raise still_running(state, found)


def still_running(state: str, found: Iterable[Running]) -> LockHeldError:
    """The refusal while somebody's Terraform works on a state."""
    pids = _named(found)
    return LockHeldError(
        "Terraform is still at work on this state",
        where=state,
        why=f"It runs on this machine ({pids}), and two at once would lose each other's changes",
        fix=f"Wait until it has ended (`ps -p {pids.partition(' ')[2]}` shows it), "
        "then run this again",
    )


def _to_be_told(found: tuple[Running, ...], number: int) -> Iterable[Running]:
    """Who gets a signal: SIGINT only those at the top, since it would break the others off."""
    if number == signal.SIGKILL:
        return found
    below = {one.pid for one in found}
    return [one for one in found if number and one.parent not in below]


def _named(found: Iterable[Running]) -> str:
    return f"pid {','.join(str(one.pid) for one in found)}"


def _shares_our_ids(pid: int) -> bool:
    """Whether a process is in our process-id namespace: a path means another file elsewhere."""
    if not sys.platform.startswith("linux"):
        return True
    try:
        return os.readlink(f"/proc/{pid}/ns/pid") == os.readlink("/proc/self/ns/pid")
    except PermissionError:
        return True  # another user's
    except OSError:
        return False  # it has ended


def _psutil() -> Any:
    return importlib.import_module("psutil")  # without types
