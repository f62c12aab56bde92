"""Finds secrets that somebody pasted into a config. Says where they are, never what they are."""

from __future__ import annotations

import re
from typing import Final

from zenstrap.errors import ConfigProblem

_FIX: Final = "Remove it, revoke it, and write a reference: env:NAME or zenml:SECRET.KEY"

_SHAPES: Final = tuple(
    (re.compile(pattern), what)
    for pattern, what in (
        (r"-----BEGIN [A-Z ]*PRIVATE KEY", "a private key"),
        (r"[\"']?private_key(_id)?[\"']?\s*:\s*\S", "a service-account key"),
        (r"[\"']?type[\"']?\s*:\s*[\"']?service_account\b", "a service-account key"),
        # The same file in base64: `{"type": "s`, `{\n  "type": "s` and `-----BEGIN `.
        (r"eyJ0eXBlIjo|eyAidHlwZSI6|ewogICJ0eXBlIjog|LS0tLS1CRUdJTi", "an encoded key"),
        (r"\bAIza[0-9A-Za-z_-]{30,}", "a Google API key"),
        (r"\bya29\.[0-9A-Za-z_-]{20,}", "a Google access token"),
        (r"\bGOCSPX-[0-9A-Za-z_-]{20,}", "a Google client secret"),
        (
            r"\b(ghp|gho|ghu|ghs|ghr)_[0-9A-Za-z]{30,}|\bgithub_pat_[0-9A-Za-z_]{30,}",
            "a GitHub token",
        ),
        (r"\bglpat-[0-9A-Za-z_-]{18,}", "a GitLab token"),
        (r"\b(AKIA|ASIA)[0-9A-Z]{16}\b", "an AWS access key"),
        (r"\bhf_[0-9A-Za-z]{30,}", "a Hugging Face token"),
        (r"\bxox[abprs]-[0-9A-Za-z-]{10,}", "a Slack token"),
        (r"\bZEN(KEY|PROKEY)_[0-9A-Za-z_=-]{16,}", "a ZenML API key"),
        (r"\beyJ[0-9A-Za-z_-]{10,}\.eyJ[0-9A-Za-z_-]{10,}\.", "a token"),
        (r"://[^/\s:@'\"]+:[^/\s@'\"]+@", "a password in an address"),
    )
)

# `password: hunter2`, whatever stands before the word; references and empty values pass.
_NAMED: Final = re.compile(
    r"""(?ix)
    ^[^\#]*? \b [\w-]* (password|passwd|passphrase|secret|api_?key|token|credentials?|private_key)
    ["']? \s* : \s+ (?! ["']? (env:|zenml:) ) (?! (null|~|["']{2}|\#|[&*]|$|true\b|false\b) )
    (?P<value> ["']? [^\s\#"',}\]] )
    """
)
# Keys that hold such a word and are no secrets.
_HARMLESS: Final = re.compile(r"(?i)\bsubject_token[\"']?\s*:")


def problems_of_text(text: str, shown_as: str) -> list[ConfigProblem]:
    """A problem per line that seems to hold a secret. Comments count too: they are committed."""
    found = []
    for number, line in enumerate(text.splitlines(), start=1):
        what = _secret_in(line)
        if what is not None:
            found.append(
                ConfigProblem(
                    shown_as, number, "", f"seems to hold {what}; secrets never stand here", _FIX
                )
            )
    return found


def _secret_in(line: str) -> str | None:
    for pattern, what in _SHAPES:
        if pattern.search(line):
            return what
    if _NAMED.search(line) and not _HARMLESS.search(line):
        return "a secret"
    return None
