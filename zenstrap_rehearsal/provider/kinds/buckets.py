"""Buckets and their IAM members. They are stored in the storage server, which is called by HTTP."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from zenstrap_rehearsal.errors import ApiError
from zenstrap_rehearsal.provider.kind import DataSource, Kind, default_project
from zenstrap_rehearsal.provider.kinds.lifecycle import rules_from_google, rules_to_google
from zenstrap_rehearsal.provider.kinds.members import MemberKind, same_end, same_member
from zenstrap_rehearsal.provider.labels import plan_labels, read_labels
from zenstrap_rehearsal.provider.mapping import camel, from_google, to_google
from zenstrap_rehearsal.provider.rules import ProviderError, Rules
from zenstrap_rehearsal.provider.session import Session
from zenstrap_rehearsal.provider.storage import object_path
from zenstrap_rehearsal.provider.values import Object

# Attributes with the same name at Google and in Terraform, except for the case.
_ALIKE: Final = (
    "autoclass",
    "cors",
    "custom_placement_config",
    "default_event_based_hold",
    "encryption",
    "hierarchical_namespace",
    "ip_filter",
    "logging",
    "retention_policy",
    "rpo",
    "soft_delete_policy",
    "storage_class",
    "versioning",
    "website",
)
_CHANGEABLE: Final = (*_ALIKE, "lifecycle_rule", "requester_pays")
_LABEL_KEY: Final = re.compile(r"[a-z0-9_-]{1,63}")
_OBJECTS_PER_PAGE: Final = 1000


class Bucket(Kind):
    name = "google_storage_bucket"
    rules = Rules(
        defaults={
            "force_destroy": False,
            "storage_class": "STANDARD",
            "retention_policy.is_locked": False,
            "soft_delete_policy.retention_duration_seconds": 604800,
        },
        force_new=frozenset(
            {
                "custom_placement_config",
                "enable_object_retention",
                "hierarchical_namespace",
                "location",
                "name",
                "project",
            }
        ),
        computed_blocks=frozenset({"soft_delete_policy", "versioning", "website"}),
        choices={"lifecycle_rule.condition.with_state": ("LIVE", "ARCHIVED", "ANY", "")},
    )

    def problems(self, config: Object) -> Iterator[ProviderError]:
        labels = config.get("labels")
        for key in labels if isinstance(labels, dict) else ():
            if not _LABEL_KEY.fullmatch(key):
                yield ProviderError(
                    f'"{key}" is an invalid label key. See '
                    "https://cloud.google.com/storage/docs/tags-and-labels#bucket-labels",
                    path=("labels",),
                )

    def customize(self, planned: Object, prior: Object | None, session: Session) -> None:
        default_project(self.block, planned, session)
        plan_labels(planned, prior, session)
        if isinstance(planned.get("location"), str):
            planned["location"] = planned["location"].upper()
        if not planned.get("hierarchical_namespace") and prior is not None:
            planned["hierarchical_namespace"] = prior.get("hierarchical_namespace")

    def create(self, planned: Object, session: Session) -> Object:
        project, name = session.project_of(planned), planned["name"]
        body = {
            "name": name,
            "location": planned["location"],
            "labels": planned["effective_labels"],
            **self._body(planned, _CHANGEABLE),
            **_access(planned),
        }
        try:
            query = {"project": project}
            if planned.get("enable_object_retention"):
                query["enableObjectRetention"] = "true"
            created = session.storage.call("POST", "b", body, query)
        except ApiError as error:
            raise ProviderError(str(error)) from error
        return self._state(planned, created, session)

    def read(self, state: Object, session: Session) -> Object | None:
        response = session.storage.find(f"b/{state['name']}", {"projection": "full"})
        return response and self._state(state, response, session)

    def update(self, prior: Object, planned: Object, session: Session) -> Object:
        changed = [f for f in _CHANGEABLE if planned.get(f) != prior.get(f)]
        body = self._body(planned, changed)
        for name in ("encryption", "logging", "website", "cors", "autoclass", "retention_policy"):
            if name in changed and not planned.get(name):
                body.update({camel(name): None})
        body |= _access(planned)
        body["labels"] = _label_changes(prior, planned)
        try:
            response = session.storage.call("PATCH", f"b/{prior['name']}", body)
        except ApiError as error:
            raise ProviderError(str(error)) from error
        return self._state(planned, response, session)

    def delete(self, state: Object, session: Session) -> None:
        name = state["name"]
        while objects := self._objects(name, session):
            if not state.get("force_destroy"):
                raise ProviderError(
                    f"Error trying to delete bucket {name} without `force_destroy` set to true"
                )
            for item in objects:
                query = {"generation": str(item["generation"])}
                session.storage.call("DELETE", object_path(name, item["name"]), query=query)
        try:
            session.storage.call("DELETE", f"b/{name}")
        except ApiError as error:
            if error.code != 404:
                raise ProviderError(f"Error deleting bucket: {error}") from error

    def import_state(self, identifier: str, session: Session) -> Object:
        *project, name = identifier.split("/")
        return {
            "id": name,
            "name": name,
            "project": project[0] if project else None,
            "force_destroy": False,
        }

    def _objects(self, bucket: str, session: Session) -> list[Any]:
        query = {"versions": "true", "maxResults": str(_OBJECTS_PER_PAGE)}
        listed = session.storage.find(f"b/{bucket}/o", query) or {}
        return list(listed.get("items", []))

    def _body(self, planned: Object, names: Any) -> Object:
        body = to_google(self.block, planned, [n for n in names if n in _ALIKE])
        if "softDeletePolicy" in body:
            body["softDeletePolicy"].pop("effectiveTime", None)
        if "lifecycle_rule" in names:
            body["lifecycle"] = {"rule": rules_to_google(planned.get("lifecycle_rule"))}
        if "requester_pays" in names and planned.get("requester_pays") is not None:
            body["billing"] = {"requesterPays": planned["requester_pays"]}
        return body

    def _state(self, known: Object, response: Object, session: Session) -> Object:
        access = response.get("iamConfiguration", {})
        uniform = access.get("uniformBucketLevelAccess", {}).get("enabled", False)
        number = response.get("projectNumber")
        owner = next((p for p in session.cloud.projects.values() if p.number == str(number)), None)
        return {
            "id": response["name"],
            "name": response["name"],
            "project": owner.id if owner else session.project_of(known),
            "project_number": int(number) if number else None,
            "location": response["location"],
            "url": f"gs://{response['name']}",
            "self_link": f"https://www.googleapis.com/storage/v1/b/{response['name']}",
            "time_created": response.get("timeCreated"),
            "updated": response.get("updated"),
            "uniform_bucket_level_access": uniform,
            "public_access_prevention": access.get("publicAccessPrevention", "inherited"),
            "enable_object_retention": response.get("objectRetention", {}).get("mode") == "Enabled",
            "requester_pays": response.get("billing", {}).get("requesterPays", False),
            **from_google(self.block, response, _ALIKE),
            "soft_delete_policy": _soft_delete(response),
            # A bucket without the field has no hierarchical namespace.
            "hierarchical_namespace": [
                {"enabled": response.get("hierarchicalNamespace", {}).get("enabled", False)}
            ],
            "lifecycle_rule": rules_from_google(
                response.get("lifecycle", {}).get("rule", []), known.get("lifecycle_rule")
            ),
            **read_labels(known, response.get("labels", {})),
        }


class BucketMember(MemberKind):
    name = "google_storage_bucket_iam_member"
    noun = "storage bucket"
    rules = Rules(
        force_new=MemberKind.rules.force_new,
        patterns=MemberKind.rules.patterns,
        equivalent={"member": same_member, "bucket": same_end},
    )

    def resource(self, state: Object, session: Session) -> str:
        return f"b/{str(state['bucket']).removeprefix('b/')}"

    def named(self, resource: str) -> Object:
        return {"bucket": resource}

    def get_policy(self, resource: str, session: Session) -> Object:
        query = {"optionsRequestedPolicyVersion": "3"}
        policy: Object = session.storage.call("GET", f"{resource}/iam", query=query)
        return policy

    def set_policy(self, resource: str, policy: Object, session: Session) -> None:
        session.storage.call("PUT", f"{resource}/iam", policy)


class StorageAccount(DataSource):
    name = "google_storage_project_service_account"

    def read(self, config: Object, session: Session) -> Object:
        project = session.project_of(config)
        email = session.storage.call("GET", f"projects/{project}/serviceAccount")["email_address"]
        return {
            "id": email,
            "project": project,
            "email_address": email,
            "member": f"serviceAccount:{email}",
        }


def _access(planned: Object) -> Object:
    access: Object = {
        "uniformBucketLevelAccess": {"enabled": planned.get("uniform_bucket_level_access") is True}
    }
    if isinstance(planned.get("public_access_prevention"), str):
        access["publicAccessPrevention"] = planned["public_access_prevention"]
    return {"iamConfiguration": access}


def _soft_delete(response: Object) -> list[Object]:
    policy = response.get("softDeletePolicy")
    if policy is None:
        return []
    return [
        {
            "retention_duration_seconds": int(policy.get("retentionDurationSeconds", 0)),
            "effective_time": policy.get("effectiveTime"),
        }
    ]


def _label_changes(prior: Object, planned: Object) -> Object:
    """The labels for PATCH, which deletes a label that is null."""
    wanted = planned["effective_labels"]
    return {
        **{key: None for key in prior.get("effective_labels") or {} if key not in wanted},
        **wanted,
    }
