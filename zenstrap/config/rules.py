"""The rules between the values of a configuration.

Each rule is a function from a configuration to its violations. All rules run, so that a user sees
every violation at once. A platform's own rules are beside its model; see
zenstrap.config.platforms.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from zenstrap.config.components import Components
from zenstrap.config.models import EnvironmentConfig
from zenstrap.config.names import component_name_fault, quoted
from zenstrap.config.platforms import PLATFORMS, flavor_of
from zenstrap.config.violations import Violation, Violations
from zenstrap.errors import UsageError
from zenstrap.flavors.base import WAYS_AROUND_CONNECTOR
from zenstrap.redaction import UNKNOWN


def violations(config: EnvironmentConfig) -> Violations:
    """Every rule violation of a configuration."""
    for rule in (*_RULES, *PLATFORMS[config.platform].rules):
        yield from rule(config)
    for at, components in config.component_sets():
        yield from _component_violations(at, components, config.platform)


def require_kept(config: EnvironmentConfig) -> None:
    """Check the rules of a configuration that wasn't loaded from files, before it is used.

    Raises:
        UsageError: the configuration violates a rule.
    """
    if problems := "; ".join(map(str, violations(config))):
        raise UsageError(
            f"the configuration of {config.environment} isn't valid",
            why=problems,
            fix="Correct the configuration",
        )


def warnings(config: EnvironmentConfig) -> list[str]:
    """Settings that are allowed but risky elsewhere, one sentence each."""
    sentences = list(PLATFORMS[config.platform].warnings(config))
    for at, components in config.component_sets():
        for name in _public_components(components):
            sentences.append(f"{at}.{name} allows anyone on the internet to call its services.")
    return sentences


def without_effect(config: EnvironmentConfig) -> Violations:
    """Keys that are set but have no effect in this version."""
    yield from PLATFORMS[config.platform].without_effect(config)
    later = "has no effect: this version of zenstrap {}, a later one will"
    retention = config.retention
    for key, written, message, way_out in (
        (
            "retention.stack_versions",
            retention.is_written("stack_versions"),
            later.format("removes no earlier versions"),
            None,
        ),
        (
            "retention.ttl",
            retention.ttl is not None,
            later.format("takes no environment down by itself"),
            "Run `down` when it has served its time",
        ),
        (
            "cleanup.schedule",
            config.cleanup.schedule is not None,
            later.format("runs nothing on a schedule"),
            None,
        ),
    ):
        if written:
            yield Violation((key,), message, way_out)


def _strict_is_strict(config: EnvironmentConfig) -> Violations:
    if not config.resilience.is_strict:
        return
    strict = "resilience.compliance_mode"
    if not config.protection.immutable_versions:
        yield Violation(
            ("protection.immutable_versions", strict),
            "is false, but compliance_mode strict needs versions that can't be overwritten",
            "Write immutable_versions: true",
        )
    if config.protection.allow_destroy:
        yield Violation(
            ("protection.allow_destroy", strict),
            "is true, but compliance_mode strict doesn't allow destruction",
            "Write allow_destroy: false",
        )
    if config.throwaway:
        yield Violation(
            ("throwaway", strict),
            "is true, but compliance_mode strict doesn't allow throw-away environments",
            "Write throwaway: false",
        )
    for at, components in config.component_sets():
        for name in _public_components(components):
            yield Violation(
                (f"{at}.{name}.allow_unauthenticated", strict),
                "is true, but compliance_mode strict requires authentication",
                "Write allow_unauthenticated: false",
            )


def _confirmation_needs_an_approval(config: EnvironmentConfig) -> Violations:
    if config.protection.confirm_by_name and config.protection.approval == "none":
        yield Violation(
            ("protection.confirm_by_name", "protection.approval"),
            "is true, but approval is none, so nobody is asked",
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
            # Strict mode refuses both keys, so they aren't suggested.
            other = "" if config.resilience.is_strict else f", or {key}: true"
            yield Violation(
                ("retention.ttl", key),
                f"takes the whole environment down, which needs {key}: true",
                f"Write ttl: null{other}",
            )


def _names_are_unique(config: EnvironmentConfig) -> Violations:
    """zenml-ENV-PROJECT-NAME is an ML project's component; nothing else may have that name."""
    taken = {project: f"ml_projects.{project}" for project in config.ml_projects}
    for project in config.targets:
        at = f"ml_projects.{project}.components" if project else "stack.components"
        for name in config.components_of(project).present():
            own = f"{project}_{name}" if project else name
            if own in taken:
                yield Violation(
                    (f"{at}.{name}", taken[own]),
                    f"would be registered as zenml-{config.environment}-"
                    f"{own.replace('_', '-')}, and so would {taken[own]}",
                    "Give the component another name",
                )
            taken[own] = f"{at}.{name}"


def _control_stack_is_not_managed(config: EnvironmentConfig) -> Violations:
    own = f"zenml-{config.environment}"
    name = config.control_stack
    if name is not None and (name == own or name.startswith(f"{own}-")):
        yield Violation(
            ("control_stack", "environment"),
            "is one of the stacks that zenstrap registers and deletes",
            "Use another stack with a local orchestrator, or null for the active one",
        )


_RULES = (
    _strict_is_strict,
    _confirmation_needs_an_approval,
    _only_throwaway_environments_expire,
    _names_are_unique,
    _control_stack_is_not_managed,
)


# --- Rules within one stack ---


def _component_violations(at: str, components: Components, platform: str) -> Violations:
    unavailable = list(_flavors_fit_the_platform(at, components, platform))
    yield from unavailable
    wrong = {violation.keys[0] for violation in unavailable}
    for rule in (*_COMPONENT_RULES, *PLATFORMS[platform].component_rules):
        # The needs of an unavailable flavor aren't reported.
        yield from (v for v in rule(at, components) if wrong.isdisjoint(v.keys))


def _flavors_fit_the_platform(at: str, components: Components, platform: str) -> Violations:
    for name, component in components.present().items():
        kind = component.kind
        flavors = PLATFORMS[platform].by_kind.get(kind, ())
        if component.flavor in flavors:
            continue
        if flavors:
            message = f"{component.flavor} isn't available on platform {platform}"
            suggestion = f"Use {' or '.join(flavors)}"
        else:
            message = f"platform {platform} has no {kind}"
            suggestion = f"Remove {name}, or write {name}: null"
        yield Violation((f"{at}.{name}.flavor", "platform"), message, suggestion)


def _flavors_rules_are_kept(at: str, components: Components) -> Violations:
    for name, component in components.present().items():
        yield from flavor_of(component).rules(f"{at}.{name}", component)


def _names_are_legal(at: str, components: Components) -> Violations:
    for name in components.present():
        if fault := component_name_fault(name):
            yield Violation((f"{at}.{name}",), fault, "Give it another name")


def _one_of_a_kind(at: str, components: Components) -> Violations:
    first: dict[str, str] = {}
    for name, component in components.present().items():
        if component.kind in first:
            other = first[component.kind]
            needed = component.kind in ("artifact_store", "orchestrator")
            yield Violation(
                (f"{at}.{name}", f"{at}.{other}"),
                f"is a second {component.kind} beside {other}; a stack has one of each kind",
                f"Write it under {other}, the only name that an {component.kind} can have"
                if needed
                else f"Remove it, or write {other}: null",
            )
        first.setdefault(component.kind, name)


def _settings_are_not_managed(at: str, components: Components) -> Violations:
    """Whether a setting exists is checked with ZenML; see zenstrap.registry.settings."""
    for name, component in components.present().items():
        managed = flavor_of(component).set_by_zenstrap
        for path in _paths(component.settings or {}):
            if path in managed:
                own_key = managed[path]
                yield Violation(
                    (f"{at}.{name}.settings.{path}", f"{at}.{name}.flavor"),
                    "is set by zenstrap itself",
                    f"Use {own_key}" if own_key else "Remove it",
                )
            elif path in WAYS_AROUND_CONNECTOR:
                yield Violation(
                    (f"{at}.{name}.settings.{path}", f"{at}.{name}.flavor"),
                    "bypasses the service connector, and may hold a key",
                    "Remove it: auth sets how stacks authenticate",
                )


def _paths(settings: Mapping[str, Any], at: str = "") -> Iterator[str]:
    for name, value in settings.items():
        yield f"{at}{name}"
        if isinstance(value, Mapping):
            yield from _paths(value, f"{at}{name}.")


def _public_components(components: Components) -> Iterator[str]:
    """Names of the components that anyone on the internet may call."""
    for name, component in components.present().items():
        if getattr(component, "allow_unauthenticated", False):
            yield name


def _no_text_is_the_placeholder(at: str, components: Components) -> Violations:
    """These texts are part of the content hash, which an unknown value would leave undetermined."""
    for name, component in components.present().items():
        for setting, value in component.model_dump(mode="json").items():
            if UNKNOWN in json.dumps(value):
                yield Violation(
                    (f"{at}.{name}.{setting}",),
                    f"holds {quoted(UNKNOWN)}, the placeholder for a value that isn't known yet",
                    "Write another text",
                )


_COMPONENT_RULES = (
    _names_are_legal,
    _one_of_a_kind,
    _flavors_rules_are_kept,
    _settings_are_not_managed,
    _no_text_is_the_placeholder,
)
