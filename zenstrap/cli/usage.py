"""Usage errors: the message, and a command that helps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import click

from zenstrap import invocation
from zenstrap.cli.app import app
from zenstrap.errors import UsageError, sentence, way_out

ENV: Final = "environment"
# Names of the commands in other tools.
_CALLED_ELSEWHERE: Final = {
    "apply": ["up"],
    "bootstrap": ["up"],
    "deploy": ["up"],
    "destroy": ["down"],
    "diff": ["plan"],
    "help": ["--help"],
    "preview": ["plan"],
    "teardown": ["down"],
}


def usage_error(error: click.UsageError, words: Sequence[str]) -> UsageError:
    """The usage error, with a command to copy.

    Args:
        words: the command line as it was typed.
    """
    late = _late_command(words)
    meant = _CALLED_ELSEWHERE.get(words[0]) if words else None
    if meant is None and words and not words[0].startswith("-") and words[0] in _environments():
        meant = ["up", "--env", words[0]]
    if late is not None:
        command, fix = late, "The command comes first"
    elif meant is not None and words[0] not in app.commands:
        # --yes for another tool's command isn't consent to ours.
        rest = [word for word in words[1:] if word != invocation.YES]
        command, fix = [*meant, *rest], "Use"
    else:
        command, fix = [*_verb(words), "--help"], "See"
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
    if words and words[0].startswith("-"):
        return ["up"]
    return [word for word in words[:1] if word in app.commands]


def _late_command(words: Sequence[str]) -> list[str] | None:
    """The command in the right order, if its verb comes after the options; None otherwise.

    A verb after an option that takes a value is that value: an environment may have that name.
    """
    if not words or not words[0].startswith("-"):
        return None
    for position, word in enumerate(words):
        if word in app.commands and words[position - 1] not in _options_with_a_value():
            meant = [*words[:position], *words[position + 1 :]]
            if _is_valid(word, meant):
                return [word, *meant]
    return None


def _options_with_a_value() -> frozenset[str]:
    return frozenset(
        name
        for command in app.commands.values()
        for option in command.params
        if isinstance(option, click.Option) and not option.is_flag
        for name in option.opts
    )


def _is_valid(verb: str, words: list[str]) -> bool:
    try:
        app.commands[verb].make_context(verb, list(words))
    except click.ClickException:
        return False
    return True
