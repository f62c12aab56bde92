"""`python -m zenstrap` and the command `zenstrap`: the same as `python run.py` in a clone."""

from __future__ import annotations

import sys

from zenstrap.signals import end_with


def run() -> int:
    """Run the command line and return its exit code; a signal ends the process with ours."""
    end_with(130)
    from zenstrap.cli import main

    code = main(sys.argv[1:])
    end_with(code)
    return code


if __name__ == "__main__":
    sys.exit(run())
