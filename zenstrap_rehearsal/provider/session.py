"""One configured provider: its settings, its credentials, and the cloud that it calls."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from zenstrap_rehearsal.cloud.core import Cloud
from zenstrap_rehearsal.errors import ApiError
from zenstrap_rehearsal.provider.rules import ProviderError
from zenstrap_rehearsal.provider.storage import StorageCalls
from zenstrap_rehearsal.provider.values import Object

_PROJECT_VARIABLES: Final = (
    "GOOGLE_PROJECT",
    "GOOGLE_CLOUD_PROJECT",
    "GCLOUD_PROJECT",
    "CLOUDSDK_CORE_PROJECT",
)
_REGION_VARIABLES: Final = ("GOOGLE_REGION", "GCLOUD_REGION", "CLOUDSDK_COMPUTE_REGION")
_ZONE_VARIABLES: Final = ("GOOGLE_ZONE", "GCLOUD_ZONE", "CLOUDSDK_COMPUTE_ZONE")
_CREDENTIALS_VARIABLES: Final = (
    "GOOGLE_CREDENTIALS",
    "GOOGLE_CLOUD_KEYFILE_JSON",
    "GCLOUD_KEYFILE_JSON",
    "GOOGLE_APPLICATION_CREDENTIALS",
)

# The provider's attribution label on resources that it creates.
ATTRIBUTION: Final = {"goog-terraform-provisioned": "true"}


class Session:
    """One start of the provider.

    Args:
        environment: Terraform's environment variables.
        folder: Terraform's working directory, for relative file names in the configuration.
    """

    def __init__(self, cloud: Cloud, environment: Mapping[str, str], folder: Path) -> None:
        self.cloud = cloud
        self.folder = folder
        self._environment = environment
        self._config: Object = {}
        self._token: str | None = None
        self._storage: StorageCalls | None = None
        self._policy_locks: dict[str, threading.Lock] = {}

    def configure(self, config: Object) -> None:
        """Apply the provider block.

        Raises:
            ProviderError: credentials are missing or invalid.
        """
        self._config = config
        self._token = self._find_token()
        account = self._setting("impersonate_service_account", "GOOGLE_IMPERSONATE_SERVICE_ACCOUNT")
        if account:
            self._token = self._impersonate(account)
        self._storage = StorageCalls(self.cloud.storage_url, self._token)

    @property
    def storage(self) -> StorageCalls:
        assert self._storage is not None, "Terraform configures a provider before it uses it"
        return self._storage

    @property
    def project(self) -> str | None:
        return self._setting("project", *_PROJECT_VARIABLES)

    @property
    def region(self) -> str | None:
        return self._setting("region", *_REGION_VARIABLES)

    @property
    def zone(self) -> str | None:
        return self._setting("zone", *_ZONE_VARIABLES)

    @property
    def token(self) -> str:
        assert self._token is not None, "Terraform configures a provider before it uses it"
        return self._token

    @property
    def default_labels(self) -> dict[str, str]:
        return dict(self._config.get("default_labels") or {})

    @property
    def attribution(self) -> dict[str, str]:
        """Labels that the provider adds to resources that it creates."""
        return {} if self._config.get("add_terraform_attribution_label") is False else ATTRIBUTION

    def policy_lock(self, resource: str) -> threading.Lock:
        """A lock to hold while a resource's IAM policy is read, changed and written.

        As in Google's provider: one lock per resource, in each start of the provider.
        """
        return self._policy_locks.setdefault(resource, threading.Lock())

    def project_of(self, state: Object) -> str:
        """The project of a resource.

        Raises:
            ProviderError: neither the resource nor the provider has a project.
        """
        project = state.get("project") or self.project
        if not project:
            raise ProviderError(
                "project: required field is not set",
            )
        return str(project).removeprefix("projects/")

    def call(
        self,
        service: str,
        method: str,
        path: str,
        body: Any = None,
        query: Mapping[str, str] | None = None,
    ) -> Any:
        """One REST call with the provider's token.

        Raises:
            ApiError: Google refused it.
        """
        return self.cloud.call(
            service, method, path, body=body, query=query or {}, token=self.token
        )

    def try_call(self, service: str, method: str, path: str) -> Any:
        """Like GET by `call`, but None if the resource doesn't exist."""
        try:
            return self.call(service, method, path)
        except ApiError as error:
            if error.code == 404:
                return None
            raise

    def delete(self, service: str, path: str) -> None:
        """Delete a resource, if it exists."""
        try:
            self.call(service, "DELETE", path)
        except ApiError as error:
            if error.code != 404:
                raise

    def _setting(self, name: str, *variables: str) -> str | None:
        if self._config.get(name):
            return str(self._config[name])
        return next((v for n in variables if (v := self._environment.get(n))), None)

    def _impersonate(self, account: str) -> str:
        path = f"v1/projects/-/serviceAccounts/{account}:generateAccessToken"
        try:
            return str(self.call("iamcredentials", "POST", path, {})["accessToken"])
        except ApiError as error:
            raise ProviderError(
                f"impersonate: status code {error.code}: {json.dumps(error.body())}"
            ) from error

    def _find_token(self) -> str:
        token = self._setting("access_token", "GOOGLE_OAUTH_ACCESS_TOKEN")
        credentials = self._setting("credentials", *_CREDENTIALS_VARIABLES)
        if self._config.get("access_token") or (token and not self._config.get("credentials")):
            return str(token)
        if credentials:
            from zenstrap_rehearsal.provider.credentials import token_for

            return token_for(credentials, self.cloud)
        raise ProviderError(
            "Attempted to load application default credentials since neither `credentials` nor "
            "`access_token` was set in the provider block.  No credentials loaded. To use your "
            "gcloud credentials, run 'gcloud auth application-default login'",
        )
