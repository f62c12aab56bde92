"""IAM v1: workload identity pools and their providers. Deleted ones are kept for 30 days.

https://cloud.google.com/iam/docs/reference/rest/v1/projects.locations.workloadIdentityPools
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final

from zenstrap_rehearsal.cloud.core import JSON, Cloud, Request, route
from zenstrap_rehearsal.cloud.operations import done
from zenstrap_rehearsal.conditions import syntax_fault
from zenstrap_rehearsal.errors import already_exists, failed_precondition, invalid, not_found

_route = partial(route, "iam", api="iam.googleapis.com")
_POOLS: Final = "v1/projects/{project}/locations/global/workloadIdentityPools"
_POOL: Final = f"{_POOLS}/{{pool}}"
_PROVIDERS: Final = f"{_POOL}/providers"
_PROVIDER: Final = f"{_PROVIDERS}/{{provider}}"

_ID: Final = re.compile(r"(?!gcp-)[a-z0-9-]{4,32}")
_DAYS_KEPT: Final = 30
_MAX_NAME: Final = 32
_MAX_DESCRIPTION: Final = 256
_POOL_FIELDS: Final = ("displayName", "description", "disabled")
_SOURCES: Final = ("aws", "oidc", "saml", "x509")
_PROVIDER_FIELDS: Final = (*_POOL_FIELDS, "attributeMapping", "attributeCondition", *_SOURCES)


@_route("POST", _POOLS, permission="iam.workloadIdentityPools.create")
def create_pool(cloud: Cloud, request: Request) -> JSON:
    pool_id = request.query.get("workloadIdentityPoolId", "")
    return _create(cloud, request, _parent(request), "workloadIdentityPools", pool_id, _POOL_FIELDS)


@_route("GET", _POOLS, permission="iam.workloadIdentityPools.list")
def list_pools(cloud: Cloud, request: Request) -> JSON:
    return _list(cloud, request, _parent(request), "workloadIdentityPools")


@_route("GET", _POOL, permission="iam.workloadIdentityPools.get")
def get_pool(cloud: Cloud, request: Request) -> JSON:
    return _find(cloud, _pool_name(request))


@_route("PATCH", _POOL, permission="iam.workloadIdentityPools.update")
def patch_pool(cloud: Cloud, request: Request) -> JSON:
    return _patch(cloud, request, _pool_name(request), _POOL_FIELDS)


@_route("DELETE", _POOL, permission="iam.workloadIdentityPools.delete")
def delete_pool(cloud: Cloud, request: Request) -> JSON:
    return _delete(cloud, _pool_name(request))


@_route("POST", f"{_POOL}:undelete", permission="iam.workloadIdentityPools.undelete")
def undelete_pool(cloud: Cloud, request: Request) -> JSON:
    return _undelete(cloud, _pool_name(request))


@_route("POST", _PROVIDERS, permission="iam.workloadIdentityPoolProviders.create")
def create_provider(cloud: Cloud, request: Request) -> JSON:
    pool = _find(cloud, _pool_name(request))
    if pool["state"] == "DELETED":
        raise failed_precondition("The pool of the provider is deleted.")
    _check_provider(request.body)
    provider_id = request.query.get("workloadIdentityPoolProviderId", "")
    return _create(cloud, request, _pool_name(request), "providers", provider_id, _PROVIDER_FIELDS)


@_route("GET", _PROVIDERS, permission="iam.workloadIdentityPoolProviders.list")
def list_providers(cloud: Cloud, request: Request) -> JSON:
    return _list(cloud, request, _pool_name(request), "providers")


@_route("GET", _PROVIDER, permission="iam.workloadIdentityPoolProviders.get")
def get_provider(cloud: Cloud, request: Request) -> JSON:
    return _find(cloud, _provider_name(request))


@_route("PATCH", _PROVIDER, permission="iam.workloadIdentityPoolProviders.update")
def patch_provider(cloud: Cloud, request: Request) -> JSON:
    current = _find(cloud, _provider_name(request))
    masked = {f: request.body.get(f) for f in _mask(request, _PROVIDER_FIELDS)}
    _check_provider({**current, **masked})
    return _patch(cloud, request, _provider_name(request), _PROVIDER_FIELDS)


@_route("DELETE", _PROVIDER, permission="iam.workloadIdentityPoolProviders.delete")
def delete_provider(cloud: Cloud, request: Request) -> JSON:
    return _delete(cloud, _provider_name(request))


@_route("POST", f"{_PROVIDER}:undelete", permission="iam.workloadIdentityPoolProviders.undelete")
def undelete_provider(cloud: Cloud, request: Request) -> JSON:
    return _undelete(cloud, _provider_name(request))


def _create(
    cloud: Cloud,
    request: Request,
    parent: str,
    collection: str,
    identifier: str,
    fields: tuple[str, ...],
) -> JSON:
    if not _ID.fullmatch(identifier):
        raise invalid(f"Invalid id: {identifier}")
    _check_texts(request.body)
    name = f"{parent}/{collection}/{identifier}"
    if name in cloud.things:
        # Also if it was deleted: its id is free again after 30 days.
        raise already_exists("Requested entity already exists")
    project = request.parts["project"]
    number = cloud.projects[project].number
    cloud.things[name] = {
        "name": name.replace(f"projects/{project}/", f"projects/{number}/", 1),
        "state": "ACTIVE",
        **{field: request.body[field] for field in fields if request.body.get(field)},
    }
    return done(parent, cloud.things[name], "google.iam.v1")


def _list(cloud: Cloud, request: Request, parent: str, collection: str) -> JSON:
    deleted = request.query.get("showDeleted") == "true"
    items = [t for t in cloud.children(parent, collection) if deleted or t["state"] == "ACTIVE"]
    plural = "workloadIdentityPoolProviders" if collection == "providers" else collection
    return {plural: items} if items else {}


def _find(cloud: Cloud, name: str) -> JSON:
    thing = cloud.find(name)
    expires = thing.get("expireTime")
    if expires and datetime.fromisoformat(expires).timestamp() <= cloud.now():
        del cloud.things[name]
        raise not_found()
    return thing


def _patch(cloud: Cloud, request: Request, name: str, fields: tuple[str, ...]) -> JSON:
    thing = _find(cloud, name)
    if thing["state"] == "DELETED":
        raise not_found()
    _check_texts(request.body)
    for field in _mask(request, fields):
        if request.body.get(field):
            thing[field] = request.body[field]
        else:
            thing.pop(field, None)
    return done(name, thing, "google.iam.v1")


def _mask(request: Request, fields: tuple[str, ...]) -> list[str]:
    asked = {field.partition(".")[0] for field in request.query.get("updateMask", "").split(",")}
    return [field for field in fields if field in asked]


def _delete(cloud: Cloud, name: str) -> JSON:
    thing = _find(cloud, name)
    if thing["state"] == "DELETED":
        raise not_found()
    thing["state"] = "DELETED"
    expires = datetime.fromtimestamp(cloud.now(), UTC) + timedelta(days=_DAYS_KEPT)
    thing["expireTime"] = expires.isoformat().replace("+00:00", "Z")
    return done(name, thing, "google.iam.v1")


def _undelete(cloud: Cloud, name: str) -> JSON:
    thing = _find(cloud, name)
    if thing["state"] != "DELETED":
        raise failed_precondition("The entity is not deleted.")
    thing["state"] = "ACTIVE"
    thing.pop("expireTime")
    return done(name, thing, "google.iam.v1")


def _check_texts(body: JSON) -> None:
    if len(body.get("displayName") or "") > _MAX_NAME:
        raise invalid("The display name has more than 32 characters.")
    if len(body.get("description") or "") > _MAX_DESCRIPTION:
        raise invalid("The description has more than 256 characters.")


def _check_provider(body: JSON) -> None:
    """https://cloud.google.com/iam/docs/workload-identity-federation-with-other-providers"""
    sources = [source for source in _SOURCES if body.get(source)]
    if len(sources) != 1:
        raise invalid("Exactly one of aws, oidc, saml and x509 must be set.")
    mapping = body.get("attributeMapping") or {}
    if "aws" not in sources and "google.subject" not in mapping:
        raise invalid("The attribute mapping must map google.subject.")
    for target, expression in mapping.items():
        if not re.fullmatch(r"google\.(subject|groups)|attribute\.[a-z0-9_]{1,100}", target):
            raise invalid(f"The attribute mapping can't map {target}.")
        if fault := syntax_fault(expression):
            raise invalid(f"The mapping of {target} can't be compiled: {fault}")
    condition = body.get("attributeCondition")
    if condition and (fault := syntax_fault(condition)):
        raise invalid(f"The attribute condition can't be compiled: {fault}")
    if "oidc" in sources and not str(body["oidc"].get("issuerUri", "")).startswith("https://"):
        raise invalid("The issuer must be an https address.")
    if "aws" in sources and not re.fullmatch(r"\d{12}", str(body["aws"].get("accountId", ""))):
        raise invalid("An AWS account has 12 digits.")


def _parent(request: Request) -> str:
    return f"projects/{request.parts['project']}/locations/global"


def _pool_name(request: Request) -> str:
    return f"{_parent(request)}/workloadIdentityPools/{request.parts['pool']}"


def _provider_name(request: Request) -> str:
    return f"{_pool_name(request)}/providers/{request.parts['provider']}"
