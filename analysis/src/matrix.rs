//! The rows of the access matrix, with names for principals and resources.

pub mod summary;

use std::collections::BTreeSet;

use lakewright_access::pattern;
use lakewright_access::world::World;
use lakewright_proof::matrix::{Cell, Index, Needed};
use lakewright_template::arn::ArnParts;
use rayon::iter::{
    IndexedParallelIterator as _, IntoParallelRefIterator as _, ParallelIterator as _,
};
use rayon::slice::ParallelSliceMut as _;

use crate::decision::nearest;
use crate::subject::Subject;

/// The filters of the matrix.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// A principal's name or ARN, or a part of it.
    pub principal: Option<&'a str>,
    /// A resource's name or ARN, or a part of it.
    pub resource: Option<&'a str>,
    /// Whether to include every type of resource, not only data.
    pub all: bool,
}

/// A row of the matrix.
#[derive(Debug)]
pub struct Row<'s> {
    /// The principal's name on the command line, if it has one.
    pub name: Option<&'s str>,
    /// The document or role that the resource belongs to, such as `dataset/sales`, if known.
    pub target: Option<&'s str>,
    /// The principal's access to the resource.
    pub cell: Cell,
}

/// The maximum number of resources that a thread takes at a time: some take much longer than others.
const BATCH: usize = 32;

/// The number of unknown actions that a row lists.
const SHOWN: usize = 3;

/// The types of resources that contain data or give access to it.
const DATA: [&str; 6] = [
    "AWS::DynamoDB::Table",
    "AWS::Glue::Database",
    "AWS::KMS::Key",
    "AWS::KMS::ReplicaKey",
    "AWS::S3::AccessPoint",
    "AWS::S3::Bucket",
];

/// The rows of the matrix.
pub fn rows<'s>(wanted: Wanted<'_>, subject: &'s Subject) -> Vec<Row<'s>> {
    let Subject { world, intended, .. } = subject;
    let index = Index::of(world);
    let names = subject.names();
    let of_principals = Filter::of(wanted.principal, intended.names());
    let of_resources = Filter::of(wanted.resource, names.all());
    let is_wanted_arn = |arn: &str| {
        of_resources.is_none_or(|filter| filter.is_in(arn) || filter.takes(arn, names.of(arn)))
    };
    // A cell for all tables of a database also covers each table.
    let is_wanted_cell = |cell: &Cell, target: Option<&str>| {
        let has_table =
            |filter: Filter<'_>| world.lake().tables_of(&cell.resource).contains_key(filter.text);
        of_resources.is_none_or(|filter| filter.takes(&cell.resource, target) || has_table(filter))
    };
    let resources = world.resources().values();
    let resources = resources.filter(|one| wanted.all || DATA.contains(&one.kind.as_str()));
    let roles = world.roles().keys().filter(|_| wanted.all).map(String::as_str);
    let imported = subject.imported.keys().filter(|arn| !world.resources().contains_key(*arn));
    let arns = resources.map(|resource| resource.arn.as_str()).chain(roles);
    let arns = arns.chain(imported.map(String::as_str));
    let secrets = if wanted.all { secrets(world) } else { BTreeSet::new() };
    let arns = arns.chain(secrets);
    let arns: Vec<&str> = arns.filter(|arn| is_wanted_arn(arn)).collect();
    let row = |cell: Cell, target: Option<&'s str>| {
        let name = intended.name_of(cell.principal.name());
        let is_it = of_principals.is_none_or(|filter| filter.takes(cell.principal.name(), name));
        (is_it && is_wanted_cell(&cell, target)).then_some(Row { name, target, cell })
    };
    let of_documents = arns.par_iter().with_max_len(BATCH).flat_map_iter(|arn| {
        let target = names.of(arn);
        index.cells(arn).into_iter().filter_map(move |cell| row(cell, target))
    });
    let principals: Vec<&String> = world.lake().grants.keys().collect();
    let of_lake = principals.par_iter().flat_map_iter(|arn| {
        index.lake_cells(arn).into_iter().filter_map(|cell| {
            let target = names.of(&cell.resource);
            row(cell, target)
        })
    });
    let mut rows: Vec<Row<'_>> = of_documents.chain(of_lake).collect();
    rows.par_sort_unstable_by(|a, b| a.key().cmp(&b.key()));
    // IAM and Lake Formation both yield rows for a principal and a resource.
    rows.dedup_by(|later, row| {
        let is_same = later.key() == row.key();
        if is_same {
            row.cell.take(&mut later.cell);
        }
        is_same
    });
    rows
}

/// Secret ARN patterns in the roles' policies. Templates create no secrets, because only their owners may know the
/// values.
fn secrets(world: &World) -> BTreeSet<&str> {
    let documents = world.roles().values().flat_map(|role| &role.identity);
    let statements = documents.flat_map(|document| &document.statements);
    let allowing = statements.filter(|statement| statement.is_allow && !statement.not_resources);
    let resources = allowing.flat_map(|statement| &statement.resources).map(String::as_str);
    resources.filter(|arn| arn.contains(":secretsmanager:") && arn.contains(":secret:")).collect()
}

/// An error message, if a filter matches nothing in the mesh.
pub fn nothing_like(wanted: Wanted<'_>, subject: &Subject) -> Option<String> {
    let Subject { world, intended, .. } = subject;
    if let Some(name) = wanted.principal {
        let known = || intended.names().chain(world.roles().keys().map(String::as_str));
        if !known().any(|known| known.contains(name)) {
            if let Some(like) = nearest(name, known()) {
                return Some(format!(
                    "no principal of this mesh is like `{name}`; did you mean {like}?"
                ));
            }
            return Some(format!(
                "no principal of this mesh is like `{name}`; expected a name such as team/ENVIRONMENT/TEAM, an ARN, or a part of one"
            ));
        }
    }
    let name = wanted.resource?;
    let arns = world.resources().keys().chain(world.roles().keys()).map(String::as_str);
    let is_like = arns.chain(subject.names().all()).any(|known| known.contains(name));
    // A dataset's name must be complete: a part of it could be another dataset's name.
    if name.starts_with("dataset/") && !subject.names().all().any(|known| known == name) {
        let like = nearest(name, subject.names().all());
        let hint = like.map(|like| format!("; did you mean {like}?")).unwrap_or_default();
        return Some(format!("there is no `{name}` in this mesh{hint}"));
    }
    let is_table = name.contains(":table/")
        || name.contains(":::")
        || world.lake().tables.values().any(|tables| tables.contains_key(name));
    (!is_table && !is_like).then(|| {
        format!("no resource of this mesh is like `{name}`; expected dataset/ID, dataset/ID/table/NAME, an ARN, or a part of one")
    })
}

impl Row<'_> {
    /// The principal's name, or its ARN.
    pub fn principal(&self) -> &str {
        self.name.unwrap_or(self.cell.principal.name())
    }

    /// The target and the last part of the ARN; the whole ARN if there is no target.
    pub fn resource(&self) -> String {
        match self.target {
            Some(target) => [target, short(&self.cell.resource)].join(" "),
            None => self.cell.resource.to_string(),
        }
    }

    /// The access levels, rows and columns, condition keys and unknown actions, in words.
    pub fn access(&self) -> String {
        let mut text = String::new();
        let cell = &self.cell;
        let mut separator = "";
        for level in cell.levels.iter() {
            text.extend([separator, level.as_str()]);
            separator = " ";
        }
        if let Some(cells) = &cell.cells {
            text.extend([separator, "(", cells, ")"]);
            separator = " ";
        }
        let (word, needed) = match cell.needed() {
            Needed::Always(keys) => (" when ", keys),
            Needed::Partly(keys) => (" partly when ", keys),
        };
        for (number, key) in needed.into_iter().enumerate() {
            text.extend([if number == 0 { word } else { ", " }, key]);
        }
        let unknown: BTreeSet<&str> = cell.unknown().iter().map(|action| action.name()).collect();
        if !unknown.is_empty() {
            text.extend([separator, "unknown:"]);
            let more = unknown.len().saturating_sub(SHOWN);
            for action in unknown.into_iter().take(SHOWN) {
                text.extend([" ", action]);
            }
            if more > 0 {
                text.extend([" and ", &more.to_string(), " more"]);
            }
        }
        text
    }

    /// The sort key. Rows of the same principal and resource have equal keys.
    fn key(&self) -> (&str, Option<&str>, &str, Option<&str>, &str) {
        let Cell { resource, principal, cells, .. } = &self.cell;
        (self.principal(), self.target, resource, cells.as_deref(), principal.name())
    }
}

/// A filter by name or ARN.
#[derive(Debug, Clone, Copy)]
struct Filter<'a> {
    text: &'a str,
    /// Whether the text is a complete name. If so, longer names do not match.
    is_name: bool,
}

impl<'a> Filter<'a> {
    fn of(text: Option<&'a str>, mut names: impl Iterator<Item = &'a str>) -> Option<Self> {
        text.map(|text| Self { text, is_name: names.any(|name| name == text) })
    }

    fn takes(self, arn: &str, name: Option<&str>) -> bool {
        let is_it = |name: &str| name == self.text || (!self.is_name && name.contains(self.text));
        name.is_some_and(is_it)
            || arn.contains(self.text)
            // A pattern covers each ARN that it matches.
            || (arn.contains('*') && pattern::matches(arn, self.text))
    }

    /// Whether the filter names a part of the resource.
    fn is_in(self, arn: &str) -> bool {
        self.text.strip_prefix(arn).is_some_and(|rest| rest.starts_with('/'))
    }
}

/// The last part of an ARN.
pub fn short(arn: &str) -> &str {
    ArnParts::parse(arn).map_or(arn, |arn| arn.resource)
}
