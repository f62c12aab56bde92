"""`python run.py` as a process of its own."""

from __future__ import annotations

import sys

from zenstrap.paths import project_root

LIMIT = 300  # seconds; generous, since a busy machine is no failure


RUN = [sys.executable, str(project_root() / "run.py")]
