"""Writes service connectors with their secrets to ZenML, and verifies them."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Final
from uuid import UUID

from zenstrap.events import Emit, Notice, ignore
from zenstrap.registry.changes import Action, Kind, Registration, RegistrationChange
from zenstrap.registry.connectors import ConnectorKey, ConnectorKind, Verdict, verify
from zenstrap.registry.model import (
    RUN,
    ActualRegistry,
    DesiredConnector,
    DesiredRegistry,
    connector_labels,
)
from zenstrap.registry.write_log import WriteLog
from zenstrap.registry.zenml_reading import as_connector
from zenstrap.registry.zenml_stacks import refuse_foreign, taken_errors
from zenstrap.zenml_private.calls import encrypts_secrets, is_server, store_info

if TYPE_CHECKING:
    from zenml.client import Client

Keys = Mapping[str | None, ConnectorKey]  # by ML project, None for the base stack's

ENABLE_IMPLICIT: Final = "ZENML_ENABLE_IMPLICIT_AUTH_METHODS"


def write_connectors(
    client: Client,
    desired: DesiredRegistry,
    actual: ActualRegistry,
    changes: tuple[RegistrationChange, ...],
    kind: ConnectorKind,
    *,
    keys: Keys,
    run: str,
    guard: Callable[[], None],
    wait: Callable[[float], None],
    emit: Emit = ignore,
) -> tuple[Registration, ...]:
    """Create or update connectors, verify them, and return all of them as they are now.

    Unused connectors are deleted later, with the components that used them.

    Args:
        keys: for the methods that use one.
        run: name of the run that is recorded as the last writer.
        guard: called before every write; raises if the lease is lost or the run interrupted.
        wait: pauses for that many seconds.

    Raises:
        PartlyDoneError: some writes succeeded and one failed; says which.
        RegistryError: the first write failed, or a connector is refused.
    """
    actions = {
        change.name: change.action
        for change in changes
        if change.kind is Kind.CONNECTOR and change.action not in (Action.DELETE, Action.MARK)
    }
    log = WriteLog(total=len(actions), guard=guard, emit=emit)
    done: list[Registration] = []
    for connector in desired.connectors:
        action = actions.get(connector.name)
        existing = actual.connectors.get(connector.name)
        key = keys.get(connector.project)
        connector_id = existing.id if existing else ""
        if action is not None:
            connector_id = log.write(
                Kind.CONNECTOR,
                connector.name,
                action,
                partial(_write, client, connector, kind, key, actual, run),
                secrets=key.secrets if key else (),
            )
        verdict = verify(
            client,
            connector,
            connector_id,
            kind,
            written=log.done,
            wait=wait,
            here=not is_server(client),
            emit=emit,
        )
        if not verdict.verified:
            emit(Notice(f"{connector.name} is {verdict}", "warning"))
        done.append(_registration(connector, connector_id, action, verdict))
    return tuple(done)


def allow_implicit_methods(
    client: Client, methods: set[str], kind: ConnectorKind, emit: Emit = ignore
) -> None:
    """Enable ZenML's implicit authentication methods on this machine.

    With a local database this process sets the environment variable, and a notice says that others
    must, too; a server's setting can only be changed by its administrator.
    """
    keyless = sorted(methods & kind.keyless)
    if not keyless:
        return
    method = " and ".join(keyless)
    if not is_server(client):
        os.environ[ENABLE_IMPLICIT] = "true"
        emit(Notice(f"Connectors of method {method} only work if {ENABLE_IMPLICIT}=true is set."))
    else:
        emit(
            Notice(
                f"Connectors of method {method} get their credentials on ZenML's server: it needs "
                f"{ENABLE_IMPLICIT}=true, and an identity that {kind.asked} accepts."
            )
        )


def warn_of_readable_secrets(client: Client, emit: Emit) -> None:
    """Warn if ZenML's database would store a key unencrypted."""
    if is_server(client):
        from zenml.enums import SecretsStoreType

        if store_info(client).secrets_store_type is not SecretsStoreType.SQL:
            return
        text = (
            "ZenML's server stores secrets in its database, unencrypted unless it was started with "
            "ZENML_SECRETS_STORE_ENCRYPTION_KEY."
        )
    elif encrypts_secrets(client):
        return
    else:
        text = (
            "ZenML's local database stores the service-account key unencrypted: "
            "ZENML_SECRETS_STORE_ENCRYPTION_KEY isn't set. Set it before the first use."
        )
    emit(Notice(text, "warning"))


def _write(
    client: Client,
    desired: DesiredConnector,
    kind: ConnectorKind,
    key: ConnectorKey | None,
    actual: ActualRegistry,
    run: str,
) -> str:
    """Returns only the id: ZenML's reply contains the secret in clear."""

    labels = {**connector_labels(desired), RUN: run}
    configuration = _configuration(desired, kind, key)
    existing = actual.connectors.get(desired.name)
    if existing is None:
        try:
            created, _ = client.create_service_connector(
                name=desired.name,
                connector_type=kind.type,
                auth_method=desired.method,
                configuration=configuration,
                labels=labels,
                verify=False,
                list_resources=False,
            )
            return str(created.id)  # type: ignore[union-attr]
        except taken_errors():  # our own POST whose reply was lost, or a concurrent one
            existing = as_connector(
                client.get_service_connector(desired.name, allow_name_prefix_match=False)
            )
            refuse_foreign(existing.name, existing.labels, desired.labels)
    client.update_service_connector(
        UUID(existing.id),
        configuration=configuration,
        labels={**dict.fromkeys(existing.labels), **labels},
        verify=False,
        list_resources=False,
    )
    return existing.id


def _configuration(
    desired: DesiredConnector, kind: ConnectorKind, key: ConnectorKey | None
) -> dict[str, str]:
    # ZenML's type is text for all values, but it accepts any JSON value.
    configuration = dict(desired.configuration)
    if desired.credential_configuration is not None:
        configuration[kind.credential_field] = desired.credential_configuration
    if key is not None:
        configuration[kind.key_field] = key.document
    return configuration  # type: ignore[return-value]


def _registration(
    connector: DesiredConnector, id: str, action: Action | None, verdict: Verdict
) -> Registration:
    return Registration(
        kind=Kind.CONNECTOR,
        name=connector.name,
        id=id,
        version="",
        content_hash=connector.content_hash,
        project=connector.project,
        action=action,
        note=str(verdict),
    )
