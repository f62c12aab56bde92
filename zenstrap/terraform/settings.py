"""The settings of planned resources that a policy asks for, changed or not."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Final

from pydantic import BaseModel, ConfigDict, JsonValue

from zenstrap.terraform import values
from zenstrap.terraform.document import RawResource

CUSTOM_ROLE: Final = "google_project_iam_custom_role"

# Whatever gives access, by the provider's habits of naming: a policy must see also what it has
# never heard of. Pools and their providers give none by themselves.
_ACCESS: Final = ("_iam_", "_acl", "_access_control", "_dataset_access")
_POOLS: Final = "google_iam_workload_identity_pool"
_GRANT: Final = (
    "condition",
    "default_acl",
    "entity",
    "member",
    "members",
    "policy_data",
    "predefined_acl",
    "role",
    "role_entity",
    "special_group",
)

# By type, grants aside, so that a report doesn't carry all that Google has to say about a bucket.
ASKED_FOR: Final[Mapping[str, tuple[str, ...]]] = {
    "google_artifact_registry_repository": ("docker_config", "kms_key_name"),
    CUSTOM_ROLE: ("permissions",),
    "google_service_account_key": (),
    "google_storage_bucket": (
        "encryption",
        "force_destroy",
        "public_access_prevention",
        "uniform_bucket_level_access",
    ),
    "google_storage_hmac_key": (),
}


def is_access(type: str) -> bool:
    """Whether a type of Google's says who may do what."""
    return (
        type.startswith("google_")
        and not type.startswith(_POOLS)
        and any(part in type for part in _ACCESS)
    )


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
        if resource.mode != "managed" or not _asked_for(resource.type) or after is None:
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
                for name in _names(resource.type, {*known, *later})
            },
        )


def _asked_for(type: str) -> bool:
    return type in ASKED_FOR or is_access(type)


def _names(type: str, present: Collection[str]) -> Iterable[str]:
    """A type that is asked for by name has all its attributes; another grant those that it has."""
    if type in ASKED_FOR:
        return ASKED_FOR[type]
    return [name for name in _GRANT if name in present]
