"""The types of single values. Each validates itself and explains errors in plain words."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, Field, Strict
from pydantic_core import PydanticCustomError

from zenstrap.config import names
from zenstrap.config.names import quoted

Fault = Callable[[str], str | None]


def refused(problem: str, suggestion: str | None = None) -> PydanticCustomError:
    """A validation error whose text is for the user, with the change to make beside it."""
    return PydanticCustomError(
        "zenstrap", "{problem}", {"problem": problem, "suggestion": suggestion}
    )


def checked(fault: Fault, suggestion: str | None = None) -> AfterValidator:
    def check(text: str) -> str:
        problem = fault(text)
        if problem is not None:
            raise refused(problem, suggestion)
        return text

    return AfterValidator(check)


def shaped(pattern: str, otherwise: str) -> Fault:
    compiled = re.compile(pattern)

    def fault(text: str) -> str | None:
        return None if compiled.fullmatch(text) else f"{quoted(text)} {otherwise}"

    return fault


Flag = Annotated[bool, Strict()]
Count = Annotated[int, Strict(), Field(ge=1)]
Text = Annotated[
    str,
    checked(lambda text: None if text.strip() else "is empty text"),
    Field(json_schema_extra={"minLength": 1}),
]

EnvironmentName = Annotated[
    str,
    checked(names.environment_name_fault, "Use a name such as dev or staging2"),
    Field(examples=["dev"], json_schema_extra={"pattern": names.ENVIRONMENT_PATTERN}),
]
ProjectName = Annotated[
    str,
    checked(names.project_name_fault, "Use a name such as fraud_detection"),
    Field(examples=["fraud_detection"], json_schema_extra={"pattern": names.PROJECT_PATTERN}),
]


def _check_version(version: str) -> str:
    problem = names.version_fault(version)
    if problem is None:
        return version
    raise refused(problem, f"Write {_nearest_version(version)}")


def _nearest_version(text: str) -> str:
    numbers = [str(int(digits[:6])) for digits in re.findall(r"[0-9]+", text)[:3]]
    return ".".join([*numbers, "0", "0", "0"][:3]) if numbers else "1.0.0"


Version = Annotated[
    str,
    AfterValidator(_check_version),
    Field(examples=["1.0.0"], json_schema_extra={"pattern": names.VERSION_PATTERN}),
]


def _root_fault(text: str) -> str | None:
    if text.startswith(("/", "~/")):
        return None
    return f"{quoted(text)} is not an absolute path: it would depend on the folder zenstrap runs in"


AbsoluteFolder = Annotated[str, checked(_root_fault, "Write /FOLDER, or ~/FOLDER in your home")]

_TRAINING: Final = r"^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*:[A-Za-z_][A-Za-z0-9_]*$"


def _training_fault(text: str) -> str | None:
    if re.fullmatch(_TRAINING, text) and ".py:" not in text:
        return None
    return f"{quoted(text)} is not a function: write package.module:function"


TrainingFunction = Annotated[
    str,
    checked(
        _training_fault,
        "Join the module and the function with a colon, e.g. acme.training:train",
    ),
    Field(examples=["acme.training:train"], json_schema_extra={"pattern": _TRAINING}),
]

_DURATION: Final = r"^[1-9][0-9]{0,4}[mhdw]$"
_MOST_DAYS: Final = 3650
_DAYS_OF: Final = {"m": 1 / 1440, "h": 1 / 24, "d": 1, "w": 7}


def _duration_fault(text: str) -> str | None:
    if not re.fullmatch(_DURATION, text):
        return (
            f"{quoted(text)} is not a valid duration: a number and m, h, d or w (minutes to weeks)"
        )
    if int(text[:-1]) * _DAYS_OF[text[-1]] > _MOST_DAYS:
        return f"{quoted(text)} is longer than {_MOST_DAYS} days"
    return None


Duration = Annotated[
    str,
    checked(_duration_fault, "Write for example 8h or 3d"),
    Field(examples=["8h"], json_schema_extra={"pattern": _DURATION}),
]


def _cron_fault(text: str) -> str | None:
    if "TZ=" in text:
        return f"{quoted(text)} is not a valid cron schedule: a time zone is not supported"
    fields = text.split()
    if len(fields) != 5:
        return (
            f"{quoted(text)} is not a valid cron schedule: expected five fields, "
            f"found {len(fields)}"
        )
    from croniter import CroniterBadDateError, CroniterError, croniter

    try:
        croniter(text, _ANY_DAY).get_next()
    except CroniterBadDateError:
        return f"{quoted(text)} is a date that doesn't exist"
    except CroniterError as error:
        reason = str(error).partition("] ")[2] or error
        return f"{quoted(text)} is not a valid cron schedule: {reason}"
    return None


_ANY_DAY: Final = datetime(2026, 1, 1)

CronSchedule = Annotated[
    str,
    checked(_cron_fault, 'Write for example "0 3 * * *" (every day at 03:00)'),
    Field(examples=["0 3 * * *"]),
]


@dataclass(frozen=True)
class SecretSource:
    """Where a secret is read from when it is needed.

    Attributes:
        kind: ``env`` (an environment variable) or ``zenml`` (ZenML's secret store).
        name: the variable, or the name of the ZenML secret.
        key: the key in the ZenML secret; None for a variable.
    """

    kind: Literal["env", "zenml"]
    name: str
    key: str | None = None


_SECRET_REFERENCE: Final = (
    r"^(env:[A-Za-z_][A-Za-z0-9_]*|zenml:[A-Za-z0-9][A-Za-z0-9_-]*\.[A-Za-z_][A-Za-z0-9_]*)$"
)


def _check_secret_reference(text: str) -> str:
    if re.fullmatch(_SECRET_REFERENCE, text):
        return text
    # The text isn't repeated: it may be the secret itself.
    prefix = text.split(":", 1)[0]
    near = get_close_matches(prefix, ["env", "zenml"], n=1) if ":" in text else []
    hint = f" (did you mean {near[0]}:?)" if near and near[0] != prefix else ""
    raise refused(
        f"secrets are not allowed in a configuration; this is not a reference to one{hint}",
        "Write env:NAME (an environment variable) or zenml:SECRET.KEY (ZenML's secret store)",
    )


SecretReference = Annotated[
    str,
    AfterValidator(_check_secret_reference),
    Field(examples=["env:MLFLOW_TOKEN"], json_schema_extra={"pattern": _SECRET_REFERENCE}),
]


def secret_source(reference: str) -> SecretSource:
    """The source that a valid reference names."""
    kind, _, rest = reference.partition(":")
    if kind == "env":
        return SecretSource("env", rest)
    name, _, key = rest.partition(".")
    return SecretSource("zenml", name, key)
