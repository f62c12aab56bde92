"""What the storage server needs from the other services."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from zenstrap_rehearsal import iam
from zenstrap_rehearsal.iam import JSON


@dataclass(frozen=True)
class Surroundings:
    """The other services, as functions; by default a cloud with storage only.

    Attributes:
        project_number: of a project's id; LookupError if the project doesn't exist.
        memberships: the sets that a principal belongs to, as IAM members (``principalSet:…``).
        binding_fault: why IAM would refuse a binding of a policy; None if it wouldn't.
        permissions_of: permissions of a custom role; None if the role doesn't exist.
        project_bindings: the bindings of a project's own policy.
        agent_told: called when the address of a project's service agent is read.
        key_fault: why a bucket can't have a key, given key and storage service agent.
        denied: whether an injected fault denies a permission to all, including the owner.
        owner: the owner's name in errors.
    """

    project_number: Callable[[str], str] = lambda project: "123456789012"
    memberships: Callable[[str], Iterable[str]] = lambda principal: ()
    binding_fault: Callable[[JSON], str | None] = iam.binding_fault
    permissions_of: Callable[[str], Iterable[str] | None] = lambda role: None
    project_bindings: Callable[[str], Iterable[JSON]] = lambda project: ()
    agent_told: Callable[[str], None] = lambda project: None
    key_fault: Callable[[str, str], str | None] = lambda key, account: None
    denied: Callable[[str], bool] = lambda permission: False
    owner: str = "owner@rehearsal.test"

    def service_agent(self, project: str) -> str:
        """Cloud Storage's service agent in a project."""
        return f"service-{self.project_number(project)}@gs-project-accounts.iam.gserviceaccount.com"
