"""Enabling APIs and making service agents: long-running operations of Service Usage."""

from __future__ import annotations

from typing import Any

import pytest

from tests.platforms.gcp.api.stub import Reply, Stub, refusal
from zenstrap.platforms.gcp.api.refusals import ApiDisabledError, NotAllowedError, RefusedCallError
from zenstrap.platforms.gcp.api.service_usage import enable, make_service_agent
from zenstrap.platforms.gcp.api.session import GoogleSession
from zenstrap.platforms.gcp.errors import GoogleError

PROJECT = "projects/acme-ml-dev"
LIST = f"GET /v1/{PROJECT}/services"
ENABLE = f"POST /v1/{PROJECT}/services:batchEnable"
REGISTRY = "artifactregistry.googleapis.com"
MAKE = f"POST /v1beta1/{PROJECT}/services/{REGISTRY}:generateServiceIdentity"
AGENT = "service-111111111111@gcp-sa-artifactregistry.iam.gserviceaccount.com"
OPERATION = "operations/acat.p2-111111111111-8a5b2c1e-0f3d-4e6a-9b7c-2d1e0f3a4b5c"
RUNNING = Reply(
    200,
    {
        "name": OPERATION,
        "metadata": {
            "@type": "type.googleapis.com/google.api.serviceusage.v1.OperationMetadata",
            "resourceNames": [f"services/{REGISTRY}/projectSettings/111111111111"],
        },
    },
)
FORBIDDEN = "Permission denied to enable service [artifactregistry.googleapis.com]"


def enabled(*apis: str) -> Reply:
    services = [
        {
            "name": f"projects/111111111111/services/{api}",
            "config": {"name": api},
            "state": "ENABLED",
            "parent": "projects/111111111111",
        }
        for api in apis
    ]
    return Reply(200, {"services": services} if services else {})


def done(name: str = "operations/finished.DONE_OPERATION", **response: str) -> Reply:
    """An operation that is over, as its first reply or when it is looked at."""
    return Reply(200, {"name": name, "done": True, "response": {"@type": "x", **response}})


def failed(code: int, message: str, **rest: Any) -> Reply:
    error = {"code": code, "message": message, **rest}
    return Reply(200, {"name": OPERATION, "done": True, "error": error})


@pytest.fixture
def waits() -> list[float]:
    """How long an operation was waited for, each time."""
    return []


def test_only_what_is_not_enabled_is_and_the_operation_is_waited_for(
    session: GoogleSession, stub: Stub, waits: list[float]
) -> None:
    stub.on(LIST, enabled("run.googleapis.com"))
    stub.on(ENABLE, RUNNING)
    stub.on(f"GET /v1/{OPERATION}", RUNNING, RUNNING, done(OPERATION))
    enable(session, {REGISTRY, "run.googleapis.com"}, pause=waits.append)
    assert stub.lines == [LIST, ENABLE, *[f"GET /v1/{OPERATION}"] * 3]
    assert stub.requests[1].json == {"serviceIds": [REGISTRY]}
    assert len(waits) == 3 and waits == sorted(waits)


def test_enabling_what_is_enabled_changes_nothing(session: GoogleSession, stub: Stub) -> None:
    stub.on(LIST, enabled(REGISTRY))
    enable(session, [REGISTRY])
    enable(session, [])
    assert stub.lines == [LIST]


def test_google_takes_twenty_apis_at_once(session: GoogleSession, stub: Stub) -> None:
    apis = {f"api{number}.googleapis.com" for number in range(45)}
    stub.on(LIST, enabled())
    stub.on(ENABLE, done("operations/noop.DONE_OPERATION"))
    enable(session, apis)
    asked = [request.json["serviceIds"] for request in stub.requests[1:]]
    assert [len(some) for some in asked] == [20, 20, 5]
    assert {api for some in asked for api in some} == apis


def test_a_service_agent_is_made_and_its_address_told(session: GoogleSession, stub: Stub) -> None:
    # Done at once, under a name that Google refuses to be asked for.
    stub.on(MAKE, done(email=AGENT, uniqueId="100000000000000000001"))
    assert make_service_agent(session, REGISTRY) == AGENT
    assert stub.lines == [MAKE]
    assert stub.requests[0].json == {}


def test_a_service_agent_that_takes_its_time(
    session: GoogleSession, stub: Stub, waits: list[float]
) -> None:
    stub.on(MAKE, RUNNING)
    stub.on(f"GET /v1beta1/{OPERATION}", RUNNING, done(OPERATION, email=AGENT))
    assert make_service_agent(session, REGISTRY, pause=waits.append) == AGENT
    assert len(waits) == 2


def test_some_services_do_not_tell_the_address(session: GoogleSession, stub: Stub) -> None:
    stub.on(MAKE, done())
    assert make_service_agent(session, REGISTRY) is None


@pytest.mark.parametrize(
    ("reply", "kind", "told"),
    [
        (
            refusal(
                400,
                f"Service {REGISTRY} has not been configured for service identities.",
                code="INVALID_ARGUMENT",
            ),
            RefusedCallError,
            "not been configured",
        ),
        (
            failed(
                7,
                "Artifact Registry API has not been used in project 111111111111 before or it is "
                "disabled.",
                details=[
                    {
                        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
                        "reason": "SERVICE_DISABLED",
                        "domain": "googleapis.com",
                        "metadata": {"service": REGISTRY},
                    }
                ],
            ),
            ApiDisabledError,
            f"gcloud services enable {REGISTRY} --project acme-ml-dev",
        ),
        (failed(7, "The caller does not have permission"), NotAllowedError, "acme-ml-dev"),
        (failed(13, "Internal error encountered."), RefusedCallError, "try again"),
    ],
)
def test_a_no_at_once_and_one_of_the_operation_are_told_alike(
    reply: Reply, kind: type[GoogleError], told: str, session: GoogleSession, stub: Stub
) -> None:
    stub.on(MAKE, reply)
    with pytest.raises(kind) as caught:
        make_service_agent(session, REGISTRY)
    assert told in str(caught.value)


def test_who_may_not_enable_apis_learns_it(session: GoogleSession, stub: Stub) -> None:
    stub.on(LIST, enabled())
    stub.on(ENABLE, refusal(403, FORBIDDEN, code="PERMISSION_DENIED"))
    with pytest.raises(NotAllowedError) as caught:
        enable(session, [REGISTRY])
    assert caught.value.fix and REGISTRY in str(caught.value)


def test_an_operation_that_never_ends_is_given_up(
    session: GoogleSession, stub: Stub, waits: list[float]
) -> None:
    stub.on(LIST, enabled())
    stub.on(ENABLE, RUNNING)
    stub.on(f"GET /v1/{OPERATION}", RUNNING)
    with pytest.raises(GoogleError) as caught:
        enable(session, [REGISTRY], pause=waits.append)
    assert OPERATION in str(caught.value) and caught.value.fix
    assert 120 <= sum(waits) <= 600


def test_whoever_stops_waiting_is_obeyed(session: GoogleSession, stub: Stub) -> None:
    stub.on(MAKE, RUNNING)

    def stop(seconds: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make_service_agent(session, REGISTRY, pause=stop)
    assert stub.lines == [MAKE]
