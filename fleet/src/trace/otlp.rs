//! Spans as lines of the OTLP file exporter: each line is one `TracesData` in the JSON encoding of OTLP.
//!
//! Sources: "OpenTelemetry Protocol File Exporter" and "JSON Protobuf Encoding" in the OpenTelemetry specification: ids are
//! hexadecimal instead of base64, names are in lower camel case, enum values are numbers, and 64-bit numbers are text.

use serde_json::{Value, json};

/// The kind of a span. Source: `SpanKind` in `opentelemetry/proto/trace/v1/trace.proto`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Work within the program.
    Internal,
    /// A request to a service, and what it began.
    Client,
}

/// How the work of a span ended. Source: `Status.StatusCode` there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum SpanStatus {
    /// Nothing is said.
    Unset,
    /// Well.
    Ok,
    /// Badly, with the reason.
    Error(String),
}

/// A key and its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Attribute {
    key: &'static str,
    value: Value,
}

impl Attribute {
    pub(super) fn text(key: &'static str, text: impl Into<String>) -> Self {
        let text: String = text.into();
        Self { key, value: json!({ "stringValue": text }) }
    }

    pub(super) fn number(key: &'static str, number: u64) -> Self {
        Self { key, value: json!({ "intValue": number.to_string() }) }
    }

    fn json(&self) -> Value {
        json!({ "key": self.key, "value": self.value })
    }
}

/// Something that happened during a span: an event of the span.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Happening {
    /// Its name.
    pub(super) name: &'static str,
    /// When it happened.
    pub(super) at: u64,
    /// What is known of it.
    pub(super) attributes: Vec<Attribute>,
}

/// A span that has ended.
#[derive(Debug)]
pub(super) struct Span {
    pub(super) id: String,
    pub(super) parent: Option<String>,
    pub(super) name: String,
    pub(super) kind: Kind,
    pub(super) begun: u64,
    pub(super) ended: u64,
    pub(super) attributes: Vec<Attribute>,
    pub(super) happenings: Vec<Happening>,
    pub(super) status: SpanStatus,
}

impl Span {
    fn json(&self, trace: &str) -> Value {
        let kind = match self.kind {
            Kind::Internal => 1,
            Kind::Client => 3,
        };
        let status = match &self.status {
            SpanStatus::Unset => json!({}),
            SpanStatus::Ok => json!({ "code": 1 }),
            SpanStatus::Error(message) => json!({ "message": message, "code": 2 }),
        };
        let events = self.happenings.iter().map(|one| {
            json!({
                "timeUnixNano": one.at.to_string(),
                "name": one.name,
                "attributes": attributes(&one.attributes),
            })
        });
        json!({
            "traceId": trace,
            "spanId": self.id,
            // A span without a parent has an empty id here.
            "parentSpanId": self.parent.as_deref().unwrap_or_default(),
            "name": self.name,
            "kind": kind,
            "startTimeUnixNano": self.begun.to_string(),
            "endTimeUnixNano": self.ended.to_string(),
            "attributes": attributes(&self.attributes),
            "events": events.collect::<Vec<_>>(),
            "status": status,
        })
    }
}

fn attributes(list: &[Attribute]) -> Vec<Value> {
    list.iter().map(Attribute::json).collect()
}

/// One line with these spans, with its line break.
pub(super) fn line(trace: &str, version: &str, spans: &[Span]) -> String {
    let resource = [
        Attribute::text("service.name", "lakewright".to_owned()),
        Attribute::text("service.version", version.to_owned()),
    ];
    let spans: Vec<Value> = spans.iter().map(|span| span.json(trace)).collect();
    let data = json!({
        "resourceSpans": [{
            "resource": { "attributes": attributes(&resource) },
            "scopeSpans": [{ "scope": { "name": "lakewright", "version": version }, "spans": spans }],
        }],
    });
    format!("{data}\n")
}
