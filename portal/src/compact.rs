//! Rows of the access matrix as small data: texts that many rows have are written once.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use indexmap::IndexSet;
use lakewright_access::action::Level;
use lakewright_access::sample;
use lakewright_analysis::matrix::Row;
use lakewright_analysis::matrix::summary::Reached;
use lakewright_analysis::subject::Subject;

use crate::model::{Group, Reach};

/// The bit for something that is unknown; the bits below it are the levels, the weakest first.
pub(crate) const UNKNOWN: u8 = 1 << 5;

/// Collects rows of the access matrix.
///
/// Levels are bits: 1 list, 2 read, 4 write, 8 tag, 16 manage, 32 something is unknown.
#[derive(Debug)]
pub struct Compact<'r> {
    subject: &'r Subject,
    principals: IndexSet<(&'r str, &'r str)>,
    resources: IndexSet<&'r str>,
    actions: IndexSet<Vec<String>>,
    doubts: IndexSet<&'static str>,
    reach: Reach,
}

impl<'r> Compact<'r> {
    /// Nothing yet.
    pub fn new(subject: &'r Subject) -> Self {
        Self {
            subject,
            principals: IndexSet::new(),
            resources: IndexSet::new(),
            actions: IndexSet::new(),
            doubts: IndexSet::new(),
            reach: Reach::default(),
        }
    }

    /// Adds the rows about one target.
    pub fn add(&mut self, name: &str, rows: &[&'r Row<'_>]) {
        let mut group = Group { name: name.to_owned(), rows: Vec::with_capacity(rows.len()) };
        for &row in rows {
            let cell = &row.cell;
            let (principal, _) =
                self.principals.insert_full((row.principal(), cell.principal.name()));
            let (resource, is_new) = self.resources.insert_full(&cell.resource);
            if is_new {
                let tables = self.subject.world.lake().tables_of(&cell.resource);
                let tables: BTreeMap<String, Vec<String>> = tables
                    .into_iter()
                    .map(|(table, columns)| (table.to_owned(), columns.to_vec()))
                    .collect();
                if !tables.is_empty() {
                    self.reach.tables.insert(resource, tables);
                }
            }
            let (allowed, _) = self.actions.insert_full(allowed(row));
            let unknown: BTreeSet<Cow<'_, str>> =
                cell.unknown().into_iter().map(sample::shown).collect();
            let unknown: Vec<String> = unknown.into_iter().map(Cow::into_owned).collect();
            let levels = bits(cell.levels.iter(), !unknown.is_empty());
            let (unknown, _) = self.actions.insert_full(unknown);
            let doubts = cell.doubts().into_iter().map(|doubt| self.doubts.insert_full(doubt).0);
            let doubts = doubts.collect();
            let cells = cell.cells.clone();
            group.rows.push((principal, resource, levels, allowed, unknown, cells, doubts));
        }
        self.reach.groups.push(group);
    }

    /// The rows, with the lists that they refer to.
    pub fn finish(self) -> Reach {
        let principals = self.principals.into_iter();
        Reach {
            principals: principals.map(|(name, arn)| (name.to_owned(), arn.to_owned())).collect(),
            resources: self.resources.into_iter().map(str::to_owned).collect(),
            actions: self.actions.into_iter().collect(),
            doubts: self.doubts.into_iter().collect(),
            ..self.reach
        }
    }
}

/// The allowed actions of a row, sorted, with the condition keys that they need.
fn allowed(row: &Row<'_>) -> Vec<String> {
    let actions = row.cell.actions().into_iter().map(|(action, keys)| {
        let name = sample::shown(action);
        if keys.is_empty() {
            name.into_owned()
        } else {
            format!("{name} (when {})", keys.join(", "))
        }
    });
    actions.collect::<BTreeSet<String>>().into_iter().collect()
}

fn bits(levels: impl Iterator<Item = Level>, is_unknown: bool) -> u8 {
    let known = levels.fold(0, |bits, level| bits | 1 << level as u8);
    if is_unknown { known | UNKNOWN } else { known }
}

/// The levels of a line of the overview.
pub(crate) fn reached(reached: &Reached) -> u8 {
    bits(reached.levels.iter().copied(), reached.is_unknown)
}
