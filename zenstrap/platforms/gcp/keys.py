"""Service-account keys: parsed for ZenML's secret store, never shown."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass, field

from zenstrap.errors import AuthenticationError
from zenstrap.platforms.gcp.connectors import fingerprint
from zenstrap.redaction import know


@dataclass(frozen=True)
class ServiceAccountKey:
    """A key as Google issues it. The repr hides its secrets."""

    document: str = field(repr=False)  # JSON
    key_id: str = field(repr=False)
    email: str = ""

    @property
    def fingerprint(self) -> str:
        """Identifies the key without revealing its id."""
        return fingerprint(self.key_id)

    def require_usable(self, where: str) -> None:
        """Check that its private key can be read.

        Args:
            where: where the key comes from, for the error.

        Raises:
            AuthenticationError: it can't be read; the error does not quote it.
        """
        from cryptography.exceptions import UnsupportedAlgorithm
        from cryptography.hazmat.primitives.serialization import load_pem_private_key

        try:
            load_pem_private_key(json.loads(self.document)["private_key"].encode(), password=None)
        except (ValueError, TypeError, AttributeError, UnsupportedAlgorithm):
            pass  # an error raised inside this block would chain one that quotes the key
        else:
            return
        raise AuthenticationError(
            "the private key in this service-account key is damaged",
            where=where,
            fix="Use the complete, unchanged JSON document that `gcloud iam service-accounts keys "
            "create` writes",
        )

    @property
    def secrets(self) -> tuple[str, ...]:
        """Texts that no message may quote."""
        private = str(json.loads(self.document)["private_key"])
        # Escaped as in the JSON document, and decoded.
        return (json.dumps(private)[1:-1], private)


def parse_key(text: str, where: str) -> ServiceAccountKey:
    """A key from JSON, or from base64 of it, as Terraform returns it.

    Args:
        where: where it comes from, for the error.

    Raises:
        AuthenticationError: it isn't a valid key; the error does not quote it.
    """
    document = text.strip()
    if not document.startswith("{"):
        document = _decoded(document)
    key = _read(document)
    if key is None:
        raise AuthenticationError(
            "this is not a service-account key",
            where=where,
            fix="Use the JSON document that `gcloud iam service-accounts keys create` writes.",
        )
    know(text, document, *key.secrets)
    return key


def _decoded(text: str) -> str:
    try:
        return base64.b64decode(text, validate=True).decode()
    except (binascii.Error, ValueError):
        return ""


def _read(document: str) -> ServiceAccountKey | None:
    try:
        fields = json.loads(document)
        if fields["type"] != "service_account" or not fields["private_key"]:
            return None
        return ServiceAccountKey(document, str(fields["private_key_id"]), fields["client_email"])
    except (ValueError, KeyError, TypeError):
        return None
