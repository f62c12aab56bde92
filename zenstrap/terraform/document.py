"""The JSON that Terraform prints for a plan, including secrets: it never leaves this package."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from zenstrap.errors import TerraformError
from zenstrap.terraform import values


class _Raw(BaseModel):
    # A validation error must not quote its input: plans hold secrets in plain text.
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
        """Whether anything is written, also if only the state changes."""
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
    # Everything but planned_values and prior_state, which repeat the rest.
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
        TerraformError: it is not a valid plan; the error does not quote it.
    """
    try:
        document = Document.model_validate_json(text)
    except ValidationError as error:
        place = ".".join(str(part) for part in error.errors(include_input=False)[0]["loc"])
        raise TerraformError(
            "the plan can't be read",
            where=place or None,
            why="it is not the JSON that Terraform 1.x prints for a plan",
        ) from None
    if not document.format_version.startswith("1."):
        raise TerraformError(
            "the plan can't be read",
            why=f"its format version is {document.format_version}, and zenstrap supports 1.x",
        )
    return document


def secrets(document: Document, *, changed: bool = False) -> Iterator[tuple[str, object]]:
    """Every sensitive value with its path.

    Args:
        changed: leave out drift and unchanged resources.
    """
    drift = () if changed else document.resource_drift
    for resource in (*document.resource_changes, *drift):
        if not changed or resource.change.changes:
            yield from _secrets_of(f"{resource.address} {resource.deposed or ''}", resource.change)
    for name, change in sorted(document.output_changes.items()):
        if not changed or change.changes:
            yield from _secrets_of(f"output.{name}", change)
    for name in sorted(sensitive_variables(document)):
        yield f"var.{name}", document.variables.get(name, {}).get("value")


def sensitive_variables(document: Document) -> frozenset[str]:
    """The root's variables that are declared sensitive; the plan's values don't carry that mark."""
    declared = document.configuration.get("root_module", {}).get("variables", {})
    return frozenset(name for name, var in declared.items() if var.get("sensitive") is True)


def _secrets_of(owner: str, change: RawChange) -> Iterator[tuple[str, object]]:
    for path, value in values.sensitive_parts(change.before, change.before_sensitive):
        yield f"{owner} before {path}", value
    for path, value in values.sensitive_parts(change.after, change.after_sensitive):
        yield f"{owner} after {path}", value
