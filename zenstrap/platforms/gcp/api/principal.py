"""Which principal the login is: e-mail address and kind, in words."""

from __future__ import annotations

from zenstrap.platforms.gcp.api.credentials import signing_in
from zenstrap.platforms.gcp.api.session import GoogleSession
from zenstrap.platforms.gcp.errors import GoogleError


def who_is_it(session: GoogleSession) -> str:
    """The principal in words; fetches a token, so that an expired login shows.

    Raises:
        AuthenticationError: the login has expired, was revoked, or may not act as the account.
        GoogleError: Google's token service is out of reach.
    """
    login = session.login
    if not login.credentials.valid:
        from google.auth.transport.requests import Request

        with signing_in():
            login.credentials.refresh(Request())  # type: ignore[no-untyped-call]
    if login.principal is not None or session.is_rehearsal():
        return str(login)
    # A user's credentials don't say whose they are. Not to be told is no failure.
    try:
        found = session.get("openidconnect", "v1/userinfo", what="your e-mail address isn't told")
    except GoogleError:
        return str(login)
    email = found.get("email")
    return f"{login.kind} {email}, from {login.source}" if email else str(login)
