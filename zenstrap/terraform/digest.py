"""The plan digest: it proves that the plan to apply is the approved one."""

from __future__ import annotations

import hashlib
import json

from zenstrap.redaction import Redact
from zenstrap.terraform import values
from zenstrap.terraform.document import Document, RawChange, secrets, sensitive_variables

# scrypt's cost, about 50 ms: a guessed secret can't be tried against a digest at any speed.
_SCRYPT_COST = 2**14
_SCRYPT_SALT = b"zenstrap plan digest 1"


def plan_digest(document: Document, redact: Redact) -> str:
    """Hex SHA-256 of a plan's changes, equal for equal plans whenever they are created.

    Covers the planned changes only: drift and no-ops are left out. Sensitive values are hashed with
    scrypt first, so the digest may be shown and stored.

    Args:
        document: the plan.
        redact: redacts secrets, also in values that Terraform doesn't mark as sensitive.
    """
    hidden = [
        (path, value)
        for path, value in secrets(document, changed=True)
        if value not in (None, "", [], {})
    ]
    content = {
        "resources": [
            {
                "address": resource.address,
                "deposed": resource.deposed,
                "change": _public(resource.change),
            }
            for resource in sorted(
                document.resource_changes, key=lambda r: (r.address, r.deposed or "")
            )
            if resource.change.changes
        ],
        "outputs": {
            name: _public(change)
            for name, change in document.output_changes.items()
            if change.changes
        },
        "variables": {
            name: variable
            for name, variable in document.variables.items()
            if name not in sensitive_variables(document)
        },
        "configuration": document.configuration,
        "secrets": _slow_hash(_canonical(hidden, document.timestamp)) if hidden else None,
    }
    public = redact(_canonical(content, document.timestamp).decode())
    return hashlib.sha256(public.encode()).hexdigest()


def _public(change: RawChange) -> dict[str, object]:
    return {
        "actions": change.actions,
        "before": values.without_sensitive(change.before, change.before_sensitive),
        "after": values.without_sensitive(change.after, change.after_sensitive),
        "after_unknown": change.after_unknown,
        "replace_paths": change.replace_paths,
        "importing": change.importing,
    }


def _canonical(content: object, timestamp: str | None) -> bytes:
    """The same bytes for equal contents; plantimestamp()'s value is replaced by a constant."""
    text = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    if timestamp:
        text = text.replace(json.dumps(timestamp), '"<time of the plan>"')
    return text.encode()


def _slow_hash(secret: bytes) -> str:
    return hashlib.scrypt(secret, salt=_SCRYPT_SALT, n=_SCRYPT_COST, r=8, p=1).hex()
