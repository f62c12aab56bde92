"""What somebody probably meant who wrote something else."""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import Final

# Truth values to YAML 1.1, text to 1.2; `on` is not a misspelt `none`.
OLD_TRUTH_VALUES: Final = frozenset({"yes", "no", "on", "off", "y", "n"})

# What people write who think of another tool, and what it is called here.
_ALSO_KNOWN_AS: Final = {
    "ask": "terminal",
    "gcs": "gcp",
    "google": "gcp",
    "gke": "kubernetes",
    "interactive": "terminal",
    "laptop": "local",
    "manual": "terminal",
    "skypilot": "vm_gcp",
    "vertexai": "vertex",
    "vertex_ai": "vertex",
    "wif": "external-account",
    "workload-identity": "external-account",
    "workload-identity-federation": "external-account",
    "workload_identity": "external-account",
}


def nearest(word: str, words: list[str]) -> str | None:
    """The likeliest of some words for a misspelt one."""
    if word.lower() in OLD_TRUTH_VALUES:
        return None
    known = _ALSO_KNOWN_AS.get(word.lower())
    if known in words:
        return known
    by_lower = {w.lower(): w for w in words}
    found = get_close_matches(word.lower(), list(by_lower), n=1, cutoff=0.6)
    if not found:
        squeezed = {re.sub(r"[^a-z0-9]", "", lower): lower for lower in by_lower}
        found = [squeezed[s] for s in [re.sub(r"[^a-z0-9]", "", word.lower())] if s in squeezed]
    return by_lower[found[0]] if found else None
