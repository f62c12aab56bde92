"""One login to Google Cloud for a whole run, and the clients that use it."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from zenstrap import stopping
from zenstrap.config import GoogleEnvironment
from zenstrap.platforms.gcp.api.credentials import Login, load_login
from zenstrap.platforms.gcp.api.session import GoogleSession, require_answer, service_address

if TYPE_CHECKING:
    from google.cloud.storage import Client


class GoogleAccess:
    """The login and clients of one environment; sends no request before the first use."""

    def __init__(self, config: GoogleEnvironment) -> None:
        self.project_id: str = config.gcp.project_id
        self._principal = config.gcp.terraform_service_account

    @cached_property
    def login(self) -> Login:
        """Raises AuthenticationError if there are no credentials."""
        return load_login(self._principal)

    @cached_property
    def rest(self) -> GoogleSession:
        """A session with the REST services. Raises GoogleError if they don't answer."""
        login = self.login  # first: missing credentials are reported without network access
        require_answer(service_address("cloudresourcemanager"))
        return GoogleSession(
            login,
            project=self.project_id,
            pause=lambda seconds: stopping.current().interrupt.wait(seconds),
        )

    @cached_property
    def storage(self) -> Client:
        """The client for Cloud Storage. Raises GoogleError if it doesn't answer."""
        from zenstrap.platforms.gcp.storage.client import storage_address, storage_client

        login = self.login
        require_answer(storage_address())
        return storage_client(login, project=self.project_id)
