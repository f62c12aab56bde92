"""Finds resources that have an environment's names but aren't in its Terraform state.

A run that was killed, or lost Google's answer, created them but couldn't record them. Those with
the owner's mark are adopted. Resources without a mark, or with another owner's, are never changed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from zenstrap.errors import RefusedError
from zenstrap.platforms.gcp.api.refusals import ApiDisabledError, NotAllowedError, RefusedCallError
from zenstrap.platforms.gcp.api.session import GoogleSession, Service

OWNER_LABEL: Final = "zenstrap_owner"

Kind = Literal["bucket", "service account", "repository", "custom role"]
Labels = Callable[[str], Mapping[str, str] | None]

_MARK: Final = re.compile(r"made by zenstrap, owner ([0-9a-f]{12})\b")  # in a description
_SERVICES: Final[Mapping[Kind, Service]] = {
    "service account": "iam",
    "repository": "artifactregistry",
    "custom role": "iam",
}
_MARKING: Final[Mapping[Kind, str]] = {
    "bucket": "gcloud storage buckets update gs://{name} --update-labels={label}={owner}",
    "service account": "gcloud iam service-accounts update {name} --project={project} "
    "--description='made by zenstrap, owner {owner}'",
    "repository": "gcloud artifacts repositories update {name} --project={project} "
    "--location={location} --update-labels={label}={owner}",
    "custom role": "gcloud iam roles update {name} --project={project} "
    "--description='made by zenstrap, owner {owner}'",
}


@dataclass(frozen=True)
class Expected:
    """A resource that the environment has, or will have.

    Attributes:
        id: as the provider writes it in the state; a bucket's name, else the full name.
        slot: its path in the root module's variable ``adopt``.
    """

    kind: Kind
    id: str
    slot: tuple[str, ...]

    @property
    def name(self) -> str:
        """Its short name."""
        return self.id.rpartition("/")[2]


@dataclass(frozen=True)
class Found:
    """An existing resource.

    Attributes:
        mark: the id of the owner that created it; None if it has no mark.
    """

    thing: Expected
    mark: str | None


def owner_in(description: str) -> str | None:
    """The id of the owner that a description names."""
    marked = _MARK.search(description)
    return marked[1] if marked else None


def find_unrecorded(
    session: GoogleSession, expected: Iterable[Expected], bucket_labels: Labels
) -> tuple[Found, ...]:
    """The expected resources that exist, as far as permissions allow to see them.

    Args:
        expected: those that aren't in the state.
        bucket_labels: a bucket's labels; None if it doesn't exist, or can't be seen.

    Raises:
        AuthenticationError, GoogleError: a request failed.
    """
    found = []
    for thing in expected:
        if thing.kind == "bucket":
            labels = bucket_labels(thing.id)
            body: dict[str, Any] | None = None if labels is None else {"labels": labels}
        else:
            body = _body(session, thing)
        if body is not None:
            found.append(Found(thing, _mark_of(body)))
    return tuple(found)


def require_ours(found: Sequence[Found], owner: str, project: str) -> None:
    """Return only if all carry the owner's mark.

    Raises:
        RefusedError: one has no mark, or another owner's; names the owner and the fix.
    """
    foreign = [resource for resource in found if resource.mark != owner]
    if not foreign:
        return
    first = foreign[0].thing
    owners = "; ".join(
        f"{resource.thing.kind} {resource.thing.name} "
        + (f"belongs to owner {resource.mark}" if resource.mark else "has no owner's mark")
        for resource in foreign
    )
    marking = _MARKING[first.kind].format(
        name=first.name if first.kind != "service account" else first.id.rpartition("/")[2],
        label=OWNER_LABEL,
        owner=owner,
        project=project,
        location=first.id.split("/")[3] if first.kind == "repository" else "",
    )
    raise RefusedError(
        f"the name of the {first.kind} {first.name} is taken by a resource that isn't this "
        "environment's",
        where=first.id,
        why=f"It isn't in this environment's Terraform state, whose owner is {owner}: {owners}",
        fix="Delete it, or give the environment another name. If it is this environment's after "
        f"all, mark it, and the next run adopts it: {marking}",
    )


def variable_of(found: Iterable[Found]) -> dict[str, Any]:
    """Their entries in the root module's variable ``adopt``."""
    adopt: dict[str, Any] = {}
    for resource in found:
        *path, last = resource.thing.slot
        place = adopt
        for step in path:
            place = place.setdefault(step, {})
        place[last] = resource.thing.id
    return adopt


def keys_of(session: GoogleSession, account: str) -> frozenset[str]:
    """The full names of an account's user-managed keys.

    Args:
        account: its full name.
    """
    reply = _get(session, "iam", f"{account}/keys", "the account's keys can't be listed") or {}
    return frozenset(
        str(key["name"]) for key in reply.get("keys", []) if key.get("keyType") == "USER_MANAGED"
    )


def _body(session: GoogleSession, thing: Expected) -> dict[str, Any] | None:
    what = f"the {thing.kind} can't be read"
    body = _get(session, _SERVICES[thing.kind], thing.id, what)
    # Creating a deleted role again restores it; otherwise Google removes it eventually.
    return None if body is None or body.get("deleted") else body


def _get(session: GoogleSession, service: Service, name: str, what: str) -> dict[str, Any] | None:
    try:
        return session.get(service, f"v1/{name}", what=what)
    except (ApiDisabledError, NotAllowedError):
        return None  # nothing exists, or Terraform reports the error
    except RefusedCallError as error:
        if error.refusal.status == 404:
            return None
        raise


def _mark_of(body: Mapping[str, Any]) -> str | None:
    if label := (body.get("labels") or {}).get(OWNER_LABEL):
        return str(label)
    return owner_in(str(body.get("description", "")))
