//! `lakewright ls`: the stacks of a mesh.

use std::collections::BTreeSet;
use std::path::PathBuf;

use clap::Args;
use lakewright_analysis::synthesis::synthesize_all;
use lakewright_analysis::words::count;
use lakewright_stacks::Plan;
use lakewright_template::StackAddress;
use lakewright_template::assembly::StackEntry;
use serde_json::{Value, json};

use crate::arguments::day::Day;
use crate::exit::{Exit, Failure};
use crate::show::table::table;
use crate::ui::Ui;
use crate::width::width;

/// List the stacks of a mesh
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  lakewright ls my-mesh
  lakewright ls my-mesh --format json

The stacks that a stack depends on are deployed before it. Those in the same account and region are
listed by name alone. Dependencies are derived from the templates, which are made but not written.")]
pub(crate) struct LsArgs {
    /// The mesh's folder, or a single file [default: the current folder]
    #[arg(default_value = ".", hide_default_value = true)]
    mesh: PathBuf,
    #[command(flatten)]
    day: Day,
}

pub(crate) fn run(arguments: &LsArgs, ui: &mut Ui) -> Result<Exit, Failure> {
    let loaded = ui.load(&arguments.mesh)?;
    let Some(mesh) = loaded.mesh else {
        ui.report(&loaded.report, &loaded.sources);
        return Ok(Exit::No);
    };
    let plan = Plan::of(&mesh, arguments.day.as_of.as_ref());
    let (found, mut report) = synthesize_all(&plan)?;
    report.extend(plan.report);
    if report.has_errors() {
        ui.report(&report.sorted(), &loaded.sources);
        return Ok(Exit::No);
    }
    let mut stacks: Vec<StackEntry> = found.into_iter().map(|one| one.stack.entry).collect();
    stacks.sort_by_cached_key(StackEntry::address);
    if ui.is_json() {
        let stacks: Vec<Value> = stacks.iter().map(to_json).collect();
        ui.document(json!({ "version": 1, "stacks": stacks }));
        return Ok(Exit::Done);
    }
    let rows: Vec<[String; 3]> = stacks.iter().map(row).collect();
    ui.pieces(&table(["STACK", "KIND", "DEPENDS ON"], &rows, width()));
    let accounts: BTreeSet<&str> = stacks.iter().map(|stack| stack.account.as_str()).collect();
    let (number, accounts) = (count(stacks.len(), "stack"), count(accounts.len(), "account"));
    ui.note(&format!("{number} in {accounts}"));
    Ok(Exit::Done)
}

fn to_json(stack: &StackEntry) -> Value {
    json!({
        "address": stack.address(),
        "account": stack.account,
        "region": stack.region,
        "name": stack.name,
        "kind": stack.kind,
        "id": stack.id,
        "depends_on": stack.depends_on,
    })
}

fn row(stack: &StackEntry) -> [String; 3] {
    let here = stack.place();
    let short = |address: &StackAddress| {
        if address.place == here { address.name.clone() } else { address.to_string() }
    };
    let others: Vec<String> = stack.depends_on.iter().map(short).collect();
    let others = if others.is_empty() { "-".to_owned() } else { others.join(", ") };
    [stack.address().to_string(), stack.kind.to_string(), others]
}
