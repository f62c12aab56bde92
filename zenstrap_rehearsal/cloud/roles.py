"""IAM v1: custom roles of a project.

https://cloud.google.com/iam/docs/reference/rest/v1/projects.roles
"""

from __future__ import annotations

import re
from functools import partial
from typing import Final

from zenstrap_rehearsal.cloud.core import JSON, Cloud, Request, route
from zenstrap_rehearsal.errors import already_exists, invalid, not_found

_route = partial(route, "iam", api="iam.googleapis.com")
_ROLES: Final = "v1/projects/{project}/roles"
_ROLE: Final = f"{_ROLES}/{{role}}"
_FIELDS: Final = ("title", "description", "stage", "includedPermissions")
_PERMISSION: Final = re.compile(r"[a-z][A-Za-z0-9-]*(\.[A-Za-z0-9-]+)*\.[A-Za-z0-9-]+\.[A-Za-z]+")


@_route("POST", _ROLES, permission="iam.roles.create")
def create(cloud: Cloud, request: Request) -> JSON:
    project, role_id = request.parts["project"], str(request.body.get("roleId", ""))
    name = f"projects/{project}/roles/{role_id}"
    if name in cloud.things:
        raise already_exists(f"A role named {role_id} in projects/{project} already exists.")
    asked = request.body.get("role", {})
    _check(asked)
    cloud.things[name] = {
        "name": name,
        "stage": "ALPHA",
        **{field: asked[field] for field in _FIELDS if asked.get(field)},
        "etag": cloud.etag(),
        "deleted": False,
    }
    return cloud.things[name]


@_route("GET", _ROLE, permission="iam.roles.get")
def get(cloud: Cloud, request: Request) -> JSON:
    return _role(cloud, request)


@_route("PATCH", _ROLE, permission="iam.roles.update")
def patch(cloud: Cloud, request: Request) -> JSON:
    role = _role(cloud, request)
    _check(request.body)
    role.update({field: request.body[field] for field in _FIELDS if field in request.body})
    role["etag"] = cloud.etag()
    return role


@_route("DELETE", _ROLE, permission="iam.roles.delete")
def delete(cloud: Cloud, request: Request) -> JSON:
    """Mark a role as deleted: it can be undeleted for seven days, and its id stays taken."""
    role = _role(cloud, request)
    role["deleted"] = True
    return role


@_route("POST", f"{_ROLE}:undelete", permission="iam.roles.undelete")
def undelete(cloud: Cloud, request: Request) -> JSON:
    role = _role(cloud, request)
    role["deleted"] = False
    return role


def _role(cloud: Cloud, request: Request) -> JSON:
    name = f"projects/{request.parts['project']}/roles/{request.parts['role']}"
    if name not in cloud.things:
        raise not_found(f"The role named {name} was not found.")
    return cloud.things[name]


def _check(asked: JSON) -> None:
    for permission in asked.get("includedPermissions", []):
        if not _PERMISSION.fullmatch(permission):
            raise invalid(f"Permission {permission} is not valid.")
