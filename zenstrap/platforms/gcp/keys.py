"""Service-account keys: read where they are, handed to ZenML's secret store, told to nobody."""

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
    """A key as Google gives it. The repr hides what is secret of it."""

    document: str = field(repr=False)  # JSON
    key_id: str = field(repr=False)
    email: str = ""

    @property
    def fingerprint(self) -> str:
        """Of the key's id: what tells it from the key before."""
        return fingerprint(self.key_id)

    def require_usable(self, where: str) -> None:
        """See that the private key in it can be read.

        Args:
            where: where the key comes from, for the error.

        Raises:
            AuthenticationError: it can't; the error does not quote it.
        """
        from cryptography.exceptions import UnsupportedAlgorithm
        from cryptography.hazmat.primitives.serialization import load_pem_private_key

        try:
            load_pem_private_key(json.loads(self.document)["private_key"].encode(), password=None)
        except (ValueError, TypeError, AttributeError, UnsupportedAlgorithm):
            pass  # what is raised inside of this block would carry the key
        else:
            return
        raise AuthenticationError(
            "the private key in this service-account key is damaged",
            where=where,
            fix="Give the JSON document that `gcloud iam service-accounts keys create` writes, "
            "whole and with its line breaks as they are",
        )

    @property
    def secrets(self) -> tuple[str, ...]:
        """What no error may quote."""
        private = str(json.loads(self.document)["private_key"])
        # As it stands in the JSON document, and as it is read from it.
        return (json.dumps(private)[1:-1], private)


def parse_key(text: str, where: str) -> ServiceAccountKey:
    """A key from JSON, or from base64 of it, which is what Terraform has.

    Args:
        where: where it comes from, for the error.

    Raises:
        AuthenticationError: it is no key; the error does not quote it.
    """
    document = text.strip()
    if not document.startswith("{"):
        document = _decoded(document)
    key = _read(document)
    if key is None:
        raise AuthenticationError(
            "this is no service-account key",
            where=where,
            fix="Give the JSON document that `gcloud iam service-accounts keys create` writes.",
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
