"""Holds an answer from the wire against the public service model that the AWS CLI itself carries.

botocore ignores what it does not know, so a misspelt member would go unseen in parsed output. These checks read
the body as it came: every member must be one that the model has, required members must be there, enum values must be the
model's, and a refusal must be one that the operation declares, with the model's HTTP status.
"""

import json
from xml.etree import ElementTree

from botocore.parsers import RpcV2CBORParser

# Codes that AWS answers without declaring them per operation.
UNDECLARED = {
    "AccessDenied", "AccessDeniedException", "AuthFailure", "ExpiredToken", "ExpiredTokenException",
    "IncompleteSignature", "InternalFailure", "InvalidAction", "InvalidClientTokenId", "InvalidParameterCombination",
    "InvalidParameterValue", "MalformedQueryString", "MissingAuthenticationToken", "MissingParameter", "NotAuthorizedException", "OptInRequired",
    "RequestExpired", "SerializationException", "ServiceUnavailable", "SignatureDoesNotMatch", "Throttling",
    "ThrottlingException", "UnauthorizedOperation", "UnknownOperationException", "UnrecognizedClientException",
    "ValidationError", "ValidationException",
}
ENVELOPES = {"query": ("ResponseMetadata",), "ec2": ("requestId",)}


def odd(operation, status, body, parsed):
    """What in one answer the service model does not allow: a list of sentences, empty when all is as it should be."""
    if status >= 300:
        return refusal(operation, status, parsed.get("Error", {}).get("Code", ""))
    shape = operation.output_shape
    if shape is None:
        return []
    found = []
    payload = shape.serialization.get("payload")
    streams = payload and shape.members[payload].type_name != "structure"
    if body and not streams:
        raw_shape = shape.members[payload] if payload else shape
        try:
            found += unknown_members(operation, raw_shape, body)
        except (ValueError, ElementTree.ParseError):  # botocore lets some of these pass as an empty output
            return [f"the body can't be read as {operation.service_model.resolved_protocol}"]
    found += missing_or_unlisted(shape, parsed, "output")
    return found


def refusal(operation, status, code):
    if operation.service_model.service_name in ("ec2", "s3"):  # their models declare next to no errors
        return []
    for shape in operation.error_shapes:
        trait = shape.metadata.get("error", {})
        if code in (shape.name, trait.get("code")):
            wanted = trait.get("httpStatusCode", 500 if shape.metadata.get("fault") else 400)
            return [] if status == wanted else [f"{code} came with HTTP {status}, the model says {wanted}"]
    return [] if code in UNDECLARED else [f"{operation.name} does not declare {code}"]


def unknown_members(operation, shape, body):
    protocol = operation.service_model.resolved_protocol
    if protocol in ("json", "rest-json"):
        return unknown_in(shape, json.loads(body), "body")
    if protocol == "smithy-rpc-v2-cbor":
        reader = RpcV2CBORParser()
        return unknown_in(shape, reader.parse_data_item(reader.get_peekable_stream_from_bytes(body)), "body")
    root = ElementTree.fromstring(body)
    if protocol == "query":  # <OperationResponse><OperationResult>…</OperationResult><ResponseMetadata/></…>
        result = [child for child in root if tag(child) not in ENVELOPES["query"]]
        return unknown_in_xml(shape, result[0], "body", ()) if result else []
    return unknown_in_xml(shape, root, "body", ENVELOPES.get(protocol, ()))


def unknown_in(shape, value, path):
    """Members of a JSON or CBOR value that its shape does not have."""
    if value is None:
        return []
    if shape.type_name == "structure":
        if not isinstance(value, dict):
            return [f"{path} is no structure"]
        wire = {member.serialization.get("name", name): member for name, member in shape.members.items()}
        unknown = [f"{path}.{name} is no member of {shape.name}" for name in value if name not in wire]
        return unknown + [u for n, v in value.items() if n in wire for u in unknown_in(wire[n], v, f"{path}.{n}")]
    if shape.type_name == "list":
        return [u for v in value for u in unknown_in(shape.member, v, path + "[]")]
    if shape.type_name == "map":
        return [u for v in value.values() for u in unknown_in(shape.value, v, path + "{}")]
    return []


def unknown_in_xml(shape, node, path, envelope):
    """Elements of an XML answer that its shape does not have."""
    if shape.type_name == "list":
        return [u for child in node for u in unknown_in_xml(shape.member, child, path + "[]", ())]
    if shape.type_name != "structure":
        return []
    wire = {}
    for name, member in shape.members.items():
        flat = member.type_name == "list" and member.serialization.get("flattened")
        inner = member.member.serialization.get("name") if flat else None
        wire[inner or member.serialization.get("name", name)] = member.member if flat else member
    found = []
    for child in node:
        name = tag(child)
        if name in envelope:
            continue
        if name in wire:
            found += unknown_in_xml(wire[name], child, f"{path}.{name}", ())
        else:
            found.append(f"{path}.{name} is no member of {shape.name}")
    return found


def tag(node):
    return node.tag.rpartition("}")[2]


def missing_or_unlisted(shape, value, path):
    """Required members that a parsed output lacks, and enum values that the model does not list."""
    if value is None:
        return []
    if shape.type_name == "structure":
        found = [f"{path}.{name} is required by {shape.name}" for name in shape.required_members if name not in value]
        for name, member in shape.members.items():
            if name in value:
                found += missing_or_unlisted(member, value[name], f"{path}.{name}")
        return found
    if shape.type_name == "list":
        return [f for v in value for f in missing_or_unlisted(shape.member, v, path + "[]")]
    if shape.type_name == "map":
        return [f for v in value.values() for f in missing_or_unlisted(shape.value, v, path + "{}")]
    if getattr(shape, "enum", None) and value not in shape.enum:
        return [f"{path} is {value!r}, which {shape.name} does not list"]
    return []
