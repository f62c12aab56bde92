"""Which view a run gets: by the terminal, the environment and the flags."""

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

    ``--events`` is data and goes to stdout, alone. Everything else is drawn on stderr, with
    ``--json`` too, whose object has stdout to itself: the live tree on a terminal that can move
    its cursor, else plain lines. CI services that pretend to be a terminal set ``CI``. NO_COLOR
    and FORCE_COLOR change colours only, and rich reads them.
    """
    stderr, stdout = stderr or sys.stderr, stdout or sys.stdout
    if events:
        return NdjsonEvents(stdout)
    if stderr.isatty() and environ.get("TERM") not in ("dumb", "unknown") and "CI" not in environ:
        from zenstrap.views.live import LiveTree
        from zenstrap.views.terminal import console_on

        return LiveTree(console_on(stderr))
    return PlainLines(stderr)
