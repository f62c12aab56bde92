"""What is replaced of ZenML: each replacement is in place, and does what it is for."""

from __future__ import annotations

import logging
import re
import signal
import subprocess
import sys
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest
import requests
from requests.adapters import HTTPAdapter

from zenstrap.redaction import know
from zenstrap.zenml_private.patches import (
    call_the_server_with,
    leave_signals_to_us,
    note_packages_without_pip,
    redact_what_zenml_records,
    take_the_log_off_the_terminal,
)

if TYPE_CHECKING:
    from zenml.client import Client

CANARY = "CaNaRy!Pw0rd77/x+y"


def test_the_packages_that_a_run_notes_are_those_that_pip_would_name() -> None:
    from zenml.environment import Environment

    def pinned(lines: list[str]) -> set[str]:
        """Names in their normal form; what is installed from a folder has no version for pip."""
        parts = (line.split("==") for line in lines if "==" in line and line[0] not in "#-")
        return {f"{re.sub('[-_.]+', '-', name).lower()}=={version}" for name, version in parts}

    frozen = subprocess.run(
        [sys.executable, "-m", "pip", "freeze"], capture_output=True, text=True, check=True
    )
    note_packages_without_pip()
    assert pinned(frozen.stdout.splitlines()) <= pinned(Environment.get_python_packages())


def test_zenml_takes_none_around_its_steps() -> None:
    from zenml.orchestrators.signal_handler import SignalHandler

    leave_signals_to_us()
    before = signal.getsignal(signal.SIGINT)
    handler = SignalHandler(step_run=None, execution_mode=None)  # type: ignore[arg-type]
    with handler:
        assert signal.getsignal(signal.SIGINT) == before
    assert signal.getsignal(signal.SIGINT) == before


def test_zenml_records_no_secret(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither in what it keeps of an exception and its causes, nor in what it keeps of logs."""
    from zenml.utils import exception_utils
    from zenml.utils.logging_utils import LoggingContext

    redact_what_zenml_records()
    redact_what_zenml_records()
    know(CANARY)
    try:
        try:
            raise KeyError(CANARY)
        except KeyError as cause:
            raise RuntimeError(f"mysql://a:{CANARY}@h") from cause
    except RuntimeError as error:
        info = exception_utils.collect_exception_information(error)
        caught = sys.exc_info()
    assert "raise RuntimeError" in info.traceback and CANARY not in info.model_dump_json()

    kept: list[logging.LogRecord] = []

    class Kept:
        def emit(self, origin: object, record: logging.LogRecord, metadata: object) -> None:
            kept.append(record)

    context = object.__new__(LoggingContext)
    monkeypatch.setattr(context, "_origin", object(), raising=False)
    monkeypatch.setattr(context, "_log_store", Kept(), raising=False)
    record = logging.LogRecord("x", logging.ERROR, "", 0, "to %s", (CANARY,), caught)
    context.emit(record)
    assert kept and all(CANARY not in repr(vars(one)) for one in kept)
    assert "KeyError" in kept[0].getMessage() and record.args == (CANARY,)


def test_zenmls_log_is_taken_off_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    from zenml.logger import ZenMLConsoleHandler

    root, others = logging.getLogger(), logging.NullHandler()
    monkeypatch.setattr(root, "handlers", [others, ZenMLConsoleHandler()])
    take_the_log_off_the_terminal()
    assert root.handlers == [others]


def test_zenml_calls_its_server_by_the_adapter_that_it_is_given(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from zenml.zen_stores import rest_zen_store
    from zenml.zen_stores.rest_zen_store import RestZenStore, RestZenStoreConfiguration

    class Adapter(HTTPAdapter):
        pass

    def post(url: str, **options: object) -> None:
        raise ConnectionRefusedError(url)

    for name in ("HTTPAdapter", "requests"):
        monkeypatch.setattr(rest_zen_store, name, getattr(rest_zen_store, name))
    call_the_server_with(Adapter, SimpleNamespace(Session=requests.Session, post=post))
    config = RestZenStoreConfiguration(url="http://127.0.0.1:9")
    store = RestZenStore.model_construct(config=config)
    assert isinstance(store.session.get_adapter("http://127.0.0.1:9"), Adapter)
