//! What masks and conditions on rows make of the tables that a team reads.
//!
//! A policy with a mask gives the columns that it selects, masked. It also masks them where other policies give them to the
//! same team: restrictions win over what is given otherwise (AT-11). So a table with a masked column is not given at all; the
//! team gets a view of it with everything that it may see. A condition on rows is no such restriction: policies add up.

use std::collections::{BTreeMap, BTreeSet};

use lakewright_masks::rows::Condition;

use super::rule::{Part, Rule};
use super::wanted::{About, Access, InPart, Masked, Wanted};
use crate::diagnostic::Origin;
use crate::mesh::{
    Dataset, Environment, HybridAccess, Level, Location, Mask, Mesh, RowFilter, Share, ShareItem,
    SharedTable, Standing, Table, TableView,
};
use crate::name::{CatalogName, Id, TeamName};

/// Why a team would see more than a mask lets it see, or why no view shows what policies give.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NotLimited {
    /// The policy with the limit.
    pub(super) by: Origin,
    /// What else is about it, and what it says there.
    pub(super) other: Option<(Origin, &'static str)>,
    /// The table.
    pub(super) table: CatalogName,
    /// What goes wrong.
    pub(super) why: &'static str,
    /// What to do.
    pub(super) help: &'static str,
}

/// What goes wrong with limits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Wrong {
    /// A denial that infrastructure cannot express.
    InPart(InPart),
    /// A limit that would not hold.
    NotLimited(NotLimited),
}

impl From<InPart> for Wrong {
    fn from(part: InPart) -> Self {
        Self::InPart(part)
    }
}

impl From<NotLimited> for Wrong {
    fn from(wrong: NotLimited) -> Self {
        Self::NotLimited(wrong)
    }
}

/// What a team's role in an environment has apart from policies.
#[derive(Debug)]
pub(super) struct Reach<'a> {
    /// The access of an owner or steward.
    pub(super) standing: Option<&'a Standing>,
    /// Who else acts through the role.
    pub(super) other_holder: Option<Origin>,
    /// Whether the role is in the dataset's region.
    pub(super) is_in_region: bool,
    /// The team's approved shares of the dataset, with what denials leave of them.
    pub(super) shares: Vec<(&'a Share, &'a [ShareItem])>,
}

/// One policy's part in a table.
struct Contribution<'m> {
    rule: Rule<'m>,
    /// The columns that it gives, less what is denied.
    seen: BTreeSet<CatalogName>,
    masks: BTreeMap<CatalogName, Mask>,
    rows: Option<&'m RowFilter>,
}

/// The rows that a team sees of a table.
enum Rows<'m> {
    All,
    Some(Vec<&'m RowFilter>),
}

impl<'m> About<'_, 'm> {
    /// Adds what policies with masks and with conditions on rows give, and masks what others give.
    pub(super) fn limit(&self, limited: &[Rule<'m>], wanted: &mut Wanted) -> Result<(), Wrong> {
        let is_about = |rule: &&Rule<'m>| {
            rule.is_about(self.dataset, self.team) && rule.gives(Part::EveryTable) > Level::None
        };
        let about: Vec<Rule<'m>> = limited.iter().filter(is_about).copied().collect();
        if about.is_empty() {
            return Ok(());
        }
        for (name, table) in &self.dataset.tables {
            let mut parts = Vec::new();
            for rule in &about {
                parts.extend(self.contribution(*rule, name, table)?);
            }
            if !parts.is_empty() {
                limit_table(name, table, &parts, wanted)?;
            }
        }
        Ok(())
    }

    /// What a policy gives of a table; nothing if it is not about it or all of it is denied.
    fn contribution(
        &self,
        rule: Rule<'m>,
        name: &CatalogName,
        table: &Table,
    ) -> Result<Option<Contribution<'m>>, InPart> {
        let policy = rule.policy;
        let part = Part::Table(name.as_str());
        let is_whole = rule.selects(self.dataset, part)
            && self.is_left(part, &|| format!("table `{name}`"))?;
        let selected = if is_whole {
            table.all_columns().map(|column| column.name.clone()).collect()
        } else {
            policy.columns(self.dataset, name, table)
        };
        let mut seen = BTreeSet::new();
        for column in selected {
            let part = Part::Column(name.as_str(), column.as_str());
            if self.is_left(part, &|| format!("column `{column}` of table `{name}`"))? {
                seen.insert(column);
            }
        }
        let is_crawled = table.columns.is_empty() && is_whole;
        Ok((!seen.is_empty() || is_crawled).then(|| Contribution {
            rule,
            masks: policy.masks(self.dataset, name, table),
            seen,
            rows: policy.rows.as_ref(),
        }))
    }

    /// Whether denials leave the reading of a part.
    fn is_left(&self, part: Part<'_>, what: &dyn Fn() -> String) -> Result<bool, InPart> {
        let read = Access { level: Level::Read, open: Level::None };
        Ok(self.left(part, read, what)?.level > Level::None)
    }

    /// Whether the masks hold, whatever else the team has: the rights of owners and stewards, objects, and shares.
    pub(super) fn limits_hold(&self, wanted: &Wanted, reach: &Reach<'_>) -> Result<(), NotLimited> {
        for (table, masked) in &wanted.views {
            let around = self.way_around(wanted, reach).or_else(|| {
                self.files(wanted, table).or_else(|| self.shared(reach, table, &masked.view))
            });
            if let Some(Around { other, why, help }) = around {
                return Err(NotLimited { by: masked.by, other, table: table.clone(), why, help });
            }
        }
        Ok(())
    }

    /// What lets the team see all tables of the dataset as they are, or keeps views from being made.
    fn way_around(&self, wanted: &Wanted, reach: &Reach<'_>) -> Option<Around> {
        let dataset = Some((self.dataset.header.origin, "the dataset"));
        let reads = |one: &Standing| one.objects > Level::None || one.tables > Level::None;
        if reach.standing.is_some_and(reads) {
            let why = "owners and stewards read the whole dataset";
            return Some(Around { other: dataset, why, help: "exclude the team with `except`" });
        }
        if wanted.objects.level > Level::None {
            return Some(Around {
                other: None,
                why: "it is given the objects of the dataset, which contain the table's files",
                help: "give the team tables only, with `types: [table, column]`, or exclude it with `except`",
            });
        }
        if let Some(origin) = reach.other_holder {
            return Some(Around {
                other: Some((origin, "with the same role")),
                why: "another team acts through its role",
                help: "give each team a role of its own",
            });
        }
        if !reach.is_in_region {
            return Some(Around {
                other: dataset,
                why: "it has a role in another region, where views of the dataset cannot be read",
                help: "exclude the team with `except`, or leave the table out of what the policy selects",
            });
        }
        let why = unprotected(self.dataset)?;
        let help = "leave the table out of what the policy selects, or set `hybrid_access: closed`, if that is so";
        Some(Around { other: dataset, why, help })
    }

    /// A folder with files of a table.
    fn files(&self, wanted: &Wanted, table: &CatalogName) -> Option<Around> {
        let mut folders = wanted.folders.iter().filter(|(_, access)| access.level > Level::None);
        folders.any(|(folder, _)| has_files(self.dataset, folder, table)).then_some(Around {
            other: None,
            why: "it is given a folder with the table's files",
            help: "leave the folder out of what the other policy selects",
        })
    }

    /// A share with the values of masked columns.
    fn shared(&self, reach: &Reach<'_>, table: &CatalogName, view: &TableView) -> Option<Around> {
        let shows = |item: &ShareItem| match item {
            ShareItem::Bucket => true,
            ShareItem::Folder(folder) => has_files(self.dataset, folder, table),
            ShareItem::Table(shared) => {
                let is_masked =
                    |column: &CatalogName| view.columns.get(column).is_some_and(Option::is_some);
                shared.name == *table
                    && (shared.columns.is_empty() || shared.columns.iter().any(is_masked))
            }
        };
        let (share, _) = reach.shares.iter().find(|(_, items)| items.iter().any(shows))?;
        Some(Around {
            other: Some((share.header.origin, "this share")),
            why: "an approved share gives it the values",
            help: "revoke the share, or take the table or the masked columns out of it",
        })
    }
}

/// A way around a mask.
struct Around {
    other: Option<(Origin, &'static str)>,
    why: &'static str,
    help: &'static str,
}

/// Adds what policies give of one table, as a view if a column is masked.
fn limit_table(
    name: &CatalogName,
    table: &Table,
    parts: &[Contribution<'_>],
    wanted: &mut Wanted,
) -> Result<(), Wrong> {
    let others = others(wanted, name, table);
    let masks = one_mask_each(name, parts)?;
    let mut visible = others.clone();
    visible.extend(parts.iter().flat_map(|part| part.seen.iter().cloned()));
    let rows = rows(name, parts, &others, &visible)?;
    let mut origins: BTreeSet<Origin> = parts.iter().map(|part| part.rule.origin()).collect();
    if !others.is_empty() {
        origins.extend(wanted.origins.iter().copied());
    }
    wanted.origins.extend(origins.iter().copied());
    let by = masks.iter().find(|(column, _)| visible.contains(*column)).map(|(_, (_, by))| *by);
    let Some(by) = by else {
        give(wanted, name, table, visible, &rows);
        return Ok(());
    };
    is_only_read(name, by, wanted)?;
    wanted.tables.remove(name);
    wanted.columns.remove(name);
    wanted.every_table = Access::default();
    let columns = visible.into_iter().map(|column| {
        let mask = masks.get(&column).map(|(mask, _)| *mask);
        (column, mask)
    });
    let rows = match rows {
        Rows::All => None,
        Rows::Some(filters) => Some(any(&filters)),
    };
    let view = TableView { columns: columns.collect(), rows, origins };
    wanted.views.insert(name.clone(), Masked { view, by });
    Ok(())
}

/// Gives a table without masked columns, by a condition on its rows if there is one.
fn give(
    wanted: &mut Wanted,
    name: &CatalogName,
    table: &Table,
    visible: BTreeSet<CatalogName>,
    rows: &Rows<'_>,
) {
    let is_whole = visible.len() == table.all_columns().count();
    match rows {
        Rows::Some(filters) => {
            let columns = if is_whole { Vec::new() } else { visible.into_iter().collect() };
            let rows = Some(text(filters));
            wanted.rows.insert(name.clone(), SharedTable { name: name.clone(), columns, rows });
        }
        Rows::All if is_whole => {
            let read = Access { level: Level::Read, open: Level::None };
            let access = wanted.tables.entry(name.clone()).or_insert(read);
            access.level = access.level.max(Level::Read);
            wanted.columns.remove(name);
        }
        Rows::All => {
            let empty = (BTreeSet::new(), Level::None);
            let (columns, open) = wanted.columns.entry(name.clone()).or_insert(empty);
            columns.extend(visible);
            *open = Level::None;
        }
    }
}

fn is_only_read(name: &CatalogName, by: Origin, wanted: &Wanted) -> Result<(), NotLimited> {
    let is_written = wanted.tables.get(name).is_some_and(|one| one.level > Level::Read)
        || wanted.every_table.level > Level::Read;
    if !is_written {
        return Ok(());
    }
    Err(NotLimited {
        by,
        other: None,
        table: name.clone(),
        why: "it may write the table, and whoever writes a table reads it",
        help: "give the team no right to write the table, or exclude it from the mask with `except`",
    })
}

/// The columns that policies without limits give.
fn others(wanted: &Wanted, name: &CatalogName, table: &Table) -> BTreeSet<CatalogName> {
    if wanted.tables.get(name).is_some_and(|one| one.level > Level::None) {
        return table.all_columns().map(|column| column.name.clone()).collect();
    }
    wanted.columns.get(name).map(|(columns, _)| columns.clone()).unwrap_or_default()
}

/// The mask of each column, with the policy that says so. Two policies must not mask one column differently.
fn one_mask_each(
    name: &CatalogName,
    parts: &[Contribution<'_>],
) -> Result<BTreeMap<CatalogName, (Mask, Origin)>, NotLimited> {
    let mut found: BTreeMap<CatalogName, (Mask, Origin)> = BTreeMap::new();
    for part in parts {
        for (column, mask) in &part.masks {
            let by = part.rule.origin();
            let first = found.entry(column.clone()).or_insert((*mask, by));
            if first.0 != *mask {
                return Err(NotLimited {
                    by,
                    other: Some((first.1, "and this one, otherwise")),
                    table: name.clone(),
                    why: "two policies mask one of its columns in different ways",
                    help: "take the same mask in both, or exclude the team from one with `except`",
                });
            }
        }
    }
    Ok(found)
}

/// The rows that all policies together give. They must give the same columns if they give different rows: one view or filter
/// would otherwise show columns of rows that nobody gives.
fn rows<'m>(
    name: &CatalogName,
    parts: &[Contribution<'m>],
    others: &BTreeSet<CatalogName>,
    visible: &BTreeSet<CatalogName>,
) -> Result<Rows<'m>, NotLimited> {
    let mut all: Vec<Option<&RowFilter>> = parts.iter().map(|part| part.rows).collect();
    if !others.is_empty() {
        all.push(None);
    }
    let is_one = all.windows(2).all(|two| two[0] == two[1]);
    let is_even =
        parts.iter().all(|part| part.seen == *visible) && (others.is_empty() || others == visible);
    if !is_one && !is_even {
        return Err(NotLimited {
            by: parts[0].rule.origin(),
            other: parts.get(1).map(|part| (part.rule.origin(), "and this one")),
            table: name.clone(),
            why: "policies give it some columns of some rows and other columns of other rows",
            help: "give the same columns in all of them, or the same `rows`",
        });
    }
    let mut filters: Vec<&RowFilter> = Vec::new();
    for one in all {
        match one {
            None => return Ok(Rows::All),
            Some(filter) if filters.contains(&filter) => {}
            Some(filter) => filters.push(filter),
        }
    }
    Ok(Rows::Some(filters))
}

fn any(filters: &[&RowFilter]) -> Condition {
    match filters {
        [only] => only.condition.clone(),
        several => Condition::Any(several.iter().map(|one| one.condition.clone()).collect()),
    }
}

fn text(filters: &[&RowFilter]) -> String {
    match filters {
        [only] => only.text.clone(),
        several => {
            let parts: Vec<String> = several.iter().map(|one| format!("({})", one.text)).collect();
            parts.join(" OR ")
        }
    }
}

/// Whether a folder has files of a table.
fn has_files(dataset: &Dataset, folder: &Id, table: &CatalogName) -> bool {
    let (Some(folder), Some(table)) = (dataset.folders.get(folder), dataset.tables.get(table))
    else {
        return true;
    };
    let (prefix, location) = (folder.prefix.as_str(), format!("{}/", table.location));
    location.starts_with(prefix) || prefix.starts_with(&location)
}

/// Why views of a dataset's tables would not hide anything, or could not be made.
fn unprotected(dataset: &Dataset) -> Option<&'static str> {
    let import = dataset.import.as_ref()?;
    if import.catalog_account.is_some() {
        Some(
            "views are made in the catalog of the dataset's own account, and the tables are in another one",
        )
    } else if import.location == Location::Nowhere {
        Some(
            "its location is not registered with Lake Formation, so that IAM alone gives the values",
        )
    } else if import.hybrid_access != HybridAccess::Closed {
        Some("its location is in hybrid access mode, where IAM gives the values as well")
    } else {
        None
    }
}

/// Somebody else who acts through the role that a team brought into an environment.
pub(super) fn other_holder(
    mesh: &Mesh,
    environment: &Environment,
    team: &TeamName,
) -> Option<Origin> {
    let role = environment.team_named(team)?.iam_role_arn.as_ref()?;
    let members = mesh.environments.values().flat_map(|one| &one.teams);
    let mut members =
        members.filter(|one| one.team != *team && one.iam_role_arn.as_ref() == Some(role));
    let mut roles = mesh.consumption_roles.values();
    members.next().map(|member| member.origin).or_else(|| {
        roles.find(|one| one.team != *team && one.role_arn == *role).map(|one| one.header.origin)
    })
}

#[cfg(test)]
mod tests;
