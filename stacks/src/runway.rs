//! How many more documents fit before a limit is reached.
//!
//! An additional document is assumed to need as much as the largest existing one of its kind. Resources are
//! counted in the stacks of such documents, characters in the policies that grow with them.

use std::collections::{BTreeMap, BTreeSet};

use lakewright_manifest::Mesh;
use lakewright_manifest::mesh::Dataset;
use lakewright_policies::pack::FILLED_PERCENT;
use lakewright_policies::size::characters;
use lakewright_synth::{Cause, NEAR_PERCENT};
use lakewright_template::limits::{
    ACCESS_POINTS_PER_REGION, BUCKET_POLICY_BYTES, GLUE_DATABASES_PER_REGION, KEY_POLICY_BYTES,
    KEYS_PER_REGION, MANAGED_POLICY_CHARACTERS, RESOURCES,
};
use lakewright_template::write::value_to_compact_json;
use lakewright_template::{Map, StackKind, Template, Value};

use crate::Names;
use crate::diagnose::cause;
use crate::team::{MorePipelines, PERMISSION_POLICIES};
use crate::{Synthesized, governance, share, team};

/// How many more documents of a kind fit into an environment, or into the mesh, and which limit is reached first.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Runway {
    /// The environment's id; `None` for documents that are in no environment.
    pub environment: Option<String>,
    /// The kind of document, such as `share`.
    pub what: &'static str,
    /// The number of documents that still fit.
    pub more: usize,
    /// The limit that is reached first, such as `the key policy of dataset/sales`.
    pub before: String,
    /// How much of it is used, in `unit`.
    pub used: usize,
    /// The limit, in `unit`.
    pub limit: usize,
    /// The unit, such as characters or resources.
    pub unit: &'static str,
    /// What changes when the limit is reached, so that more fit: `None`, or words such as `roles are known by
    /// their tag`.
    pub then: Option<&'static str>,
}

/// A limit, and what one more document uses of it.
pub(crate) struct Bound {
    pub(crate) what: &'static str,
    pub(crate) before: String,
    pub(crate) used: usize,
    pub(crate) limit: usize,
    /// What only the next document uses, in addition to `cost`.
    pub(crate) once: usize,
    pub(crate) cost: usize,
    pub(crate) unit: &'static str,
    pub(crate) then: Option<&'static str>,
}

/// Whether each document of a kind, or each team in an environment, has stacks of its own of this kind. The others come with
/// environments and accounts, and a team's dashboards are in one stack.
const fn grows(kind: StackKind) -> bool {
    match kind {
        StackKind::Team
        | StackKind::Dataset
        | StackKind::Share
        | StackKind::Notebook
        | StackKind::StudioProfile
        | StackKind::Pipeline => true,
        StackKind::Bootstrap
        | StackKind::PivotRole
        | StackKind::Environment
        | StackKind::Dashboards
        | StackKind::Governance
        | StackKind::Platform => false,
    }
}

/// The runway of each environment, for each kind of document that it contains, and that of the policy store.
pub fn runway(mesh: &Mesh, stacks: &[&Synthesized]) -> Vec<Runway> {
    let mut all = Vec::new();
    let belongings = team::belongings(mesh, &[]);
    for environment in mesh.environments.values() {
        let account = &environment.account;
        let of_account: Vec<&Synthesized> =
            stacks.iter().copied().filter(|stack| stack.entry.account == *account).collect();
        let of_place: Vec<&Synthesized> = of_account
            .iter()
            .copied()
            .filter(|stack| stack.entry.region == environment.region)
            .collect();
        let id = environment.header.id.as_str();
        let mut bounds = Vec::new();
        counted(mesh, account, &of_account, &of_place, &mut bounds);
        let pipeline = team::largest_pipeline(Names::new(mesh), environment, &belongings);
        for stack in of_place {
            match stack.entry.kind {
                StackKind::Dataset if owner_of(mesh, &stack.entry.id) == Some(id) => {
                    of_dataset(mesh, stack, &mut bounds);
                }
                StackKind::Team if stack.entry.id.split('/').next() == Some(id) => {
                    of_team(mesh, stack, &mut bounds);
                    let mut members = environment.teams.iter();
                    let member = members.find(|one| stack.entry.id == format!("{id}/{}", one.team));
                    let more = member.and_then(|member| {
                        team::more_pipelines(
                            Names::new(mesh),
                            environment,
                            member,
                            &belongings,
                            &pipeline,
                        )
                    });
                    if let Some(more) = more {
                        trusted_pipelines(mesh, stack, more, &mut bounds);
                    }
                }
                _ => {}
            }
        }
        all.extend(tightest(Some(id), bounds));
    }
    all.extend(tightest(None, governance::bounds(mesh, stacks)));
    all
}

/// The limit that is reached first, for each kind of document.
fn tightest(environment: Option<&str>, bounds: Vec<Bound>) -> impl Iterator<Item = Runway> {
    let mut tightest: BTreeMap<&str, Runway> = BTreeMap::new();
    for Bound { what, before, used, limit, once, cost, unit, then } in bounds {
        let more = limit.saturating_sub(used + once) / cost.max(1);
        let environment = environment.map(str::to_owned);
        let one = Runway { environment, what, more, before, used, limit, unit, then };
        let known = tightest.entry(what).or_insert_with(|| one.clone());
        if one < *known {
            *known = one;
        }
    }
    tightest.into_values()
}

/// The environment that contains a dataset.
fn owner_of<'m>(mesh: &'m Mesh, dataset: &str) -> Option<&'m str> {
    let found = mesh.datasets.values().find(|one| one.header.id.as_str() == dataset);
    found.map(|dataset| dataset.environment.id().as_str())
}

/// Quotas on numbers of resources, per account or per region of it.
fn counted(
    mesh: &Mesh,
    account: &str,
    of_account: &[&Synthesized],
    of_place: &[&Synthesized],
    bounds: &mut Vec<Bound>,
) {
    let quotas = &mesh.tenant.quotas;
    let counted: [(&str, &str, usize, &[&Synthesized]); 7] = [
        ("AWS::IAM::Role", "roles", quotas.roles_per_account, of_account),
        (
            "AWS::IAM::ManagedPolicy",
            "managed policies",
            quotas.managed_policies_per_account,
            of_account,
        ),
        ("AWS::S3::Bucket", "buckets", quotas.buckets_per_account, of_account),
        ("AWS::CloudFormation::Stack", "stacks in the region", quotas.stacks_per_region, of_place),
        ("AWS::S3::AccessPoint", "access points in the region", ACCESS_POINTS_PER_REGION, of_place),
        ("AWS::KMS::Key", "keys in the region", KEYS_PER_REGION, of_place),
        ("AWS::Glue::Database", "databases in the region", GLUE_DATABASES_PER_REGION, of_place),
    ];
    for (kind, name, limit, stacks) in counted {
        let count = |stack: &Synthesized| match kind {
            "AWS::CloudFormation::Stack" => 1,
            _ => stack.lowered.template.resources.values().filter(|one| one.kind == kind).count(),
        };
        let used = stacks.iter().map(|stack| count(stack)).sum();
        for what in StackKind::ALL.into_iter().filter(|kind| grows(*kind)) {
            let mut each: BTreeMap<&str, usize> = BTreeMap::new();
            for stack in stacks.iter().filter(|stack| stack.entry.kind == what) {
                *each.entry(&stack.entry.id).or_default() += count(stack);
            }
            let cost = each.into_values().max().unwrap_or_default();
            if cost > 0 {
                let before = format!("the {name} of account {account}");
                bounds.push(Bound {
                    what: what.as_str(),
                    before,
                    used,
                    limit,
                    once: 0,
                    cost,
                    unit: "resources",
                    then: None,
                });
            }
        }
    }
}

/// The bucket and key policies of a dataset, and the number of resources of its stack, grow with its shares.
fn of_dataset(mesh: &Mesh, stack: &Synthesized, bounds: &mut Vec<Bound>) {
    let name = format!("dataset/{}", stack.entry.id);
    for resource in stack.lowered.template.resources.values() {
        let (policy, property, limit) = match resource.kind.as_ref() {
            "AWS::KMS::Key" => ("key", "KeyPolicy", KEY_POLICY_BYTES),
            "AWS::S3::BucketPolicy" => ("bucket", "PolicyDocument", BUCKET_POLICY_BYTES),
            _ => continue,
        };
        let Some(document) = resource.properties.get(property) else { continue };
        let then = gives_way(policy, document);
        bounds.push(Bound {
            what: "share",
            before: format!("the {policy} policy of {name}"),
            used: characters(document),
            limit: if then.is_some() { limit / 100 * NEAR_PERCENT } else { limit },
            once: 0,
            cost: largest_principal(document),
            unit: "characters",
            then,
        });
    }
    let shares: BTreeMap<Cause, usize> =
        mesh.shares.values().map(|share| (cause(share.header.origin), 0)).collect();
    let mut each = shares;
    for (part, causes) in &stack.lowered.provenance {
        if part.contains('#') {
            continue;
        }
        for one in causes.iter() {
            each.entry(*one).and_modify(|count| *count += 1);
        }
    }
    let cost = each.into_values().max().unwrap_or_default();
    if cost > 0 {
        let document = mesh.datasets.values().find(|one| one.header.id.as_str() == stack.entry.id);
        let gains = document.is_some_and(|one| gains_by_tags(one, &stack.lowered.template));
        let then = gains.then_some("tables are shared by tags");
        bounds.push(Bound {
            what: "share",
            before: format!("the stack of {name}"),
            used: stack.lowered.template.resources.len(),
            limit: if then.is_some() { RESOURCES / 100 * NEAR_PERCENT } else { RESOURCES },
            once: 0,
            cost,
            unit: "resources",
            then,
        });
    }
}

/// Whether table permissions by tags need fewer resources than those by name.
fn gains_by_tags(dataset: &Dataset, template: &Template) -> bool {
    let parts = share::table_tags(dataset);
    let (mut by_name, mut tags, mut tables, mut by_tag) =
        (0, BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for resource in template.resources.values() {
        if resource.kind != "AWS::LakeFormation::PrincipalPermissions" {
            continue;
        }
        let of = |property: &str, name: &str| {
            resource.properties.get(property).and_then(Value::as_map).and_then(|map| map.get(name))
        };
        let table = ["TableWithColumns", "Table"]
            .iter()
            .find_map(|kind| of("Resource", kind)?.as_map()?.get("Name"));
        if let Some(table) = table.and_then(Value::as_text) {
            let part = parts.iter().position(|part| part.contains(&table));
            let role = of("Principal", "DataLakePrincipalIdentifier");
            by_name += 1;
            tables.insert(table);
            tags.insert(part);
            by_tag.insert((part, role, resource.properties.get("Permissions")));
        }
    }
    share::has_tags(dataset) && tags.len() + tables.len() + by_tag.len() < by_name
}

/// How a nearly full policy of a dataset changes, if it has not changed yet (ADR 12).
fn gives_way(policy: &str, document: &Value) -> Option<&'static str> {
    let text = value_to_compact_json(document);
    match policy {
        "bucket"
            if text.contains("s3:DataAccessPointArn")
                && !text.contains(r#""ArnLike":{"s3:DataAccessPointArn""#) =>
        {
            Some("folders are left to their access points")
        }
        "key" if !text.contains("aws:PrincipalTag/") => Some("roles are known by their tag"),
        _ => None,
    }
}

/// A team's trust policy grows with pipelines whose stages deploy as the team.
fn trusted_pipelines(
    mesh: &Mesh,
    stack: &Synthesized,
    more: MorePipelines,
    bounds: &mut Vec<Bound>,
) {
    let resources = stack.lowered.template.resources.values();
    let trust = resources.filter_map(|one| one.properties.get("AssumeRolePolicyDocument"));
    bounds.extend(trust.map(|trust| Bound {
        what: "pipeline",
        before: format!("the trust policy of team/{}", stack.entry.id),
        used: characters(trust),
        limit: mesh.tenant.quotas.trust_policy_characters,
        once: more.once,
        cost: more.each,
        unit: "characters",
        then: None,
    }));
}

/// A team's policies grow with the datasets shared from other accounts.
fn of_team(mesh: &Mesh, stack: &Synthesized, bounds: &mut Vec<Bound>) {
    let quotas = &mesh.tenant.quotas;
    let name = format!("team/{}", stack.entry.id);
    let mut used = 0;
    for (id, resource) in &stack.lowered.template.resources {
        if resource.kind == "AWS::IAM::ManagedPolicy" && id.as_str().starts_with("Data") {
            used += resource.properties.get("PolicyDocument").map_or(0, characters);
        }
    }
    // The characters for one dataset of another account, or an imported one.
    let mut each: BTreeMap<&str, usize> = BTreeMap::new();
    for (record, _) in &stack.lowered.records {
        if record.principal == name && record.resource.starts_with("dataset/") {
            let said = record.resources.iter().chain(&record.conditions).map(|text| text.len() + 3);
            let actions = record.actions.iter().map(|action| action.len() + 3);
            *each.entry(&record.resource).or_default() += said.chain(actions).sum::<usize>();
        }
    }
    if let Some(cost) = each.into_values().max() {
        bounds.push(Bound {
            what: "share",
            before: format!("the policies of {name}"),
            used,
            limit: (quotas.managed_policies_per_role - PERMISSION_POLICIES)
                * MANAGED_POLICY_CHARACTERS
                * FILLED_PERCENT
                / 100,
            once: 0,
            cost,
            unit: "characters",
            then: None,
        });
    }
}

/// The characters that a resource policy has for its largest principal, among the principals that it names
/// individually.
fn largest_principal(document: &Value) -> usize {
    let mut each: BTreeMap<&Value, usize> = BTreeMap::new();
    for statement in statements(document) {
        let principal = statement.as_map().and_then(|map| map.get("Principal"));
        let principals = match principal.and_then(Value::as_map).and_then(|map| map.get("AWS")) {
            Some(Value::List(list)) => list.iter().collect(),
            Some(one) => vec![one],
            None => Vec::new(),
        };
        let is_own = |arn: &&Value| {
            let text = arn.as_text();
            text.is_none_or(|text| text != "*" && !text.ends_with(":root"))
        };
        let is_alone = principals.len() == 1;
        for principal in principals.into_iter().filter(is_own) {
            let counted = if is_alone { statement } else { principal };
            *each.entry(principal).or_default() += characters(counted) + 1;
        }
    }
    each.into_values().max().unwrap_or_default()
}

fn statements(document: &Value) -> impl Iterator<Item = &Value> {
    let list = document.as_map().and_then(|map: &Map| map.get("Statement"));
    let list = match list {
        Some(Value::List(list)) => list.as_slice(),
        _ => &[],
    };
    list.iter()
}

#[cfg(test)]
mod tests;
