"""`python -m zenstrap`, and the command `zenstrap`: what `python run.py` is in a clone."""

from __future__ import annotations

import sys

from zenstrap.cli import main


def run() -> int:
    """The process's exit code."""
    return main(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(run())
