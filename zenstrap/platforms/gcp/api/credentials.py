"""Loads the Google credentials that Terraform uses, in the same order of precedence."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zenstrap import plain_files
from zenstrap.errors import AuthenticationError
from zenstrap.platforms.gcp.api.refusals import LOG_IN
from zenstrap.platforms.gcp.errors import GoogleError

if TYPE_CHECKING:
    from google.auth.credentials import Credentials

SCOPES = (
    "https://www.googleapis.com/auth/cloud-platform",
    "https://www.googleapis.com/auth/userinfo.email",
)

ACCESS_TOKEN = "GOOGLE_OAUTH_ACCESS_TOKEN"
_KEYS = ("GOOGLE_CREDENTIALS", "GOOGLE_CLOUD_KEYFILE_JSON", "GCLOUD_KEYFILE_JSON")
IMPERSONATE = "GOOGLE_IMPERSONATE_SERVICE_ACCOUNT"
_IMPERSONATION_ENDPOINT = "GOOGLE_IAM_CREDENTIALS_CUSTOM_ENDPOINT"


@dataclass(frozen=True)
class Login:
    """Credentials and their principal.

    Attributes:
        kind: kind of principal, in words.
        principal: its e-mail address; None if only Google knows it (a user's login).
        source: where the credentials were found.
    """

    credentials: Credentials
    kind: str
    principal: str | None
    source: str

    def __str__(self) -> str:
        name = f" {self.principal}" if self.principal else ""
        return f"{self.kind}{name}, from {self.source}"


def load_login(
    service_account: str | None = None, environ: Mapping[str, str] | None = None
) -> Login:
    """The credentials of this machine; sends no request yet.

    Args:
        service_account: account to impersonate with these credentials
            (gcp.terraform_service_account); None for the one in
            GOOGLE_IMPERSONATE_SERVICE_ACCOUNT, as in Terraform.
        environ: the environment variables; the process's own by default.

    Raises:
        AuthenticationError: there are none, or they are damaged.
    """
    environ = os.environ if environ is None else environ
    service_account = service_account or environ.get(IMPERSONATE, "").strip() or None
    with signing_in():
        login = _own(environ)
        return _acting_as(service_account, login, environ) if service_account else login


def default_login() -> Login:
    """The application default credentials that Google's libraries find.

    Raises:
        AuthenticationError: there are none, or they are damaged.
    """
    with signing_in():
        return _default(os.environ)


@contextmanager
def signing_in() -> Iterator[None]:
    """Convert google-auth's exceptions to zenstrap's errors.

    Raises:
        AuthenticationError: no credentials, expired or revoked ones, or impersonation refused.
        GoogleError: Google's token service is out of reach.
    """
    from google.auth import exceptions

    try:
        yield
    except exceptions.DefaultCredentialsError as error:
        raise _missing(str(error)) from error
    except exceptions.RefreshError as error:
        raise _refused(str(error.args[0]) if error.args else str(error)) from error
    except exceptions.TransportError as error:
        raise GoogleError(
            "Google's token service is out of reach",
            why=_short(str(error)),
            fix="Check the network and HTTPS_PROXY, then run the same command again",
        ) from error
    except exceptions.GoogleAuthError as error:
        raise _missing(str(error)) from error


def _own(environ: Mapping[str, str]) -> Login:
    if token := environ.get(ACCESS_TOKEN, "").strip():
        from google.oauth2.credentials import Credentials as Bearer

        return Login(Bearer(token=token), "principal of the access token", None, ACCESS_TOKEN)  # type: ignore[no-untyped-call]
    for name in _KEYS:
        if value := environ.get(name, "").strip():
            return _from_key(name, value)
    return _default(environ)


def _from_key(name: str, value: str) -> Login:
    """The credentials in GOOGLE_CREDENTIALS: a file's path, or its content, as in Terraform."""
    import google.auth
    from google.auth.exceptions import GoogleAuthError

    text = value
    if not value.startswith("{"):
        try:
            text = plain_files.read(Path(value).expanduser()).decode(errors="replace")
        except OSError as error:
            raise AuthenticationError(
                "the credentials can't be read",
                where=f"{name}={value}",
                why=error.strerror or str(error),
                fix=f"Correct {name}, or unset it and log in",
                command=f"unset {name} && {LOG_IN}",
            ) from error
    try:
        credentials, _ = google.auth.load_credentials_from_dict(json.loads(text))  # type: ignore[no-untyped-call]
    except (ValueError, GoogleAuthError) as error:
        # The text itself isn't quoted: it holds a private key.
        raise AuthenticationError(
            f"{name} is not a Google credentials file",
            where=name,
            why="It is not valid JSON"
            if isinstance(error, json.JSONDecodeError)
            else "Its fields are not valid",
            fix=f"Correct {name}, or unset it and log in",
            command=f"unset {name} && {LOG_IN}",
        ) from None
    return _login(credentials, name)


def _default(environ: Mapping[str, str]) -> Login:
    import logging
    import warnings

    import google.auth

    # Suppress the warning about a missing project: it is in the configuration.
    logging.getLogger("google.auth._default").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about a user's login without a quota project
        credentials, _ = google.auth.default()
    file = environ.get("GOOGLE_APPLICATION_CREDENTIALS")
    return _login(credentials, file or "application default credentials")


def _login(credentials: Any, source: str) -> Login:
    """The login for credentials; classes are identified by module, to avoid importing them all."""
    from google.auth.credentials import with_scopes_if_required

    # Not passed to the loader, which would then request an external account's project.
    credentials = with_scopes_if_required(credentials, SCOPES)  # type: ignore[no-untyped-call]
    module = type(credentials).__module__
    account = getattr(credentials, "service_account_email", None)
    if module.startswith("google.auth.impersonated"):
        return Login(credentials, "service account (impersonated)", account, source)
    if module.startswith("google.oauth2.service_account"):
        return Login(credentials, "service account (key)", account, source)
    if module.startswith("google.oauth2.credentials"):
        return Login(credentials, "user", getattr(credentials, "account", None) or None, source)
    if module.startswith("google.auth.compute_engine"):
        known = account if account and "@" in account else None
        return Login(credentials, "service account of this machine", known, source)
    return Login(credentials, "external account", account, source)


def _acting_as(service_account: str, login: Login, environ: Mapping[str, str]) -> Login:
    from google.auth.impersonated_credentials import Credentials as Impersonated

    endpoint = environ.get(_IMPERSONATION_ENDPOINT)
    address = f"projects/-/serviceAccounts/{service_account}:generateAccessToken"
    credentials = Impersonated(  # type: ignore[no-untyped-call]
        source_credentials=login.credentials,
        target_principal=service_account,
        target_scopes=list(SCOPES),
        iam_endpoint_override=f"{endpoint.rstrip('/')}/{address}" if endpoint else None,
    )
    return Login(credentials, "service account", service_account, f"{login} (impersonating)")


def _missing(why: str) -> AuthenticationError:
    if "could not automatically determine" in why.lower() or "default credentials" in why.lower():
        why = "No application default credentials were found on this machine"
    return AuthenticationError(
        "there are no credentials for Google Cloud",
        why=_short(why),
        fix="Log in",
        command=LOG_IN,
    )


def _refused(why: str) -> AuthenticationError:
    if "impersonated" in why:
        return AuthenticationError(
            "you may not impersonate the service account that Terraform uses",
            where=f"gcp.terraform_service_account, or {IMPERSONATE} if that isn't set",
            why=_short(why),
            fix="Have an owner grant you roles/iam.serviceAccountTokenCreator on it, "
            "or log in as a user who has it",
            command=LOG_IN,
        )
    if "necessary fields need" in why:
        why = f"the token in {ACCESS_TOKEN} has expired, or is not a token"
        return AuthenticationError(
            "Google does not accept your login",
            where=ACCESS_TOKEN,
            why=why,
            fix=f"Set a new one (`export {ACCESS_TOKEN}=$(gcloud auth print-access-token)`), or "
            "unset it and log in",
            command=f"unset {ACCESS_TOKEN} && {LOG_IN}",
        )
    return AuthenticationError(
        "your login for Google Cloud has expired or was revoked",
        why=_short(why),
        fix="Log in again",
        command=LOG_IN,
    )


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 300 else f"{line[:300]} …"
