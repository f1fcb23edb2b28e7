//! `lakewright explain`: what a finding's code means.

use clap::Args;
use lakewright_manifest::Code;

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
        let mut codes: Vec<&str> = Code::ALL.iter().map(|code| code.as_str()).collect();
        codes.sort_unstable();
        ui.data(&format!("{}\n", codes.join("\n")));
        return Ok(Exit::Done);
    }
    let name = arguments.code.as_deref().unwrap_or_default();
    match Code::parse(name) {
        Some(code) => {
            ui.data(code.page());
            Ok(Exit::Done)
        }
        None => Err(Failure::usage(format!(
            "`{name}` is no code; `lakewright explain --list` prints them all"
        ))),
    }
}
