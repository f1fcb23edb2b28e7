//! A summary of the matrix: the access of each principal to each target, with data and keys separate.

use std::collections::{BTreeMap, BTreeSet};

use lakewright_access::action::Level;
use lakewright_template::arn::ArnParts;

use super::Row;

/// The names that are listed first, by prefix; all others follow.
const FIRST: [&str; 6] =
    ["dataset/", "share/", "team/", "consumption-role/", "dataset-role/", "pivot-role/"];

/// The rows of each target, by its rank and name.
type Groups<'r, 's> = BTreeMap<(usize, String), Vec<&'r Row<'s>>>;

/// A group's data or its keys. They are separate because using a key writes no data, although AWS gives the level
/// `Write` to such actions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Column {
    /// The index of the group.
    pub group: usize,
    /// Whether the column is for keys.
    pub is_key: bool,
}

/// A principal's access in a column.
#[derive(Debug, Default)]
pub struct Reached {
    /// The levels of access.
    pub levels: BTreeSet<Level>,
    /// Whether some decisions are unknown.
    pub is_unknown: bool,
    /// The index of the principal's first row in the group.
    pub first: usize,
}

/// The access of all principals, by column.
#[derive(Debug)]
pub struct Summary<'r, 's> {
    /// The rows of each group.
    pub groups: Groups<'r, 's>,
    /// The access of each principal; principals sorted by rank and name.
    pub lines: BTreeMap<(usize, &'r str), BTreeMap<Column, Reached>>,
}

/// The rank of a name in the order of the list.
fn rank(name: &str) -> usize {
    FIRST.iter().position(|start| name.starts_with(start)).unwrap_or(FIRST.len())
}

/// The target of a row. Without a target, the resource's account, for example of a whole catalog.
fn group_of(row: &Row<'_>) -> String {
    let arn = ArnParts::parse(&row.cell.resource).filter(|arn| !arn.account.is_empty());
    match (row.target, arn) {
        (Some(target), _) => target.to_owned(),
        (None, Some(arn)) => format!("account/{}", arn.account),
        (None, None) => "elsewhere".to_owned(),
    }
}

impl<'r, 's> Summary<'r, 's> {
    /// Summarizes rows.
    pub fn of(rows: &'r [Row<'s>]) -> Self {
        let mut groups: Groups<'_, '_> = BTreeMap::new();
        for row in rows {
            let name = group_of(row);
            groups.entry((rank(&name), name)).or_default().push(row);
        }
        let mut lines: BTreeMap<(usize, &str), BTreeMap<Column, Reached>> = BTreeMap::new();
        for (group, rows) in groups.values().enumerate() {
            for (line, row) in rows.iter().enumerate() {
                let name = row.principal();
                let arn = ArnParts::parse(&row.cell.resource);
                let is_key = arn.is_some_and(|arn| arn.service == "kms");
                let column = Column { group, is_key };
                let of_principal = lines.entry((rank(name), name)).or_default();
                let known = of_principal
                    .entry(column)
                    .or_insert_with(|| Reached { first: line, ..Reached::default() });
                known.levels.extend(row.cell.levels.iter());
                known.is_unknown |= !row.cell.unknown().is_empty();
            }
        }
        Self { groups, lines }
    }

    /// The columns in which a principal has access.
    pub fn columns(&self) -> BTreeSet<Column> {
        self.lines.values().flat_map(BTreeMap::keys).copied().collect()
    }

    /// The names of the groups, by index.
    pub fn names(&self) -> Vec<&str> {
        self.groups.keys().map(|(_, name)| name.as_str()).collect()
    }
}

impl Reached {
    /// The strongest level, in a word. Tagging gives no access by itself, so it counts only if it is the only level.
    pub fn strongest(&self, is_key: bool) -> &'static str {
        let strongest = self.levels.iter().rev().find(|level| **level != Level::Tag);
        match strongest.or_else(|| self.levels.last()) {
            // AWS gives `kms:Decrypt` the level `Write`.
            Some(Level::Write) if is_key => "use",
            Some(level) => level.as_str(),
            None => "unknown",
        }
    }

    /// Every level, in words.
    pub fn words(&self, is_key: bool) -> String {
        let word = |level: &Level| match level {
            Level::Write if is_key => "use",
            level => level.as_str(),
        };
        let mut words: Vec<&str> = self.levels.iter().map(word).collect();
        if self.is_unknown {
            words.push("unknown");
        }
        words.join(" ")
    }
}
