//! `lakewright explain`: what a finding's code means.

use clap::Args;
use lakewright_manifest::Code;
use lakewright_proof::lint::Guardrail;

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
        let rules = Guardrail::ALL.iter().map(|rule| rule.code());
        let codes = Code::ALL.iter().map(|code| code.as_str());
        let mut codes: Vec<&str> = codes.chain(rules).collect();
        codes.sort_unstable();
        ui.data(&format!("{}\n", codes.join("\n")));
        return Ok(Exit::Done);
    }
    let name = arguments.code.as_deref().unwrap_or_default();
    match (Code::parse(name), Guardrail::parse(name)) {
        (Some(code), _) => {
            ui.data(code.page());
            Ok(Exit::Done)
        }
        (None, Some(rule)) => {
            ui.data(rule.page());
            Ok(Exit::Done)
        }
        (None, None) => Err(Failure::usage(format!(
            "`{name}` is no code; `lakewright explain --list` prints them all"
        ))),
    }
}
