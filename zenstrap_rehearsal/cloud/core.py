"""The cloud: its projects, their resources, and the dispatch of REST calls.

A call is checked in Google's order: authentication, is the API enabled, authorization; then the
service's own handler is called. Each service's handlers are in one module and are registered with
`route`.
"""

from __future__ import annotations

import base64
import copy
import hashlib
import math
import re
import secrets
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from zenstrap_rehearsal.cloud.permissions import ROLES
from zenstrap_rehearsal.errors import (
    ApiError,
    not_found,
    permission_denied,
    service_disabled,
    unauthenticated,
)
from zenstrap_rehearsal.faults import Faults
from zenstrap_rehearsal.iam import OWNER, granted

JSON = dict[str, Any]

# The owner's token, which `Rehearsal.environment` passes to Terraform and all clients.
OWNER_TOKEN: Final = "ya29.rehearsal-owner"

# The relevant APIs that are enabled in a new project.
ENABLED_FROM_THE_START: Final = frozenset(
    {
        "cloudresourcemanager.googleapis.com",
        "serviceusage.googleapis.com",
        "storage.googleapis.com",
        "storage-api.googleapis.com",
        "storage-component.googleapis.com",
    }
)

# Google's names of APIs in its errors.
_TITLES: Final = {
    "artifactregistry.googleapis.com": "Artifact Registry API",
    "cloudkms.googleapis.com": "Cloud Key Management Service (KMS) API",
    "cloudresourcemanager.googleapis.com": "Cloud Resource Manager API",
    "iam.googleapis.com": "Identity and Access Management (IAM) API",
    "iamcredentials.googleapis.com": "IAM Service Account Credentials API",
    "orgpolicy.googleapis.com": "Organization Policy API",
    "serviceusage.googleapis.com": "Service Usage API",
    "sts.googleapis.com": "Security Token Service API",
}


@dataclass
class Project:
    """A project and its enabled APIs.

    Attributes:
        settling: API → number of calls that it still refuses after it was enabled.
        constraints: boolean organisation policies that are enforced.
        agents: the existing service agents, by the label before .iam.gserviceaccount.com.
    """

    id: str
    number: str
    enabled: set[str]
    settling: dict[str, int] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)
    constraints: set[str] = field(default_factory=set)
    agents: set[str] = field(default_factory=set)


@dataclass(frozen=True)
class Request:
    """One call, as a handler sees it: the project exists, and the caller is authorized."""

    method: str
    path: str
    parts: Mapping[str, str]
    query: Mapping[str, str]
    body: Any
    principal: str


Handler = Callable[["Cloud", Request], Any]


@dataclass(frozen=True)
class Route:
    service: str
    method: str
    pattern: re.Pattern[str]
    handler: Handler
    api: str | None
    permission: str | None


ROUTES: Final[list[Route]] = []


def route(
    service: str,
    method: str,
    template: str,
    *,
    api: str | None = None,
    permission: str | None = None,
) -> Callable[[Handler], Handler]:
    """Register a handler.

    Args:
        service: the first part of the path: ``iam``.
        method: the HTTP method.
        template: the rest, with ``{names}`` for parts: ``v1/projects/{project}/roles``.
        api: the API that must be enabled in the project.
        permission: that the caller needs, on the project or on the resource itself.
    """
    pattern = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/:]+)", re.escape(template))

    def register(handler: Handler) -> Handler:
        ROUTES.append(Route(service, method, re.compile(pattern), handler, api, permission))
        return handler

    return register


class Cloud:
    """All resources, and the calls that change them. Safe to use from any thread.

    Args:
        project_ids: the existing projects.
        faults: injected by tests.
        now: seconds since 1970.
    """

    def __init__(
        self, project_ids: Sequence[str], faults: Faults, now: Callable[[], float]
    ) -> None:
        self.faults = faults
        self.now = now
        # Addresses of the double's own servers, set when they have started.
        self.url = ""
        self.storage_url = ""
        self.lock = threading.RLock()
        self.projects = {
            project_id: Project(project_id, _number(project_id), set(ENABLED_FROM_THE_START))
            for project_id in project_ids
        }
        # Resources by full name, projects/P/serviceAccounts/E, as a service returns them.
        self.things: dict[str, JSON] = {}
        self.policies: dict[str, JSON] = {}
        self._tokens: dict[str, tuple[str, float]] = {OWNER_TOKEN: (OWNER, math.inf)}
        # Principal → the principal sets that a federated identity belongs to by its attributes.
        self.memberships: dict[str, frozenset[str]] = {}
        # Service-account keys by id: PEM of the public half, and the account's e-mail address.
        self.keys: dict[str, tuple[str, str]] = {}
        self.count = 0  # ids and etags are generated from this counter

    def call(
        self,
        service: str,
        method: str,
        path: str,
        *,
        body: Any = None,
        query: Mapping[str, str] | None = None,
        token: str | None,
    ) -> Any:
        """One REST call.

        Args:
            path: after the service's base URL: ``v1/projects/P``.
            token: of the caller; None is the owner, as in storage emulators.

        Raises:
            ApiError: the call is refused.
            ReplyLostError: an injected fault.
        """
        with self.faults.on_request(method, f"/{service}/{path}"):
            return self._carry_out(service, method, path, body or {}, query or {}, token)

    def _carry_out(
        self,
        service: str,
        method: str,
        path: str,
        body: Any,
        query: Mapping[str, str],
        token: str | None,
    ) -> Any:
        principal = self.principal(token)
        if principal is None:
            raise unauthenticated()
        with self.lock:
            route, parts = self._route(service, method, path)
            project = self._project(parts, route.permission)
            if project and route.api:
                self._check_enabled(project, route.api)
            if route.permission:
                resource = re.sub(r":\w+$", "", path.split("/", 1)[1])
                self.require(principal, route.permission, resource, project)
            request = Request(method, path, parts, query, body, principal)
            return copy.deepcopy(route.handler(self, request))

    def principal(self, token: str | None) -> str | None:
        """The principal of a bearer token: "owner", an e-mail address, or None if invalid."""
        if token is None:
            return OWNER
        with self.lock:
            principal, expires = self._tokens.get(token, (None, 0.0))
            return principal if expires > self.now() else None

    def issue_token(self, principal: str, seconds: float) -> str:
        """A new access token for a principal, valid for some seconds."""
        token = f"ya29.rehearsal-{secrets.token_urlsafe(24)}"
        with self.lock:
            self._tokens[token] = (principal, self.now() + seconds)
        return token

    def revoke(self, token: str) -> None:
        """Make a token invalid, as after a log-out."""
        with self.lock:
            self._tokens.pop(token, None)

    def require(
        self, principal: str, permission: str, resource: str, project: Project | None = None
    ) -> None:
        """Check that a principal has a permission.

        Raises:
            ApiError: 403.
        """
        if not self.allows(principal, permission, resource, project):
            raise permission_denied(permission, resource)

    def allows(
        self, principal: str, permission: str, resource: str, project: Project | None
    ) -> bool:
        """Whether a principal has a permission on a resource or on its project.

        Conditions aren't evaluated: they count as met.
        """
        where = [resource] + ([f"projects/{project.id}"] if project else [])
        return not self.faults.denied(permission) and granted(
            principal,
            permission,
            (b for name in where for b in self.policies.get(name, {}).get("bindings", [])),
            memberships=self.memberships.get(principal, frozenset()),
            permissions_of=self._permissions_of,
        )

    def find(self, name: str) -> JSON:
        """A resource by its full name.

        Raises:
            ApiError: 404.
        """
        if name not in self.things:
            raise not_found()
        return self.things[name]

    def children(self, parent: str, collection: str) -> Iterator[JSON]:
        """The resources in a collection: those directly below ``PARENT/COLLECTION/``."""
        prefix = f"{parent}/{collection}/"
        for name, thing in sorted(self.things.items()):
            if name.startswith(prefix) and "/" not in name.removeprefix(prefix):
                yield thing

    def timestamp(self) -> str:
        moment = datetime.fromtimestamp(self.now(), UTC)
        return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")

    def etag(self) -> str:
        return base64.b64encode(f"BwX{self._next():08}".encode()).decode()

    def unique_number(self) -> str:
        """21 digits, as the unique id of a service account."""
        return f"1{self._next():020}"

    def _permissions_of(self, role: str) -> Sequence[str]:
        custom: JSON | None = self.things.get(role)
        return ROLES.get(role, ()) if custom is None else custom.get("includedPermissions", ())

    def _next(self) -> int:
        with self.lock:
            self.count += 1
            return self.count

    def _route(self, service: str, method: str, path: str) -> tuple[Route, dict[str, str]]:
        for candidate in ROUTES:
            if candidate.service == service and candidate.method == method:
                match = candidate.pattern.fullmatch(path)
                if match:
                    return candidate, match.groupdict()
        raise ApiError(
            404, f"The rehearsal doesn't support {method} /{service}/{path}; see its README."
        )

    def _project(self, parts: dict[str, str], permission: str | None) -> Project | None:
        """The project in a path, named by id or number."""
        named = parts.get("project")
        if named is None or named == "-":
            return None
        for project in self.projects.values():
            if named in (project.id, project.number):
                parts["project"] = project.id
                return project
        # Google doesn't reveal whether another user's project exists.
        raise permission_denied(permission or "resourcemanager.projects.get", f"projects/{named}")

    def _check_enabled(self, project: Project, api: str) -> None:
        refusals = project.settling.get(api, 0)
        if refusals > 0:
            project.settling[api] = refusals - 1
        if refusals > 0 or api not in project.enabled:
            raise service_disabled(api, _TITLES.get(api, api), project.number)


def _number(project_id: str) -> str:
    """Twelve digits, the same for a project in every rehearsal."""
    digest = int(hashlib.sha256(project_id.encode()).hexdigest(), 16)
    return str(10**11 + digest % (9 * 10**11))
