//! A rehearsal, for people and programs.

use std::collections::BTreeMap;
use std::time::Duration;

use lakewright_analysis::words::count;
use lakewright_fleet::machine::Outcome;
use lakewright_simulator::rehearsal::{Rehearsed, Risk};
use serde_json::{Value, json};

use crate::progress::duration;
use crate::show::table::table;
use crate::ui::Ui;
use crate::width::width;

/// Prints a rehearsal for people.
pub(crate) fn show(rehearsed: &Rehearsed, ui: &mut Ui) {
    let at_once = count(rehearsed.most_at_once, "stack");
    ui.data(&format!(
        "{} in the simulation, at most {at_once} at once\n\n",
        time(rehearsed.milliseconds)
    ));
    let path: Vec<[String; 3]> = rehearsed
        .path
        .iter()
        .map(|leg| {
            let took = time(leg.until.saturating_sub(leg.from));
            [leg.address.to_string(), time(leg.from), took]
        })
        .collect();
    if !path.is_empty() {
        ui.pieces(&table(["CRITICAL PATH", "STARTS AT", "TAKES"], &path, width()));
        ui.data("\n");
    }
    let calls: Vec<[String; 3]> = rehearsed
        .calls
        .iter()
        .map(|(account, calls)| {
            [account.to_string(), calls.all.to_string(), rate(calls.all, rehearsed.milliseconds)]
        })
        .collect();
    if !calls.is_empty() {
        ui.pieces(&table(["ACCOUNT", "REQUESTS", "IN A SECOND"], &calls, width()));
    }
    let risks: Vec<[String; 3]> =
        rehearsed
            .risks
            .iter()
            .map(|(address, risk)| {
                let (what, text) = words(risk);
                [address.to_string(), what.to_owned(), text]
            })
            .chain(rehearsed.failed().map(|(address, outcome)| {
                [address.to_string(), "failed".to_owned(), failure(outcome)]
            }))
            .chain(rehearsed.skipped.iter().map(|(address, because)| {
                [address.to_string(), "skipped".to_owned(), because.to_string()]
            }))
            .collect();
    if !risks.is_empty() {
        ui.data("\n");
        ui.pieces(&table(["COULD FAIL", "WHAT", "WHY"], &risks, width()));
    }
}

/// A rehearsal for programs.
pub(crate) fn to_json(rehearsed: &Rehearsed, seed: u64) -> Value {
    let path: Vec<Value> = rehearsed
        .path
        .iter()
        .map(|leg| {
            json!({
                "address": leg.address,
                "from_milliseconds": leg.from,
                "until_milliseconds": leg.until,
            })
        })
        .collect();
    let calls: BTreeMap<String, u64> =
        rehearsed.calls.iter().map(|(account, calls)| (account.to_string(), calls.all)).collect();
    let risks: Vec<Value> = rehearsed
        .risks
        .iter()
        .map(|(address, risk)| {
            let (what, text) = words(risk);
            json!({ "address": address, "what": what, "text": text })
        })
        .collect();
    let failed: Vec<Value> = rehearsed
        .failed()
        .map(|(address, outcome)| json!({ "address": address, "text": failure(outcome) }))
        .collect();
    let skipped: Vec<Value> = rehearsed
        .skipped
        .iter()
        .map(|(address, because)| json!({ "address": address, "text": because.to_string() }))
        .collect();
    json!({
        "version": 1,
        "seed": seed,
        "milliseconds": rehearsed.milliseconds,
        "most_at_once": rehearsed.most_at_once,
        "changed": rehearsed.outcomes.len(),
        "kept": rehearsed.kept,
        "critical_path": path,
        "requests": calls,
        "risks": risks,
        "failed": failed,
        "skipped": skipped,
    })
}

/// A risk: a word and a text.
fn words(risk: &Risk) -> (&'static str, String) {
    match risk {
        Risk::Resources { count, limit } => {
            ("resources", format!("{count} resources of at most {limit}"))
        }
        Risk::Bytes { count, limit } => ("size", format!("{count} bytes of at most {limit}")),
        Risk::Data { logical_id, kind } => {
            ("data", format!("{logical_id} ({kind}) is replaced or removed"))
        }
    }
}

fn failure(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Refused(text)
        | Outcome::Overtaken(text)
        | Outcome::NeedsAttention(text)
        | Outcome::Unreachable(text) => text.clone(),
        Outcome::RolledBack => "rolled back".to_owned(),
        Outcome::Declined => "declined".to_owned(),
        Outcome::Created | Outcome::Updated | Outcome::Unchanged | Outcome::Deleted => {
            String::new()
        }
    }
}

/// A time of the simulation in words.
fn time(milliseconds: u64) -> String {
    duration(Duration::from_millis(milliseconds))
}

/// Requests in a second, with one decimal.
fn rate(requests: u64, milliseconds: u64) -> String {
    let tenths = requests.saturating_mul(10_000) / milliseconds.max(1);
    format!("{}.{}", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_rates_are_rounded_down() {
        assert_eq!(time(59_999), "59 s");
        assert_eq!(time(61_000), "1 min 1 s");
        assert_eq!(rate(25, 10_000), "2.5");
        assert_eq!(rate(0, 0), "0.0");
    }
}
