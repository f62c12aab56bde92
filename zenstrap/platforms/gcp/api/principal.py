"""The principal of the login: kind and e-mail address, in words."""

from __future__ import annotations

from zenstrap.platforms.gcp.api.credentials import signing_in
from zenstrap.platforms.gcp.api.session import GoogleSession
from zenstrap.platforms.gcp.errors import GoogleError


def who_is_it(session: GoogleSession) -> str:
    """The principal in words; fetches a token, to detect an expired login.

    Raises:
        AuthenticationError: the login has expired, was revoked, or may not impersonate the account.
        GoogleError: Google's token service is out of reach.
    """
    login = session.login
    if not login.credentials.valid:
        from google.auth.transport.requests import Request

        with signing_in():
            login.credentials.refresh(Request())  # type: ignore[no-untyped-call]
    if login.principal is not None or session.is_rehearsal():
        return str(login)
    # A user's credentials don't include the address; without it the login still works.
    try:
        user = session.get("openidconnect", "v1/userinfo", what="your e-mail address can't be read")
    except GoogleError:
        return str(login)
    email = user.get("email")
    return f"{login.kind} {email}, from {login.source}" if email else str(login)
