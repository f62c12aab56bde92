"""An embedded Cloud Storage: a thin front that knows buckets, before a real fake-gcs-server."""

from zenstrap.rehearsal.storage.lifecycle import Deed
from zenstrap.rehearsal.storage.server import StorageServer
from zenstrap.rehearsal.storage.surroundings import Surroundings

__all__ = ["Deed", "StorageServer", "Surroundings"]
