"""What Cloud Storage asks of the rest of the cloud."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from zenstrap_rehearsal import iam
from zenstrap_rehearsal.iam import JSON


@dataclass(frozen=True)
class Surroundings:
    """Answers of the other services; by default those of a cloud that has storage alone.

    Attributes:
        project_number: of a project's id; LookupError if there is no such project.
        memberships: the sets that a principal belongs to, as IAM members (``principalSet:…``).
        binding_fault: why IAM would not take a binding of a policy; None if it would.
        permissions_of: those of a custom role; None if there is no such role.
        project_bindings: the bindings of a project's own policy.
        agent_told: what happens when somebody reads the address of a project's service agent.
        key_fault: why a bucket can't have a key, given key and storage service account.
        denied: permissions that nobody has for the moment, not even the owner.
        owner: what errors call the owner.
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
        """The service account that Cloud Storage itself acts as."""
        return f"service-{self.project_number(project)}@gs-project-accounts.iam.gserviceaccount.com"
