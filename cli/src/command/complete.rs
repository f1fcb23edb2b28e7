//! `lakewright __complete`: the words that completion scripts offer.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use lakewright_analysis::mesh::{Loaded, load};
use lakewright_manifest::Mesh;
use lakewright_manifest::mesh::PivotMode;
use lakewright_stacks::{Plan, StackPlan};

use super::explain;
use crate::exit::Exit;
use crate::ui::Ui;

/// Print the words that begin with something, each in a line
#[derive(Debug, Args)]
pub(crate) struct CompleteArgs {
    /// What the words are
    words: Words,
    /// The mesh that has them
    mesh: PathBuf,
    /// What they begin with
    start: String,
}

/// What words are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Words {
    /// The codes of findings.
    Codes,
    /// The ids of datasets.
    Datasets,
    /// The ids of environments.
    Environments,
    /// The names of principals.
    Principals,
    /// The names of datasets, and of their tables and folders.
    Resources,
    /// The names of stacks.
    Stacks,
}

/// Prints the words. A mesh with errors offers none, because completion shows no findings.
pub(crate) fn run(arguments: &CompleteArgs, ui: &mut Ui) -> Exit {
    let mut words: Vec<String> = match arguments.words {
        Words::Codes => explain::codes().into_iter().map(str::to_owned).collect(),
        words => match load(&arguments.mesh) {
            Ok(Loaded { mesh: Some(mesh), .. }) => of_mesh(words, &mesh),
            Ok(Loaded { mesh: None, .. }) | Err(_) => Vec::new(),
        },
    };
    words.retain(|word| word.starts_with(&arguments.start));
    words.sort_unstable();
    words.dedup();
    if !words.is_empty() {
        ui.data(&format!("{}\n", words.join("\n")));
    }
    Exit::Done
}

fn of_mesh(words: Words, mesh: &Mesh) -> Vec<String> {
    match words {
        // Codes need no mesh.
        Words::Codes => Vec::new(),
        Words::Datasets => mesh.datasets.keys().map(ToString::to_string).collect(),
        Words::Environments => mesh.environments.keys().map(ToString::to_string).collect(),
        Words::Principals => principals(mesh),
        Words::Resources => resources(mesh),
        Words::Stacks => {
            let plan = Plan::of(mesh, None);
            // The names of bootstraps do not depend on what templates use.
            let bootstraps = plan.bootstraps(BTreeMap::new());
            let stacks = plan.stacks.iter().chain(&bootstraps);
            stacks.map(StackPlan::name).map(str::to_owned).collect()
        }
    }
}

fn principals(mesh: &Mesh) -> Vec<String> {
    let mut words = Vec::new();
    for (id, environment) in &mesh.environments {
        words.extend(environment.teams.iter().map(|team| format!("team/{id}/{}", team.team)));
        if mesh.tenant.pivot_role.mode == PivotMode::Auto {
            words.push(format!("pivot-role/{id}"));
        }
    }
    words.extend(mesh.datasets.keys().map(|id| format!("dataset-role/{id}")));
    let masked = mesh.data_access.grants.values().filter(|grant| !grant.views.is_empty());
    let masked: BTreeSet<_> = masked.map(|grant| grant.share.dataset.id()).collect();
    words.extend(masked.into_iter().map(|id| format!("definer/{id}")));
    words.extend(mesh.consumption_roles.keys().map(|id| format!("consumption-role/{id}")));
    words
}

fn resources(mesh: &Mesh) -> Vec<String> {
    let mut words = Vec::new();
    for (id, dataset) in &mesh.datasets {
        words.push(format!("dataset/{id}"));
        words.extend(dataset.tables.keys().map(|name| format!("dataset/{id}/table/{name}")));
        words.extend(dataset.folders.keys().map(|name| format!("dataset/{id}/folder/{name}")));
    }
    words
}
