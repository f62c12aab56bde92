"""What has to be known of a Terraform provider to read its plans and its errors.

A platform says it, so that this package knows no cloud.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from zenstrap.errors import ZenstrapError
from zenstrap.terraform.diagnostic import Diagnostic


@dataclass(frozen=True)
class Provider:
    """What one platform's provider adds to Terraform.

    Attributes:
        kept_types: resource types that are never destroyed: where a plan would, the resource leaves
            the state and stays where it is.
        key_types: types whose replacement loses all that they ever encrypted.
        protected_types: types whose content can't be created again, the key types among them.
        policy_attributes: by type, the attributes that a policy looks at.
        gives_access: whether a type says who may do what.
        access_attributes: of such a type, the attributes that say so.
        explain: the error for a diagnostic whose cause is known, given the module's folder for
            where Terraform blames no address; None for any other.
        passing: why an error may pass by itself; None if it won't.
        variables: beginnings of the environment variables that its processes need.
        refused_variables: among those, names and beginnings that would change a run unseen.
        wanted_variables: exceptions from those.
    """

    kept_types: frozenset[str] = frozenset()
    key_types: frozenset[str] = frozenset()
    protected_types: frozenset[str] = frozenset()
    policy_attributes: Mapping[str, Collection[str]] = field(default_factory=dict)
    gives_access: Callable[[str], bool] = lambda type: False
    access_attributes: Collection[str] = ()
    explain: Callable[[Diagnostic, str], ZenstrapError | None] = lambda one, where: None
    passing: Callable[[Diagnostic], str | None] = lambda one: None
    variables: tuple[str, ...] = ()
    refused_variables: tuple[str, ...] = ()
    wanted_variables: frozenset[str] = frozenset()

    def are_passing(self, diagnostics: Iterable[Diagnostic]) -> bool:
        """Whether every error may pass by itself, and there is one."""
        errors = [one for one in diagnostics if one.severity == "error"]
        return bool(errors) and all(self.passing(one) for one in errors)


BUILT_IN: Final = Provider()
"""``terraform.io/builtin/terraform``, which is part of Terraform."""
