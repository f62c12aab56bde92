"""The settings of planned resources that a policy checks, changed or not."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from pydantic import BaseModel, ConfigDict, JsonValue

from zenstrap.redaction import UNKNOWN
from zenstrap.terraform import values
from zenstrap.terraform.document import RawResource
from zenstrap.terraform.provider import Provider


class ResourceSettings(BaseModel):
    """The settings of one resource after the apply.

    Attributes:
        values: by attribute; null if not set, ``(known after apply)`` if unknown, ``<sensitive>``
            if sensitive.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    address: str
    type: str
    values: Mapping[str, JsonValue]


def planned_settings(
    resources: Sequence[RawResource], provider: Provider
) -> Iterator[ResourceSettings]:
    """The settings of all resources after the apply, by address."""
    for resource in sorted(resources, key=lambda r: r.address):
        after = resource.change.after
        if resource.mode != "managed" or not _is_checked(resource.type, provider) or after is None:
            continue
        public = values.without_sensitive(after, resource.change.after_sensitive)
        known = public if isinstance(public, dict) else {}
        unknown = resource.change.after_unknown
        unknown = unknown if isinstance(unknown, dict) else {}
        yield ResourceSettings(
            address=resource.address,
            type=resource.type,
            values={
                name: UNKNOWN if unknown.get(name) is True else known.get(name)
                for name in _names(resource.type, {*known, *unknown}, provider)
            },
        )


def _is_checked(type: str, provider: Provider) -> bool:
    return type in provider.policy_attributes or provider.gives_access(type)


def _names(type: str, present: Collection[str], provider: Provider) -> Iterable[str]:
    """All policy attributes of the type, if it has any; else its access attributes in use."""
    if type in provider.policy_attributes:
        return provider.policy_attributes[type]
    return [name for name in provider.access_attributes if name in present]
