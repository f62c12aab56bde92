"""The embedded double of Google Cloud: real Terraform and real clients, no account, no network.

    with Rehearsal(folder, project_id="acme-ml-prod") as rehearsal:
        subprocess.run(["terraform", "apply"], env={**os.environ, **rehearsal.environment()})

What it knows and what it doesn't is in the README beside this file.
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from zenstrap.rehearsal.faults import Fault, Faults
    from zenstrap.rehearsal.rehearsal import Rehearsal

__all__ = ["Fault", "Faults", "Rehearsal"]

_NEEDED: Final = ("cryptography", "grpc", "msgpack", "google.protobuf")


def __getattr__(name: str) -> Any:
    """Imported on use: most of zenstrap's commands rehearse nothing."""
    if name in ("Fault", "Faults"):
        from zenstrap.rehearsal import faults

        return getattr(faults, name)
    if name == "Rehearsal":
        _check_installed()
        from zenstrap.rehearsal.rehearsal import Rehearsal

        return Rehearsal
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def _check_installed() -> None:
    missing = [module for module in _NEEDED if not _is_installed(module)]
    if missing:
        from zenstrap.errors import UsageError

        raise UsageError(
            "a rehearsal needs packages that aren't installed",
            why=f"Missing: {', '.join(missing)}",
            fix="Install it",
            command="pip install -e '.[rehearse]'",
        )


def _is_installed(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:
        return False
