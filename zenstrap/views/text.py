"""Text that is safe to show and short enough to read.

Names and values come from files, clouds and other people. They must not send control codes to a
terminal, change the reading direction or show a secret, so every value passes ``clean``.
"""

from __future__ import annotations

import unicodedata
from datetime import UTC, datetime

from zenstrap.redaction import redact

_UNSAFE = {"Cc", "Cf", "Cs", "Zl", "Zp"}
_NAMED = {"\n": "\\n", "\t": "\\t", "\r": "\\r"}
_ELLIPSIS = "…"


def clean(value: object) -> str:
    """A value on one line, without secrets, control and formatting characters spelled out."""
    text = redact(str(value))
    return text if text.isprintable() else "".join(map(_visible, text))


def clean_lines(text: str) -> str:
    """Like ``clean``, but the text keeps its line breaks; tabs become spaces."""
    return "\n".join(clean(line.expandtabs(4)) for line in text.splitlines())


def shorten(text: str, width: int) -> str:
    """At most ``width`` characters, the middle left out: names often differ at either end."""
    if len(text) <= width:
        return text
    if width <= 1:
        return _ELLIPSIS[:width]
    tail = (width - 1) // 2
    return text[: width - 1 - tail] + _ELLIPSIS + (text[-tail:] if tail else "")


def duration(seconds: float) -> str:
    """``0.4 s``, ``42 s``, ``3 min 05 s``, ``1 h 02 min``."""
    seconds = max(0.0, seconds)
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02} min"


def stamp(time: datetime | None) -> str:
    """A time in UTC, to the minute; ``-`` for None."""
    return time.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC") if time else "-"


def step_title(step: str) -> str:
    """``register stacks``: a step's name with spaces."""
    return clean(step).replace("_", " ")


def _visible(character: str) -> str:
    if character in _NAMED:
        return _NAMED[character]
    if unicodedata.category(character) not in _UNSAFE:
        return character
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
