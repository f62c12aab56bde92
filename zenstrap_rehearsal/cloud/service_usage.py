"""Service Usage v1 and v1beta1: which APIs are enabled, and the accounts of Google's services.

https://cloud.google.com/service-usage/docs/reference/rest
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import partial
from typing import Final

from zenstrap_rehearsal.cloud import service_agents
from zenstrap_rehearsal.cloud.core import JSON, Cloud, Project, Request, route
from zenstrap_rehearsal.cloud.operations import done
from zenstrap_rehearsal.cloud.service_accounts import make_default_account
from zenstrap_rehearsal.errors import ApiError, invalid, service_disabled

_API: Final = "serviceusage.googleapis.com"
_route = partial(route, "serviceusage", api=_API)
_IDENTITY: Final = "google.api.serviceusage.v1beta1.ServiceIdentity"
_SERVICE: Final = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)*\.(googleapis\.com|goog)")


@_route("GET", "v1/projects/{project}/services/{service}", permission="serviceusage.services.get")
def get(cloud: Cloud, request: Request) -> JSON:
    return _service(_project(cloud, request), request.parts["service"])


@_route("GET", "v1/projects/{project}/services", permission="serviceusage.services.list")
def list_services(cloud: Cloud, request: Request) -> JSON:
    """List the enabled services only: the double doesn't know all of Google's services."""
    project = _project(cloud, request)
    return {"services": [_service(project, name) for name in sorted(project.enabled)]}


@_route("GET", "v1/projects/{project}/services:batchGet", permission="serviceusage.services.get")
def batch_get(cloud: Cloud, request: Request) -> JSON:
    project = _project(cloud, request)
    names = [name.rpartition("/")[2] for name in request.query.get("names", "").split(",")]
    return {"services": [_service(project, name) for name in names]}


@_route(
    "POST",
    "v1/projects/{project}/services/{service}:enable",
    permission="serviceusage.services.enable",
)
def enable_one(cloud: Cloud, request: Request) -> JSON:
    project, name = _project(cloud, request), request.parts["service"]
    enable(cloud, project, [name])
    return done("", {"service": _service(project, name)}, "google.api.EnableServiceResponse")


@_route(
    "POST",
    "v1/projects/{project}/services:batchEnable",
    permission="serviceusage.services.enable",
)
def batch_enable(cloud: Cloud, request: Request) -> JSON:
    project = _project(cloud, request)
    names = request.body.get("serviceIds", [])
    enable(cloud, project, names)
    services = [_service(project, name) for name in names]
    return done("", {"services": services}, "google.api.BatchEnableServicesResponse")


@_route(
    "POST",
    "v1/projects/{project}/services/{service}:disable",
    permission="serviceusage.services.disable",
)
def disable(cloud: Cloud, request: Request) -> JSON:
    project, name = _project(cloud, request), request.parts["service"]
    _check_name(project, name)
    project.enabled.discard(name)
    return done("", {"service": _service(project, name)}, "google.api.DisableServiceResponse")


@_route("POST", "v1beta1/projects/{project}/services/{service}:generateServiceIdentity")
def generate_identity(cloud: Cloud, request: Request) -> JSON:
    """Create the service's service agent. Google requires no permission."""
    project, api = _project(cloud, request), request.parts["service"]
    if api == "storage.googleapis.com":
        # Creates nothing and returns no address: storage creates it when its address is read.
        return done("", {}, _IDENTITY)
    place = service_agents.ON_REQUEST.get(api)
    if place is None:
        raise invalid(f"Service {api} has not been configured for service identities.")
    if api not in project.enabled:
        raise service_disabled(api, api, project.number)
    service_agents.make(project, place)
    identity = {"email": service_agents.email(project, place), "uniqueId": cloud.unique_number()}
    return done("", identity, _IDENTITY)


def _project(cloud: Cloud, request: Request) -> Project:
    return cloud.projects[request.parts["project"]]


def enable(cloud: Cloud, project: Project, names: Iterable[str]) -> None:
    """Enable APIs, and create the accounts that exist from then on.

    Raises:
        ApiError: an API doesn't exist.
    """
    for name in names:
        _check_name(project, name)
        if name in project.enabled:
            continue
        project.enabled.add(name)
        service_agents.make_with_api(project, name)
        if name == "compute.googleapis.com":
            make_default_account(cloud, project)
        if cloud.faults.propagation_calls:
            project.settling[name] = cloud.faults.propagation_calls


def _check_name(project: Project, name: str) -> None:
    if not _SERVICE.fullmatch(name):
        raise ApiError(
            403,
            f"Not found or permission denied for service(s): {name}.",
            details=(
                {
                    "@type": "type.googleapis.com/google.rpc.ErrorInfo",
                    "domain": "serviceusage.googleapis.com",
                    "metadata": {"services": name},
                    "reason": "SERVICE_CONFIG_NOT_FOUND_OR_PERMISSION_DENIED",
                },
            ),
        )


def _service(project: Project, name: str) -> JSON:
    return {
        "name": f"projects/{project.number}/services/{name}",
        "parent": f"projects/{project.number}",
        "config": {"name": name},
        "state": "ENABLED" if name in project.enabled else "DISABLED",
    }
