"""Terraform's plan, as types that hold no secret."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import assert_never

from pydantic import BaseModel, ConfigDict, JsonValue

from zenstrap.errors import TerraformError
from zenstrap.events import ResourceAction
from zenstrap.redaction import Redact, redactor
from zenstrap.terraform import values
from zenstrap.terraform.digest import plan_digest
from zenstrap.terraform.document import (
    Document,
    RawChange,
    RawResource,
    read_document,
    secrets,
)
from zenstrap.terraform.provider import BUILT_IN, Provider
from zenstrap.terraform.settings import ResourceSettings, planned_settings

# Terraform's actions. "forget" removes a resource from the state without destroying it, which
# deserves the same attention as destroying it.
_ACTIONS: Mapping[tuple[str, ...], ResourceAction | None] = {
    ("no-op",): None,
    ("read",): None,
    ("create",): "create",
    ("update",): "update",
    ("delete",): "destroy",
    ("forget",): "destroy",
    ("delete", "create"): "replace",
    ("create", "delete"): "replace",
    ("create", "forget"): "replace",
}

# The only type whose replacement or removal has no effect by itself: only its provisioners do.
_TERRAFORM_DATA = "terraform_data"
_INCARNATION = "incarnation"


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class AttributeChange(_Frozen):
    """One attribute that changes.

    ``before`` and ``after`` are JSON for display, ``<sensitive>`` or ``(known after apply)``;
    None if there is no value.
    """

    path: str
    before: str | None
    after: str | None


class ResourceChange(_Frozen):
    """What happens to one resource.

    Attributes:
        module: the address of its module; None in the root.
        forced_by: the attributes that force a replacement.
        vanished: the real resource is gone already, or was never created, so nothing is destroyed.
            A replacement is then shown as a creation.
        importing: the real resource exists and is imported into the state.
        reason: Terraform's own, for example ``replace_because_tainted``.
    """

    address: str
    type: str
    module: str | None = None
    action: ResourceAction
    attributes: tuple[AttributeChange, ...] = ()
    forced_by: tuple[str, ...] = ()
    vanished: bool = False
    importing: bool = False
    reason: str | None = None


class KeptResource(_Frozen):
    """A resource of the provider's ``kept_types``: removed from the state, but not destroyed."""

    address: str
    type: str


class PlannedOutput(_Frozen):
    """An output after the apply. ``value`` is None if it is unknown or sensitive."""

    value: JsonValue = None
    known: bool = True
    sensitive: bool = False


class PlanCounts(_Frozen):
    create: int = 0
    update: int = 0
    replace: int = 0
    destroy: int = 0


class Plan(_Frozen):
    """What Terraform is going to change.

    Attributes:
        changes: by address. Reading data sources is not a change.
        outputs: all outputs after the apply.
        changed_outputs: names of those that are added, changed or removed.
        drift: what was changed outside of Terraform since the last run.
        kept: by address. The plan file would destroy them: before it is applied, they must be
            removed from the state.
        settings: of all resources that a policy checks, changed or not.
        digest: hex SHA-256 of the changes. Equal for equal plans, whenever they are created;
            different if a secret, a provisioner or anything else differs.
    """

    changes: tuple[ResourceChange, ...]
    outputs: Mapping[str, PlannedOutput]
    changed_outputs: tuple[str, ...] = ()
    drift: tuple[ResourceChange, ...] = ()
    kept: tuple[KeptResource, ...] = ()
    settings: tuple[ResourceSettings, ...] = ()
    terraform_version: str
    digest: str

    @property
    def counts(self) -> PlanCounts:
        return PlanCounts(**Counter(str(change.action) for change in self.changes))

    @property
    def is_empty(self) -> bool:
        """Whether applying it would change neither a resource, nor an output, nor the state."""
        return not self.changes and not self.changed_outputs and not self.kept

    @property
    def destructive(self) -> tuple[ResourceChange, ...]:
        """The changes that destroy an existing resource."""
        return tuple(c for c in self.changes if _destroys(c.action) and not c.vanished)


def _destroys(action: ResourceAction) -> bool:
    match action:
        case "destroy" | "replace":
            return True
        case "create" | "update":
            return False
        case unknown:
            assert_never(unknown)


def parse_plan(text: str, provider: Provider = BUILT_IN) -> Plan:
    """The plan in the output of ``terraform show -json PLANFILE``.

    Args:
        provider: which types are kept, and which attributes a policy checks.

    Raises:
        TerraformError: it is not a valid plan, or has an action that this version doesn't support.
    """
    document = read_document(text)
    redact = redactor(_sensitive_strings(document))
    kept = [r for r in document.resource_changes if _is_kept(r, provider)]
    rest = tuple(r for r in document.resource_changes if not _is_kept(r, provider))
    document = document.model_copy(update={"resource_changes": rest})
    return Plan(
        changes=tuple(_changes(document.resource_changes, redact)),
        outputs={
            name: _planned_output(change, redact)
            for name, change in sorted(document.output_changes.items())
            if change.actions != ("delete",)
        },
        changed_outputs=tuple(
            sorted(name for name, change in document.output_changes.items() if change.changes)
        ),
        drift=tuple(
            change
            for change in _changes(document.resource_drift, redact)
            if not _only_etags(change)
        ),
        kept=tuple(
            KeptResource(address=resource.address, type=resource.type)
            for resource in sorted(kept, key=lambda r: r.address)
        ),
        settings=tuple(planned_settings(document.resource_changes, provider)),
        terraform_version=document.terraform_version,
        digest=plan_digest(document, redact),
    )


def sensitive_strings(text: str) -> frozenset[str]:
    """Every sensitive string in the output of ``terraform show -json PLANFILE``.

    For redacting messages; keep them in memory only, and no longer than needed.
    """
    return _sensitive_strings(read_document(text))


def is_vanished(
    resource_type: str,
    actions: Sequence[str],
    before: object,
    after: object,
    *,
    reason: str | None = None,
    deposed: bool = False,
) -> bool:
    """Whether a replacement, or the removal of a deposed object, destroys nothing that exists.

    A convention for ``terraform_data`` only, which has no effects but its provisioners': a module
    that finds its real resource gone sets a new ``triggers_replace.incarnation`` and leaves the
    rest of ``triggers_replace`` as it was. Terraform doesn't run destroy provisioners of tainted or
    deposed objects, so they destroy nothing either. For other replacements the module must set
    ``create_before_destroy``: Terraform doesn't run destroy provisioners then.
    """
    if resource_type != _TERRAFORM_DATA:
        return False
    if deposed:
        return True
    if set(actions) == {"create", "delete"} and reason == "replace_because_tainted":
        return True
    # Deleting first would run the destroy provisioner, whatever the trigger is called.
    if tuple(actions) != ("create", "delete"):
        return False
    old, new = _triggers(before), _triggers(after)
    if old is None or new is None or _INCARNATION not in old or _INCARNATION not in new:
        return False
    changed = {key for key in {*old, *new} if old.get(key) != new.get(key)}
    return changed == {_INCARNATION}


def _only_etags(change: ResourceChange) -> bool:
    """Whether only an IAM policy's etag changes: every other grant of the policy changes it."""
    paths = {attribute.path for attribute in change.attributes}
    return change.action == "update" and paths == {"etag"}


def _is_kept(resource: RawResource, provider: Provider) -> bool:
    return resource.type in provider.kept_types and resource.change.actions == ("delete",)


def _sensitive_strings(document: Document) -> frozenset[str]:
    return frozenset(string for _, value in secrets(document) for string in values.strings(value))


def _changes(resources: Sequence[RawResource], redact: Redact) -> Iterator[ResourceChange]:
    for resource in sorted(resources, key=lambda r: (r.address, r.deposed or "")):
        action = _action(resource)
        if action is None or resource.mode != "managed":
            continue
        change = resource.change
        vanished = is_vanished(
            resource.type,
            change.actions,
            change.before,
            change.after,
            reason=resource.action_reason,
            deposed=resource.deposed is not None,
        )
        suffix = f" (deposed {resource.deposed})" if resource.deposed else ""
        yield ResourceChange(
            address=resource.address + suffix,
            type=resource.type,
            module=resource.module_address,
            action="create" if vanished and action == "replace" else action,
            attributes=tuple(
                AttributeChange(
                    path=diff.path,
                    before=None if diff.before is None else redact(diff.before),
                    after=None if diff.after is None else redact(diff.after),
                )
                for diff in values.differences(change.before, change.after, change.masks)
            ),
            forced_by=tuple(_path(steps) for steps in change.replace_paths),
            vanished=vanished,
            importing=change.importing is not None,
            reason=resource.action_reason,
        )


def _action(resource: RawResource) -> ResourceAction | None:
    actions = resource.change.actions
    try:
        action = _ACTIONS[actions]
    except KeyError:
        raise TerraformError(
            f"Terraform plans an action that zenstrap does not support: {', '.join(actions)}",
            where=resource.address,
            fix="Use the version of Terraform that the README names",
        ) from None
    # An import writes to the state, so a plan with one is not empty.
    return "update" if action is None and resource.change.importing is not None else action


def _path(steps: Sequence[str | int]) -> str:
    path = ""
    for step in steps:
        path = values.path_of(path, step)
    return path


def _planned_output(change: RawChange, redact: Redact) -> PlannedOutput:
    known = not values.any_true(change.after_unknown)
    sensitive = values.any_true(change.after_sensitive) or any(
        redact(string) != string for string in values.strings(change.after)
    )
    return PlannedOutput(
        value=change.after if known and not sensitive else None, known=known, sensitive=sensitive
    )


def _triggers(value: object) -> Mapping[str, object] | None:
    triggers = value.get("triggers_replace") if isinstance(value, dict) else None
    return triggers if isinstance(triggers, dict) else None
