"""How the program was called, and what to type next: the one place that spells its commands.

A command that is printed is copied. So it has to do what was meant when it is: on the same
environment, for the same ML project, with every option that the user gave and that still applies.
"""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

SCRIPT: Final = "run.py"
PROGRAM: Final = f"python {SCRIPT}"
"""As the documentation calls it."""

INSTALLED: Final = "zenstrap"
"""The command that pip installs, and the package for ``python -m``."""

PROGRAM_VARIABLE: Final = "ZENSTRAP_PROGRAM"
"""Set by what starts the program within something else: all words that stand before a verb."""

YES: Final = "--yes"
# Consent to one command is none to another.
_FOR_ONE_VERB: Final = frozenset({YES, "--this-zenml", "--forget"})
# How a result is shown. It changes nothing of what is done, and a person copies to read.
_FOR_ONE_CALL: Final = frozenset({"--json", "--events", "--debug"})

Words = tuple[str, ...]


@dataclass(frozen=True)
class Invocation:
    """One call of the command line.

    Attributes:
        environment: the name of the environment that the options led to.
        given: the options of the call as words, by their names: ``{"--env": ("--env", "dev")}``.
        taken: which options each verb takes.
    """

    verb: str
    environment: str
    given: Mapping[str, Words]
    taken: Mapping[str, frozenset[str]]

    def words_for(self, verb: str) -> Words:
        """The options that still apply to a verb, as they were given."""
        left_out = _FOR_ONE_CALL if verb == self.verb else _FOR_ONE_CALL | _FOR_ONE_VERB
        taken = self.taken.get(verb, frozenset({"--env"})) - left_out
        return tuple(word for name, words in self.given.items() if name in taken for word in words)


_current: Invocation | None = None


@contextmanager
def called(invocation: Invocation) -> Iterator[None]:
    """Make a call the process's current one."""
    global _current
    before, _current = _current, invocation
    try:
        yield
    finally:
        _current = before


def command(verb: str, environment: str | None = None) -> str:
    """A command to copy: a verb on an environment, with all that was given and still applies.

    Args:
        environment: None for the one that this process works on.
    """
    return _spelt(verb, environment)


def again(environment: str, *more: str, verb: str = "up") -> str:
    """The same command once more.

    Args:
        more: options that it needs beside those that were given.
        verb: which command it is, where the program was not started from the command line.
    """
    here = _of(environment)
    return _spelt(here.verb if here else verb, environment, more)


def renamed(environment: str, name: str) -> str:
    """The command that brings up, or plans, an environment of another name with what was given.

    Without consent: whoever gave it knew of another environment.
    """
    here = _of(environment)
    verb = "plan" if here and here.verb == "plan" else "up"
    words = here.words_for(verb) if here else ("--env", environment)
    left = (word for word in words if word not in _FOR_ONE_VERB)
    return spelt_command((verb, *left, "--name", name))


def verb() -> str:
    """The verb that was given; empty where the program was not called from the command line."""
    return _current.verb if _current else ""


def program() -> str:
    """What starts the program from where the user is."""
    if wrapped := os.environ.get(PROGRAM_VARIABLE):
        return wrapped
    script = sys.argv[0] if sys.argv else ""
    if Path(script).name == INSTALLED:
        return INSTALLED if shutil.which(INSTALLED) else shlex.join((script,))
    if Path(script).name == "__main__.py" and Path(script).parent.name == INSTALLED:
        return shlex.join((_python(), "-m", INSTALLED))
    if Path(script).name != SCRIPT:  # called by a test or a notebook
        return PROGRAM
    here = Path(SCRIPT)
    short = here.exists() and here.samefile(script)
    return shlex.join((_python(), SCRIPT if short else script))


def _python() -> str:
    typed = sys.orig_argv[0] if sys.orig_argv else "python"
    return "python" if shutil.which("python") == sys.executable else typed


def spelt_command(words: Iterable[str]) -> str:
    """A command of the program from its words."""
    return f"{program()} {shlex.join(words)}"


def _of(environment: str | None) -> Invocation | None:
    if _current is None or environment not in (None, _current.environment):
        return None
    return _current


def _spelt(verb: str, environment: str | None, more: Words = ()) -> str:
    here = _of(environment)
    words = here.words_for(verb) if here else ("--env", environment or "ENV")
    return spelt_command((verb, *words, *(word for word in more if word not in words)))
