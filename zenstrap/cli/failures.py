"""Turns any exception of a command into an error that users can act on."""

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

# Names, not classes: ZenML may not be imported yet.
_STOPPED = ("RunStoppedException", "StepHeartBeatTerminationException")
_DATABASE = ("sqlalchemy.", "pymysql.")
_NETWORK = ("requests.", "urllib3.")


def explained(error: BaseException, interrupt: Interrupt | None = None) -> ZenstrapError:
    """The zenstrap error among the causes of an exception, or the one that it stands for.

    Unexpected exceptions become a BugError, whose traceback is in a file.

    Args:
        interrupt: if a stop was requested, other failures are taken for its consequence.
    """
    cause = known(error)
    if isinstance(cause, ZenstrapError):
        return cause
    if isinstance(cause, KeyboardInterrupt):
        return InterruptedRunError("interrupted")
    failure = disk.full_disk(error) or _unreadable(error) or _external(error)
    if interrupt is not None and interrupt.requested:
        return InterruptedRunError("interrupted", why=failure.what if failure else _line(error))
    return failure or _bug(error)


def _unreadable(error: BaseException) -> ZenstrapError | None:
    failure = unreadable(error)
    if failure is not None:
        failure.where = _zenml()  # only if needed: it may import ZenML
    return failure


def _external(error: BaseException) -> ZenstrapError | None:
    """Failures outside of zenstrap: a service, a database, a run that was stopped in ZenML."""
    for cause in causes(error, came_upon=False):
        name, module = type(cause).__name__, type(cause).__module__
        if name in REFUSED_LOGINS:
            return refused_login(_zenml(), _line(cause))
        if name in _STOPPED:
            return InterruptedRunError(
                "the run was stopped in ZenML", why=_line(cause), fix="Run the same command again"
            )
        if module.startswith(_DATABASE):
            return OutOfReachError(
                "ZenML's database failed",
                where=_zenml(),
                why=_line(getattr(cause, "orig", None) or cause),
                fix="Check that no other process locks it and that its disk isn't full, then run "
                "the same command again",
            )
        if module.startswith(_NETWORK) or isinstance(cause, ConnectionError | TimeoutError):
            request = getattr(cause, "request", None)
            return OutOfReachError(
                "a server doesn't answer",
                where=str(getattr(request, "url", "") or _zenml()).partition("?")[0],
                why=_line(cause),
                fix="Check the network and HTTPS_PROXY, then run the same command again",
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
    """The file with the traceback: the run's log if it has one; None if no file can be written."""
    if (log_file := log.current_file()) is not None:
        log.LOGGER.error("a bug in zenstrap", exc_info=error)
        return log_file
    folder = paths.tracebacks_folder()
    file = folder / f"{datetime.now(UTC):%Y-%m-%dT%H-%M-%S}-{os.getpid()}.txt"
    text = redact("".join(traceback.format_exception(error)))
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as stream:
            stream.write(text)
    except OSError:
        return None
    return file
