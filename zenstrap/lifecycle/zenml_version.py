"""The versions of ZenML that zenstrap supports, of the client and of the server."""

from __future__ import annotations

from typing import Final

from packaging.version import Version

from zenstrap.errors import UsageError

FIRST: Final = "0.95.1"  # 0.95.0 hangs at a run's end with debug logging into a bucket
BEFORE: Final = "0.99"  # constraints.txt has the newest tested version


def require_supported(installed: str) -> None:
    """Check that zenstrap supports the installed ZenML.

    Raises:
        UsageError: it doesn't; with the command that installs a supported version.
    """
    if not _is_supported(installed):
        raise UsageError(
            f"ZenML {installed} is installed, but zenstrap supports {FIRST} to below {BEFORE}",
            why="zenstrap uses calls that ZenML may change in any version",
            fix="Install a supported version, if possible that of your ZenML server",
            command=f'pip install "zenml[server]>={FIRST},<{BEFORE}"',
        )


def require_same(installed: str, server: str) -> None:
    """Check that client and server are compatible.

    They are if their versions differ in the patch number only.
    https://docs.zenml.io/deploying-zenml/upgrade-zenml-server/migration-guide

    Raises:
        UsageError: they aren't; with the command that installs the server's version, if zenstrap
            supports it.
    """
    if Version(installed).release[:2] == Version(server).release[:2]:
        return
    differ = f"ZenML {installed} is installed, and its server has version {server}"
    why = "ZenML warns that this may lead to errors"
    if _is_supported(server):
        command = f'pip install "zenml[server]=={server}"'
        raise UsageError(differ, why=why, fix="Install the server's version", command=command)
    older = Version(server) < Version(FIRST)
    fix = "Upgrade the server" if older else "Use a zenstrap that supports the server's version"
    raise UsageError(differ, why=why, fix=fix)


def _is_supported(version: str) -> bool:
    return Version(FIRST) <= Version(version) < Version(BEFORE)
