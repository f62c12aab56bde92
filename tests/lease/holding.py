"""A process of its own that takes a lease, says so, and holds it until its stdin is closed.

python holding.py FOLDER ENVIRONMENT
"""

import sys
from pathlib import Path

from zenstrap.errors import LockHeldError
from zenstrap.lease import FileLeaseStore, Lease

store = FileLeaseStore(Path(sys.argv[1]))
print("ready", flush=True)
sys.stdin.readline()
try:
    with Lease.acquire(store, sys.argv[2], "up --env dev"):
        print("won", flush=True)
        sys.stdin.readline()
except LockHeldError:
    print("lost", flush=True)
