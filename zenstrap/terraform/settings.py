"""The settings of planned resources that a policy asks for, changed or not."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from pydantic import BaseModel, ConfigDict, JsonValue

from zenstrap.redaction import UNKNOWN
from zenstrap.terraform import values
from zenstrap.terraform.document import RawResource
from zenstrap.terraform.provider import Provider


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


def planned_settings(
    resources: Sequence[RawResource], provider: Provider
) -> Iterator[ResourceSettings]:
    """The settings of everything that there will be, by address."""
    for resource in sorted(resources, key=lambda one: one.address):
        after = resource.change.after
        if resource.mode != "managed" or not _asked_for(resource.type, provider) or after is None:
            continue
        public = values.without_sensitive(after, resource.change.after_sensitive)
        known = public if isinstance(public, dict) else {}
        later = resource.change.after_unknown
        later = later if isinstance(later, dict) else {}
        yield ResourceSettings(
            address=resource.address,
            type=resource.type,
            values={
                name: UNKNOWN if later.get(name) is True else known.get(name)
                for name in _names(resource.type, {*known, *later}, provider)
            },
        )


def _asked_for(type: str, provider: Provider) -> bool:
    return type in provider.policy_attributes or provider.gives_access(type)


def _names(type: str, present: Collection[str], provider: Provider) -> Iterable[str]:
    """A type that is asked for by name has all its attributes; another grant those that it has."""
    if type in provider.policy_attributes:
        return provider.policy_attributes[type]
    return [name for name in provider.access_attributes if name in present]
