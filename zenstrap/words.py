"""Words for people: counts with their plural, and sentences with their full stop."""

from __future__ import annotations


def count(number: int, noun: str) -> str:
    """``1 resource``, ``2 resources``."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def sentence(text: str) -> str:
    """The text with a full stop, unless it ends in some other sign."""
    text = text.strip()
    return text if text.endswith((".", "!", "?", ":")) else f"{text}."
