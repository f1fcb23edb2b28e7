//! Permissions by LF-tags: which databases, tables and columns they are about.
//!
//! Source: "Lake Formation tag-based access control" in the Lake Formation
//! developer guide, with "How Lake Formation tag-based access control works" for
//! inheritance: a table has the tags of its database, and a column those of its
//! table, unless it has another value of the same key itself; and "Lake Formation
//! tag-based access control notes and restrictions": keys and values are kept in
//! lower case, and what needs all columns is not given where some have other tags.

use std::collections::{BTreeMap, BTreeSet};

use super::{LakeGrant, database_of};
use crate::action::Action;
use crate::document::Origin;

/// The tags of one resource: their keys, each with its value. Where templates disagree the last to be deployed
/// counts, which none of them says: each of their values is taken for possible.
pub type LfTags = BTreeMap<String, BTreeSet<String>>;

/// The permissions on tables that all of them are together. Source: "Lake Formation permissions reference".
const OF_TABLES: [&str; 6] = [
    "lakeformation:ALTER",
    "lakeformation:DELETE",
    "lakeformation:DESCRIBE",
    "lakeformation:DROP",
    "lakeformation:INSERT",
    "lakeformation:SELECT",
];

/// What a permission by tags is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TagKind {
    /// Databases.
    Databases,
    /// Tables and their columns.
    Tables,
}

/// One permission on all resources of a catalog that have certain tags.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TagPolicy {
    /// Who has it, by ARN or by a name of Lake Formation's.
    pub principal: String,
    /// The permission, as an action such as `lakeformation:SELECT`.
    pub permission: Action,
    /// What it is about.
    pub kind: TagKind,
    /// The catalog, by what the ARNs of its databases and tables begin with, up to the last colon.
    pub catalog: String,
    /// For each key one of these values.
    pub expression: BTreeMap<String, BTreeSet<String>>,
    /// Where it stands.
    pub origin: Origin,
}

/// The tags of a catalog's resources, as far as templates assign them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tagged {
    /// Of databases and tables, by ARN.
    pub resources: BTreeMap<String, LfTags>,
    /// Of columns, by the ARN of their table and their name.
    pub columns: BTreeMap<String, BTreeMap<String, LfTags>>,
}

impl Tagged {
    /// Takes over what another template assigns.
    pub(super) fn add(&mut self, other: Self) {
        for (arn, tags) in other.resources {
            unite(self.resources.entry(arn).or_default(), tags);
        }
        for (table, columns) in other.columns {
            let known = self.columns.entry(table).or_default();
            for (column, tags) in columns {
                unite(known.entry(column).or_default(), tags);
            }
        }
    }

    /// The permissions on named resources that a permission by tags comes to.
    pub(super) fn named(&self, policy: &TagPolicy) -> Vec<LakeGrant> {
        let of_catalog = |arn: &&str| arn.starts_with(&policy.catalog);
        let tagged = self.resources.keys().chain(self.columns.keys()).map(String::as_str);
        let databases: BTreeSet<String> = tagged
            .filter(of_catalog)
            .filter_map(|arn| database_of(arn).map(|(database, _)| database.into_owned()))
            .collect();
        let mut grants = Vec::new();
        for database in databases {
            match policy.kind {
                TagKind::Databases if policy.holds(&self.of(&database, &LfTags::new())) => {
                    grants.push(policy.grant(database));
                }
                TagKind::Databases => {}
                // Of all permissions, the one to read is about columns, and the others about tables.
                TagKind::Tables if policy.permission.lower() == "lakeformation:all" => {
                    for permission in OF_TABLES {
                        let permission = Action::new(permission);
                        let policy = TagPolicy { permission, ..policy.clone() };
                        self.named_tables(&policy, &database, &mut grants);
                    }
                }
                TagKind::Tables => self.named_tables(policy, &database, &mut grants),
            }
        }
        grants
    }

    /// The permissions on a database's tables, those that nobody has made yet included.
    fn named_tables(&self, policy: &TagPolicy, database: &str, grants: &mut Vec<LakeGrant>) {
        let inherited = self.of(database, &LfTags::new());
        let all = format!("{}/*", database.replacen(":database/", ":table/", 1));
        let own = self.resources.keys().chain(self.columns.keys());
        let is_inside = |arn: &&String| {
            database_of(arn).is_some_and(|(of, table)| of == database && table.is_some())
        };
        let tables: BTreeSet<&String> = own.filter(is_inside).collect();
        let permission = policy.permission.lower();
        let describe = Action::new("lakeformation:DESCRIBE");
        let mut except = BTreeSet::new();
        for table in tables {
            let tags = self.of(table, &inherited);
            let columns = self.columns.get(table).into_iter().flatten();
            let (open, shut): (Vec<_>, Vec<_>) =
                columns.partition(|(_, own)| policy.holds(&overridden(own, &tags)));
            let names = |columns: Vec<(&String, &LfTags)>| {
                columns.into_iter().map(|(name, _)| name.clone()).collect::<Vec<String>>()
            };
            let is_open = policy.holds(&tags);
            if is_open && shut.is_empty() {
                if !policy.holds(&inherited) {
                    grants.push(policy.grant(table.clone()));
                }
                continue;
            }
            if is_open || !open.is_empty() {
                // Of some columns only reading is given; what needs all of them becomes describing.
                let cells = match (permission, is_open) {
                    ("lakeformation:select", true) => Some(all_columns_but(&names(shut))),
                    ("lakeformation:select", false) => {
                        Some(lakewright_template::assembly::cells(&names(open), None))
                    }
                    _ => None,
                };
                let permission = if cells.is_some() { policy.permission } else { describe };
                grants.push(LakeGrant { permission, cells, ..policy.grant(table.clone()) });
            }
            except.insert(table.clone());
        }
        if policy.holds(&inherited) {
            grants.push(LakeGrant { except, ..policy.grant(all) });
        }
    }

    /// The tags of a resource, with those that it inherits.
    fn of(&self, arn: &str, inherited: &LfTags) -> LfTags {
        self.resources.get(arn).map_or_else(|| inherited.clone(), |own| overridden(own, inherited))
    }
}

/// The text for the rows and columns of a table of which some columns are left out.
pub fn all_columns_but(columns: &[String]) -> String {
    format!("columns all but {}; rows all", columns.join(" "))
}

/// Adds tags to those that are there.
pub fn unite(tags: &mut LfTags, more: LfTags) {
    for (key, values) in more {
        tags.entry(key).or_default().extend(values);
    }
}

fn overridden(own: &LfTags, inherited: &LfTags) -> LfTags {
    let mut tags = inherited.clone();
    tags.extend(own.clone());
    tags
}

impl TagPolicy {
    fn holds(&self, tags: &LfTags) -> bool {
        let is_one_of = |(key, values): (&String, &BTreeSet<String>)| {
            tags.get(key).is_some_and(|possible| !possible.is_disjoint(values))
        };
        !self.expression.is_empty() && self.expression.iter().all(is_one_of)
    }

    fn grant(&self, resource: String) -> LakeGrant {
        LakeGrant {
            permission: self.permission,
            resource,
            except: BTreeSet::new(),
            cells: None,
            origin: self.origin.clone(),
        }
    }
}
