"""Reads the lines of a trace file with the protobuf definition of OTLP, and prints the spans as JSON.

Usage: check_trace.py FILE

A line that is no `TracesData`, or has a field that the definition does not have, is an error. The JSON encoding of OTLP writes
ids as hexadecimal digits, where protobuf's own JSON has base64 ("JSON Protobuf Encoding" in the OTLP specification).
"""

import base64
import json
import sys
from typing import Any

from google.protobuf import json_format
from opentelemetry.proto.trace.v1.trace_pb2 import TracesData

IDS = {"traceId": 16, "spanId": 8, "parentSpanId": 8}


def with_base64(span: dict[str, Any]) -> dict[str, Any]:
    ids = {name: bytes.fromhex(span[name]) for name in IDS if span.get(name)}
    for name, value in ids.items():
        assert len(value) == IDS[name] and any(value), f"{name} of {span['name']}: {span[name]}"
    return {**span, **{name: base64.b64encode(value).decode() for name, value in ids.items()}}


def spans(line: str) -> list[dict[str, Any]]:
    data = json.loads(line)
    for resource in data["resourceSpans"]:
        for scope in resource["scopeSpans"]:
            scope["spans"] = [with_base64(span) for span in scope["spans"]]
    parsed = json_format.ParseDict(data, TracesData())
    return [{"name": span.name, "trace": span.trace_id.hex(), "id": span.span_id.hex(),
             "parent": span.parent_span_id.hex(), "start": span.start_time_unix_nano, "end": span.end_time_unix_nano,
             "status": span.status.code, "message": span.status.message, "kind": span.kind,
             "attributes": {one.key: one.value.string_value or one.value.int_value for one in span.attributes},
             "events": [event.name for event in span.events],
             "service": [one.value.string_value for one in resource.resource.attributes if one.key == "service.name"]}
            for resource in parsed.resource_spans for scope in resource.scope_spans for span in scope.spans]


found = [span for line in open(sys.argv[1], encoding="utf-8") for span in spans(line)]
json.dump(found, sys.stdout)
