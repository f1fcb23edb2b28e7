//! Access policies.

use std::collections::BTreeMap;

use lakewright_masks::rows::Condition;

use super::{Dataset, Effect, Header, Mask, PolicyState, Table};
use crate::name::{CatalogName, Id, TeamName};

/// A rule of access governance.
#[derive(Debug, Clone, PartialEq, Hash)]
pub struct AccessPolicy {
    /// The fields that every document has.
    pub header: Header,
    /// Whether it applies.
    pub state: PolicyState,
    /// Whether it allows or denies.
    pub effect: Effect,
    /// The principals.
    pub actors: Actors,
    /// The privileges.
    pub privileges: Vec<String>,
    /// The resources.
    pub resources: PolicyResources,
    /// How the values of columns are shown.
    pub masking: Masking,
    /// The rows of tables; `None` for all.
    pub rows: Option<RowFilter>,
}

/// Which columns a policy masks.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub enum Masking {
    /// None.
    #[default]
    Nothing,
    /// Every column that the policy selects, and every column of a table that it selects.
    Selected(Mask),
    /// The columns of these names, of those that the policy selects and of those of tables that it selects.
    Columns(BTreeMap<CatalogName, Mask>),
}

/// A condition on rows, which was checked against the tables.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RowFilter {
    /// As it is written, in PartiQL.
    pub text: String,
    /// As it was read.
    pub condition: Condition,
}

impl AccessPolicy {
    /// Whether it masks anything.
    pub fn is_masking(&self) -> bool {
        self.masking != Masking::Nothing
    }

    /// The masks of a table's columns by name. Columns that are not masked have no entry.
    pub fn masks(
        &self,
        dataset: &Dataset,
        name: &CatalogName,
        table: &Table,
    ) -> BTreeMap<CatalogName, Mask> {
        match &self.masking {
            Masking::Nothing => BTreeMap::new(),
            Masking::Selected(mask) => {
                let seen = self.seen(dataset, name, table);
                seen.into_iter().map(|column| (column, *mask)).collect()
            }
            Masking::Columns(masks) => {
                let seen = self.seen(dataset, name, table);
                let named = masks.iter().filter(|(column, _)| seen.contains(column));
                named.map(|(column, mask)| (column.clone(), *mask)).collect()
            }
        }
    }

    /// The names of the columns of a table that the policy is about: all, if it selects the table.
    pub fn seen(&self, dataset: &Dataset, name: &CatalogName, table: &Table) -> Vec<CatalogName> {
        if self.resources.select_table(dataset, name, table) {
            table.all_columns().map(|column| column.name.clone()).collect()
        } else {
            self.columns(dataset, name, table)
        }
    }

    /// The names of the columns of a table that the policy selects by themselves.
    pub fn columns(
        &self,
        dataset: &Dataset,
        name: &CatalogName,
        table: &Table,
    ) -> Vec<CatalogName> {
        let selected = table.all_columns().filter(|column| {
            let path = format!("column/{}/{name}/{}", dataset.header.id, column.name);
            let tags = column.about.keywords.iter().chain(&column.tags);
            self.resources.select(dataset, "column", &path, tags)
        });
        selected.map(|column| column.name.clone()).collect()
    }
}

/// The principals of a policy: everyone who is in one of the lists.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
#[expect(clippy::struct_excessive_bools, reason = "four independent switches of the manifest")]
pub struct Actors {
    /// Teams.
    pub teams: Vec<TeamName>,
    /// Users.
    pub users: Vec<String>,
    /// All users.
    pub all_users: bool,
    /// Roles of the identity provider.
    pub roles: Vec<String>,
    /// The owners of the resource.
    pub owners: bool,
    /// The stewards of the resource's dataset.
    pub stewards: bool,
    /// The team of the resource's environment.
    pub connection_admins: bool,
    /// The principals that the policy does not apply to.
    pub except: Exceptions,
}

/// The principals that a policy does not apply to: everyone who is in one of the lists.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Exceptions {
    /// Teams.
    pub teams: Vec<TeamName>,
    /// Users.
    pub users: Vec<String>,
    /// Roles of the identity provider.
    pub roles: Vec<String>,
}

/// The resources of a policy: those that match every list; an empty list matches all.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct PolicyResources {
    /// Types of resources.
    pub types: Vec<String>,
    /// Single resources.
    pub ids: Vec<String>,
    /// Domains.
    pub domains: Vec<Id>,
    /// Tags.
    pub tags: Vec<String>,
    /// Environments.
    pub environments: Vec<Id>,
}

impl PolicyResources {
    /// Whether a table of a dataset is one of them.
    pub fn select_table(&self, dataset: &Dataset, name: &CatalogName, table: &Table) -> bool {
        let path = format!("table/{}/{name}", dataset.header.id);
        self.select(dataset, "table", &path, table.about.keywords.iter())
    }

    /// Whether a part of a dataset is one of them, by its type, its name on the command line and its tags: as `authorize`
    /// decides it.
    fn select<'t>(
        &self,
        dataset: &Dataset,
        kind: &str,
        name: &str,
        mut tags: impl Iterator<Item = &'t String>,
    ) -> bool {
        let domain = dataset.domain.as_ref().map(super::Link::id);
        (self.types.is_empty() || self.types.iter().any(|one| one == kind))
            && (self.ids.is_empty() || self.ids.iter().any(|one| one == name))
            && (self.tags.is_empty() || tags.any(|tag| self.tags.contains(tag)))
            && (self.domains.is_empty() || domain.is_some_and(|id| self.domains.contains(id)))
            && (self.environments.is_empty()
                || self.environments.contains(dataset.environment.id()))
    }
}
