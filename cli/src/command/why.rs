//! `lakewright why`: the chain from the manifest's lines to the statements that decide.

use clap::Args;

use crate::decision::{Question, answer, to_json};
use crate::exit::{Exit, Failure};
use crate::mesh::Day;
use crate::proof::{Scp, Source};
use crate::ui::Ui;

/// Show the chain from the manifest's lines to the statements that decide a request
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  lakewright why my-mesh --principal team/finance/Analysts --action s3:GetObject --resource dataset/sales

Exit codes: 0 allowed, 4 denied, 5 unknown.")]
pub(crate) struct WhyArgs {
    #[command(flatten)]
    source: Source,
    #[command(flatten)]
    question: Question,
    #[command(flatten)]
    scp: Scp,
    #[command(flatten)]
    day: Day,
}

pub(crate) fn run(arguments: &WhyArgs, ui: &mut Ui) -> Result<Exit, Failure> {
    let mut subject = match arguments.source.read(&arguments.day)? {
        Ok(subject) => subject,
        Err((report, sources)) => {
            ui.report(&report, &sources);
            return Ok(Exit::Usage);
        }
    };
    arguments.scp.add_to(&mut subject.world)?;
    let question = &arguments.question;
    let answer = answer(question, &subject)?;
    if ui.is_json() {
        ui.data(&format!("{:#}\n", to_json(question, &answer, &subject)));
        return Ok(answer.exit());
    }
    let mut text = String::new();
    match answer.rule {
        Some(rule) => {
            for line in subject.lines_of_rule(rule) {
                text.push_str(&format!("{line} asks for\n"));
            }
            let target = &rule.target;
            text.push_str(&format!(
                "  the grant: {} may {} {target} (stack {})\n",
                rule.principal, rule.access, rule.stack
            ));
        }
        None => text.push_str("no line of the manifest asks for it\n"),
    }
    for (document, statement) in &answer.verdict.statements {
        let verb = if statement.is_allow { "allows" } else { "denies" };
        text.push_str(&format!(
            "  the statement that {verb} it: {} {}\n",
            document.origin, statement.sid
        ));
        for line in subject.lines_of(document, statement) {
            text.push_str(&format!("    from {line}\n"));
        }
    }
    text.push_str(&format!(
        "so {} {} on {} is {}: {}\n",
        question.principal,
        question.action,
        answer.resource,
        answer.word(),
        answer.verdict.reason
    ));
    ui.data(&text);
    Ok(answer.exit())
}
