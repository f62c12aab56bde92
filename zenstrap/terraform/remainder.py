"""Whether a plan is what is left to do of another one."""

from __future__ import annotations

from collections.abc import Mapping

from zenstrap.redaction import UNKNOWN
from zenstrap.terraform.plan import AttributeChange, Plan, ResourceChange

_TAINTED = "replace_because_tainted"


def is_remainder(approved: Plan, rest: Plan) -> bool:
    """Whether carrying out ``rest`` does nothing that wasn't approved.

    Some changes may be missing, since they were made. What was to be known after the apply may be
    known now. A resource whose creation failed halfway may be made anew.
    """
    known = {change.address: change for change in approved.changes}
    return set(rest.kept) <= set(approved.kept) and all(
        _is_left_of(known.get(change.address.partition(" (deposed")[0]), change)
        for change in rest.changes
    )


def _is_left_of(approved: ResourceChange | None, rest: ResourceChange) -> bool:
    if approved is None:
        return False
    if "(deposed" in rest.address and "(deposed" not in approved.address:
        return approved.action == "replace" and rest.action == "destroy"  # its second half
    if not _is_left_action(approved, rest):
        return False
    was = {one.path: one for one in approved.attributes}
    # What is there of a creation that failed, or whose answer was lost, has values of its own.
    half_made = approved.action == "create" and rest.action != "create"
    if not all(_was_approved(was, one, half_made) for one in rest.attributes):
        return False
    if rest.action != "create":
        return True
    will_be = {one.path for one in rest.attributes}
    return all(path in will_be for path, one in was.items() if one.after not in (None, UNKNOWN))


def _is_left_action(approved: ResourceChange, rest: ResourceChange) -> bool:
    if rest.action == approved.action:
        return True
    if approved.action == "replace":
        return rest.action == "create"  # destroyed already
    if approved.action != "create":
        return False
    # Its creation failed halfway, or its answer was lost and it is found and taken over.
    return (rest.action == "replace" and rest.reason == _TAINTED) or (
        rest.action == "update" and rest.importing
    )


def _was_approved(
    was: Mapping[str, AttributeChange], now: AttributeChange, half_made: bool
) -> bool:
    found = was.get(now.path)
    if found is not None:
        return found.after in (now.after, UNKNOWN)
    # A part of something that wasn't known as a whole.
    return (half_made and now.after is None) or any(
        one.after == UNKNOWN and now.path.startswith((f"{path}.", f"{path}["))
        for path, one in was.items()
    )
