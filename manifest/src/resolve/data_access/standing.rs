//! The access of owners and stewards, with what rules give and deny them.

use std::collections::BTreeSet;

use super::rule::{Left, Part};
use super::wanted::{About, Access, IN_BUCKET, InPart, Wanted};
use crate::mesh::{Level, Standing};

/// A denial of some tables of an owner or of stewards.
const ALL_TABLES: &str = "owners and stewards have Lake Formation's permission on all tables: deny all tables of the dataset with their columns, or exclude these teams with `except`";
/// A denial of some columns, or of columns without their tables.
const ALL_COLUMNS: &str = "owners and stewards have Lake Formation's permission on all tables with all columns: deny the tables and the columns, or exclude these teams with `except`";

/// The usual access: that of the owner, or that of stewards.
pub(super) const fn usual(is_owner: bool) -> Level {
    if is_owner { Level::Own } else { Level::Read }
}

/// The access of an owner or of stewards. What rules give them on all objects or on all tables is part of it.
pub(super) fn standing(
    about: &About<'_, '_>,
    is_owner: bool,
    wanted: &Wanted,
) -> Result<Standing, InPart> {
    let base = usual(is_owner);
    let objects = objects(about, base.max(wanted.objects.level))?;
    let tables = tables(about, base.max(wanted.every_table.level))?;
    let mut origins = BTreeSet::new();
    for part in [Part::Objects, Part::EveryTable, Part::EveryColumn] {
        origins.extend(about.denied(part).by);
    }
    if objects > base || tables > base {
        origins.extend(wanted.origins.iter().copied());
    }
    Ok(Standing { objects, tables, origins })
}

fn objects(about: &About<'_, '_>, given: Level) -> Result<Level, InPart> {
    let denied = about.denied(Part::Objects);
    let left = denied.leave(given);
    let left = left.map_err(|why| InPart::new(&denied, "its objects".to_owned(), why))?;
    for folder in about.dataset.folders.keys() {
        let denied_there = about.denied(Part::Folder(folder.as_str()));
        if denied_there.leave(given) != Ok(left) {
            let denied = if denied_there.by.is_empty() { &denied } else { &denied_there };
            return Err(InPart::new(denied, format!("folder `{folder}`"), IN_BUCKET));
        }
    }
    about.objects_leave_tables(left)?;
    Ok(left)
}

fn tables(about: &About<'_, '_>, given: Level) -> Result<Level, InPart> {
    let what = || "its tables".to_owned();
    let access = Access { level: given, open: Level::None };
    let left = about.left(Part::EveryTable, access, &what)?.level;
    let every = about.denied(Part::EveryTable);
    is_same(&about.denied(Part::EveryColumn).leave(given), left)
        .map_err(|why| InPart::new(&every, what(), why))?;
    for (name, table) in &about.dataset.tables {
        let denied = about.denied(Part::Table(name.as_str()));
        if denied.leave(given) != Ok(left) {
            return Err(InPart::new(&denied, format!("table `{name}`"), ALL_TABLES));
        }
        for column in table.all_columns() {
            let denied = about.denied(Part::Column(name.as_str(), column.name.as_str()));
            let what = || format!("column `{}` of table `{name}`", column.name);
            is_same(&denied.leave(given), left).map_err(|why| InPart::new(&denied, what(), why))?;
        }
    }
    Ok(left)
}

/// Whether columns are left as far as their table is: nobody writes columns by themselves.
fn is_same(columns: &Left, table: Level) -> Result<(), &'static str> {
    match columns {
        Err(why) => Err(why),
        Ok(Level::None) if table == Level::None => Ok(()),
        Ok(Level::None) => Err(ALL_COLUMNS),
        Ok(_) if table == Level::None => Err(ALL_COLUMNS),
        Ok(Level::Read) if table >= Level::Write => Err(ALL_COLUMNS),
        Ok(_) => Ok(()),
    }
}
