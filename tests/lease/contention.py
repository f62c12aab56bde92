"""Processes on two machines that want one lease, as a state machine."""

from __future__ import annotations

from contextlib import suppress

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from tests.lease.model import Clock, ModelStore, Processes, process
from zenstrap.errors import ZenstrapError
from zenstrap.lease import TTL_SECONDS, Lease, ProcessIdentity

NEAR, FAR = (process(1), process(2), process(3)), (process(4, "far"), process(5, "far"))


someone = st.sampled_from((*NEAR, *FAR))


lease_index = st.integers(min_value=0, max_value=50)


class Contention(RuleBasedStateMachine):
    """Five processes on two machines, one environment."""

    def __init__(self) -> None:
        super().__init__()
        self.store, self.clock, self.processes = ModelStore(), Clock(), Processes()
        self.leases: list[tuple[ProcessIdentity, Lease]] = []

    @rule(me=someone)
    def acquire(self, me: ProcessIdentity) -> None:
        if me in self.processes.dead:
            return
        live = self.live_owner()
        try:
            lease = Lease.acquire(
                self.store,
                "dev",
                "up",
                clock=self.clock,
                pause=lambda seconds: None,
                heartbeat=None,
                me=me,
                is_running=self.processes.is_running,
            )
        except ZenstrapError:  # held, or the store is out of reach
            return
        assert live is None, f"{me} took the lease of {live}, which is alive"
        self.leases.append((me, lease))

    @rule(me=someone, other=someone)
    def acquire_while_another_does(self, me: ProcessIdentity, other: ProcessIdentity) -> None:
        self.store.meanwhile = lambda: self.acquire(other)
        self.acquire(me)
        self.store.meanwhile = None

    @precondition(lambda self: self.leases)
    @rule(index=lease_index, other=someone)
    def renew_while_another_acquires(self, index: int, other: ProcessIdentity) -> None:
        self.store.meanwhile = lambda: self.acquire(other)
        self.of(index).renew()
        self.store.meanwhile = None

    @precondition(lambda self: self.leases)
    @rule(index=lease_index)
    def renew(self, index: int) -> None:
        self.of(index).renew()

    @precondition(lambda self: self.leases)
    @rule(index=lease_index)
    def release(self, index: int) -> None:
        with suppress(ZenstrapError):
            self.of(index).release()

    @precondition(lambda self: self.leases)
    @rule(index=lease_index, other=someone)
    def release_while_another_acquires(self, index: int, other: ProcessIdentity) -> None:
        self.store.meanwhile = lambda: self.acquire(other)
        self.release(index)
        self.store.meanwhile = None

    @rule(seconds=st.sampled_from((1.0, TTL_SECONDS / 2, TTL_SECONDS, 10 * TTL_SECONDS)))
    def time_passes(self, seconds: float) -> None:
        self.clock.forward(seconds)

    @rule(who=st.sampled_from(NEAR))
    def die(self, who: ProcessIdentity) -> None:
        self.processes.dead.add(who)

    @rule()
    def unlock(self) -> None:
        with suppress(ZenstrapError):
            self.store.delete("dev", None)

    @rule(broken=st.booleans())
    def network(self, broken: bool) -> None:
        self.store.broken = broken

    # A rule and no invariant: a check renews, so after every rule no lease would ever expire.
    @rule()
    def at_most_one_is_told_that_it_holds(self) -> None:
        good = [who for who, lease in self.leases if self.is_good(lease)]
        assert len(good) <= 1, f"{good} all hold the lease"

    def teardown(self) -> None:
        self.at_most_one_is_told_that_it_holds()

    def is_good(self, lease: Lease) -> bool:
        try:
            lease.check()
        except ZenstrapError:
            return False
        return True

    def live_owner(self) -> ProcessIdentity | None:
        """The owner that nobody may take the lease from, by the rules' own words."""
        found = self.store.records.get("dev")
        if found is None:
            return None
        who = found[0].process
        if who.machine == "far":
            return who if self.clock.now < found[0].expires_at else None
        return None if who in self.processes.dead else who

    def of(self, index: int) -> Lease:
        return self.leases[index % len(self.leases)][1]
