"""The client for Cloud Storage, and what its errors mean."""

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
"""One call, with all that Google's client tries again by itself for two minutes."""

_ENDPOINT = "GOOGLE_STORAGE_CUSTOM_ENDPOINT"
_EMULATOR = "STORAGE_EMULATOR_HOST"


def storage_client(
    login: Login, *, project: str, environ: Mapping[str, str] | None = None
) -> Client:
    """A client with our login, at the endpoint that Terraform's provider and backend use too."""
    _hush()
    from google.cloud.storage import Client

    endpoint = _endpoint(os.environ if environ is None else environ)
    return Client(
        project=project,
        credentials=login.credentials,
        client_options={"api_endpoint": endpoint} if endpoint else None,
    )


def storage_address() -> str:
    """Where Cloud Storage is, for this process."""
    return _endpoint(os.environ) or "https://storage.googleapis.com"


def _endpoint(environ: Mapping[str, str]) -> str:
    found = environ.get(_EMULATOR) or environ.get(_ENDPOINT, "").partition("/storage/v1")[0]
    return found.rstrip("/")


@contextmanager
def reaching(what: str, *, where: str, project: str | None = None) -> Iterator[None]:
    """Within this, what the client raises becomes our error.

    Args:
        what: what can't be done if it fails, for people.

    Raises:
        AuthenticationError: nobody is logged in, or the login is not accepted.
        RefusedCallError: Google said no; its ``refusal`` has the status.
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
                fix="Look at the network and HTTPS_PROXY, then run the same command again",
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
    """What Google answered; the client's own message begins with method and address."""
    status = int(error.code or 0)
    if error.response is not None and getattr(error.response, "content", None):
        return read_refusal(status, error.response.content)
    reason = next((one.get("reason") for one in error.errors if isinstance(one, dict)), None)
    return Refusal(status, str(error.message), reason)


def _hush() -> None:
    """Google's libraries print, when imported, until when they support this version of Python."""
    warnings.filterwarnings("ignore", category=FutureWarning, module=r"google\.")
