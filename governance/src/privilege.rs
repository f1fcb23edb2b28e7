//! The privileges, the kinds of resources that each is about, and which others each implies.

use std::collections::{BTreeMap, BTreeSet};

use lakewright_manifest::document::all_privileges;
use lakewright_manifest::mesh::EnvironmentPermission;
use serde::Deserialize;

use crate::kind::ResourceKind;

/// The privileges that imply others, with their sources.
const IMPLICATIONS: &str = include_str!("../data/implications.json");
/// The groups of privileges. Each is an action group in Cedar.
pub(crate) const GROUPS: [&str; 4] = ["data.*", "lifecycle.*", "metadata.*", "platform.*"];

/// What data.all decides at run time beside the permissions in environments. No document can grant these privileges:
/// they follow from the mesh.
const LIFE_CYCLE: [(&str, ResourceKind); 17] = [
    ("lifecycle.approve_share", ResourceKind::Share),
    ("lifecycle.archive_organization", ResourceKind::Organization),
    ("lifecycle.create_organization", ResourceKind::Tenant),
    ("lifecycle.edit_consumption_role", ResourceKind::ConsumptionRole),
    ("lifecycle.edit_dataset", ResourceKind::Dataset),
    ("lifecycle.edit_environment", ResourceKind::Environment),
    ("lifecycle.edit_organization", ResourceKind::Organization),
    ("lifecycle.give_domain_access", ResourceKind::Domain),
    ("lifecycle.link_environment", ResourceKind::Organization),
    ("lifecycle.manage_stack", ResourceKind::Environment),
    ("lifecycle.reject_share", ResourceKind::Share),
    ("lifecycle.revoke_share", ResourceKind::Share),
    ("lifecycle.set_tenant_permissions", ResourceKind::Tenant),
    ("lifecycle.share_dashboard", ResourceKind::Dashboard),
    ("lifecycle.submit_share", ResourceKind::Share),
    ("lifecycle.view_dashboard", ResourceKind::Dashboard),
    ("lifecycle.view_environment", ResourceKind::Environment),
];

/// Kinds with metadata: all but those that only the life cycle is about.
const WITH_METADATA: [ResourceKind; 17] = [
    ResourceKind::Organization,
    ResourceKind::Environment,
    ResourceKind::Domain,
    ResourceKind::Dataset,
    ResourceKind::Table,
    ResourceKind::Column,
    ResourceKind::Folder,
    ResourceKind::Worksheet,
    ResourceKind::Notebook,
    ResourceKind::StudioProfile,
    ResourceKind::Pipeline,
    ResourceKind::Dashboard,
    ResourceKind::Glossary,
    ResourceKind::Term,
    ResourceKind::Tag,
    ResourceKind::Team,
    ResourceKind::User,
];

/// One row of the table of implications.
#[derive(Debug, Deserialize)]
struct Implication {
    privilege: String,
    others: Vec<String>,
    /// Where the row comes from. Nothing decides by it, and no row is without.
    #[serde(rename = "source")]
    _source: String,
}

#[derive(Debug, Deserialize)]
struct Implications {
    /// A grant and a denial of the privilege hold for the others as well.
    covers: Vec<Implication>,
    /// A grant of the privilege holds for the others as well.
    grants: Vec<Implication>,
}

/// A privilege, as its number in [`Privileges`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Privilege(pub(crate) usize);

/// All privileges, in the order of their names.
#[derive(Debug)]
pub struct Privileges {
    names: Vec<String>,
    about: Vec<Vec<ResourceKind>>,
    covers: BTreeMap<Privilege, Vec<Privilege>>,
    grants: BTreeMap<Privilege, Vec<Privilege>>,
}

impl Privileges {
    /// The privileges that documents can name, and those of the life cycle.
    pub fn known() -> Self {
        let documents = all_privileges().into_iter().filter(|name| !name.ends_with('*'));
        let life_cycle = LIFE_CYCLE.into_iter().map(|(name, _)| name.to_owned());
        let permitted = EnvironmentPermission::ALL.into_iter().map(permitted);
        let names: BTreeSet<String> = documents.chain(life_cycle).chain(permitted).collect();
        let names: Vec<String> = names.into_iter().collect();
        let about = names.iter().map(|name| about(name)).collect();
        let mut known = Self { names, about, covers: BTreeMap::new(), grants: BTreeMap::new() };
        let table: Implications =
            serde_json::from_str(IMPLICATIONS).expect("the table of implications is valid");
        known.covers = known.rows(table.covers);
        known.grants = known.rows(table.grants);
        known
    }

    fn rows(&self, rows: Vec<Implication>) -> BTreeMap<Privilege, Vec<Privilege>> {
        let numbered = |name: &String| self.named(name).expect("the table names privileges");
        let rows = rows.into_iter();
        rows.map(|row| (numbered(&row.privilege), row.others.iter().map(numbered).collect()))
            .collect()
    }

    /// The privilege with a name.
    pub fn named(&self, name: &str) -> Option<Privilege> {
        let found = self.names.binary_search_by(|known| known.as_str().cmp(name));
        found.ok().map(Privilege)
    }

    /// The name of a privilege.
    pub fn name(&self, privilege: Privilege) -> &str {
        &self.names[privilege.0]
    }

    /// All privileges.
    pub fn all(&self) -> impl Iterator<Item = Privilege> + '_ {
        (0..self.names.len()).map(Privilege)
    }

    /// All names, for suggestions.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(String::as_str)
    }

    /// The kinds of resources that a privilege is about.
    pub fn about(&self, privilege: Privilege) -> &[ResourceKind] {
        &self.about[privilege.0]
    }

    /// The privileges that a grant of the given ones and groups gives.
    pub(crate) fn granted(&self, names: &[String]) -> BTreeSet<Privilege> {
        let mut all = self.denied(names);
        let more: Vec<Privilege> = all
            .iter()
            .filter_map(|privilege| self.grants.get(privilege))
            .flatten()
            .copied()
            .collect();
        all.extend(more);
        all
    }

    /// The privileges that a denial of the given ones and groups takes.
    pub(crate) fn denied(&self, names: &[String]) -> BTreeSet<Privilege> {
        let mut all = BTreeSet::new();
        for name in names {
            match name.strip_suffix('*') {
                Some(group) => all.extend(self.in_group(group)),
                None => all.extend(self.named(name)),
            }
        }
        let more: Vec<Privilege> = all
            .iter()
            .filter_map(|privilege| self.covers.get(privilege))
            .flatten()
            .copied()
            .collect();
        all.extend(more);
        all
    }

    fn in_group(&self, prefix: &str) -> impl Iterator<Item = Privilege> {
        self.all().filter(move |privilege| self.name(*privilege).starts_with(prefix))
    }

    /// Whether a privilege only reads.
    pub(crate) fn only_reads(&self, privilege: Privilege) -> bool {
        let name = self.name(privilege);
        let last = name.rsplit_once('.').map_or(name, |(_, last)| last);
        ["view_", "get_", "read", "search", "exists_", "list_", "query", "preview", "explain_"]
            .iter()
            .any(|beginning| last.starts_with(beginning))
            && last != "read_write"
    }
}

/// The privilege that a permission in an environment gives.
pub(crate) fn permitted(permission: EnvironmentPermission) -> String {
    format!("lifecycle.{}", permission.as_str())
}

/// The kinds of resources that a privilege is about, by its name.
fn about(name: &str) -> Vec<ResourceKind> {
    if let Some((_, kind)) = LIFE_CYCLE.iter().find(|(known, _)| *known == name) {
        return vec![*kind];
    }
    let Some((group, rest)) = name.split_once('.') else { return Vec::new() };
    match (group, rest.split_once('.').map(|(thing, _)| thing)) {
        ("data", _) => ResourceKind::WITH_DATA.to_vec(),
        ("platform", _) => vec![ResourceKind::Tenant],
        ("lifecycle", _) => vec![ResourceKind::Environment],
        ("metadata", None) => WITH_METADATA.to_vec(),
        ("metadata", Some("dataset" | "data_quality")) => {
            vec![ResourceKind::Dataset, ResourceKind::Table, ResourceKind::Column]
        }
        ("metadata", Some("domain")) => vec![ResourceKind::Domain],
        ("metadata", Some("glossary" | "term_group")) => {
            vec![ResourceKind::Glossary, ResourceKind::Term]
        }
        ("metadata", Some("group")) => vec![ResourceKind::Team],
        ("metadata", Some("tag")) => vec![ResourceKind::Tag],
        ("metadata", Some("user")) => vec![ResourceKind::User],
        // A privilege about nothing could never be granted; a test shows that there is none.
        (_, _) => Vec::new(),
    }
}
