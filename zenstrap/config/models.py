"""One environment's whole configuration, resolved.

``EnvironmentConfig`` is what pipelines get as their parameter: plain data, no secrets, the same
after a round trip through JSON.
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
    """The base stack: what all ML projects of the environment share."""

    version: Version = Field(description="Version of the set of components below.")
    components: Components = Field(description="The components, each with a version of its own.")


class SmokeTest(Section):
    """The training that a candidate stack must really run before it is promoted."""

    timeout_minutes: Annotated[Number, Field(gt=0, le=1440)] = Field(
        default=20, description="Longest time of one smoke test, in minutes."
    )
    min_accuracy: Annotated[Number, Field(gt=0, le=1)] = Field(
        default=0.9, description="Accuracy that the training must reach, above 0 and up to 1."
    )
    when: When = Field(
        default="changed",
        description="changed: test what is new, or changed, or was tested with another training, "
        "data or min_accuracy. always: test every stack.",
    )
    training: TrainingFunction | None = Field(
        default=None,
        description="Training of your own, package.module:function; null: the built-in one.",
    )
    data: Text | None = Field(
        default=None,
        description="CSV file for the training, from the clone's root or absolute; null: the "
        "built-in data.",
    )

    @property
    def demands(self) -> str:
        """What a stack is put to, as a short hash: with other demands it is tested again."""
        told = [self.training, self.data, self.min_accuracy]
        return hashlib.sha256(json.dumps(told).encode()).hexdigest()[:12]

    @property
    def is_repeated(self) -> bool:
        """Whether a stack is tested although it is known to work."""
        match self.when:
            case "always":
                return True
            case "changed":
                return False
            case unknown:
                assert_never(unknown)


class MlProject(Section):
    """The stack of one ML project: the base stack, extended and overridden."""

    version: Version = Field(description="Version of this ML project's stack.")
    description: Text | None = Field(
        default=None, description="What the project is about, one sentence."
    )
    components: Components = Field(
        description="All components of its stack: the base stack's with the overrides applied."
    )
    overrides: tuple[str, ...] = Field(
        default=(),
        description="Which of them the ML project's own file sets, in the order of kinds.",
    )
    smoke_test: SmokeTest = Field(
        description="Its smoke test: the environment's with the overrides applied."
    )
    labels: Labels = Field(
        default_factory=dict, description="Its labels: the environment's and its own."
    )


class Resilience(Section):
    """What the infrastructure withstands."""

    high_availability: Flag = Field(
        default=False, description="Bucket and registry in a dual- or multi-region."
    )
    backup_enabled: Flag = Field(
        default=False, description="Object versioning, soft delete and rules for old versions."
    )
    compliance_mode: ComplianceMode = Field(
        default="standard",
        description="strict: customer-managed keys, immutable tags, no service-account keys, "
        "destroy protection; a plan that breaks one of them is refused.",
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
    """Refuse what is planned in words of its own: it is no spelling mistake."""
    if value == "dashboard":
        raise refused(
            "approval in the ZenML dashboard isn't built yet, and nobody would be asked",
            "Write approval: terminal",
        )
    return value


class Protection(Section):
    """What may be changed, and who must agree."""

    allow_destroy: Flag = Field(
        default=False, description="Whether a bucket, registry or key may be deleted or replaced."
    )
    approval: Annotated[Approval, BeforeValidator(_not_built_yet)] = Field(
        default="terminal",
        description="Who agrees to a change. none: nobody, if it destroys nothing. terminal: "
        "whoever started it.",
    )
    confirm_by_name: Flag = Field(
        default=False, description="Whether agreeing means typing the environment's name."
    )
    immutable_versions: Flag = Field(
        default=True, description="Whether a version that is or was current keeps its content."
    )


class Retention(Section):
    """How long things are kept."""

    artifact_days: Annotated[Count, Field(le=36_500)] | None = Field(
        default=90,
        description="Days after which the bucket deletes artifacts; null: kept for ever. Platform "
        "gcp only.",
    )
    stack_versions: Annotated[Count, Field(le=1_000)] = Field(
        default=3,
        description="How many promoted versions of each stack are kept to roll back to. Not "
        "carried out by this version: all are kept.",
    )
    ttl: Duration | None = Field(
        default=None,
        description="Age at which cleanup takes the whole environment down, such as 8h or 3d; "
        "null: never. Only in throw-away environments. Not carried out by this version.",
    )


class Cleanup(Section):
    """When retention is carried out."""

    schedule: CronSchedule | None = Field(
        default=None,
        description="Cron schedule of clean-ups; null: none. Not carried out by this version.",
    )


def _check_platform(name: str) -> str:
    if name in PLATFORMS:
        return name
    raise refused(f"{quoted(name)} is not one of {' or '.join(PLATFORMS)}")


class EnvironmentConfig(Section):
    """One environment: defaults, its own file and its ML projects, merged.

    Each value is checked; what doesn't go together is found by zenstrap.config.rules. Whatever is
    made, validated or dumped as an ``EnvironmentConfig`` is one of its platform's own class, with
    all of its sections: it can be the type of a pipeline's parameter, or of a report's field.
    """

    environment: EnvironmentName = Field(description="Name of the environment: that of its file.")
    platform: Annotated[str, AfterValidator(_check_platform)] = Field(
        description="Where it lives; see zenstrap.config.platforms."
    )
    control_stack: Text | None = Field(
        default=None,
        description="ZenML stack that the bootstrap pipelines themselves run on (its orchestrator "
        "must be local); null: the active one, or ZenML's default where that is zenstrap's own.",
    )
    stack: Stack = Field(description="The base stack.")
    ml_projects: dict[ProjectName, MlProject] = Field(
        default_factory=dict, description="The ML projects, each with a stack of its own."
    )
    throwaway: Flag = Field(
        default=False, description="Whether full buckets may be deleted with the environment."
    )
    resilience: Resilience = Field(
        default_factory=Resilience, description="What the infrastructure withstands."
    )
    protection: Protection = Field(
        default_factory=Protection, description="What may be changed, and who must agree."
    )
    retention: Retention = Field(default_factory=Retention, description="How long things are kept.")
    cleanup: Cleanup = Field(default_factory=Cleanup, description="When retention is carried out.")
    smoke_test: SmokeTest = Field(
        default_factory=SmokeTest,
        description="The training that a candidate stack must run before it is promoted.",
    )
    labels: Labels = Field(
        default_factory=dict, description="Labels on everything that takes labels."
    )

    def __new__(cls, **content: Any) -> Self:
        # ZenML makes a step's parameter by calling its class.
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
        """As a file may say it, and as runs recorded it when all platforms had all sections."""
        if not isinstance(content, Mapping):
            return content
        sections = {name for platform in PLATFORMS.values() for name in platform.sections}
        return {k: v for k, v in content.items() if v is not None or k not in sections}

    @property
    def targets(self) -> tuple[str | None, ...]:
        """What gets a stack: None for the base stack, then each ML project."""
        return (None, *self.ml_projects)

    def component_sets(self) -> Iterator[tuple[str, Components]]:
        """The components of each stack, with the dotted path at which they stand."""
        yield "stack.components", self.stack.components
        for name, project in self.ml_projects.items():
            yield f"ml_projects.{name}.components", project.components

    def version_of(self, project: str | None = None) -> str:
        """Version of the base stack, or of an ML project's."""
        return self.stack.version if project is None else self.ml_projects[project].version

    def components_of(self, project: str | None = None) -> Components:
        """The components of the base stack, or of an ML project's.

        One that is no longer configured, and is gone back to, counts as the base stack.
        """
        found = self.ml_projects.get(project or "")
        return found.components if found else self.stack.components

    def smoke_test_of(self, project: str | None = None) -> SmokeTest:
        """The smoke test of the base stack, or of an ML project's; see :meth:`components_of`."""
        found = self.ml_projects.get(project or "")
        return found.smoke_test if found else self.smoke_test

    def labels_of(self, project: str | None = None) -> dict[str, str]:
        """The user's labels on the base stack's things, or on an ML project's."""
        return self.labels if project is None else self.ml_projects[project].labels


def model_of(platform: str) -> type[EnvironmentConfig]:
    """The class of the environments on a platform."""
    return cast(type[EnvironmentConfig], PLATFORMS[platform].model)


def _of_its_platform(content: Any, otherwise: ValidatorFunctionWrapHandler) -> Any:
    if isinstance(content, EnvironmentConfig):
        return content
    platform = content.get("platform") if isinstance(content, Mapping) else None
    if isinstance(platform, str) and platform in PLATFORMS:
        return model_of(platform).model_validate(content)
    return otherwise(content)  # which says so
