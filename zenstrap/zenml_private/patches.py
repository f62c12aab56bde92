"""What zenstrap replaces of ZenML in its own process. Each docstring says what, and why."""

from __future__ import annotations

import copy
import functools
import importlib.metadata
import logging
import traceback
from typing import TYPE_CHECKING, Any, Final

from zenstrap.redaction import redact

if TYPE_CHECKING:
    from requests.adapters import HTTPAdapter
    from zenml.models import ExceptionInfo
    from zenml.utils.logging_utils import LoggingContext

_PRINTED: Final = {"stdout": logging.INFO, "stderr": logging.ERROR}  # ZenML's names and levels


def leave_signals_to_us() -> None:
    """Keep ZenML from taking signals around its steps, in this process.

    Its handler asks the database on top of whatever the main thread is at, which may hold that
    database's lock, and breaks that off in the middle. zenstrap.stopping hears them instead.

    Private: ``SignalHandler.register``.
    """
    from zenml.orchestrators.signal_handler import SignalHandler

    SignalHandler.register = lambda self: self  # type: ignore[method-assign]


def note_packages_without_pip() -> None:
    """Let ZenML find the installed packages, which it notes on every run, in this process.

    It starts pip for that, twice a run, which is most of what a small pipeline takes (0.6 s each).

    Private: ``Environment.get_python_packages``.
    """
    from zenml.environment import Environment

    Environment.get_python_packages = staticmethod(_installed_packages)  # type: ignore[method-assign]


def redact_what_zenml_records() -> None:
    """Let no secret stand in the errors and logs that ZenML keeps of runs, in this process.

    Of all runs, a training's too: its steps aren't zenstrap's own. What is printed is kept by
    whole lines, and not by calls as ZenML would: a secret may come in pieces.

    Private: ``LoggingContext.emit`` and ``end``; the name ``ExceptionInfo`` in ``exception_utils``.
    """
    from zenml.models import ExceptionInfo
    from zenml.utils import exception_utils
    from zenml.utils.logging_utils import LoggingContext

    if getattr(LoggingContext.emit, "redacts", False):
        return
    emit, end = LoggingContext.emit, LoggingContext.end

    def exception_info(**fields: Any) -> ExceptionInfo:
        info = ExceptionInfo(**fields)
        message = info.message and redact(info.message)
        return info.model_copy(update={"message": message, "traceback": redact(info.traceback)})

    def emit_redacted(
        self: LoggingContext, record: logging.LogRecord, metadata: dict[str, Any] | None = None
    ) -> None:
        if record.name in _PRINTED and not record.pathname:
            begun = self.__dict__.setdefault("_begun", {})
            text = begun.pop(record.name, "") + record.getMessage()
            whole = 1 + max(text.rfind("\n"), text.rfind("\r"))
            if text[whole:]:
                begun[record.name] = text[whole:]
            record = _with_text(record, text[:whole].rstrip("\r\n"))
        emit(self, _without_secrets(record), metadata)

    def end_with_what_is_begun(self: LoggingContext) -> None:
        for name, text in self.__dict__.pop("_begun", {}).items():
            record = logging.LogRecord(name, _PRINTED[name], "", 0, text, (), None)
            emit(self, _without_secrets(record))
        end(self)

    emit_redacted.redacts = True  # type: ignore[attr-defined]
    exception_utils.ExceptionInfo = exception_info  # type: ignore[attr-defined, assignment]
    LoggingContext.emit = emit_redacted  # type: ignore[method-assign]
    LoggingContext.end = end_with_what_is_begun  # type: ignore[method-assign]


def _without_secrets(record: logging.LogRecord) -> logging.LogRecord:
    """A record with its text redacted, the traceback in it."""
    text = record.getMessage()
    if record.exc_info and record.exc_info[0]:
        text = f"{text}\n{''.join(traceback.format_exception(*record.exc_info))}"
    return _with_text(record, redact(text))


def _with_text(record: logging.LogRecord, text: str) -> logging.LogRecord:
    copied = copy.copy(record)
    copied.msg, copied.args, copied.exc_info, copied.exc_text = text, (), None, None
    return copied


@functools.cache
def _installed_packages() -> list[str]:
    found = {f"{one.name}=={one.version}" for one in importlib.metadata.distributions()}
    return sorted(found, key=str.lower)


def take_the_log_off_the_terminal() -> None:
    """Take away what writes ZenML's log to the terminal.

    Private: ``logger.ZenMLConsoleHandler``, there since ZenML 0.95.
    """
    from zenml.logger import ZenMLConsoleHandler

    root = logging.getLogger()
    for handler in [h for h in root.handlers if isinstance(h, ZenMLConsoleHandler)]:
        root.removeHandler(handler)


def call_the_server_with(adapter: type[HTTPAdapter], requests: object) -> None:
    """Let ZenML's client call its server by another adapter, and log in by other ``requests``.

    Private: the names ``HTTPAdapter`` and ``requests`` in ``rest_zen_store``.
    """
    from zenml.zen_stores import rest_zen_store

    rest_zen_store.HTTPAdapter = adapter  # type: ignore[attr-defined]
    rest_zen_store.requests = requests  # type: ignore[attr-defined, assignment]
