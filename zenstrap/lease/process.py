"""Which process holds a lease, and whether that very process is still running.

A process id alone is ambiguous: ids are reused, and two containers can share a folder, a host name
and the id 7. So an identity also holds the process's start time and the namespace of its id.
"""

from __future__ import annotations

import functools
import importlib
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_ENDED = "ZXx"  # states of a process that has ended and wasn't reaped by its parent yet


@dataclass(frozen=True)
class ProcessIdentity:
    """One process, distinct from every other process that ever had its id.

    Attributes:
        host: the host's name, for display.
        machine: where ``pid`` is unique: one boot of one machine and one process-id namespace
            (Linux), else the host's name.
        started: when the process started, in the system's own unit; only compared for equality.
    """

    host: str
    machine: str
    pid: int
    started: str


def this_process() -> ProcessIdentity:
    """The identity of the calling process, also in a forked child."""
    pid = os.getpid()
    return ProcessIdentity(
        host=os.uname().nodename, machine=_machine(), pid=pid, started=_started(pid) or ""
    )


def is_running(process: ProcessIdentity) -> bool | None:
    """Whether that process is alive; None if this machine can't check it (another machine's)."""
    if process.machine != _machine():
        return None
    started = _started(process.pid)
    if started is not None:
        return started == process.started
    # Some systems hide other users' processes in /proc: only a failed signal proves absence.
    try:
        os.kill(process.pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return None
    return False if _has_ended(process.pid) else None


@functools.cache
def _machine() -> str:
    host = os.uname().nodename
    if not sys.platform.startswith("linux"):
        return host
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        namespace = os.readlink("/proc/self/ns/pid")
    except OSError:
        return f"{host} (unknown boot)"
    return f"{host} {boot} {namespace}"


def _started(pid: int) -> str | None:
    """When a running process started; None if it has ended or is hidden from this user."""
    if sys.platform.startswith("linux"):
        fields = _stat(pid)
        return None if fields is None or fields[0] in _ENDED else fields[19]
    psutil = _psutil()
    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else repr(process.create_time())
    except psutil.Error:
        return None


def _has_ended(pid: int) -> bool:
    if sys.platform.startswith("linux"):
        fields = _stat(pid)
        return fields is not None and fields[0] in _ENDED
    psutil = _psutil()
    try:
        return bool(psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True
    except psutil.Error:
        return False


def _psutil() -> Any:
    return importlib.import_module("psutil")  # takes 30 ms and has no types; not used on Linux


def _stat(pid: int) -> list[str] | None:
    """/proc/PID/stat from its third field on (proc(5)); the second may have spaces and brackets."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except OSError:
        return None
    return text.rpartition(")")[2].split()
