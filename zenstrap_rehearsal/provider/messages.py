"""The messages of Terraform's plugin protocol 6 that the double uses.

Only field numbers and types matter on the wire, so they are declared as a table and protobuf builds
the classes; unused fields are left out. The protocol's description:
https://developer.hashicorp.com/terraform/plugin/terraform-plugin-protocol
"""

from __future__ import annotations

from typing import Any, Final

# NUMBER NAME TYPE, with [] for a repeated field. A protobuf map is a repeated pair.
_FIELDS: Final = {
    "Empty": "",
    "DynamicValue": "1 msgpack bytes, 2 json bytes",
    "Step": "1 attribute_name string, 2 element_key_string string, 3 element_key_int int64",
    "AttributePath": "1 steps Step[]",
    "Diagnostic": "1 severity int64, 2 summary string, 3 detail string, 4 attribute AttributePath",
    "Attribute": "1 name string, 2 type bytes, 4 required bool, 5 optional bool, 6 computed bool, "
    "7 sensitive bool",
    "NestedBlock": "1 type_name string, 2 block Block, 3 nesting int64, 4 min_items int64, "
    "5 max_items int64",
    "Block": "1 version int64, 2 attributes Attribute[], 3 block_types NestedBlock[]",
    "Schema": "1 version int64, 2 block Block",
    "SchemaPair": "1 key string, 2 value Schema",
    "Capabilities": "1 plan_destroy bool, 2 get_provider_schema_optional bool",
    "TypeName": "1 type_name string",
    "MetadataResponse": "1 server_capabilities Capabilities, 2 diagnostics Diagnostic[], "
    "3 data_sources TypeName[], 4 resources TypeName[]",
    "SchemaResponse": "1 provider Schema, 2 resource_schemas SchemaPair[], "
    "3 data_source_schemas SchemaPair[], 4 diagnostics Diagnostic[], "
    "6 server_capabilities Capabilities",
    "ConfigRequest": "1 config DynamicValue",
    "TypedConfigRequest": "1 type_name string, 2 config DynamicValue",
    "DiagnosticsFirst": "1 diagnostics Diagnostic[]",
    "DiagnosticsSecond": "2 diagnostics Diagnostic[]",
    "ConfigureRequest": "1 terraform_version string, 2 config DynamicValue",
    "RawState": "1 json bytes",
    "UpgradeRequest": "1 type_name string, 2 version int64, 3 raw_state RawState",
    "UpgradeResponse": "1 upgraded_state DynamicValue, 2 diagnostics Diagnostic[]",
    "ReadRequest": "1 type_name string, 2 current_state DynamicValue",
    "ReadResponse": "1 new_state DynamicValue, 2 diagnostics Diagnostic[]",
    "PlanRequest": "1 type_name string, 2 prior_state DynamicValue, "
    "3 proposed_new_state DynamicValue, 4 config DynamicValue",
    "PlanResponse": "1 planned_state DynamicValue, 2 requires_replace AttributePath[], "
    "4 diagnostics Diagnostic[], 5 legacy_type_system bool",
    "ApplyRequest": "1 type_name string, 2 prior_state DynamicValue, 3 planned_state DynamicValue, "
    "4 config DynamicValue",
    "ApplyResponse": "1 new_state DynamicValue, 3 diagnostics Diagnostic[], "
    "4 legacy_type_system bool",
    "ImportRequest": "1 type_name string, 2 id string",
    "ImportedResource": "1 type_name string, 2 state DynamicValue",
    "ImportResponse": "1 imported_resources ImportedResource[], 2 diagnostics Diagnostic[]",
    "DataRequest": "1 type_name string, 2 config DynamicValue",
    "DataResponse": "1 state DynamicValue, 2 diagnostics Diagnostic[]",
}

# Procedure: its request and its response.
PROVIDER: Final = {
    "GetMetadata": ("Empty", "MetadataResponse"),
    "GetProviderSchema": ("Empty", "SchemaResponse"),
    "ValidateProviderConfig": ("ConfigRequest", "DiagnosticsSecond"),
    "ValidateResourceConfig": ("TypedConfigRequest", "DiagnosticsFirst"),
    "ValidateDataResourceConfig": ("TypedConfigRequest", "DiagnosticsFirst"),
    "UpgradeResourceState": ("UpgradeRequest", "UpgradeResponse"),
    "GetResourceIdentitySchemas": ("Empty", "Empty"),
    "ConfigureProvider": ("ConfigureRequest", "DiagnosticsFirst"),
    "ReadResource": ("ReadRequest", "ReadResponse"),
    "PlanResourceChange": ("PlanRequest", "PlanResponse"),
    "ApplyResourceChange": ("ApplyRequest", "ApplyResponse"),
    "ImportResourceState": ("ImportRequest", "ImportResponse"),
    "ReadDataSource": ("DataRequest", "DataResponse"),
    "GetFunctions": ("Empty", "Empty"),
    "StopProvider": ("Empty", "Empty"),
}

_PACKAGE: Final = "rehearsal"


def _classes() -> dict[str, Any]:
    from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

    kinds = descriptor_pb2.FieldDescriptorProto
    # proto2 distinguishes a number 0 that was set from one that wasn't.
    file = descriptor_pb2.FileDescriptorProto(
        name="rehearsal.proto", package=_PACKAGE, syntax="proto2"
    )
    for name, fields in _FIELDS.items():
        message = file.message_type.add(name=name)
        for field in filter(None, fields.split(", ")):
            number, label, kind = field.split()
            repeated = kind.endswith("[]")
            kind = kind.removesuffix("[]")
            added = message.field.add(
                name=label,
                number=int(number),
                label=kinds.LABEL_REPEATED if repeated else kinds.LABEL_OPTIONAL,
            )
            if kind in _FIELDS:
                added.type, added.type_name = kinds.TYPE_MESSAGE, f".{_PACKAGE}.{kind}"
            else:
                added.type = kinds.Type.Value(f"TYPE_{kind.upper()}")
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return {
        name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{_PACKAGE}.{name}"))
        for name in _FIELDS
    }


MESSAGES: Final[dict[str, Any]] = _classes()
