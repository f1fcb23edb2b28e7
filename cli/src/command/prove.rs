//! `lakewright prove`: the templates give what was asked for, nothing less and nothing more.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use crate::exit::{Exit, Failure};
use crate::findings::{gained, prove, show, to_json};
use crate::mesh::Day;
use crate::proof::{Scp, Source};
use crate::ui::{Ui, count};

/// Prove that the templates give exactly the access that the mesh asks for
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  lakewright prove my-mesh
  lakewright prove --assembly out              the templates as they were written
  lakewright prove my-mesh --format json
  lakewright prove my-mesh --assume the-mesh-before     a change gives nobody more access
  lakewright prove my-mesh --scp organization.json

Exit codes: 0 proven, 4 there are differences, each with a request that shows it.")]
pub(crate) struct ProveArgs {
    #[command(flatten)]
    source: Source,
    /// The mesh before a change: proves that the change keeps or narrows access
    #[arg(long, value_name = "MESH")]
    assume: Option<PathBuf>,
    #[command(flatten)]
    scp: Scp,
    #[command(flatten)]
    day: Day,
}

pub(crate) fn run(arguments: &ProveArgs, ui: &mut Ui) -> Result<Exit, Failure> {
    let mut subject = match arguments.source.read(&arguments.day)? {
        Ok(subject) => subject,
        Err((report, sources)) => {
            ui.report(&report, &sources);
            return Ok(Exit::No);
        }
    };
    arguments.scp.add_to(&mut subject.world)?;
    let mut findings = prove(&subject);
    if let Some(base) = &arguments.assume {
        let base = Source { mesh: Some(base.clone()), assembly: None };
        match base.read(&arguments.day)? {
            Ok(mut before) => {
                arguments.scp.add_to(&mut before.world)?;
                findings = findings.and(gained(&subject, &before));
            }
            Err((report, sources)) => {
                ui.report(&report, &sources);
                return Ok(Exit::Usage);
            }
        }
    }
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
