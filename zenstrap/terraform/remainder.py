"""Whether a plan is the remainder of an approved plan that was partly applied."""

from __future__ import annotations

from collections.abc import Mapping

from zenstrap.redaction import UNKNOWN
from zenstrap.terraform.plan import AttributeChange, Plan, ResourceChange

_TAINTED = "replace_because_tainted"


def is_remainder(approved: Plan, rest: Plan) -> bool:
    """Whether applying ``rest`` does nothing that wasn't approved.

    Changes that were made already may be missing. Values that were known after apply may be known
    now. A resource whose creation failed halfway may be created again.
    """
    approved_changes = {change.address: change for change in approved.changes}
    return set(rest.kept) <= set(approved.kept) and all(
        _is_remaining_change(approved_changes.get(change.address.partition(" (deposed")[0]), change)
        for change in rest.changes
    )


def _is_remaining_change(approved: ResourceChange | None, rest: ResourceChange) -> bool:
    if approved is None:
        return False
    if "(deposed" in rest.address and "(deposed" not in approved.address:
        return approved.action == "replace" and rest.action == "destroy"  # its second half
    if not _is_remaining_action(approved, rest):
        return False
    attributes = {attribute.path: attribute for attribute in approved.attributes}
    # A resource whose creation failed, or whose response was lost, has values of its own.
    half_created = approved.action == "create" and rest.action != "create"
    if not all(_was_approved(attributes, change, half_created) for change in rest.attributes):
        return False
    if rest.action != "create":
        return True
    paths = {attribute.path for attribute in rest.attributes}
    return all(
        path in paths
        for path, attribute in attributes.items()
        if attribute.after not in (None, UNKNOWN)
    )


def _is_remaining_action(approved: ResourceChange, rest: ResourceChange) -> bool:
    if rest.action == approved.action:
        return True
    if approved.action == "replace":
        return rest.action == "create"  # destroyed already
    if approved.action != "create":
        return False
    # Its creation failed halfway, or the response was lost and the existing resource is imported.
    return (rest.action == "replace" and rest.reason == _TAINTED) or (
        rest.action == "update" and rest.importing
    )


def _was_approved(
    approved: Mapping[str, AttributeChange], change: AttributeChange, half_created: bool
) -> bool:
    same = approved.get(change.path)
    if same is not None:
        return same.after in (change.after, UNKNOWN)
    # Or it is a part of a value that was unknown as a whole.
    return (half_created and change.after is None) or any(
        attribute.after == UNKNOWN and change.path.startswith((f"{path}.", f"{path}["))
        for path, attribute in approved.items()
    )
