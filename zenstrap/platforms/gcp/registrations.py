"""From the root module's outputs to components and connectors on Google Cloud."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from pydantic import JsonValue

from zenstrap.config import AnyComponent, ComponentKind, GoogleEnvironment
from zenstrap.platforms.gcp.components import RESOURCE_TYPES, gcp_component
from zenstrap.platforms.gcp.connectors import KeyFingerprints, gcp_connector
from zenstrap.platforms.gcp.outputs import parse_gcp_outputs
from zenstrap.registry.desired import Registered
from zenstrap.registry.model import DesiredConnector

# Seeing that a bucket can be reached needs one request to Cloud Storage. A registry or a cluster
# is proven by the smoke test.
_LOOKED_AT: Final = frozenset({"gcs-bucket"})


class GoogleRegistrations:
    """See :class:`zenstrap.platforms.base.Registrations`."""

    def __init__(
        self,
        config: GoogleEnvironment,
        outputs: Mapping[str, JsonValue],
        fingerprints: KeyFingerprints,
    ) -> None:
        self._config = config
        self._outputs = parse_gcp_outputs(outputs, tuple(config.ml_projects))
        self._fingerprints = fingerprints

    def component(
        self, kind: ComponentKind, component: AnyComponent, project: str | None
    ) -> Registered:
        return gcp_component(kind, component, self._outputs.project, self._outputs.of(project))

    def is_linked(self, kind: ComponentKind, flavor: str) -> bool:
        return (kind, flavor) in RESOURCE_TYPES

    def connector(self, project: str | None, labels: Mapping[str, str]) -> DesiredConnector | None:
        config = self._config
        components = config.components_of(project).present()
        reached = [
            (RESOURCE_TYPES[(kind, component.flavor)], self.component(kind, component, project))
            for kind, component in components.items()
            if self.is_linked(kind, component.flavor)
        ]
        return gcp_connector(
            config.environment,
            config.auth,
            self._outputs,
            project,
            labels,
            fingerprints=self._fingerprints,
            resources=tuple(
                (resource_type, made.resource)
                for resource_type, made in reached
                if resource_type in _LOOKED_AT and made.resource
            ),
            hands_out_key=components["orchestrator"].flavor == "vm_gcp",
        )
