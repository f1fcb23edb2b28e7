//! Shows how many more documents fit, as text and as JSON.

use lakewright_analysis::words::count;
use lakewright_stacks::Runway;
use serde_json::{Value, json};

/// A limit as a line for people.
pub(crate) fn to_text(line: &Runway) -> String {
    let Runway { environment, what, more, before, used, limit, unit, then } = line;
    let then = then
        .map(|then| format!("; after that {then}, and there is room for more"))
        .unwrap_or_default();
    format!(
        "environment {environment}: room for {}, limited by {before} ({used} of {limit} {unit}){then}\n",
        count(*more, &format!("more {what}"))
    )
}

/// A limit for programs.
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
