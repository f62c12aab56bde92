"""A session with Google Cloud's REST services: endpoints, timeouts, retries and errors."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, Literal

from zenstrap.log import LOGGER, took
from zenstrap.platforms.gcp.api.credentials import Login, signing_in
from zenstrap.platforms.gcp.api.refusals import error_of, lasts, read_refusal
from zenstrap.platforms.gcp.errors import GoogleError
from zenstrap.reach import UnreachableError, knock
from zenstrap.waiting import waiting_for

if TYPE_CHECKING:
    from google.auth.transport.requests import AuthorizedSession

Service = Literal[
    "artifactregistry",
    "cloudkms",
    "cloudresourcemanager",
    "iam",
    "openidconnect",
    "orgpolicy",
    "serviceusage",
]
Pause = Callable[[float], None]

# The environment variables with custom endpoints of Terraform's provider, so that zenstrap uses the
# same emulator, mirror or private endpoint.
_ENDPOINTS: Final[Mapping[Service, str]] = {
    "artifactregistry": "GOOGLE_ARTIFACT_REGISTRY_CUSTOM_ENDPOINT",
    "cloudkms": "GOOGLE_KMS_CUSTOM_ENDPOINT",
    "cloudresourcemanager": "GOOGLE_RESOURCE_MANAGER_CUSTOM_ENDPOINT",
    "iam": "GOOGLE_IAM_BETA_CUSTOM_ENDPOINT",
    "orgpolicy": "GOOGLE_ORG_POLICY_CUSTOM_ENDPOINT",
    "serviceusage": "GOOGLE_SERVICE_USAGE_CUSTOM_ENDPOINT",
}

SECONDS: Final = 20.0  # timeout of a reply; Google's services answer within one or two
_ATTEMPTS: Final = 3
_WAIT: Final = 1.0  # seconds before the second attempt, doubled before each one after
_LONGEST_WAIT: Final = 30.0  # seconds; the user decides about longer waits than that
_AGAIN: Final = frozenset({429, 500, 502, 503, 504})


class GoogleSession:
    """Calls Google's services with one login; connections are kept between calls.

    Args:
        login: the credentials.
        project: id of the project, for the commands in errors.
        environ: for endpoints; the process's own environment variables by default.
        pause: waits some seconds before another attempt.
    """

    def __init__(
        self,
        login: Login,
        *,
        project: str,
        environ: Mapping[str, str] | None = None,
        pause: Pause = time.sleep,
    ) -> None:
        self.login = login
        self.project = project
        self._environ = os.environ if environ is None else environ
        self._pause = pause
        self._http: AuthorizedSession | None = None

    def get(
        self, service: Service, path: str, params: Mapping[str, str] | None = None, *, what: str
    ) -> dict[str, Any]:
        """The JSON at a path such as ``v1/projects/acme``.

        Args:
            what: what fails if this call does, for users.

        Raises:
            AuthenticationError: nobody is logged in, or the login is not accepted.
            RefusedCallError: Google refused the request; its ``refusal`` has the status.
            GoogleError: the service is out of reach.
        """
        return self._call("GET", service, path, what, params=params)

    def post(
        self, service: Service, path: str, body: Mapping[str, object], *, what: str
    ) -> dict[str, Any]:
        """Likewise, for calls that are safe to retry."""
        return self._call("POST", service, path, what, body=body)

    def is_rehearsal(self) -> bool:
        """Whether custom endpoints are set, so that the services aren't Google's own."""
        return any(self._environ.get(name) for name in _ENDPOINTS.values())

    def _call(
        self,
        method: str,
        service: Service,
        path: str,
        what: str,
        *,
        params: Mapping[str, str] | None = None,
        body: Mapping[str, object] | None = None,
    ) -> dict[str, Any]:
        url = f"{self._base(service)}/{path}"
        longest = _ATTEMPTS * (SECONDS + _LONGEST_WAIT)
        with waiting_for(f"Google Cloud ({url.partition('?')[0]})", longest):
            reply = self._tried(method, url, what, params, body)
        if reply.status_code >= 400:
            refusal = read_refusal(reply.status_code, reply.content)
            raise error_of(refusal, what, where=path.partition("/")[2], project=self.project)
        try:
            content = reply.json() if reply.content else {}
        except ValueError:
            content = None
        if not isinstance(content, dict):
            raise GoogleError(
                what, where=url, why="The answer is not Google's", fix="Check HTTPS_PROXY"
            )
        return content

    def _tried(
        self,
        method: str,
        url: str,
        what: str,
        params: Mapping[str, str] | None,
        body: Mapping[str, object] | None,
    ) -> Any:
        """The reply, after up to three attempts."""
        for attempt in range(1, _ATTEMPTS + 1):
            last = attempt == _ATTEMPTS
            reply = self._reply(method, url, what, params=params, body=body, last=last)
            if reply is not None and (reply.status_code not in _AGAIN or last):
                break
            if reply is not None and reply.status_code == 429 and lasts(reply.text):
                break
            self._pause(_wait(attempt, reply.headers if reply is not None else {}))
        assert reply is not None, "the last attempt raises where there is no reply"
        return reply

    def _reply(
        self,
        method: str,
        url: str,
        what: str,
        *,
        params: Mapping[str, str] | None,
        body: Mapping[str, object] | None,
        last: bool,
    ) -> Any:
        """The reply; None if there was none and another attempt remains."""
        import requests

        with signing_in():
            http = self._session()
            started, call = time.monotonic(), f"{method} {url.partition('?')[0]}"
            try:
                reply = http.request(  # type: ignore[no-untyped-call]
                    method, url, params=params, json=body, timeout=SECONDS
                )
                LOGGER.debug("google: %s: %s%s", call, reply.status_code, took(started))
                return reply
            except (requests.ConnectionError, requests.Timeout) as error:
                LOGGER.debug("google: %s: no answer%s", call, took(started))
                if not last:
                    return None
                raise GoogleError(
                    what,
                    where=url.partition("?")[0],
                    why="Google Cloud is out of reach: "
                    + (
                        "no answer in time"
                        if isinstance(error, requests.Timeout)
                        else "no connection"
                    ),
                    fix="Check the network and HTTPS_PROXY, then run the same command again",
                ) from error

    def _session(self) -> AuthorizedSession:
        if self._http is None:
            from google.auth.transport.requests import AuthorizedSession

            self._http = AuthorizedSession(self.login.credentials)  # type: ignore[no-untyped-call]
        return self._http

    def _base(self, service: Service) -> str:
        return service_address(service, self._environ)


def service_address(service: Service, environ: Mapping[str, str] | None = None) -> str:
    """A service's base URL without a version: the provider's endpoints end in one, but this
    session's paths begin with one."""
    environ = os.environ if environ is None else environ
    custom = environ.get(_ENDPOINTS.get(service, ""))
    if not custom:
        return f"https://{service}.googleapis.com"
    return re.sub(r"/v[0-9]+((alpha|beta)[0-9]*)?$", "", custom.rstrip("/"))


def require_answer(address: str) -> None:
    """Raises GoogleError if the service doesn't answer: Google's libraries retry for minutes."""
    try:
        knock(address)
    except UnreachableError as error:
        raise GoogleError(
            "Google Cloud is out of reach",
            where=error.place,
            why=error.why,
            fix="Check the network and HTTPS_PROXY, then run the same command again",
        ) from error


def _wait(attempt: int, headers: Mapping[str, str]) -> float:
    try:
        asked = float(headers.get("Retry-After", ""))
    except ValueError:
        asked = 0.0
    return min(max(asked, _WAIT * float(2 ** (attempt - 1))), _LONGEST_WAIT)
