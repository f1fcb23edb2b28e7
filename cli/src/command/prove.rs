//! `lakewright prove`: the templates give what was asked for, nothing less and nothing more.

use clap::Args;
use lakewright_proof::prove::{Difference, DifferenceKind, Findings, Proof};
use rayon::iter::{IntoParallelIterator as _, IntoParallelRefIterator as _, ParallelIterator as _};
use serde_json::json;

use crate::exit::{Exit, Failure};
use crate::mesh::Day;
use crate::proof::{Source, Subject};
use crate::ui::{Ui, count};

/// Prove that the templates give exactly the access that the mesh asks for
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  lakewright prove my-mesh
  lakewright prove --assembly out              the templates as they were written
  lakewright prove my-mesh --format json

Exit codes: 0 proven, 4 there are differences, each with a request that shows it.")]
pub(crate) struct ProveArgs {
    #[command(flatten)]
    source: Source,
    #[command(flatten)]
    day: Day,
}

pub(crate) fn run(arguments: &ProveArgs, ui: &mut Ui) -> Result<Exit, Failure> {
    let subject = match arguments.source.read(&arguments.day)? {
        Ok(subject) => subject,
        Err((report, sources)) => {
            ui.report(&report, &sources);
            return Ok(Exit::No);
        }
    };
    let findings = prove(&subject);
    if ui.is_json() {
        let differences: Vec<_> =
            findings.differences.iter().map(|one| to_json(one, &subject)).collect();
        let data = json!({
            "version": 1,
            "requests": findings.requests,
            "stacks": subject.stacks.len(),
            "differences": differences,
        });
        ui.data(&format!("{data:#}\n"));
    } else {
        for difference in &findings.differences {
            ui.data(&show(difference, &subject));
        }
    }
    if findings.differences.is_empty() {
        ui.note(&format!(
            "{} is proven: {} give exactly what was asked for, by {} requests",
            arguments.source.path().display(),
            count(subject.stacks.len(), "stack"),
            findings.requests
        ));
        return Ok(Exit::Done);
    }
    ui.error(&count(findings.differences.len(), "difference"));
    Ok(Exit::No)
}

/// Both directions, in as many threads as there are cores.
pub(crate) fn prove(subject: &Subject) -> Findings {
    let Subject { world, intended, .. } = subject;
    let proof = Proof { world, intended };
    let missing = || {
        let principals = intended.principals();
        let each = principals.par_iter().map(|(arn, rules)| proof.missing(arn, rules));
        each.reduce(Findings::default, Findings::and)
    };
    let more = || {
        let roles = world.roles.par_iter().map(|(_, role)| proof.more_of_role(role));
        let resources = world.resources.par_iter().map(|(arn, resource)| {
            let mut findings = Findings::default();
            if let Some(policy) = &resource.policy {
                proof.more_of_policy(policy, arn, &mut findings);
            }
            findings
        });
        let lake = (&world.lake.grants).into_par_iter();
        let lake = lake.map(|(principal, grants)| proof.more_of_lake(principal, grants));
        roles.chain(resources).chain(lake).reduce(Findings::default, Findings::and)
    };
    let undenied = || {
        let each = intended.denials().par_iter().map(|(arn, rule)| proof.undenied(arn, rule));
        each.reduce(Findings::default, Findings::and)
    };
    let (missing, (more, undenied)) = rayon::join(missing, || rayon::join(more, undenied));
    let mut findings = missing.and(more).and(undenied);
    findings.differences.sort();
    findings.differences.dedup();
    findings
}

fn lines(difference: &Difference, subject: &Subject) -> Vec<String> {
    if !difference.because.is_empty() {
        return difference.because.clone();
    }
    let stack = subject.provenance.stacks.get(&difference.stack);
    stack.and_then(|parts| parts.get("*")).cloned().unwrap_or_default()
}

fn show(difference: &Difference, subject: &Subject) -> String {
    let Difference {
        kind, principal, action, resource, context, statements, reason, stack, ..
    } = difference;
    let head = match kind {
        DifferenceKind::Missing => "missing",
        DifferenceKind::More => "too much",
    };
    let name = subject.intended.name_of(principal).unwrap_or(principal);
    let mut text = format!("{head}: {name} {action} {resource}\n  principal: {principal}\n");
    for (key, values) in context {
        text.push_str(&format!("  when {key} = {}\n", values.join(", ")));
    }
    text.push_str(&format!("  because {reason}\n"));
    for (origin, sid) in statements {
        text.push_str(&format!("  statement: {origin} {sid}\n"));
    }
    text.push_str(&format!("  stack: {stack}\n"));
    for line in lines(difference, subject) {
        text.push_str(&format!("  asked for at {line}\n"));
    }
    text
}

fn to_json(difference: &Difference, subject: &Subject) -> serde_json::Value {
    let Difference {
        kind, principal, action, resource, context, statements, reason, stack, ..
    } = difference;
    let context: serde_json::Map<_, _> =
        context.iter().map(|(key, values)| (key.clone(), json!(values))).collect();
    let statements: Vec<_> = statements
        .iter()
        .map(|(origin, sid)| {
            json!({ "stack": origin.stack, "logical_id": origin.logical_id, "property": origin.property, "sid": sid })
        })
        .collect();
    json!({
        "kind": match kind {
            DifferenceKind::Missing => "missing",
            DifferenceKind::More => "more",
        },
        "principal": principal,
        "name": subject.intended.name_of(principal),
        "action": action,
        "resource": resource,
        "context": context,
        "statements": statements,
        "reason": reason,
        "stack": stack,
        "asked_for_at": lines(difference, subject),
    })
}
