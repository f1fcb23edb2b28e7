//! Guardrails: what no policy should say.

pub use lakewright_access::document::Origin;
pub use lakewright_guardrails::{Breach, Guardrail};

/// Each breach in a line.
pub(crate) fn lines(breaches: &[Breach]) -> String {
    let line = |breach: &Breach| {
        let Breach { rule, origin, sid, message } = breach;
        let statement = if sid.is_empty() { String::new() } else { format!(" {sid}") };
        format!("`{}` in {origin}{statement}: {message}", rule.code())
    };
    breaches.iter().map(line).collect::<Vec<_>>().join("\n")
}
