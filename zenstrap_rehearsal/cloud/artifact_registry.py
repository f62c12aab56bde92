"""Artifact Registry v1: repositories and their policies. Images are not stored.

https://cloud.google.com/artifact-registry/docs/reference/rest
"""

from __future__ import annotations

import re
from functools import partial
from typing import Final

from zenstrap_rehearsal import locations
from zenstrap_rehearsal.cloud import kms, policies, service_agents
from zenstrap_rehearsal.cloud.core import JSON, Cloud, Request, route
from zenstrap_rehearsal.cloud.operations import done
from zenstrap_rehearsal.errors import already_exists, invalid
from zenstrap_rehearsal.labels import check_labels

_route = partial(route, "artifactregistry", api="artifactregistry.googleapis.com")
_REPOSITORIES: Final = "v1/projects/{project}/locations/{location}/repositories"
_REPOSITORY: Final = f"{_REPOSITORIES}/{{repository}}"
_ID: Final = re.compile(r"[a-z]([a-z0-9-]{0,61}[a-z0-9])?")
_FORMATS: Final = frozenset(
    {"DOCKER", "MAVEN", "NPM", "PYTHON", "APT", "YUM", "KFP", "GO", "GENERIC"}
)
_FIXED: Final = ("name", "format", "createTime", "kmsKeyName", "mode")


@_route("GET", "v1/projects/{project}/locations/{location}")
def location(cloud: Cloud, request: Request) -> JSON:
    name = request.parts["location"]
    locations.check(name, locations.REGISTRIES)
    return {"name": f"projects/{request.parts['project']}/locations/{name}", "locationId": name}


@_route("POST", _REPOSITORIES, permission="artifactregistry.repositories.create")
def create(cloud: Cloud, request: Request) -> JSON:
    location, body = request.parts["location"], request.body
    project = cloud.projects[request.parts["project"]]
    locations.check(location, locations.REGISTRIES)
    identifier = request.query.get("repository_id") or request.query.get("repositoryId") or ""
    if not _ID.fullmatch(identifier):
        raise invalid(f"Invalid repository ID: {identifier}")
    if body.get("format", "").upper() not in _FORMATS:
        raise invalid(f"unsupported repository format {body.get('format')!r}")
    name = f"projects/{project.id}/locations/{location}/repositories/{identifier}"
    if name in cloud.things:
        raise already_exists("the repository already exists")
    _check(body)
    if key := body.get("kmsKeyName"):
        agent = service_agents.email(project, service_agents.REGISTRY)
        kms.check_usable(cloud, key, agent, location)
    service_agents.make(project, service_agents.REGISTRY)
    now = cloud.timestamp()
    cloud.things[name] = {
        **body,
        "name": name,
        "mode": body.get("mode", "STANDARD_REPOSITORY"),
        "createTime": now,
        "updateTime": now,
        "vulnerabilityScanningConfig": {
            "enablementConfig": "INHERITED",
            **(body.get("vulnerabilityScanningConfig") or {}),
            "enablementState": "SCANNING_DISABLED",
            "enablementStateReason": "API containerscanning.googleapis.com is not enabled.",
        },
    }
    return done(name, cloud.things[name], "google.devtools.artifactregistry.v1.Repository")


@_route("GET", _REPOSITORIES, permission="artifactregistry.repositories.list")
def list_repositories(cloud: Cloud, request: Request) -> JSON:
    parent = f"projects/{request.parts['project']}/locations/{request.parts['location']}"
    return {"repositories": list(cloud.children(parent, "repositories"))}


@_route("GET", _REPOSITORY, permission="artifactregistry.repositories.get")
def get(cloud: Cloud, request: Request) -> JSON:
    return cloud.find(_name(request))


@_route("PATCH", _REPOSITORY, permission="artifactregistry.repositories.update")
def patch(cloud: Cloud, request: Request) -> JSON:
    repository = cloud.find(_name(request))
    _check(request.body)
    for field in filter(None, request.query.get("updateMask", "").split(",")):
        if field in _FIXED:
            raise invalid(f"field {field} can't be updated")
        if field in request.body:
            repository[field] = request.body[field]
        else:
            repository.pop(field, None)
    repository["updateTime"] = cloud.timestamp()
    return repository


@_route("DELETE", _REPOSITORY, permission="artifactregistry.repositories.delete")
def delete(cloud: Cloud, request: Request) -> JSON:
    """Delete a repository with all its images."""
    name = _name(request)
    cloud.find(name)
    del cloud.things[name]
    cloud.policies.pop(name, None)
    return done(name, {}, "google.protobuf.Empty")


@_route(
    "GET", f"{_REPOSITORY}:getIamPolicy", permission="artifactregistry.repositories.getIamPolicy"
)
def get_policy(cloud: Cloud, request: Request) -> JSON:
    return policies.read(cloud, cloud.find(_name(request))["name"])


@_route(
    "POST", f"{_REPOSITORY}:setIamPolicy", permission="artifactregistry.repositories.setIamPolicy"
)
def set_policy(cloud: Cloud, request: Request) -> JSON:
    resource = cloud.find(_name(request))["name"]
    return policies.write(cloud, resource, request.body.get("policy", {}))


def _check(body: JSON) -> None:
    check_labels(body.get("labels") or {})
    for name, policy in (body.get("cleanupPolicies") or {}).items():
        if not re.fullmatch(r"[a-z][a-z0-9-]{0,126}[a-z0-9]", name):
            raise invalid(f"invalid cleanup policy id {name!r}")
        if not policy.get("condition") and not policy.get("mostRecentVersions"):
            raise invalid(f"cleanup policy {name!r} has neither condition nor mostRecentVersions")
        if policy.get("mostRecentVersions") and policy.get("action") != "KEEP":
            raise invalid(f"cleanup policy {name!r}: mostRecentVersions needs the action KEEP")


def _name(request: Request) -> str:
    parts = request.parts
    return (
        f"projects/{parts['project']}/locations/{parts['location']}"
        f"/repositories/{parts['repository']}"
    )
