"""Imports what is generated before or after what googleapis-common-protos has, and prints what can be read through the latter.

Usage: imports.py generated|google CONTRACTS, where CONTRACTS is the file contracts.binpb.
"""

import json
import os
import sys

from google.protobuf import descriptor_pb2


def import_generated():
    """What README.md's line generates; by it, Google's modules that it needs."""
    from largesse.earnings.v1 import earnings_pb2_grpc
    from largesse.gift.v1 import gift_pb2_grpc
    from largesse.ledger.v1 import ledger_pb2_grpc
    from largesse.monitor.v1 import monitor_pb2_grpc
    from largesse.payout.v1 import payout_pb2_grpc
    from largesse.purchase.v1 import purchase_pb2_grpc
    from largesse.support.v1 import support_pb2_grpc


def import_google():
    """What a client imports of googleapis-common-protos by itself."""
    from google.api import field_behavior_pb2
    from google.rpc import error_details_pb2, status_pb2


def declared(message):
    """A message's fields and those of the messages in it, by name, without options, which change nothing of what is on the wire."""
    fields = {field.name: [field.number, field.type, field.label, field.type_name] for field in message.field}
    return {message.name: fields} | {name: more for nested in message.nested_type for name, more in declared(nested).items()}


def declarations(file):
    """What a file declares: messages, enums and extensions."""
    messages = {name: fields for message in file.message_type for name, fields in declared(message).items()}
    enums = {enum.name: {value.name: value.number for value in enum.value} for enum in file.enum_type}
    extensions = {field.name: [field.number, field.type, field.label, field.type_name, field.extendee] for field in file.extension}
    return [file.package, messages, enums, extensions]


def main(first, contracts):
    """Prints what is the same on both sides, and how Google's module reads our options."""
    for step in {"generated": [import_generated, import_google], "google": [import_google, import_generated]}[first]:
        step()
    from google.api import field_behavior_pb2
    from google.rpc import error_details_pb2, status_pb2
    from largesse.gift.v1 import gift_pb2

    with open(contracts, "rb") as file:
        ours = {file.name: file for file in descriptor_pb2.FileDescriptorSet.FromString(file.read()).file}
    theirs = {}
    for module in (field_behavior_pb2, error_details_pb2, status_pb2):
        theirs[module.DESCRIPTOR.name] = descriptor_pb2.FileDescriptorProto.FromString(module.DESCRIPTOR.serialized_pb)
    fields = gift_pb2.SendGiftRequest.DESCRIPTOR.fields
    behaviours = {field.name: field.GetOptions().Extensions[field_behavior_pb2.field_behavior] for field in fields}
    print(json.dumps({
        "google_is_generated": os.path.exists("gen/google"),
        "same_declarations": {name: declarations(ours[name]) == declarations(file) for name, file in theirs.items()},
        "status_is_googles": gift_pb2.SendGiftsResponse.DESCRIPTOR.fields_by_name["refused"].message_type is status_pb2.Status.DESCRIPTOR,
        "behaviours": {name: [field_behavior_pb2.FieldBehavior.Name(value) for value in values] for name, values in behaviours.items()},
    }))


if __name__ == "__main__":
    main(*sys.argv[1:])
