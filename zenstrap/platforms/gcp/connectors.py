"""Service connectors for Google Cloud: one per stack. This module handles no secrets."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Final, assert_never

from pydantic import JsonValue

from zenstrap.config.google import Auth
from zenstrap.errors import RegistryError
from zenstrap.naming import connector_name
from zenstrap.platforms.gcp.outputs import GcpOutputs
from zenstrap.redaction import UNKNOWN
from zenstrap.registry.connectors import ConnectorKind
from zenstrap.registry.model import DesiredConnector

# Fingerprints of key ids by ML project, None for the base stack's.
KeyFingerprints = Mapping[str | None, str]

CONNECTOR_TYPE: Final = "gcp"  # ZenML's
CONNECTORS: Final = ConnectorKind(
    type=CONNECTOR_TYPE,
    asked="Google",
    keyless=frozenset({"external-account", "implicit"}),
    # Messages of ZenML and Google's libraries.
    passing=(
        " 403 ",
        "PERMISSION_DENIED",
        "does not have ",
        "Invalid JWT Signature",
        "account not found",
        "invalid_target",
    ),
    lasting=("invalid_grant", "unauthorized_client"),  # such as for a token with another audience
    credential_field="external_account_json",
    key_field="service_account_json",
)

_TOKEN_URL: Final = "https://sts.googleapis.com/v1/token"
_IMPERSONATION_URL: Final = "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/{email}:generateAccessToken"
_JWT: Final = "urn:ietf:params:oauth:token-type:jwt"
_AWS_REQUEST: Final = "urn:ietf:params:aws:token-type:aws4_request"
# AWS's metadata service, which returns a machine's region and role. IMDSv2 needs a session token
# first; every new machine has it. https://google.aip.dev/auth/4117
_AWS_SOURCE: Final[dict[str, JsonValue]] = {
    "environment_id": "aws1",
    "region_url": "http://169.254.169.254/latest/meta-data/placement/availability-zone",
    "url": "http://169.254.169.254/latest/meta-data/iam/security-credentials",
    "imdsv2_session_token_url": "http://169.254.169.254/latest/api/token",
    "regional_cred_verification_url": "https://sts.{region}.amazonaws.com"
    "?Action=GetCallerIdentity&Version=2011-06-15",
}


def gcp_connector(
    environment: str,
    auth: Auth,
    outputs: GcpOutputs,
    project: str | None,
    labels: Mapping[str, str],
    *,
    fingerprints: KeyFingerprints,
    resources: tuple[tuple[str, str], ...],
    hands_out_key: bool = False,
) -> DesiredConnector:
    """The connector of one stack for Google Cloud, which acts as the stack's service account.

    Args:
        project: the ML project; None for the base stack.
        labels: ownership labels.
        fingerprints: of the keys that Terraform doesn't create.
        resources: (type, id) of the resources that the stack's components access.
        hands_out_key: users of the connector get the key itself, not a short-lived token:
            SkyPilot doesn't support tokens.

    Raises:
        RegistryError: Terraform's outputs lack what the method needs.
    """
    account = outputs.of(project).service_account
    configuration: dict[str, JsonValue] = {"project_id": outputs.project.id}
    document = None
    principal: str | None = account.email
    key = fingerprints.get(project)
    match auth.method:
        case "external-account":
            document = credential_configuration(auth, outputs, account.email)
        case "impersonation":
            configuration["target_principal"] = account.email
        case "service-account":
            if auth.key is None:
                key_id = outputs.key_id(project)
                key = fingerprint(key_id) if key_id else None
            else:
                principal = None  # the key names its account
            if hands_out_key:
                configuration["generate_temporary_tokens"] = False
        case "implicit":
            principal = None  # the machine's own identity
        case unknown:
            assert_never(unknown)
    return DesiredConnector(
        type=CONNECTOR_TYPE,
        name=connector_name(environment, auth.method, project),
        method=auth.method,
        configuration=configuration,
        project=project,
        labels=labels,
        credential_configuration=document,
        principal=principal,
        key=key,
        resources=resources,
    )


def credential_configuration(auth: Auth, outputs: GcpOutputs, email: str) -> str:
    """The JSON document with which Google's libraries exchange an external token for Google's.

    It names the source of the token and holds no secret itself.
    https://google.aip.dev/auth/4117

    Raises:
        RegistryError: there is no workload identity provider.
    """
    if outputs.workload_identity is None:
        raise RegistryError(
            "Terraform's output workload_identity is null, and auth.method is external-account",
            why="The root module and zenstrap disagree about what it outputs.",
        )
    token_type, source = _subject_token(auth.subject_token or "")
    document = {
        "type": "external_account",
        "audience": outputs.workload_identity.audience,
        "subject_token_type": token_type,
        "token_url": _TOKEN_URL,
        "service_account_impersonation_url": _IMPERSONATION_URL.format(email=email),
        "credential_source": source,
    }
    return json.dumps(document, sort_keys=True)


def fingerprint(key_id: str) -> str:
    """Identifies a key without revealing its id; of a full name only the last part counts."""
    if key_id == UNKNOWN:
        return UNKNOWN
    return hashlib.sha256(key_id.rpartition("/")[2].encode()).hexdigest()[:16]


def _subject_token(reference: str) -> tuple[str, dict[str, JsonValue]]:
    kind, _, place = reference.partition(":")
    match kind:
        case "aws":
            return _AWS_REQUEST, _AWS_SOURCE
        case "file":
            return _JWT, {"file": place, "format": {"type": "text"}}
        case "url":
            return _JWT, {"url": place, "format": {"type": "text"}}
    raise RegistryError(
        "the source of the identity token is not valid",
        where="auth.subject_token",
        fix="Write aws, file:/absolute/path or url:https://address.",
    )
