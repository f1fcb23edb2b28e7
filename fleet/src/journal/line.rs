//! One record as one line: its checksum, a space, and JSON.
//!
//! The checksum is made from the checksum of the line before and the JSON. So a line that was changed, removed, moved or
//! doubled is found.

use lakewright_template::StackAddress;
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use super::{Begun, Entry, FORMAT, Intent, Operation, hex};
use crate::machine::Outcome;
use crate::shard::Shard;

/// The checksum before the first line.
pub(super) const START: &str = "0000000000000000";

/// The number of characters of a checksum.
pub(super) const DIGITS: usize = 16;

/// The line of a record, with its line break. `before` is the checksum of the line before; for the first record it is empty.
pub fn encode(before: &str, entry: &Entry) -> String {
    let json = value(entry).to_string();
    let before = if before.is_empty() { START } else { before };
    format!("{} {json}\n", sum(before, &json))
}

/// The checksum of a line.
pub(super) fn sum(before: &str, json: &str) -> String {
    let digest = Sha256::new().chain_update(before).chain_update(json).finalize();
    hex(&digest, DIGITS / 2)
}

fn value(entry: &Entry) -> Value {
    match entry {
        Entry::Begun(Begun { run, mesh, plan, shard }) => json!({
            "is": "begun",
            "format": FORMAT,
            "run": run,
            "mesh": mesh,
            "plan": plan,
            "shard": shard.map(|shard| shard.to_string()),
        }),
        Entry::Resumed => json!({ "is": "resumed" }),
        Entry::Intends(Intent { address, operation, token, change_set, creates }) => json!({
            "is": "intends",
            "stack": address.to_string(),
            "operation": operation.as_str(),
            "token": token,
            "change_set": change_set,
            "creates": creates,
        }),
        Entry::Answered { token, error } => {
            json!({ "is": "answered", "token": token, "error": error })
        }
        Entry::Finished { address, outcome } => json!({
            "is": "finished",
            "stack": address.to_string(),
            "outcome": outcome.code(),
            "text": outcome.text(),
        }),
        Entry::Ended { stopped } => json!({ "is": "ended", "stopped": stopped }),
    }
}

/// Why the JSON of a line is not a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Wrong {
    /// Another version of the format.
    Format(String),
    /// Something else. The texts are what the line has and what was expected.
    Record {
        /// What the line has.
        got: String,
        /// What was expected.
        expected: &'static str,
    },
}

/// The record of a line's JSON.
pub(super) fn decode(json: &str) -> Result<Entry, Wrong> {
    let Ok(Value::Object(fields)) = serde_json::from_str(json) else {
        return Err(wrong(json, "a JSON object"));
    };
    let mut fields = Fields(fields);
    let entry = match fields.text("is")?.as_str() {
        "begun" => begun(&mut fields)?,
        "resumed" => Entry::Resumed,
        "intends" => intends(&mut fields)?,
        "answered" => {
            Entry::Answered { token: fields.text("token")?, error: fields.optional("error")? }
        }
        "finished" => finished(&mut fields)?,
        "ended" => Entry::Ended { stopped: fields.optional("stopped")? },
        other => return Err(wrong(other, "the name of a record")),
    };
    match fields.0.keys().next() {
        Some(name) => Err(wrong(name, "no further field")),
        None => Ok(entry),
    }
}

fn begun(fields: &mut Fields) -> Result<Entry, Wrong> {
    let format = fields.take("format");
    if format.as_u64() != Some(FORMAT) {
        return Err(Wrong::Format(format.to_string()));
    }
    let shard = match fields.optional("shard")? {
        None => None,
        Some(text) => Some(Shard::parse(&text).map_err(|_| wrong(&text, "a shard such as 3/8"))?),
    };
    let (run, mesh, plan) = (fields.text("run")?, fields.text("mesh")?, fields.text("plan")?);
    Ok(Entry::Begun(Begun { run, mesh, plan, shard }))
}

fn intends(fields: &mut Fields) -> Result<Entry, Wrong> {
    let word = fields.text("operation")?;
    let Some(operation) = Operation::parse(&word) else {
        return Err(wrong(&word, "the name of an operation"));
    };
    let Value::Bool(creates) = fields.take("creates") else {
        return Err(wrong("creates", "`true` or `false` in this field"));
    };
    Ok(Entry::Intends(Intent {
        address: fields.address()?,
        operation,
        token: fields.text("token")?,
        change_set: fields.optional("change_set")?,
        creates,
    }))
}

fn finished(fields: &mut Fields) -> Result<Entry, Wrong> {
    let address = fields.address()?;
    let (code, text) = (fields.text("outcome")?, fields.optional("text")?);
    match Outcome::parse(&code, text.as_deref()) {
        Some(outcome) => Ok(Entry::Finished { address, outcome }),
        None => Err(wrong(&code, "the name of an outcome, and a text only where it has one")),
    }
}

/// The fields of a record that were not read yet.
struct Fields(Map<String, Value>);

impl Fields {
    fn take(&mut self, name: &str) -> Value {
        self.0.remove(name).unwrap_or_default()
    }

    fn text(&mut self, name: &str) -> Result<String, Wrong> {
        self.optional(name)?.ok_or_else(|| wrong(name, "a text in this field"))
    }

    fn optional(&mut self, name: &str) -> Result<Option<String>, Wrong> {
        match self.take(name) {
            Value::Null => Ok(None),
            Value::String(text) => Ok(Some(text)),
            _ => Err(wrong(name, "a text in this field")),
        }
    }

    fn address(&mut self) -> Result<StackAddress, Wrong> {
        let text = self.text("stack")?;
        StackAddress::parse(&text).map_err(|_| wrong(&text, "a stack as ACCOUNT/REGION/NAME"))
    }
}

fn wrong(got: &str, expected: &'static str) -> Wrong {
    Wrong::Record { got: got.chars().take(60).collect(), expected }
}
