"""Turns the JSON lines of ``terraform apply`` into events and a summary."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from zenstrap.events import (
    Emit,
    Event,
    Notice,
    ResourceAction,
    ResourceFinished,
    ResourceProgress,
    ResourceStarted,
)
from zenstrap.terraform.diagnostic import Diagnostic
from zenstrap.terraform.diagnostics import parse_diagnostic

# The read of a data source is reported in the same way, but is not a change.
_ACTIONS: Mapping[str, ResourceAction] = {
    "create": "create",
    "update": "update",
    "delete": "destroy",
    "replace": "replace",
}

# The operation in the summary of a finished apply. A saved plan that destroys is "apply", too.
_APPLIED = ("apply", "destroy")

# Terraform 1.11 prints the whole state, including secrets, if it can't write it.
_DUMP = "Emergency state dump"


@dataclass(frozen=True)
class Change:
    """One finished change of a resource."""

    address: str
    action: ResourceAction


class ApplyStream:
    """Reads the lines of ``terraform apply -json``.

    Args:
        emit: gets the events.
        rescue: gets the text of an emergency state dump, which is not emitted.
        unseen_destroys: addresses whose replacement destroys nothing; their destroy isn't shown.
        redact: redacts secrets in warnings.
    """

    def __init__(
        self,
        emit: Emit,
        *,
        rescue: Callable[[str], None],
        unseen_destroys: frozenset[str] = frozenset(),
        redact: Callable[[str], str] = str,
    ) -> None:
        self._emit = emit
        self._rescue = rescue
        self._unseen_destroys = unseen_destroys
        self._redact = redact
        self._diagnostics: list[Diagnostic] = []
        self._finished: list[Change] = []
        self._failed: list[Change] = []
        self._running: dict[str, Change] = {}
        self._added: int | None = None

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        return tuple(self._diagnostics)

    @property
    def finished(self) -> tuple[Change, ...]:
        return tuple(self._finished)

    @property
    def failed(self) -> tuple[Change, ...]:
        """Changes that started and failed or were cut off."""
        return (*self._failed, *self._running.values())

    @property
    def added(self) -> int | None:
        """How many resources Terraform says it created; None unless it said that it was done."""
        return self._added

    def feed(self, line: str) -> None:
        """Process one line. Lines that are not JSON are ignored, and so is text before it."""
        try:
            message = json.loads(line[max(0, line.find("{")) :])
        except ValueError:
            return
        if not isinstance(message, dict):
            return
        if "state" in message or str(message.get("@message", "")).startswith(_DUMP):
            self._save(message)
            return
        kind = message.get("type")
        if kind == "diagnostic":
            self._diagnostic(message.get("diagnostic"))
        elif kind == "change_summary":
            self._summary(message.get("changes"))
        elif isinstance(hook := message.get("hook"), dict):
            self._hook(str(kind), hook)

    def _save(self, message: Mapping[str, object]) -> None:
        state = message.get("state", message.get("@message"))
        self._rescue(state if isinstance(state, str) else json.dumps(state, indent=2))

    def _diagnostic(self, message: object) -> None:
        diagnostic = parse_diagnostic(message)
        if diagnostic is None:
            return
        self._diagnostics.append(diagnostic)
        if diagnostic.severity == "warning":
            text = ": ".join(part for part in (diagnostic.summary, diagnostic.detail) if part)
            self._emit(Notice(self._redact(text), level="warning"))

    def _summary(self, changes: object) -> None:
        if isinstance(changes, dict) and changes.get("operation") in _APPLIED:
            added = changes.get("add")
            self._added = added if isinstance(added, int) else 0

    def _hook(self, kind: str, hook: Mapping[str, object]) -> None:
        resource = hook.get("resource")
        action = _ACTIONS.get(str(hook.get("action")))
        if action is None or not isinstance(resource, dict):
            return
        change = Change(address=str(resource.get("addr")), action=action)
        seconds = _seconds(hook.get("elapsed_seconds"))
        key = f"{change.action} {change.address}"
        if kind == "apply_start":
            self._running[key] = change
            self._show(ResourceStarted(change.address, action))
        elif kind == "apply_progress":
            self._show(ResourceProgress(change.address, action, seconds))
        elif kind in ("apply_complete", "apply_errored"):
            self._running.pop(key, None)
            succeeded = kind == "apply_complete"
            if not succeeded:
                self._failed.append(change)
            elif not self._is_unseen(change):
                self._finished.append(change)
            self._show(ResourceFinished(change.address, action, seconds, succeeded=succeeded))

    def _show(self, event: Event) -> None:
        if isinstance(event, ResourceStarted | ResourceProgress | ResourceFinished) and (
            self._is_unseen(Change(event.address, event.action))
        ):
            return
        self._emit(event)

    def _is_unseen(self, change: Change) -> bool:
        return change.action == "destroy" and change.address in self._unseen_destroys


def save_privately(folder: Path, name: str, content: str) -> Path:
    """Write a new file that only the user can read; an existing file is never overwritten."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    stem, dot, suffix = name.partition(".")
    number = 1
    while True:
        file = folder / (name if number == 1 else f"{stem}-{number}{dot}{suffix}")
        try:
            descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            number += 1
            continue
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(content)
        return file


def _seconds(value: object) -> float:
    return float(value) if isinstance(value, int | float) else 0.0
