"""The name of everything that zenstrap makes: one pure function per kind of thing.

No two (environment, ML project) pairs share a name, because an environment's name has no
separators: after ``zenml-``, what stands before the next dash is the environment. A stack can't be
taken for an alias (an alias has no dots) nor for a component (no ML project may be called like
one). Illegal environments, projects and versions raise ``ValueError``: the configuration has
checked them before.
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

    ZenML takes up to 255 characters of any kind (STR_FIELD_MAX_LENGTH); this has at most 90.
    """
    return f"{alias_name(environment, project)}-v{_version(version)}"


def alias_name(environment: str, project: str | None = None) -> str:
    """ZenML stack that users set once and that promotion moves: zenml-ENV[-PROJECT]."""
    prefix = stack_prefix(environment)
    return prefix if project is None else f"{prefix}-{_dashed(project)}"


def component_name(environment: str, name: str, version: str, project: str | None = None) -> str:
    """ZenML stack component: zenml-ENV[-PROJECT]-artifact-store-vX.Y.Z.

    Args:
        name: in the configuration: its kind, or one of its own. The configuration has checked
            that no two components, nor a component and an ML project's stack, have one name.
    """
    words = _legal(name, component_name_fault(name)).replace("_", "-")
    return f"{alias_name(environment, project)}-{words}-v{_version(version)}"


def connector_name(environment: str, method: str, project: str | None = None) -> str:
    """ZenML service connector: zenml-ENV[-PROJECT]-METHOD-connector.

    ZenML refuses to change the method of a connector that components use, so each method has a
    connector of its own, and moving to another one means moving the components over.
    """
    return f"{alias_name(environment, project)}-{method}-connector"


def stack_prefix(environment: str) -> str:
    """What the names of all of an environment's registrations begin with: zenml-ENV.

    ``zenml-dev`` is also the beginning of ``zenml-dev2``: whoever lists by this prefix must ask
    ``belongs_to`` of what comes back.
    """
    return f"{_ROOT}-{_environment(environment)}"


def belongs_to(name: str, environment: str) -> bool:
    """Whether a registration's name is one of this environment's, and not of another's."""
    prefix = stack_prefix(environment)
    return name == prefix or name.startswith(f"{prefix}-")


def _environment(name: str) -> str:
    return _legal(name, environment_name_fault(name))


def _dashed(project: str) -> str:
    return _legal(project, project_name_fault(project)).replace("_", "-")


def _version(version: str) -> str:
    return _legal(version, version_fault(version))


def _legal(text: str, fault: str | None) -> str:
    if fault is not None:
        raise ValueError(fault)
    return text
