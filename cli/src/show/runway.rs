//! How much more fits, as text and as JSON.

use lakewright_analysis::words::count;
use lakewright_stacks::Runway;
use serde_json::{Value, json};

/// A line for people.
pub(crate) fn to_text(line: &Runway) -> String {
    let Runway { environment, what, more, before, used, limit, unit, then } = line;
    let then = then.map(|then| format!("; from there on {then}, and more fit")).unwrap_or_default();
    format!(
        "environment {environment}: {} more fit; the first limit is {before} ({used} of {limit} {unit}){then}\n",
        count(*more, what)
    )
}

/// The same for programs.
pub(crate) fn to_json(line: &Runway) -> Value {
    let Runway { environment, what, more, before, used, limit, unit, then } = line;
    json!({
        "environment": environment,
        "what": what,
        "more": more,
        "before": before,
        "used": used,
        "limit": limit,
        "unit": unit,
        "then": then,
    })
}
