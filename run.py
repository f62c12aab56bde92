"""`python run.py --env prod`: see `python run.py --help`."""

import os
import signal
import sys


def _end_with(code: int) -> None:
    """What a signal does before the command line listens, and after it."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) != signal.SIG_IGN or number == signal.SIGINT:
            signal.signal(number, lambda *_: os._exit(code))


if __name__ == "__main__":
    _end_with(130)
    from zenstrap.cli import main

    ended = main(sys.argv[1:])
    _end_with(ended)
    sys.exit(ended)
