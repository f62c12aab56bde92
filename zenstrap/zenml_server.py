"""Calls to ZenML's server, retried for a minute.

ZenML's own client retries for up to a quarter of an hour, without a message and without a reaction
to Ctrl-C.
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
"""How long a failed call is retried: a server that is restarted is available again by then."""

_RETRIED_STATUSES = frozenset({408, 429, 502, 503, 504})
_LONGEST_PAUSE = 8.0  # seconds
_BRIEFLY = (5.0, 10.0)  # seconds to connect and to answer, after the server was just unavailable
_SERVER_ERROR = 500
_MOST_CAUSES = 20  # errors in a chain of causes; it can be a circle


def be_patient_with_the_server() -> None:
    """Make ZenML's client use PatientAdapter, in this process."""
    call_the_server_with(PatientAdapter, _Requests())


class _Requests:
    """Replaces the library ``requests`` in ZenML, which logs in without its session."""

    def __getattr__(self, name: str) -> Any:
        return getattr(requests, name)

    def post(self, url: str, **options: Any) -> requests.Response:
        """Raises: OutOfReachError; InterruptedRunError, where a stop was requested meanwhile."""
        with requests.Session() as session:
            session.mount(url, PatientAdapter())
            return session.post(url, **options)


class PatientAdapter(HTTPAdapter):
    """Retries transient failures for a bounded time, and shows that it waits.

    After that, each call is tried only once and briefly: when the run fails, ZenML records the end
    of the step and of the run, and each of these calls would wait as long again.
    """

    def __init__(self, max_retries: object = None, **options: Any) -> None:
        super().__init__(max_retries=0, **options)
        self._unavailable = False

    def send(self, request: requests.PreparedRequest, *rest: Any, **options: Any) -> Any:
        """Raises: OutOfReachError; InterruptedRunError, where a stop was requested meanwhile."""
        parts = urlsplit(request.url or "")
        server = f"{parts.scheme}://{parts.netloc}"
        until = time.monotonic() + (0.0 if self._unavailable else PATIENCE_SECONDS)
        if self._unavailable:
            options["timeout"] = _BRIEFLY
        pause = 0.5
        with waiting_for(f"ZenML's server {server}", until - time.monotonic()):
            while True:
                response, why = self._try(request, *rest, **options)
                if response is not None and response.status_code < _SERVER_ERROR and not why:
                    self._unavailable = False
                    return response
                remaining = until - time.monotonic()
                if not why or remaining <= 0:
                    break
                header = response.headers.get("Retry-After", "") if response is not None else ""
                seconds = max(pause, float(header) if header.isdigit() else 0.0)
                stopping.current().interrupt.wait(min(seconds, remaining))
                pause = min(2 * pause, _LONGEST_PAUSE)
        self._unavailable = bool(why)
        raise _failed(server, f"{request.method} {parts.path}", why, response)

    def _try(
        self, request: requests.PreparedRequest, *rest: Any, **options: Any
    ) -> tuple[requests.Response | None, str]:
        """The response, and why the call may succeed if it is retried; empty if it won't."""
        started, call = time.monotonic(), f"{request.method} {urlsplit(request.url or '').path}"
        try:
            response = super().send(request, *rest, **options)
            LOGGER.debug("zenml: %s: %s%s", call, response.status_code, took(started))
        except requests.exceptions.SSLError:
            raise  # a retry doesn't help
        except requests.Timeout:
            LOGGER.debug("zenml: %s: no answer%s", call, took(started))
            return None, "no answer in time"
        except (requests.ConnectionError, requests.exceptions.ChunkedEncodingError) as error:
            LOGGER.debug("zenml: %s: no connection%s", call, took(started))
            return None, f"no connection ({_cause(error)})"
        return response, _status(response) if response.status_code in _RETRIED_STATUSES else ""


def _failed(
    server: str, call: str, why: str, response: requests.Response | None
) -> OutOfReachError:
    again = "run the same command again: it continues from the current state"
    if why:
        return OutOfReachError(
            "ZenML's server doesn't answer",
            where=server,
            why=f"{call}: {why}",
            fix=f"When it is available again, {again}",
        )
    assert response is not None
    body = " ".join(response.text.split())[:300]
    return OutOfReachError(
        "ZenML's server failed",
        where=server,
        why=f"{call}: {_status(response)}{': ' if body else ''}{body}",
        fix=f"Read its log, then {again}",
    )


def _status(response: requests.Response) -> str:
    code = response.status_code
    phrase = HTTPStatus(code).phrase if code in {status.value for status in HTTPStatus} else ""
    return f"HTTP {code} {phrase}".strip()


def _cause(error: BaseException) -> str:
    """The system's own message, which the libraries wrap several times."""
    current: BaseException | None = error
    for _ in range(_MOST_CAUSES):
        if current is None:
            break
        if isinstance(current, OSError) and current.strerror:
            return current.strerror
        inner = getattr(current, "reason", None)
        first = current.args[0] if current.args else None
        candidates = (inner, first, current.__context__)
        current = next((e for e in candidates if isinstance(e, Exception)), None)
    return "the connection was closed"
