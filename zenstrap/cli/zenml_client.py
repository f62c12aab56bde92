"""Starts ZenML's client: imports it late, silences it, and converts its errors."""

from __future__ import annotations

import importlib
import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from zenstrap import stopping
from zenstrap.cli.streams import open_streams
from zenstrap.cli.zenml_start import explained, of_a_choice, require_plain_settings
from zenstrap.foreign import kept_apart, speaking
from zenstrap.paths import project_root, require_home
from zenstrap.reach import knock
from zenstrap.waiting import waiting_for
from zenstrap.zenml_private import calls, patches

if TYPE_CHECKING:
    from zenml.client import Client

_SETTINGS = {
    "ZENML_ANALYTICS_OPT_IN": "false",
    "ZENML_ENABLE_RICH_TRACEBACK": "false",
    "ZENML_AUTO_OPEN_DASHBOARD": "false",
}


@contextmanager
def zenml_client(*, debug: bool = False) -> Iterator[Client]:
    """ZenML's client, connected.

    Within this, output of other code doesn't mix with the command's data: output of steps is
    stored in their logs in ZenML, where the dashboard shows it.

    Args:
        debug: show the output of steps and ZenML on standard error, too.

    Raises:
        RegistryError: ZenML or its server can't be reached.
        AuthenticationError: the server refuses the credentials.
    """
    for name, value in _SETTINGS.items():
        os.environ.setdefault(name, value)
    if not sys.stderr.isatty():
        os.environ.setdefault("ZENML_LOGGING_COLORS_DISABLED", "true")
    warnings.simplefilter("ignore", FutureWarning)
    open_streams()
    with kept_apart(shown=debug):
        # ZenML's first start creates its database, and an interrupted creation leaves it unusable.
        notice = stopping.saying("ends as soon as ZenML has started")
        with stopping.current().finishing(notice, checked=True), waiting_for("ZenML to start"):
            client = _connect(quiet=not debug)
        yield client


def _connect(*, quiet: bool) -> Client:
    require_home()
    with speaking():  # ZenML captures the streams that are set when it is imported
        importlib.import_module("zenml")
    from zenstrap.execution import prepare_zenml

    if quiet:
        patches.take_the_log_off_the_terminal()
    require_plain_settings(calls.config_folder())
    calls.find_code_from(project_root())  # independent of the working directory
    try:
        from zenml.client import Client

        prepare_zenml()
        _knock()
        client = Client()
        calls.store_info(client)
    except Exception as error:
        raise explained(error, store_url()) from error
    for what, read in (
        ("project", lambda: client.active_project),
        ("stack", lambda: client.active_stack_model),
    ):
        try:
            read()
        except Exception as error:
            raise of_a_choice(what, error, os.environ) or explained(error, store_url()) from error
    return client


def _knock() -> None:
    """Check quickly that the server answers: ZenML itself tries for half a minute."""
    address = store_url() or ""
    if urlsplit(address).scheme in ("http", "https"):
        knock(address)


def store_url() -> str | None:
    """The address of ZenML's store; None if unknown."""
    if url := os.environ.get("ZENML_STORE_URL"):
        return url
    try:
        return str(calls.store_configuration().url)
    except Exception:
        return None
