//! Shows how many more documents fit, as text and as JSON.

use lakewright_stacks::Runway;
use serde_json::{Value, json};

/// A limit as a line for people.
pub(crate) fn to_text(line: &Runway) -> String {
    let Runway { environment, what, more, before, used, limit, unit, then } = line;
    let whose = environment
        .as_ref()
        .map_or_else(|| "the mesh".to_owned(), |environment| format!("environment {environment}"));
    let then = then
        .map(|then| format!("; after that {then}, and there is room for more"))
        .unwrap_or_default();
    let what = match (more, what.strip_suffix('y')) {
        (1, _) => (*what).to_owned(),
        (_, Some(stem)) => format!("{stem}ies"),
        (_, None) => format!("{what}s"),
    };
    format!(
        "{whose}: room for {more} more {what}, limited by {before} ({used} of {limit} {unit}){then}\n"
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
