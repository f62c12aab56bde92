"""Selects the view of a run by terminal, environment variables and flags."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import IO

from zenstrap.views.ndjson import NdjsonEvents
from zenstrap.views.plain import PlainLines
from zenstrap.views.sink import View


def select(
    stderr: IO[str] | None = None,
    stdout: IO[str] | None = None,
    *,
    events: bool = False,
    environ: Mapping[str, str] = os.environ,
) -> View:
    """The view for this process.

    ``--events`` writes to stdout. Every other view is drawn on stderr, so that stdout holds only
    the object of ``--json``: the live tree on a terminal with cursor control, else plain lines.
    CI services that emulate a terminal set ``CI``. rich reads NO_COLOR and FORCE_COLOR, which
    change colours only.
    """
    stderr, stdout = stderr or sys.stderr, stdout or sys.stdout
    if events:
        return NdjsonEvents(stdout)
    if stderr.isatty() and environ.get("TERM") not in ("dumb", "unknown") and "CI" not in environ:
        from zenstrap.views.live import LiveTree
        from zenstrap.views.terminal import console_on

        return LiveTree(console_on(stderr))
    return PlainLines(stderr)
