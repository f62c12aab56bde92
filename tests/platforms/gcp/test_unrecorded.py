"""Whose a thing is that exists and isn't in the state: read from its mark, decided purely."""

from __future__ import annotations

import re
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.platforms.gcp.api.stub import Reply, Stub, refusal
from zenstrap.errors import RefusedError
from zenstrap.paths import modules_folder
from zenstrap.platforms.gcp.api.session import GoogleSession
from zenstrap.platforms.gcp.api.unrecorded import (
    Expected,
    Found,
    Kind,
    find_unrecorded,
    require_ours,
    variable_of,
)
from zenstrap.platforms.gcp.unrecorded import _ADDRESSES, address_of

OWNER, OTHER = "0123456789ab", "ba9876543210"
IDS: dict[Kind, str] = {
    "bucket": "acme-zenml-dev",
    "service account": "projects/acme/serviceAccounts/zenml-dev@acme.iam.gserviceaccount.com",
    "repository": "projects/acme/locations/europe/repositories/zenml-dev",
    "custom role": "projects/acme/roles/zenml_dev_secret_user",
}
OURS = f"ZenML's; made by zenstrap, owner {OWNER}."


def thing(kind: Kind) -> Expected:
    return Expected(kind, IDS[kind], ("stack", kind))


def no_bucket(name: str) -> None:
    return None


@pytest.mark.parametrize(
    ("body", "mark"),
    [
        ({"description": OURS}, OWNER),
        ({"labels": {"zenstrap_owner": OTHER}, "description": OURS}, OTHER),
        ({"description": "x; made by zenstrap."}, None),
        ({"description": f"{OURS[:-1]}ff"}, None),
        ({"labels": {"managed_by": "zenstrap"}}, None),
        ({}, None),
    ],
)
def test_the_mark_is_read(
    body: dict[str, Any], mark: str | None, session: GoogleSession, stub: Stub
) -> None:
    for kind in ("service account", "repository", "custom role"):
        stub.on(f"GET /v1/{IDS[kind]}", Reply(200, body))
        (found,) = find_unrecorded(session, [thing(kind)], no_bucket)
        assert found.mark == mark


@pytest.mark.parametrize(
    "reply",
    [
        refusal(404, "Not found."),
        refusal(403, "Permission denied.", code="PERMISSION_DENIED"),
        Reply(200, {"description": OURS, "deleted": True}),
    ],
)
def test_what_is_not_there_or_not_to_be_seen_is_left_to_terraform(
    reply: Reply, session: GoogleSession, stub: Stub
) -> None:
    stub.otherwise = reply
    assert find_unrecorded(session, [thing(kind) for kind in get_args(Kind)], no_bucket) == ()


found = st.builds(
    lambda kind, mark: Found(thing(kind), mark),
    st.sampled_from(get_args(Kind)),
    st.sampled_from([OWNER, OTHER, None]),
)


@given(st.lists(found))
def test_all_are_ours_or_nothing_is_taken(drawn: list[Found]) -> None:
    foreign = [one for one in drawn if one.mark != OWNER]
    try:
        require_ours(drawn, OWNER, "acme")
    except RefusedError as error:
        assert foreign and error.exit_code == 5
        assert all(one.thing.name in (error.why or "") for one in foreign)
        assert OWNER in (error.fix or "") and "{" not in (error.fix or "")
    else:
        assert not foreign
        assert all(variable_of([one])["stack"][one.thing.kind] == one.thing.id for one in drawn)


def test_addresses_are_those_of_the_import_blocks() -> None:
    text = (modules_folder() / "environments/gcp/imports.tf").read_text()
    blocks = set(re.findall(r"to\s+= (\S+)", text))
    slots = [("bucket",), *((*place, key) for key in _ADDRESSES for place in PLACES)]
    ours = {address_of(Expected("custom role", "x", slot)) for slot in slots[1:]}
    ours.add(address_of(Expected("bucket", "x", slots[0])))
    found = {one.replace("[each.key]", '["risk"]') for one in blocks if ".this[each" not in one}
    assert ours == {one for one in found if "workload_identity" not in one}


PLACES = (("stack",), ("ml_projects", "risk"))
