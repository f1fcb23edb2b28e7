//! Edits that a finding suggests.

use lakewright_manifest::Diagnostic;
use serde_json::{Value, json};

use super::View;
use crate::findings::bytes;

/// The edits for the findings of a file whose range touches the given bytes.
pub(crate) fn actions(
    view: View<'_>,
    file: usize,
    findings: &[Diagnostic],
    asked: &std::ops::Range<usize>,
) -> Vec<Value> {
    let touched = |one: &&Diagnostic| {
        let range = bytes(view, file, one);
        range.start <= asked.end && asked.start <= range.end
    };
    let mut found = Vec::new();
    for one in findings.iter().filter(touched) {
        let Some(new) = suggestion(one) else { continue };
        let edit = json!({ "range": view.range(file, &bytes(view, file, one)), "newText": new });
        found.push(json!({
            "title": format!("Replace by `{new}`"),
            "kind": "quickfix",
            "isPreferred": true,
            "diagnostics": [crate::findings::shown(view, file, one)],
            "edit": { "changes": { view.uri(file): [edit] } },
        }));
    }
    found
}

/// The text that the help of a finding suggests for its place, if it suggests exactly one.
fn suggestion(finding: &Diagnostic) -> Option<&str> {
    const ASKED: &str = "did you mean `";
    let texts = [finding.help.as_deref(), Some(finding.message.as_str())];
    let mut meant = texts.into_iter().flatten().flat_map(|text| text.split(ASKED).skip(1));
    let (first, second) = (meant.next()?, meant.next());
    let (word, rest) = first.split_once('`')?;
    (second.is_none() && rest.starts_with('?')).then_some(word)
}

#[cfg(test)]
mod tests {
    use lakewright_manifest::Code;

    use super::*;

    #[test]
    fn only_a_single_suggestion_is_an_edit() {
        let with = |help: &str| Diagnostic::new(Code::UnknownKey, "`tem`").help(help);
        assert_eq!(suggestion(&with("did you mean `team`?")), Some("team"));
        assert_eq!(suggestion(&with("the kinds are `a`, `b`")), None);
        assert_eq!(suggestion(&with("did you mean `a`? did you mean `b`?")), None);
        let in_message =
            Diagnostic::new(Code::InvalidValue, "`eu-wst-1`; did you mean `eu-west-1`?");
        assert_eq!(suggestion(&in_message), Some("eu-west-1"));
    }
}
