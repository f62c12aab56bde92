"""The rules on planned resources: a platform says them, and they hold whatever a module says. Pure.

The modules keep all of them. They are for when somebody changes a module.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

from zenstrap.terraform.plan import Plan
from zenstrap.terraform.settings import ResourceSettings

Rule = Callable[[ResourceSettings], str | None]
"""What is wrong with a resource, as the end of a sentence about it; None where nothing is."""


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
        key_types: types whose replacement loses all that they ever encrypted.
        protected_types: types whose content can't be created again, the key types among them.
    """

    rules: Mapping[str, Rule] = field(default_factory=dict)
    key_types: Collection[str] = frozenset()
    protected_types: Collection[str] = frozenset()

    def breaches(self, plan: Plan) -> tuple[Breach, ...]:
        """Every breach in what there would be after the plan, by address."""
        return tuple(
            Breach(rule, resource.address, problem)
            for resource in plan.settings
            for rule, find in self.rules.items()
            if (problem := find(resource)) is not None
        )
