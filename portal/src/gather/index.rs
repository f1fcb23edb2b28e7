//! The search index.

use std::collections::BTreeSet;

use lakewright_manifest::Mesh;
use lakewright_manifest::mesh::{Column, Dataset, Environment, Header};

use super::words::{TYPES, place, places};
use crate::model::{Entry, Words};

/// Everything that the search finds, by type and label.
pub(super) fn entries(mesh: &Mesh, words: &Words) -> Vec<Entry> {
    let indexer = Indexer { words };
    let mut all = Vec::new();
    for dataset in mesh.datasets.values() {
        indexer.dataset(dataset, &mut all);
    }
    for one in mesh.dashboards.values() {
        all.push(indexer.placed("dashboard", &one.header, &one.environment, one.team.as_str()));
    }
    for one in mesh.shares.values() {
        let mut entry = indexer.placed("share", &one.header, &one.environment, one.team.as_str());
        entry.3 = joined([one.dataset.id().as_str(), &one.purpose, &entry.3, one.status.as_str()]);
        all.push(entry);
    }
    for one in mesh.pipelines.values() {
        all.push(indexer.placed("pipeline", &one.header, &one.environment, one.team.as_str()));
    }
    for one in mesh.notebooks.values() {
        all.push(indexer.placed("notebook", &one.header, &one.environment, one.team.as_str()));
    }
    for one in mesh.studio_profiles.values() {
        let kind = "ML Studio profile";
        all.push(indexer.placed(kind, &one.header, &one.environment, one.team.as_str()));
    }
    for one in mesh.worksheets.values() {
        all.push(indexer.placed("worksheet", &one.header, &one.environment, one.team.as_str()));
    }
    for one in mesh.consumption_roles.values() {
        let kind = "consumption role";
        all.push(indexer.placed(kind, &one.header, &one.environment, one.team.as_str()));
    }
    for one in mesh.networks.values() {
        all.push(indexer.placed("network", &one.header, &one.environment, one.team.as_str()));
    }
    for one in mesh.environments.values() {
        let mut entry = indexer.placed("environment", &one.header, one, one.team.as_str());
        entry.3 = joined([entry.3.as_str(), &one.account]);
        all.push(entry);
    }
    for one in mesh.organizations.values() {
        let entry =
            indexer.entry("organization", "organization", one.header.id.as_str(), &one.header);
        all.push(Entry { 8: place(&words.teams, one.team.as_str()), ..entry });
    }
    for one in mesh.domains.values() {
        let id = one.header.id.as_str();
        let entry = indexer.entry("domain", "domain", id, &one.header);
        all.push(Entry { 9: place(&words.domains, id), ..entry });
    }
    for (number, team) in words.teams.iter().enumerate() {
        let mut entry = bare("team", format!("team/{team}"), team.clone());
        entry.8 = i32::try_from(number).unwrap_or(-1);
        all.push(entry);
    }
    for term in terms(mesh) {
        all.push(bare("glossary term", format!("term/{term}"), term.to_owned()));
    }
    all.sort_by_cached_key(|entry| (entry.0, entry.2.to_lowercase(), entry.1.clone()));
    all
}

/// The terms of the glossary: those that a document, a table, a column or a folder has.
pub(super) fn terms(mesh: &Mesh) -> BTreeSet<&str> {
    let mut terms: BTreeSet<&str> = BTreeSet::new();
    for header in super::words::headers(mesh) {
        terms.extend(header.glossary.iter().map(String::as_str));
    }
    for dataset in mesh.datasets.values() {
        for table in dataset.tables.values() {
            terms.extend(table.about.glossary.iter().map(String::as_str));
            let columns = table.all_columns();
            terms.extend(columns.flat_map(|column| &column.about.glossary).map(String::as_str));
        }
        let folders = dataset.folders.values().flat_map(|folder| &folder.about.glossary);
        terms.extend(folders.map(String::as_str));
    }
    terms
}

fn bare(kind: &str, route: String, label: String) -> Entry {
    let kind = TYPES.iter().position(|known| *known == kind).unwrap_or_default();
    Entry(kind, route, label, String::new(), Vec::new(), Vec::new(), -1, -1, -1, -1, -1)
}

/// Texts with spaces between them, without empty ones.
fn joined<'t>(texts: impl IntoIterator<Item = &'t str>) -> String {
    let mut all = String::new();
    for text in texts.into_iter().filter(|text| !text.is_empty()) {
        if !all.is_empty() {
            all.push(' ');
        }
        all.push_str(text);
    }
    all
}

struct Indexer<'w> {
    words: &'w Words,
}

impl Indexer<'_> {
    fn entry(&self, kind: &str, route: &str, id: &str, header: &Header) -> Entry {
        let mut entry = bare(kind, format!("{route}/{id}"), header.label.clone());
        let id = if header.label == id { "" } else { id };
        let terms = header.glossary.iter().map(String::as_str);
        entry.3 = joined([id, header.description.as_str()].into_iter().chain(terms));
        entry.4 = places(&self.words.tags, &header.keywords);
        entry.5 = places(&self.words.topics, &header.topics);
        entry
    }

    fn placed(&self, kind: &str, header: &Header, environment: &Environment, team: &str) -> Entry {
        let route = match kind {
            "ML Studio profile" => "studio-profile".to_owned(),
            kind => kind.replace(' ', "-"),
        };
        let entry = self.entry(kind, &route, header.id.as_str(), header);
        Entry {
            6: place(&self.words.regions, &environment.region),
            8: place(&self.words.teams, team),
            10: place(&self.words.environments, environment.header.id.as_str()),
            ..entry
        }
    }

    /// A dataset with its tables and folders.
    fn dataset(&self, dataset: &Dataset, all: &mut Vec<Entry>) {
        let id = dataset.header.id.as_str();
        let whole =
            self.placed("dataset", &dataset.header, &dataset.environment, dataset.team.as_str());
        let domain = dataset.domain.as_ref().map_or("", |domain| domain.id().as_str());
        let whole = Entry {
            7: place(&self.words.confidentialities, dataset.confidentiality.as_str()),
            9: place(&self.words.domains, domain),
            ..whole
        };
        for (name, table) in &dataset.tables {
            let columns: Vec<&Column> = table.all_columns().collect();
            let names = columns.iter().map(|column| column.name.as_str());
            let terms = columns.iter().flat_map(|column| &column.about.glossary);
            let terms = terms.chain(&table.about.glossary).map(String::as_str);
            let texts = [id, table.about.description.as_str()].into_iter();
            let tags =
                columns.iter().flat_map(|column| column.tags.iter().chain(&column.about.keywords));
            let tags = tags.chain(&table.about.keywords);
            all.push(Entry {
                3: joined(texts.chain(names).chain(terms)),
                4: places(&self.words.tags, tags),
                ..Self::part(&whole, "table", id, name.as_str())
            });
        }
        for (name, folder) in &dataset.folders {
            let terms = folder.about.glossary.iter().map(String::as_str);
            let texts = [id, folder.about.description.as_str(), folder.prefix.as_str()].into_iter();
            all.push(Entry {
                3: joined(texts.chain(terms)),
                4: places(&self.words.tags, &folder.about.keywords),
                ..Self::part(&whole, "folder", id, name.as_str())
            });
        }
        all.push(whole);
    }

    /// A part of a dataset, with the dataset's facets.
    fn part(whole: &Entry, kind: &str, dataset: &str, name: &str) -> Entry {
        let bare = bare(kind, format!("dataset/{dataset}"), name.to_owned());
        Entry(
            bare.0,
            bare.1,
            bare.2,
            String::new(),
            Vec::new(),
            whole.5.clone(),
            whole.6,
            whole.7,
            whole.8,
            whole.9,
            whole.10,
        )
    }
}
