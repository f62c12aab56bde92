"""The client for Cloud Storage, and the conversion of its errors."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from zenstrap.platforms.gcp.api.credentials import Login, signing_in
from zenstrap.platforms.gcp.api.refusals import Refusal, error_of, read_refusal
from zenstrap.platforms.gcp.errors import GoogleError
from zenstrap.waiting import waiting_for

if TYPE_CHECKING:
    from google.api_core.exceptions import GoogleAPICallError
    from google.cloud.storage import Client

LONGEST_SECONDS = 150.0
"""Longest time of one call, including the two minutes of retries in Google's client."""

_ENDPOINT = "GOOGLE_STORAGE_CUSTOM_ENDPOINT"
_EMULATOR = "STORAGE_EMULATOR_HOST"


def storage_client(
    login: Login, *, project: str, environ: Mapping[str, str] | None = None
) -> Client:
    """A client with our login, for the same endpoint as Terraform's provider and backend."""
    _hush()
    from google.cloud.storage import Client

    endpoint = _endpoint(os.environ if environ is None else environ)
    return Client(
        project=project,
        credentials=login.credentials,
        client_options={"api_endpoint": endpoint} if endpoint else None,
    )


def storage_address() -> str:
    """The URL of Cloud Storage for this process."""
    return _endpoint(os.environ) or "https://storage.googleapis.com"


def _endpoint(environ: Mapping[str, str]) -> str:
    url = environ.get(_EMULATOR) or environ.get(_ENDPOINT, "").partition("/storage/v1")[0]
    return url.rstrip("/")


@contextmanager
def reaching(what: str, *, where: str, project: str | None = None) -> Iterator[None]:
    """Convert the client's exceptions to zenstrap's errors.

    Args:
        what: what fails if the call does, for users.

    Raises:
        AuthenticationError: nobody is logged in, or the login is not accepted.
        RefusedCallError: Google refused the request; its ``refusal`` has the status.
        GoogleError: Cloud Storage is out of reach.
    """
    _hush()
    import requests
    from google.api_core.exceptions import GoogleAPICallError, RetryError

    with signing_in(), waiting_for(f"Cloud Storage ({where})", LONGEST_SECONDS):
        try:
            yield
        except GoogleAPICallError as error:
            raise error_of(refusal_of(error), what, where=where, project=project) from error
        except (RetryError, requests.RequestException, ConnectionError) as error:
            raise GoogleError(
                what,
                where=where,
                why="Cloud Storage is out of reach: no connection, or no answer in time",
                fix="Check the network and HTTPS_PROXY, then run the same command again",
            ) from error


def is_passing(error: Exception) -> bool:
    """Whether the same call may succeed a moment later: overload, or a broken connection."""
    import requests
    from google.api_core.exceptions import GoogleAPICallError

    if isinstance(error, GoogleAPICallError):
        return error.code in (408, 429, 500, 502, 503, 504)
    return isinstance(
        error,
        requests.ConnectionError
        | requests.Timeout
        | requests.exceptions.ChunkedEncodingError
        | ConnectionError,
    )


def refusal_of(error: GoogleAPICallError) -> Refusal:
    """Google's refusal, without the method and address that the client's message begins with."""
    status = int(error.code or 0)
    if error.response is not None and getattr(error.response, "content", None):
        return read_refusal(status, error.response.content)
    reason = next((item.get("reason") for item in error.errors if isinstance(item, dict)), None)
    return Refusal(status, str(error.message), reason)


def _hush() -> None:
    """Suppress the libraries' warnings about the end of support for this version of Python."""
    warnings.filterwarnings("ignore", category=FutureWarning, module=r"google\.")
