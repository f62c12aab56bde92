"""What is retried: after which pauses, and after which network failures.

A platform knows the transient errors of its own services (``Provider.passing``,
``ConnectorKind.passing``).
"""

from __future__ import annotations

import re
from typing import Final

PROPAGATION: Final = (5, 10, 20, 40, 60, 60, 120, 120)
"""Seconds before each retry after something was created or granted: an API, a role or a key takes
two minutes to be usable everywhere, in rare cases seven.
https://cloud.google.com/iam/docs/access-change-propagation"""

NETWORK: Final = (2, 5, 10)
"""Seconds before each retry of a read-only command after a network failure: a broken connection
works again by then, and a network that is down needs a person."""

# Messages of Go's standard library and Terraform's installer when a registry, a mirror or a service
# is out of reach.
_HICCUP: Final = re.compile(
    r"TLS handshake timeout|connection reset by peer|connection refused|i/o timeout"
    r"|Client\.Timeout exceeded|context deadline exceeded|unexpected EOF|server misbehaving"
    r"|temporary failure in name resolution|\b(502 Bad Gateway|503 Service Unavailable|504 Gateway"
    r" Time-?out)\b",
    re.IGNORECASE,
)


def is_hiccup(text: str) -> bool:
    """Whether an error is about a connection that may work a moment later."""
    return _HICCUP.search(text) is not None
