"""The settings of planned resources that a policy asks for, changed or not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from pydantic import BaseModel, ConfigDict, JsonValue

from zenstrap.terraform import values
from zenstrap.terraform.document import RawResource

_GRANT: Final = ("member", "role")

# By type, so that a report doesn't carry all that Google has to say about a bucket.
ASKED_FOR: Final[Mapping[str, tuple[str, ...]]] = {
    "google_artifact_registry_repository": ("docker_config", "kms_key_name"),
    "google_artifact_registry_repository_iam_member": _GRANT,
    "google_kms_crypto_key_iam_member": _GRANT,
    "google_project_iam_member": _GRANT,
    "google_service_account_iam_member": _GRANT,
    "google_service_account_key": (),
    "google_storage_bucket": (
        "encryption",
        "force_destroy",
        "public_access_prevention",
        "uniform_bucket_level_access",
    ),
    "google_storage_bucket_iam_member": _GRANT,
}


class ResourceSettings(BaseModel):
    """What one resource will be like.

    Attributes:
        values: by attribute; null where it isn't set, ``(known after apply)`` where it isn't known,
            without what is sensitive.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    address: str
    type: str
    values: Mapping[str, JsonValue]


def planned_settings(resources: Sequence[RawResource]) -> Iterator[ResourceSettings]:
    """The settings of everything that there will be, by address."""
    for resource in sorted(resources, key=lambda one: one.address):
        after = resource.change.after
        if resource.mode != "managed" or resource.type not in ASKED_FOR or after is None:
            continue
        public = values.without_sensitive(after, resource.change.after_sensitive)
        known = public if isinstance(public, dict) else {}
        later = resource.change.after_unknown
        later = later if isinstance(later, dict) else {}
        yield ResourceSettings(
            address=resource.address,
            type=resource.type,
            values={
                name: values.UNKNOWN if later.get(name) is True else known.get(name)
                for name in ASKED_FOR[resource.type]
            },
        )
