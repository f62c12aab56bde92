"""What zenstrap must know about a Terraform provider to read its plans and errors.

The platform defines it, so that this package is independent of any cloud.
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
        kept_types: resource types that are never destroyed: they are removed from the state
            instead.
        key_types: resource types of encryption keys; replacing one loses all data that it
            encrypted.
        protected_types: resource types whose content can't be recreated, including the key types.
        policy_attributes: by type, the attributes that a policy checks.
        gives_access: whether resources of a type grant access (IAM).
        access_attributes: of such a type, the attributes that say who gets which role.
        explain: the error for a diagnostic whose cause is known, given the module's folder in case
            the diagnostic has no address; None for other diagnostics.
        passing: why an error is transient; None if it isn't.
        variables: prefixes of the environment variables that its processes need.
        refused_variables: names and prefixes among those that would change a run silently.
        wanted_variables: exceptions from the refused ones.
    """

    kept_types: frozenset[str] = frozenset()
    key_types: frozenset[str] = frozenset()
    protected_types: frozenset[str] = frozenset()
    policy_attributes: Mapping[str, Collection[str]] = field(default_factory=dict)
    gives_access: Callable[[str], bool] = lambda type: False
    access_attributes: Collection[str] = ()
    explain: Callable[[Diagnostic, str], ZenstrapError | None] = lambda diagnostic, where: None
    passing: Callable[[Diagnostic], str | None] = lambda diagnostic: None
    variables: tuple[str, ...] = ()
    refused_variables: tuple[str, ...] = ()
    wanted_variables: frozenset[str] = frozenset()

    def are_passing(self, diagnostics: Iterable[Diagnostic]) -> bool:
        """Whether there are errors, and all are transient."""
        errors = [d for d in diagnostics if d.severity == "error"]
        return bool(errors) and all(self.passing(d) for d in errors)


BUILT_IN: Final = Provider()
"""``terraform.io/builtin/terraform``, which is part of Terraform."""
