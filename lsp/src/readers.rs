//! Who reads a dataset, from the documents: for a line above it in an editor. `prove` and `access` say it from the
//! templates.

use std::collections::BTreeMap;

use lakewright_manifest::mesh::Dataset;
use lakewright_manifest::{Date, Mesh};

/// Somebody who reads a dataset.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Reader {
    /// The team, or the consumption role.
    pub(crate) name: String,
    /// Why: it owns the dataset, is its steward, or has a share.
    pub(crate) why: String,
}

/// The readers of each dataset, by its id.
pub(crate) fn readers(mesh: &Mesh, as_of: Option<&Date>) -> BTreeMap<String, Vec<Reader>> {
    let mut found: BTreeMap<String, Vec<Reader>> =
        mesh.datasets.iter().map(|(id, dataset)| (id.to_string(), of_its_own(dataset))).collect();
    for (id, share) in &mesh.shares {
        if !share.is_live(as_of) {
            continue;
        }
        let name = share.consumption_role.as_ref().map_or_else(
            || format!("team {}", share.team),
            |role| format!("consumption role {} of team {}", role.id(), share.team),
        );
        let part = share.items.len();
        let items = if part == 1 { "1 item".to_owned() } else { format!("{part} items") };
        let reader = Reader { name, why: format!("share `{id}` of {items}") };
        found.entry(share.dataset.id().to_string()).or_default().push(reader);
    }
    for readers in found.values_mut() {
        readers.sort();
    }
    found
}

fn of_its_own(dataset: &Dataset) -> Vec<Reader> {
    let mut found =
        vec![Reader { name: format!("team {}", dataset.team), why: "owner".to_owned() }];
    for steward in &dataset.stewards {
        // Stewards of other environments approve shares, and do not read.
        if *steward != dataset.team && dataset.environment.team_named(steward).is_some() {
            found.push(Reader { name: format!("team {steward}"), why: "steward".to_owned() });
        }
    }
    found
}

/// How many teams and roles there are among readers.
pub(crate) fn different(readers: &[Reader]) -> usize {
    let mut names: Vec<&str> = readers.iter().map(|reader| reader.name.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    names.len()
}
