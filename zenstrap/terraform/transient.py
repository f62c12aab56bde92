"""The errors that pass by themselves: the whole list. Everything else is never tried again."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from zenstrap.platforms.gcp.api.refusals import lasts
from zenstrap.terraform.diagnostics import Diagnostic

# By what is going on, as Google words it through the provider.
_TRANSIENT: Final = {
    # Enabling an API takes minutes to be true everywhere. Only an apply is tried again, and it
    # enables what it needs first.
    "an API that was just enabled isn't there yet": r"Error 403\b.*"
    r"(has not been used in project \S+ before or it is disabled|SERVICE_DISABLED"
    r"|accessNotConfigured)",
    "too many requests": r"Error 429\b|rateLimitExceeded",
    "the service is unavailable for a moment": r"Error 503\b",
    # IAM is eventually consistent: https://cloud.google.com/iam/docs/access-change-propagation
    "a service account that was just made isn't known yet": r"Error 40[04]\b.*"
    r"[Ss]ervice account \S+ does not exist|Error 404\b.*Unknown service account",
    "a role that was just given isn't known yet": r"Error 40[03]\b.*"
    r"(cloudkms\.cryptoKeyVersions\.useTo\w+|[Pp]ermission denied on Cloud KMS key)",
    "somebody else changed the same policy": r"Error 409\b.*concurrent policy changes",
}


def reason(diagnostic: Diagnostic) -> str | None:
    """Why an error may pass by itself; None if it won't."""
    text = f"{diagnostic.summary} {diagnostic.detail}"
    if lasts(text):
        return None
    for why, pattern in _TRANSIENT.items():
        if re.search(pattern, text, re.DOTALL):
            return why
    return None


def are_transient(diagnostics: Iterable[Diagnostic]) -> bool:
    """Whether every error may pass by itself, and there is one."""
    errors = [one for one in diagnostics if one.severity == "error"]
    return bool(errors) and all(reason(one) for one in errors)
