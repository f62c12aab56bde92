"""What is tried again: after which pauses, and for which failures of the network.

What a platform's own services refuse for a moment is the platform's to tell
(``Provider.passing``, ``ConnectorKind.passing``).
"""

from __future__ import annotations

import re
from typing import Final

PROPAGATION: Final = (5, 10, 20, 40, 60, 60, 120, 120)
"""Seconds before each new try where something was just created or granted: an API, a role or a key
takes a cloud two minutes, in rare cases seven.
https://cloud.google.com/iam/docs/access-change-propagation"""

NETWORK: Final = (2, 5, 10)
"""Seconds before each new try of what only reads, where the network failed: a connection that broke
is back by then, and a network that is down is worth a person's look."""

# As Go's standard library and Terraform's installer word it, with which a registry, a mirror or a
# service is out of reach.
_HICCUP: Final = re.compile(
    r"TLS handshake timeout|connection reset by peer|connection refused|i/o timeout"
    r"|Client\.Timeout exceeded|context deadline exceeded|unexpected EOF|server misbehaving"
    r"|temporary failure in name resolution|\b(502 Bad Gateway|503 Service Unavailable|504 Gateway"
    r" Time-?out)\b",
    re.IGNORECASE,
)


def is_hiccup(text: str) -> bool:
    """Whether an error tells of a connection that may work a moment later."""
    return _HICCUP.search(text) is not None
