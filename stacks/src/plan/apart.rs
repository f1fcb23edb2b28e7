//! Checks that no name begins with the full name of a team or dataset.
//!
//! Policies cover names with such a prefix: what a team creates, the logs of a dataset's jobs. Each name ends in eight
//! unique characters, so a conflict is possible only with an id that contains them.

use std::collections::BTreeMap;

use lakewright_manifest::diagnostic::Origin;
use lakewright_manifest::mesh::Environment;
use lakewright_manifest::{Code, Diagnostic, Id, Mesh, Report};

use crate::Names;

/// The name of a resource that a mesh creates.
struct Named {
    name: String,
    /// A description, such as ``team `Analysts` ``.
    what: String,
    origin: Origin,
    /// Whether policies cover names that begin with it.
    is_beginning: bool,
}

/// The findings on the names of a mesh.
pub(super) fn check(mesh: &Mesh) -> Report {
    let mut report = Report::new();
    let mut accounts: BTreeMap<&str, Vec<Named>> = BTreeMap::new();
    for environment in mesh.environments.values() {
        let named = accounts.entry(environment.account.as_str()).or_default();
        named.extend(of_teams(mesh, environment));
        named.extend(of_documents(mesh, environment));
    }
    for mut named in accounts.into_values() {
        named.sort_by(|a, b| a.name.cmp(&b.name));
        // In this order, the names that begin with a name directly follow it.
        let mut shorter: Option<&Named> = None;
        for one in &named {
            match shorter.filter(|shorter| one.name.starts_with(&shorter.name)) {
                Some(shorter) => report.push(finding(shorter, one)),
                None if one.is_beginning => shorter = Some(one),
                None => {}
            }
        }
    }
    report
}

fn finding(shorter: &Named, longer: &Named) -> Diagnostic {
    let message = format!(
        "the name `{}` of {} begins like `{}` of {}, both in one account",
        longer.name, longer.what, shorter.name, shorter.what
    );
    Diagnostic::new(Code::NestedPrefix, message)
        .at(longer.origin, "the longer name")
        .and(shorter.origin, "the shorter one")
        .help("policies name what begins with the shorter one; choose another id or team for the longer one")
}

fn of_teams(mesh: &Mesh, environment: &Environment) -> impl Iterator<Item = Named> {
    let names = Names::new(mesh);
    environment.teams.iter().map(move |member| Named {
        name: names.team(environment, &member.team),
        what: format!("team `{}`", member.team),
        origin: member.origin,
        is_beginning: true,
    })
}

fn of_documents(mesh: &Mesh, environment: &Environment) -> Vec<Named> {
    let names = Names::new(mesh);
    let own = &environment.header.id;
    let is_here = |place: &Id| place == own;
    let called = |kind: &str, id: &Id, origin: Origin, name: String| Named {
        name,
        what: format!("{kind} `{id}`"),
        origin,
        is_beginning: kind == "dataset",
    };
    let mut all = Vec::new();
    for dataset in mesh.datasets.values().filter(|one| is_here(one.environment.id())) {
        let name = names.dataset_role(environment, dataset);
        all.push(called("dataset", &dataset.header.id, dataset.header.origin, name));
    }
    for notebook in mesh.notebooks.values().filter(|one| is_here(one.environment.id())) {
        let id = &notebook.header.id;
        all.push(called("notebook", id, notebook.header.origin, names.notebook(environment, id)));
    }
    for profile in mesh.studio_profiles.values().filter(|one| is_here(one.environment.id())) {
        let id = &profile.header.id;
        let name = names.studio_profile(environment, id);
        all.push(called("studio profile", id, profile.header.origin, name));
    }
    for pipeline in mesh.pipelines.values().filter(|one| is_here(one.environment.id())) {
        let id = &pipeline.header.id;
        let name = names.pipeline(environment, id, "");
        all.push(called("pipeline", id, pipeline.header.origin, name));
    }
    all
}
