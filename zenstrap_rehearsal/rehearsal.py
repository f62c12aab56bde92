"""A rehearsal: Google Cloud on this machine, for as long as a ``with`` block lasts."""

from __future__ import annotations

import copy
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from zenstrap_rehearsal import rest, snapshot
from zenstrap_rehearsal.cloud import kms, policies, service_agents
from zenstrap_rehearsal.cloud.core import OWNER_TOKEN, Cloud
from zenstrap_rehearsal.cloud.oauth import OWNER_EMAIL
from zenstrap_rehearsal.cloud.service_usage import enable
from zenstrap_rehearsal.errors import ApiError
from zenstrap_rehearsal.faults import Faults
from zenstrap_rehearsal.provider.provider import Provider
from zenstrap_rehearsal.provider.serving import ProviderServer
from zenstrap_rehearsal.storage import StorageServer, Surroundings
from zenstrap_rehearsal.web import WebServer

DEFAULT_PROJECT: Final = "rehearsal-project"

# The provider's own variables for each service's endpoint; some include the version.
_ENDPOINTS: Final = {
    "GOOGLE_ARTIFACT_REGISTRY_CUSTOM_ENDPOINT": "artifactregistry/v1/",
    "GOOGLE_IAM_BETA_CUSTOM_ENDPOINT": "iam/v1/",
    "GOOGLE_IAM_CREDENTIALS_CUSTOM_ENDPOINT": "iamcredentials/v1/",
    "GOOGLE_IAM_CUSTOM_ENDPOINT": "iam/v1/",
    "GOOGLE_KMS_CUSTOM_ENDPOINT": "cloudkms/v1/",
    "GOOGLE_ORG_POLICY_CUSTOM_ENDPOINT": "orgpolicy/v2/",
    "GOOGLE_RESOURCE_MANAGER_CUSTOM_ENDPOINT": "cloudresourcemanager/v1/",
    "GOOGLE_RESOURCE_MANAGER_V3_CUSTOM_ENDPOINT": "cloudresourcemanager/v3/",
    "GOOGLE_SERVICE_USAGE_CUSTOM_ENDPOINT": "serviceusage/v1/",
}


class Rehearsal:
    """Starts all servers on free ports of the loopback interface, and removes all when it ends.

    Args:
        directory: for the storage server's files; created if it doesn't exist. Its earlier content
            is kept.
        project_id: the only project; use `project_ids` for several.
        project_ids: all projects, instead of `project_id`.
        apis: enabled from the start, in addition to those of every new project.
        clock: seconds since 1970, for expiry and timestamps.
        sleep: waits for injected latency.
    """

    def __init__(
        self,
        directory: Path,
        *,
        project_id: str = DEFAULT_PROJECT,
        project_ids: Sequence[str] = (),
        apis: Iterable[str] = (),
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._directory = directory
        self.project_ids = tuple(project_ids or (project_id,))
        self.faults = Faults(sleep)
        self.cloud = Cloud(self.project_ids, self.faults, clock)
        for project in self.cloud.projects.values():
            enable(self.cloud, project, apis)
        self._stops: list[Callable[[], None]] = []

    def __enter__(self) -> Self:
        try:
            self._start()
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stop()

    @property
    def project_id(self) -> str:
        return self.project_ids[0]

    @property
    def project_number(self) -> str:
        return self.cloud.projects[self.project_id].number

    @property
    def url(self) -> str:
        """Base URL of all services but storage: ``URL/iam/v1/…``; tokens are at ``URL/token``."""
        return self.cloud.url

    def environment(self) -> dict[str, str]:
        """The variables that point Terraform, Google's clients and zenstrap to this rehearsal."""
        return {
            "TF_CLI_CONFIG_FILE": str(self._provider.configuration),
            "STORAGE_EMULATOR_HOST": self.storage.url,
            "GOOGLE_STORAGE_CUSTOM_ENDPOINT": f"{self.storage.url}/storage/v1/",
            "GOOGLE_BACKEND_STORAGE_CUSTOM_ENDPOINT": f"{self.storage.url}/storage/v1/",
            "GOOGLE_OAUTH_ACCESS_TOKEN": OWNER_TOKEN,
            # Else gcsfs asks by gRPC, which isn't supported, for a minute whether a bucket has
            # folders.
            "GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT": "false",
            **{name: f"{self.url}/{path}" for name, path in _ENDPOINTS.items()},
        }

    def resources(self) -> dict[str, dict[str, Any]]:
        """All resources but buckets, by full name such as ``projects/P/serviceAccounts/E``.

        Includes deleted resources that Google keeps for a while, with their state.
        """
        with self.cloud.lock:
            return copy.deepcopy(self.cloud.things)

    def policy(self, resource: str) -> list[dict[str, Any]]:
        """The IAM bindings on a resource that isn't a bucket: ``projects/P``, or a full name."""
        with self.cloud.lock:
            bindings: list[dict[str, Any]] = copy.deepcopy(
                self.cloud.policies.get(resource, {}).get("bindings", [])
            )
            return bindings

    def token(self, email: str, seconds: float = 3600.0) -> str:
        """An access token for any service account, without a key."""
        return self.cloud.issue_token(email, seconds)

    def enforce(self, *constraints: str) -> None:
        """Enforce organisation policies: ``iam.disableServiceAccountKeyCreation``."""
        for project in self.cloud.projects.values():
            project.constraints.update(constraints)

    def save(self, folder: Path) -> None:
        """Save all resources into a new folder; see :mod:`zenstrap_rehearsal.snapshot`."""
        snapshot.save(self.cloud, self.storage.store, folder)

    def load(self, folder: Path) -> dict[str, str]:
        """Load saved resources. Returns new service-account keys: id → JSON document."""
        snapshot.load(self.cloud, self.storage.store, folder)
        return snapshot.renew_keys(self.cloud)

    def _start(self) -> None:
        self._directory.mkdir(parents=True, exist_ok=True)
        self.storage = StorageServer(
            self._directory,
            self.cloud.principal,
            surroundings=_surroundings(self.cloud),
            now=lambda: datetime.fromtimestamp(self.cloud.now(), UTC),
            faults=self.faults,
        )
        self._begin(self.storage.start, self.storage.stop)
        services = WebServer(partial(rest.answer, self.cloud))
        self._begin(services.start, services.stop)
        self.cloud.url, self.cloud.storage_url = services.url, self.storage.url
        # A separate folder: sockets need short paths, and it is deleted as a whole.
        folder = tempfile.TemporaryDirectory(prefix="rehearsal-")
        self._stops.append(folder.cleanup)
        self._provider = ProviderServer(Path(folder.name), Provider(self.cloud).service)
        self._begin(self._provider.start, self._provider.stop)

    def _begin(self, start: Callable[[], None], stop: Callable[[], None]) -> None:
        start()
        self._stops.append(stop)

    def _stop(self) -> None:
        while self._stops:
            self._stops.pop()()


def _surroundings(cloud: Cloud) -> Surroundings:
    """What the storage server needs from the other services."""

    def number(project: str) -> str:
        return cloud.projects[project].number

    def binding_fault(binding: dict[str, Any]) -> str | None:
        with cloud.lock:
            try:
                policies.check_binding(cloud, binding)
            except ApiError as error:
                return error.message
        return None

    def agent_told(project: str) -> None:
        with cloud.lock:
            service_agents.make(cloud.projects[project], service_agents.STORAGE)

    def key_fault(key: str, agent: str) -> str | None:
        with cloud.lock:
            try:
                kms.check_usable(cloud, key, agent)
            except ApiError as error:
                return error.message
        return None

    def permissions_of(role: str) -> Iterable[str] | None:
        with cloud.lock:
            custom = cloud.things.get(role)
            return None if custom is None else list(custom.get("includedPermissions", ()))

    def project_bindings(project: str) -> Iterable[dict[str, Any]]:
        with cloud.lock:
            return list(cloud.policies.get(f"projects/{project}", {}).get("bindings", []))

    return Surroundings(
        project_number=number,
        memberships=lambda principal: cloud.memberships.get(principal, frozenset()),
        binding_fault=binding_fault,
        permissions_of=permissions_of,
        project_bindings=project_bindings,
        agent_told=agent_told,
        key_fault=key_fault,
        denied=cloud.faults.denied,
        owner=OWNER_EMAIL,
    )
