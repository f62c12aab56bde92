"""The buckets of the embedded Cloud Storage, and the checks of every call."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime

from zenstrap_rehearsal.conditions import (
    Subject,
    bucket_subject,
    object_subject,
    project_subject,
)
from zenstrap_rehearsal.storage.access import allowed
from zenstrap_rehearsal.storage.backend import Backend
from zenstrap_rehearsal.storage.buckets import Bucket
from zenstrap_rehearsal.storage.calls import JSON, Call
from zenstrap_rehearsal.storage.refusals import (
    Refusal,
    denied,
    invalid,
    no_bucket,
    no_object,
    precondition_failed,
)
from zenstrap_rehearsal.storage.surroundings import Surroundings
from zenstrap_rehearsal.storage.versions import Keeping, Version


class Store:
    """Buckets, and the access checks on them. Calls that read and write hold `lock`.

    Args:
        now: the current time, with a time zone.

    Attributes:
        taken: names of other users' buckets.
        hide_missing: whether a missing object is 404 only for callers who may list the bucket.
    """

    def __init__(
        self, backend: Backend, surroundings: Surroundings, now: Callable[[], datetime]
    ) -> None:
        self.backend = backend
        self.surroundings = surroundings
        self.now = now
        self.url = ""
        self.lock = threading.RLock()
        self.buckets: dict[str, Bucket] = {}
        self.taken: set[str] = set()
        self.hide_missing = False

    def bucket(self, call: Call, name: str, permission: str) -> Bucket:
        """A bucket by name, if the caller has a permission on it.

        Raises:
            Refusal: it doesn't exist, is another user's, or the caller lacks the permission.
        """
        bucket = self.find(call, name, permission)
        self.require(call, permission, bucket, bucket_subject(name, self.now()), "bucket")
        return bucket

    def find(self, call: Call, name: str, permission: str) -> Bucket:
        """A bucket by name; `permission` is named in the error."""
        if name in self.taken:
            raise denied(self.who(call), permission, "bucket")
        if name not in self.buckets:
            raise no_bucket()
        return self.buckets[name]

    def require_object(self, call: Call, permission: str, bucket: Bucket, name: str) -> None:
        subject = object_subject(bucket.name, name, self.now())
        self.require(call, permission, bucket, subject, "object")

    def require_project(self, call: Call, permission: str, project: str) -> None:
        """Check that the caller has a permission on a project.

        Raises:
            Refusal: 400 for a project that doesn't exist, 403 without the permission.
        """
        try:
            self.surroundings.project_number(project)
        except LookupError:
            raise invalid(f"Unknown project id: {project}") from None
        bindings = self.surroundings.project_bindings(project)
        subject = project_subject(project, self.now())
        if not allowed(call.principal, permission, bindings, subject, self.surroundings):
            raise denied(self.who(call), permission, "project")

    def require(
        self, call: Call, permission: str, bucket: Bucket, subject: Subject, kind: str
    ) -> None:
        if not self.may(call, permission, bucket, subject):
            raise denied(self.who(call), permission, kind)

    def may(self, call: Call, permission: str, bucket: Bucket, subject: Subject) -> bool:
        bindings: list[JSON] = [
            *bucket.bindings,
            *self.surroundings.project_bindings(bucket.project),
        ]
        return allowed(call.principal, permission, bindings, subject, self.surroundings)

    def version(
        self, call: Call, bucket: Bucket, name: str, generation: str | None = None
    ) -> Version:
        """The version that a call names: the live one, or that of a generation.

        Raises:
            Refusal: 404; 403 for callers who may not know whether it exists.
        """
        soft = call.flag("softDeleted")
        if generation:
            version = bucket.shelf.find(name, generation, soft_deleted=soft)
        else:
            version = bucket.shelf.live(name)
        if version:
            return version
        now = self.now()
        subject = bucket_subject(bucket.name, now)
        if not self.hide_missing:
            subject = object_subject(bucket.name, name, now)
        self.require(call, "storage.objects.list", bucket, subject, "bucket")
        raise no_object(bucket.name, name, generation)

    def keeping(self, bucket: Bucket, now: datetime | None = None) -> Keeping:
        return Keeping(bucket.versioned, bucket.soft_delete_seconds, now or self.now())

    def who(self, call: Call) -> str:
        """The caller as errors name it."""
        return self.surroundings.owner if call.principal == "owner" else call.principal


def check_preconditions(call: Call, resource: JSON | None, *, source: bool = False) -> None:
    """Compare a call's preconditions with a resource; None if it doesn't exist.

    Args:
        source: use the preconditions on the source of a copy.

    Raises:
        Refusal: 412, or 304 if a reader has the current version already.
    """
    for field in ("generation", "metageneration"):
        name = field.capitalize()
        actual = str(resource[field]) if resource else "0"
        wanted = call.parameter(f"if{'Source' if source else ''}{name}Match")
        unwanted = call.parameter(f"if{'Source' if source else ''}{name}NotMatch")
        if wanted is not None and wanted != actual:
            raise precondition_failed()
        if unwanted is not None and unwanted == actual:
            raise Refusal(304) if call.method == "GET" else precondition_failed()
