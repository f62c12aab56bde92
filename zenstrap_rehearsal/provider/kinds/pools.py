"""Workload identity pools and their providers."""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar, Final

from zenstrap_rehearsal.errors import ApiError
from zenstrap_rehearsal.provider.kind import Kind, parse_identifier
from zenstrap_rehearsal.provider.mapping import camel, from_google, to_google
from zenstrap_rehearsal.provider.rules import ProviderError, Rules
from zenstrap_rehearsal.provider.session import Session
from zenstrap_rehearsal.provider.values import Object

_ID: Final = r"(?!gcp-)[0-9a-z-]{4,32}"
_POOLS: Final = "locations/global/workloadIdentityPools"
_POOL_PATH: Final = rf"projects/(?P<project>[^/]+)/{_POOLS}/(?P<workload_identity_pool_id>[^/]+)"


class _DeletedForAWhile(Kind):
    """A resource that Google only marks as deleted for 30 days; for Terraform it is deleted."""

    noun: ClassVar[str]
    fields: ClassVar[tuple[str, ...]]
    identity: ClassVar[str]

    @abstractmethod
    def parent(self, state: Object, session: Session) -> str:
        """The path of the collection."""

    def create(self, planned: Object, session: Session) -> Object:
        parent, identifier = self.parent(planned, session), planned[self.identity]
        body = to_google(self.block, planned, self.fields)
        try:
            session.call("iam", "POST", f"v1/{parent}", body, {camel(self.identity): identifier})
        except ApiError as error:
            raise ProviderError(f"Error creating {self.noun}: {error}") from error
        state = self.read({**planned, "id": f"{parent}/{identifier}"}, session)
        assert state is not None, "it was just created"
        return state

    def read(self, state: Object, session: Session) -> Object | None:
        response = session.try_call("iam", "GET", f"v1/{state['id']}")
        if response is None or response["state"] == "DELETED":
            return None
        return {
            "id": state["id"],
            "name": response["name"],
            "state": response["state"],
            "project": state["id"].split("/")[1],
            **from_google(self.block, response, self.fields),
        }

    def update(self, prior: Object, planned: Object, session: Session) -> Object:
        changed = [f for f in self.fields if planned.get(f) != prior.get(f)]
        body = to_google(self.block, planned, changed)
        mask = {"updateMask": ",".join(map(camel, changed))}
        try:
            session.call("iam", "PATCH", f"v1/{prior['id']}", body, mask)
        except ApiError as error:
            raise ProviderError(f'Error updating {self.noun} "{prior["id"]}": {error}') from error
        return self.read(prior, session) or {}

    def delete(self, state: Object, session: Session) -> None:
        session.delete("iam", f"v1/{state['id']}")


class Pool(_DeletedForAWhile):
    name = "google_iam_workload_identity_pool"
    noun = "WorkloadIdentityPool"
    fields = ("display_name", "description", "disabled")
    identity = "workload_identity_pool_id"
    rules = Rules(
        force_new=frozenset({"workload_identity_pool_id", "project"}),
        patterns={"workload_identity_pool_id": _ID},
    )

    def parent(self, state: Object, session: Session) -> str:
        return f"projects/{session.project_of(state)}/{_POOLS}"

    def import_state(self, identifier: str, session: Session) -> Object:
        parts = parse_identifier(
            self.name,
            identifier,
            _POOL_PATH,
            r"(?P<project>[^/]+)/(?P<workload_identity_pool_id>[^/]+)",
            r"(?P<workload_identity_pool_id>[^/]+)",
        )
        parent = self.parent(parts, session)
        return {
            **parts,
            "project": session.project_of(parts),
            "id": f"{parent}/{parts['workload_identity_pool_id']}",
        }


class Provider(_DeletedForAWhile):
    name = "google_iam_workload_identity_pool_provider"
    noun = "WorkloadIdentityPoolProvider"
    fields = (
        "display_name",
        "description",
        "disabled",
        "attribute_mapping",
        "attribute_condition",
        "aws",
        "oidc",
        "saml",
        "x509",
    )
    identity = "workload_identity_pool_provider_id"
    rules = Rules(
        force_new=frozenset(
            {"workload_identity_pool_id", "workload_identity_pool_provider_id", "project"}
        ),
        patterns={"workload_identity_pool_provider_id": _ID},
        exactly_one=(("aws", "oidc", "saml", "x509"),),
    )

    def parent(self, state: Object, session: Session) -> str:
        project, pool = session.project_of(state), state["workload_identity_pool_id"]
        return f"projects/{project}/{_POOLS}/{pool}/providers"

    def import_state(self, identifier: str, session: Session) -> Object:
        own = r"(?P<workload_identity_pool_provider_id>[^/]+)"
        pool = r"(?P<workload_identity_pool_id>[^/]+)"
        parts = parse_identifier(
            self.name,
            identifier,
            rf"{_POOL_PATH}/providers/{own}",
            rf"(?P<project>[^/]+)/{pool}/{own}",
            rf"{pool}/{own}",
        )
        parent = self.parent(parts, session)
        return {
            **parts,
            "project": session.project_of(parts),
            "id": f"{parent}/{parts['workload_identity_pool_provider_id']}",
        }
