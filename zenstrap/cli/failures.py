"""Whatever a command ended with as an error that people can act on."""

from __future__ import annotations

import os
import traceback
from datetime import UTC, datetime
from pathlib import Path

from zenstrap import disk, log, paths
from zenstrap.cli.zenml_records import unreadable
from zenstrap.cli.zenml_start import REFUSED_LOGINS, refused_login
from zenstrap.errors import (
    BugError,
    InterruptedRunError,
    OutOfReachError,
    ZenstrapError,
    causes,
    known,
)
from zenstrap.interrupt import Interrupt
from zenstrap.redaction import redact

# Names, not classes: whoever never got as far as ZenML has not imported it.
_STOPPED = ("RunStoppedException", "StepHeartBeatTerminationException")
_DATABASE = ("sqlalchemy.", "pymysql.")
_NETWORK = ("requests.", "urllib3.")


def explained(error: BaseException, interrupt: Interrupt | None = None) -> ZenstrapError:
    """The error behind what other libraries wrapped around it, or what theirs means.

    What is nobody's fault but zenstrap's own becomes a BugError, whose traceback is in a file.

    Args:
        interrupt: where a stop was requested, what breaks meanwhile is its consequence.
    """
    found = known(error)
    if isinstance(found, ZenstrapError):
        return found
    if isinstance(found, KeyboardInterrupt):
        return InterruptedRunError("interrupted")
    told = disk.full_disk(error) or _unreadable(error) or _theirs(error)
    if interrupt is not None and interrupt.requested:
        return InterruptedRunError("interrupted", why=told.what if told else _line(error))
    return told or _bug(error)


def _unreadable(error: BaseException) -> ZenstrapError | None:
    found = unreadable(error)
    if found is not None:
        found.where = _zenml()  # asked for only then: it may import ZenML
    return found


def _theirs(error: BaseException) -> ZenstrapError | None:
    """What isn't wrong in zenstrap: a service, a database, somebody's wish."""
    for seen in causes(error, came_upon=False):
        name, module = type(seen).__name__, type(seen).__module__
        if name in REFUSED_LOGINS:
            return refused_login(_zenml(), _line(seen))
        if name in _STOPPED:
            return InterruptedRunError(
                "the run was stopped in ZenML", why=_line(seen), fix="Run the same command again"
            )
        if module.startswith(_DATABASE):
            return OutOfReachError(
                "ZenML's database failed",
                where=_zenml(),
                why=_line(getattr(seen, "orig", None) or seen),
                fix="See that nothing else keeps it busy and that its disk isn't full, then run "
                "the same command again",
            )
        if module.startswith(_NETWORK) or isinstance(seen, ConnectionError | TimeoutError):
            request = getattr(seen, "request", None)
            return OutOfReachError(
                "a server doesn't answer",
                where=str(getattr(request, "url", "") or _zenml()).partition("?")[0],
                why=_line(seen),
                fix="Look at the network and HTTPS_PROXY, then run the same command again",
            )
    return None


def _zenml() -> str | None:
    from zenstrap.cli.zenml_client import store_url

    return store_url()


def _line(error: BaseException) -> str:
    text = str(error).strip()
    return f"{type(error).__name__}: {text.splitlines()[0]}" if text else type(error).__name__


def _bug(error: BaseException) -> BugError:
    file = _keep_traceback(error)
    return BugError(
        _line(error),
        where=str(file) if file else None,
        why="This is a bug in zenstrap",
        fix="Report it with the traceback in that file"
        if file
        else "Report it with the traceback that --debug shows",
    )


def _keep_traceback(error: BaseException) -> Path | None:
    """The file that holds it: the run's log, if there is one; None where none can be written."""
    if (log_file := log.current_file()) is not None:
        log.LOGGER.error("a bug in zenstrap", exc_info=error)
        return log_file
    folder = paths.tracebacks_folder()
    file = folder / f"{datetime.now(UTC):%Y-%m-%dT%H-%M-%S}-{os.getpid()}.txt"
    text = redact("".join(traceback.format_exception(error)))
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as written:
            written.write(text)
    except OSError:
        return None
    return file
