"""Conditions of IAM bindings, evaluated as Google evaluates them.

cel-python implements the Common Expression Language; Google defines the request's attributes:
https://cloud.google.com/iam/docs/conditions-attribute-reference
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import celpy

_SERVICE: Final = "storage.googleapis.com"
LIST_PREFIX: Final = f"{_SERVICE}/objectListPrefix"

# Functions of CEL that Google doesn't allow in conditions.
# https://cloud.google.com/iam/docs/conditions-overview#functions
_REFUSED: Final = re.compile(r"\.\s*(matches|contains|map|filter|all|exists|exists_one)\s*\(")
_STRING: Final = re.compile(r"\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'")
_OPERATORS: Final = 12  # at most, in one expression


@dataclass(frozen=True)
class Subject:
    """The resource and time of a request, as a condition sees them.

    Attributes:
        name: ``projects/_/buckets/B`` or ``projects/_/buckets/B/objects/O``.
        type: ``storage.googleapis.com/Bucket`` or ``…/Object``.
        attributes: API attributes, by full name.
    """

    name: str
    type: str
    time: datetime
    attributes: Mapping[str, str] = field(default_factory=dict)


def bucket_subject(bucket: str, time: datetime, list_prefix: str | None = None) -> Subject:
    attributes = {} if list_prefix is None else {LIST_PREFIX: list_prefix}
    return Subject(f"projects/_/buckets/{bucket}", f"{_SERVICE}/Bucket", time, attributes)


def object_subject(bucket: str, name: str, time: datetime) -> Subject:
    return Subject(f"projects/_/buckets/{bucket}/objects/{name}", f"{_SERVICE}/Object", time)


def project_subject(project: str, time: datetime) -> Subject:
    return Subject(f"projects/{project}", "cloudresourcemanager.googleapis.com/Project", time)


def holds(expression: str, subject: Subject) -> bool:
    """Whether a condition is met. As at Google, a condition that can't be evaluated is not met."""
    from celpy.evaluation import CELEvalError

    try:
        return bool(_program(expression).evaluate(_known(subject)))
    except CELEvalError:
        return False


def syntax_fault(expression: str) -> str | None:
    """Why an expression can't be compiled; None if it can."""
    from celpy.celparser import CELParseError

    try:
        _environment().compile(expression)
    except CELParseError:
        return f"Syntax error in {expression!r}"
    return None


def fault(expression: str, time: datetime) -> str | None:
    """Why Google would refuse an expression; None if it wouldn't."""
    from celpy.celparser import CELParseError
    from celpy.evaluation import CELEvalError

    bare = _STRING.sub("''", expression)
    refused = _REFUSED.search(bare)
    if refused:
        return f"the function {refused.group(1)} is not available in conditions"
    if len(re.findall(r"&&|\|\||!(?!=)", bare)) > _OPERATORS:
        return f"it has more than {_OPERATORS} logical operators"
    try:
        outcome = _program(expression).evaluate(_known(object_subject("bucket", "object", time)))
    except (CELParseError, CELEvalError) as error:
        return str(error.args[0]) if error.args else "it can't be compiled"
    from celpy.celtypes import BoolType

    return None if isinstance(outcome, BoolType) else "it must be true or false"


@functools.cache
def _environment() -> celpy.Environment:
    import celpy

    return celpy.Environment()


@functools.lru_cache(maxsize=512)
def _program(expression: str) -> Any:
    environment = _environment()
    functions: Any = {"getAttribute": _get_attribute, "extract": _extract}
    return environment.program(environment.compile(expression), functions=functions)


def _known(subject: Subject) -> Any:
    from celpy.adapter import json_to_cel
    from celpy.celtypes import MapType, StringType, TimestampType

    resource = {"name": subject.name, "type": subject.type, "service": _SERVICE}
    return {
        "resource": json_to_cel(resource),
        "request": MapType({StringType("time"): TimestampType(subject.time)}),
        "api": json_to_cel(dict(subject.attributes)),
    }


def _get_attribute(attributes: Any, name: Any, default: Any) -> Any:
    return attributes.get(name, default)


def _extract(text: Any, template: Any) -> Any:
    """The part of a text that matches ``{a name in braces}`` in a template.

    https://cloud.google.com/iam/docs/conditions-attribute-reference#extract
    """
    from celpy.celtypes import StringType

    before, _, rest = str(template).partition("{")
    after = rest.partition("}")[2]
    start = str(text).find(before)
    if start < 0:
        return StringType("")
    start += len(before)
    end = str(text).find(after, start) if after else len(str(text))
    return StringType(str(text)[start:end] if end >= 0 else "")
