"""Listings of objects: prefix, delimiter, versions, pages.

https://cloud.google.com/storage/docs/json_api/v1/objects/list
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from zenstrap_rehearsal.storage.calls import JSON, Call
from zenstrap_rehearsal.storage.refusals import invalid
from zenstrap_rehearsal.storage.versions import Shelf, State, Version

_PAGE: Final = 1000


@dataclass(frozen=True)
class Query:
    """The parameters of a listing."""

    prefix: str = ""
    delimiter: str = ""
    states: frozenset[State] = frozenset({State.LIVE})
    start: str = ""
    end: str = ""
    after: str = ""
    size: int = _PAGE
    trailing_delimiter: bool = False

    @classmethod
    def of(cls, call: Call) -> Query:
        states = {State.LIVE}
        if call.flag("versions"):
            states.add(State.NONCURRENT)
        if call.flag("softDeleted"):
            states = {State.SOFT_DELETED}
        size = call.parameter("maxResults") or str(_PAGE)
        if not size.isdigit() or not int(size):
            raise invalid(f"Invalid value for maxResults: {size}")
        return cls(
            prefix=call.parameter("prefix") or "",
            delimiter=call.parameter("delimiter") or "",
            states=frozenset(states),
            start=call.parameter("startOffset") or "",
            end=call.parameter("endOffset") or "",
            after=cls.after_token(call.parameter("pageToken")),
            size=min(int(size), _PAGE),
            trailing_delimiter=call.flag("includeTrailingDelimiter"),
        )

    @staticmethod
    def after_token(token: str | None) -> str:
        """The sort key at which the previous page ended."""
        try:
            return base64.urlsafe_b64decode(token).decode() if token else ""
        except ValueError:
            raise invalid("Invalid pageToken") from None


def listed(shelf: Shelf, query: Query) -> JSON:
    """One page of a listing."""
    items: list[JSON] = []
    prefixes: list[str] = []
    last = ""
    more = False
    for mark, version, prefix in _entries(shelf, query):
        if mark <= query.after or prefix in prefixes:
            continue
        if len(items) + len(prefixes) >= query.size:
            more = True
            break
        if prefix:
            prefixes.append(prefix)
        if not prefix or (query.trailing_delimiter and version.name == prefix):
            items.append(version.resource)
        last = mark
    page: JSON = {"kind": "storage#objects"}
    if items:
        page["items"] = items
    if prefixes:
        page["prefixes"] = prefixes
    if more:
        page["nextPageToken"] = base64.urlsafe_b64encode(last.encode()).decode()
    return page


def _entries(shelf: Shelf, query: Query) -> Iterator[tuple[str, Version, str]]:
    """Each version with its sort key, and the prefix under which it is listed, if any."""
    for version in shelf:
        name = version.name
        if version.state not in query.states or not name.startswith(query.prefix):
            continue
        if name < query.start or (query.end and name >= query.end):
            continue
        rest = name[len(query.prefix) :]
        if query.delimiter and query.delimiter in rest:
            folder = query.prefix + rest.partition(query.delimiter)[0] + query.delimiter
            # Sorts after all names with this prefix.
            yield folder + "\U0010ffff", version, folder
        else:
            yield f"{name}\0{version.generation:>20}", version, ""
