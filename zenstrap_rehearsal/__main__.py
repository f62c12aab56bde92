"""``python -m zenstrap_rehearsal [--project ID] --shell COMMAND…``: runs a command in one."""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from zenstrap_rehearsal.rehearsal import DEFAULT_PROJECT, Rehearsal
from zenstrap_rehearsal.storage.backend import BackendError

PROGRAM: Final = "python -m zenstrap_rehearsal"


def main(
    arguments: Sequence[str], *, program: str = PROGRAM, variables: Mapping[str, str] | None = None
) -> int:
    """Run the command and return its exit code.

    Args:
        program: the program's name in its help.
        variables: more environment variables for the command.

    Raises:
        BackendError: the storage server can't be started.
    """
    parser = argparse.ArgumentParser(
        prog=program, description="Run a command against an embedded Google Cloud emulator."
    )
    parser.add_argument("--project", metavar="ID", action="append", help="a project that exists")
    parser.add_argument("--api", metavar="NAME", action="append", help="an API that is enabled")
    parser.add_argument("--shell", metavar="COMMAND", nargs=argparse.REMAINDER, required=True)
    chosen = parser.parse_args(arguments)
    command = chosen.shell or [os.environ.get("SHELL", "/bin/sh")]
    try:
        with (
            tempfile.TemporaryDirectory(prefix="rehearsal-") as folder,
            Rehearsal(
                Path(folder),
                project_ids=chosen.project or (DEFAULT_PROJECT,),
                apis=chosen.api or (),
            ) as world,
        ):
            environment = {**os.environ, **world.environment(), **(variables or {})}
            environment.setdefault("GOOGLE_CLOUD_PROJECT", world.project_id)
            return _ended(command, environment)
    except OSError as error:
        print(f"{command[0]}: {error.strerror}", file=sys.stderr)
        return 127


def _ended(command: list[str], environment: dict[str, str]) -> int:
    """Run the command and return its exit code as a shell does (128 + signal).

    SIGINT and SIGHUP of a terminal reach the command by themselves, and it decides what to do; a
    SIGTERM reaches only this process, and is passed on.
    """
    early: list[int] = []
    with ExitStack() as after:
        for stopping in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            after.callback(signal.signal, stopping, signal.signal(stopping, lambda *_: None))
        signal.signal(signal.SIGTERM, lambda number, _: early.append(number))
        process = subprocess.Popen(command, env=environment)
        signal.signal(signal.SIGTERM, lambda number, _: process.send_signal(number))
        for number in early:  # those that came before Popen returned
            process.send_signal(number)
        code = process.wait()
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except BackendError as error:
        sys.exit(str(error))
