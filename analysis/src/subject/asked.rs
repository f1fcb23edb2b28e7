//! The tables and shares of a mesh, which no template contains: what can be shared, and what was already asked for.

use std::collections::{BTreeMap, BTreeSet};

use lakewright_manifest::mesh::{
    Given, ItemStatus, Share, ShareItem, SharePermission, ShareStatus,
};
use lakewright_manifest::{Date, Mesh, SourceFile, render};

/// The tables and share items of a mesh.
#[derive(Debug, Default)]
pub struct Asked {
    /// The tables that each dataset declares.
    pub tables: BTreeMap<String, BTreeSet<String>>,
    /// The items of all shares.
    pub items: Vec<Item>,
}

/// An item of a share.
#[derive(Debug)]
pub struct Item {
    /// The dataset.
    pub dataset: String,
    /// The principal, by its name on the command line.
    pub principal: String,
    /// The item, as written in a document.
    pub what: String,
    /// The share's id.
    pub share: String,
    /// Why the item grants no access; `None` if it does.
    pub withheld: Option<String>,
    /// The share's permissions, as written in a document.
    pub permissions: String,
    /// The manifest line.
    pub at: String,
}

impl Asked {
    pub(super) fn of(mesh: &Mesh, day: Option<&Date>, sources: &[SourceFile]) -> Self {
        let tables = mesh.datasets.iter().map(|(id, dataset)| {
            let names = dataset.tables.keys().map(|name| name.as_str().to_owned());
            (id.to_string(), names.collect::<BTreeSet<String>>())
        });
        let items = mesh.shares.values().flat_map(|share| {
            let each = share.states.iter();
            let given = mesh.data_access.shares.get(&share.header.id);
            each.map(move |(item, state)| {
                let own = Item::of(share, item, *state, day, sources);
                own.less(item, given, sources)
            })
        });
        Self { tables: tables.collect(), items: items.collect() }
    }
}

impl Item {
    fn of(
        share: &Share,
        item: &ShareItem,
        state: ItemStatus,
        day: Option<&Date>,
        sources: &[SourceFile],
    ) -> Self {
        let permissions = share.permissions.iter().map(|permission| match permission {
            SharePermission::Read => "read",
            SharePermission::Write => "write",
            SharePermission::Modify => "modify",
        });
        let permissions: Vec<&str> = permissions.collect();
        let origin = share.items_at.get(item).copied().unwrap_or(share.header.origin);
        Self {
            dataset: share.dataset.to_string(),
            principal: match &share.consumption_role {
                Some(role) => format!("consumption-role/{role}"),
                None => format!("team/{}/{}", share.environment, share.team),
            },
            what: match item {
                ShareItem::Table(table) => table_item(table.name.as_str()),
                ShareItem::Folder(folder) => folder_item(folder.as_str()),
                ShareItem::Bucket => BUCKET_ITEM.to_owned(),
            },
            share: share.header.id.to_string(),
            withheld: withheld(share, state, day),
            permissions: format!("[{}]", permissions.join(", ")),
            at: render::place(origin, sources),
        }
    }
}

impl Item {
    /// The item, withheld if an access policy denies it, or what is left of it.
    fn less(mut self, item: &ShareItem, given: Option<&Given>, sources: &[SourceFile]) -> Self {
        let Some(given) = given.filter(|_| self.withheld.is_none()) else { return self };
        if given.items.contains(item) {
            return self;
        }
        let at: Vec<String> =
            given.origins.iter().map(|origin| render::place(*origin, sources)).collect();
        let is_part = |left: &&ShareItem| match (item, left) {
            (ShareItem::Table(all), ShareItem::Table(left)) => all.name == left.name,
            (ShareItem::Table(_) | ShareItem::Folder(_) | ShareItem::Bucket, _) => false,
        };
        let what = if given.items.iter().any(|left| is_part(&left)) {
            "some of its columns"
        } else {
            "it"
        };
        self.withheld = Some(format!("an access policy denies {what} ({})", at.join(", ")));
        self
    }
}

/// A whole bucket as an item of a share, as written in a document.
pub const BUCKET_ITEM: &str = "{bucket: true}";

/// A table as an item of a share, as written in a document.
pub fn table_item(name: &str) -> String {
    format!("{{table: {name}}}")
}

/// A folder as an item of a share, as written in a document.
pub fn folder_item(id: &str) -> String {
    format!("{{folder: {id}}}")
}

/// Why an item of a share grants no access on a day; `None` if it does.
fn withheld(share: &Share, state: ItemStatus, day: Option<&Date>) -> Option<String> {
    match share.status {
        ShareStatus::Approved => {}
        ShareStatus::Draft
        | ShareStatus::Submitted
        | ShareStatus::Rejected
        | ShareStatus::Revoked => return Some(format!("the share is {}", share.status.as_str())),
    }
    match state {
        ItemStatus::Approved => {}
        ItemStatus::Pending | ItemStatus::Rejected | ItemStatus::Revoked => {
            return Some(format!("the item is {}", state.as_str()));
        }
    }
    let last = share.expires.as_ref()?;
    (day? > last).then(|| format!("the share's last day {last} is over"))
}
