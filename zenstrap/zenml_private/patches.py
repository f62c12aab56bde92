"""Patches of ZenML in zenstrap's own process. Each docstring says what is replaced, and why."""

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
    """Keep ZenML from installing signal handlers around its steps, in this process.

    Its handler queries the database while the main thread may hold the database's lock, and aborts
    what the main thread is doing. zenstrap.stopping handles signals instead.

    Private: ``SignalHandler.register``.
    """
    from zenml.orchestrators.signal_handler import SignalHandler

    SignalHandler.register = lambda self: self  # type: ignore[method-assign]


def note_packages_without_pip() -> None:
    """List the installed packages, which ZenML records on every run, without pip.

    ZenML starts pip for that twice per run (0.6 s each): most of the time of a small pipeline.

    Private: ``Environment.get_python_packages``.
    """
    from zenml.environment import Environment

    Environment.get_python_packages = staticmethod(_installed_packages)  # type: ignore[method-assign]


def redact_what_zenml_records() -> None:
    """Redact secrets in the errors and logs that ZenML stores for runs of this process.

    For all runs, also a training's, whose steps aren't zenstrap's own. Printed text is stored by
    whole lines, not by print calls as ZenML does: a secret may be printed in pieces.

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
            partial = self.__dict__.setdefault("_partial_lines", {})
            text = partial.pop(record.name, "") + record.getMessage()
            whole = 1 + max(text.rfind("\n"), text.rfind("\r"))
            if text[whole:]:
                partial[record.name] = text[whole:]
            record = _with_text(record, text[:whole].rstrip("\r\n"))
        emit(self, _without_secrets(record), metadata)

    def end_with_partial_lines(self: LoggingContext) -> None:
        for name, text in self.__dict__.pop("_partial_lines", {}).items():
            record = logging.LogRecord(name, _PRINTED[name], "", 0, text, (), None)
            emit(self, _without_secrets(record))
        end(self)

    emit_redacted.redacts = True  # type: ignore[attr-defined]
    exception_utils.ExceptionInfo = exception_info  # type: ignore[attr-defined, assignment]
    LoggingContext.emit = emit_redacted  # type: ignore[method-assign]
    LoggingContext.end = end_with_partial_lines  # type: ignore[method-assign]


def _without_secrets(record: logging.LogRecord) -> logging.LogRecord:
    """A record with its text redacted, including its traceback."""
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
    packages = {f"{d.name}=={d.version}" for d in importlib.metadata.distributions()}
    return sorted(packages, key=str.lower)


def take_the_log_off_the_terminal() -> None:
    """Remove the handler that writes ZenML's log to the terminal.

    Private: ``logger.ZenMLConsoleHandler``, which exists since ZenML 0.95.
    """
    from zenml.logger import ZenMLConsoleHandler

    root = logging.getLogger()
    for handler in [h for h in root.handlers if isinstance(h, ZenMLConsoleHandler)]:
        root.removeHandler(handler)


def call_the_server_with(adapter: type[HTTPAdapter], requests: object) -> None:
    """Make ZenML's client use another HTTP adapter for calls, and other ``requests`` for its login.

    Private: the names ``HTTPAdapter`` and ``requests`` in ``rest_zen_store``.
    """
    from zenml.zen_stores import rest_zen_store

    rest_zen_store.HTTPAdapter = adapter  # type: ignore[attr-defined]
    rest_zen_store.requests = requests  # type: ignore[attr-defined, assignment]
