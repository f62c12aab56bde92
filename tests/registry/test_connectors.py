"""Whether a connector works: what is waited for, what can't be told, what is refused for good."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from uuid import uuid4

import pytest

from zenstrap.errors import PartlyDoneError, RegistryError
from zenstrap.platforms.gcp.connectors import CONNECTORS
from zenstrap.registry.connectors import verify
from zenstrap.registry.model import DesiredConnector
from zenstrap.retry import PROPAGATION

# As Google's libraries and ZenML word them.
NO_BUCKET = (
    "failed to fetch GCS bucket b: 403 GET https://storage.googleapis.com/storage/v1/b/b: "
    "a@p.iam.gserviceaccount.com does not have storage.buckets.get access to the bucket."
)
NEW_KEY = "Could not fetch GCP OAuth2 token: ('invalid_grant: Invalid JWT Signature.', {})"
NO_ACCOUNT = "Could not fetch GCP OAuth2 token: ('invalid_grant: account not found',)"
OTHERS = "Could not fetch GCP OAuth2 token: ('Error code invalid_grant: The audience in ID Token',)"
NO_FILE = "connector 'c' authorization failure: File '/var/run/token' was not found."
NO_ADC = "connector 'c' authorization failure: Your default credentials were not found."


def connector(method: str = "service-account") -> DesiredConnector:
    return DesiredConnector(
        type="gcp",
        name="zenml-test-connector",
        method=method,
        configuration={},
        project=None,
        labels={},
        principal="a@p.iam.gserviceaccount.com",
        resources=(("gcs-bucket", "gs://b"),),
    )


class Google:
    """Answers of ZenML's client, one after another; None is a yes, and so is all that follows."""

    def __init__(self, *answers: str | None) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[str | None, str | None]] = []
        self.waits: list[float] = []

    def verify_service_connector(self, _: object, **asked: Any) -> None:
        self.asked.append((asked["resource_type"], asked["resource_id"]))
        answer = self.answers.pop(0) if self.answers else None
        if answer is not None:
            raise RuntimeError(answer)

    def verdict(self, method: str = "service-account", written: int = 0) -> str:
        client = cast(Any, SimpleNamespace(verify_service_connector=self.verify_service_connector))
        return str(
            verify(
                client,
                connector(method),
                str(uuid4()),
                CONNECTORS,
                written=written,
                wait=self.waits.append,
            )
        )


def test_a_token_and_the_bucket_are_looked_at() -> None:
    google = Google()
    assert google.verdict() == "verified"
    assert google.asked == [(None, None), ("gcs-bucket", "gs://b")]


@pytest.mark.parametrize("refusal", [NO_BUCKET, NEW_KEY, NO_ACCOUNT])
def test_what_is_new_is_waited_for(refusal: str) -> None:
    google = Google(refusal, refusal, None)
    assert google.verdict() == "verified"
    assert google.waits == list(PROPAGATION[:2])


@pytest.mark.parametrize("reason", [NO_FILE, NO_ADC])
def test_what_this_machine_cant_tell_is_said_at_once(reason: str) -> None:
    google = Google(reason)
    verdict = google.verdict("external-account")
    assert verdict.startswith("unverified: ") and reason.rstrip(".") in verdict
    assert google.waits == []


@pytest.mark.parametrize("here", [True, False])
def test_a_token_file_that_isnt_here_is_the_reason_unless_a_server_looks(
    tmp_path: Path, here: bool
) -> None:
    file = tmp_path / "token"
    document = json.dumps({"credential_source": {"file": str(file)}})
    one = replace(connector("external-account"), credential_configuration=document)

    def verdict() -> str:
        google = Google("an unexpected error occurred")
        client = cast(Any, google)
        return verify(
            client, one, str(uuid4()), CONNECTORS, written=0, wait=google.waits.append, here=here
        ).why

    assert (str(file) in verdict()) is here
    file.touch()
    assert "unexpected" in verdict()


@pytest.mark.parametrize(("written", "error"), [(0, RegistryError), (2, PartlyDoneError)])
def test_a_refusal_that_stays_stops_the_run_within_minutes(
    written: int, error: type[Exception]
) -> None:
    google = Google(*[NO_BUCKET] * 99)
    with pytest.raises(error, match=r"a@p\.iam") as refusal:
        google.verdict(written=written)
    assert sum(google.waits) < 10 * 60
    assert "storage.buckets.get" in str(refusal.value)


def test_what_will_never_be_let_in_isnt_waited_for() -> None:
    google = Google(OTHERS)
    with pytest.raises(RegistryError, match="audience"):
        google.verdict("external-account")
    assert google.waits == []


def test_a_long_answer_is_cut() -> None:
    assert len(Google("x" * 5000).verdict()) < 400
