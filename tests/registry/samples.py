"""Desired registries: by hand, and drawn."""

from __future__ import annotations

from hypothesis import strategies as st

from zenstrap.registry.model import (
    DesiredComponent,
    DesiredConnector,
    DesiredRegistry,
    DesiredStack,
)

PROJECTS = st.lists(st.sampled_from(["fraud", "recommendation", "search"]), unique=True)


VERSIONS = st.sampled_from(["1.0.0", "1.1.0"])


PATHS = st.sampled_from(["/a", "/b"])


METHODS = st.sampled_from(["service-account", "implicit", None])


KEYS = st.sampled_from(["first", "second"])


def connector(method: str, project: str | None, key: str) -> DesiredConnector:
    owner = f"-{project}" if project else ""
    labels = {"managed_by": "zenstrap", "environment": "test"}
    return DesiredConnector(
        type="gcp",
        name=f"zenml-test{owner}-{method}-connector",
        method=method,
        configuration={"project_id": "acme"},
        project=project,
        labels=labels | ({"ml_project": project} if project else {}),
        key=key if method == "service-account" else None,
    )


def component(
    kind: str,
    version: str,
    project: str | None,
    link: DesiredConnector | None = None,
    **configuration: str,
) -> DesiredComponent:
    owner = f"-{project}" if project else ""
    labels = {"managed_by": "zenstrap", "environment": "test"}
    return DesiredComponent(
        name=f"zenml-test{owner}-{kind.replace('_', '-')}-v{version}",
        key=kind,
        type=kind,
        flavor="local",
        configuration=configuration,
        version=version,
        project=project,
        labels=labels | ({"ml_project": project} if project else {}),
        connector=link,
        resource="gs://bucket" if link else None,
    )


def stack(
    version: str,
    project: str | None,
    path: str,
    method: str | None = None,
    key: str = "first",
) -> DesiredStack:
    owner = f"-{project}" if project else ""
    link = connector(method, project, key) if method else None
    parts = [
        component("artifact_store", version, project, link, path=path),
        component("orchestrator", "1.0.0", None),
    ]
    labels = {"managed_by": "zenstrap", "environment": "test"}
    return DesiredStack(
        name=f"zenml-test{owner}-v{version}",
        alias=f"zenml-test{owner}",
        version=version,
        project=project,
        components={part.type: part for part in parts},
        labels=labels | ({"ml_project": project} if project else {}),
    )


@st.composite
def registries(draw: st.DrawFn) -> DesiredRegistry:
    targets = [None, *draw(PROJECTS)]
    method = draw(METHODS)
    stacks = tuple(
        stack(draw(VERSIONS), target, draw(PATHS), method, draw(KEYS)) for target in targets
    )
    return DesiredRegistry(environment="test", stacks=stacks)
