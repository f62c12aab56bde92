"""Calls to ZenML's server: it may be away for a minute, and not longer.

ZenML tries again by itself, for up to a quarter of an hour, says nothing meanwhile and hears of no
Ctrl-C.
"""

from __future__ import annotations

import time
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter

from zenstrap import stopping
from zenstrap.errors import OutOfReachError
from zenstrap.log import LOGGER, took
from zenstrap.waiting import waiting_for
from zenstrap.zenml_private.patches import call_the_server_with

PATIENCE_SECONDS = 60.0
"""From the first failure of a call to its end: a server that is started anew is back by then."""

_AGAIN = frozenset({408, 429, 502, 503, 504})
_LONGEST_PAUSE = 8.0  # seconds
_BRIEFLY = (5.0, 10.0)  # seconds to connect and to answer, where it was away just now
_BROKEN = 500
_DEEPEST = 20  # errors behind one another; a circle is possible


def be_patient_with_the_server() -> None:
    """Let ZenML's client call its server like this, in this process."""
    call_the_server_with(PatientAdapter, _Requests())


class _Requests:
    """The library, as ZenML sees it: a login is no call of its session's."""

    def __getattr__(self, name: str) -> Any:
        return getattr(requests, name)

    def post(self, url: str, **options: Any) -> requests.Response:
        """Raises: OutOfReachError; InterruptedRunError, where a stop was requested meanwhile."""
        with requests.Session() as session:
            session.mount(url, PatientAdapter())
            return session.post(url, **options)


class PatientAdapter(HTTPAdapter):
    """Tries again what may work a moment later, for a bounded time, and tells of it.

    After that it tries only once and briefly: on the way out ZenML records the end of the step
    and of the run, and each of these calls would wait as long again.
    """

    def __init__(self, max_retries: object = None, **options: Any) -> None:
        super().__init__(max_retries=0, **options)
        self._away = False

    def send(self, request: requests.PreparedRequest, *rest: Any, **options: Any) -> Any:
        """Raises: OutOfReachError; InterruptedRunError, where a stop was requested meanwhile."""
        parts = urlsplit(request.url or "")
        server = f"{parts.scheme}://{parts.netloc}"
        until = time.monotonic() + (0.0 if self._away else PATIENCE_SECONDS)
        if self._away:
            options["timeout"] = _BRIEFLY
        pause = 0.5
        with waiting_for(f"ZenML's server {server}", until - time.monotonic()):
            while True:
                response, why = self._try(request, *rest, **options)
                if response is not None and response.status_code < _BROKEN and not why:
                    self._away = False
                    return response
                left = until - time.monotonic()
                if not why or left <= 0:
                    break
                asked = response.headers.get("Retry-After", "") if response is not None else ""
                wanted = max(pause, float(asked) if asked.isdigit() else 0.0)
                stopping.current().interrupt.wait(min(wanted, left))
                pause = min(2 * pause, _LONGEST_PAUSE)
        self._away = bool(why)
        raise _failed(server, f"{request.method} {parts.path}", why, response)

    def _try(
        self, request: requests.PreparedRequest, *rest: Any, **options: Any
    ) -> tuple[requests.Response | None, str]:
        """The answer, and why it may be another one a moment later."""
        started, call = time.monotonic(), f"{request.method} {urlsplit(request.url or '').path}"
        try:
            response = super().send(request, *rest, **options)
            LOGGER.debug("zenml: %s: %s%s", call, response.status_code, took(started))
        except requests.exceptions.SSLError:
            raise  # it stays so
        except requests.Timeout:
            LOGGER.debug("zenml: %s: no answer%s", call, took(started))
            return None, "no answer in time"
        except (requests.ConnectionError, requests.exceptions.ChunkedEncodingError) as error:
            LOGGER.debug("zenml: %s: no connection%s", call, took(started))
            return None, f"no connection ({_cause(error)})"
        return response, _status(response) if response.status_code in _AGAIN else ""


def _failed(
    server: str, call: str, why: str, response: requests.Response | None
) -> OutOfReachError:
    again = "run the same command again: it goes on from what is there"
    if why:
        return OutOfReachError(
            "ZenML's server doesn't answer",
            where=server,
            why=f"{call}: {why}",
            fix=f"When it is back, {again}",
        )
    assert response is not None
    said = " ".join(response.text.split())[:300]
    return OutOfReachError(
        "ZenML's server failed",
        where=server,
        why=f"{call}: {_status(response)}{': ' if said else ''}{said}",
        fix=f"Look at its log, then {again}",
    )


def _status(response: requests.Response) -> str:
    code = response.status_code
    phrase = HTTPStatus(code).phrase if code in {one.value for one in HTTPStatus} else ""
    return f"HTTP {code} {phrase}".strip()


def _cause(error: BaseException) -> str:
    """The system's own words, which the libraries wrap several times."""
    seen: BaseException | None = error
    for _ in range(_DEEPEST):
        if seen is None:
            break
        if isinstance(seen, OSError) and seen.strerror:
            return seen.strerror
        inner = getattr(seen, "reason", None)
        first = seen.args[0] if seen.args else None
        seen = next((e for e in (inner, first, seen.__context__) if isinstance(e, Exception)), None)
    return "it broke off"
