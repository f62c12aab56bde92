"""The complete, merged configuration of one environment.

``EnvironmentConfig`` is the parameter of the pipelines: plain data without secrets that survives a
round trip through JSON.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal, Self, Union, assert_never, cast

from pydantic import (
    AfterValidator,
    AllowInfNan,
    BeforeValidator,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    Strict,
    TypeAdapter,
    ValidatorFunctionWrapHandler,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from zenstrap.config.components import Components
from zenstrap.config.fields import (
    Count,
    CronSchedule,
    Duration,
    EnvironmentName,
    Flag,
    ProjectName,
    Text,
    TrainingFunction,
    Version,
    refused,
)
from zenstrap.config.google_fields import Labels
from zenstrap.config.names import quoted
from zenstrap.config.platforms import PLATFORMS
from zenstrap.config.section import Section

Approval = Literal["none", "terminal"]
ComplianceMode = Literal["standard", "strict"]
When = Literal["changed", "always"]
Number = Annotated[float, Strict(), AllowInfNan(False)]


class Stack(Section):
    """The base stack, which all ML projects of the environment share."""

    version: Version = Field(description="Version of the base stack as a whole.")
    components: Components = Field(description="The components, each with its own version.")


class SmokeTest(Section):
    """The training that a candidate stack must run before it is promoted."""

    timeout_minutes: Annotated[Number, Field(gt=0, le=1440)] = Field(
        default=20, description="Longest time of one smoke test, in minutes."
    )
    min_accuracy: Annotated[Number, Field(gt=0, le=1)] = Field(
        default=0.9, description="Accuracy that the training must reach, above 0 and up to 1."
    )
    when: When = Field(
        default="changed",
        description="changed: test stacks that are new, changed, or were tested with another "
        "training, data or min_accuracy. always: test every stack.",
    )
    training: TrainingFunction | None = Field(
        default=None,
        description="Your own training, package.module:function; null: the built-in one.",
    )
    data: Text | None = Field(
        default=None,
        description="CSV file for the training, from the clone's root or absolute; null: the "
        "built-in data.",
    )

    @property
    def demands(self) -> str:
        """Short hash of training, data and min_accuracy; stacks are tested again if it changes."""
        demands = [self.training, self.data, self.min_accuracy]
        return hashlib.sha256(json.dumps(demands).encode()).hexdigest()[:12]

    @property
    def is_repeated(self) -> bool:
        """Whether a stack is tested again although it passed before."""
        match self.when:
            case "always":
                return True
            case "changed":
                return False
            case unknown:
                assert_never(unknown)


class MlProject(Section):
    """The stack of one ML project: the base stack with additions and overrides."""

    version: Version = Field(description="Version of this ML project's stack.")
    description: Text | None = Field(
        default=None, description="What the project is about, one sentence."
    )
    components: Components = Field(
        description="All components of its stack: the base stack's with the overrides applied."
    )
    overrides: tuple[str, ...] = Field(
        default=(),
        description="Components that the ML project's own file sets, in the order of kinds.",
    )
    smoke_test: SmokeTest = Field(
        description="Its smoke test: the environment's with the overrides applied."
    )
    labels: Labels = Field(
        default_factory=dict, description="Its labels: the environment's and its own."
    )


class Resilience(Section):
    """Which failures and mistakes the infrastructure is protected against."""

    high_availability: Flag = Field(
        default=False, description="Place bucket and registry in a dual- or multi-region."
    )
    backup_enabled: Flag = Field(
        default=False,
        description="Turn on object versioning, soft delete and rules for old versions.",
    )
    compliance_mode: ComplianceMode = Field(
        default="standard",
        description="strict: customer-managed keys, immutable tags, no service-account keys, "
        "destroy protection; a plan that violates one of them is refused.",
    )

    @property
    def is_strict(self) -> bool:
        """Whether compliance_mode is strict."""
        match self.compliance_mode:
            case "strict":
                return True
            case "standard":
                return False
            case unknown:
                assert_never(unknown)


def _not_built_yet(value: object) -> object:
    """Refuse a value that a later version will support, with its own message."""
    if value == "dashboard":
        raise refused(
            "approval in the ZenML dashboard isn't supported yet",
            "Write approval: terminal",
        )
    return value


class Protection(Section):
    """Which changes are allowed, and who must approve them."""

    allow_destroy: Flag = Field(
        default=False, description="Whether a bucket, registry or key may be deleted or replaced."
    )
    approval: Annotated[Approval, BeforeValidator(_not_built_yet)] = Field(
        default="terminal",
        description="Who approves a change. none: no approval, unless something is destroyed. "
        "terminal: the user who started the command.",
    )
    confirm_by_name: Flag = Field(
        default=False, description="Whether approval requires typing the environment's name."
    )
    immutable_versions: Flag = Field(
        default=True, description="Whether a version's content is fixed once it has been current."
    )


class Retention(Section):
    """How long artifacts, stack versions and the environment are kept."""

    artifact_days: Annotated[Count, Field(le=36_500)] | None = Field(
        default=90,
        description="Days after which the bucket deletes artifacts; null: never. Platform gcp "
        "only.",
    )
    stack_versions: Annotated[Count, Field(le=1_000)] = Field(
        default=3,
        description="Number of promoted versions of each stack that are kept for rollbacks. Not "
        "implemented in this version: all are kept.",
    )
    ttl: Duration | None = Field(
        default=None,
        description="Age at which cleanup takes the whole environment down, such as 8h or 3d; "
        "null: never. Only in throw-away environments. Not implemented in this version.",
    )


class Cleanup(Section):
    """When retention is applied."""

    schedule: CronSchedule | None = Field(
        default=None,
        description="Cron schedule of clean-ups; null: none. Not implemented in this version.",
    )


def _check_platform(name: str) -> str:
    if name in PLATFORMS:
        return name
    raise refused(f"{quoted(name)} is not one of {' or '.join(PLATFORMS)}")


class EnvironmentConfig(Section):
    """One environment: defaults, its own file and its ML projects, merged.

    Each value is validated; zenstrap.config.rules checks the rules between values. Creating,
    validating or dumping an ``EnvironmentConfig`` uses the subclass of its platform, with all of
    that platform's sections, so that it can be the type of a pipeline's parameter or a report's
    field.
    """

    environment: EnvironmentName = Field(
        description="Name of the environment, equal to its file's name."
    )
    platform: Annotated[str, AfterValidator(_check_platform)] = Field(
        description="Platform of the environment; see zenstrap.config.platforms."
    )
    control_stack: Text | None = Field(
        default=None,
        description="ZenML stack that the bootstrap pipelines themselves run on (its orchestrator "
        "must be local); null: the active stack, or ZenML's default stack if zenstrap registered "
        "the active one.",
    )
    stack: Stack = Field(description="The base stack.")
    ml_projects: dict[ProjectName, MlProject] = Field(
        default_factory=dict, description="The ML projects, each with its own stack."
    )
    throwaway: Flag = Field(
        default=False,
        description="Whether buckets that hold objects may be deleted with the environment.",
    )
    resilience: Resilience = Field(
        default_factory=Resilience,
        description="Protection of the infrastructure against failures and mistakes.",
    )
    protection: Protection = Field(
        default_factory=Protection,
        description="Which changes are allowed, and who must approve them.",
    )
    retention: Retention = Field(
        default_factory=Retention,
        description="How long artifacts, stack versions and the environment are kept.",
    )
    cleanup: Cleanup = Field(default_factory=Cleanup, description="When retention is applied.")
    smoke_test: SmokeTest = Field(
        default_factory=SmokeTest,
        description="The training that a candidate stack must run before it is promoted.",
    )
    labels: Labels = Field(
        default_factory=dict, description="Labels of all resources that support labels."
    )

    def __new__(cls, **content: Any) -> Self:
        # ZenML creates a step's parameter by calling its class.
        if cls is EnvironmentConfig and content.get("platform") in PLATFORMS:
            return cast(Self, super().__new__(model_of(content["platform"])))
        return super().__new__(cls)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        schema = handler(source)
        if cls is not EnvironmentConfig:
            return schema
        return core_schema.no_info_wrap_validator_function(
            _of_its_platform, schema, serialization=core_schema.simple_ser_schema("any")
        )

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        if cls is EnvironmentConfig:
            models = tuple(platform.model for platform in PLATFORMS.values())
            schema = TypeAdapter(Union[models]).core_schema  # noqa: UP007
        return handler(schema)

    @model_validator(mode="before")
    @classmethod
    def _without_null_sections(cls, content: Any) -> Any:
        """Files may set a section to null; older runs recorded the sections of all platforms."""
        if not isinstance(content, Mapping):
            return content
        sections = {name for platform in PLATFORMS.values() for name in platform.sections}
        return {k: v for k, v in content.items() if v is not None or k not in sections}

    @property
    def targets(self) -> tuple[str | None, ...]:
        """Everything with a stack: None for the base stack, then each ML project."""
        return (None, *self.ml_projects)

    def component_sets(self) -> Iterator[tuple[str, Components]]:
        """The components of each stack, with their dotted path in the configuration."""
        yield "stack.components", self.stack.components
        for name, project in self.ml_projects.items():
            yield f"ml_projects.{name}.components", project.components

    def version_of(self, project: str | None = None) -> str:
        """Version of the base stack, or of an ML project's."""
        return self.stack.version if project is None else self.ml_projects[project].version

    def components_of(self, project: str | None = None) -> Components:
        """The components of the base stack, or of an ML project's.

        An ML project that is no longer configured, as in a rollback, has the base stack's.
        """
        configured = self.ml_projects.get(project or "")
        return configured.components if configured else self.stack.components

    def smoke_test_of(self, project: str | None = None) -> SmokeTest:
        """The smoke test of the base stack, or of an ML project's; see :meth:`components_of`."""
        configured = self.ml_projects.get(project or "")
        return configured.smoke_test if configured else self.smoke_test

    def labels_of(self, project: str | None = None) -> dict[str, str]:
        """The user's labels for the base stack's resources, or for an ML project's."""
        return self.labels if project is None else self.ml_projects[project].labels


def model_of(platform: str) -> type[EnvironmentConfig]:
    """The configuration class of a platform."""
    return cast(type[EnvironmentConfig], PLATFORMS[platform].model)


def _of_its_platform(content: Any, otherwise: ValidatorFunctionWrapHandler) -> Any:
    if isinstance(content, EnvironmentConfig):
        return content
    platform = content.get("platform") if isinstance(content, Mapping) else None
    if isinstance(platform, str) and platform in PLATFORMS:
        return model_of(platform).model_validate(content)
    return otherwise(content)  # raises the error
