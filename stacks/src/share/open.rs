//! Access to an open set of datasets, in the policies of a team's role.
//!
//! The role's policies do not name the datasets, so that a dataset which is added changes its own stacks alone. They name
//! what the mesh makes in other accounts, where the policies of each bucket and key decide; by themselves these statements
//! allow nothing. Within the role's own account they give no objects: there a bucket's policy alone allows. On tables
//! Lake Formation decides everywhere (ADR 23).

use std::collections::{BTreeMap, BTreeSet};

use lakewright_constructs::access_point::Traffic;
use lakewright_constructs::bucket::{BucketTraffic as _, ImportedBucket};
use lakewright_constructs::key::ImportedKey;
use lakewright_constructs::role::Receives;
use lakewright_manifest::mesh::{Environment, Level, Open};
use lakewright_policies::condition::{Comparison, Condition};
use lakewright_synth::{Grants, Scope};

use super::access::{catalog_of, databases, in_catalog};
use crate::Names;
use crate::diagnose::cause;

/// Grants a team's role what it needs itself for the datasets that it is given.
pub(crate) fn grant(
    scope: &mut Scope<'_>,
    names: Names<'_>,
    environment: &Environment,
    role: &impl Receives,
    open: &Open,
) {
    let target = format!("environment/{}", environment.header.id);
    let producers: Vec<&Environment> =
        names.environments().filter(|other| other.features.datasets).collect();
    let mut scope = scope.because_all(open.origins.iter().map(|origin| cause(*origin)));
    let here = in_catalog(environment, &environment.account, &databases(environment));
    let catalogs: BTreeSet<String> = producers
        .iter()
        .flat_map(|other| in_catalog(other, &other.account, &databases(other)))
        .chain(here)
        .collect();
    scope.grant(catalog_of(&target, catalogs.into_iter().collect(), role));
    let others: Vec<&Environment> =
        producers.into_iter().filter(|other| other.account != environment.account).collect();
    scope.reach(
        objects(&others, &target, open.level, role).and(keys(&others, &target, open.level, role)),
    );
}

/// Objects of the buckets that the mesh makes in other accounts.
fn objects(others: &[&Environment], target: &str, level: Level, role: &impl Receives) -> Grants {
    let mut by_prefix: BTreeMap<&str, Vec<&Environment>> = BTreeMap::new();
    for other in others {
        by_prefix.entry(other.resource_prefix.as_str()).or_default().push(other);
    }
    let mut all = Grants::default();
    for (prefix, environments) in by_prefix {
        let Some(first) = environments.first() else { continue };
        let place = Names::place(first);
        let bucket = ImportedBucket::new(&place, &format!("{prefix}-*"), None, target);
        let mut grants = bucket.grant_objects(traffic(level), role);
        let accounts: BTreeSet<String> =
            environments.iter().map(|other| other.account.to_string()).collect();
        for grant in &mut grants.0 {
            grant.conditions.add(Condition {
                values: accounts.iter().cloned().map(Into::into).collect(),
                ..Condition::new(Comparison::StringEquals, "aws:ResourceAccount", String::new())
            });
        }
        all = all.and(grants);
    }
    all
}

/// The keys of these buckets, through S3.
fn keys(others: &[&Environment], target: &str, level: Level, role: &impl Receives) -> Grants {
    let places: BTreeSet<_> =
        others.iter().map(|other| (Names::place(other), other.resource_prefix.as_str())).collect();
    let mut all = Grants::default();
    for (place, prefix) in places {
        let keys = ImportedKey::with_prefix(&place, &format!("{prefix}-"), target);
        all = all.and(match traffic(level) {
            Traffic::Read => keys.grant_decrypt_via(role, &["s3"], &place.region),
            Traffic::Write | Traffic::ReadWrite => keys.grant_use_via(role, &["s3"], &place.region),
        });
    }
    all
}

const fn traffic(level: Level) -> Traffic {
    match level {
        Level::None | Level::Read => Traffic::Read,
        Level::Write | Level::Own => Traffic::ReadWrite,
    }
}
