"""Which of the user's environment variables a Terraform process gets."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from zenstrap.terraform.provider import BUILT_IN, Provider

# An allow-list, because the list of harmful variables is open-ended: TF_VAR_* would override the
# configuration, TF_CLI_ARGS* the flags, TF_WORKSPACE the environment; TF_LOG logs secrets.
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
_CLI_CONFIG = "TF_CLI_CONFIG_FILE"


def child_environment(
    source: Mapping[str, str] | None = None,
    *,
    provider: Provider = BUILT_IN,
    data_folder: Path | None = None,
) -> dict[str, str]:
    """The environment variables for Terraform.

    Args:
        source: the variables to choose from; the process's own by default.
        provider: names the variables that it needs.
        data_folder: TF_DATA_DIR, so that nothing is written into the module's folder.
    """
    source = os.environ if source is None else source
    chosen = {name: value for name, value in source.items() if _is_allowed(name, provider)}

    # If the file doesn't exist, every command would print a warning.
    if (config := source.get(_CLI_CONFIG)) and Path(config).is_file():
        chosen[_CLI_CONFIG] = config

    chosen |= {"CHECKPOINT_DISABLE": "1", "TF_IN_AUTOMATION": "1", "TF_INPUT": "0"}
    if data_folder is not None:
        chosen["TF_DATA_DIR"] = str(data_folder)
    return chosen


def _is_allowed(name: str, provider: Provider) -> bool:
    if name in provider.wanted_variables:
        return True
    if name.startswith(provider.refused_variables):
        return False
    # Proxy variables may be upper or lower case.
    return name.upper() in _ALLOWED or name.startswith(provider.variables)
