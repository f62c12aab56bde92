"""Which labels are valid. https://cloud.google.com/resource-manager/docs/labels-overview"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from zenstrap_rehearsal.errors import invalid

_KEY: Final = re.compile(r"[^\W\d_][\w-]{0,62}")
_VALUE: Final = re.compile(r"[\w-]{0,63}")
_MAX: Final = 64


def label_faults(labels: Mapping[str, object]) -> Iterator[str]:
    """Why labels are not valid."""
    if len(labels) > _MAX:
        yield f"{len(labels)} labels are more than the {_MAX} that a resource can have"
    for key, value in labels.items():
        if not _KEY.fullmatch(key) or key != key.lower():
            yield (
                f"label key {key!r}: at most 63 lower-case letters, digits, underscores and "
                "dashes, beginning with a letter"
            )
        if isinstance(value, str) and (not _VALUE.fullmatch(value) or value != value.lower()):
            yield (
                f"value {value!r} of label {key}: at most 63 lower-case letters, digits, "
                "underscores and dashes"
            )


def check_labels(labels: Mapping[str, object]) -> None:
    """Refuse labels as Google does.

    Raises:
        ApiError: 400.
    """
    for fault in label_faults(labels):
        raise invalid(f"Invalid labels: {fault}.")
