//! Who reaches what at a glance: each principal with what resources belong to, data and keys apart.

use std::collections::{BTreeMap, BTreeSet};

use lakewright_access::action::Level;
use lakewright_template::arn::ArnParts;

use super::Row;

/// What people look for first, in names on the command line; everything else comes later.
const FIRST: [&str; 6] =
    ["dataset/", "share/", "team/", "consumption-role/", "dataset-role/", "pivot-role/"];

/// The rows of what resources belong to, by its name, in the order that people look for it.
type Groups<'r, 's> = BTreeMap<(usize, String), Vec<&'r Row<'s>>>;

/// What resources belong to: either what holds data there, or the keys that open it. Whoever may use a key
/// writes no data by that, whatever level AWS gives the use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Column {
    /// The place of the group.
    pub group: usize,
    /// Whether it is of the keys.
    pub is_key: bool,
}

/// What a principal reaches in a column.
#[derive(Debug, Default)]
pub struct Reached {
    /// The levels of access.
    pub levels: BTreeSet<Level>,
    /// Whether something in it is unknown.
    pub is_unknown: bool,
    /// The first of the principal's lines in the group.
    pub first: usize,
}

/// Who reaches what.
#[derive(Debug)]
pub struct Summary<'r, 's> {
    /// The rows of each group.
    pub groups: Groups<'r, 's>,
    /// What each principal reaches; principals in the order that people look for them.
    pub lines: BTreeMap<(usize, &'r str), BTreeMap<Column, Reached>>,
}

/// Where people look for a name.
fn rank(name: &str) -> usize {
    FIRST.iter().position(|start| name.starts_with(start)).unwrap_or(FIRST.len())
}

/// What a resource belongs to; its account, such as with a whole catalog, when it belongs to nothing else.
fn group_of(row: &Row<'_>) -> String {
    let arn = ArnParts::parse(&row.cell.resource).filter(|arn| !arn.account.is_empty());
    match (row.target, arn) {
        (Some(target), _) => target.to_owned(),
        (None, Some(arn)) => format!("account/{}", arn.account),
        (None, None) => "elsewhere".to_owned(),
    }
}

impl<'r, 's> Summary<'r, 's> {
    /// Sums up rows.
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

    /// The columns in which anything is reached.
    pub fn columns(&self) -> BTreeSet<Column> {
        self.lines.values().flat_map(BTreeMap::keys).copied().collect()
    }

    /// The names of the groups, by their places.
    pub fn names(&self) -> Vec<&str> {
        self.groups.keys().map(|(_, name)| name.as_str()).collect()
    }
}

impl Reached {
    /// The strongest level, in a word. Tags give nothing by themselves: what lies below says more.
    pub fn strongest(&self, is_key: bool) -> &'static str {
        let strongest = self.levels.iter().rev().find(|level| **level != Level::Tag);
        match strongest.or_else(|| self.levels.last()) {
            // AWS counts decrypting as writing.
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
