"""Field numbers, names and types are promises to agents in the field: one table, as on the wire today."""

import pytest
from google.protobuf.descriptor import FieldDescriptor

from hubproto import auth_pb2, cloudevent_pb2, eventstream_pb2, version_pb2

KINDS = {
    FieldDescriptor.TYPE_STRING: "string",
    FieldDescriptor.TYPE_BYTES: "bytes",
    FieldDescriptor.TYPE_INT32: "int32",
    FieldDescriptor.TYPE_BOOL: "bool",
}

TABLE = {
    "authapi.AuthRequest": "method=1 string, credentials=2 authapi.AuthRequest.CredentialsEntry, mode=3 string, "
    "version=4 string, agentNamespace=5 string",
    "authapi.AuthResponse": "accessToken=1 string, refreshToken=2 string, version=3 string, "
    "principalNamespace=4 string",
    "authapi.RefreshTokenRequest": "refreshToken=1 string",
    "versionapi.VersionRequest": "",
    "versionapi.VersionResponse": "version=1 string",
    "eventstreamapi.Event": "event=1 io.cloudevents.v1.CloudEvent",
    "eventstreamapi.PushSummary": "result=1 string, received=2 int32, processed=3 int32",
    "eventstreamapi.PingRequest": "",
    "eventstreamapi.PongReply": "",
    "io.cloudevents.v1.CloudEvent": "id=1 string, source=2 string, spec_version=3 string, type=4 string, "
    "attributes=5 io.cloudevents.v1.CloudEvent.AttributesEntry, binary_data=6 bytes, text_data=7 string, "
    "proto_data=8 google.protobuf.Any",
    "io.cloudevents.v1.CloudEventAttributeValue": "ce_boolean=1 bool, ce_integer=2 int32, ce_string=3 string, "
    "ce_bytes=4 bytes, ce_uri=5 string, ce_uri_ref=6 string, ce_timestamp=7 google.protobuf.Timestamp",
}

MESSAGES = {
    message.full_name: message
    for file in (auth_pb2, version_pb2, eventstream_pb2, cloudevent_pb2)
    for message in file.DESCRIPTOR.message_types_by_name.values()
}


def described(field: FieldDescriptor) -> str:
    kind = KINDS[field.type] if field.message_type is None else field.message_type.full_name
    return f"{field.name}={field.number} {kind}"


@pytest.mark.parametrize("name", TABLE)
def test_a_message_has_the_fields_of_the_wire(name: str) -> None:
    assert ", ".join(described(field) for field in MESSAGES[name].fields) == TABLE[name]


def test_no_message_is_missing_from_the_table() -> None:
    assert set(MESSAGES) == set(TABLE)


def test_an_event_holds_one_kind_of_data_and_an_attribute_one_value() -> None:
    event = MESSAGES["io.cloudevents.v1.CloudEvent"]
    value = MESSAGES["io.cloudevents.v1.CloudEventAttributeValue"]
    assert [field.number for field in event.oneofs_by_name["data"].fields] == [6, 7, 8]
    assert [field.number for field in value.oneofs_by_name["attr"].fields] == [1, 2, 3, 4, 5, 6, 7]
