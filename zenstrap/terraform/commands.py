"""Terraform's command lines: which commands may be run, and how their options are written.

python-terraform, which the project was asked to use, only writes the command line. It doesn't run
it: it has no time limit, leaves Terraform running on a signal and logs every variable and output.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence

Option = bool | str | None | Mapping[str, str] | list[str]

ALLOWED = frozenset(
    {
        "apply",
        "import",
        "init",
        "output",
        "plan",
        "show",
        "state rm",
        "version",
        "workspace delete",
        "workspace select",
        "workspace show",
    }
)


def command_line(
    terraform: Sequence[str], command: str, *arguments: str, **options: Option
) -> tuple[str, ...]:
    """The command line of an allowed command.

    Args:
        terraform: the words that start it.
        command: one of ``ALLOWED``.
        arguments: what follows the options.
        options: names with underscores; True is a bare flag, None leaves it out, a list repeats
            it. Only ``backend_config`` takes a mapping.

    Raises:
        ValueError: the command is not allowed, or a variable's value would show in the process
            list.
    """
    if command not in ALLOWED:
        raise ValueError(f"zenstrap never runs terraform {command}")
    if "var" in options:
        raise ValueError("pass variables in a file: the process list shows the command line")

    import python_terraform

    # It logs its arguments at DEBUG.
    logging.getLogger(python_terraform.__name__).setLevel(logging.WARNING)

    # Its constructor isn't called: it reads a state file from the current folder and fails if that
    # is empty. Called on the class, because any unknown name on an instance is a command.
    writer = object.__new__(python_terraform.Terraform)
    writer.terraform_bin_path = "terraform"
    plain = {name: _plain(value, python_terraform.IsFlagged) for name, value in options.items()}
    words = python_terraform.Terraform.generate_cmd_string(writer, command, *arguments, **plain)
    return (*terraform, *(str(word) for word in words[1:]))


def _plain(value: Option, flag: object) -> object:
    if value is True:
        return flag  # Terraform takes -no-color, not -no-color=true
    return dict(value) if isinstance(value, Mapping) else value
