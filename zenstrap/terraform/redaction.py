"""Secrets blanked wherever they turn up.

Terraform's own marks are not enough: a provider's computed attribute repeats a sensitive argument
without the mark (``terraform_data.output`` does), and so does an error message.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable

from zenstrap.terraform.values import SENSITIVE

Redact = Callable[[str], str]

# Characters. A shorter secret is blanked only where it is the whole value: inside of texts it
# would blank ordinary words, and betray itself by the gaps.
SHORTEST_WITHIN = 6


def redactor(secrets: Iterable[str]) -> Redact:
    """A function that puts ``<sensitive>`` in the place of every secret in a text."""
    known = frozenset(secret for secret in secrets if secret)
    # The longest first: one may be part of another. A secret of several lines is also quoted in
    # one line, as JSON writes it or with its lines joined.
    spellings = {
        spelling
        for secret in known
        for spelling in (secret, secret.strip(), _as_json(secret), " ".join(secret.split()))
        if len(spelling) >= SHORTEST_WITHIN
    }
    within = sorted(spellings, key=len, reverse=True)

    def redact(text: str) -> str:
        if text in known or text.removeprefix('"').removesuffix('"') in known:
            return SENSITIVE
        for spelling in within:
            text = text.replace(spelling, SENSITIVE)
        return text

    return redact


def _as_json(secret: str) -> str:
    return json.dumps(secret, ensure_ascii=False)[1:-1]
