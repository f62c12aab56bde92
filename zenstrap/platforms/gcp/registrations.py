"""The components and connectors on Google Cloud, from the root module's outputs."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import JsonValue

from zenstrap.config import Component, GoogleEnvironment, flavor_of
from zenstrap.config.google import google_flavor
from zenstrap.flavors.base import Registered
from zenstrap.flavors.google.base import Made, Workload
from zenstrap.platforms.gcp.connectors import KeyFingerprints, gcp_connector
from zenstrap.platforms.gcp.outputs import parse_gcp_outputs
from zenstrap.registry.model import DesiredConnector


class GoogleRegistrations:
    """See :class:`zenstrap.registry.desired.Registrations`."""

    def __init__(
        self,
        config: GoogleEnvironment,
        outputs: Mapping[str, JsonValue],
        fingerprints: KeyFingerprints,
    ) -> None:
        self._config = config
        self._outputs = parse_gcp_outputs(outputs, tuple(config.ml_projects))
        self._fingerprints = fingerprints

    def component(self, name: str, component: Component, project: str | None) -> Registered:
        stack, google = self._outputs.of(project), self._outputs.project
        registry = stack.container_registry
        is_apart = component.kind in ("artifact_store", "container_registry")
        made = Made(
            project=google.id,
            region=google.region,
            bucket=stack.artifact_store.bucket,
            uri=stack.artifact_store.uri,
            registry=registry.uri if registry is not None else None,
            workload=Workload() if is_apart else stack.workload(name, component.flavor),
        )
        return flavor_of(component).register(component, made)

    def connector(self, project: str | None, labels: Mapping[str, str]) -> DesiredConnector | None:
        config = self._config
        looked_at, hands_out_key = [], False
        for name, component in config.components_of(project).present().items():
            flavor = google_flavor(component)
            if flavor is None:
                continue
            hands_out_key = hands_out_key or flavor.hands_out_key
            if flavor.looked_at and flavor.resource_type is not None:
                resource = self.component(name, component, project).resource
                looked_at += [(flavor.resource_type, resource)] if resource else []
        return gcp_connector(
            config.environment,
            config.auth,
            self._outputs,
            project,
            labels,
            fingerprints=self._fingerprints,
            resources=tuple(looked_at),
            hands_out_key=hands_out_key,
        )
