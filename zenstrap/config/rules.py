"""The rules that tie several sections together; those of components are in component_rules.

Each is a function from a configuration to what it breaks. All of them run, so that a user sees
everything that is wrong at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from zenstrap.config.component_rules import Violation, Violations, component_violations
from zenstrap.config.components import Components, Section
from zenstrap.config.google_rules import (
    encryption_keys_are_where_they_are_needed,
    locations_are_known,
    tokens_come_from_whom_google_trusts,
    workload_identity_is_one,
)
from zenstrap.config.models import EnvironmentConfig
from zenstrap.errors import UsageError


def violations(config: EnvironmentConfig) -> Violations:
    """Everything in a configuration that doesn't go together."""
    for rule in _RULES:
        yield from rule(config)
    for at, components in _component_sets(config):
        yield from component_violations(at, components, config.platform)


def require_kept(config: EnvironmentConfig) -> None:
    """For a configuration that doesn't come from files: whoever makes something of it calls this.

    Raises:
        UsageError: something in it doesn't go together.
    """
    if found := "; ".join(map(str, violations(config))):
        raise UsageError(
            f"the configuration of {config.environment} isn't valid",
            why=found,
            fix="Change that in it",
        )


def warnings(config: EnvironmentConfig) -> list[str]:
    """What is allowed here and should not be copied elsewhere, one sentence each."""
    found = []
    if config.auth is not None and config.auth.uses_key:
        found.append(
            f"auth.method {config.auth.method} works with a long-lived key; "
            "external-account needs none."
        )
    for at, components in _component_sets(config):
        if components.deployer is not None and components.deployer.allow_unauthenticated:
            found.append(f"{at}.deployer lets anyone on the internet call its services.")
    return found


def without_effect(config: EnvironmentConfig) -> Violations:
    """What somebody wrote, and this version doesn't carry out."""
    later = "has no effect: this version of zenstrap {}, a later one will"
    kept = config.retention
    for key, written, message, way_out in (
        (
            "retention.artifact_days",
            config.platform == "local" and _is_written(kept, "artifact_days"),
            "has no effect on platform local: artifacts stay until `down`",
            "Remove it here, or write it below platforms.gcp",
        ),
        (
            "retention.stack_versions",
            _is_written(kept, "stack_versions"),
            later.format("removes no earlier versions"),
            None,
        ),
        (
            "retention.ttl",
            kept.ttl is not None,
            later.format("takes no environment down by itself"),
            "Run `down` when it has served its time",
        ),
        (
            "cleanup.schedule",
            config.cleanup.schedule is not None,
            later.format("runs nothing on a schedule"),
            None,
        ),
        (
            "gcp.network",
            config.gcp is not None and config.gcp.network is not None and not _uses_vertex(config),
            "has no effect: it is for jobs of Vertex AI, and no component runs any",
            "Remove it, or use flavor vertex",
        ),
    ):
        if written:
            yield Violation((key,), message, way_out)


def _uses_vertex(config: EnvironmentConfig) -> bool:
    return any(
        "vertex" in components.runners_elsewhere().values()
        for _, components in _component_sets(config)
    )


def _is_written(section: Section, field: str) -> bool:
    return field in section.model_fields_set and getattr(section, field) is not None


def _platform_has_its_sections(config: EnvironmentConfig) -> Violations:
    if config.platform == "gcp":
        for section, example in (
            ("gcp", "gcp: {project_id: acme-ml-dev, region: europe-west1}"),
            ("state", "state: {bucket: acme-ml-tfstate}"),
            ("auth", "auth: {method: implicit}"),
        ):
            if getattr(config, section) is None:
                yield Violation(
                    (section, "platform"),
                    "is missing, and platform gcp needs it",
                    f"Add {example}",
                )
        unwanted: tuple[str, ...] = ("local",)
    else:
        unwanted = ("gcp", "state", "auth")
    for section in unwanted:
        if getattr(config, section) is not None:
            yield Violation(
                (section, "platform"),
                f"doesn't belong to platform {config.platform}",
                "Remove it, or change platform",
            )


_AUTH_NEEDS = {
    "external-account": ("workload_identity", "subject_token"),
    "implicit": (),
    "impersonation": ("key",),
    "service-account": (),
}
_AUTH_TAKES = {
    "external-account": ("workload_identity", "subject_token"),
    "implicit": (),
    "impersonation": ("key", "source_service_account"),
    "service-account": ("key",),
}


def _auth_has_what_it_needs(config: EnvironmentConfig) -> Violations:
    auth = config.auth
    if auth is None:
        return
    for field in ("workload_identity", "subject_token", "key", "source_service_account"):
        given = getattr(auth, field) is not None
        if not given and field in _AUTH_NEEDS[auth.method]:
            yield Violation(
                (f"auth.{field}", "auth.method"), f"is missing, and method {auth.method} needs it"
            )
        if given and field not in _AUTH_TAKES[auth.method]:
            yield Violation(
                (f"auth.{field}", "auth.method"),
                f"is of no use to method {auth.method}",
                "Remove it, or change the method",
            )


def _keys_stay_in_throwaway_environments(config: EnvironmentConfig) -> Violations:
    if config.auth is None or not config.auth.uses_key:
        return
    method = config.auth.method
    starts = " (ZenML's impersonation starts from one)" if method == "impersonation" else ""
    if config.resilience.is_strict:
        yield Violation(
            ("auth.method", "resilience.compliance_mode"),
            f"{method} works with a long-lived key{starts}, which compliance_mode strict refuses",
            "Use external-account or implicit",
        )
    elif not config.throwaway:
        yield Violation(
            ("auth.method", "throwaway"),
            f"{method} works with a long-lived key{starts}, which only a throw-away "
            "environment may use",
            "Use external-account or implicit, or set throwaway: true",
        )


def _strict_is_strict(config: EnvironmentConfig) -> Violations:
    if not config.resilience.is_strict:
        return
    strict = "resilience.compliance_mode"
    if not config.protection.immutable_versions:
        yield Violation(
            ("protection.immutable_versions", strict),
            "is false, and compliance_mode strict needs versions that can't be overwritten",
            "Write immutable_versions: true",
        )
    if config.protection.allow_destroy:
        yield Violation(
            ("protection.allow_destroy", strict),
            "is true, and compliance_mode strict protects against destruction",
            "Write allow_destroy: false",
        )
    if config.throwaway:
        yield Violation(
            ("throwaway", strict),
            "is true, and compliance_mode strict throws nothing away",
            "Write throwaway: false",
        )
    for at, components in _component_sets(config):
        if components.deployer is not None and components.deployer.allow_unauthenticated:
            yield Violation(
                (f"{at}.deployer.allow_unauthenticated", strict),
                "is true, and compliance_mode strict lets nobody in without an account",
                "Write allow_unauthenticated: false",
            )


def _local_promises_nothing_it_cant_keep(config: EnvironmentConfig) -> Violations:
    if config.platform != "local":
        return
    resilience = config.resilience
    for key, on in (
        ("high_availability", resilience.high_availability),
        ("backup_enabled", resilience.backup_enabled),
        ("compliance_mode", resilience.is_strict),
    ):
        if on:
            off = "standard" if key == "compliance_mode" else "false"
            yield Violation(
                (f"resilience.{key}", "platform"),
                "can't be kept on platform local, which is one folder on one machine",
                f"Write {key}: {off}",
            )


def _names_are_confirmed_by_somebody(config: EnvironmentConfig) -> Violations:
    if config.protection.confirm_by_name and config.protection.approval == "none":
        yield Violation(
            ("protection.confirm_by_name", "protection.approval"),
            "is true, but approval none asks nobody",
            "Write approval: terminal",
        )


def _only_throwaway_environments_expire(config: EnvironmentConfig) -> Violations:
    if config.retention.ttl is None:
        return
    for key, on in (
        ("throwaway", config.throwaway),
        ("protection.allow_destroy", config.protection.allow_destroy),
    ):
        if not on:
            # Strict mode refuses both, so that isn't advised there.
            other = "" if config.resilience.is_strict else f", or {key}: true"
            yield Violation(
                ("retention.ttl", key),
                f"takes the whole environment down, which needs {key}: true",
                f"Write ttl: null{other}",
            )


def _control_stack_is_somebody_elses(config: EnvironmentConfig) -> Violations:
    own = f"zenml-{config.environment}"
    name = config.control_stack
    if name is not None and (name == own or name.startswith(f"{own}-")):
        yield Violation(
            ("control_stack", "environment"),
            "is one of the stacks that zenstrap registers and takes away",
            "Use another stack with a local orchestrator, or null for the active one",
        )


def _state_has_a_bucket_of_its_own(config: EnvironmentConfig) -> Violations:
    if config.state is None:
        return
    for at, components in _component_sets(config):
        if components.artifact_store.bucket == config.state.bucket:
            yield Violation(
                (f"{at}.artifact_store.bucket", "state.bucket"),
                "is the bucket of Terraform's state, which would go with the artifacts",
                "Give one of them another name",
            )


def _projects_share_the_bucket(config: EnvironmentConfig) -> Violations:
    shared = config.stack.components.artifact_store
    for name, project in config.ml_projects.items():
        own = project.components.artifact_store
        if own.bucket != shared.bucket:
            yield Violation(
                (
                    f"ml_projects.{name}.components.artifact_store.bucket",
                    "stack.components.artifact_store.bucket",
                ),
                "an ML project has a path of its own in the environment's bucket, not a bucket",
                "Remove it",
            )


def _component_sets(config: EnvironmentConfig) -> Iterator[tuple[str, Components]]:
    yield "stack.components", config.stack.components
    for name, project in config.ml_projects.items():
        yield f"ml_projects.{name}.components", project.components


_MOST_LABELS = 64
"""On a thing of Google's: https://docs.cloud.google.com/resource-manager/docs/labels-overview."""

# goog-terraform-provisioned is the provider's own.
_ADDED_LABELS = frozenset(
    {"environment", "goog-terraform-provisioned", "managed_by", "zenstrap_owner"}
)


def _labels_are_not_too_many(config: EnvironmentConfig) -> Violations:
    if config.platform != "gcp":
        return
    for project in config.targets:
        added = _ADDED_LABELS | ({"ml_project"} if project else frozenset())
        labels = {*config.labels_of(project)} - added
        most = _MOST_LABELS - len(added)
        if len(labels) > most:
            at = "labels" if project is None else f"ml_projects.{project}.labels"
            inherited = " with the environment's" if project else ""
            yield Violation(
                (at,),
                f"are {len(labels)}{inherited}; Google allows {_MOST_LABELS} on a thing, and "
                f"{len(added)} are added: {', '.join(sorted(added))}",
                f"Leave at most {most}",
            )


_RULES: tuple[Callable[[EnvironmentConfig], Violations], ...] = (
    _platform_has_its_sections,
    _auth_has_what_it_needs,
    _keys_stay_in_throwaway_environments,
    _strict_is_strict,
    _local_promises_nothing_it_cant_keep,
    _names_are_confirmed_by_somebody,
    _only_throwaway_environments_expire,
    _control_stack_is_somebody_elses,
    _state_has_a_bucket_of_its_own,
    _projects_share_the_bucket,
    locations_are_known,
    encryption_keys_are_where_they_are_needed,
    workload_identity_is_one,
    tokens_come_from_whom_google_trusts,
    _labels_are_not_too_many,
)
