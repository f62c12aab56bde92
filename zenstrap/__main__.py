"""`python -m zenstrap`, and the command `zenstrap`: what `python run.py` is in a clone."""

from __future__ import annotations

import sys

from zenstrap.signals import end_with


def run() -> int:
    """The process's exit code. Signals are ours from here to the interpreter's end."""
    end_with(130)
    from zenstrap.cli import main

    code = main(sys.argv[1:])
    end_with(code)
    return code


if __name__ == "__main__":
    sys.exit(run())
