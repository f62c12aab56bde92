"""What Terraform complains about, and which of our errors that is."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from zenstrap import invocation
from zenstrap.disk import full_error, says_full
from zenstrap.errors import (
    AuthenticationError,
    GoogleError,
    LockHeldError,
    PlanChangedError,
    TerraformError,
    ZenstrapError,
)
from zenstrap.platforms.gcp.api.refusals import LOG_IN, Refusal, explain
from zenstrap.redaction import Redact
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
_UNAUTHENTICATED = re.compile(
    r"could not find default credentials|invalid_grant|invalid_client|Error 401\b"
    r"|Request had invalid authentication credentials|oauth2: cannot fetch token"
    r"|No credentials loaded|reauth related error",
    re.IGNORECASE,
)
_IMPERSONATION = re.compile(r"impersonate: |iam\.serviceAccounts\.getAccessToken")
_NO_BUCKET = re.compile(r"storage: bucket doesn't exist|The specified bucket does not exist")

# How Google's Go library, and so the provider and the backend, writes what Google said.
_REFUSAL = re.compile(
    r"googleapi: (?:got HTTP response code|Error) (?P<status>[0-9]{3})(?: with body)?:? "
    r"(?P<message>.*?)(?:, (?P<reason>[A-Za-z]+))?\.?(?: Details: .*| More details: .*)?$"
)
_DETAILED_REASON = re.compile(r'"reason": ?"(\w+)"')
_PROJECT = re.compile(r"\bprojects?[/ \"']+([a-z][a-z0-9-]{4,28}[a-z0-9])\b")


@dataclass(frozen=True)
class Diagnostic:
    """One complaint.

    Attributes:
        summary: one line.
        detail: the explanation, as one paragraph without colours and frames.
        address: the resource that it is about.
        place: FILE:LINE in the configuration.
    """

    severity: Literal["error", "warning"]
    summary: str
    detail: str = ""
    address: str | None = None
    place: str | None = None


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
    diagnostics: Sequence[Diagnostic], *, command: str, where: str, state: str, code: int
) -> ZenstrapError:
    """The error for a failed command.

    Args:
        diagnostics: what it said; the first error is reported, the others are counted.
        command: the command, for people.
        where: the module, named where Terraform blames no address.
        state: the state's place, named where the complaint is about the state.
        code: the exit code, for the case that Terraform said nothing.
    """
    errors = list(dict.fromkeys(one for one in diagnostics if one.severity == "error"))
    errors = [one for one in errors if not one.summary.startswith(_HEADING)] or errors
    if not errors:
        ending = f"it was killed by signal {-code}" if code < 0 else f"its exit code was {code}"
        return TerraformError(
            f"terraform {command} failed", where=where, why=f"{ending}, no reason"
        )

    for one in errors:
        if special := _special(one, where, state):
            return special
    for one in errors:
        if refused := _refused(one, where):
            refused.why = _with_others(refused.why or "", one, errors)
            return refused

    first = errors[0]
    why = _with_others(first.detail, first, errors)
    return TerraformError(first.summary, where=_place(first) or where, why=why or None)


def _with_others(why: str, told: Diagnostic, errors: Sequence[Diagnostic]) -> str:
    others = [one for one in errors if one is not told]
    if not others:
        return why
    summaries = dict.fromkeys(one.summary for one in others)
    return f"{_closed(why)} And {len(others)} more: {'; '.join(summaries)}".strip()


def _special(one: Diagnostic, where: str, state: str) -> ZenstrapError | None:
    text = f"{one.summary}\n{one.detail}"
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
    if _IMPERSONATION.search(text):
        return AuthenticationError(
            "you may not act as the service account that Terraform uses",
            where="gcp.terraform_service_account",
            why=one.detail or one.summary,
            fix="Have an owner grant you roles/iam.serviceAccountTokenCreator on it",
        )
    if _UNAUTHENTICATED.search(text):
        return AuthenticationError(
            one.summary,
            where=_place(one) or where,
            why=one.detail or None,
            fix="Log in",
            command=LOG_IN,
        )
    return None


def _refused(one: Diagnostic, where: str) -> ZenstrapError | None:
    """What Google said no with, where the cause is known."""
    place = _place(one) or where
    if _NO_BUCKET.search(one.summary) or _NO_BUCKET.search(one.detail):
        return GoogleError(
            "there is no such bucket",
            where=place,
            why=one.detail or one.summary,
            fix="Correct its name in the config; the state bucket is made by `up`",
        )
    for text in (one.summary, one.detail):
        if not (found := _REFUSAL.search(text)):
            continue
        details = _DETAILED_REASON.search(text)
        reason = found["reason"] or (details[1] if details else None)
        project = _PROJECT.search(text)
        return explain(
            Refusal(int(found["status"]), found["message"], reason),
            text[: found.start()].rstrip(": ") or "Google Cloud said no",
            where=place,
            project=project[1] if project else None,
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


def _place(one: Diagnostic) -> str | None:
    parts = [one.address, one.place and (f"({one.place})" if one.address else one.place)]
    return " ".join(part for part in parts if part) or None


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
