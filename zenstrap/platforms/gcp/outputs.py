"""The outputs of the root module of Google Cloud that registrations need."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    ValidationError,
    field_validator,
    model_validator,
)

from zenstrap.errors import RegistryError
from zenstrap.flavors.google.base import Workload
from zenstrap.redaction import UNKNOWN

BASE: Final = "base"  # name of the base stack's service account among the keys


class _Part(BaseModel):
    """One object among the outputs. Other attributes are ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    @model_validator(mode="before")
    @classmethod
    def _all_unknown(cls, value: Any) -> Any:
        """If a plan doesn't know an object, all of its attributes are unknown."""
        return dict.fromkeys(cls.model_fields, UNKNOWN) if value == UNKNOWN else value


class GoogleProject(_Part):
    id: str
    region: str


class ArtifactStoreOutputs(_Part):
    """The bucket, and the path in it that one stack may use."""

    bucket: str
    uri: str


class ContainerRegistryOutputs(_Part):
    uri: str


class ComponentOutputs(_Part):
    """See :class:`zenstrap.flavors.google.base.Workload`."""

    name: str
    kind: str
    flavor: str
    location: str | None
    service_account: str | None
    staging_uri: str | None
    network: str | None
    kms_key: str | None
    secret_name_prefix: str | None


class ServiceAccountOutputs(_Part):
    email: str


class WorkloadIdentityOutputs(_Part):
    """The workload identity provider; ``audience`` is part of a credential configuration."""

    audience: str


class StackOutputs(_Part):
    """The resources of one stack: the base stack's, or an ML project's."""

    artifact_store: ArtifactStoreOutputs
    service_account: ServiceAccountOutputs
    components: tuple[ComponentOutputs, ...]
    container_registry: ContainerRegistryOutputs | None = None

    @field_validator("components", mode="before")
    @classmethod
    def _unknown_list(cls, value: Any) -> Any:
        """If a plan doesn't know the list, every component is unknown."""
        return [UNKNOWN] if value == UNKNOWN else value

    def workload(self, name: str, flavor: str) -> Workload:
        """The resources of one component other than artifact store and container registry.

        Raises:
            RegistryError: the outputs lack the component.
        """
        for component in self.components:
            if (component.name, component.flavor) in ((name, flavor), (UNKNOWN, UNKNOWN)):
                return Workload(**component.model_dump(exclude={"name", "kind", "flavor"}))
        raise _disagreement("components", f"it has no {name} of flavor {flavor}")


class GcpOutputs(StackOutputs):
    """All outputs of the root module except the sensitive ones.

    Attributes:
        service_account_key_ids: ids of the keys that Terraform created, by ML project or ``base``.
            They aren't secret, and change when a key is created again.
    """

    project: GoogleProject
    workload_identity: WorkloadIdentityOutputs | None = None
    ml_projects: dict[str, StackOutputs] = Field(default_factory=dict)
    service_account_key_ids: dict[str, str] = Field(default_factory=dict)

    def of(self, project: str | None) -> StackOutputs:
        """The outputs of the base stack (None), or of an ML project.

        Raises:
            RegistryError: the outputs lack the ML project.
        """
        if project is None:
            return self
        try:
            return self.ml_projects[project]
        except KeyError:
            raise _disagreement(f"ml_projects.{project}") from None

    def key_id(self, project: str | None) -> str | None:
        """The id of the key that Terraform created for the base stack (None) or an ML project."""
        return self.service_account_key_ids.get(project or BASE)


def parse_gcp_outputs(outputs: Mapping[str, JsonValue], projects: tuple[str, ...]) -> GcpOutputs:
    """The outputs by name, typed.

    Args:
        outputs: without the sensitive ones; UNKNOWN for those that a plan doesn't know.
        projects: the ML projects that the outputs must have.

    Raises:
        RegistryError: an output is missing or has another type.
    """
    document = dict(outputs)
    for name, keys in (("ml_projects", projects), ("service_account_key_ids", (BASE, *projects))):
        if document.get(name) == UNKNOWN:
            document[name] = dict.fromkeys(keys, UNKNOWN)
    try:
        return GcpOutputs.model_validate(document)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise _disagreement(".".join(map(str, first["loc"])), first["msg"]) from None


def _disagreement(name: str, problem: str = "it is missing") -> RegistryError:
    return RegistryError(
        f"Terraform's output {name} isn't what zenstrap expects: {problem}",
        why="The root module and zenstrap disagree about what it outputs.",
    )
