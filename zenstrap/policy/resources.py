"""The rules on planned resources, which the platform defines. Pure.

zenstrap's own modules keep all of them; the rules catch changes to the modules.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

from zenstrap.terraform.plan import Plan
from zenstrap.terraform.settings import ResourceSettings

Rule = Callable[[ResourceSettings], str | None]
"""What is wrong with a resource, as the end of a sentence about it; None if nothing is."""


@dataclass(frozen=True)
class Breach:
    """One resource that breaks one rule."""

    rule: str
    address: str
    problem: str

    def __str__(self) -> str:
        return f"{self.address} {self.problem} ({self.rule})"


@dataclass(frozen=True)
class ResourceRules:
    """What a plan may do with resources in one environment.

    Attributes:
        rules: by name.
        key_types: resource types of encryption keys; replacing one loses all data that it
            encrypted.
        protected_types: resource types whose content can't be recreated, including the key types.
    """

    rules: Mapping[str, Rule] = field(default_factory=dict)
    key_types: Collection[str] = frozenset()
    protected_types: Collection[str] = frozenset()

    def breaches(self, plan: Plan) -> tuple[Breach, ...]:
        """Every breach in the resources as they would be after the plan, by address."""
        return tuple(
            Breach(rule, resource.address, problem)
            for resource in plan.settings
            for rule, check in self.rules.items()
            if (problem := check(resource)) is not None
        )
