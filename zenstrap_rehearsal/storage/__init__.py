"""An embedded Cloud Storage: a front that implements buckets, and a real fake-gcs-server."""

from zenstrap_rehearsal.storage.lifecycle import Deed
from zenstrap_rehearsal.storage.server import StorageServer
from zenstrap_rehearsal.storage.surroundings import Surroundings

__all__ = ["Deed", "StorageServer", "Surroundings"]
