"""The name of everything that zenstrap makes: one pure function per kind of thing.

No two (environment, ML project) pairs share a name, because an environment's name has no
separators: after ``zenml-``, what stands before the next dash is the environment. A stack can't be
taken for an alias (an alias has no dots) nor for a component (no ML project may be called like
one). Illegal environments, projects and versions raise ``ValueError``: the configuration has
checked them before.
"""

from __future__ import annotations

import base64
import hashlib
import re
from typing import Final

from zenstrap.config.names import (
    COMPONENT_KINDS,
    ComponentKind,
    environment_name_fault,
    project_name_fault,
    version_fault,
)

_ROOT: Final = "zenml"

SERVICE_ACCOUNT_ID_MAX: Final = 30
REPOSITORY_ID_MAX: Final = 63

# 40 bits: a million names in one Google project collide with a probability below one half, and
# nobody has more than some dozens.
_HASH_CHARACTERS: Final = 8


def stack_name(environment: str, version: str, project: str | None = None) -> str:
    """ZenML stack of a version: zenml-ENV-vX.Y.Z, zenml-ENV-PROJECT-vX.Y.Z.

    ZenML takes up to 255 characters of any kind (STR_FIELD_MAX_LENGTH); this has at most 90.
    """
    return f"{alias_name(environment, project)}-v{_version(version)}"


def alias_name(environment: str, project: str | None = None) -> str:
    """ZenML stack that users set once and that promotion moves: zenml-ENV[-PROJECT]."""
    prefix = stack_prefix(environment)
    return prefix if project is None else f"{prefix}-{_dashed(project)}"


def component_name(
    environment: str, kind: ComponentKind, version: str, project: str | None = None
) -> str:
    """ZenML stack component: zenml-ENV[-PROJECT]-artifact-store-vX.Y.Z."""
    if kind not in COMPONENT_KINDS:
        raise ValueError(f"there is no kind of component called {kind!r}")
    words = kind.replace("_", "-")
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


def bucket_name(project_id: str, environment: str) -> str:
    """Cloud Storage bucket of an environment: PROJECT_ID-zenml-ENV.

    3 to 63 lower-case letters, digits, dashes and underscores; global over all customers, hence
    the project id, which is global itself. https://cloud.google.com/storage/docs/buckets#naming
    """
    if not re.fullmatch(r"[a-z][a-z0-9-]{4,28}[a-z0-9]", project_id):
        raise ValueError(f"{project_id!r} is no Google Cloud project id")
    return f"{project_id}-{_ROOT}-{_environment(environment)}"


def service_account_id(environment: str, project: str | None = None) -> str:
    """Google service account: zenml-ENV[-PROJECT], cut to 30 characters with a hash.

    6 to 30 characters, ``[a-z]([-a-z0-9]*[a-z0-9])``, unique in a Google project.
    https://cloud.google.com/iam/docs/reference/rest/v1/projects.serviceAccounts/create
    """
    return _cut(alias_name(environment, project), SERVICE_ACCOUNT_ID_MAX)


def repository_id(environment: str, project: str | None = None) -> str:
    """Artifact Registry repository: zenml-ENV[-PROJECT], cut to 63 characters with a hash.

    Lower-case letters, digits and dashes, up to 63, beginning with a letter, not ending with a
    dash. https://cloud.google.com/artifact-registry/docs/repositories/create-repos
    """
    return _cut(alias_name(environment, project), REPOSITORY_ID_MAX)


def key_ring_id(environment: str) -> str:
    """Cloud KMS key ring, and the key in it: zenml-ENV. One in each location that needs a key.

    1 to 63 letters, digits, dashes and underscores.
    https://cloud.google.com/kms/docs/reference/rest/v1/projects.locations.keyRings/create
    """
    return stack_prefix(environment)


def workload_identity_pool_id(environment: str, incarnation: int = 1) -> str:
    """Workload identity pool: zenml-ENV, then zenml-ENV-2 and so on.

    A deleted pool keeps its id for 30 days, hence the later ones. 4 to 32 lower-case letters,
    digits and dashes; the beginning ``gcp-`` is Google's.
    https://cloud.google.com/iam/docs/reference/rest/v1/projects.locations.workloadIdentityPools/create
    """
    if not 1 <= incarnation <= 999:
        raise ValueError(f"{incarnation} is no incarnation of a pool: 1 to 999")
    prefix = stack_prefix(environment)
    return prefix if incarnation == 1 else f"{prefix}-{incarnation}"


def _cut(name: str, length: int) -> str:
    """The name if it fits, else its beginning, two dashes and a hash of all of it.

    No whole name has two dashes in a row, so a cut name is never some other whole one.
    """
    if len(name) <= length:
        return name
    return f"{name[: length - _HASH_CHARACTERS - 2]}--{_hash(name)}"


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
    return base64.b32encode(digest).decode("ascii").lower()[:_HASH_CHARACTERS]


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
