"""Projects, their APIs and IAM members."""

from __future__ import annotations

from zenstrap_rehearsal.errors import ApiError
from zenstrap_rehearsal.provider.kind import DataSource, Kind, parse_identifier
from zenstrap_rehearsal.provider.kinds.members import MemberKind, same_end, same_member
from zenstrap_rehearsal.provider.rules import ProviderError, Rules
from zenstrap_rehearsal.provider.session import Session
from zenstrap_rehearsal.provider.values import Object


class ProjectService(Kind):
    name = "google_project_service"
    rules = Rules(
        defaults={"disable_on_destroy": True},
        force_new=frozenset({"service", "project"}),
        patterns={"service": r"[^.]+(?:\.[^.]+)+"},
        equivalent={"project": same_end},
    )

    def create(self, planned: Object, session: Session) -> Object:
        """Enable an API, unless it is enabled already."""
        project, service = session.project_of(planned), planned["service"]
        if not self._enabled(project, service, session):
            try:
                path = f"v1/projects/{project}/services:batchEnable"
                session.call("serviceusage", "POST", path, {"serviceIds": [service]})
            except ApiError as error:
                raise ProviderError(
                    f"Error when reading or editing Project Service {service}: Request `Enable "
                    f'Project "{project}" Service "{service}"` returned error: failed to send '
                    f"enable services request: {error}"
                ) from error
        return {"id": f"{project}/{service}", "project": project}

    def read(self, state: Object, session: Session) -> Object | None:
        project = session.project_of(state)
        try:
            enabled = self._enabled(project, state["service"], session)
        except ApiError as error:
            raise ProviderError(
                f"Error when reading or editing Project Service {state['id']}: {error}"
            ) from error
        return {"project": project} if enabled else None

    def update(self, prior: Object, planned: Object, session: Session) -> Object:
        return {}

    def delete(self, state: Object, session: Session) -> None:
        if state.get("disable_on_destroy") is False:
            return
        project, service = session.project_of(state), state["service"]
        path = f"v1/projects/{project}/services/{service}:disable"
        body = {"disableDependentServices": bool(state.get("disable_dependent_services"))}
        try:
            session.call("serviceusage", "POST", path, body)
        except ApiError as error:
            raise ProviderError(
                f'Error disabling service "{service}" for project "{project}": {error}'
            ) from error

    def import_state(self, identifier: str, session: Session) -> Object:
        parts = parse_identifier(self.name, identifier, r"(?P<project>[^/]+)/(?P<service>[^/]+)")
        return {**parts, "id": identifier}

    @staticmethod
    def _enabled(project: str, service: str, session: Session) -> bool:
        path = f"v1/projects/{project}/services"
        listed = session.call("serviceusage", "GET", path, query={"filter": "state:ENABLED"})
        return any(s["config"]["name"] == service for s in listed.get("services", []))


class ProjectMember(MemberKind):
    name = "google_project_iam_member"
    noun = "project"
    rules = Rules(
        force_new=MemberKind.rules.force_new,
        patterns=MemberKind.rules.patterns,
        equivalent={"member": same_member, "project": same_end},
    )

    def resource(self, state: Object, session: Session) -> str:
        return session.project_of(state)

    def named(self, resource: str) -> Object:
        return {"project": resource}

    def get_policy(self, resource: str, session: Session) -> Object:
        path = f"v1/projects/{resource}:getIamPolicy"
        body = {"options": {"requestedPolicyVersion": 3}}
        policy: Object = session.call("cloudresourcemanager", "POST", path, body)
        return policy

    def set_policy(self, resource: str, policy: Object, session: Session) -> None:
        path = f"v1/projects/{resource}:setIamPolicy"
        session.call("cloudresourcemanager", "POST", path, {"policy": policy})


class ProjectData(DataSource):
    name = "google_project"

    def read(self, config: Object, session: Session) -> Object:
        project = config.get("project_id") or session.project
        if not project:
            raise ProviderError(
                "no project value set. `project_id` must be set at the resource level, or a "
                "default `project` value must be specified on the provider"
            )
        try:
            response = session.call("cloudresourcemanager", "GET", f"v1/projects/{project}")
        except ApiError as error:
            raise ProviderError(
                f'Error when reading or editing Project "{project}": {error}'
            ) from error
        labels = response.get("labels", {})
        return {
            "id": f"projects/{response['projectId']}",
            "project_id": response["projectId"],
            "name": response["name"],
            "number": response["projectNumber"],
            "org_id": "",
            "folder_id": "",
            "billing_account": "",
            "auto_create_network": False,
            "deletion_policy": "PREVENT",
            "labels": labels,
            "terraform_labels": labels,
            "effective_labels": labels,
            "tags": None,
        }


class ClientConfig(DataSource):
    name = "google_client_config"

    def read(self, config: Object, session: Session) -> Object:
        place = (
            f'projects/"{session.project or ""}"/regions/"{session.region or ""}"'
            f'/zones/"{session.zone or ""}"'
        )
        return {
            "id": place,
            "project": session.project,
            "region": session.region,
            "zone": session.zone,
            "access_token": session.token,
            "default_labels": session.default_labels or None,
        }


class ClientUserinfo(DataSource):
    name = "google_client_openid_userinfo"

    def read(self, config: Object, session: Session) -> Object:
        email = session.call("oauth2", "GET", "v3/userinfo")["email"]
        return {"id": email, "email": email}
