//! A migration as a page and as JSON.

use std::fmt::Write as _;

use serde_json::{Value as Json, json};

use crate::migration::{Becomes, Call, Fate, Migration};
use crate::yaml::line;

impl Call {
    /// The command that sends the request, and the one that waits for its end.
    pub fn commands(&self) -> Vec<String> {
        let Self { service, operation, region, file, wait } = self;
        let mut commands = vec![format!(
            "aws {service} {operation} --region {region} --cli-input-json file://{file}"
        )];
        if let Some((waiter, arguments)) = wait {
            let arguments: Vec<String> =
                arguments.iter().map(|(name, value)| format!("{name} {value}")).collect();
            commands.push(format!(
                "aws {service} wait {waiter} --region {region} {}",
                arguments.join(" ")
            ));
        }
        commands
    }
}

/// The page.
pub(crate) fn markdown(migration: &Migration) -> String {
    let mut out = String::from(
        "# From data.all to the mesh\n\nRun the commands in this folder, with credentials of the account that the stack of a step is in. \
         Each step can be looked at before the next one. Until the first `delete`, data.all's stacks can go back to their templates.\n\n\
         ## Not known\n\n",
    );
    if migration.gaps.is_empty() {
        out.push_str("Nothing.\n");
    } else {
        out.push_str("| where | what | what to do |\n| --- | --- | --- |\n");
    }
    for gap in &migration.gaps {
        row(&mut out, [&gap.subject, &gap.unknown, &gap.todo]);
    }
    out.push_str("\n## Steps\n");
    for (number, step) in (1..).zip(&migration.steps) {
        let _ = write!(out, "\n### {number}. {}\n\n", escaped(&step.title));
        if let Some(stack) = &step.stack {
            let _ = write!(out, "Stack: `{}`\n\n", line(stack));
        }
        out.push_str(&line(&step.about).replace('<', "&lt;"));
        out.push('\n');
        let commands: Vec<String> = step
            .commands
            .iter()
            .cloned()
            .chain(step.calls.iter().flat_map(Call::commands))
            .collect();
        if !commands.is_empty() {
            out.push_str("\n```sh\n");
            for command in commands {
                out.push_str(&line(&command));
                out.push('\n');
            }
            out.push_str("```\n");
        }
    }
    out.push_str("\n## Where each resource goes\n\n| stack | resource | physical id | becomes |\n| --- | --- | --- | --- |\n");
    for fate in &migration.fates {
        let resource = format!("{} ({})", fate.logical_id, fate.resource_type);
        let physical = fate.physical_id.as_deref().unwrap_or("in no file");
        row(&mut out, [&fate.stack, &resource, physical, &becomes(fate)]);
    }
    out
}

fn row<const N: usize>(out: &mut String, cells: [&str; N]) {
    let cells = cells.map(escaped);
    let _ = writeln!(out, "| {} |", cells.join(" | "));
}

/// Text in one line that is no markup of Markdown or HTML.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    for c in line(text).chars() {
        if matches!(c, '|' | '<' | '>' | '[' | ']' | '\\' | '*' | '_' | '#' | '&' | '`') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

fn becomes(fate: &Fate) -> String {
    match &fate.becomes {
        Becomes::Moved { stack, logical_id } => format!("moves to {stack}, {logical_id}"),
        Becomes::Replaced { stack, logical_ids } => {
            format!("is deleted; in its place {} of {stack}", logical_ids.join(", "))
        }
        Becomes::Retained => "stays, without a stack".to_owned(),
        Becomes::Deleted => "is deleted; the new stacks have nothing of its type for it".to_owned(),
        Becomes::Stays => "stays as it is".to_owned(),
    }
}

/// The JSON.
pub(crate) fn json(migration: &Migration) -> Json {
    let gaps = migration
        .gaps
        .iter()
        .map(|gap| json!({ "subject": gap.subject, "unknown": gap.unknown, "todo": gap.todo }));
    let steps = migration.steps.iter().map(|step| {
        let calls = step.calls.iter().map(|call| {
            let wait = call.wait.as_ref().map(|(waiter, _)| *waiter);
            json!({
                "service": call.service,
                "operation": call.operation,
                "region": call.region,
                "file": call.file,
                "wait": wait,
                "commands": call.commands(),
            })
        });
        json!({
            "id": step.id,
            "title": step.title,
            "about": step.about,
            "stack": step.stack,
            "commands": step.commands,
            "calls": calls.collect::<Vec<Json>>(),
        })
    });
    let resources = migration.fates.iter().map(|fate| {
        let (word, stack, logical_ids): (&str, Option<&String>, Vec<&String>) = match &fate.becomes
        {
            Becomes::Moved { stack, logical_id } => ("moved", Some(stack), vec![logical_id]),
            Becomes::Replaced { stack, logical_ids } => {
                ("replaced", Some(stack), logical_ids.iter().collect())
            }
            Becomes::Retained => ("retained", None, Vec::new()),
            Becomes::Deleted => ("deleted", None, Vec::new()),
            Becomes::Stays => ("stays", None, Vec::new()),
        };
        json!({
            "stack": fate.stack,
            "logical_id": fate.logical_id,
            "resource_type": fate.resource_type,
            "physical_id": fate.physical_id,
            "becomes": word,
            "new_stack": stack,
            "new_logical_ids": logical_ids,
        })
    });
    json!({
        "version": 1,
        "unknown": gaps.collect::<Vec<Json>>(),
        "steps": steps.collect::<Vec<Json>>(),
        "resources": resources.collect::<Vec<Json>>(),
    })
}
