"""What doesn't go together in a configuration.

Each rule is a function from a configuration to what it breaks. All of them run, so that a user
sees everything that is wrong at once. Those of one platform are beside its model; see
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
    """Everything in a configuration that doesn't go together."""
    for rule in (*_RULES, *PLATFORMS[config.platform].rules):
        yield from rule(config)
    for at, components in config.component_sets():
        yield from _component_violations(at, components, config.platform)


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
    found = list(PLATFORMS[config.platform].warnings(config))
    for at, components in config.component_sets():
        for name in _open_to_everybody(components):
            found.append(f"{at}.{name} lets anyone on the internet call its services.")
    return found


def without_effect(config: EnvironmentConfig) -> Violations:
    """What somebody wrote, and this version doesn't carry out."""
    yield from PLATFORMS[config.platform].without_effect(config)
    later = "has no effect: this version of zenstrap {}, a later one will"
    kept = config.retention
    for key, written, message, way_out in (
        (
            "retention.stack_versions",
            kept.is_written("stack_versions"),
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
    for at, components in config.component_sets():
        for name in _open_to_everybody(components):
            yield Violation(
                (f"{at}.{name}.allow_unauthenticated", strict),
                "is true, and compliance_mode strict lets nobody in without an account",
                "Write allow_unauthenticated: false",
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


def _names_are_unique(config: EnvironmentConfig) -> Violations:
    """zenml-ENV-PROJECT-NAME is an ML project's component, and may be nothing else's as well."""
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


def _control_stack_is_somebody_elses(config: EnvironmentConfig) -> Violations:
    own = f"zenml-{config.environment}"
    name = config.control_stack
    if name is not None and (name == own or name.startswith(f"{own}-")):
        yield Violation(
            ("control_stack", "environment"),
            "is one of the stacks that zenstrap registers and takes away",
            "Use another stack with a local orchestrator, or null for the active one",
        )


_RULES = (
    _strict_is_strict,
    _names_are_confirmed_by_somebody,
    _only_throwaway_environments_expire,
    _names_are_unique,
    _control_stack_is_somebody_elses,
)


# --- Within one stack's components ---


def _component_violations(at: str, components: Components, platform: str) -> Violations:
    unavailable = list(_flavors_fit_the_platform(at, components, platform))
    yield from unavailable
    wrong = {violation.keys[0] for violation in unavailable}
    for rule in (*_COMPONENT_RULES, *PLATFORMS[platform].component_rules):
        # What a flavor needs is of no interest where it isn't available at all.
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
            yield Violation(
                (f"{at}.{name}", f"{at}.{other}"),
                f"is a second {component.kind}, beside {other}, and a stack has one of each kind",
                f"Remove it, or write {other}: null",
            )
        first.setdefault(component.kind, name)


def _settings_are_not_zenstraps(at: str, components: Components) -> Violations:
    """Whether ZenML has a setting is found out with ZenML; see zenstrap.registry.settings."""
    for name, component in components.present().items():
        taken = flavor_of(component).set_by_zenstrap
        for path in _paths(component.settings or {}):
            if path in taken:
                ours = taken[path]
                yield Violation(
                    (f"{at}.{name}.settings.{path}", f"{at}.{name}.flavor"),
                    "is set by zenstrap itself",
                    f"Use {ours}" if ours else "Remove it",
                )
            elif path in WAYS_AROUND_CONNECTOR:
                yield Violation(
                    (f"{at}.{name}.settings.{path}", f"{at}.{name}.flavor"),
                    "is another way in than the service connector, and may hold a key",
                    "Remove it: auth says how stacks log in",
                )


def _paths(settings: Mapping[str, Any], at: str = "") -> Iterator[str]:
    for name, value in settings.items():
        yield f"{at}{name}"
        if isinstance(value, Mapping):
            yield from _paths(value, f"{at}{name}.")


def _open_to_everybody(components: Components) -> Iterator[str]:
    """The names of the components that anyone on the internet may call."""
    for name, component in components.present().items():
        if getattr(component, "allow_unauthenticated", False):
            yield name


def _texts_are_no_stand_ins(at: str, components: Components) -> Violations:
    """A content hash is made of these, and says nothing while it waits for an apply."""
    for name, component in components.present().items():
        for setting, value in component.model_dump(mode="json").items():
            if UNKNOWN in json.dumps(value):
                yield Violation(
                    (f"{at}.{name}.{setting}",),
                    f"holds {quoted(UNKNOWN)}, which stands for what Terraform doesn't know yet",
                    "Write another text",
                )


_COMPONENT_RULES = (
    _names_are_legal,
    _one_of_a_kind,
    _flavors_rules_are_kept,
    _settings_are_not_zenstraps,
    _texts_are_no_stand_ins,
)
