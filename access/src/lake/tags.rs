//! Lake Formation permissions by LF-tags: the databases, tables and columns that they cover.
//!
//! Source: "Lake Formation tag-based access control" in the Lake Formation developer guide, with "How Lake
//! Formation tag-based access control works" for inheritance: a table inherits the tags of its database, and a
//! column those of its table, unless it has its own value for the key; and "Lake Formation tag-based access
//! control notes and restrictions": keys and values are stored in lower case, and a permission that needs all
//! columns is not granted if some columns have other tags.

use std::collections::{BTreeMap, BTreeSet};

use super::{LakeGrant, database_of};
use crate::action::Action;
use crate::document::Origin;

/// The LF-tags of one resource: each key with its possible values. If templates assign different values, the
/// template deployed last wins. Templates do not determine which one that is, so all values are kept.
pub type LfTags = BTreeMap<String, BTreeSet<String>>;

/// The permissions that `ALL` on a table consists of. Source: "Lake Formation permissions reference".
const OF_TABLES: [&str; 6] = [
    "lakeformation:ALTER",
    "lakeformation:DELETE",
    "lakeformation:DESCRIBE",
    "lakeformation:DROP",
    "lakeformation:INSERT",
    "lakeformation:SELECT",
];

/// The resource type of a permission by tags.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TagKind {
    /// Databases.
    Databases,
    /// Tables and their columns.
    Tables,
}

/// One permission on all resources of a catalog whose tags match an expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TagPolicy {
    /// The principal, by ARN or by one of Lake Formation's names.
    pub principal: String,
    /// The permission, as an action such as `lakeformation:SELECT`.
    pub permission: Action,
    /// The resource type that it covers.
    pub kind: TagKind,
    /// The catalog: the common prefix of the ARNs of its databases and tables, up to the last colon.
    pub catalog: String,
    /// The accepted values of each key. A resource must match all keys.
    pub expression: BTreeMap<String, BTreeSet<String>>,
    /// Where the permission is declared.
    pub origin: Origin,
}

/// The tags of a catalog's resources, as far as templates assign them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tagged {
    /// The tags of databases and tables, by ARN.
    pub resources: BTreeMap<String, LfTags>,
    /// The tags of columns, by the ARN of their table and their name.
    pub columns: BTreeMap<String, BTreeMap<String, LfTags>>,
}

impl Tagged {
    /// Adds the tags that another template assigns.
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

    /// Expands a permission by tags into permissions on named resources.
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
                // Of the permissions in `ALL`, `SELECT` applies to columns and the others to tables, so each
                // is expanded by itself.
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

    /// The permissions on a database's tables, including tables that do not exist yet.
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
                // A match on some columns only allows reading them; a permission that needs all columns
                // becomes `DESCRIBE`.
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

    /// The tags of a resource, including inherited ones.
    fn of(&self, arn: &str, inherited: &LfTags) -> LfTags {
        self.resources.get(arn).map_or_else(|| inherited.clone(), |own| overridden(own, inherited))
    }
}

/// The text for a permission on all columns of a table but these.
pub fn all_columns_but(columns: &[String]) -> String {
    format!("columns all but {}; rows all", columns.join(" "))
}

/// Adds values to existing tags.
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
