"""Cloud Resource Manager v1 and v3: projects and their policies.

https://cloud.google.com/resource-manager/reference/rest
"""

from __future__ import annotations

from functools import partial
from typing import Final

from zenstrap_rehearsal.cloud import policies
from zenstrap_rehearsal.cloud.core import JSON, Cloud, Request, route

_API: Final = "cloudresourcemanager.googleapis.com"
_route = partial(route, "cloudresourcemanager", api=_API)

_CREATED: Final = "2026-01-01T00:00:00.000000Z"


@_route("GET", "v1/projects/{project}", permission="resourcemanager.projects.get")
def get_v1(cloud: Cloud, request: Request) -> JSON:
    project = cloud.projects[request.parts["project"]]
    return {
        "projectNumber": project.number,
        "projectId": project.id,
        "lifecycleState": "ACTIVE",
        "name": project.id,
        "createTime": _CREATED,
        "labels": project.labels,
    }


@_route("GET", "v3/projects/{project}", permission="resourcemanager.projects.get")
def get_v3(cloud: Cloud, request: Request) -> JSON:
    project = cloud.projects[request.parts["project"]]
    return {
        "name": f"projects/{project.number}",
        "projectId": project.id,
        "state": "ACTIVE",
        "displayName": project.id,
        "createTime": _CREATED,
        "updateTime": _CREATED,
        "etag": "ACAB",
        "labels": project.labels,
    }


def get_policy(cloud: Cloud, request: Request) -> JSON:
    return policies.read(cloud, f"projects/{request.parts['project']}")


def set_policy(cloud: Cloud, request: Request) -> JSON:
    resource = f"projects/{request.parts['project']}"
    mask = request.body.get("updateMask") or "bindings,etag"
    return policies.write(
        cloud, resource, request.body.get("policy", {}), audit="auditConfigs" in mask
    )


def test_permissions(cloud: Cloud, request: Request) -> JSON:
    project = cloud.projects[request.parts["project"]]
    resource = f"projects/{project.id}"
    tested = request.body.get("permissions", [])
    allowed = [p for p in tested if cloud.allows(request.principal, p, resource, project)]
    return {"permissions": allowed} if allowed else {}


for _version in ("v1", "v3"):
    _path = f"{_version}/projects/{{project}}"
    _route("POST", f"{_path}:getIamPolicy", permission="resourcemanager.projects.getIamPolicy")(
        get_policy
    )
    _route("POST", f"{_path}:setIamPolicy", permission="resourcemanager.projects.setIamPolicy")(
        set_policy
    )
    _route("POST", f"{_path}:testIamPermissions")(test_permissions)
