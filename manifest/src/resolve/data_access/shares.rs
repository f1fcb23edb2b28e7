//! What denials leave of shares. A denial of a team is one of its consumption roles, too.

use std::collections::BTreeSet;

use super::rule::{Denied, Part};
use super::wanted::{About, Access, InPart};
use crate::diagnostic::Origin;
use crate::mesh::{Given, Level, Share, ShareItem, SharePermission, SharedTable};
use crate::name::CatalogName;

/// A denial of writing some of a share's items.
const ALL_ITEMS: &str = "a share has the same permissions on all of its items: deny writing all of them, or share these in a share of their own";

/// What is left of a share, or nothing if all of it is.
pub(super) fn given(about: &About<'_, '_>, share: &Share) -> Result<Option<Given>, InPart> {
    let writes = share.permissions.iter().any(|permission| *permission != SharePermission::Read);
    let level = if writes { Level::Write } else { Level::Read };
    let mut left = Left { level: None, items: Vec::new(), origins: BTreeSet::new() };
    for item in &share.items {
        match item {
            ShareItem::Bucket => {
                let what = || "its objects".to_owned();
                for folder in about.dataset.folders.keys() {
                    let part = Part::Folder(folder.as_str());
                    let objects = about.denied(Part::Objects).leave(level).unwrap_or(level);
                    let what = || format!("folder `{folder}`");
                    if objects > Level::None {
                        about.bucket_leaves_folder(part, objects, &what)?;
                    }
                }
                let objects = left.item(about, Part::Objects, item, level, &what)?;
                about.objects_leave_tables(objects)?;
            }
            ShareItem::Folder(folder) => {
                let what = || format!("folder `{folder}`");
                let part = Part::Folder(folder.as_str());
                let objects = left.item(about, part, item, level, &what)?;
                about.folder_leaves_tables(folder, objects)?;
            }
            ShareItem::Table(table) => table_item(about, table, level, &mut left)?,
        }
    }
    if left.origins.is_empty() {
        return Ok(None);
    }
    let permissions = match left.level {
        Some(Level::Write) => share.permissions.clone(),
        Some(_) | None => BTreeSet::from([SharePermission::Read]),
    };
    Ok(Some(Given { items: left.items, permissions, origins: left.origins }))
}

struct Left {
    /// The level of all items so far.
    level: Option<Level>,
    items: Vec<ShareItem>,
    origins: BTreeSet<Origin>,
}

impl Left {
    fn item(
        &mut self,
        about: &About<'_, '_>,
        part: Part<'_>,
        item: &ShareItem,
        level: Level,
        what: &dyn Fn() -> String,
    ) -> Result<Level, InPart> {
        let left = about.left(part, Access { level, open: Level::None }, what)?.level;
        if left < level {
            self.origins.extend(about.denied(part).by);
        }
        self.keep(item.clone(), left, &about.denied(part), what)?;
        Ok(left)
    }

    fn keep(
        &mut self,
        item: ShareItem,
        level: Level,
        denied: &Denied,
        what: &dyn Fn() -> String,
    ) -> Result<(), InPart> {
        if level == Level::None {
            return Ok(());
        }
        if self.level.is_some_and(|other| other != level) {
            return Err(InPart::new(denied, what(), ALL_ITEMS));
        }
        self.level = Some(level);
        self.items.push(item);
        Ok(())
    }
}

fn table_item(
    about: &About<'_, '_>,
    shared: &SharedTable,
    level: Level,
    left: &mut Left,
) -> Result<(), InPart> {
    let name = &shared.name;
    let part = Part::Table(name.as_str());
    let what = || format!("table `{name}`");
    let access = about.left(part, Access { level, open: Level::None }, &what)?;
    let denied = about.denied(part);
    let table = about.dataset.tables.get(name);
    let all: Vec<CatalogName> = match table {
        Some(table) if shared.columns.is_empty() => {
            table.all_columns().map(|column| column.name.clone()).collect()
        }
        Some(_) | None => shared.columns.clone(),
    };
    let mut columns = BTreeSet::new();
    for column in &all {
        let part = Part::Column(name.as_str(), column.as_str());
        let what = || format!("column `{column}` of table `{name}`");
        let one = about.left(part, Access { level, open: Level::None }, &what)?;
        if one.level > Level::None {
            columns.insert(column.clone());
        } else {
            left.origins.extend(about.denied(part).by);
        }
    }
    if access.level < level {
        left.origins.extend(denied.by.iter().copied());
    }
    if access.level == Level::None {
        // A table is denied with its columns, because all columns are the table.
        return if columns.is_empty() {
            Ok(())
        } else {
            Err(InPart::new(&denied, what(), super::wanted::LEAVES_COLUMNS))
        };
    }
    if let Some(table) = table.filter(|_| shared.columns.is_empty()) {
        about.columns_of(name, table, access, &columns)?;
    }
    if !all.is_empty() && columns.is_empty() {
        return Ok(());
    }
    let is_whole = columns.len() == all.len();
    let kept = SharedTable {
        name: name.clone(),
        columns: if is_whole {
            shared.columns.clone()
        } else {
            all.into_iter().filter(|column| columns.contains(column)).collect()
        },
        rows: shared.rows.clone(),
    };
    left.keep(ShareItem::Table(kept), access.level, &denied, &what)
}
