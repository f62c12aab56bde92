"""Roles in the project: what is missing is added, and nothing else changes, whoever else writes."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.platforms.gcp.api.stub import LOST, Answer, Reply, Request, Stub, refusal
from zenstrap.platforms.gcp.api.credentials import load_login
from zenstrap.platforms.gcp.api.project_policy import grant, with_roles
from zenstrap.platforms.gcp.api.refusals import NotAllowedError, RefusedCallError
from zenstrap.platforms.gcp.api.session import GoogleSession, Service
from zenstrap.platforms.gcp.errors import GoogleError
from zenstrap_rehearsal import Rehearsal

PROJECT: Final = "acme-ml-dev"
GET: Final = f"POST /v1/projects/{PROJECT}:getIamPolicy"
SET: Final = f"POST /v1/projects/{PROJECT}:setIamPolicy"
EMAIL: Final = "service-111111111111@gcp-sa-artifactregistry.iam.gserviceaccount.com"
AGENT: Final = f"serviceAccount:{EMAIL}"
ROLE: Final = "roles/artifactregistry.serviceAgent"
ADA: Final = "user:ada@acme.example"
UNTIL: Final = {
    "title": "until Christmas",
    "expression": 'request.time < timestamp("2026-12-24T00:00:00Z")',
}
BINDINGS: Final[list[dict[str, Any]]] = [
    {"role": "roles/owner", "members": [ADA]},
    {"role": ROLE, "members": [ADA, AGENT], "condition": UNTIL},
    {"role": "roles/viewer", "members": ["user:bob@acme.example"], "condition": UNTIL},
]
AUDIT: Final = [{"service": "allServices", "auditLogConfigs": [{"logType": "DATA_READ"}]}]
CONCURRENT: Final = refusal(
    409,
    "There were concurrent policy changes. Please retry the whole read-modify-write with "
    "exponential backoff. The request's ETag '\\007\\005' did not match the current policy's "
    "ETag '\\007\\006'.",
    reason="aborted",
    code="ABORTED",
)


class Policy:
    """The policy of a project as Google keeps it: etags, update masks, versions of requests."""

    def __init__(self, stub: Stub) -> None:
        self.kept: dict[str, Any] = {"bindings": BINDINGS, "auditConfigs": AUDIT, "etag": "0"}
        stub.on(GET, self.get)
        stub.on(SET, self.set)

    def get(self, request: Request) -> Reply:
        told = copy.deepcopy(self.kept)
        if request.json.get("options", {}).get("requestedPolicyVersion") != 3:
            for binding in told["bindings"]:
                if binding.pop("condition", None):
                    binding["role"] += "_withcond_0f3d2c1e"
        conditions = any("condition" in one for one in told["bindings"])
        return Reply(200, {"version": 3 if conditions else 1, **told})

    def set(self, request: Request) -> Reply:
        asked = request.json["policy"]
        if asked.get("etag", self.kept["etag"]) != self.kept["etag"]:
            return CONCURRENT
        if any("condition" in one for one in asked["bindings"]) and asked.get("version") != 3:
            return refusal(400, "Version 3 is needed.", code="INVALID_ARGUMENT")
        fields = request.json.get("updateMask", "bindings,etag").split(",")
        self.kept |= {field: asked.get(field, []) for field in fields if field != "etag"}
        self.kept["etag"] += "1"
        return Reply(200, {"version": 3, **self.kept})


@pytest.fixture
def policy(stub: Stub) -> Policy:
    return Policy(stub)


@pytest.fixture(scope="module")
def rehearsal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rehearsal]:
    apis = ("cloudresourcemanager.googleapis.com", "artifactregistry.googleapis.com")
    place = tmp_path_factory.mktemp("rehearsal")
    with Rehearsal(place, project_id=PROJECT, apis=apis) as rehearsal:
        rehearsal.cloud.projects[PROJECT].number = "111111111111"
        rehearsal.cloud.projects[PROJECT].agents.add("gcp-sa-artifactregistry")
        yield rehearsal


class Interrupted(GoogleSession):
    """A session in which something happens between the first reading and the first writing."""

    meanwhile: Callable[[], None] | None = None

    def post(self, service: Service, path: str, body: Any, *, what: str) -> dict[str, Any]:
        if path.endswith(":setIamPolicy") and self.meanwhile:
            happens, self.meanwhile = self.meanwhile, None
            happens()
        return super().post(service, path, body, what=what)


@pytest.fixture(params=["stub", "double"])
def sessions(request: pytest.FixtureRequest) -> Callable[[], Interrupted]:
    """Makes sessions in a project with BINDINGS and AUDIT."""
    if request.param == "stub":
        request.getfixturevalue("policy")
        stub = request.getfixturevalue("stub")
        environ = {
            "GOOGLE_RESOURCE_MANAGER_CUSTOM_ENDPOINT": f"{stub.url}/v1/",
            "GOOGLE_OAUTH_ACCESS_TOKEN": "ya29.token",
        }
    else:
        environ = request.getfixturevalue("rehearsal").environment()

    def make() -> Interrupted:
        return Interrupted(load_login(environ=environ), project=PROJECT, environ=environ)

    if request.param == "double":
        policy = {"version": 3, "bindings": BINDINGS, "auditConfigs": AUDIT}
        body = {"policy": policy, "updateMask": "bindings,auditConfigs"}
        path = f"v1/projects/{PROJECT}:setIamPolicy"
        make().post("cloudresourcemanager", path, body, what="")
    return make


def policy_of(session: GoogleSession) -> dict[str, Any]:
    path = f"v1/projects/{PROJECT}:getIamPolicy"
    body = {"options": {"requestedPolicyVersion": 3}}
    return session.post("cloudresourcemanager", path, body, what="")


def test_what_is_missing_is_added_and_the_rest_stays(
    sessions: Callable[[], Interrupted],
) -> None:
    session = sessions()
    grant(session, {AGENT: ROLE})
    after = policy_of(session)
    assert after["bindings"] == [*BINDINGS, {"role": ROLE, "members": [AGENT]}]
    assert after["auditConfigs"] == AUDIT
    grant(session, {AGENT: ROLE})
    assert policy_of(session)["etag"] == after["etag"]


def test_of_two_writers_at_once_neither_undoes_the_other(
    sessions: Callable[[], Interrupted],
) -> None:
    one, other = sessions(), sessions()
    waits: list[float] = []
    one.meanwhile = lambda: grant(other, {ADA: "roles/browser", "user:eve@acme.example": ROLE})
    grant(one, {AGENT: ROLE}, pause=waits.append)
    assert policy_of(one)["bindings"] == [
        *BINDINGS,
        {"role": "roles/browser", "members": [ADA]},
        {"role": ROLE, "members": ["user:eve@acme.example", AGENT]},
    ]
    assert len(waits) == 1


def test_where_all_is_there_nothing_is_written(session: GoogleSession, stub: Stub) -> None:
    Policy(stub)
    grant(session, {ADA: "roles/owner"})
    grant(session, {})
    assert stub.lines == [GET, GET]


def test_an_answer_that_was_lost_is_no_second_change(
    session: GoogleSession, stub: Stub, policy: Policy
) -> None:
    def lost(request: Request) -> Reply:
        policy.set(request)
        return LOST

    stub.on(SET, lost, policy.set)
    grant(session, {AGENT: ROLE}, pause=lambda seconds: None)
    assert policy.kept["bindings"][-1] == {"role": ROLE, "members": [AGENT]}
    assert policy.kept["etag"] == "01"


def test_who_never_gets_a_turn_gives_up(session: GoogleSession, stub: Stub, policy: Policy) -> None:
    stub.on(SET, CONCURRENT)
    waits: list[float] = []
    with pytest.raises(RefusedCallError) as caught:
        grant(session, {AGENT: ROLE}, pause=waits.append)
    assert stub.lines == [GET, SET] * 3
    assert len(waits) == 2 and caught.value.fix
    assert policy.kept["bindings"] == BINDINGS


def unknown(email: str) -> Reply:
    return refusal(400, f"Service account {email} does not exist.", code="INVALID_ARGUMENT")


def test_an_account_that_was_just_made_is_waited_for(
    session: GoogleSession, stub: Stub, policy: Policy
) -> None:
    stub.on(SET, unknown(EMAIL), unknown(EMAIL), policy.set)
    waits: list[float] = []
    grant(session, {AGENT: ROLE}, pause=waits.append)
    assert policy.kept["bindings"][-1] == {"role": ROLE, "members": [AGENT]}
    assert len(waits) == 2 and waits == sorted(waits)

    stub.on(SET, unknown(EMAIL))
    with pytest.raises(RefusedCallError):
        grant(session, {AGENT: "roles/browser"}, pause=waits.append)
    assert 60 <= sum(waits) <= 300


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (unknown(f"gone-{EMAIL}"), RefusedCallError),
        (unknown("someone@acme-ml-dev.iam.gserviceaccount.com"), RefusedCallError),
        (refusal(403, "Policy update access denied.", reason="forbidden"), NotAllowedError),
    ],
)
def test_what_does_not_pass_by_itself_is_told_at_once(
    reply: Reply, kind: type[GoogleError], session: GoogleSession, stub: Stub, policy: Policy
) -> None:
    stub.on(SET, reply)
    waits: list[float] = []
    with pytest.raises(kind):
        grant(session, {AGENT: ROLE}, pause=waits.append)
    assert (stub.lines, waits) == ([GET, SET], [])


@pytest.mark.parametrize("answer", [Reply(200, {"bindings": BINDINGS}), Reply(200, {})])
def test_a_policy_without_an_etag_is_not_written(
    answer: Answer, session: GoogleSession, stub: Stub
) -> None:
    stub.on(GET, answer)
    with pytest.raises(GoogleError) as caught:
        grant(session, {AGENT: ROLE})
    assert caught.value.fix and stub.lines == [GET]


def test_whoever_stops_waiting_is_obeyed(
    session: GoogleSession, stub: Stub, policy: Policy
) -> None:
    stub.on(SET, CONCURRENT)

    def stop(seconds: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        grant(session, {AGENT: ROLE}, pause=stop)
    assert stub.lines == [GET, SET]


MEMBERS = st.sampled_from([ADA, AGENT, "user:bob@acme.example", "group:ml@acme.example"])
ROLES = st.sampled_from([ROLE, "roles/owner", "roles/viewer"])
BINDING = st.fixed_dictionaries(
    {"role": ROLES, "members": st.lists(MEMBERS, unique=True)},
    optional={"condition": st.just(UNTIL), "bindingId": st.just("7")},
)


def held(bindings: list[dict[str, Any]]) -> set[tuple[str, str]]:
    """Who has which role without a condition."""
    free = [one for one in bindings if "condition" not in one]
    return {(member, one["role"]) for one in free for member in one["members"]}


@given(st.lists(BINDING), st.dictionaries(MEMBERS, ROLES))
def test_any_policy_gets_what_is_missing_and_keeps_the_rest(
    before: list[dict[str, Any]], roles: dict[str, str]
) -> None:
    given_to = copy.deepcopy(before)
    after = with_roles(before, roles)
    assert before == given_to
    wanted = set(roles.items())
    if after is None:
        assert wanted <= held(before)
        return
    assert held(after) == held(before) | wanted
    assert with_roles(after, roles) is None
    for old, new in zip(before, after, strict=False):
        assert {**old, "members": []} == {**new, "members": []}
        assert new["members"][: len(old["members"])] == old["members"]
        assert "condition" not in old or new == old
    for new in after[len(before) :]:
        assert set(new) == {"role", "members"}
    members = [member for one in after for member in one["members"]]
    assert len(members) == sum(len(one["members"]) for one in before) + len(wanted - held(before))
