"""The readers of files that anybody may have damaged, as what is fuzzed, and files for them."""

from __future__ import annotations

import contextlib
import re
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from zenstrap import paths
from zenstrap.config import load_environment
from zenstrap.config.reading import read
from zenstrap.errors import DamagedOwnerError, StateGuardError, ZenstrapError
from zenstrap.lease import FileLeaseStore
from zenstrap.owner import parse_owner
from zenstrap.terraform.state import parse_state, resources_in

Target = Callable[[bytes], None]

SECONDS: Final = 5.0
"""For one file, on a machine that has other things to do."""


class Configs:
    """Reads an environment's file, alone and as a part of all configuration."""

    def __init__(self, folder: Path) -> None:
        shutil.copytree(paths.project_root() / "configs", folder / "configs")
        self._file = folder / "configs/environments/fuzzed.yaml"
        self._folder = folder / "configs"

    def __call__(self, content: bytes) -> None:
        self._file.write_bytes(content)
        read(self._file, "fuzzed.yaml")
        with contextlib.suppress(ZenstrapError):
            load_environment("fuzzed", self._folder)


class Leases:
    """Reads a lease."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._store = FileLeaseStore(folder)

    def __call__(self, content: bytes) -> None:
        (self._folder / "fuzzed.json").write_bytes(content)
        with contextlib.suppress(ZenstrapError):
            self._store.read("fuzzed")


def states(content: bytes) -> None:
    """Reads a Terraform state."""
    with contextlib.suppress(StateGuardError):
        parse_state(content, where="fuzzed")
        resources_in(content, where="fuzzed")


def owners(content: bytes) -> None:
    """Reads an owner."""
    with contextlib.suppress(DamagedOwnerError):
        parse_owner(content, "fuzzed", "fuzzed")


def targets(folder: Path) -> dict[str, tuple[Target, list[bytes]]]:
    """What is fuzzed, each with files to begin with."""
    shipped = [
        re.sub(rb"(?m)^environment: \w+$", b"environment: fuzzed", file.read_bytes())
        for file in (paths.project_root() / "configs/environments").iterdir()
    ]
    state = (
        b'{"version": 4, "lineage": "1f0a", "serial": 7, "resources": [{"mode": "managed", '
        b'"type": "terraform_data", "name": "a", "module": "module.b", "instances": '
        b'[{"index_key": "c", "attributes": {"id": "d"}}]}]}'
    )
    return {
        "configs": (Configs(folder), shipped),
        "states": (states, [state]),
        "owners": (owners, [b'{"schema": "zenstrap/owner/1", "id": "0123456789ab"}']),
        "leases": (Leases(folder), [b'{"generation": 1, "lease": {"schema": "zenstrap/lease/1"}}']),
    }


def timed(target: Target) -> Target:
    """The same, that also fails where it takes long."""

    def run(content: bytes) -> None:
        started = time.monotonic()
        target(content)
        seconds = time.monotonic() - started
        if seconds > SECONDS:
            raise TimeoutError(f"{seconds:.0f} s for {len(content)} bytes: {content[:200]!r}")

    return run


def contents(begin: list[bytes]) -> Any:
    """Any bytes, any text, and files to begin with of which parts are changed or repeated."""
    from hypothesis import strategies as st

    @st.composite
    def changed(draw: Any) -> bytes:
        content = draw(st.sampled_from(begin))
        for _ in range(draw(st.integers(1, 4))):
            start = draw(st.integers(0, len(content)))
            end = min(len(content), start + draw(st.integers(0, 40)))
            part = draw(
                st.sampled_from([content[start:end] * 2, content[start:end] * 500, b""])
                | st.binary(max_size=8)
                | st.text(alphabet="ab:-{}[]&*!|>'\"#%@`? \n\t<,~1", max_size=8).map(str.encode)
            )
            content = content[:start] + part + content[end:]
        return bytes(content)

    return st.binary(max_size=200) | st.text(max_size=100).map(str.encode) | changed()
