//! The access to one dataset that rules give a team, less what others deny it.

use std::collections::{BTreeMap, BTreeSet};

use super::rule::{Denied, Part, Rule, denied};
use crate::diagnostic::Origin;
use crate::mesh::{Dataset, Level, SharedTable, Table, TableView};
use crate::name::{CatalogName, Id, TeamName};

/// Dataset-level access to one dataset.
#[derive(Debug, Clone, Copy)]
pub(super) struct OfDomain {
    pub(super) level: Level,
    pub(super) origin: Origin,
}

/// The rules about one dataset and one team.
#[derive(Debug, Clone, Copy)]
pub(super) struct About<'a, 'm> {
    pub(super) dataset: &'m Dataset,
    pub(super) team: &'a TeamName,
    /// The rules that may select something of the dataset.
    pub(super) rules: &'a [Rule<'m>],
    /// Dataset-level access, if the team has it here.
    pub(super) of_domain: Option<OfDomain>,
}

/// Access to the parts of a dataset.
#[derive(Debug, Clone, Default)]
pub(super) struct Wanted {
    pub(super) objects: Access,
    pub(super) folders: BTreeMap<Id, Access>,
    /// The tables that are given as wholes.
    pub(super) tables: BTreeMap<CatalogName, Access>,
    /// The columns of tables that are given in part, for reading, and how much of that open rules give.
    pub(super) columns: BTreeMap<CatalogName, (BTreeSet<CatalogName>, Level)>,
    /// All tables, also those that the mesh does not declare. Not more than any table.
    pub(super) every_table: Access,
    /// Tables with a condition on their rows, for reading. None of them is among `tables` or `columns`.
    pub(super) rows: BTreeMap<CatalogName, SharedTable>,
    /// Tables of which a view is given, for reading. None of them is among the other ones.
    pub(super) views: BTreeMap<CatalogName, Masked>,
    pub(super) origins: BTreeSet<Origin>,
}

/// A table as a team sees it, with the policy that masks it.
#[derive(Debug, Clone)]
pub(super) struct Masked {
    pub(super) view: TableView,
    pub(super) by: Origin,
}

/// Access, and how much of it rules give that are about an open set of datasets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Access {
    pub(super) level: Level,
    pub(super) open: Level,
}

impl Default for Access {
    fn default() -> Self {
        Self { level: Level::None, open: Level::None }
    }
}

/// A denial that infrastructure cannot express.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct InPart {
    pub(super) by: BTreeSet<Origin>,
    pub(super) what: String,
    pub(super) why: &'static str,
}

impl InPart {
    pub(super) fn new(denied: &Denied, what: String, why: &'static str) -> Self {
        Self { by: denied.by.clone(), what, why }
    }
}

/// Access policies that let write columns which belong to no table that may be written.
pub(super) const ONLY_COLUMNS: &str = "columns can only be read, not written by themselves";
/// A denial of a table that leaves its columns.
pub(super) const LEAVES_COLUMNS: &str = "reading all columns is reading the table: deny the columns as well, with `types: [table, column]` or by their ids";
/// A denial of all columns that leaves the table.
const LEAVES_TABLE: &str = "a table without a column cannot be read: deny the table as well";
/// A denial of columns of a table that may be written.
const WRITES_TABLE: &str =
    "whoever writes a table writes all of its columns: deny `data.write` of the table as well";
/// A denial of a table, whose files are in a bucket or a folder that may be read.
const IN_FILES: &str =
    "the objects contain the table's files: deny the dataset and its folders as well";
/// A denial of a folder of a bucket that may be read.
pub(super) const IN_BUCKET: &str = "the dataset's bucket contains the folder: deny the dataset as well, and give the other folders";

impl<'m> About<'_, 'm> {
    pub(super) fn denied(&self, part: Part<'_>) -> Denied {
        denied(self.rules, self.dataset, self.team, part)
    }

    /// What the rules give of a part, before denials.
    fn given(&self, part: Part<'_>, origins: &mut BTreeSet<Origin>) -> Access {
        let mut access = Access::default();
        if let Some(OfDomain { level, origin }) = self.of_domain {
            access = Access { level, open: level };
            origins.insert(origin);
        }
        for rule in self.rules.iter().filter(|rule| !rule.is_denial()) {
            let is_given = rule.is_about(self.dataset, self.team)
                && rule.selects(self.dataset, part)
                && rule.gives(part) > Level::None;
            if !is_given {
                continue;
            }
            let level = rule.gives(part);
            access.level = access.level.max(level);
            if rule.is_open() && rule.names(self.team) {
                access.open = access.open.max(level);
            }
            origins.insert(rule.origin());
        }
        access
    }

    /// What is left of a given access.
    pub(super) fn left(
        &self,
        part: Part<'_>,
        access: Access,
        what: &dyn Fn() -> String,
    ) -> Result<Access, InPart> {
        let denied = self.denied(part);
        let level = denied.leave(access.level);
        let level = level.map_err(|why| InPart::new(&denied, what(), why))?;
        Ok(Access { level, open: access.open })
    }

    /// The access that rules give, less what is denied.
    pub(super) fn wanted(&self) -> Result<Wanted, InPart> {
        let mut wanted = Wanted::default();
        let mut origins = BTreeSet::new();
        let objects = self.given(Part::Objects, &mut origins);
        wanted.objects = self.left(Part::Objects, objects, &|| "its objects".to_owned())?;
        for folder in self.dataset.folders.keys() {
            let part = Part::Folder(folder.as_str());
            let given = self.given(part, &mut origins);
            let what = || format!("folder `{folder}`");
            let left = self.left(part, given, &what)?;
            self.bucket_leaves_folder(part, wanted.objects.level, &what)?;
            wanted.folders.insert(folder.clone(), left);
        }
        for (name, table) in &self.dataset.tables {
            self.table(name, table, &mut wanted, &mut origins)?;
        }
        self.objects_leave_tables(wanted.objects.level)?;
        for (folder, access) in &wanted.folders {
            self.folder_leaves_tables(folder, access.level)?;
        }
        wanted.every_table = self.every_table(&wanted, &mut origins)?;
        wanted.origins = origins;
        Ok(wanted)
    }

    /// Whoever reads the objects of the bucket also reads those of its folders.
    pub(super) fn bucket_leaves_folder(
        &self,
        folder: Part<'_>,
        objects: Level,
        what: &dyn Fn() -> String,
    ) -> Result<(), InPart> {
        let denied = self.denied(folder);
        match denied.leave(objects) {
            Ok(level) if level == objects => Ok(()),
            Ok(_) => Err(InPart::new(&denied, what(), IN_BUCKET)),
            Err(why) => Err(InPart::new(&denied, what(), why)),
        }
    }

    /// Whoever reads all objects also reads the files of tables.
    pub(super) fn objects_leave_tables(&self, objects: Level) -> Result<(), InPart> {
        for part in [Part::EveryTable, Part::EveryColumn] {
            self.leaves(part, objects, &|| "its tables".to_owned())?;
        }
        self.leaves_tables(objects, |_| true)
    }

    /// Whoever reads the objects of a folder also reads the files of tables in it.
    pub(super) fn folder_leaves_tables(&self, folder: &Id, objects: Level) -> Result<(), InPart> {
        let Some(folder) = self.dataset.folders.get(folder) else { return Ok(()) };
        let prefix = folder.prefix.as_str();
        self.leaves_tables(objects, |table| {
            let location = format!("{}/", table.location);
            location.starts_with(prefix) || prefix.starts_with(&location)
        })
    }

    fn leaves_tables(
        &self,
        objects: Level,
        is_there: impl Fn(&Table) -> bool,
    ) -> Result<(), InPart> {
        for (name, table) in self.dataset.tables.iter().filter(|(_, table)| is_there(table)) {
            let what = || format!("table `{name}`");
            self.leaves(Part::Table(name.as_str()), objects, &what)?;
            for column in table.all_columns() {
                let part = Part::Column(name.as_str(), column.name.as_str());
                self.leaves(part, objects, &|| {
                    format!("column `{}` of table `{name}`", column.name)
                })?;
            }
        }
        Ok(())
    }

    fn leaves(
        &self,
        part: Part<'_>,
        objects: Level,
        what: &dyn Fn() -> String,
    ) -> Result<(), InPart> {
        let objects = objects.min(Level::Write);
        let denied = self.denied(part);
        if denied.leave(objects) == Ok(objects) {
            return Ok(());
        }
        Err(InPart::new(&denied, what(), IN_FILES))
    }

    fn table(
        &self,
        name: &CatalogName,
        table: &'m Table,
        wanted: &mut Wanted,
        origins: &mut BTreeSet<Origin>,
    ) -> Result<(), InPart> {
        let part = Part::Table(name.as_str());
        let given = self.given(part, origins);
        let what = || format!("table `{name}`");
        let left = self.left(part, given, &what)?;
        let mut columns = BTreeSet::new();
        let mut open = Level::Own;
        let mut writes = false;
        for column in table.all_columns() {
            let part = Part::Column(name.as_str(), column.name.as_str());
            let own = self.given(part, origins);
            // A table that is given is given with its columns.
            let whole = if left.level > Level::None { own.max(given) } else { own };
            writes |= own.level >= Level::Write;
            let left =
                self.left(part, whole, &|| format!("column `{}` of table `{name}`", column.name))?;
            if left.level > Level::None {
                columns.insert(column.name.clone());
                open = open.min(left.open);
            }
        }
        if writes && given.level < Level::Write {
            return Err(InPart { by: origins.clone(), what: what(), why: ONLY_COLUMNS });
        }
        let is_whole = columns.len() == table.all_columns().count();
        if given.level > Level::None && left.level == Level::None && !columns.is_empty() {
            return Err(InPart::new(&self.denied(part), what(), LEAVES_COLUMNS));
        }
        if left.level > Level::None {
            self.columns_of(name, table, left, &columns)?;
        }
        if left.level > Level::None && is_whole {
            wanted.tables.insert(name.clone(), left);
        } else if !columns.is_empty() {
            wanted.columns.insert(name.clone(), (columns, open));
        }
        Ok(())
    }

    /// Whether the columns that are left of a table can be given as such.
    pub(super) fn columns_of(
        &self,
        name: &CatalogName,
        table: &'m Table,
        left: Access,
        columns: &BTreeSet<CatalogName>,
    ) -> Result<(), InPart> {
        for column in table.all_columns() {
            let denied = self.denied(Part::Column(name.as_str(), column.name.as_str()));
            let what = || format!("column `{}` of table `{name}`", column.name);
            let is_writing = left.level >= Level::Write;
            if is_writing && (denied.write || !columns.contains(&column.name)) {
                return Err(InPart::new(&denied, what(), WRITES_TABLE));
            }
            if columns.is_empty() {
                return Err(InPart::new(&denied, what(), LEAVES_TABLE));
            }
        }
        Ok(())
    }

    /// All tables as one: as far as each declared table is given, and no denial is about a table or a column.
    fn every_table(
        &self,
        wanted: &Wanted,
        origins: &mut BTreeSet<Origin>,
    ) -> Result<Access, InPart> {
        let given = self.given(Part::EveryTable, origins);
        let what = || "its tables".to_owned();
        let left = self.left(Part::EveryTable, given, &what)?;
        let left = self.left(Part::EveryColumn, left, &what)?;
        let is_in_part =
            |name: &CatalogName| wanted.tables.get(name).is_none_or(|one| one.level < left.level);
        if self.dataset.tables.keys().any(is_in_part) {
            return Ok(Access::default());
        }
        Ok(left)
    }
}
