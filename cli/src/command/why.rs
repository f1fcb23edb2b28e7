//! `lakewright why`: the chain from the manifest's lines to the statements that decide.

use std::fmt::Write as _;

use clap::Args;
use lakewright_proof::evaluate::Decision;

use crate::decision::{Question, answer, to_json};
use crate::exit::{Exit, Failure};
use crate::folder::Somewhere;
use crate::proof::{Keep, SubjectArgs};
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
    let Some(subject) = subject else { return Ok(Exit::Usage) };
    subject.note_changes(ui);
    let question = &arguments.question;
    let answer = answer(question, subject)?;
    if ui.is_json() {
        ui.data(&format!("{:#}\n", to_json(question, &answer, subject)));
        return Ok(answer.exit());
    }
    let mut text = String::new();
    match answer.rule {
        Some(rule) => {
            for line in subject.lines_of_rule(rule) {
                writeln!(text, "asked for at {line}").expect("a string takes all");
            }
            let target = &rule.target;
            writeln!(
                text,
                "  the grant: {} may {} {target} (stack {})",
                rule.principal, rule.access, rule.stack
            )
            .expect("a string takes all");
        }
        // Nobody asked for anything in templates of somebody else.
        None if subject.foreign.is_some() => {}
        None if answer.near.is_empty() => text.push_str("no line of the manifest asks for it\n"),
        None => text.push_str("no line of the manifest asks for it under these circumstances\n"),
    }
    // What stands against it is a list, of which this is the first; the last line has what decides otherwise.
    let is_listed = answer.verdict.decision == Decision::ImplicitDeny;
    if is_listed {
        writeln!(text, "  because {}", answer.verdict.reason).expect("a string takes all");
    }
    text.push_str(&answer.permission_line().unwrap_or_default());
    text.push_str(answer.session_line().unwrap_or_default());
    for (document, statement) in &answer.verdict.statements {
        let verb = if statement.is_allow { "allows" } else { "denies" };
        writeln!(text, "  the statement that {verb} it: {} {}", document.origin, statement.sid)
            .expect("a string takes all");
        for line in subject.lines_of(document, statement) {
            writeln!(text, "    from {line}").expect("a string takes all");
        }
    }
    text.push_str(&answer.near_lines(subject));
    let end = if is_listed { String::new() } else { format!(": {}", answer.verdict.reason) };
    writeln!(
        text,
        "so {} {} on {} is {}{end}",
        question.principal,
        question.action,
        answer.resource,
        answer.word(),
    )
    .expect("a string takes all");
    ui.prose(&text);
    Ok(answer.exit())
}
