"""Repositories and their IAM members."""

from __future__ import annotations

import re
from typing import Any, Final

from zenstrap_rehearsal.errors import ApiError
from zenstrap_rehearsal.provider.kind import Kind, default_project, parse_identifier
from zenstrap_rehearsal.provider.kinds.members import MemberKind, same_end, same_member
from zenstrap_rehearsal.provider.labels import plan_labels, read_labels
from zenstrap_rehearsal.provider.mapping import camel, from_google, to_google
from zenstrap_rehearsal.provider.rules import ProviderError, Rules
from zenstrap_rehearsal.provider.session import Session
from zenstrap_rehearsal.provider.values import UNKNOWN, Object

_FIELDS: Final = (
    "description",
    "docker_config",
    "format",
    "kms_key_name",
    "maven_config",
    "mode",
    "remote_repository_config",
    "virtual_repository_config",
    "vulnerability_scanning_config",
    "cleanup_policy_dry_run",
)
_SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_PATH: Final = (
    r"projects/(?P<project>[^/]+)/locations/(?P<location>[^/]+)/repositories/"
    r"(?P<repository_id>[^/]+)"
)


def same_duration(left: Any, right: Any) -> bool:
    """Whether two durations are equal, such as 30d and 2592000s."""
    return _seconds(str(left)) == _seconds(str(right))


def same_case(left: Any, right: Any) -> bool:
    return str(left).upper() == str(right).upper()


class Repository(Kind):
    name = "google_artifact_registry_repository"
    rules = Rules(
        defaults={
            "mode": "STANDARD_REPOSITORY",
            "cleanup_policies.condition.tag_state": "ANY",
            "maven_config.version_policy": "VERSION_POLICY_UNSPECIFIED",
        },
        force_new=frozenset(
            {
                "format",
                "kms_key_name",
                "location",
                "maven_config.allow_snapshot_overwrites",
                "maven_config.version_policy",
                "mode",
                "project",
                "repository_id",
            }
        ),
        computed_blocks=frozenset({"vulnerability_scanning_config"}),
        choices={
            "cleanup_policies.action": ("DELETE", "KEEP", ""),
            "cleanup_policies.condition.tag_state": ("TAGGED", "UNTAGGED", "ANY", ""),
            "mode": ("STANDARD_REPOSITORY", "VIRTUAL_REPOSITORY", "REMOTE_REPOSITORY", ""),
            "vulnerability_scanning_config.enablement_config": ("INHERITED", "DISABLED", ""),
        },
        equivalent={
            "format": same_case,
            "cleanup_policies.condition.older_than": same_duration,
            "cleanup_policies.condition.newer_than": same_duration,
        },
    )

    def customize(self, planned: Object, prior: Object | None, session: Session) -> None:
        default_project(self.block, planned, session)
        plan_labels(planned, prior, session)

    def create(self, planned: Object, session: Session) -> Object:
        location = self._location(planned, session)
        parent = f"projects/{session.project_of(planned)}/locations/{location}/repositories"
        body = self._body(planned, (*_FIELDS, "cleanup_policies"))
        query = {"repository_id": planned["repository_id"]}
        try:
            session.call("artifactregistry", "POST", f"v1/{parent}", body, query)
        except ApiError as error:
            raise ProviderError(f"Error creating Repository: {error}") from error
        state = self.read({**planned, "id": f"{parent}/{planned['repository_id']}"}, session)
        assert state is not None, "it was just created"
        return state

    def read(self, state: Object, session: Session) -> Object | None:
        response = session.try_call("artifactregistry", "GET", f"v1/{state['id']}")
        if response is None:
            return None
        _, project, _, location, _, identifier = response["name"].split("/")
        nested = self.block.blocks["cleanup_policies"].block
        return {
            "id": response["name"],
            "name": identifier,
            "repository_id": identifier,
            "project": project,
            "location": location,
            "create_time": response["createTime"],
            "update_time": response["updateTime"],
            **from_google(self.block, response, _FIELDS),
            **read_labels(state, response.get("labels", {})),
            "cleanup_policies": [
                from_google(nested, policy)
                for policy in (response.get("cleanupPolicies") or {}).values()
            ],
        }

    def update(self, prior: Object, planned: Object, session: Session) -> Object:
        fields = [f for f in (*_FIELDS, "cleanup_policies") if planned.get(f) != prior.get(f)]
        mask = [*map(camel, fields), "labels"]
        body = self._body(planned, fields)
        try:
            session.call(
                "artifactregistry",
                "PATCH",
                f"v1/{prior['id']}",
                body,
                {"updateMask": ",".join(mask)},
            )
        except ApiError as error:
            raise ProviderError(f'Error updating Repository "{prior["id"]}": {error}') from error
        return self.read({**planned, "id": prior["id"]}, session) or {}

    def delete(self, state: Object, session: Session) -> None:
        session.delete("artifactregistry", f"v1/{state['id']}")

    def import_state(self, identifier: str, session: Session) -> Object:
        parts = parse_identifier(
            self.name,
            identifier,
            _PATH,
            r"(?P<project>[^/]+)/(?P<location>[^/]+)/(?P<repository_id>[^/]+)",
            r"(?P<location>[^/]+)/(?P<repository_id>[^/]+)",
            r"(?P<repository_id>[^/]+)",
        )
        project, location = session.project_of(parts), self._location(parts, session)
        name = f"projects/{project}/locations/{location}/repositories/{parts['repository_id']}"
        return {**parts, "project": project, "location": location, "id": name}

    def _location(self, state: Object, session: Session) -> str:
        location = state.get("location")
        if isinstance(location, str) and location:
            return location
        if session.region:
            return session.region
        raise ProviderError(
            "Cannot determine location: set in this resource, or set provider-level 'region' or "
            "'zone'."
        )

    def _body(self, planned: Object, fields: Any) -> Object:
        body = to_google(self.block, planned, [f for f in fields if f != "cleanup_policies"])
        body["labels"] = planned["effective_labels"]
        if "format" in body:
            body["format"] = str(body["format"]).upper()
        if "cleanup_policies" in fields:
            nested = self.block.blocks["cleanup_policies"]
            policies = [
                to_google(nested.block, child)
                for child in nested.children(planned.get("cleanup_policies"))
            ]
            for condition in (policy.get("condition") or {} for policy in policies):
                for age in ("olderThan", "newerThan"):
                    if condition.get(age):
                        condition[age] = (
                            f"{_seconds(condition[age]):.9f}".rstrip("0").rstrip(".") + "s"
                        )
            body["cleanupPolicies"] = {policy["id"]: policy for policy in policies}
        return body


class RepositoryMember(MemberKind):
    name = "google_artifact_registry_repository_iam_member"
    noun = "artifactregistry repository"
    rules = Rules(
        force_new=MemberKind.rules.force_new,
        patterns=MemberKind.rules.patterns,
        equivalent={"member": same_member, "repository": same_end},
    )

    def customize(self, planned: Object, prior: Object | None, session: Session) -> None:
        default_project(self.block, planned, session)
        if planned.get("location") is UNKNOWN and session.region:
            planned["location"] = session.region

    def resource(self, state: Object, session: Session) -> str:
        if str(state["repository"]).startswith("projects/"):
            return str(state["repository"])
        project, location = session.project_of(state), state.get("location") or session.region
        return f"projects/{project}/locations/{location}/repositories/{state['repository']}"

    def named(self, resource: str) -> Object:
        if not resource.startswith("projects/"):
            return {"repository": resource}
        _, project, _, location, _, _ = resource.split("/")
        return {"project": project, "location": location, "repository": resource}

    def get_policy(self, resource: str, session: Session) -> Object:
        query = {"options.requestedPolicyVersion": "3"}
        policy: Object = session.call(
            "artifactregistry", "GET", f"v1/{resource}:getIamPolicy", query=query
        )
        return policy

    def set_policy(self, resource: str, policy: Object, session: Session) -> None:
        path = f"v1/{resource}:setIamPolicy"
        session.call("artifactregistry", "POST", path, {"policy": policy})


def _seconds(duration: str) -> float:
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([smhd])", duration)
    if not match:
        raise ProviderError(f"unexpected value is not duration: {duration}")
    return float(match.group(1)) * _SECONDS[match.group(2)]
