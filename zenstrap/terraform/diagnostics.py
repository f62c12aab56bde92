"""Terraform's diagnostics, and the zenstrap errors that they are mapped to."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from zenstrap import invocation
from zenstrap.disk import full_error, says_full
from zenstrap.errors import (
    AuthenticationError,
    LockHeldError,
    PlanChangedError,
    TerraformError,
    ZenstrapError,
    sentence,
)
from zenstrap.redaction import Redact
from zenstrap.terraform.diagnostic import Diagnostic
from zenstrap.terraform.provider import BUILT_IN, Provider
from zenstrap.terraform.state import state_guard
from zenstrap.words import count

_ANSI = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")
_FRAME = re.compile(r"^[\s│╷╵]*", re.MULTILINE)
_PLACE = re.compile(r"^\s*on (\S+) line (\d+)", re.MULTILINE)
_LONGEST = 1200  # characters of an explanation; the rest is usually a provider's stack trace

# All of Terraform's texts that errors are recognized by. If a lock can't be acquired, another run
# holds it, unless the text says that the state is unreadable: then waiting doesn't help.
_HEADING = "Terraform encountered problems during initialisation"
_LOCK = "Error acquiring the state lock"
_CORRUPT = re.compile(
    r"Unsupported state file|state snapshot|does not have a valid|unexpected EOF|invalid character"
    r"|unexpected end of JSON|Failed to (load|read) state|state file could not be parsed",
    re.IGNORECASE,
)
_STALE = re.compile(r"Saved plan is stale|Saved plan does not match the given state")


class _Start(BaseModel):
    model_config = ConfigDict(hide_input_in_errors=True)
    line: int


class _Range(BaseModel):
    model_config = ConfigDict(hide_input_in_errors=True)
    filename: str
    start: _Start


class _Message(BaseModel):
    # The snippet is not read: it quotes values.
    model_config = ConfigDict(hide_input_in_errors=True)
    severity: Literal["error", "warning"]
    summary: str
    detail: str = ""
    address: str | None = None
    range: _Range | None = None


def parse_diagnostic(message: object) -> Diagnostic | None:
    """A ``diagnostic`` of the JSON output; None if it is not a valid one."""
    try:
        parsed = _Message.model_validate(message)
    except ValidationError:
        return None
    return Diagnostic(
        severity=parsed.severity,
        summary=_paragraph(parsed.summary),
        detail=_explanation(parsed.detail),
        address=parsed.address,
        place=_place_of(parsed.range),
    )


def parse_text(text: str) -> tuple[Diagnostic, ...]:
    """The errors in human-readable output, for the commands that have no JSON output."""
    plain = _FRAME.sub("", _ANSI.sub("", text))
    diagnostics = []
    for block in re.split(r"^(?=(?:Error|Warning): )", plain, flags=re.MULTILINE)[1:]:
        head, _, body = block.partition("\n")
        if not head.startswith("Error: "):
            continue
        place = _PLACE.search(body)
        diagnostics.append(
            Diagnostic(
                severity="error",
                summary=_paragraph(head.removeprefix("Error: ")),
                detail=_explanation(body),
                place=f"{place[1]}:{place[2]}" if place else None,
            )
        )
    return tuple(diagnostics)


def parse_output(text: str) -> tuple[Diagnostic, ...]:
    """The errors in a command's output, which may be JSON lines or human-readable text."""
    diagnostics = []
    rest = []
    for line in text.splitlines():
        try:
            message = json.loads(line)
        except ValueError:
            rest.append(line)
            continue
        if isinstance(message, dict):
            diagnostic = parse_diagnostic(message.get("diagnostic"))
            if diagnostic is not None:
                diagnostics.append(diagnostic)
    return (*diagnostics, *parse_text("\n".join(rest)))


def redacted(diagnostics: Iterable[Diagnostic], redact: Redact) -> tuple[Diagnostic, ...]:
    return tuple(
        replace(d, summary=redact(d.summary), detail=redact(d.detail)) for d in diagnostics
    )


def error_from(
    diagnostics: Sequence[Diagnostic],
    *,
    command: str,
    where: str,
    state: str,
    code: int,
    provider: Provider = BUILT_IN,
) -> ZenstrapError:
    """The error for a failed command.

    Args:
        diagnostics: of the command; the first error is reported, the others are counted.
        command: the command, for display.
        where: the module, used if the diagnostic has no address.
        state: path or URL of the state, used if the diagnostic is about the state.
        code: the exit code, used if Terraform printed no error.
        provider: explains its own diagnostics.
    """
    errors = list(dict.fromkeys(d for d in diagnostics if d.severity == "error"))
    errors = [d for d in errors if not d.summary.startswith(_HEADING)] or errors
    if not errors:
        ending = f"it was killed by signal {-code}" if code < 0 else f"its exit code was {code}"
        return TerraformError(
            f"terraform {command} failed", where=where, why=f"{ending}, and it printed no error"
        )

    for diagnostic in errors:
        if special := _special(diagnostic, state):
            return special
    explained = [(d, error) for d in errors if (error := provider.explain(d, where))]
    # Missing credentials cause the other errors.
    for _, error in explained:
        if isinstance(error, AuthenticationError):
            return error
    for diagnostic, error in explained[:1]:
        error.why = _with_others(error.why or "", diagnostic, errors)
        return error

    first = errors[0]
    why = _with_others(first.detail, first, errors)
    return TerraformError(first.summary, where=first.subject or where, why=why or None)


def _with_others(why: str, reported: Diagnostic, errors: Sequence[Diagnostic]) -> str:
    others = [d for d in errors if d is not reported]
    if not others:
        return why
    summaries = dict.fromkeys(d.summary for d in others)
    reason = sentence(why) if why else ""
    return f"{reason} And {count(len(others), 'more error')}: {'; '.join(summaries)}".strip()


def _special(diagnostic: Diagnostic, state: str) -> ZenstrapError | None:
    """The error for a diagnostic about a full disk, the state, its lock or a stale plan."""
    text, summary = diagnostic.text, diagnostic.summary
    reason = diagnostic.detail or summary
    if says_full(text):
        return full_error(reason)
    if _CORRUPT.search(text) and (summary.startswith(_LOCK) or "state" in summary.lower()):
        return state_guard("the state can't be read", where=state, why=reason)

    if summary.startswith(_LOCK):
        return LockHeldError(
            "another run holds the lock on the state",
            where=state,
            why=_lock_holder(diagnostic.detail),
            fix="Wait until that run has ended. If it is dead, free its lock",
            command=invocation.command("unlock"),
        )
    if _STALE.search(text):
        return PlanChangedError(
            "the plan is out of date",
            where=state,
            why="the state was changed after the plan was created",
            fix="Run the command again for a new plan",
        )
    return None


def _place_of(span: _Range | None) -> str | None:
    # zenstrap's own variable file is not a place that a user could correct.
    if span is None or span.filename.endswith(".tfvars.json"):
        return None
    return f"{span.filename}:{span.start.line}"


def _lock_holder(detail: str) -> str | None:
    who = re.search(r"Who:\s+(\S+)", detail)
    since = re.search(r"Created:\s+(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)", detail)
    if not who:
        return None
    return f"{who[1]} has held it since {since[1]} UTC" if since else f"{who[1]} holds it"


def _explanation(detail: str) -> str:
    text = _paragraph(detail)
    if text.startswith("Error running command"):
        # A provisioner's own output; before it, Terraform prints the whole script.
        _, separator, output = text.rpartition("Output: ")
        if separator and output:
            text = output.removeprefix("zenstrap: ")
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]} …"


def _paragraph(text: str) -> str:
    return " ".join(_ANSI.sub("", text).split())
