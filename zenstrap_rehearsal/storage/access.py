"""Access control of buckets and objects: roles, bindings, conditions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from typing import Final

from zenstrap_rehearsal import iam
from zenstrap_rehearsal.conditions import Subject, holds
from zenstrap_rehearsal.storage.calls import JSON
from zenstrap_rehearsal.storage.surroundings import Surroundings

_OBJECT_READER: Final = (
    "storage.objects.get",
    "storage.objects.list",
    "storage.folders.get",
    "storage.folders.list",
    "storage.managedFolders.get",
    "storage.managedFolders.list",
)
_BUCKET_WRITER: Final = (
    "storage.buckets.get",
    "storage.multipartUploads.*",
    "storage.objects.create",
    "storage.objects.delete",
    "storage.objects.list",
    "storage.objects.restore",
    "storage.objects.setRetention",
)

# https://cloud.google.com/iam/docs/roles-permissions/storage
ROLES: Final[dict[str, tuple[str, ...]]] = {
    "roles/owner": ("storage.*",),
    "roles/editor": ("storage.buckets.create", "storage.buckets.delete", "storage.buckets.list"),
    "roles/viewer": ("storage.buckets.list",),
    "roles/storage.admin": ("storage.*",),
    "roles/storage.bucketViewer": ("storage.buckets.get", "storage.buckets.list"),
    "roles/storage.objectAdmin": (
        "storage.folders.*",
        "storage.managedFolders.*",
        "storage.multipartUploads.*",
        "storage.objects.*",
    ),
    "roles/storage.objectUser": (
        *_OBJECT_READER,
        "storage.folders.*",
        "storage.managedFolders.create",
        "storage.managedFolders.delete",
        "storage.multipartUploads.*",
        "storage.objects.create",
        "storage.objects.delete",
        "storage.objects.move",
        "storage.objects.restore",
        "storage.objects.update",
    ),
    "roles/storage.objectCreator": (
        "storage.folders.create",
        "storage.managedFolders.create",
        "storage.multipartUploads.abort",
        "storage.multipartUploads.create",
        "storage.multipartUploads.listParts",
        "storage.objects.create",
    ),
    "roles/storage.objectViewer": _OBJECT_READER,
    "roles/storage.legacyBucketReader": (
        "storage.buckets.get",
        "storage.multipartUploads.list",
        "storage.objects.list",
    ),
    "roles/storage.legacyBucketWriter": _BUCKET_WRITER,
    "roles/storage.legacyBucketOwner": (
        *_BUCKET_WRITER,
        "storage.buckets.enableObjectRetention",
        "storage.buckets.getIamPolicy",
        "storage.buckets.setIamPolicy",
        "storage.buckets.update",
        "storage.objects.getIamPolicy",
        "storage.objects.setIamPolicy",
        "storage.objects.update",
    ),
    "roles/storage.legacyObjectReader": ("storage.objects.get",),
    "roles/storage.legacyObjectOwner": (
        "storage.objects.get",
        "storage.objects.getIamPolicy",
        "storage.objects.setIamPolicy",
        "storage.objects.update",
    ),
}


def allowed(
    principal: str,
    permission: str,
    bindings: Iterable[JSON],
    subject: Subject,
    surroundings: Surroundings,
) -> bool:
    """Whether a principal has a permission on a subject.

    Args:
        bindings: those of the bucket's policy and of its project's.
    """
    return not surroundings.denied(permission) and iam.granted(
        principal,
        permission,
        bindings,
        memberships=surroundings.memberships(principal),
        permissions_of=partial(permissions_of, surroundings),
        holds=partial(_holds, subject),
    )


def permissions_of(surroundings: Surroundings, role: str) -> Iterator[str]:
    """A role's permissions, some as patterns."""
    yield from ROLES.get(role, ())
    yield from surroundings.permissions_of(role) or ()


def _holds(subject: Subject, binding: JSON) -> bool:
    condition = binding.get("condition")
    return not condition or holds(condition["expression"], subject)
