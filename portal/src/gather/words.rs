//! The words of facets.

use std::collections::BTreeSet;

use lakewright_manifest::Mesh;
use lakewright_manifest::mesh::{Confidentiality, Header};

use crate::model::Words;

/// The types of what the search finds, in the order of results.
pub(super) const TYPES: [&str; 16] = [
    "dataset",
    "table",
    "folder",
    "dashboard",
    "share",
    "team",
    "environment",
    "organization",
    "domain",
    "pipeline",
    "notebook",
    "ML Studio profile",
    "worksheet",
    "consumption role",
    "network",
    "glossary term",
];

/// The place of a word in a list that is sorted; -1 if it is not there.
pub(super) fn place(words: &[String], word: &str) -> i32 {
    let found = words.binary_search_by(|known| known.as_str().cmp(word));
    found.ok().and_then(|place| i32::try_from(place).ok()).unwrap_or(-1)
}

/// The places of words in a list that is sorted.
pub(super) fn places<'w>(words: &[String], of: impl IntoIterator<Item = &'w String>) -> Vec<usize> {
    let found: BTreeSet<usize> =
        of.into_iter().filter_map(|word| words.binary_search(word).ok()).collect();
    found.into_iter().collect()
}

/// The headers of all documents that the search finds.
pub(super) fn headers(mesh: &Mesh) -> Vec<&Header> {
    let mut all: Vec<&Header> = Vec::new();
    all.extend(mesh.organizations.values().map(|one| &one.header));
    all.extend(mesh.environments.values().map(|one| &one.header));
    all.extend(mesh.networks.values().map(|one| &one.header));
    all.extend(mesh.consumption_roles.values().map(|one| &one.header));
    all.extend(mesh.domains.values().map(|one| &one.header));
    all.extend(mesh.datasets.values().map(|one| &one.header));
    all.extend(mesh.shares.values().map(|one| &one.header));
    all.extend(mesh.worksheets.values().map(|one| &one.header));
    all.extend(mesh.notebooks.values().map(|one| &one.header));
    all.extend(mesh.studio_profiles.values().map(|one| &one.header));
    all.extend(mesh.pipelines.values().map(|one| &one.header));
    all.extend(mesh.dashboards.values().map(|one| &one.header));
    all
}

/// The names of all teams of the mesh, sorted.
pub(super) fn teams(mesh: &Mesh) -> BTreeSet<&str> {
    let mut teams: BTreeSet<&str> = BTreeSet::new();
    teams.insert(mesh.tenant.admin_team.as_str());
    teams.extend(mesh.tenant.permissions.keys().map(lakewright_manifest::TeamName::as_str));
    for organization in mesh.organizations.values() {
        teams.insert(organization.team.as_str());
        teams.extend(organization.admins.iter().map(lakewright_manifest::TeamName::as_str));
    }
    for environment in mesh.environments.values() {
        teams.extend(environment.teams.iter().map(|member| member.team.as_str()));
    }
    for domain in mesh.domains.values() {
        let named = [&domain.owners, &domain.readers, &domain.dataset_level_access];
        teams.extend(named.into_iter().flatten().map(lakewright_manifest::TeamName::as_str));
    }
    for dataset in mesh.datasets.values() {
        teams.extend(dataset.stewards.iter().map(lakewright_manifest::TeamName::as_str));
    }
    teams
}

/// The words of the facets of a mesh; every list is sorted.
pub(super) fn words(mesh: &Mesh) -> Words {
    let mut tags: BTreeSet<&String> = BTreeSet::new();
    let mut topics: BTreeSet<&String> = BTreeSet::new();
    for header in headers(mesh) {
        tags.extend(&header.keywords);
        topics.extend(&header.topics);
    }
    for dataset in mesh.datasets.values() {
        for table in dataset.tables.values() {
            tags.extend(&table.about.keywords);
            for column in table.all_columns() {
                tags.extend(column.tags.iter().chain(&column.about.keywords));
            }
        }
        tags.extend(dataset.folders.values().flat_map(|folder| &folder.about.keywords));
    }
    let regions: BTreeSet<String> =
        mesh.environments.values().map(|one| one.region.to_string()).collect();
    let levels =
        [Confidentiality::Official, Confidentiality::Secret, Confidentiality::Unclassified];
    Words {
        types: TYPES.to_vec(),
        tags: tags.into_iter().cloned().collect(),
        topics: topics.into_iter().cloned().collect(),
        regions: regions.into_iter().collect(),
        confidentialities: levels.map(|level| level.as_str().to_owned()).to_vec(),
        teams: teams(mesh).into_iter().map(str::to_owned).collect(),
        domains: mesh.domains.keys().map(ToString::to_string).collect(),
        environments: mesh.environments.keys().map(ToString::to_string).collect(),
    }
}
