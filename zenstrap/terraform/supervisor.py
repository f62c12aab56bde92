"""Runs one Terraform and outlives the zenstrap that started it: a program, never imported.

    python -I -S supervisor.py STATE OWNER ERRORS SECONDS PROGRAM ARGUMENT…

STATE shows users and :mod:`zenstrap.terraform.orphans` what Terraform works on, OWNER is the id of
the process that started this one, ERRORS a descriptor that gets the system's error number if
PROGRAM can't be run. It ends as Terraform does, with the same exit code or by the same signal.

Terraform gets at most one SIGINT, when the owner sends one or has died: at a second SIGINT it gives
up without saving its state. If the owner has died, SIGKILL ends the process group after SECONDS. If
this program is killed too, the kernel sends the SIGINT.
"""

# Every start of Terraform waits for these imports. `signal` takes as long as all of them together,
# because of its enumerations.
import _signal as signal  # type: ignore[import-not-found]
import ctypes
import os
import select
import sys
import time

_PR_SET_PDEATHSIG = 1
_PR_SET_DUMPABLE = 4
_NO_SUCH_PROGRAM = 127

# Seconds between two checks of the owner on systems that don't report its end (no pidfd).
_OWNER_POLL = 1.0


def main(owner: int, errors: int, time_limit: float, command: list[str]) -> None:
    """Never returns."""
    os.set_inheritable(errors, False)
    owner_ends = _ends(owner)
    if os.getppid() != owner:
        os._exit(_NO_SUCH_PROGRAM)  # the owner has died already: start nothing
    woken, waker = os.pipe()
    os.set_blocking(waker, False)
    signal.set_wakeup_fd(waker)
    # A SIGINT that arrives before Terraform has started is for Terraform.
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    for number in (signal.SIGINT, signal.SIGCHLD):
        signal.signal(number, lambda number, frame: None)
    me = os.getpid()
    terraform = os.fork()
    if not terraform:
        _become(command, errors, me)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT])
    os.close(errors)

    asked = False
    deadline = None
    while True:
        ended, status = os.waitpid(terraform, os.WNOHANG)
        if ended:
            break
        timeout = None if owner_ends else _OWNER_POLL
        if deadline is not None:
            timeout = max(0.0, deadline - time.monotonic())
        ready = select.select([woken, *owner_ends], [], [], timeout)[0]
        stop = woken in ready and signal.SIGINT in os.read(woken, 512)
        if deadline is None and os.getppid() != owner:
            deadline = time.monotonic() + time_limit
            owner_ends = []
            stop = True
        if stop and not asked:
            asked = True
            os.kill(terraform, signal.SIGINT)
        if deadline is not None and time.monotonic() >= deadline:
            break
    if deadline is not None or os.getppid() != owner:
        os.killpg(0, signal.SIGKILL)  # this process too
    _end_likewise(status)


def _ends(owner: int) -> list[int]:
    """A descriptor that becomes readable when the owner ends; empty on systems without pidfd."""
    try:
        return [os.pidfd_open(owner)]
    except (AttributeError, OSError):
        return []


def _become(command: list[str], errors: int, parent: int) -> None:
    """Turn this new process into Terraform."""
    try:
        _prctl(_PR_SET_PDEATHSIG, signal.SIGINT)
        if os.getppid() != parent:
            os._exit(_NO_SUCH_PROGRAM)
        # Python ignores the first two, and Terraform would inherit that.
        for number in (signal.SIGPIPE, signal.SIGXFSZ, signal.SIGINT):
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT])
        os.execv(command[0], command)
    except OSError as error:
        os.write(errors, str(error.errno).encode())
    finally:
        os._exit(_NO_SUCH_PROGRAM)


def _end_likewise(status: int) -> None:
    code = os.waitstatus_to_exitcode(status)
    if code < 0:
        _prctl(_PR_SET_DUMPABLE, 0)  # Terraform's core is enough
        signal.signal(-code, signal.SIG_DFL) if -code != signal.SIGKILL else None
        os.kill(os.getpid(), -code)
    os._exit(code)


def _prctl(option: int, value: int) -> None:
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


if __name__ == "__main__":
    main(int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4]), sys.argv[5:])
