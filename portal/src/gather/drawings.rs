//! What is drawn of environments, shares and pipelines.

use std::collections::BTreeMap;

use lakewright_manifest::mesh::{
    Environment, Pipeline, Share, ShareItem, SharePermission, SharedTable, Strategy,
};
use lakewright_manifest::name::CatalogName;

use super::Input;
use crate::model::{DrawnEnvironment, DrawnPipeline, DrawnShare};

/// An environment with its teams, datasets and shares.
pub(super) fn environment(input: &Input<'_>, one: &Environment) -> DrawnEnvironment {
    let id = one.header.id.as_str();
    let mut owned: BTreeMap<&str, usize> = BTreeMap::new();
    let own =
        input.mesh.datasets.values().filter(|dataset| dataset.environment.id().as_str() == id);
    for dataset in own {
        *owned.entry(dataset.team.as_str()).or_default() += 1;
    }
    let mut out: BTreeMap<&str, usize> = BTreeMap::new();
    let mut into: BTreeMap<&str, usize> = BTreeMap::new();
    for share in input.mesh.shares.values().filter(|share| share.is_live(input.day)) {
        let (from, to) = (share.dataset.environment.id().as_str(), share.environment.id().as_str());
        if from == id && to != id {
            *out.entry(to).or_default() += 1;
        } else if to == id && from != id {
            *into.entry(from).or_default() += 1;
        }
    }
    let counted = |map: BTreeMap<&str, usize>| {
        map.into_iter().map(|(name, number)| (name.to_owned(), number)).collect()
    };
    let teams = one.teams.iter().map(|member| {
        let number = owned.get(member.team.as_str()).copied().unwrap_or_default();
        (member.team.to_string(), number)
    });
    DrawnEnvironment {
        place: [one.account.to_string(), one.region.to_string()],
        teams: teams.collect(),
        out: counted(out),
        into: counted(into),
    }
}

/// An environment with a team, as a drawing names it.
fn place(environment: &Environment, team: &str) -> [String; 4] {
    let Environment { header, account, region, .. } = environment;
    [header.id.to_string(), account.to_string(), region.to_string(), team.to_owned()]
}

/// A share.
pub(super) fn share(input: &Input<'_>, one: &Share) -> DrawnShare {
    let items = one.states.keys().map(item);
    DrawnShare {
        producer: place(&one.dataset.environment, one.dataset.team.as_str()),
        dataset: one.dataset.id().to_string(),
        items: items.collect(),
        permissions: permissions(one),
        consumer: place(&one.environment, one.team.as_str()),
        role: one.consumption_role.as_ref().map(|role| role.id().to_string()).unwrap_or_default(),
        is_live: one.is_live(input.day),
        status: one.status.as_str(),
    }
}

/// The permissions of a share, in words.
pub(super) fn permissions(share: &Share) -> String {
    let words = share.permissions.iter().map(|one| match one {
        SharePermission::Read => "read",
        SharePermission::Write => "write",
        SharePermission::Modify => "modify",
    });
    words.collect::<Vec<_>>().join(", ")
}

/// The kind and the name of an item, with what limits it.
pub(super) fn item(item: &ShareItem) -> (&'static str, String) {
    match item {
        ShareItem::Table(SharedTable { name, columns, rows }) => {
            let mut text = name.to_string();
            if !columns.is_empty() {
                let columns: Vec<&str> = columns.iter().map(CatalogName::as_str).collect();
                text = format!("{text} ({})", columns.join(", "));
            }
            if let Some(rows) = rows {
                text = format!("{text} where {rows}");
            }
            ("table", text)
        }
        ShareItem::Folder(id) => ("folder", id.to_string()),
        ShareItem::Bucket => ("bucket", String::new()),
    }
}

/// A pipeline.
pub(super) fn pipeline(one: &Pipeline) -> DrawnPipeline {
    let stages = one.stages.iter().map(|stage| {
        let [environment, account, region, team] = place(&stage.environment, stage.team.as_str());
        [stage.id().to_owned(), environment, account, region, team]
    });
    let source = one.source.as_ref();
    DrawnPipeline {
        home: place(&one.environment, one.team.as_str()),
        repository: source.map(|source| source.repository.to_string()).unwrap_or_default(),
        strategy: strategy(one.strategy),
        stages: stages.collect(),
    }
}

/// The strategy of a pipeline, as in a manifest.
pub(super) const fn strategy(strategy: Strategy) -> &'static str {
    match strategy {
        Strategy::CdkTrunk => "cdk_trunk",
        Strategy::Trunk => "trunk",
        Strategy::Gitflow => "gitflow",
    }
}
