//! `lakewright why`: the chain from the manifest's lines to the statements that decide.

use clap::Args;
use lakewright_analysis::decision::decide;
use lakewright_analysis::subject::Keep;

use crate::arguments::question::Question;
use crate::arguments::subject::{Somewhere, SubjectArgs};
use crate::exit::{Exit, Failure};
use crate::show::{answer, folder};
use crate::ui::Ui;

/// Show the chain from the manifest's lines to the statements that decide a request
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  lakewright why my-mesh --principal team/dev/Sales --action s3:GetObject --resource dataset/orders
  lakewright why --assembly out --principal role/load --action s3:PutObject --resource bucket/raw/a

Exit codes: 0 allowed, 4 denied, 5 unknown.")]
pub(crate) struct WhyArgs {
    #[command(flatten)]
    subject: SubjectArgs,
    #[command(flatten)]
    somewhere: Somewhere,
    #[command(flatten)]
    question: Question,
}

pub(crate) fn run(arguments: &WhyArgs, ui: &mut Ui) -> Result<Exit, Failure> {
    let subject = arguments.subject.read_anybodys(Keep::Grants, &arguments.somewhere, ui)?;
    let Some(subject) = subject.as_deref() else { return Ok(Exit::Usage) };
    folder::say_changes(subject, ui);
    let question = arguments.question.asked();
    let found = decide(&question, subject)?;
    if ui.is_json() {
        ui.document(answer::to_json(&question, &found, subject));
    } else {
        ui.prose(&answer::to_chain(&question, &found, subject));
    }
    Ok(answer::exit(&found))
}
