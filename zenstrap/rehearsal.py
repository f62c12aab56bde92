"""``python -m zenstrap.rehearsal [--project ID] --shell COMMAND…``: runs a command in a rehearsal.

The only module of zenstrap that imports the emulator, ``zenstrap_rehearsal``.
"""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Final

from zenstrap.errors import UsageError, ZenstrapError, exit_code
from zenstrap.invocation import PROGRAM_VARIABLE, SCRIPT

_PROGRAM: Final = ("python", "-m", "zenstrap.rehearsal")
_INSTALL: Final = "pip install -e '.[rehearse]'"


def main(arguments: list[str]) -> int:
    """Run the command and return its exit code."""
    try:
        return _rehearsed(arguments)
    except ZenstrapError as error:
        print(error, file=sys.stderr)
        return exit_code(error)


def _rehearsed(arguments: list[str]) -> int:
    try:
        from zenstrap_rehearsal.__main__ import main as rehearse
        from zenstrap_rehearsal.storage.backend import BackendError
    except ImportError as error:
        raise UsageError(
            "a rehearsal needs packages that aren't installed",
            why=str(error),
            fix="Install it",
            command=_INSTALL,
        ) from error
    try:
        return rehearse(arguments, program=" ".join(_PROGRAM), variables=_as_called(arguments))
    except BackendError as error:
        raise ZenstrapError(
            "the embedded storage server doesn't start",
            why=str(error),
            fix="Reinstall it",
            command=_INSTALL.replace("install", "install --force-reinstall"),
        ) from error


def _as_called(arguments: list[str]) -> dict[str, str]:
    """All words up to the script, for printed commands: a copy must not call the real cloud."""
    names = [Path(word).name for word in arguments]
    if SCRIPT not in names:
        return {}
    return {PROGRAM_VARIABLE: shlex.join((*_PROGRAM, *arguments[: names.index(SCRIPT) + 1]))}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
