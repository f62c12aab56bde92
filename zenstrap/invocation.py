"""How the program was called, and the commands that it prints for the user to run next.

Users copy a printed command. So it must work as it is: on the same environment, for the same ML
project, with every option that the user gave and that still applies.
"""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from collections.abc import Iterable, Iterator, Mapping, Set
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

SCRIPT: Final = "run.py"
PROGRAM: Final = f"python {SCRIPT}"
"""The program as the documentation calls it."""

INSTALLED: Final = "zenstrap"
"""The command that pip installs, and the package for ``python -m``."""

PROGRAM_VARIABLE: Final = "ZENSTRAP_PROGRAM"
"""Set by a wrapper that starts the program, such as a rehearsal: all words before the verb."""

YES: Final = "--yes"
ENV: Final = "--env"
NAME: Final = "--name"
# Consent to one command is not consent to another.
_FOR_ONE_VERB: Final = frozenset({YES, "--this-zenml", "--forget"})
CONSENT: Final = _FOR_ONE_VERB | {"--adopt"}
"""Options by which the user agrees to something on one environment. ``plan`` shows what ``up``
does with the same ``--adopt``: between these two it is kept."""
# Options for the output only: a user who copies a command reads its result.
_FOR_ONE_CALL: Final = frozenset({"--json", "--events", "--debug"})

Words = tuple[str, ...]


@dataclass(frozen=True)
class Invocation:
    """One call of the command line.

    Attributes:
        environment: the name of the environment that the options select.
        given: the options of the call as words, by option name: ``{"--env": ("--env", "dev")}``.
        taken: which options each verb accepts.
    """

    verb: str
    environment: str
    given: Mapping[str, Words]
    taken: Mapping[str, frozenset[str]]

    def words_for(self, verb: str, without: Set[str] = frozenset()) -> Words:
        """The options that also apply to another call with this verb, as the user typed them."""
        excluded = _FOR_ONE_CALL | without
        if verb != self.verb:
            excluded |= _FOR_ONE_VERB
        names = self.taken.get(verb, frozenset({ENV})) - excluded
        return tuple(word for name, words in self.given.items() if name in names for word in words)


_current: Invocation | None = None


@contextmanager
def called(invocation: Invocation) -> Iterator[None]:
    """Within this block, a call is the process's current one."""
    global _current
    before, _current = _current, invocation
    try:
        yield
    finally:
        _current = before


def command(verb: str, environment: str | None = None, *more: str) -> str:
    """A command to copy: a verb on an environment, with the user's options that still apply.

    Args:
        environment: None for the one that this process works on.
        more: options that it needs in addition to the user's.
    """
    return _command(verb, environment, more)


def again(environment: str, *more: str, verb: str = "up") -> str:
    """The same command again.

    Args:
        more: options that it needs in addition to the user's.
        verb: the command, if the program was not started from the command line.
    """
    invocation = _of(environment)
    return _command(invocation.verb if invocation else verb, environment, more)


def renamed(environment: str, name: str) -> str:
    """The command that brings up, or plans, the environment under another name.

    Without the user's consent, which was for the first environment.
    """
    invocation = _of(environment)
    verb = "plan" if invocation and invocation.verb == "plan" else "up"
    words = invocation.words_for(verb, CONSENT | {NAME}) if invocation else (ENV, environment)
    return spelt_command((verb, *words, NAME, name))


def from_file(environment: str, file: str) -> str:
    """The same command again, with the file that the environment is configured by."""
    invocation = _of(environment)
    verb = invocation.verb if invocation else "up"
    named = (NAME, environment) if file != environment else ()
    words = invocation.words_for(verb, {ENV, NAME}) if invocation else ()
    return spelt_command((verb, ENV, file, *named, *words))


def file() -> str:
    """The environment whose file the call names; empty if nobody called the program."""
    return (_current.given.get(ENV) or ("",))[-1] if _current else ""


def verb() -> str:
    """The verb of the call; empty if the program was not called from the command line."""
    return _current.verb if _current else ""


def program() -> str:
    """The words that start the program from the user's current folder."""
    if wrapped := os.environ.get(PROGRAM_VARIABLE):
        return wrapped
    script = sys.argv[0] if sys.argv else ""
    if Path(script).name == INSTALLED:
        return INSTALLED if shutil.which(INSTALLED) else shlex.join((script,))
    if Path(script).name == "__main__.py" and Path(script).parent.name == INSTALLED:
        return shlex.join((_python(), "-m", INSTALLED))
    if Path(script).name != SCRIPT:  # called by a test or a notebook
        return PROGRAM
    local = Path(SCRIPT)
    is_local = local.exists() and local.samefile(script)
    return shlex.join((_python(), SCRIPT if is_local else script))


def _python() -> str:
    typed = sys.orig_argv[0] if sys.orig_argv else "python"
    return "python" if shutil.which("python") == sys.executable else typed


def spelt_command(words: Iterable[str]) -> str:
    """The command line that calls the program with these words."""
    return f"{program()} {shlex.join(words)}"


def _of(environment: str | None) -> Invocation | None:
    """The current call, if it is for this environment."""
    if _current is None or environment not in (None, _current.environment):
        return None
    return _current


def _command(verb: str, environment: str | None, more: Words = ()) -> str:
    invocation = _of(environment)
    words = invocation.words_for(verb) if invocation else (ENV, environment or "ENV")
    return spelt_command((verb, *words, *(word for word in more if word not in words)))
