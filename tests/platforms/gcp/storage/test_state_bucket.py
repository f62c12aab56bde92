"""The state bucket, decided by pure rules and carried out against Cloud Storage's own replies."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.platforms.gcp.api.stub import LOST, Reply, Request, Stub, refusal
from tests.platforms.gcp.storage.buckets import NUMBERS, Buckets, bucket
from tests.platforms.gcp.storage.conftest import client_at
from zenstrap.errors import AuthenticationError, ZenstrapError
from zenstrap.platforms.gcp.errors import GoogleError
from zenstrap.platforms.gcp.storage.state_bucket import (
    LABELS,
    BucketFacts,
    WantedBucket,
    decide,
    ensure,
    look,
)

NAME = "acme-ml-dev-tfstate"
NUMBER = NUMBERS["acme-ml-dev"]
WANTED = WantedBucket(NAME, "acme-ml-dev", NUMBER, "europe-west1", "zenstrap")
GET, CREATE = f"GET /storage/v1/b/{NAME}", "POST /storage/v1/b"
PATCH = f"PATCH /storage/v1/b/{NAME}"


@pytest.fixture
def buckets(stub: Stub) -> Buckets:
    made = Buckets()
    stub.otherwise = made
    return made


@pytest.fixture
def client(stub: Stub) -> Any:
    return client_at(stub.url)


def fails(client: Any, wanted: WantedBucket = WANTED) -> ZenstrapError:
    with pytest.raises(ZenstrapError) as caught:
        ensure(client, wanted)
    error = caught.value
    assert error.what and error.where and error.why and error.fix, error
    assert "\n" not in str(error)
    return error


facts = st.builds(
    BucketFacts,
    project_number=st.sampled_from([NUMBER, 5]),
    location=st.sampled_from(["EUROPE-WEST1", "EU"]),
    labels=st.fixed_dictionaries(
        {}, optional={"managed_by": st.sampled_from(["zenstrap", "pulumi"]), "team": st.just("ml")}
    ),
    versioning=st.booleans(),
    uniform_access=st.booleans(),
    public_access_prevented=st.booleans(),
    soft_delete_seconds=st.sampled_from([0, 604800, 90 * 86400]),
    rules=st.just(()),
    metageneration=st.integers(1, 9),
    foreign=st.sampled_from(["", "data/model.bin"]),
    viewers=st.booleans(),
)


@given(actual=facts)
def test_only_a_bucket_of_the_project_in_the_right_place_without_another_owner_is_taken(
    actual: BucketFacts,
) -> None:
    takeable = (
        actual.project_number == NUMBER
        and actual.location == "EUROPE-WEST1"
        and actual.labels.get("managed_by", "zenstrap") == "zenstrap"
        and not actual.foreign
    )
    decision = decide(actual, WANTED)
    assert (decision.action == "refuse") == (not takeable) == (decision.reason is not None)
    if takeable:
        assert decision.action == ("update" if "managed_by" in actual.labels else "adopt")


def test_a_bucket_is_made_with_everything_set(buckets: Buckets, client: Any) -> None:
    assert ensure(client, WANTED).action == "create"
    made = buckets.held[NAME]
    assert made["location"] == "EUROPE-WEST1"
    assert made["versioning"] == {"enabled": True}
    assert made["iamConfiguration"]["uniformBucketLevelAccess"]["enabled"] is True
    assert made["iamConfiguration"]["publicAccessPrevention"] == "enforced"
    assert int(made["softDeletePolicy"]["retentionDurationSeconds"]) == 604800
    assert made["labels"] == LABELS
    assert ensure(client, WANTED).action == "keep"
    assert buckets.writes == [f"create {NAME}", f"policy {NAME}"]


def test_a_bucket_of_the_project_is_adopted_and_its_own_settings_stay(
    buckets: Buckets, client: Any
) -> None:
    own_rule = {"action": {"type": "Delete"}, "condition": {"age": 400}}
    buckets.held[NAME] = bucket(
        NAME,
        NUMBER,
        labels={"team": "ml"},
        lifecycle={"rule": [own_rule]},
        softDeletePolicy={"retentionDurationSeconds": str(90 * 86400)},
    )
    decision = ensure(client, WANTED)
    assert decision.action == "adopt" and "object versioning" in decision.settings
    held = buckets.held[NAME]
    assert held["labels"] == {"team": "ml", **LABELS}
    assert own_rule in held["lifecycle"]["rule"] and len(held["lifecycle"]["rule"]) == 2
    assert int(held["softDeletePolicy"]["retentionDurationSeconds"]) == 90 * 86400
    assert ensure(client, WANTED).action == "keep"
    assert buckets.writes == [f"patch {NAME}"]


@pytest.mark.parametrize(
    ("objects", "taken"),
    [
        ([], True),
        (["zenstrap/dev/dev.tfstate", "zenstrap/prod/lease.json"], True),
        (["zenstrap/dev/dev.tfstate", "data/model.bin"], False),
        (["zenstrap/dev/dev.tfstate", "zenstrap2/model.bin"], False),
        (["zenstrap"], False),
        (["zenstrap-notes.txt"], False),
    ],
)
def test_a_bucket_without_labels_is_taken_only_if_all_in_it_is_zenstraps(
    objects: list[str], taken: bool, buckets: Buckets, client: Any
) -> None:
    buckets.held[NAME] = bucket(NAME, NUMBER)
    buckets.names[NAME] = objects
    if taken:
        assert ensure(client, WANTED).action == "adopt"
        return
    assert "--update-labels=managed_by=zenstrap" in str(fails(client))
    assert buckets.writes == []
    buckets.held[NAME]["labels"] = {"managed_by": "zenstrap"}  # the way out
    assert ensure(client, WANTED).action == "update"


def test_the_projects_viewers_read_no_state_and_everybody_else_stays(
    buckets: Buckets, stub: Stub, client: Any
) -> None:
    ensure(client, WANTED)
    policy = f"PUT /storage/v1/b/{NAME}/iam"
    mine = {
        "role": "roles/storage.objectViewer",
        "members": ["user:ada@acme.example"],
        "condition": {"title": "t", "expression": "true"},
    }

    def rest() -> list[dict[str, Any]]:
        return buckets.policies[NAME]["bindings"]  # type: ignore[no-any-return]

    roles = {one["role"]: one["members"] for one in rest()}
    assert "projectViewer" not in str(roles)
    assert len(roles["roles/storage.legacyObjectOwner"]) == 2

    # Somebody lets them in again, and somebody else changes the policy while they are shut out.
    viewers = {"role": "roles/storage.legacyObjectReader", "members": ["projectViewer:x"]}
    rest().append(viewers)

    def other_first(request: Request) -> Reply:
        buckets.policies[NAME]["etag"] = "CAI="
        rest().append(mine)
        return buckets(request)

    stub.on(policy, other_first, buckets)
    assert ensure(client, WANTED).settings == ("no access for the project's viewers",)
    assert "projectViewer" not in str(rest()) and mine in rest()
    assert ensure(client, WANTED).action == "keep"


def test_a_setting_that_was_changed_outside_is_mended(buckets: Buckets, client: Any) -> None:
    ensure(client, WANTED)
    buckets.held[NAME]["versioning"] = {"enabled": False}
    decision = ensure(client, WANTED)
    assert (decision.action, decision.settings) == ("update", ("object versioning",))
    assert buckets.held[NAME]["versioning"] == {"enabled": True}
    assert ensure(client, WANTED).action == "keep"


@pytest.mark.parametrize(
    ("held", "told"),
    [
        (bucket(NAME, NUMBERS["acme-ml-prod"]), str(NUMBERS["acme-ml-prod"])),
        (bucket(NAME, NUMBER, labels={"managed_by": "pulumi"}), "pulumi"),
        (bucket(NAME, NUMBER, location="US"), "state.location: US"),
        (bucket(NAME, NUMBERS["acme-ml-prod"]), "state.project"),
    ],
)
def test_what_is_somebody_elses_or_elsewhere_is_left_alone(
    held: dict[str, Any], told: str, buckets: Buckets, client: Any
) -> None:
    buckets.held[NAME] = held
    assert told in str(fails(client))
    assert buckets.writes == []


def test_where_nobody_said_where_it_lies_one_that_is_there_may_lie_anywhere(
    buckets: Buckets, client: Any
) -> None:
    wanted = replace(WANTED, anywhere=True)
    buckets.held[NAME] = bucket(NAME, NUMBER, location="US")
    assert ensure(client, wanted).action == "adopt"
    assert ensure(client, wanted).action == "keep"
    assert buckets.held[NAME]["location"] == "US"
    buckets.held.clear()
    assert ensure(client, wanted).action == "create"
    assert buckets.held[NAME]["location"] == WANTED.location.upper()


def test_a_bucket_that_may_not_be_looked_at_is_refused(buckets: Buckets, client: Any) -> None:
    buckets.hidden.add(NAME)
    assert look(client, WANTED) == "forbidden"
    assert "another user" in str(fails(client))


def test_of_two_that_make_it_at_once_both_end_with_one(
    buckets: Buckets, stub: Stub, client: Any
) -> None:
    def other_first(request: Request) -> Reply:
        buckets.create(request.json, "acme-ml-dev")
        return buckets(request)

    stub.on(CREATE, other_first)
    assert ensure(client, WANTED).settings == ("no access for the project's viewers",)
    assert buckets.writes == [f"create {NAME}", f"policy {NAME}"]


def test_a_creation_whose_answer_got_lost_is_not_made_twice(
    buckets: Buckets, stub: Stub, client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("google.api_core.retry.retry_unary.time.sleep", lambda seconds: None)

    def lost(request: Request) -> Reply:
        buckets(request)
        return LOST

    stub.on(CREATE, lost, buckets)
    assert ensure(client, WANTED).settings == ("no access for the project's viewers",)
    assert buckets.writes == [f"create {NAME}", f"policy {NAME}"]


def test_a_change_in_between_is_not_overwritten(buckets: Buckets, stub: Stub, client: Any) -> None:
    buckets.held[NAME] = bucket(NAME, NUMBER)
    own_rule = {"action": {"type": "Delete"}, "condition": {"age": 400}}

    def other_first(request: Request) -> Reply:
        buckets.held[NAME] |= {"lifecycle": {"rule": [own_rule]}, "metageneration": "2"}
        return buckets(request)

    stub.on(PATCH, other_first, buckets)
    assert ensure(client, WANTED).action == "adopt"
    assert own_rule in buckets.held[NAME]["lifecycle"]["rule"]


def test_a_name_that_is_taken_for_good_is_no_endless_loop(
    buckets: Buckets, stub: Stub, client: Any
) -> None:
    """Just deleted by somebody else, say: nothing to see, and still not to be had."""
    buckets.hidden.add(NAME)
    stub.on(GET, refusal(404, "The specified bucket does not exist.", reason="notFound"))
    assert "taken" in fails(client).what
    assert stub.lines.count(CREATE) <= 3


@pytest.mark.parametrize(
    ("wanted", "reply", "kind", "told"),
    [
        (replace(WANTED, project="no-such"), None, GoogleError, "gcp.project_id"),
        (replace(WANTED, location="europe-west99"), None, GoogleError, "gcp.region"),
        (
            WANTED,
            refusal(
                403,
                "ada@acme.example does not have storage.buckets.create access to the Google Cloud "
                "project. Permission 'storage.buckets.create' denied on resource (or it may not "
                "exist).",
                reason="forbidden",
            ),
            GoogleError,
            "--role=roles/storage.admin",
        ),
        (
            WANTED,
            refusal(
                412,
                "Request violates constraint 'constraints/gcp.resourceLocations'",
                reason="conditionNotMet",
            ),
            GoogleError,
            "gcp.resourceLocations",
        ),
        (
            WANTED,
            refusal(
                403,
                "The billing account for the owning project is disabled in state absent",
                reason="accountDisabled",
            ),
            GoogleError,
            "gcloud billing projects link acme-ml-dev",
        ),
        (
            WANTED,
            refusal(401, "Invalid Credentials", reason="authError"),
            AuthenticationError,
            "gcloud auth",
        ),
    ],
)
def test_a_refused_creation_says_what_mends_it(
    wanted: WantedBucket,
    reply: Reply | None,
    kind: type[ZenstrapError],
    told: str,
    buckets: Buckets,
    stub: Stub,
    client: Any,
) -> None:
    if reply is not None:
        stub.on(CREATE, reply)
    error = fails(client, wanted)
    assert isinstance(error, kind) and told in str(error)
    assert buckets.held == {}
