//! The statements of a share, each for the stack that writes the policy.

use lakewright_constructs::access_point::{AccessPointHandle, Traffic};
use lakewright_constructs::bucket::{BucketHandle, BucketTraffic, ImportedBucket};
use lakewright_constructs::key::{ImportedKey, KeyHandle};
use lakewright_constructs::role::Receives;
use lakewright_manifest::mesh::Environment;
use lakewright_policies::actions::CATALOG_READ;
use lakewright_policies::{Conditions, IdentityPolicy, ResourcePolicy, Statement};
use lakewright_synth::{Grant, Grants, PolicyOwner, Scope, Target, Together};
use lakewright_template::Value;

use super::LiveShare;
use crate::Names;

/// The grants in the dataset's bucket and key policies.
pub(crate) fn producer_grants(
    names: Names<'_>,
    live: &LiveShare<'_>,
    bucket: &BucketHandle,
    key: &KeyHandle,
) -> Grants {
    let role = live.consumer_role(names);
    let mut grants = bucket_traffic(live, bucket, &role);
    let access_point = access_point(names, live);
    for folder in live.folders() {
        grants = grants.and(bucket.grant_through(&access_point, &folder, live.traffic(), &role));
    }
    if live.has_bucket() || live.folders().next().is_some() {
        let region = live.producer.region.as_str();
        grants = grants.and(match live.traffic() {
            Traffic::Read => key.grant_decrypt_via(&role, &["s3"], region),
            Traffic::Write | Traffic::ReadWrite => key.grant_use_via(&role, &["s3"], region),
        });
    }
    live.until(grants)
}

/// Grants objects of the whole bucket.
fn bucket_traffic(live: &LiveShare<'_>, bucket: &impl BucketTraffic, to: &impl Receives) -> Grants {
    if live.has_bucket() { bucket.grant_objects(live.traffic(), to) } else { Grants::default() }
}

/// The statements that the owner of an imported bucket adds to its policy, because Lakewright does not manage it.
pub(crate) fn owner_policy(names: Names<'_>, live: &LiveShare<'_>) -> Option<Value> {
    if live.dataset.import.is_none() || live.is_in_one_account() {
        return None;
    }
    let role = live.consumer_role(names);
    let place = Names::place(live.producer);
    let name = names.dataset_bucket(live.producer, live.dataset);
    let bucket = ImportedBucket::new(&place, &name, None, &live.target());
    let mut grants = bucket_traffic(live, &bucket, &role);
    let access_point = access_point(names, live);
    for folder in live.folders() {
        grants = grants.and(bucket.grant_through(&access_point, &folder, live.traffic(), &role));
    }
    let grants = live.until(grants);
    let statements: Vec<Statement> =
        grants.0.iter().map(lakewright_synth::Grant::resource_statement).collect();
    if statements.is_empty() {
        return None;
    }
    let policy = ResourcePolicy::new(distinct(statements)).expect("grants give whole statements");
    Some(policy.into_value())
}

/// The statements that the owner of an imported bucket's key adds to the key policy for a consumer in another account,
/// with the key's alias.
///
/// A key policy applies only to its own key, so these statements omit the condition on the alias that identity policies
/// need.
pub(crate) fn key_statements(
    names: Names<'_>,
    live: &LiveShare<'_>,
) -> Option<(String, Vec<Statement>)> {
    let alias = live.dataset.import.as_ref()?.kms_key_alias.as_ref()?;
    if live.is_in_one_account() {
        return None;
    }
    let role = live.consumer_role(names);
    let grants = live.until(key(names, live, &role));
    let statements = grants.0.iter().map(|grant| {
        let mut statement = grant.resource_statement();
        statement.conditions = statement.conditions.without("kms:ResourceAliases");
        statement
    });
    Some((alias.to_string(), distinct(statements.collect())))
}

/// The policy that the owner of an unmanaged consumer role attaches: the role's ARN and the policy.
pub(crate) fn unmanaged_policy(names: Names<'_>, live: &LiveShare<'_>) -> Option<(String, Value)> {
    let is_foreign = match live.role {
        Some(role) => !role.managed,
        None => live.share.member().iam_role_arn.is_some(),
    };
    if !is_foreign {
        return None;
    }
    if live.is_open() {
        return None;
    }
    let role = live.consumer_role(names);
    let arn = role.grantee().known_arn.clone();
    let grants = consumer_grants(names, live, &role);
    let statements: Vec<Statement> =
        grants.0.iter().map(lakewright_synth::Grant::identity_statement).collect();
    if statements.is_empty() {
        return None;
    }
    let policy = IdentityPolicy::new(distinct(statements)).expect("grants give whole statements");
    Some((arn, policy.into_value()))
}

/// Gives the statements distinct `Sid`s.
fn distinct(statements: Vec<Statement>) -> Vec<Statement> {
    let named = statements.into_iter().enumerate().map(|(number, mut statement)| {
        statement.sid = format!("{}{}", statement.sid, number + 1).into();
        statement
    });
    named.collect()
}

fn access_point(names: Names<'_>, live: &LiveShare<'_>) -> AccessPointHandle {
    let place = Names::place(live.producer);
    let name = names.access_point(live.producer, &live.share.header.id);
    AccessPointHandle::imported(&place, &name, &live.target())
}

/// The grants in the consumer's own policies: those that the dataset's policies cannot contain, because the dataset is
/// in another account or its policies are not managed.
pub(crate) fn consumer_grants(
    names: Names<'_>,
    live: &LiveShare<'_>,
    to: &impl Receives,
) -> Grants {
    let place = Names::place(live.producer);
    let import = live.dataset.import.as_ref();
    let mut grants = Grants::default();
    if !live.is_in_one_account() || import.is_some() {
        let name = names.dataset_bucket(live.producer, live.dataset);
        let bucket = ImportedBucket::new(&place, &name, None, &live.target());
        grants = grants.and(bucket_traffic(live, &bucket, to));
        let access_point = access_point(names, live);
        for folder in live.folders() {
            grants = grants.and(access_point.grant_under(&folder, live.traffic(), to));
        }
        if live.has_bucket() || live.folders().next().is_some() {
            grants = grants.and(key(names, live, to));
        }
    }
    if live.has_tables() {
        grants = grants.and(catalog(live, to));
    }
    live.until(grants)
}

/// Use of the dataset's key, by its alias, through S3.
fn key(names: Names<'_>, live: &LiveShare<'_>, to: &impl Receives) -> Grants {
    let place = Names::place(live.producer);
    let alias = match &live.dataset.import {
        Some(import) => match &import.kms_key_alias {
            Some(alias) => alias.to_string(),
            // The bucket has no KMS key.
            None => return Grants::default(),
        },
        None => names.dataset_alias(live.producer, live.dataset),
    };
    let key = ImportedKey::new(&place, &alias, &live.target());
    match live.traffic() {
        Traffic::Read => key.grant_decrypt_via(to, &["s3"], &place.region),
        Traffic::Write | Traffic::ReadWrite => key.grant_use_via(to, &["s3"], &place.region),
    }
}

/// Grants the catalog on both sides of the resource link. Lake Formation decides on the tables themselves.
fn catalog(live: &LiveShare<'_>, to: &impl Receives) -> Grants {
    // Lake Formation decides on each table, so a pattern by the prefix is enough here. So a role's policy grows with
    // the accounts that share with it, not with their tables.
    let imported = live.dataset.import.as_ref().and_then(|import| import.glue_database.as_ref());
    let database = imported.map_or_else(|| databases(live.producer), ToString::to_string);
    let there = in_catalog(live.producer, &live.catalog_account(), &database);
    let here = in_catalog(live.consumer, &live.consumer.account, &databases(live.consumer));
    catalog_of(&live.target(), there.into_iter().chain(here).collect(), to)
}

/// The pattern of the databases that the mesh makes in an environment.
pub(super) fn databases(environment: &Environment) -> String {
    format!("{}_*", environment.resource_prefix.as_str().replace('-', "_"))
}

/// The ARNs of databases and their tables in a catalog.
pub(super) fn in_catalog(environment: &Environment, account: &str, database: &str) -> [String; 3] {
    let place = Names::place(environment);
    let start = place.start_in("glue", account);
    ["catalog".to_owned(), format!("database/{database}"), format!("table/{database}/*")]
        .map(|part| format!("{start}{part}"))
}

/// Grants reading of catalogs, and the data of the tables on which Lake Formation decides.
pub(super) fn catalog_of(target: &str, resources: Vec<String>, to: &impl Receives) -> Grants {
    let grant = |sid: &str, actions: &[&'static str], resources: Vec<String>| Grant {
        sid: sid.to_owned(),
        grantee: to.grantee().clone(),
        access: "read",
        target: Target {
            name: target.to_owned(),
            account: to.grantee().account.clone(),
            policy: None,
        },
        actions: actions.to_vec(),
        resources: resources.iter().cloned().map(Value::from).collect(),
        own_resources: Vec::new(),
        known_resources: resources,
        conditions: Conditions::none(),
    };
    Grants(vec![
        grant("SharedCatalog", &CATALOG_READ, resources),
        grant("SharedData", &["lakeformation:GetDataAccess"], vec!["*".to_owned()]),
    ])
}

/// The policy of a managed consumption role, attached by the role's name.
pub(crate) fn consumption_policy(scope: &mut Scope<'_>, names: Names<'_>, live: &LiveShare<'_>) {
    let Some(role) = live.role else { return };
    let consumer = live.consumer_role(names);
    let mut scope = scope.child("ConsumptionRole");
    let owner = PolicyOwner::RoleManaged {
        role: Value::text(role.role_arn.role_name().to_owned()),
        name: names.share_policy(live.consumer, &live.share.header.id),
        policies: 1,
        together: Together::Target,
    };
    let slot = scope.policy(owner, Vec::new());
    scope.grant(consumer_grants(names, live, &consumer.with_policy(slot)));
}

#[cfg(test)]
mod tests;
