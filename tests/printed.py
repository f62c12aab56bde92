"""The commands in what was printed: whoever copies one gets what was meant."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from typing import Any

import click

from zenstrap.cli.app import app

# On a line of its own, at the end of a sentence that leads up to it, or between backquotes.
_COMMAND = re.compile(
    r"(?:^\s*|: |`)"
    r"(\S*python\S* (?:-m zenstrap\.rehearsal [^`\n]*--shell \S*python\S* )?"
    r"\S*run\.py [^`\n]*)",
    re.MULTILINE,
)
_ANY = re.compile(r"run\.py ")
# How a call is shown or answered; everything else says what is done, and to what.
_MANNER = frozenset({"json", "events", "debug", "yes", "forget", "owner"})
_FOR_ONE_VERB = frozenset({"this_zenml"})


def commands_in(text: str) -> tuple[str, ...]:
    """Every command of zenstrap's own; one in the middle of a sentence is a fault."""
    found = tuple(one.strip() for one in _COMMAND.findall(text))
    assert len(found) == len(_ANY.findall(text)), f"a command that can't be copied: {text}"
    return found


def strings_in(value: Any) -> Iterator[str]:
    """All texts in a piece of JSON."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from strings_in(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from strings_in(inner)


def require_same_meaning(command: str, given: Sequence[str]) -> None:
    """A printed command is one, and is about what the call was about.

    Args:
        given: the words of the call that printed it.
    """
    words = shlex.split(command)
    meant = words[words.index(next(w for w in words if w.endswith("run.py"))) + 1 :]
    if meant[-1] == "--help":
        assert all(word in app.commands for word in meant[:-1]), command
        return
    printed, called = _parsed(meant), _parsed(given)
    assert printed is not None, f"is no command: {command}"
    if called is None:
        return
    given_once = _FOR_ONE_VERB if printed.info_name != called.info_name else frozenset()
    # Whose name is taken is advised to take another one; the name that was given is never dropped.
    renamed = printed.params.get("name") not in (None, called.params.get("name"))
    left_out = _MANNER | given_once | ({"name", "adopt"} if renamed else frozenset())
    if _target(printed) == _target(called):  # from another file
        left_out |= {"environment", "name"}
    if not called.params.get("this_zenml"):  # which ZenML is meant is asked, and then consented to
        left_out |= _FOR_ONE_VERB
    for name in (printed.params.keys() & called.params.keys()) - left_out:
        assert printed.params[name] == called.params[name], f"{command}, after {' '.join(given)}"
    if printed.info_name != called.info_name:
        assert not printed.params.get("yes"), f"consents to something else: {command}"


def _target(call: click.Context) -> object:
    return call.params.get("name") or call.params.get("environment")


def _parsed(words: Sequence[str]) -> click.Context | None:
    verb, *rest = ["up", *words] if words and words[0].startswith("-") else words
    try:
        return app.commands[verb].make_context(verb, list(rest))
    except (KeyError, click.ClickException):
        return None
