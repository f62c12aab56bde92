"""``python -m zenstrap.rehearsal [--project ID] --shell COMMAND…``: a command in a rehearsal."""

from __future__ import annotations

import argparse
import os
import shlex
import signal
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from zenstrap import invocation, rehearsal
from zenstrap.errors import ZenstrapError, exit_code
from zenstrap.signals import STOPPING


def main(arguments: list[str] | None = None) -> int:
    """Run the command; its exit code is ours."""
    parser = argparse.ArgumentParser(
        prog="python -m zenstrap.rehearsal",
        description="Run a command against an embedded double of Google Cloud.",
    )
    parser.add_argument("--project", metavar="ID", action="append", help="a project that exists")
    parser.add_argument("--api", metavar="NAME", action="append", help="an API that is enabled")
    parser.add_argument("--shell", metavar="COMMAND", nargs=argparse.REMAINDER, required=True)
    chosen = parser.parse_args(arguments)
    command = chosen.shell or [os.environ.get("SHELL", "/bin/sh")]
    try:
        with (
            tempfile.TemporaryDirectory(prefix="rehearsal-") as folder,
            rehearsal.Rehearsal(
                Path(folder),
                project_ids=chosen.project or ("rehearsal-project",),
                apis=chosen.api or (),
            ) as world,
        ):
            environment = {**os.environ, **world.environment()}
            if _runs_zenstrap(command):
                environment[invocation.PROGRAM_VARIABLE] = _as_called(
                    sys.argv[1:] if arguments is None else arguments
                )
            environment.setdefault("GOOGLE_CLOUD_PROJECT", world.project_id)
            return _ended(command, environment)
    except OSError as error:
        print(f"{command[0]}: {error.strerror}", file=sys.stderr)
        return 127
    except ZenstrapError as error:
        print(error, file=sys.stderr)
        return exit_code(error)


def _ended(command: list[str], environment: dict[str, str]) -> int:
    """Run it; how it ended, as a shell tells it.

    Ctrl-C and the end of a terminal reach the command by themselves, and it decides what to do;
    a SIGTERM is for us alone, and is handed on.
    """
    early: list[int] = []
    with ExitStack() as after:
        for one in STOPPING:
            after.callback(signal.signal, one, signal.signal(one, lambda *_: None))
        signal.signal(signal.SIGTERM, lambda number, _: early.append(number))
        process = subprocess.Popen(command, env=environment)
        signal.signal(signal.SIGTERM, lambda number, _: process.send_signal(number))
        for number in early:  # it may come before Popen has returned
            process.send_signal(number)
        code = process.wait()
    return code if code >= 0 else 128 - code


def _runs_zenstrap(command: list[str]) -> bool:
    return any(Path(word).name == invocation.SCRIPT for word in command)


def _as_called(arguments: list[str]) -> str:
    """All words up to the program: a copied command must not meet the real Google Cloud."""
    end = next(i for i, word in enumerate(arguments) if Path(word).name == invocation.SCRIPT)
    return shlex.join(("python", "-m", "zenstrap.rehearsal", *arguments[: end + 1]))


if __name__ == "__main__":
    sys.exit(main())
