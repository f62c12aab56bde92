"""``python -m zenstrap_rehearsal [--project ID] --shell COMMAND…``: a command in a rehearsal."""

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
    """Run the command; its exit code is ours.

    Args:
        program: how this was called.
        variables: what the command is told besides, as environment variables.

    Raises:
        BackendError: the storage server can't be started.
    """
    parser = argparse.ArgumentParser(
        prog=program, description="Run a command against an embedded double of Google Cloud."
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
    """Run it; how it ended, as a shell tells it.

    Ctrl-C and the end of a terminal reach the command by themselves, and it decides what to do;
    a SIGTERM is for us alone, and is handed on.
    """
    early: list[int] = []
    with ExitStack() as after:
        for one in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            after.callback(signal.signal, one, signal.signal(one, lambda *_: None))
        signal.signal(signal.SIGTERM, lambda number, _: early.append(number))
        process = subprocess.Popen(command, env=environment)
        signal.signal(signal.SIGTERM, lambda number, _: process.send_signal(number))
        for number in early:  # it may come before Popen has returned
            process.send_signal(number)
        code = process.wait()
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except BackendError as error:
        sys.exit(str(error))
