//! Datasets, each with those who can access it.

use std::collections::BTreeMap;

use lakewright_analysis::matrix::Row;
use lakewright_analysis::matrix::summary::{Column, Summary};
use lakewright_manifest::document::Kind;
use lakewright_manifest::mesh::{self, About, GovernedBy, Location, Share, TableFormat};

use super::head::{Addresses, fact, facts, head, said, stacks_of, teams, to};
use super::reasons::Reasons;
use super::{DATASETS, Input};
use crate::compact::{Compact, reached};
use crate::model::{Dataset, Fact, Folder, Reach, Reacher, Said, Table};

/// The files of datasets, by id, each with the rows about its datasets.
pub(super) fn datasets<'r, 's: 'r>(
    input: &Input<'s>,
    summary: &Summary<'r, 's>,
    addresses: &Addresses,
) -> Vec<(Vec<Dataset>, Reach)> {
    let reasons = Reasons::of(input);
    let groups: BTreeMap<&str, usize> =
        summary.names().into_iter().enumerate().map(|(place, name)| (name, place)).collect();
    let rows: Vec<&Vec<&'r Row<'_>>> = summary.groups.values().collect();
    let lines = by_group(summary);
    let shares = by_dataset(input);
    let all: Vec<&mesh::Dataset> = input.mesh.datasets.values().map(AsRef::as_ref).collect();
    let of_file = |some: &[&mesh::Dataset]| {
        let mut compact = Compact::new(input.subject);
        let datasets = some.iter().map(|dataset| {
            let name = format!("dataset/{}", dataset.header.id);
            let place = groups.get(name.as_str()).copied();
            compact.add(
                &name,
                place.and_then(|place| rows.get(place)).map_or(&[][..], |rows| rows.as_slice()),
            );
            let who = place.and_then(|place| lines.get(&place)).into_iter().flatten();
            let who = who.map(|line| reacher(line, dataset, &reasons)).collect();
            one(input, dataset, &shares, addresses, who)
        });
        let datasets: Vec<Dataset> = datasets.collect();
        (datasets, compact.finish())
    };
    all.chunks(DATASETS).map(of_file).collect()
}

/// The levels of a principal on the data and the keys of a target.
struct Line<'r> {
    principal: &'r str,
    data: u8,
    key: u8,
}

/// The principals of each group of rows, in the order of the overview.
fn by_group<'r>(summary: &Summary<'r, '_>) -> BTreeMap<usize, Vec<Line<'r>>> {
    let mut all: BTreeMap<usize, Vec<Line<'r>>> = BTreeMap::new();
    for ((_, principal), columns) in &summary.lines {
        for (Column { group, is_key }, levels) in columns {
            let lines = all.entry(*group).or_default();
            if lines.last().is_none_or(|line| line.principal != *principal) {
                lines.push(Line { principal, data: 0, key: 0 });
            }
            if let Some(line) = lines.last_mut() {
                let levels = reached(levels);
                if *is_key { line.key = levels } else { line.data = levels }
            }
        }
    }
    all
}

fn by_dataset<'m>(input: &Input<'m>) -> BTreeMap<&'m str, Vec<&'m Share>> {
    let mut all: BTreeMap<&str, Vec<&Share>> = BTreeMap::new();
    for share in input.mesh.shares.values() {
        all.entry(share.dataset.id().as_str()).or_default().push(share);
    }
    all
}

fn reacher(line: &Line<'_>, dataset: &mesh::Dataset, reasons: &Reasons<'_>) -> Reacher {
    let Line { principal, data, key } = line;
    let (why, lines) = reasons.why(principal, dataset);
    Reacher { name: (*principal).to_owned(), data: *data, key: *key, why, lines }
}

fn one(
    input: &Input<'_>,
    dataset: &mesh::Dataset,
    shares: &BTreeMap<&str, Vec<&Share>>,
    addresses: &Addresses,
    who: Vec<Reacher>,
) -> Dataset {
    let id = dataset.header.id.as_str();
    let shares = shares.get(id).map(Vec::as_slice).unwrap_or_default();
    let mut stacks = stacks_of(addresses, "dataset", id);
    for share in shares {
        stacks.extend(stacks_of(addresses, "share", share.header.id.as_str()));
    }
    let tables =
        dataset.tables.iter().map(|(name, table)| self::table(input, name.as_str(), table));
    let folders = dataset.folders.iter().map(|(id, folder)| Folder {
        id: id.to_string(),
        prefix: folder.prefix.to_string(),
        about: folder.about.description.clone(),
        keywords: folder.about.keywords.clone(),
        glossary: folder.about.glossary.clone(),
        line: input.line(folder.origin),
    });
    Dataset {
        head: head(input, Kind::Dataset, &dataset.header, said_of(dataset, shares), stacks),
        confidentiality: dataset.confidentiality.as_str(),
        environment: dataset.environment.id().to_string(),
        team: dataset.team.to_string(),
        tables: tables.collect(),
        folders: folders.collect(),
        who,
    }
}

fn table(input: &Input<'_>, name: &str, table: &mesh::Table) -> Table {
    let partitions = table.partitions.iter().map(|column| (column, true));
    let columns = table.columns.iter().map(|column| (column, false)).chain(partitions);
    let columns = columns.map(|(column, is_partition)| {
        let About { description, keywords, glossary } = &column.about;
        let tags = column.tags.iter().chain(keywords).cloned().collect();
        let name = column.name.to_string();
        (name, column.kind.clone(), description.clone(), tags, glossary.clone(), is_partition)
    });
    Table {
        name: name.to_owned(),
        location: table.location.clone(),
        format: format_of(table.format).to_owned(),
        about: table.about.description.clone(),
        keywords: table.about.keywords.clone(),
        glossary: table.about.glossary.clone(),
        line: input.line(table.origin),
        columns: columns.collect(),
    }
}

const fn format_of(format: TableFormat) -> &'static str {
    match format {
        TableFormat::Csv => "CSV",
        TableFormat::Json => "JSON",
        TableFormat::Parquet => "Parquet",
    }
}

/// The facts about a dataset.
fn said_of(dataset: &mesh::Dataset, shares: &[&Share]) -> Vec<Fact> {
    let environment = &dataset.environment;
    let yes = |is: bool, words: [&str; 2]| said(words[usize::from(!is)]);
    let mut all = vec![
        fact("Owner", to("team", dataset.team.as_str())),
        teams("Stewards", &dataset.stewards),
        fact("Environment", to("environment", environment.id().as_str())),
        fact("Account", said(&*environment.account)),
        fact("Region", said(&*environment.region)),
        facts("Domain", dataset.domain.iter().map(|domain| to("domain", domain.id().as_str()))),
        fact(
            "Shares",
            yes(
                dataset.auto_approval,
                ["approved automatically", "approved by the owner or a steward"],
            ),
        ),
        facts("Shared by", shares.iter().map(|share| to("share", share.header.id.as_str()))),
        fact(
            "When removed from the mesh",
            yes(
                dataset.retain_on_delete || dataset.import.is_some(),
                ["the data stays", "the data is deleted with the stack"],
            ),
        ),
        facts("Crawler", crawler(dataset)),
        facts("Profiling", dataset.profiling_schedule.iter().map(|when| said(when.to_string()))),
    ];
    if let Some(import) = &dataset.import {
        all.push(facts("Imported", imported(import)));
    }
    all
}

fn crawler(dataset: &mesh::Dataset) -> Vec<Said> {
    let mesh::Crawler { schedule, prefix, event_mode } = &dataset.crawler;
    let prefix = prefix.as_ref().map(|prefix| said(format!("prefix of tables: {prefix}")));
    let events = event_mode.then(|| said("only folders for which S3 reported changes"));
    let schedule = schedule.as_ref().map(|when| said(when.to_string()));
    schedule.into_iter().chain(prefix).chain(events).collect()
}

fn imported(import: &mesh::Import) -> Vec<Said> {
    let mesh::Import {
        bucket,
        kms_key_alias,
        glue_database,
        catalog_account,
        location,
        hybrid_access,
        governed_by,
    } = import;
    let location = match location {
        Location::Here => "registered with Lake Formation by this dataset",
        Location::Elsewhere => "registered with Lake Formation elsewhere",
        Location::Nowhere => "not registered with Lake Formation",
    };
    let key = kms_key_alias.as_ref().map(|alias| said(format!("key: {alias}")));
    let database = glue_database.as_ref().map(|name| said(format!("database: {name}")));
    let catalog =
        catalog_account.as_ref().map(|account| said(format!("catalog of: {}", &**account)));
    let parts = [Some(said(format!("bucket: {bucket}"))), key, database, catalog];
    let hybrid = said(format!("hybrid access: {}", hybrid_access.as_str()));
    let governed = governed_by.map(|one| {
        said(match one {
            GovernedBy::LakeFormation => "governed by permissions of Lake Formation elsewhere",
            GovernedBy::LfTags => "governed by LF-tags",
        })
    });
    parts.into_iter().flatten().chain([said(location), hybrid]).chain(governed).collect()
}
