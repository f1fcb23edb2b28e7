//! `lakewright can`: one decision with its reasons.

use std::path::PathBuf;

use clap::Args;
use lakewright_analysis::decision::decide;
use lakewright_analysis::subject::{Keep, Subject};
use serde_json::json;

use crate::arguments::question::Question;
use crate::arguments::subject::{Somewhere, SubjectArgs};
use crate::exit::{Exit, Failure};
use crate::input;
use crate::show::{answer, folder};
use crate::ui::Ui;

/// Decide one request, with the reasons
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  lakewright can my-mesh --principal team/dev/Sales --action s3:GetObject --resource dataset/orders
  lakewright can . --principal team/dev/A --action lakeformation:SELECT --resource dataset/a/table/b
  lakewright can . --principal broker/b --action sts:AssumeRole --resource team/dev/Sales
  lakewright can . --principal team/dev/Sales --action kms:Decrypt --resource dataset/a --session me
  lakewright can my-mesh --batch questions.jsonl
  lakewright can --assembly out --principal role/load --action s3:PutObject --resource bucket/raw/a

`--context sts:ExternalId=abc` adds a condition key to the request; a key that is not given is absent.
`--session-policy session.json` is the policy that was given when the role was assumed.
A batch has a JSON object on each line: {\"principal\", \"action\", \"resource\",
\"context\": [\"KEY=VALUE\"], \"session\": \"NAME\"}.

Exit codes: 0 allowed, 4 denied, 5 unknown. For a batch: 2 if a line is not a question, else 4 if
one is denied, else 5 if one is unknown, else 0.")]
pub(crate) struct CanArgs {
    #[command(flatten)]
    subject: SubjectArgs,
    #[command(flatten)]
    somewhere: Somewhere,
    #[command(flatten)]
    question: Option<Question>,
    /// Answer the questions of a file, a JSON object on each line
    #[arg(long, value_name = "FILE", conflicts_with_all = ["principal", "action", "resource"])]
    batch: Option<PathBuf>,
    /// The policy, in JSON, that was given when the role was assumed: it limits what the session may do
    #[arg(long, value_name = "FILE")]
    session_policy: Option<PathBuf>,
}

pub(crate) fn run(arguments: &CanArgs, ui: &mut Ui) -> Result<Exit, Failure> {
    let session_policy = arguments.session_policy.as_deref();
    let somewhere = Some(&arguments.somewhere);
    let subject =
        arguments.subject.read_for_session(Keep::Grants, somewhere, session_policy, ui)?;
    let Some(subject) = subject.as_deref() else { return Ok(Exit::Usage) };
    folder::say_changes(subject, ui);
    if let Some(path) = &arguments.batch {
        return batch(path, subject, ui);
    }
    let Some(question) = &arguments.question else {
        return Err(Failure::usage(
            "a question (--principal, --action, --resource) or --batch is missing",
        ));
    };
    let question = question.asked();
    let found = decide(&question, subject)?;
    if ui.is_json() {
        ui.document(answer::to_json(&question, &found, subject));
    } else {
        ui.prose(&answer::to_text(&question, &found, subject));
    }
    Ok(answer::exit(&found))
}

fn batch(path: &std::path::Path, subject: &Subject, ui: &mut Ui) -> Result<Exit, Failure> {
    let text = input::text(path)?;
    if text.trim().is_empty() {
        let message =
            format!("{} has no question; expected a JSON object on each line", path.display());
        return Err(Failure::usage(message));
    }
    let mut worst = Exit::Done;
    for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let question: Result<Question, Failure> = serde_json::from_str(line).map_err(|error| {
            // The parser counts from the beginning of this line.
            let message = error.to_string().replace(" at line 1 column", ", column");
            Failure::usage(message)
        });
        let answered = question.and_then(|question| {
            let question = question.asked();
            let found = decide(&question, subject)?;
            Ok((question, found))
        });
        let exit = match answered {
            Ok((question, found)) => {
                ui.line_document(answer::to_json(&question, &found, subject));
                answer::exit(&found)
            }
            // The other questions are answered nevertheless, each on a line.
            Err(failure) => {
                let message = format!("{}:{}: {}", path.display(), number + 1, failure.message);
                ui.line_document(json!({ "version": 1, "error": message }));
                ui.error(&message);
                Exit::Usage
            }
        };
        worst = worse(worst, exit);
    }
    Ok(worst)
}

/// The exit of a batch after one more answer: invalid question first, then denied, then unknown.
fn worse(worst: Exit, next: Exit) -> Exit {
    let order = [Exit::Usage, Exit::No, Exit::Unknown];
    order.into_iter().find(|exit| [worst, next].contains(exit)).unwrap_or(Exit::Done)
}
