"""Terraform's outputs for an environment on Google Cloud, as its root module gives them."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from typing import Any

from zenstrap.config import EnvironmentConfig, load_environment
from zenstrap.config.google import locations
from zenstrap.platforms.gcp import naming

NUMBER = "123456789012"
PROVIDER = f"projects/{NUMBER}/locations/global/workloadIdentityPools/zenml-prod/providers/zenml"


def configured(environment: str, **changes: Any) -> EnvironmentConfig:
    """An environment of configs/, with some of it replaced: ``stack__version="1.3.0"``."""
    document = load_environment(environment).model_dump(mode="json")
    for path, value in changes.items():
        *parents, last = path.split("__")
        place = document
        for name in parents:
            place = place[name]
        place[last] = value
    return EnvironmentConfig.model_validate(document)


def outputs_of(config: EnvironmentConfig, **changes: Any) -> dict[str, Any]:
    """The outputs by name. In strict environments everything that runs is encrypted with a key."""
    assert config.gcp is not None and config.auth is not None
    region, project_id = config.gcp.region, config.gcp.project_id
    bucket = naming.bucket_name(project_id, config.environment)
    strict = config.resilience.compliance_mode == "strict"
    ring = naming.key_ring_id(config.environment)
    key = f"projects/{project_id}/locations/{region}/keyRings/{ring}/cryptoKeys/{ring}"
    registry = locations(config).registry

    def stack(project: str | None) -> dict[str, Any]:
        folder = f"ml_projects/{project}" if project else "shared"
        account = naming.service_account_id(config.environment, project)
        email = f"{account}@{project_id}.iam.gserviceaccount.com"
        uri = f"gs://{bucket}/{folder}"
        repository = naming.repository_id(config.environment, project)
        made: dict[str, Any] = {
            "artifact_store": {"bucket": bucket, "location": "EU", "uri": uri},
            "container_registry": {
                "uri": f"{registry}-docker.pkg.dev/{project_id}/{repository}",
                "location": registry,
                "repository_id": repository,
            },
            "service_account": {"email": email},
        }
        made["components"] = [
            {
                "name": kind,
                "kind": kind,
                "flavor": component.flavor,
                "location": getattr(component, "location", None) or region,
                "service_account": email,
                "staging_uri": f"{uri}/staging/{kind}",
                "network": None,
                "kms_key": key if strict else None,
                "secret_name_prefix": f"secrets-of-{account}-" if kind == "deployer" else None,
            }
            for kind, component in config.components_of(project).present().items()
            if kind not in ("artifact_store", "container_registry")
        ]
        return made

    keyless = config.auth.method == "external-account"
    with_keys = config.auth.method == "service-account" and config.auth.key is None
    names = ["base", *config.ml_projects] if with_keys else []
    return {
        "project": {"id": project_id, "number": NUMBER, "region": region},
        **stack(None),
        "ml_projects": {project: stack(project) for project in config.ml_projects},
        "workload_identity": {
            "provider": PROVIDER,
            "audience": f"//iam.googleapis.com/{PROVIDER}",
        }
        if keyless
        else None,
        "service_account_key_ids": {name: f"key-of-{name}" for name in names},
        "encryption": None,
        "labels": {},
        "retention": {},
    } | changes


PRIVATE = "-----BEGIN PRIVATE KEY-----\nTHIS-IS-THE-SECRET-OF-{id}\n-----END PRIVATE KEY-----\n"


@dataclass(frozen=True)
class FakeKey:
    """A service-account key that no Google made; ``secret`` may be nowhere but in ZenML's store."""

    id: str
    email: str = "zenml-dev@acme-ml-dev.iam.gserviceaccount.com"

    @property
    def secret(self) -> str:
        return f"THIS-IS-THE-SECRET-OF-{self.id}"

    @property
    def document(self) -> str:
        return json.dumps(
            {
                "type": "service_account",
                "project_id": "acme-ml-dev",
                "private_key_id": self.id,
                "private_key": PRIVATE.format(id=self.id),
                "client_email": self.email,
                "client_id": "1",
                "auth_uri": "https://accounts.google.com/o/oauth2/auth",
                "token_uri": "http://127.0.0.1:9/token",
                "auth_provider_x509_cert_url": "https://www.googleapis.com/oauth2/v1/certs",
                "client_x509_cert_url": "https://www.googleapis.com/robot/v1/metadata/x509/x",
            }
        )

    @property
    def base64(self) -> str:
        return base64.b64encode(self.document.encode()).decode()
