"""Service accounts, their keys and IAM members, and custom roles."""

from __future__ import annotations

from typing import Final

from zenstrap_rehearsal.errors import ApiError
from zenstrap_rehearsal.provider.kind import DataSource, Kind, default_project, parse_identifier
from zenstrap_rehearsal.provider.kinds.members import MemberKind
from zenstrap_rehearsal.provider.rules import EVERYTHING, ProviderError, Rules
from zenstrap_rehearsal.provider.session import Session
from zenstrap_rehearsal.provider.values import Object

_PROJECT: Final = r"(?P<project>[^/]+)"
_DOMAIN: Final = "iam.gserviceaccount.com"


class ServiceAccount(Kind):
    name = "google_service_account"
    rules = Rules(
        defaults={"disabled": False},
        force_new=frozenset({"account_id", "project"}),
        patterns={"account_id": r"[a-z](?:[-a-z0-9]{4,28}[a-z0-9])", "description": r".{0,256}"},
    )

    def customize(self, planned: Object, prior: Object | None, session: Session) -> None:
        default_project(self.block, planned, session)
        account_id, project = planned.get("account_id"), planned.get("project")
        # The e-mail address follows from the configuration, so the provider plans it.
        if prior is None and isinstance(account_id, str) and isinstance(project, str):
            planned["email"] = f"{account_id}@{project}.{_DOMAIN}"
            planned["member"] = f"serviceAccount:{planned['email']}"

    def create(self, planned: Object, session: Session) -> Object:
        project = session.project_of(planned)
        body = {
            "accountId": planned["account_id"],
            "serviceAccount": {
                "displayName": planned.get("display_name") or "",
                "description": planned.get("description") or "",
            },
        }
        try:
            created = session.call("iam", "POST", f"v1/projects/{project}/serviceAccounts", body)
        except ApiError as error:
            if not (error.code == 409 and planned.get("create_ignore_already_exists")):
                raise ProviderError(f"Error creating service account: {error}") from error
            email = f"{planned['account_id']}@{project}.{_DOMAIN}"
            created = session.call("iam", "GET", f"v1/projects/{project}/serviceAccounts/{email}")
        if planned.get("disabled"):
            session.call("iam", "POST", f"v1/{created['name']}:disable")
        return _account_state({**created, "disabled": bool(planned.get("disabled"))})

    def read(self, state: Object, session: Session) -> Object | None:
        response = session.try_call("iam", "GET", f"v1/{state['id']}")
        return response and _account_state(response)

    def update(self, prior: Object, planned: Object, session: Session) -> Object:
        path = f"v1/{prior['id']}"
        if planned.get("disabled") != prior.get("disabled"):
            session.call("iam", "POST", f"{path}:{'disable' if planned['disabled'] else 'enable'}")
        body = {
            "serviceAccount": {
                "displayName": planned.get("display_name") or "",
                "description": planned.get("description") or "",
            },
            "updateMask": "displayName,description",
        }
        session.call("iam", "PATCH", path, body)
        return _account_state(session.call("iam", "GET", path))

    def delete(self, state: Object, session: Session) -> None:
        try:
            session.call("iam", "DELETE", f"v1/{state['id']}")
        except ApiError as error:
            if error.code != 404:
                raise ProviderError(f"Error deleting service account: {error}") from error

    def import_state(self, identifier: str, session: Session) -> Object:
        email = rf"(?P<email>[^/@]+@[^/]+\.{_DOMAIN})"
        parts = parse_identifier(
            self.name, identifier, rf"projects/{_PROJECT}/serviceAccounts/{email}", email
        )
        project = parts.get("project") or parts["email"].partition("@")[2].partition(".")[0]
        name = f"projects/{project}/serviceAccounts/{parts['email']}"
        return {"id": name, "email": parts["email"], "project": project}


class ServiceAccountKey(Kind):
    name = "google_service_account_key"
    rules = Rules(
        defaults={
            "key_algorithm": "KEY_ALG_RSA_2048",
            "private_key_type": "TYPE_GOOGLE_CREDENTIALS_FILE",
            "public_key_type": "TYPE_X509_PEM_FILE",
        },
        force_new=frozenset({EVERYTHING}),
        choices={
            "key_algorithm": ("KEY_ALG_UNSPECIFIED", "KEY_ALG_RSA_1024", "KEY_ALG_RSA_2048"),
            "private_key_type": (
                "TYPE_UNSPECIFIED",
                "TYPE_PKCS12_FILE",
                "TYPE_GOOGLE_CREDENTIALS_FILE",
            ),
        },
    )

    def create(self, planned: Object, session: Session) -> Object:
        owner = planned["service_account_id"]
        if "/" not in owner:
            owner = f"projects/-/serviceAccounts/{owner}"
        try:
            created = session.call("iam", "POST", f"v1/{owner}/keys", {})
        except ApiError as error:
            raise ProviderError(f"Error creating service account key: {error}") from error
        return {
            "id": created["name"],
            "name": created["name"],
            "public_key": created["publicKeyData"],
            "private_key": created["privateKeyData"],
            "valid_after": created["validAfterTime"],
            "valid_before": created["validBeforeTime"],
        }

    def read(self, state: Object, session: Session) -> Object | None:
        response = session.try_call("iam", "GET", f"v1/{state['id']}")
        return response and {"name": response["name"], "public_key": response["publicKeyData"]}

    def delete(self, state: Object, session: Session) -> None:
        session.delete("iam", f"v1/{state['id']}")

    def import_state(self, identifier: str, session: Session) -> Object:
        raise ProviderError("resource google_service_account_key doesn't support import")


class ServiceAccountMember(MemberKind):
    name = "google_service_account_iam_member"
    noun = "service account"

    def resource(self, state: Object, session: Session) -> str:
        return str(state["service_account_id"])

    def named(self, resource: str) -> Object:
        return {"service_account_id": resource}

    def get_policy(self, resource: str, session: Session) -> Object:
        path = f"v1/{resource}:getIamPolicy"
        policy: Object = session.call(
            "iam", "POST", path, query={"options.requestedPolicyVersion": "3"}
        )
        return policy

    def set_policy(self, resource: str, policy: Object, session: Session) -> None:
        session.call("iam", "POST", f"v1/{resource}:setIamPolicy", {"policy": policy})


class CustomRole(Kind):
    name = "google_project_iam_custom_role"
    rules = Rules(
        defaults={"stage": "GA"},
        force_new=frozenset({"role_id", "project"}),
        patterns={"role_id": r"[a-zA-Z0-9_\.]{3,64}"},
        choices={"stage": ("ALPHA", "BETA", "GA", "DEPRECATED", "DISABLED", "EAP")},
    )

    def create(self, planned: Object, session: Session) -> Object:
        """Create a role, or undelete and update a recently deleted one, as the real one does."""
        parent = f"projects/{session.project_of(planned)}"
        name = f"{parent}/roles/{planned['role_id']}"
        response = session.try_call("iam", "GET", f"v1/{name}")
        if response and not response["deleted"]:
            raise ProviderError(f"Custom project role {name} already exists and must be imported")
        if response:
            session.call("iam", "POST", f"v1/{name}:undelete")
            session.call("iam", "PATCH", f"v1/{name}", self._body(planned))
        else:
            body = {"roleId": planned["role_id"], "role": self._body(planned)}
            try:
                session.call("iam", "POST", f"v1/{parent}/roles", body)
            except ApiError as error:
                raise ProviderError(
                    f"Error creating the custom project role {name}: {error}"
                ) from error
        return self._state(session.call("iam", "GET", f"v1/{name}"))

    def read(self, state: Object, session: Session) -> Object | None:
        response = session.try_call("iam", "GET", f"v1/{state['id']}")
        return response and self._state(response)

    def update(self, prior: Object, planned: Object, session: Session) -> Object:
        path = f"v1/{prior['id']}"
        if prior.get("deleted"):
            session.call("iam", "POST", f"{path}:undelete")
        session.call("iam", "PATCH", path, self._body(planned))
        return self._state(session.call("iam", "GET", path))

    def delete(self, state: Object, session: Session) -> None:
        session.delete("iam", f"v1/{state['id']}")

    def import_state(self, identifier: str, session: Session) -> Object:
        parts = parse_identifier(
            self.name,
            identifier,
            rf"projects/{_PROJECT}/roles/(?P<role>[^/]+)",
            rf"{_PROJECT}/(?P<role>[^/]+)",
            r"(?P<role>[^/]+)",
        )
        project = session.project_of(parts)
        return {"id": f"projects/{project}/roles/{parts['role']}", "project": project}

    @staticmethod
    def _body(planned: Object) -> Object:
        return {
            "title": planned["title"],
            "description": planned.get("description") or "",
            "stage": planned["stage"],
            "includedPermissions": planned["permissions"],
        }

    @staticmethod
    def _state(response: Object) -> Object:
        _, project, _, role_id = response["name"].split("/")
        return {
            "id": response["name"],
            "name": response["name"],
            "project": project,
            "role_id": role_id,
            "title": response.get("title", ""),
            "description": response.get("description", ""),
            "stage": response.get("stage", ""),
            "permissions": response.get("includedPermissions", []),
            "deleted": response["deleted"],
        }


class ServiceAccountData(DataSource):
    name = "google_service_account"

    def read(self, config: Object, session: Session) -> Object:
        email = config["account_id"].rpartition("/")[2]
        if "@" not in email:
            email = f"{email}@{session.project_of(config)}.{_DOMAIN}"
        response = session.call("iam", "GET", f"v1/projects/-/serviceAccounts/{email}")
        return {**_account_state(response), "account_id": config["account_id"]}


def _account_state(response: Object) -> Object:
    return {
        "id": response["name"],
        "name": response["name"],
        "email": response["email"],
        "unique_id": response["uniqueId"],
        "project": response["projectId"],
        "account_id": response["email"].partition("@")[0],
        "display_name": response["displayName"],
        "description": response["description"],
        "disabled": response["disabled"],
        "member": f"serviceAccount:{response['email']}",
    }
