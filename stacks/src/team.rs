//! The `team` stack: a team's role, with the permissions that the team and the environment's features have, and its
//! Athena workgroup.

mod handout;
mod people;
mod permissions;
mod subscriptions;
mod trust;

pub(crate) use handout::handouts;
use std::collections::BTreeMap;

use lakewright_constructs::athena::{NamedQuery, Workgroup};
use lakewright_constructs::bucket::{BucketTraffic as _, ImportedBucket, bucket_arn};
use lakewright_constructs::key::ImportedKey;
use lakewright_constructs::role::{Policies, Receives, Role, RoleHandle};
use lakewright_manifest::mesh::{
    Dataset, Environment, EnvironmentPermission, EnvironmentTeam, Level, Open, Pipeline, Stage,
    Standing, Worksheet,
};
use lakewright_manifest::{Diagnostic, Id, Mesh, TeamName};
use lakewright_policies::Conditions;
use lakewright_policies::actions::CATALOG_READ;
use lakewright_policies::condition::{Comparison, Condition};
use lakewright_synth::{Grant, Grants, ROLE_TAG, Scope, Target};
use lakewright_template::Value;

use crate::Names;
use crate::dataset::Member;
use crate::diagnose::cause;
use crate::names::grantee_name;
use crate::pipeline::Approval;
use crate::share::{self, LiveShare};
use crate::worksheets;
pub(crate) use trust::MorePipelines;

/// Maximum number of managed policies for a role's permissions; the others are for imported datasets and shares.
pub(crate) const PERMISSION_POLICIES: usize = 6;

/// Whether a team needs a stack: with an imported role and without a workgroup there is nothing to create.
pub(crate) fn has_stack(environment: &Environment, team: &EnvironmentTeam) -> bool {
    team.iam_role_arn.is_none() || has_workgroup(environment, team)
}

pub(crate) fn has_workgroup(environment: &Environment, team: &EnvironmentTeam) -> bool {
    environment.features.worksheets
        && team.permissions.contains(&EnvironmentPermission::RunAthenaQuery)
}

/// A pipeline's stage, with the environment in which it runs.
pub(crate) type Staged<'m> = (&'m Environment, &'m Pipeline, &'m Stage);

/// The documents in an environment that affect a team's stack.
#[derive(Debug, Clone, Default, Hash)]
pub(crate) struct Belongings<'m> {
    /// Imported datasets that the team owns or stewards.
    imported: Vec<(&'m Dataset, Option<&'m Standing>)>,
    /// The team's named queries.
    worksheets: Vec<&'m Worksheet>,
    /// Shares that the team's role receives and that need grants in its own policies.
    shares: Vec<LiveShare<'m>>,
    /// The team's access to an open set of datasets.
    open: Option<&'m Open>,
    /// Stages of pipelines that deploy as this team.
    pipelines: Vec<Staged<'m>>,
}

/// The belongings of all teams, by environment.
pub(crate) type AllBelongings<'m> = BTreeMap<(&'m Id, &'m TeamName), Belongings<'m>>;

/// The belongings of each team in each environment, collected in one pass because meshes have thousands of each.
pub(crate) fn belongings<'m>(mesh: &'m Mesh, shares: &[LiveShare<'m>]) -> AllBelongings<'m> {
    let mut all: AllBelongings<'m> = BTreeMap::new();
    for dataset in mesh.datasets.values().filter(|dataset| dataset.import.is_some()) {
        for team in std::iter::once(&dataset.team).chain(&dataset.stewards) {
            let standing = mesh.data_access.standing(&dataset.header.id, team);
            let belongings = all.entry((dataset.environment.id(), team)).or_default();
            belongings.imported.push((dataset, standing));
        }
    }
    if !mesh.data_access.open.is_empty() {
        for environment in mesh.environments.values() {
            for member in &environment.teams {
                if let Some(open) = mesh.data_access.open.get(&member.team) {
                    let key = (&environment.header.id, &member.team);
                    all.entry(key).or_default().open = Some(open);
                }
            }
        }
    }
    for live in shares.iter().filter(|live| live.role.is_none() && !live.is_open()) {
        let key = (live.share.environment.id(), &live.share.team);
        all.entry(key).or_default().shares.push(*live);
    }
    for pipeline in mesh.pipelines.values() {
        let runs_in = &*pipeline.environment;
        for stage in &pipeline.stages {
            let belongings = all.entry((stage.environment.id(), &stage.team)).or_default();
            belongings.pipelines.push((runs_in, pipeline, stage));
        }
    }
    for worksheet in mesh.worksheets.values() {
        let key = (worksheet.environment.id(), &worksheet.team);
        all.entry(key).or_default().worksheets.push(worksheet);
    }
    all
}

pub(crate) fn build(
    scope: &mut Scope<'_>,
    names: Names<'_>,
    environment: &Environment,
    team: &EnvironmentTeam,
    belongings: &Belongings<'_>,
) {
    subscriptions::topic(scope, names, environment, team);
    if team.iam_role_arn.is_none() {
        let role = scope.add("Role", role(names, environment, team, &belongings.pipelines));
        grant(scope, names, environment, team, &role);
        grant_data(scope, names, environment, team, &role, belongings);
    }
    if has_workgroup(environment, team) {
        workgroup(scope, names, environment, team, &belongings.worksheets);
    }
}

/// Grants a role what the team's permissions and the environment's features allow, whether the role is created or
/// imported.
pub(crate) fn grant(
    scope: &mut Scope<'_>,
    names: Names<'_>,
    environment: &Environment,
    team: &EnvironmentTeam,
    role: &impl Receives,
) {
    permissions::grant(scope, names, environment, team, role);
    subscriptions::grant(scope, names, environment, team, role);
    grant_studio_key(scope, names, environment, team, role);
    grant_results_key(scope, names, environment, team, role);
}

fn role(
    names: Names<'_>,
    environment: &Environment,
    team: &EnvironmentTeam,
    pipelines: &[Staged<'_>],
) -> Role {
    let name = names.team(environment, &team.team);
    Role {
        policies: Policies::Managed { name: name.clone(), policies: PERMISSION_POLICIES },
        name,
        description: format!("Team {} in environment {}", team.team, environment.header.id),
        grantee: grantee_name(environment, team),
        trust: trust::of_role(names, environment, team, pipelines),
        boundary: Some(Names::boundary_arn(environment)),
        tags: vec![(ROLE_TAG, names.team(environment, &team.team))],
    }
}

/// The finding that a team role's trust policy is too long, at its largest entry.
pub(crate) fn too_long(
    found: Diagnostic,
    names: Names<'_>,
    environment: &Environment,
    team: &EnvironmentTeam,
    belongings: &Belongings<'_>,
) -> Diagnostic {
    trust::too_long(found, names, environment, team, &belongings.pipelines)
}

/// The stages, in an environment, of the pipeline that uses the most of trust policies.
pub(crate) fn largest_pipeline<'m>(
    names: Names<'_>,
    environment: &Environment,
    all: &AllBelongings<'m>,
) -> Vec<Staged<'m>> {
    let here = all.iter().filter(|((id, _), _)| **id == environment.header.id);
    let stages: Vec<Staged<'m>> =
        here.flat_map(|(_, belongings)| belongings.pipelines.iter().copied()).collect();
    trust::largest(names, &stages)
}

/// What one more pipeline adds to the trust policy of a team's role. It is assumed to be like the largest pipeline
/// of the team or, without one, like `largest`.
pub(crate) fn more_pipelines(
    names: Names<'_>,
    environment: &Environment,
    team: &EnvironmentTeam,
    all: &AllBelongings<'_>,
    largest: &[Staged<'_>],
) -> Option<MorePipelines> {
    let belongings = all.get(&(&environment.header.id, &team.team));
    let own = belongings.map(|belongings| belongings.pipelines.as_slice()).unwrap_or_default();
    let own_largest = trust::largest(names, own);
    let like = if own.is_empty() { largest } else { own_largest.as_slice() };
    trust::more_pipelines(names, environment, team, own, like)
}

fn workgroup(
    scope: &mut Scope<'_>,
    names: Names<'_>,
    environment: &Environment,
    team: &EnvironmentTeam,
    worksheets: &[&Worksheet],
) {
    let name = names.team(environment, &team.team);
    let bucket = names.results_bucket(environment);
    let workgroup = scope.add(
        "Workgroup",
        Workgroup {
            results: format!("s3://{bucket}/athenaqueries/{name}/"),
            results_owner: environment.account.to_string(),
            name,
        },
    );
    for worksheet in worksheets {
        let database = worksheets::database(names, worksheet);
        let query = NamedQuery {
            name: worksheet.header.label.chars().take(128).collect(),
            description: worksheet.header.description.clone(),
            database,
            query: worksheet.query.clone(),
            workgroup: workgroup.name(),
        };
        let mut scope = scope.because(cause(worksheet.header.origin));
        let mut scope = scope.named_child("Worksheet", worksheet.header.id.as_str());
        lakewright_synth::Construct::build(query, &mut scope);
    }
}

/// What a pipeline's stage needs besides the team's own permissions: to read whether its stack exists, which cannot
/// depend on tags, and the one bucket that a seeded repository creates.
fn pipeline_grants(
    names: Names<'_>,
    environment: &Environment,
    team: &EnvironmentTeam,
    role: &impl Receives,
    pipeline: &Pipeline,
    stage: &Stage,
) -> Grants {
    let place = Names::place(environment);
    let stack = names.pipeline_stack(environment, &team.team, &pipeline.header.id, stage.id());
    let bucket = names.pipeline_bucket(environment, &team.team, &pipeline.header.id, stage.id());
    let stack = place.arn("cloudformation", &format!("stack/{stack}/*"));
    let bucket = bucket_arn(&place, &bucket);
    let grant = |sid: &str, actions: &[&'static str], arn: String| Grant {
        sid: sid.to_owned(),
        grantee: role.grantee().clone(),
        access: "deploy",
        target: Target {
            name: format!("pipeline/{}", pipeline.header.id),
            account: place.account.clone(),
            policy: None,
        },
        actions: actions.to_vec(),
        resources: vec![arn.clone().into()],
        own_resources: Vec::new(),
        known_resources: vec![arn],
        conditions: Conditions::none(),
    };
    Grants(vec![
        grant("PipelineStack", &["cloudformation:DescribeStacks"], stack),
        grant("PipelineBucket", &PIPELINE_BUCKET, bucket),
    ])
}

/// Actions to create, change and delete a private bucket. Writing its bucket policy is excluded, because it can
/// grant access to anybody. Without bucket policies and ACLs, removing the public access block exposes nothing.
const PIPELINE_BUCKET: [&str; 10] = [
    "s3:CreateBucket",
    "s3:DeleteBucket",
    "s3:GetBucketPublicAccessBlock",
    "s3:GetBucketTagging",
    "s3:GetBucketVersioning",
    "s3:GetEncryptionConfiguration",
    "s3:PutBucketPublicAccessBlock",
    "s3:PutBucketTagging",
    "s3:PutBucketVersioning",
    "s3:PutEncryptionConfiguration",
];

/// Grants use of the key of the environment's ML Studio domain, which delegates to the roles of teams with profiles.
fn grant_studio_key(
    scope: &mut Scope<'_>,
    names: Names<'_>,
    environment: &Environment,
    team: &EnvironmentTeam,
    role: &impl Receives,
) {
    let has_profiles = team.permissions.contains(&EnvironmentPermission::CreateStudioProfile);
    if !has_profiles || environment.studio_vpc.is_none() {
        return;
    }
    let place = Names::place(environment);
    let alias = format!("{}-studio", names.studio(environment));
    let target = format!("environment/{}", environment.header.id);
    let key = ImportedKey::new(&place, &alias, &target);
    let services = ["ec2", "elasticfilesystem", "s3", "sagemaker"];
    scope.grant(key.grant_use_via(role, &services, &place.region));
    let for_resources = Condition::new(Comparison::Bool, "kms:GrantIsForAWSResource", "true");
    scope.grant(key.grant_volumes(role, Conditions::none().with(for_resources)));
}

/// Grants use of the key of the results bucket: Athena writes and reads results as the requesting role, and the key
/// delegates to the roles of teams with workgroups.
fn grant_results_key(
    scope: &mut Scope<'_>,
    names: Names<'_>,
    environment: &Environment,
    team: &EnvironmentTeam,
    role: &impl Receives,
) {
    if !has_workgroup(environment, team) {
        return;
    }
    let place = Names::place(environment);
    let name = names.results_bucket(environment);
    let target = format!("environment/{}", environment.header.id);
    let key = ImportedKey::new(&place, &name, &target);
    scope.grant(key.grant_objects(role, &place, &bucket_arn(&place, &name)));
}

/// Grants data access in the team's own policies: an imported bucket keeps its own policy, and cross-account access
/// needs both sides.
fn grant_data(
    scope: &mut Scope<'_>,
    names: Names<'_>,
    environment: &Environment,
    team: &EnvironmentTeam,
    role: &RoleHandle,
    belongings: &Belongings<'_>,
) {
    let quota = names.tenant().quotas.managed_policies_per_role;
    let name = format!("{}-data", names.team(environment, &team.team));
    let mut data = scope.child("Data");
    let role = role.with_policies(&mut data, name, quota - PERMISSION_POLICIES);
    for live in &belongings.shares {
        let grants = share::consumer_grants(names, live, &role);
        data.because_all(live.causes()).grant(grants);
    }
    grant_belongings(&mut data, names, environment, team, &role, belongings);
}

/// Grants what the team's role needs for its pipeline stages and its imported datasets.
pub(crate) fn grant_belongings(
    data: &mut Scope<'_>,
    names: Names<'_>,
    environment: &Environment,
    team: &EnvironmentTeam,
    role: &impl Receives,
    belongings: &Belongings<'_>,
) {
    let place = Names::place(environment);
    for (runs_in, pipeline, stage) in &belongings.pipelines {
        let grants = pipeline_grants(names, environment, team, role, pipeline, stage);
        let approval = Approval::of(names, runs_in, pipeline, stage);
        let grants = match approval {
            Some(approval) => grants.and(approval.of_team(environment, team, role)),
            None => grants,
        };
        data.because(cause(pipeline.header.origin)).grant(grants);
    }
    if let Some(open) = belongings.open {
        share::grant_open(data, names, environment, role, open);
    }
    for (dataset, standing) in &belongings.imported {
        let Some(import) = &dataset.import else { continue };
        let member = Member::of(dataset, &team.team, *standing);
        let target = format!("dataset/{}", dataset.header.id);
        let key = import
            .kms_key_alias
            .as_ref()
            .map(|alias| ImportedKey::new(&place, alias.as_str(), &target));
        let bucket = ImportedBucket::new(&place, import.bucket.as_str(), key.as_ref(), &target);
        let grants = match member.objects {
            Level::None => Grants::default(),
            Level::Read => bucket.grant_read(role),
            Level::Write | Level::Own => bucket.grant_read_write(role),
        };
        let grants = match member.tables {
            Level::None => grants,
            Level::Read | Level::Write | Level::Own => {
                grants.and(imported_catalog(names, environment, dataset, role))
            }
        };
        data.because_all(member.causes().into_iter().chain([cause(dataset.header.origin)]))
            .grant(grants);
    }
}

/// Glue actions on an imported database, whose name does not begin with the prefix. If the database belongs to
/// another account, a resource link here leads to it.
fn imported_catalog(
    names: Names<'_>,
    environment: &Environment,
    dataset: &Dataset,
    role: &impl Receives,
) -> Grants {
    let Some(import) = dataset.import.as_ref().filter(|import| import.glue_database.is_some())
    else {
        return Grants::default();
    };
    let place = Names::place(environment);
    let database = names.dataset_database(environment, dataset);
    // Only the catalog of the database's owner.
    let account = import.catalog_account.as_ref().unwrap_or(&place.account);
    let glue = place.start_in("glue", account);
    let parts =
        ["catalog".to_owned(), format!("database/{database}"), format!("table/{database}/*")];
    let resources: Vec<String> = parts.iter().map(|part| format!("{glue}{part}")).collect();
    Grants(vec![Grant {
        sid: "ImportedCatalog".to_owned(),
        grantee: role.grantee().clone(),
        access: "read",
        target: Target {
            name: format!("dataset/{}", dataset.header.id),
            account: place.account.clone(),
            policy: None,
        },
        actions: CATALOG_READ.to_vec(),
        resources: resources.iter().cloned().map(Value::from).collect(),
        own_resources: Vec::new(),
        known_resources: resources,
        conditions: Conditions::none(),
    }])
}

#[cfg(test)]
mod tests;
