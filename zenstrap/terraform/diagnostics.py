"""What Terraform complains about, and which of our errors that is."""

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
)
from zenstrap.redaction import Redact
from zenstrap.terraform.diagnostic import Diagnostic
from zenstrap.terraform.provider import BUILT_IN, Provider
from zenstrap.terraform.state import state_guard

_ANSI = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")
_FRAME = re.compile(r"^[\s│╷╵]*", re.MULTILINE)
_PLACE = re.compile(r"^\s*on (\S+) line (\d+)", re.MULTILINE)
_LONGEST = 1200  # characters of an explanation; what comes after is somebody's stack trace

# One place for what is told apart by Terraform's words. A lock that can't be acquired is
# contention only if nothing says that the state is unreadable: that never heals by waiting.
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
    # The snippet, which quotes values, is not read at all.
    model_config = ConfigDict(hide_input_in_errors=True)
    severity: Literal["error", "warning"]
    summary: str
    detail: str = ""
    address: str | None = None
    range: _Range | None = None


def parse_diagnostic(message: object) -> Diagnostic | None:
    """A ``diagnostic`` of the JSON output; None if it is none."""
    try:
        read = _Message.model_validate(message)
    except ValidationError:
        return None
    return Diagnostic(
        severity=read.severity,
        summary=_paragraph(read.summary),
        detail=_explanation(read.detail),
        address=read.address,
        place=_place_of(read.range),
    )


def parse_text(text: str) -> tuple[Diagnostic, ...]:
    """The errors in output for people, for the commands that have no other."""
    plain = _FRAME.sub("", _ANSI.sub("", text))
    found = []
    for block in re.split(r"^(?=(?:Error|Warning): )", plain, flags=re.MULTILINE)[1:]:
        head, _, body = block.partition("\n")
        if not head.startswith("Error: "):
            continue
        place = _PLACE.search(body)
        found.append(
            Diagnostic(
                severity="error",
                summary=_paragraph(head.removeprefix("Error: ")),
                detail=_explanation(body),
                place=f"{place[1]}:{place[2]}" if place else None,
            )
        )
    return tuple(found)


def parse_output(text: str) -> tuple[Diagnostic, ...]:
    """The errors in what a command has said, be it JSON lines or text for people."""
    found = []
    rest = []
    for line in text.splitlines():
        try:
            message = json.loads(line)
        except ValueError:
            rest.append(line)
            continue
        if isinstance(message, dict) and (one := parse_diagnostic(message.get("diagnostic"))):
            found.append(one)
    return (*found, *parse_text("\n".join(rest)))


def redacted(diagnostics: Iterable[Diagnostic], redact: Redact) -> tuple[Diagnostic, ...]:
    return tuple(
        replace(one, summary=redact(one.summary), detail=redact(one.detail)) for one in diagnostics
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
        diagnostics: what it said; the first error is reported, the others are counted.
        command: the command, for people.
        where: the module, named where Terraform blames no address.
        state: the state's place, named where the complaint is about the state.
        code: the exit code, for the case that Terraform said nothing.
        provider: explains what its own diagnostics mean.
    """
    errors = list(dict.fromkeys(one for one in diagnostics if one.severity == "error"))
    errors = [one for one in errors if not one.summary.startswith(_HEADING)] or errors
    if not errors:
        ending = f"it was killed by signal {-code}" if code < 0 else f"its exit code was {code}"
        return TerraformError(
            f"terraform {command} failed", where=where, why=f"{ending}, no reason"
        )

    for one in errors:
        if special := _special(one, state):
            return special
    explained = [(one, error) for one in errors if (error := provider.explain(one, where))]
    # Whoever isn't logged in has no other trouble yet.
    for _, error in explained:
        if isinstance(error, AuthenticationError):
            return error
    for one, error in explained[:1]:
        error.why = _with_others(error.why or "", one, errors)
        return error

    first = errors[0]
    why = _with_others(first.detail, first, errors)
    return TerraformError(first.summary, where=first.subject or where, why=why or None)


def _with_others(why: str, told: Diagnostic, errors: Sequence[Diagnostic]) -> str:
    others = [one for one in errors if one is not told]
    if not others:
        return why
    summaries = dict.fromkeys(one.summary for one in others)
    return f"{_closed(why)} And {len(others)} more: {'; '.join(summaries)}".strip()


def _special(one: Diagnostic, state: str) -> ZenstrapError | None:
    text = one.text
    if says_full(text):
        return full_error(one.detail or one.summary)
    if _CORRUPT.search(text) and (one.summary.startswith(_LOCK) or "state" in one.summary.lower()):
        return state_guard("the state can't be read", where=state, why=one.detail or one.summary)

    if one.summary.startswith(_LOCK):
        return LockHeldError(
            "somebody else holds the lock on the state",
            where=state,
            why=_lock_holder(one.detail),
            fix="Wait until that run has ended. If it is dead, free what it holds",
            command=invocation.command("unlock"),
        )
    if _STALE.search(text):
        return PlanChangedError(
            "the plan is out of date",
            where=state,
            why="the state was changed after the plan was made",
            fix="Run the command again for a new plan",
        )
    return None


def _place_of(span: _Range | None) -> str | None:
    # Our own variable file is no place that anybody could mend.
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
        # A provisioner's own words; before them comes its whole script.
        _, found, output = text.rpartition("Output: ")
        if found and output:
            text = output.removeprefix("zenstrap: ")
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]} …"


def _paragraph(text: str) -> str:
    return " ".join(_ANSI.sub("", text).split())


def _closed(text: str) -> str:
    return text if not text or text.endswith((".", "!", "?")) else f"{text}."
