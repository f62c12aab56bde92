"""Credentials in the provider block or environment that aren't a token."""

from __future__ import annotations

import json
from pathlib import Path

from zenstrap_rehearsal.cloud.core import Cloud
from zenstrap_rehearsal.provider.rules import ProviderError

_LIFETIME = 3600.0  # seconds


def token_for(credentials: str, cloud: Cloud) -> str:
    """A token for the account of a service-account key.

    Args:
        credentials: the path of the key's file, or its content.

    Raises:
        ProviderError: it can't be read, or is not a key that the double issued.
    """
    try:
        document = json.loads(
            credentials if credentials.lstrip().startswith("{") else Path(credentials).read_text()
        )
        kind, key_id = document["type"], document.get("private_key_id", "")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ProviderError(
            f"Attempted to load credentials from `credentials`, but they can't be read: {error}"
        ) from error
    if kind != "service_account":
        raise ProviderError(f"The rehearsal's provider doesn't support credentials of type {kind}")
    with cloud.lock:
        _, email = cloud.keys.get(key_id, ("", ""))
    if not email:
        raise ProviderError(
            'Error requesting token: oauth2: "invalid_grant" "Invalid grant: account not found"'
        )
    return cloud.issue_token(email, _LIFETIME)
