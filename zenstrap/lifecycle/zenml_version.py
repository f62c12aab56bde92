"""Which versions of ZenML zenstrap works with, here and on the server."""

from __future__ import annotations

from typing import Final

from packaging.version import Version

from zenstrap.errors import UsageError

FIRST: Final = "0.95.1"  # 0.95.0 blocks at a run's end where it logs for debugging into a bucket
BEFORE: Final = "0.99"  # the newest that was tested is in constraints.txt


def require_supported(here: str) -> None:
    """See that zenstrap was tested with the ZenML that is installed.

    Raises:
        UsageError: it wasn't; with the command that installs one that it was tested with.
    """
    if not _is_supported(here):
        raise UsageError(
            f"ZenML {here} is installed, and zenstrap works with {FIRST} and newer, below {BEFORE}",
            why="It uses calls that ZenML may change with any version",
            fix="Install one of those; if a server is connected, best the server's",
            command=f'pip install "zenml[server]>={FIRST},<{BEFORE}"',
        )


def require_same(here: str, server: str) -> None:
    """See that the client and its server understand each other.

    Versions that differ in the last number alone do: ZenML changes nothing incompatible there.
    https://docs.zenml.io/deploying-zenml/upgrade-zenml-server/migration-guide

    Raises:
        UsageError: they are of different versions; with the command that installs the server's,
            if zenstrap works with that one.
    """
    if Version(here).release[:2] == Version(server).release[:2]:
        return
    differ = f"ZenML {here} is installed, and its server is of version {server}"
    why = "ZenML warns that this may lead to errors"
    if _is_supported(server):
        command = f'pip install "zenml[server]=={server}"'
        raise UsageError(differ, why=why, fix="Install the server's", command=command)
    older = Version(server) < Version(FIRST)
    fix = "Have the server upgraded" if older else "Use a zenstrap that works with the server's"
    raise UsageError(differ, why=why, fix=fix)


def _is_supported(version: str) -> bool:
    return Version(FIRST) <= Version(version) < Version(BEFORE)
