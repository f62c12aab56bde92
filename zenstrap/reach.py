"""Whether a server accepts connections: checked in seconds, where a library's own retries take
minutes."""

from __future__ import annotations

import socket
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from zenstrap.redaction import redact
from zenstrap.waiting import waiting_for

KNOCK_SECONDS = 10.0  # a server behind a slow VPN accepts a connection within this
_PORTS = {"http": 80, "https": 443, "socks4": 1080, "socks5": 1080, "socks5h": 1080}


class UnreachableError(OSError):
    """No connection.

    Attributes:
        place: what was connected to: the address itself, or its proxy.
        why: the system's error message.
    """

    def __init__(self, place: str, why: str) -> None:
        super().__init__(f"{place}: {why}")
        self.place = place
        self.why = why


def knock(url: str) -> None:
    """Connect to an HTTP address, or to its proxy, and close the connection.

    Raises:
        UnreachableError: the connection failed.
    """
    target, place = urlsplit(url), url
    if proxy := _proxy(target.scheme, target.hostname or ""):
        target, place = urlsplit(proxy), f"the proxy {redact(proxy)}"
    if target.hostname is None or target.scheme not in _PORTS:
        return
    try:
        port = target.port or _PORTS[target.scheme]
    except ValueError:
        # The text that is not a port may be a part of a password: it isn't quoted.
        raise UnreachableError(
            f"the proxy for {url.partition(':')[0]} addresses" if proxy else "the address",
            "its port is not a number; in a user name or password, write / as %2F",
        ) from None
    try:
        with waiting_for(place, KNOCK_SECONDS):
            socket.create_connection((target.hostname, port), KNOCK_SECONDS).close()
    except OSError as error:
        raise UnreachableError(place, error.strerror or str(error)) from error


def _proxy(scheme: str, host: str) -> str | None:
    proxies = getproxies()
    proxy = proxies.get(scheme) or proxies.get("all")
    if not proxy or proxy_bypass(host):
        return None
    return proxy if "://" in proxy else f"http://{proxy}"
