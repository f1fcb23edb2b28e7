//! The first page, and the overview of all access.

use lakewright_analysis::matrix::Row;
use lakewright_analysis::matrix::summary::{Column, Summary};
use lakewright_analysis::subject::Subject;

use super::attention::attention;
use super::{Input, STACKS, TARGETS};
use crate::compact::{Compact, reached};
use crate::model::{Count, Dataset, Document, Matrix, Named, Parts, Place, Reach, Site, Words};

/// The version of the shape of the data.
const VERSION: u32 = 1;

/// What every page needs.
pub(super) fn site(
    input: &Input<'_>,
    words: Words,
    datasets: &[(Vec<Dataset>, Reach)],
    documents: &[Vec<Document>],
    index: usize,
    stacks: usize,
) -> Site {
    let mesh = input.mesh;
    let header = &mesh.tenant.header;
    let firsts = datasets.iter().filter_map(|(file, _)| file.first());
    let documents = documents.iter().filter_map(|file| file.first());
    let documents = documents.map(|one| format!("{}/{}", one.head.kind, one.head.id));
    let parts = Parts {
        index,
        datasets: firsts.map(|dataset| dataset.head.id.clone()).collect(),
        documents: documents.collect(),
        stacks: STACKS,
        reach: TARGETS,
        review: input.review.is_some(),
    };
    let organizations = mesh.organizations.values().map(|one| Named {
        id: one.header.id.to_string(),
        label: one.header.label.clone(),
        about: one.header.description.clone(),
        team: one.team.to_string(),
    });
    Site {
        version: VERSION,
        tool: input.tool.to_owned(),
        mesh: header.id.to_string(),
        label: header.label.clone(),
        about: header.description.clone(),
        day: input.day.map(ToString::to_string),
        counts: counts(input, &words, stacks),
        words,
        parts,
        environments: places(input),
        organizations: organizations.collect(),
        attention: attention(input),
    }
}

fn counts(input: &Input<'_>, words: &Words, stacks: usize) -> Vec<Count> {
    let mesh = input.mesh;
    let found =
        |name, number, kind: &str| Count { name, number, to: format!("search?type={kind}") };
    let tables = mesh.datasets.values().map(|one| one.tables.len()).sum();
    let all = [
        found("datasets", mesh.datasets.len(), "dataset"),
        found("tables", tables, "table"),
        Count {
            name: "environments",
            number: mesh.environments.len(),
            to: "environments".to_owned(),
        },
        Count { name: "teams", number: words.teams.len(), to: "teams".to_owned() },
        found("shares", mesh.shares.len(), "share"),
        found("pipelines", mesh.pipelines.len(), "pipeline"),
        found("notebooks", mesh.notebooks.len(), "notebook"),
        found("dashboards", mesh.dashboards.len(), "dashboard"),
        Count { name: "stacks", number: stacks, to: "stacks".to_owned() },
    ];
    all.into_iter().filter(|count| count.number > 0).collect()
}

fn places(input: &Input<'_>) -> Vec<Place> {
    let mut datasets = std::collections::BTreeMap::new();
    for dataset in input.mesh.datasets.values() {
        *datasets.entry(dataset.environment.id().as_str()).or_insert(0) += 1;
    }
    let environments = input.mesh.environments.values();
    let place = environments.map(|one| Place {
        id: one.header.id.to_string(),
        label: one.header.label.clone(),
        organization: one.organization.id().to_string(),
        account: one.account.to_string(),
        region: one.region.to_string(),
        team: one.team.to_string(),
        teams: one.teams.len(),
        datasets: datasets.get(one.header.id.as_str()).copied().unwrap_or_default(),
    });
    place.collect()
}

/// The overview of all access, and the rows about everything that is not a dataset, in files.
pub(super) fn matrix<'r>(subject: &'r Subject, summary: &Summary<'r, '_>) -> (Matrix, Vec<Reach>) {
    let groups: Vec<_> = summary.groups.iter().collect();
    let file = |some: &[(&(usize, String), &Vec<&'r Row<'_>>)]| {
        let mut compact = Compact::new(subject);
        for ((_, name), rows) in some {
            // The rows about a dataset are in the file of the dataset.
            let is_dataset = name.starts_with("dataset/");
            compact.add(name, if is_dataset { &[] } else { rows });
        }
        compact.finish()
    };
    (cells(summary), groups.chunks(TARGETS).map(file).collect())
}

/// The levels of each principal on each target.
pub(crate) fn cells(summary: &Summary<'_, '_>) -> Matrix {
    let targets: Vec<String> = summary.names().into_iter().map(str::to_owned).collect();
    let mut matrix = Matrix { targets, ..Matrix::default() };
    for (number, ((_, principal), columns)) in (0..).zip(&summary.lines) {
        matrix.principals.push((*principal).to_owned());
        let mut last = None;
        for (Column { group, is_key }, levels) in columns {
            if last != Some(*group) {
                let group = u32::try_from(*group).unwrap_or(u32::MAX);
                matrix.cells.extend([number, group, 0, 0]);
            }
            last = Some(*group);
            let place = matrix.cells.len() - 2 + usize::from(*is_key);
            matrix.cells[place] = u32::from(reached(levels));
        }
    }
    matrix
}
