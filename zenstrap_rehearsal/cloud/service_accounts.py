"""IAM v1: service accounts and their policies.

https://cloud.google.com/iam/docs/reference/rest/v1/projects.serviceAccounts
"""

from __future__ import annotations

import re
from functools import partial
from typing import Final

from zenstrap_rehearsal.cloud import policies
from zenstrap_rehearsal.cloud.core import JSON, Cloud, Project, Request, route
from zenstrap_rehearsal.errors import ApiError, invalid, not_found

_route = partial(route, "iam", api="iam.googleapis.com")
_ID: Final = re.compile(r"[a-z]([-a-z0-9]{4,28}[a-z0-9])")
_ACCOUNTS: Final = "v1/projects/{project}/serviceAccounts"
_ACCOUNT: Final = f"{_ACCOUNTS}/{{account}}"
_MAX_DISPLAY_NAME: Final = 100  # bytes
_MAX_DESCRIPTION: Final = 256  # bytes


def account(cloud: Cloud, identifier: str) -> JSON:
    """A service account by e-mail address or unique id.

    Raises:
        ApiError: 404.
    """
    for name, thing in cloud.things.items():
        is_account = "/serviceAccounts/" in name and "/keys/" not in name
        if is_account and identifier in (thing["email"], thing["uniqueId"]):
            return thing
    raise not_found(f"Unknown service account: {identifier}")


@_route("POST", _ACCOUNTS, permission="iam.serviceAccounts.create")
def create(cloud: Cloud, request: Request) -> JSON:
    project = request.parts["project"]
    account_id = str(request.body.get("accountId", ""))
    if not _ID.fullmatch(account_id):
        raise invalid(f'The account ID "{account_id}" does not have a length between 6 and 30.')
    email = f"{account_id}@{project}.iam.gserviceaccount.com"
    name = f"projects/{project}/serviceAccounts/{email}"
    if name in cloud.things:
        raise ApiError(
            409, f"Service account {account_id} already exists within project projects/{project}."
        )
    asked = request.body.get("serviceAccount", {})
    _check_texts(asked)
    return _make(cloud, project, email, asked)


@_route("GET", _ACCOUNTS, permission="iam.serviceAccounts.list")
def list_accounts(cloud: Cloud, request: Request) -> JSON:
    parent = f"projects/{request.parts['project']}"
    return {"accounts": list(cloud.children(parent, "serviceAccounts"))}


@_route("GET", _ACCOUNT, permission="iam.serviceAccounts.get")
def get(cloud: Cloud, request: Request) -> JSON:
    return account(cloud, request.parts["account"])


@_route("PATCH", _ACCOUNT, permission="iam.serviceAccounts.update")
def patch(cloud: Cloud, request: Request) -> JSON:
    current = account(cloud, request.parts["account"])
    wanted = request.body.get("serviceAccount", {})
    _check_texts(wanted)
    for field in str(request.body.get("updateMask", "")).split(","):
        camel = {"display_name": "displayName"}.get(field, field)
        if camel in ("displayName", "description"):
            current[camel] = wanted.get(camel, "")
    return current


@_route("DELETE", _ACCOUNT, permission="iam.serviceAccounts.delete")
def delete(cloud: Cloud, request: Request) -> JSON:
    """Delete an account, its keys and its policy; other policies keep it, marked as deleted."""
    deleted = account(cloud, request.parts["account"])
    for name in [n for n in cloud.things if n.startswith(f"{deleted['name']}/keys/")]:
        del cloud.things[name]
        cloud.keys.pop(name.rpartition("/")[2], None)
    cloud.policies.pop(deleted["name"], None)
    policies.forget_account(cloud, deleted["email"], deleted["uniqueId"])
    del cloud.things[deleted["name"]]
    return {}


@_route("POST", f"{_ACCOUNT}:enable", permission="iam.serviceAccounts.enable")
def enable(cloud: Cloud, request: Request) -> JSON:
    account(cloud, request.parts["account"])["disabled"] = False
    return {}


@_route("POST", f"{_ACCOUNT}:disable", permission="iam.serviceAccounts.disable")
def disable(cloud: Cloud, request: Request) -> JSON:
    account(cloud, request.parts["account"])["disabled"] = True
    return {}


@_route("POST", f"{_ACCOUNT}:getIamPolicy", permission="iam.serviceAccounts.getIamPolicy")
def get_policy(cloud: Cloud, request: Request) -> JSON:
    return policies.read(cloud, account(cloud, request.parts["account"])["name"])


@_route("POST", f"{_ACCOUNT}:setIamPolicy", permission="iam.serviceAccounts.setIamPolicy")
def set_policy(cloud: Cloud, request: Request) -> JSON:
    resource = account(cloud, request.parts["account"])["name"]
    return policies.write(cloud, resource, request.body.get("policy", {}))


def make_default_account(cloud: Cloud, project: Project) -> None:
    """Create Compute Engine's default service account, as which Cloud Build runs."""
    email = f"{project.number}-compute@developer.gserviceaccount.com"
    if f"projects/{project.id}/serviceAccounts/{email}" not in cloud.things:
        _make(cloud, project.id, email, {"displayName": "Compute Engine default service account"})


def _make(cloud: Cloud, project: str, email: str, texts: JSON) -> JSON:
    unique_id = cloud.unique_number()
    name = f"projects/{project}/serviceAccounts/{email}"
    cloud.things[name] = {
        "name": name,
        "projectId": project,
        "uniqueId": unique_id,
        "email": email,
        "displayName": texts.get("displayName", ""),
        "description": texts.get("description", ""),
        "etag": "MDEwMjE5MjA=",
        "oauth2ClientId": unique_id,
        "disabled": False,
    }
    return cloud.things[name]


def _check_texts(asked: JSON) -> None:
    if len(asked.get("displayName", "").encode()) > _MAX_DISPLAY_NAME:
        raise invalid("The service account's display name has more than 100 bytes.")
    if len(asked.get("description", "").encode()) > _MAX_DESCRIPTION:
        raise invalid("The service account's description has more than 256 bytes.")
