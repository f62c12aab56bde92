"""Usage errors: the message, and a command that helps."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import click

from zenstrap import invocation
from zenstrap.cli.app import HELP, app, require_one_output
from zenstrap.errors import UsageError, sentence, way_out

ENV: Final = "environment"
# Names of the commands in other tools.
_CALLED_ELSEWHERE: Final = {
    "apply": "up",
    "bootstrap": "up",
    "deploy": "up",
    "destroy": "down",
    "diff": "plan",
    "preview": "plan",
    "teardown": "down",
}


def usage_error(error: click.UsageError, words: Sequence[str]) -> UsageError:
    """The usage error, with a command to copy.

    Args:
        words: the command line as it was typed.
    """
    meant = _meant(words)
    if meant is None or meant == list(words) or not _is_valid(meant):
        command, fix = [*_verb(words), HELP[-1]], "See"
    elif words[0].startswith("-"):
        command, fix = meant, "The command comes first"
    else:
        command, fix = meant, "Use"
    message = error.format_message()
    if isinstance(error, click.MissingParameter) and error.param and error.param.name == ENV:
        known = _environments()
        message = sentence(message) + (f" Known environments: {', '.join(known)}" if known else "")
    return UsageError(message, fix=fix, command=invocation.spelt_command(command))


def require_once(words: Sequence[str]) -> None:
    """Check that no option with one value is given twice: click would silently use the last.

    Raises:
        click.UsageError: an option is given more than once.
    """
    command = app.commands.get(words[0]) if words else None
    for option in command.params if command else ():
        if not isinstance(option, click.Option) or option.is_flag or option.multiple:
            continue
        count = sum(word.partition("=")[0] in option.opts for word in words)
        if count > 1:
            raise click.UsageError(f"Option '{option.opts[-1]}' is given {count} times.")


def _environments() -> list[str]:
    from zenstrap.config.loading import available_environments

    try:
        return available_environments()
    except UsageError:
        return []


def usage_text(error: UsageError) -> str:
    """One line with the error, and one with a command to copy."""
    message = error.what if error.what.endswith("?)") else sentence(error.what)
    return "\n".join((message, *way_out(error.fix, error.command)))


def _verb(words: Sequence[str]) -> list[str]:
    """The command whose help is of use; none for the program's own."""
    if words and words[0].startswith("-"):
        return ["up"]
    return _verbs(words[position] for position in _bare(words))[:1]


def _verbs(words: Iterable[str]) -> list[str]:
    """The commands among some words, by our names."""
    ours = (_CALLED_ELSEWHERE.get(word, word) for word in words)
    return [word for word in ours if word in app.commands]


def _meant(words: Sequence[str]) -> list[str] | None:
    """The command that was probably meant; None if that isn't clear.

    It may lack an option or have one too many. The verb may be another tool's, or come after the
    options, and the environment may have no ``--env`` before it.
    """
    bare = _bare(words)
    verb = next((position for position in bare if _verbs([words[position]])), None)
    others = [position for position in bare if position != verb]
    if len(others) > 1 or not all(words[position] in _environments() for position in others):
        return None
    if verb is None and not others:
        return None
    named = verb is not None and words[verb] in app.commands
    options = [word for position, word in enumerate(words) if position not in bare]
    environment = [invocation.ENV, *(words[position] for position in others)] if others else []
    return [
        "up" if verb is None else _verbs([words[verb]])[0],
        *environment,
        *(options if named else _without_consent(options)),
    ]


def _bare(words: Sequence[str]) -> list[int]:
    """The positions of words that are neither options nor their values.

    A verb after an option that takes a value is that value: an environment may have that name.
    """
    values = _options_with_a_value()
    before = ["", *words]
    return [
        position
        for position, word in enumerate(words)
        if not word.startswith("-") and before[position] not in values
    ]


def _without_consent(options: Sequence[str]) -> list[str]:
    """Without what was agreed to for another command; whoever copies ours hasn't read it yet."""
    values = _options_with_a_value()
    kept, skipped = [], False
    for word in options:
        name, equals, _ = word.partition("=")
        if not skipped and name not in invocation.CONSENT:
            kept.append(word)
        skipped = not skipped and name in invocation.CONSENT & values and not equals
    return kept


def _options_with_a_value() -> frozenset[str]:
    return frozenset(
        name
        for command in app.commands.values()
        for option in command.params
        if isinstance(option, click.Option) and not option.is_flag
        for name in option.opts
    )


def _is_valid(command: Sequence[str]) -> bool:
    """Whether the parser takes a command, and doesn't just print its help."""
    verb, *options = command
    if any(word in HELP for word in options):
        return False
    try:
        require_once(command)
        params = app.commands[verb].make_context(verb, list(options)).params
        require_one_output(params.get("json", False), params.get("events", False))
    except click.ClickException:
        return False
    return True
