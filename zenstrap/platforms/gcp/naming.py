"""The names of all resources on Google Cloud: one pure function per kind.

As in :mod:`zenstrap.naming`, no two (environment, ML project) pairs share a name, and illegal ones
raise ``ValueError``.
"""

from __future__ import annotations

import base64
import hashlib
import re
from typing import Final

from zenstrap.naming import alias_name, stack_prefix

SERVICE_ACCOUNT_ID_MAX: Final = 30
REPOSITORY_ID_MAX: Final = 63

# 40 bits: even a million names in one Google project collide with a probability below one half.
_HASH_CHARACTERS: Final = 8


def bucket_name(project_id: str, environment: str) -> str:
    """Cloud Storage bucket of an environment: PROJECT_ID-zenml-ENV.

    3 to 63 lower-case letters, digits, dashes and underscores; global over all customers, hence
    the project id, which is global itself. https://cloud.google.com/storage/docs/buckets#naming
    """
    if not re.fullmatch(r"[a-z][a-z0-9-]{4,28}[a-z0-9]", project_id):
        raise ValueError(f"{project_id!r} is not a Google Cloud project id")
    return f"{project_id}-{stack_prefix(environment)}"


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
    digits and dashes; the prefix ``gcp-`` is reserved.
    https://cloud.google.com/iam/docs/reference/rest/v1/projects.locations.workloadIdentityPools/create
    """
    if not 1 <= incarnation <= 999:
        raise ValueError(f"{incarnation} is not a valid number of a pool: 1 to 999")
    prefix = stack_prefix(environment)
    return prefix if incarnation == 1 else f"{prefix}-{incarnation}"


def _cut(name: str, length: int) -> str:
    """The name if it fits, else its beginning, two dashes and a hash of the whole name.

    No uncut name has two dashes in a row, so a cut name never equals another name.
    """
    if len(name) <= length:
        return name
    return f"{name[: length - _HASH_CHARACTERS - 2]}--{_hash(name)}"


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
    return base64.b32encode(digest).decode("ascii").lower()[:_HASH_CHARACTERS]
