"""Where leases are stored: a compare-and-swap protocol, and its implementation in local files.

The protocol is what an object store with conditional writes (by generation) offers.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from zenstrap import invocation, plain_files
from zenstrap.errors import DamagedLeaseError, UsageError, ZenstrapError
from zenstrap.lease.record import LeaseRecord


class LeaseStore(Protocol):
    """One record per environment. A generation identifies one write and is never reused."""

    def read(self, environment: str) -> tuple[LeaseRecord, int] | None:
        """The record and its generation; None if there is no lease.

        Raises:
            DamagedLeaseError: the stored content is not a valid lease.
            ZenstrapError: the store is out of reach.
        """
        ...

    def write(self, record: LeaseRecord, if_generation: int | None) -> int | None:
        """Write if the stored generation is still ``if_generation`` (None: if nothing is stored).

        Returns:
            The new generation; None if another writer was first and nothing was written.

        Raises:
            ZenstrapError: the store is out of reach.
        """
        ...

    def delete(self, environment: str, if_generation: int | None) -> bool:
        """Delete if the stored generation is still ``if_generation`` (None: unconditionally).

        A damaged lease has a generation too: DamagedLeaseError carries it.

        Returns:
            Whether something was deleted.

        Raises:
            ZenstrapError: the store is out of reach.
        """
        ...


class FileLeaseStore:
    """Leases as files in one folder: ``ENV.json``, and ``ENV.lock`` that guards its changes.

    A reader sees the old file or the new one, never a partial one. The folder is created when first
    needed; only the user can read it.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read(self, environment: str) -> tuple[LeaseRecord, int] | None:
        file = self._file(environment)
        guard = file.with_suffix(".lock")
        if guard.is_dir():  # the lease could be neither acquired nor freed
            raise _unusable(environment, guard, IsADirectoryError(errno.EISDIR, "It is a folder"))
        try:
            content = plain_files.read(file)
        except FileNotFoundError:
            return None
        except plain_files.NotPlainError as error:
            raise _corrupt(environment, file, str(error.strerror), _fingerprint(file)) from error
        except OSError as error:
            raise _unusable(environment, file, error) from error
        try:
            return _parse(content.decode(), environment)
        except UnicodeDecodeError as error:
            raise _corrupt(environment, file, "it is not UTF-8 text", content) from error
        except (ValueError, RecursionError) as error:
            raise _corrupt(environment, file, str(error), content) from error

    def write(self, record: LeaseRecord, if_generation: int | None) -> int | None:
        file = self._file(record.environment)
        with self._exclusive(record.environment):
            stored = self.read(record.environment)
            if (stored[1] if stored else None) != if_generation:
                return None
            generation = int.from_bytes(os.urandom(7), "big")
            text = json.dumps({"generation": generation, "lease": record.to_json()}, indent=1)
            # One name is enough under the lock; a killed writer's file is overwritten.
            with plain_files.removed_unless_done(file.with_suffix(".tmp")) as new:
                plain_files.write_privately(new, text.encode())
                new.replace(file)
        return generation

    def delete(self, environment: str, if_generation: int | None) -> bool:
        file = self._file(environment)
        with self._exclusive(environment):
            if if_generation is not None and self._generation(environment) != if_generation:
                return False
            try:
                if file.is_dir() and not file.is_symlink():
                    file.rmdir()  # fails if it isn't empty: its content may be a user's
                else:
                    file.unlink()
            except FileNotFoundError:
                return False
        return True

    def _generation(self, environment: str) -> int | None:
        """The generation of the stored lease, also of a damaged one."""
        try:
            stored = self.read(environment)
        except DamagedLeaseError as error:
            return error.generation
        return stored[1] if stored else None

    def _file(self, environment: str) -> Path:
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", environment):
            raise UsageError(f"{environment!r} is not a valid environment name")
        return self._folder / f"{environment}.json"

    @contextmanager
    def _exclusive(self, environment: str) -> Iterator[None]:
        """An exclusive lock on this environment's file; the system frees it if we are killed."""
        file = self._file(environment)
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            # The lock file is never removed: two processes could then lock two different files.
            lock = os.open(file.with_suffix(".lock"), os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise _unusable(environment, Path(error.filename or file), error) from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        except OSError as error:
            raise _unusable(environment, file, error) from error
        finally:
            os.close(lock)


def _parse(text: str, environment: str) -> tuple[LeaseRecord, int]:
    content = json.loads(text)
    if not isinstance(content, dict):
        raise ValueError("it is not a JSON object")
    generation = content.get("generation")
    if not isinstance(generation, int) or isinstance(generation, bool):
        raise ValueError("it has no generation")
    record = LeaseRecord.from_json(content.get("lease"))
    if record.environment != environment:
        raise ValueError(f"it is the lease on {record.environment}")
    return record, generation


def _fingerprint(file: Path) -> bytes:
    """Identifies a file, folder or pipe whose content can't be read."""
    try:
        status = file.stat()
    except OSError:  # it was removed meanwhile
        return b""
    return f"{status.st_ino} {status.st_size} {status.st_mtime_ns}".encode()


def _corrupt(environment: str, file: Path, why: str, content: bytes) -> DamagedLeaseError:
    return DamagedLeaseError(
        f"the lease on {environment} can't be read",
        where=str(file),
        why=f"The file is damaged or was written by another version of zenstrap: {why}",
        fix=f"Make sure that no other run is changing {environment}, then free it",
        command=invocation.command("unlock", environment),
        generation=int.from_bytes(hashlib.sha256(content).digest()),
    )


def _unusable(environment: str, file: Path, error: OSError) -> ZenstrapError:
    return ZenstrapError(
        f"the lease on {environment} can't be stored",
        where=str(file),
        why=f"{error.strerror or error}",
        fix="Move that folder away, with its content"
        if error.errno in (errno.ENOTEMPTY, errno.EISDIR)
        else "Make the folder writable (and the disk not full), or set ZENSTRAP_HOME to another",
    )
