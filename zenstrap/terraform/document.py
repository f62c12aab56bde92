"""The JSON that Terraform prints for a plan, secrets and all. Nothing here leaves this package."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from zenstrap.errors import TerraformError
from zenstrap.terraform import values


class _Raw(BaseModel):
    # A validation error must not quote what it was given: plans hold secrets in clear.
    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)


class RawChange(_Raw):
    actions: tuple[str, ...]
    before: Any = None
    after: Any = None
    after_unknown: Any = False
    before_sensitive: Any = False
    after_sensitive: Any = False
    replace_paths: tuple[tuple[str | int, ...], ...] = ()
    importing: Any = None

    @property
    def changes(self) -> bool:
        """Whether anything is written, be it to the state alone."""
        return self.actions != ("no-op",) or self.importing is not None

    @property
    def masks(self) -> values.Masks:
        return values.Masks(
            before=self.before_sensitive, after=self.after_sensitive, unknown=self.after_unknown
        )


class RawResource(_Raw):
    address: str
    module_address: str | None = None
    mode: str
    type: str
    deposed: str | None = None
    action_reason: str | None = None
    change: RawChange


class Document(_Raw):
    # Parsed in full but for what repeats itself: planned_values, prior_state.
    format_version: str
    terraform_version: str
    timestamp: str | None = None
    variables: dict[str, Any] = {}
    resource_changes: tuple[RawResource, ...] = ()
    resource_drift: tuple[RawResource, ...] = ()
    output_changes: dict[str, RawChange] = {}
    configuration: dict[str, Any] = {}


def read_document(text: str) -> Document:
    """The plan in the output of ``terraform show -json PLANFILE``.

    Raises:
        TerraformError: it is none; the error does not quote it.
    """
    try:
        document = Document.model_validate_json(text)
    except ValidationError as error:
        place = ".".join(str(part) for part in error.errors(include_input=False)[0]["loc"])
        raise TerraformError(
            "the plan can't be read",
            where=place or None,
            why="this is not the JSON that Terraform 1.x prints for a plan",
        ) from None
    if not document.format_version.startswith("1."):
        raise TerraformError(
            "the plan can't be read",
            why=f"its format is {document.format_version}, and zenstrap knows 1.x",
        )
    return document


def secrets(document: Document, *, changed: bool = False) -> Iterator[tuple[str, object]]:
    """Every sensitive value with the path of its place.

    Args:
        changed: leave out what was only found: drift, and what stays as it is.
    """
    found = () if changed else document.resource_drift
    for resource in (*document.resource_changes, *found):
        if not changed or resource.change.changes:
            yield from _secrets_of(f"{resource.address} {resource.deposed or ''}", resource.change)
    for name, change in sorted(document.output_changes.items()):
        if not changed or change.changes:
            yield from _secrets_of(f"output.{name}", change)
    for name in sorted(sensitive_variables(document)):
        yield f"var.{name}", document.variables.get(name, {}).get("value")


def sensitive_variables(document: Document) -> frozenset[str]:
    """The variables of the root that are declared so; the values beside them don't say it."""
    declared = document.configuration.get("root_module", {}).get("variables", {})
    return frozenset(name for name, one in declared.items() if one.get("sensitive") is True)


def _secrets_of(owner: str, change: RawChange) -> Iterator[tuple[str, object]]:
    for path, value in values.sensitive_parts(change.before, change.before_sensitive):
        yield f"{owner} before {path}", value
    for path, value in values.sensitive_parts(change.after, change.after_sensitive):
        yield f"{owner} after {path}", value
