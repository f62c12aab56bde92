"""The commands and the options that each takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zenstrap.cli.app import app

if TYPE_CHECKING:
    pass


def environment_of(command: str) -> tuple[str, ...]:
    """The option, where the command takes it."""
    takes = any(param.name == "environment" for param in app.commands[command].params)
    return ("--env", "local") if takes else ()
