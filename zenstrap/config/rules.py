"""What doesn't go together in a configuration.

Each rule is a function from a configuration to what it breaks. All of them run, so that a user
sees everything that is wrong at once. Those of one platform are beside its model; see
zenstrap.config.platforms.
"""

from __future__ import annotations

import json

from zenstrap.config.components import Components
from zenstrap.config.models import EnvironmentConfig
from zenstrap.config.names import quoted
from zenstrap.config.platforms import PLATFORMS, Violation, Violations
from zenstrap.errors import UsageError
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
        if components.deployer is not None and components.deployer.allow_unauthenticated:
            found.append(f"{at}.deployer lets anyone on the internet call its services.")
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
        if components.deployer is not None and components.deployer.allow_unauthenticated:
            yield Violation(
                (f"{at}.deployer.allow_unauthenticated", strict),
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
    for kind, component in components.present().items():
        flavors = PLATFORMS[platform].flavors.get(kind, ())
        if component.flavor in flavors:
            continue
        if flavors:
            message = f"{component.flavor} isn't available on platform {platform}"
            suggestion = f"Use {' or '.join(flavors)}"
        else:
            message = f"platform {platform} has no {kind}"
            suggestion = f"Remove {kind}, or write {kind}: null"
        yield Violation((f"{at}.{kind}.flavor", "platform"), message, suggestion)


def _settings_fit_the_flavor(at: str, components: Components) -> Violations:
    for kind, component in components.present().items():
        for setting, flavors in component.SETTINGS.items():
            if getattr(component, setting) is None or component.flavor in flavors:
                continue
            yield Violation(
                (f"{at}.{kind}.{setting}", f"{at}.{kind}.flavor"),
                f"is no setting of flavor {component.flavor}, only of "
                f"{' and '.join(sorted(flavors))}",
                "Remove it, or change the flavor",
            )


def _settings_are_zenmls(at: str, components: Components) -> Violations:
    if not any(component.settings for component in components.present().values()):
        return
    from zenstrap.config.flavor_settings import settings_faults

    for kind, component in components.present().items():
        found = settings_faults(kind, component.flavor, component.settings or {})
        for path, message, way_out in found:
            keys = (f"{at}.{kind}.settings.{path}", f"{at}.{kind}.flavor")
            yield Violation(keys, message, way_out)


def _mlflow_has_a_server(at: str, components: Components) -> Violations:
    tracker, here = components.experiment_tracker, f"{at}.experiment_tracker"
    if tracker is None or tracker.flavor != "mlflow":
        return
    if tracker.tracking_uri is None:
        yield Violation(
            (f"{here}.tracking_uri", f"{here}.flavor"),
            "is missing, and flavor mlflow needs the server's address",
            "Add tracking_uri: https://ADDRESS",
        )
    if (tracker.tracking_username is None) != (tracker.tracking_password is None):
        given, absent = "tracking_username", "tracking_password"
        if tracker.tracking_username is None:
            given, absent = absent, given
        yield Violation(
            (f"{here}.{given}", f"{here}.{absent}"),
            f"is of no use without {absent}",
            "Set both, or tracking_token instead",
        )
    logins = {
        "tracking_username": tracker.tracking_username or tracker.tracking_password,
        "tracking_token": tracker.tracking_token,
    }
    ways = [name for name, given in logins.items() if given is not None]
    if len(ways) != 1 and (tracker.tracking_uri or "").startswith(("http://", "https://")):
        yield Violation(
            (f"{here}.{ways[-1]}" if ways else f"{here}.tracking_token", f"{here}.tracking_uri"),
            "is one way too many to log in" if ways else "is missing, and the server wants a login",
            "Set tracking_token, or tracking_username and tracking_password, not both",
        )
    for name in ("tracking_password", "tracking_token"):
        reference = getattr(tracker, name)
        if reference is not None and not reference.startswith("zenml:"):
            yield Violation(
                (f"{here}.{name}", f"{here}.flavor"),
                "refers to an environment variable, which the machines of the steps don't have",
                "Put it into ZenML's secret store and write zenml:SECRET.KEY",
            )


def _texts_are_no_stand_ins(at: str, components: Components) -> Violations:
    """A content hash is made of these, and says nothing while it waits for an apply."""
    for kind, component in components.present().items():
        for name, value in component.model_dump(mode="json").items():
            if UNKNOWN in json.dumps(value):
                yield Violation(
                    (f"{at}.{kind}.{name}",),
                    f"holds {quoted(UNKNOWN)}, which stands for what Terraform doesn't know yet",
                    "Write another text",
                )


_COMPONENT_RULES = (
    _settings_fit_the_flavor,
    _settings_are_zenmls,
    _mlflow_has_a_server,
    _texts_are_no_stand_ins,
)
