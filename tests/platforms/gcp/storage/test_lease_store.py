"""Leases in a bucket: a real server for objects, and a wire on which answers get lost."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import settings
from hypothesis.stateful import initialize, rule

from tests.lease.contention import Contention
from tests.platforms.gcp.api.stub import Stub, refusal
from tests.platforms.gcp.storage.conftest import Wire, client_at
from zenstrap.errors import (
    AuthenticationError,
    DamagedLeaseError,
    LockHeldError,
    UsageError,
    ZenstrapError,
)
from zenstrap.lease import Lease, LeaseRecord
from zenstrap.platforms.gcp.errors import GoogleError
from zenstrap.platforms.gcp.storage.lease_store import GcsLeaseStore

BUCKET = "tfstate"
PLACE = f"gs://{BUCKET}/zenstrap/dev/lease.json"
_prefixes = (f"zenstrap{number}" for number in itertools.count())


@pytest.fixture
def client(wire: Wire, stub: Stub) -> Any:
    client = client_at(stub.url)
    if not client.bucket(BUCKET).exists():
        client.create_bucket(BUCKET)
    for blob in client.bucket(BUCKET).list_blobs():
        blob.delete()
    return client


@pytest.fixture
def pauses() -> list[float]:
    return []


@pytest.fixture
def store(client: Any, pauses: list[float]) -> GcsLeaseStore:
    return GcsLeaseStore(client, BUCKET, "zenstrap", pause=pauses.append)


def take(store: Any, environment: str = "dev") -> Lease:
    return Lease.acquire(store, environment, "up", heartbeat=None)


def put(client: Any, content: bytes, environment: str = "dev") -> None:
    client.bucket(BUCKET).blob(f"zenstrap/{environment}/lease.json").upload_from_string(content)


def test_it_lies_beside_the_state_and_is_gone_after_its_release(
    store: GcsLeaseStore, client: Any
) -> None:
    with take(store) as lease:
        assert [blob.name for blob in client.list_blobs(BUCKET)] == ["zenstrap/dev/lease.json"]
        found = store.read("dev")
        assert found and found[0] == lease.record
        with pytest.raises(LockHeldError):
            take(store)
        take(store, "prod").release()
    assert list(client.list_blobs(BUCKET)) == []
    assert store.read("dev") is None


def test_a_write_or_delete_for_an_old_generation_does_nothing(store: GcsLeaseStore) -> None:
    lease = take(store)
    found = store.read("dev")
    assert found
    record, old = found
    new = store.write(record, old)
    assert new and new != old
    assert store.write(record, old) is None
    assert store.write(record, None) is None
    assert store.delete("dev", old) is False
    assert store.read("dev") == (record, new)
    assert store.delete("dev", new) is True
    assert store.delete("dev", None) is False
    assert store.write(record, new) is None
    assert store.write(record, None) not in (old, new), "a generation never comes again"
    lease.release()


@pytest.mark.parametrize("times", [1, 2])
def test_a_write_whose_answer_got_lost_is_known_as_our_own(
    times: int, store: GcsLeaseStore, wire: Wire, pauses: list[float]
) -> None:
    wire.losing = times
    lease = take(store)
    wire.losing = times
    assert lease.renew()
    lease.check()
    found = store.read("dev")
    assert found and found[0] == lease.record
    assert len(pauses) == 2 * times
    wire.losing = times
    lease.release()
    assert store.read("dev") is None


def test_a_lost_answer_is_not_taken_for_success_where_somebody_else_was_first(
    store: GcsLeaseStore, wire: Wire, stub: Stub
) -> None:
    """The same record, even: only the very write counts."""
    lease = take(store)
    found = store.read("dev")
    assert found
    store.write(lease.record, found[1])
    wire.losing = 1
    assert store.write(lease.record, found[1]) is None


def test_a_delete_whose_answer_got_lost_has_deleted(store: GcsLeaseStore, wire: Wire) -> None:
    take(store)
    found = store.read("dev")
    assert found
    wire.losing = 1
    assert store.delete("dev", found[1]) is True
    assert store.read("dev") is None


def test_an_overloaded_server_is_asked_again(
    store: GcsLeaseStore, stub: Stub, wire: Wire, pauses: list[float]
) -> None:
    upload = f"POST /upload/storage/v1/b/{BUCKET}/o"
    stub.on(upload, refusal(503, "We encountered an internal error."), refusal(429, "Rate"), wire)
    take(store).release()
    assert pauses == sorted(pauses) and len(pauses) == 2


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"\xff\xfe", b'{"lease": {"schema": "zenstrap/lease/99"}}', b"[" * 100_000],
)
def test_a_damaged_object_is_an_error_that_says_what_to_do(
    content: bytes, store: GcsLeaseStore, client: Any
) -> None:
    put(client, content)
    with pytest.raises(DamagedLeaseError) as caught:
        take(store)
    assert caught.value.where == PLACE
    assert "run.py unlock --env dev" in str(caught.value)
    shown = caught.value.generation
    put(client, content)
    assert not store.delete("dev", shown), "that isn't what a person was shown"
    with pytest.raises(DamagedLeaseError) as caught:
        take(store)
    assert store.delete("dev", caught.value.generation)
    take(store).release()


def test_a_copied_lease_is_not_another_environments(store: GcsLeaseStore, client: Any) -> None:
    with take(store):
        content = client.bucket(BUCKET).blob("zenstrap/dev/lease.json").download_as_bytes()
    put(client, content, "prod")
    with pytest.raises(ZenstrapError, match="it is the lease on dev"):
        take(store, "prod")


DOWN = "nothing gets through"


@pytest.mark.parametrize(
    ("reply", "kind", "told"),
    [
        (DOWN, GoogleError, "HTTPS_PROXY"),
        (
            refusal(
                403,
                "ada@acme.example does not have storage.objects.get access to the Google Cloud "
                "Storage object. Permission 'storage.objects.get' denied on resource (or it may "
                "not exist).",
                reason="forbidden",
            ),
            GoogleError,
            "--role=roles/storage.objectUser",
        ),
        (refusal(401, "Invalid Credentials", reason="authError"), AuthenticationError, "gcloud"),
        (refusal(500, "Backend Error", reason="backendError"), GoogleError, "try again"),
    ],
)
def test_what_stands_in_the_way_is_told(
    reply: Any, kind: type[ZenstrapError], told: str, store: GcsLeaseStore, wire: Wire, stub: Stub
) -> None:
    lease = take(store)
    if reply == DOWN:
        wire.down = True
    else:
        stub.otherwise = reply
    for call in (
        lambda: store.read("dev"),
        lambda: store.write(lease.record, 1),
        lambda: store.delete("dev", 1),
    ):
        with pytest.raises(ZenstrapError) as caught:
            call()
        error = caught.value
        assert isinstance(error, kind) and told in str(error)
        assert error.what and error.fix and "\n" not in str(error)


def test_a_missing_bucket_is_no_free_lease(client: Any) -> None:
    store = GcsLeaseStore(client, "no-such-bucket", "zenstrap", pause=lambda seconds: None)
    for call in (lambda: take(store), lambda: store.delete("dev", None)):
        with pytest.raises(GoogleError, match="bucket no-such-bucket doesn"):
            call()


@pytest.mark.parametrize("name", ["", "../dev", "a/b", "default"])
def test_a_name_cannot_leave_its_folder(name: str, store: GcsLeaseStore) -> None:
    with pytest.raises(UsageError):
        store.read(name)


class Watched:
    """A store in a bucket with what the model's rules turn: others in between, no network."""

    def __init__(self, store: GcsLeaseStore, wire: Wire) -> None:
        self.meanwhile: Callable[[], object] | None = None
        self._store, self._wire = store, wire

    @property
    def broken(self) -> bool:
        return self._wire.down

    @broken.setter
    def broken(self, value: bool) -> None:
        self._wire.down = value

    @property
    def records(self) -> dict[str, tuple[LeaseRecord, int]]:
        down, self._wire.down = self._wire.down, False
        losing, self._wire.losing = self._wire.losing, 0
        found = self._store.read("dev")
        self._wire.down, self._wire.losing = down, losing
        return {"dev": found} if found else {}

    def read(self, environment: str) -> tuple[LeaseRecord, int] | None:
        return self._store.read(environment)

    def write(self, record: LeaseRecord, if_generation: int | None) -> int | None:
        self._let_others_go_first()
        return self._store.write(record, if_generation)

    def delete(self, environment: str, if_generation: int | None) -> bool:
        self._let_others_go_first()
        return self._store.delete(environment, if_generation)

    def _let_others_go_first(self) -> None:
        others, self.meanwhile = self.meanwhile, None
        if others:
            others()


@pytest.fixture
def contention(client: Any, wire: Wire) -> type[Contention]:
    class OnABucket(Contention):
        @initialize()
        def move_to_the_bucket(self) -> None:
            wire.down, wire.losing = False, 0
            store = GcsLeaseStore(client, BUCKET, next(_prefixes), pause=lambda seconds: None)
            self.store = Watched(store, wire)  # type: ignore[assignment]

        @rule()
        def lose_an_answer(self) -> None:
            wire.losing = 1

    return OnABucket


def test_at_most_one_holds_it(contention: type[Contention]) -> None:
    """The rules by which the model store is tested, on the real thing."""
    from hypothesis.stateful import run_state_machine_as_test

    run_state_machine_as_test(
        contention,
        settings=settings(max_examples=40, stateful_step_count=30, deadline=None),
    )
