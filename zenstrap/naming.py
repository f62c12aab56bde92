"""The name of everything that zenstrap creates: one pure function per kind of object.

No two (environment, ML project) pairs share a name, because an environment's name has no dash: the
word between ``zenml-`` and the next dash is the environment. A stack's name can't be an alias's (an
alias has no dots) nor a component's (no ML project may be named like one). Invalid environments,
projects and versions raise ``ValueError``: the configuration has checked them before.
"""

from __future__ import annotations

from typing import Final

from zenstrap.config.names import (
    component_name_fault,
    environment_name_fault,
    project_name_fault,
    version_fault,
)

_ROOT: Final = "zenml"


def stack_name(environment: str, version: str, project: str | None = None) -> str:
    """ZenML stack of a version: zenml-ENV-vX.Y.Z, zenml-ENV-PROJECT-vX.Y.Z.

    ZenML allows up to 255 characters (STR_FIELD_MAX_LENGTH); this has at most 90.
    """
    return f"{alias_name(environment, project)}-v{_version(version)}"


def alias_name(environment: str, project: str | None = None) -> str:
    """ZenML stack that users activate once and that promotion updates: zenml-ENV[-PROJECT]."""
    prefix = stack_prefix(environment)
    return prefix if project is None else f"{prefix}-{_dashed(project)}"


def component_name(environment: str, name: str, version: str, project: str | None = None) -> str:
    """ZenML stack component: zenml-ENV[-PROJECT]-artifact-store-vX.Y.Z.

    Args:
        name: in the configuration: its kind, or one of its own. The configuration has checked
            that no two components, nor a component and an ML project's stack, have one name.
    """
    words = _valid(name, component_name_fault(name)).replace("_", "-")
    return f"{alias_name(environment, project)}-{words}-v{_version(version)}"


def connector_name(environment: str, method: str, project: str | None = None) -> str:
    """ZenML service connector: zenml-ENV[-PROJECT]-METHOD-connector.

    ZenML refuses to change the auth method of a connector that components use. So each method has
    its own connector, and a change of the method links the components to another connector.
    """
    return f"{alias_name(environment, project)}-{method}-connector"


def stack_prefix(environment: str) -> str:
    """The prefix of the names of all of an environment's registrations: zenml-ENV.

    ``zenml-dev`` is also a prefix of ``zenml-dev2``: a caller that lists by this prefix must filter
    the result with ``belongs_to``.
    """
    return f"{_ROOT}-{_environment(environment)}"


def belongs_to(name: str, environment: str) -> bool:
    """Whether a registration's name is one of this environment's."""
    prefix = stack_prefix(environment)
    return name == prefix or name.startswith(f"{prefix}-")


def _environment(name: str) -> str:
    return _valid(name, environment_name_fault(name))


def _dashed(project: str) -> str:
    return _valid(project, project_name_fault(project)).replace("_", "-")


def _version(version: str) -> str:
    return _valid(version, version_fault(version))


def _valid(text: str, fault: str | None) -> str:
    if fault is not None:
        raise ValueError(fault)
    return text
