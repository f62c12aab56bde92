"""What a Terraform process gets to see of the user's environment variables."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

# An allow-list, because what harms is open-ended: TF_VAR_* would change a plan behind the
# config's back, TF_CLI_ARGS* its flags, TF_WORKSPACE the environment, TF_LOG writes secrets.
_ALLOWED = frozenset(
    {
        "ALL_PROXY",
        "CURL_CA_BUNDLE",
        "HOME",
        "HTTPS_PROXY",
        "HTTP_PROXY",
        "LANG",
        "LC_ALL",
        "LC_CTYPE",
        "LOGNAME",
        "NO_PROXY",
        "PATH",
        "REQUESTS_CA_BUNDLE",
        "SHELL",
        "SSL_CERT_DIR",
        "SSL_CERT_FILE",
        "STORAGE_EMULATOR_HOST",
        "TF_PLUGIN_CACHE_DIR",
        "TF_REATTACH_PROVIDERS",
        "TMPDIR",
        "TZ",
        "USER",
        "XDG_CACHE_HOME",
        "XDG_CONFIG_HOME",
        "XDG_DATA_HOME",
    }
)
_ALLOWED_PREFIXES = ("GOOGLE_", "CLOUDSDK_")
# The gcs backend would look for the state as somebody else, or encrypt it with a key that zenstrap
# doesn't have: it reads and guards the state itself.
# https://developer.hashicorp.com/terraform/language/backend/gcs
_REFUSED = frozenset({"GOOGLE_ENCRYPTION_KEY", "GOOGLE_KMS_ENCRYPTION_KEY"})
_REFUSED_PREFIX = "GOOGLE_BACKEND_"
_BACKEND_ENDPOINT = "GOOGLE_BACKEND_STORAGE_CUSTOM_ENDPOINT"  # where the rehearsal's storage is
_CLI_CONFIG = "TF_CLI_CONFIG_FILE"


def child_environment(
    source: Mapping[str, str] | None = None, *, data_folder: Path | None = None
) -> dict[str, str]:
    """The environment variables for Terraform.

    Args:
        source: where they are taken from; the process's own by default.
        data_folder: TF_DATA_DIR, so that nothing is written beside the module.
    """
    source = os.environ if source is None else source
    chosen = {name: value for name, value in source.items() if _allowed(name)}

    # Where it points nowhere, every command would print a warning.
    if (config := source.get(_CLI_CONFIG)) and Path(config).is_file():
        chosen[_CLI_CONFIG] = config

    chosen |= {"CHECKPOINT_DISABLE": "1", "TF_IN_AUTOMATION": "1", "TF_INPUT": "0"}
    if data_folder is not None:
        chosen["TF_DATA_DIR"] = str(data_folder)
    return chosen


def _allowed(name: str) -> bool:
    if name in _REFUSED or (name.startswith(_REFUSED_PREFIX) and name != _BACKEND_ENDPOINT):
        return False
    # Proxy variables are read in either case.
    return name.upper() in _ALLOWED or name.startswith(_ALLOWED_PREFIXES)
