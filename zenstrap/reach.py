"""Whether anybody listens at an address: a knock that takes seconds where a library's own tries
take minutes."""

from __future__ import annotations

import socket
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from zenstrap.redaction import redact
from zenstrap.waiting import waiting_for

KNOCK_SECONDS = 10.0  # a server behind a slow VPN answers within this
_PORTS = {"http": 80, "https": 443, "socks4": 1080, "socks5": 1080, "socks5h": 1080}


class UnreachableError(OSError):
    """Nobody answers.

    Attributes:
        place: who was asked: the address itself, or the proxy before it.
        why: in the system's words.
    """

    def __init__(self, place: str, why: str) -> None:
        super().__init__(f"{place}: {why}")
        self.place = place
        self.why = why


def knock(url: str) -> None:
    """Connect with an HTTP address, or with the proxy that leads to it, and hang up.

    Raises:
        UnreachableError: nobody is there.
    """
    asked, place = urlsplit(url), url
    if proxy := _proxy(asked.scheme, asked.hostname or ""):
        asked, place = urlsplit(proxy), f"the proxy {redact(proxy)}"
    if asked.hostname is None or asked.scheme not in _PORTS:
        return
    try:
        port = asked.port or _PORTS[asked.scheme]
    except ValueError:
        # What stands in the port's place may be a piece of a password: it isn't quoted.
        raise UnreachableError(
            f"the proxy for {url.partition(':')[0]} addresses" if proxy else "the address",
            "its port is no number; in a user's name and password, / is written %2F",
        ) from None
    try:
        with waiting_for(place, KNOCK_SECONDS):
            socket.create_connection((asked.hostname, port), KNOCK_SECONDS).close()
    except OSError as error:
        raise UnreachableError(place, error.strerror or str(error)) from error


def _proxy(scheme: str, host: str) -> str | None:
    proxies = getproxies()
    found = proxies.get(scheme) or proxies.get("all")
    if not found or proxy_bypass(host):
        return None
    return found if "://" in found else f"http://{found}"
