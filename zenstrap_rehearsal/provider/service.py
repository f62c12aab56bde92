"""The procedures that Terraform calls in a provider."""

from __future__ import annotations

import json
import traceback
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from zenstrap_rehearsal.errors import ApiError
from zenstrap_rehearsal.provider import planning
from zenstrap_rehearsal.provider.blocks import Block, Path
from zenstrap_rehearsal.provider.kind import DataSource, Kind
from zenstrap_rehearsal.provider.messages import MESSAGES, PROVIDER
from zenstrap_rehearsal.provider.rules import ProviderError, problems
from zenstrap_rehearsal.provider.session import Session
from zenstrap_rehearsal.provider.values import Object, decode, encode

_NESTING: Final = {"single": 1, "list": 2, "set": 3, "map": 4, "group": 5}
_ERROR: Final = 1


class Service:
    """One configured provider, for a single start of the plugin."""

    def __init__(
        self,
        configuration: Block,
        kinds: Mapping[str, Kind],
        data_sources: Mapping[str, DataSource],
        session: Session,
    ) -> None:
        self._configuration = configuration
        self._kinds = kinds
        self._data_sources = data_sources
        self._session = session

    def call(self, procedure: str, request: Any) -> Any:
        """Handle one call; errors become diagnostics, as Terraform expects."""
        response = MESSAGES[PROVIDER[procedure][1]]()
        method: Callable[[Any, Any], None] | None = getattr(self, procedure, None)
        if method is None:
            return response
        try:
            method(request, response)
        except ProviderError as error:
            _report(response, [error])
        except ApiError as error:
            _report(response, [ProviderError(str(error))])
        except Exception as error:
            # A bug of the double must be reported to Terraform's user instead of hanging Terraform.
            summary = f"The rehearsal's provider failed: {type(error).__name__}: {error}"
            _report(response, [ProviderError(summary, traceback.format_exc())])
        return response

    def GetMetadata(self, request: Any, response: Any) -> None:
        response.server_capabilities.get_provider_schema_optional = True
        for name in self._kinds:
            response.resources.add(type_name=name)
        for name in self._data_sources:
            response.data_sources.add(type_name=name)

    def GetProviderSchema(self, request: Any, response: Any) -> None:
        _write_schema(response.provider, self._configuration)
        for name, kind in self._kinds.items():
            _write_schema(response.resource_schemas.add(key=name).value, kind.block)
        for name, source in self._data_sources.items():
            _write_schema(response.data_source_schemas.add(key=name).value, source.block)
        response.server_capabilities.get_provider_schema_optional = True

    def ConfigureProvider(self, request: Any, response: Any) -> None:
        self._session.configure(decode(request.config))

    def ValidateResourceConfig(self, request: Any, response: Any) -> None:
        kind = self._kinds[request.type_name]
        config = decode(request.config)
        _report(response, [*problems(kind.block, kind.rules, config), *kind.problems(config)])

    def UpgradeResourceState(self, request: Any, response: Any) -> None:
        block = self._kinds[request.type_name].block
        stored = json.loads(request.raw_state.json)
        response.upgraded_state.CopyFrom(encode(block.conform(stored)))

    def ReadResource(self, request: Any, response: Any) -> None:
        kind = self._kind(request, "read")
        state = decode(request.current_state)
        current = kind.read(state, self._session)
        if current is not None:
            current = planning.quieten(kind.block, state, {**state, **current})
        response.new_state.CopyFrom(encode(kind.block.conform(current)))

    def PlanResourceChange(self, request: Any, response: Any) -> None:
        kind = self._kinds[request.type_name]
        prior, proposed = decode(request.prior_state), decode(request.proposed_new_state)
        # As in the real provider, which may plan values that the configuration doesn't have.
        response.legacy_type_system = True
        if proposed is None:
            response.planned_state.CopyFrom(encode(None))
            return
        planned = planning.fill(kind.block, kind.rules, prior, proposed)
        kind.customize(planned, prior, self._session)
        if prior is not None:
            changes = planning.compare(kind.block, kind.rules, prior, planned)
            planned = changes.planned
            for path in changes.replace:
                response.requires_replace.append(_path(path))
        response.planned_state.CopyFrom(encode(planned))

    def ApplyResourceChange(self, request: Any, response: Any) -> None:
        kind = self._kinds[request.type_name]
        prior, planned = decode(request.prior_state), decode(request.planned_state)
        response.legacy_type_system = True
        # The state if this fails.
        response.new_state.CopyFrom(encode(prior))
        operation = "delete" if planned is None else "update" if prior else "create"
        self._session.cloud.faults.on_kind(kind.name, operation)
        if planned is None:
            kind.delete(prior, self._session)
            response.new_state.CopyFrom(encode(None))
            return
        if prior is None:
            actual = kind.create(planned, self._session)
            self._session.cloud.faults.on_created(kind.name)
        else:
            actual = kind.update(prior, planned, self._session)
        response.new_state.CopyFrom(encode(_state(kind.block, planned, actual)))

    def ImportResourceState(self, request: Any, response: Any) -> None:
        kind = self._kind(request, "import")
        state = kind.block.conform(kind.import_state(request.id, self._session))
        imported = response.imported_resources.add(type_name=request.type_name)
        imported.state.CopyFrom(encode(state))

    def ReadDataSource(self, request: Any, response: Any) -> None:
        source = self._data_sources[request.type_name]
        config = decode(request.config)
        state = {**config, **source.read(config, self._session)}
        response.state.CopyFrom(encode(source.block.conform(state)))

    def _kind(self, request: Any, operation: str) -> Kind:
        self._session.cloud.faults.on_kind(request.type_name, operation)
        return self._kinds[request.type_name]


def _state(block: Block, planned: Object, actual: Object) -> Object | None:
    whole = {**planned, **actual}
    planning.settle(block, whole)
    base = dict(planned)
    planning.settle(block, base)
    return block.conform(planning.quieten(block, base, whole))


def _report(response: Any, errors: Iterable[ProviderError]) -> None:
    for error in errors:
        added = response.diagnostics.add(
            severity=_ERROR, summary=error.summary, detail=error.detail
        )
        if error.path:
            added.attribute.CopyFrom(_path(error.path))


def _path(path: Path) -> Any:
    message = MESSAGES["AttributePath"]()
    for step in path:
        if isinstance(step, int):
            message.steps.add(element_key_int=step)
        else:
            message.steps.add(attribute_name=step)
    return message


def _write_schema(message: Any, block: Block) -> None:
    message.version = 0
    _write_block(message.block, block)


def _write_block(message: Any, block: Block) -> None:
    # Terraform panics if the block is missing, even an empty one.
    message.SetInParent()
    for name, attribute in block.attributes.items():
        message.attributes.add(
            name=name,
            type=json.dumps(attribute.type).encode(),
            required=attribute.required,
            optional=attribute.optional,
            computed=attribute.computed,
            sensitive=attribute.sensitive,
        )
    for name, nested in block.blocks.items():
        added = message.block_types.add(
            type_name=name,
            nesting=_NESTING[nested.nesting],
            min_items=nested.min_items,
            max_items=nested.max_items,
        )
        _write_block(added.block, nested.block)
