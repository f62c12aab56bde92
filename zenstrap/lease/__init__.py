"""The lock on one environment, held for a whole run: infrastructure *and* registrations.

One run per environment at a time. A dead owner's lease can be taken over, a live owner's can't, and
a run that lost its lease writes nothing more (:meth:`Lease.check`).
"""

from zenstrap.lease.lease import (
    HEARTBEAT_SECONDS,
    TTL_SECONDS,
    WATCH_SECONDS,
    Lease,
    held,
)
from zenstrap.lease.ownership import Holder, holder, is_silent, watch_text
from zenstrap.lease.process import ProcessIdentity, is_running, this_process
from zenstrap.lease.record import DeadOwner, LeaseRecord
from zenstrap.lease.store import FileLeaseStore, LeaseStore

__all__ = [
    "HEARTBEAT_SECONDS",
    "TTL_SECONDS",
    "WATCH_SECONDS",
    "DeadOwner",
    "FileLeaseStore",
    "Holder",
    "Lease",
    "LeaseRecord",
    "LeaseStore",
    "ProcessIdentity",
    "held",
    "holder",
    "is_running",
    "is_silent",
    "this_process",
    "watch_text",
]
