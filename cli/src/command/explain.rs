//! `lakewright explain`: what a finding's code means.

use clap::Args;
use lakewright_analysis::decision::nearest;
use lakewright_guardrails::Guardrail;
use lakewright_manifest::Code;
use serde_json::json;

use crate::exit::{Exit, Failure};
use crate::ui::Ui;

/// Explain a finding's code
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  lakewright explain unknown-reference
  lakewright explain --list")]
pub(crate) struct ExplainArgs {
    /// The code, such as `unknown-reference`
    #[arg(required_unless_present = "list")]
    code: Option<String>,
    /// Print every code
    #[arg(long)]
    list: bool,
}

pub(crate) fn run(arguments: &ExplainArgs, ui: &mut Ui) -> Result<Exit, Failure> {
    if arguments.list {
        let codes = codes();
        if ui.is_json() {
            ui.document(json!({ "version": 1, "codes": codes }));
        } else {
            ui.data(&format!("{}\n", codes.join("\n")));
        }
        return Ok(Exit::Done);
    }
    let name = arguments.code.as_deref().unwrap_or_default();
    let finding = Code::parse(name).map(|code| (code.as_str(), code.page()));
    let guardrail = || Guardrail::parse(name).map(|rule| (rule.code(), rule.page()));
    let Some((code, page)) = finding.or_else(guardrail) else {
        let hint = match nearest(name, codes().into_iter()) {
            Some(like) => format!("did you mean `{like}`?"),
            None => "`lakewright explain --list` prints all codes".to_owned(),
        };
        return Err(Failure::usage(format!("`{name}` is not a code; {hint}")));
    };
    if ui.is_json() {
        ui.document(json!({ "version": 1, "code": code, "page": page }));
    } else {
        ui.page(page);
    }
    Ok(Exit::Done)
}

/// Every code, sorted.
pub(super) fn codes() -> Vec<&'static str> {
    let rules = Guardrail::ALL.iter().map(|rule| rule.code());
    let mut codes: Vec<&str> = Code::ALL.iter().map(|code| code.as_str()).chain(rules).collect();
    codes.sort_unstable();
    codes
}
