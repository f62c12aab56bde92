"""The lease's rules, on a store in memory and a clock that is moved by hand."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator

import pytest

from tests.lease.model import Clock, ModelStore, Processes, process
from zenstrap.errors import LockHeldError, ZenstrapError
from zenstrap.events import Event, Notice
from zenstrap.lease import (
    TTL_SECONDS,
    WATCH_SECONDS,
    Lease,
    LeaseRecord,
    ProcessIdentity,
    held,
    holder,
    is_silent,
)

ME, OTHER, FAR = process(1), process(2), process(3, "far")


class World:
    def __init__(self) -> None:
        self.store, self.clock, self.processes = ModelStore(), Clock(), Processes()
        self.events: list[Event] = []
        self.leases: list[Lease] = []
        self.pauses: list[float] = []
        self.while_watching: Callable[[], object] = lambda: None

    def acquire(
        self,
        me: ProcessIdentity = ME,
        environment: str = "dev",
        stop: threading.Event | None = None,
        on_lost: Callable[[], None] = lambda: None,
        clock: Clock | None = None,
    ) -> Lease:
        lease = Lease.acquire(
            self.store,
            environment,
            f"up --env {environment}",
            emit=self.events.append,
            on_lost=on_lost,
            clock=clock or self.clock,
            pause=self.pause,
            heartbeat=15 if stop else None,
            stop=stop,
            me=me,
            is_running=self.processes.is_running,
        )
        self.leases.append(lease)
        return lease

    def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.while_watching()

    @property
    def notices(self) -> list[str]:
        return [event.text for event in self.events if isinstance(event, Notice)]


@pytest.fixture
def world() -> Iterator[World]:
    world = World()
    yield world
    world.store.broken = False
    for lease in world.leases:
        lease.release()


def test_a_held_lease_is_refused_naming_who_holds_it_and_the_way_out(world: World) -> None:
    world.acquire(OTHER)
    world.clock.forward(90)
    with pytest.raises(LockHeldError) as caught:
        world.acquire(ME)
    text = str(caught.value)
    assert "near-host (pid 2)" in text
    assert "`up --env dev` has held the lease since 2026-11-22 12:00:00 UTC" in text
    assert "last heartbeat 90 s ago" in text
    assert "end process 2" in text
    assert caught.value.exit_code == 4


def test_a_holder_on_another_machine_is_told_with_its_expiry(world: World) -> None:
    world.acquire(FAR)
    with pytest.raises(LockHeldError, match=r"12:02:00 UTC, and the next run"):
        world.acquire(ME)


def test_environments_do_not_block_each_other(world: World) -> None:
    world.acquire(OTHER, "dev")
    world.acquire(ME, "prod").check()


def test_a_lease_is_free_after_its_release(world: World) -> None:
    with world.acquire(OTHER):
        pass
    assert world.store.records == {}
    assert world.acquire(ME).took_over is None
    assert world.notices == []


def test_a_dead_owners_lease_is_taken_and_told(world: World) -> None:
    dead = world.acquire(OTHER)
    world.processes.dead.add(OTHER)
    lease = world.acquire(ME)
    assert lease.took_over == dead.record
    assert len(world.notices) == 1
    assert "near-host (pid 2)" in world.notices[0]
    assert "its process is gone" in world.notices[0]


def test_the_lease_of_a_live_process_is_not_taken_however_old_it_is(world: World) -> None:
    world.acquire(OTHER)
    world.clock.forward(24 * 3600)  # a laptop that slept, or a process stopped with Ctrl-Z
    with pytest.raises(LockHeldError):
        world.acquire(ME)


def test_a_lease_from_another_machine_is_taken_when_it_has_expired_and_not_before(
    world: World,
) -> None:
    far = world.acquire(FAR)
    world.clock.forward(TTL_SECONDS - 1)
    with pytest.raises(LockHeldError):
        world.acquire(ME)
    world.clock.forward(1)
    assert not world.pauses
    world.acquire(ME).check()
    assert sum(world.pauses) == WATCH_SECONDS
    assert "expired at 2026-11-22 12:02:00 UTC" in world.notices[0]
    with pytest.raises(LockHeldError, match="writes nothing more"):
        far.check()


@pytest.mark.parametrize("hours", [-10, -1, 1, 10])
def test_a_live_holder_keeps_its_lease_whatever_its_clock_says(world: World, hours: int) -> None:
    theirs = Clock()
    theirs.forward(hours * 3600)
    far = world.acquire(FAR, clock=theirs)
    world.while_watching = far.renew
    with pytest.raises(LockHeldError, match="clock of far-host is") as caught:
        world.acquire(ME)
    assert (caught.value.command is not None) == (hours > 0), "unlock watches it"
    far.check()


def test_a_heartbeat_moves_the_expiry_on(world: World) -> None:
    far = world.acquire(FAR)
    world.clock.forward(100)
    assert far.renew()
    world.clock.forward(100)
    with pytest.raises(LockHeldError):
        world.acquire(ME)


def test_a_check_renews_a_lease_that_runs_out(world: World) -> None:
    far = world.acquire(FAR)
    far.check()
    assert world.store.writes == 1, "a fresh lease needs no write"
    world.clock.forward(TTL_SECONDS * 2)
    far.check()
    with pytest.raises(LockHeldError):
        world.acquire(ME)


def test_a_stolen_token_fails_the_check_and_every_later_one(world: World) -> None:
    lease = world.acquire(ME)
    assert world.store.delete("dev", None)
    other = world.acquire(OTHER)
    with pytest.raises(LockHeldError, match=r"lost, so this run writes nothing more.*pid 2"):
        lease.check()
    assert not lease.renew()
    other.release()
    with pytest.raises(LockHeldError):
        lease.check()
    assert sum("is lost" in text for text in world.notices) == 1


def test_a_lease_that_was_freed_by_hand_fails_the_check(world: World) -> None:
    lease = world.acquire(ME)
    world.store.delete("dev", None)
    with pytest.raises(LockHeldError, match="Another user or run freed it"):
        lease.check()


def test_release_leaves_another_ones_lease_alone(world: World) -> None:
    lease = world.acquire(ME)
    world.store.delete("dev", None)
    other = world.acquire(OTHER)
    lease.release()
    other.check()


def test_a_lease_taken_while_it_was_being_renewed_is_lost(world: World) -> None:
    far = world.acquire(FAR)
    world.clock.forward(TTL_SECONDS)
    world.store.meanwhile = lambda: world.acquire(ME)
    assert not far.renew()
    with pytest.raises(LockHeldError):
        far.check()


def test_of_two_that_take_a_dead_ones_lease_at_once_one_gets_it(world: World) -> None:
    world.acquire(OTHER)
    world.processes.dead.add(OTHER)
    world.store.meanwhile = lambda: world.acquire(process(4))
    with pytest.raises(LockHeldError, match="pid 4"):
        world.acquire(ME)


def test_a_renewal_whose_answer_got_lost_goes_on(world: World) -> None:
    """The write succeeded, but the network broke before its answer came."""
    lease = world.acquire(ME)
    world.store.write(lease.record, world.store.records["dev"][1])
    assert lease.renew()
    assert lease.renew()
    lease.check()
    world.store.write(lease.record, world.store.records["dev"][1])
    lease.release()
    assert world.store.records == {}


def test_an_unreachable_store_is_tried_again_until_the_lease_has_expired(world: World) -> None:
    lease = world.acquire(ME)
    world.store.broken = True
    world.clock.forward(TTL_SECONDS - 1)
    assert lease.renew()
    with pytest.raises(ZenstrapError, match="out of reach"):
        lease.check()
    world.clock.forward(1)
    assert not lease.renew()
    world.store.broken = False
    with pytest.raises(LockHeldError, match="could not be renewed"):
        lease.check()


def test_a_failing_release_hides_no_error_and_no_result(world: World) -> None:
    with pytest.raises(ValueError, match="inside"), world.acquire(ME):
        world.store.broken = True
        raise ValueError("inside")
    assert any("not released" in text for text in world.notices)


class Beats(threading.Event):
    """A pause between heartbeats that ends when the test says so."""

    def __init__(self) -> None:
        super().__init__()
        self._ticks: queue.Queue[bool] = queue.Queue()
        self.waiting: queue.Queue[float | None] = queue.Queue()

    def wait(self, timeout: float | None = None) -> bool:
        self.waiting.put(timeout)
        return self._ticks.get(timeout=10)

    def set(self) -> None:
        super().set()
        self._ticks.put(True)

    def tick(self) -> None:
        """One pause passes; returns when the next one has begun."""
        self._ticks.put(False)
        self.waiting.get(timeout=10)


def test_the_heartbeat_renews_in_the_background_and_ends_with_the_lease(world: World) -> None:
    beats = Beats()
    with world.acquire(FAR, stop=beats) as lease:
        assert beats.waiting.get(timeout=10) == 15
        for _ in range(20):
            world.clock.forward(15)
            beats.tick()
        assert lease.record.heartbeat_at == world.clock.now
        with pytest.raises(LockHeldError):
            world.acquire(ME)
        thread = lease._thread
    assert thread and not thread.is_alive()
    assert world.store.records == {}


def test_the_heartbeat_tells_at_once_that_the_lease_is_lost(world: World) -> None:
    beats = Beats()
    told: list[str] = []
    lease = world.acquire(FAR, stop=beats, on_lost=lambda: told.append("lost"))
    beats.waiting.get(timeout=10)
    world.store.delete("dev", None)
    beats._ticks.put(False)
    assert lease._thread
    lease._thread.join(timeout=10)
    assert not lease._thread.is_alive()
    assert any("Nothing more is written" in text for text in world.notices)
    assert told == ["lost"] and lease.is_lost


def test_steps_find_the_lease_of_their_process(world: World) -> None:
    assert held("dev") is None
    with world.acquire(ME) as lease:
        assert held("dev") is lease
        world.store.delete("dev", None)
        with pytest.raises(LockHeldError, match="is lost"):
            lease.check()
    assert held("dev") is None
    with pytest.raises(LockHeldError, match="does not hold"):
        lease.check()


def test_a_forked_child_neither_holds_nor_releases_its_parents_lease(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    lease = world.acquire(ME)
    with monkeypatch.context() as child:
        child.setattr("os.getpid", lambda: -1)
        assert held("dev") is None
        with pytest.raises(LockHeldError, match="does not hold"):
            lease.check()
        lease.release()
    lease.check()


def test_who_holds_it_is_told_without_taking_it(world: World) -> None:
    assert holder(world.store, "dev") is None
    lease = world.acquire(OTHER)

    def look() -> tuple[bool, str]:
        found = holder(world.store, "dev", clock=world.clock, is_running=world.processes.is_running)
        assert found and found.record == lease.record
        return found.alive, found.reason

    assert look() == (True, "its process is running")
    world.processes.dead.add(OTHER)
    assert look() == (False, "its process is gone")


def test_a_watched_lease_is_silent_only_if_nobody_renews_or_takes_it(world: World) -> None:
    far = world.acquire(FAR)

    def watched(meanwhile: Callable[[], object]) -> bool:
        found = holder(world.store, "dev", clock=world.clock)
        assert found and found.by_clock
        return is_silent(world.store, found, 20, lambda seconds: meanwhile() and None)

    assert watched(lambda: None)
    assert not watched(far.renew)
    assert not watched(far.release)


def test_dead_owners_are_known_until_the_lease_is_given_back(world: World) -> None:
    first = world.acquire(OTHER)
    world.processes.dead.add(OTHER)
    world.clock.forward(10)
    second = world.acquire(ME)
    assert second.record.took_over == first.record.dead_owners
    assert LeaseRecord.from_json(second.record.to_json()) == second.record
    second.leave()
    with pytest.raises(LockHeldError):
        second.check()
    third = world.acquire(FAR)  # at once, though its process is still running
    assert [one.owner for one in third.record.took_over] == [first.record.owner] * 2
    assert [one.acquired_at for one in third.record.took_over] == [
        first.record.acquired_at,
        second.record.acquired_at,
    ]
    third.release()
    assert world.acquire(ME).record.took_over == ()


def test_a_record_is_written_as_earlier_versions_read_it(world: World) -> None:
    first = world.acquire(OTHER).record
    world.processes.dead.add(OTHER)
    record = world.acquire(ME).record
    time, until = first.acquired_at.isoformat(), first.expires_at.isoformat()
    assert until.endswith("+00:00")
    assert list(record.to_json().items()) == [
        ("schema", "zenstrap/lease/1"),
        ("environment", "dev"),
        ("token", record.token),
        ("owner", record.owner),
        ("host", ME.host),
        ("machine", ME.machine),
        ("pid", ME.pid),
        ("process_started", ME.started),
        ("command", record.command),
        ("acquired_at", time),
        ("heartbeat_at", time),
        ("expires_at", until),
        (
            "took_over",
            [{"owner": first.owner, "host": OTHER.host, "acquired_at": time, "until": until}],
        ),
    ]


def test_a_record_of_an_earlier_version_is_read(world: World) -> None:
    record = world.acquire().record
    older = record.to_json()
    del older["took_over"]
    assert LeaseRecord.from_json(older) == record
    with pytest.raises(ValueError):
        LeaseRecord.from_json({**older, "took_over": [{"owner": "ada"}]})
