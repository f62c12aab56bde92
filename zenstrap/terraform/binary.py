"""Which Terraform is used, and whether it is fit for use."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from zenstrap.errors import TerraformError, TerraformTimeoutError
from zenstrap.terraform.surroundings import child_environment

BINARY_VARIABLE = "ZENSTRAP_TERRAFORM"

# `terraform test` with mocks and the JSON fields that the plan is read from came with 1.7.
OLDEST_VERSION = (1, 7, 0)

# Seconds. It takes 0.05 s; a binary on a cold network drive a few. A hang never ends.
VERSION_TIME_LIMIT = 20.0

_INSTALL = (
    "Install Terraform from https://developer.hashicorp.com/terraform/install, "
    f"or name its path in {BINARY_VARIABLE}"
)


@dataclass(frozen=True)
class TerraformBinary:
    """A Terraform that was asked for its version and gave a usable answer."""

    path: Path
    version: str


def find_terraform(*, time_limit: float = VERSION_TIME_LIMIT) -> TerraformBinary:
    """The Terraform that ``ZENSTRAP_TERRAFORM`` names, else the first on PATH.

    Args:
        time_limit: seconds it may take to say its version.

    Raises:
        TerraformError: missing, older than ``OLDEST_VERSION``, crashing, or not Terraform.
        TerraformTimeoutError: no answer within the time limit.
    """
    path = _locate()
    version = _version(path, _ask(path, time_limit))
    if _numbers(version) < OLDEST_VERSION:
        oldest = ".".join(str(number) for number in OLDEST_VERSION)
        raise TerraformError(
            f"Terraform {version} is too old",
            where=str(path),
            why=f"zenstrap needs {oldest} or newer",
            fix=_INSTALL,
        )
    return TerraformBinary(path=path, version=version)


def _locate() -> Path:
    named = os.environ.get(BINARY_VARIABLE)
    found = shutil.which(os.path.expanduser(named) if named else "terraform")
    if found:
        return Path(found).absolute()
    if named:
        raise TerraformError(
            "there is no program of that name",
            where=named,
            why=f"{BINARY_VARIABLE} names it",
            fix=_INSTALL,
        )
    raise TerraformError("Terraform is not installed", why="it is not on PATH", fix=_INSTALL)


def _ask(path: Path, time_limit: float) -> str:
    try:
        with subprocess.Popen(
            [str(path), "version", "-json"],
            env=child_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            errors="replace",
            start_new_session=True,
        ) as child:
            try:
                answer, _ = child.communicate(timeout=time_limit)
            except BaseException:
                # The whole group: a wrapper script's children hold the pipe open.
                os.killpg(child.pid, 9)
                raise
    except subprocess.TimeoutExpired:
        raise TerraformTimeoutError(
            f"Terraform did not say its version within {time_limit:g} s",
            where=str(path),
            fix=_INSTALL,
        ) from None
    except OSError as error:
        raise TerraformError(
            "Terraform can't be started", where=str(path), why=error.strerror, fix=_INSTALL
        ) from error
    if child.returncode:
        raise TerraformError(
            "Terraform crashed when it was asked for its version",
            where=str(path),
            why=_ending(child.returncode),
            fix=_INSTALL,
        )
    return answer


def _ending(code: int) -> str:
    return f"it was killed by signal {-code}" if code < 0 else f"its exit code was {code}"


def _version(path: Path, answer: str) -> str:
    try:
        version = json.loads(answer)["terraform_version"]
        _numbers(version)
    except (ValueError, KeyError, TypeError):
        raise TerraformError(
            "this is not Terraform",
            where=str(path),
            why="its answer to `version -json` holds no version",
            fix=_INSTALL,
        ) from None
    return str(version)


def _numbers(version: str) -> tuple[int, ...]:
    """1.12.0-beta1 counts as 1.12.0: what is new in a release is in its betas."""
    match = re.match(r"(\d+)\.(\d+)\.(\d+)", version)
    if match is None:
        raise ValueError(version)
    return tuple(int(number) for number in match.groups())
