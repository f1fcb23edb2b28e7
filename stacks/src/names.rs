//! Physical names and ARNs, all known at synthesis.
//!
//! A name is `{prefix}-{id}-{uri}`. The `uri` is a hash of the tenant, account,
//! region, kind and whole id, so a name that is cut to a service's limit is
//! still unique.

mod dataset;
mod policy_store;

use std::collections::{BTreeMap, BTreeSet};
use std::hash::Hash;
use std::sync::Arc;

use lakewright_constructs::role::ImportedRole;
use lakewright_manifest::Mesh;
use lakewright_manifest::mesh::{Environment, EnvironmentTeam, PivotMode, SharedTable, Tenant};
use lakewright_manifest::{Id, ResourcePrefix, RoleArn, TeamName};
use lakewright_template::arn::ArnParts;
use lakewright_template::digest::base32_prefix;
use lakewright_template::limits::{
    ACCESS_POINT_CHARACTERS, BUCKET_NAME_CHARACTERS, GLUE_NAME_CHARACTERS, QUEUE_NAME_CHARACTERS,
    ROLE_NAME_CHARACTERS, SAGEMAKER_NAME_CHARACTERS, STACK_NAME_CHARACTERS,
};
use lakewright_template::{Place, Region, StackKind};

/// Maximum length of a team's name in AWS. The names of a team's resources begin with it, so it leaves room for the
/// rest (SageMaker: 63 characters).
const TEAM_CHARACTERS: usize = 40;

/// The suffix of the role that sends failures to the platform.
const FAILURES: &str = "-failures";

/// The physical names of one mesh.
#[derive(Debug, Clone, Copy)]
pub struct Names<'m> {
    tenant: &'m Tenant,
    environments: &'m BTreeMap<Id, Arc<Environment>>,
}

impl<'m> Names<'m> {
    /// The names of a mesh.
    pub fn new(mesh: &'m Mesh) -> Self {
        Self { tenant: &mesh.tenant, environments: &mesh.environments }
    }

    /// The settings of the whole mesh.
    pub(crate) fn tenant(self) -> &'m Tenant {
        self.tenant
    }

    /// The inputs of an account's names: the tenant, and the account's bootstraps.
    pub(crate) fn inputs(self, place: &Place) -> impl Hash + use<'m> {
        (self.tenant, self.bootstrapped(&place.account))
    }

    /// Every environment of the mesh, by id.
    pub(crate) fn environments(self) -> impl Iterator<Item = &'m Environment> {
        self.environments.values().map(Arc::as_ref)
    }

    /// The mesh's id, the value of the tag `lakewright:mesh` on every resource.
    pub fn mesh_id(&self) -> String {
        self.tenant.header.id.to_string()
    }

    /// The AWS organization of every account of the mesh, if the mesh names one.
    pub fn organization_id(&self) -> Option<String> {
        self.tenant.organization_id.as_ref().map(|id| id.as_str().to_owned())
    }

    /// The account and region of an environment.
    pub fn place(environment: &Environment) -> Place {
        Place { account: environment.account.clone(), region: environment.region.clone() }
    }

    /// Eight characters that make a resource's name unique.
    pub fn uri(&self, environment: &Environment, kind: &str, id: &str) -> String {
        self.uri_at(&Self::place(environment), kind, id)
    }

    fn uri_at(self, place: &Place, kind: &str, id: &str) -> String {
        let tenant = &self.tenant.header.id;
        let Place { account, region } = place;
        base32_prefix(format!("{tenant}/{account}/{region}/{kind}/{id}").as_bytes())
    }

    /// The name of the bucket for code and profiles.
    pub fn environment_bucket(&self, environment: &Environment) -> String {
        self.of_environment(environment, "", BUCKET_NAME_CHARACTERS)
    }

    /// The name of the bucket for query results, and of its key's alias without `alias/`.
    pub fn results_bucket(&self, environment: &Environment) -> String {
        self.of_environment(environment, "-results", BUCKET_NAME_CHARACTERS)
    }

    /// The name of the bucket for access logs.
    pub fn log_bucket(&self, environment: &Environment) -> String {
        self.of_environment(environment, "-logs", BUCKET_NAME_CHARACTERS)
    }

    /// The name of a topic, queue or key of the environment's subscriptions.
    pub fn subscription(&self, environment: &Environment, part: &str) -> String {
        self.of_environment(environment, &format!("-{part}"), QUEUE_NAME_CHARACTERS)
    }

    /// The name of the topic to which a team publishes what it produces.
    pub fn producers(&self, environment: &Environment, team: &TeamName) -> String {
        let uri = self.uri(environment, "team", &format!("{}/{team}", environment.header.id));
        self.subscription(environment, &format!("producers-{uri}"))
    }

    /// The names of these topics of all teams, as a pattern.
    pub fn every_producers(&self, environment: &Environment) -> String {
        // As long as a team's `uri`, so that the name is cut at the same position.
        const TEAM: &str = "00000000";
        let one = self.subscription(environment, &format!("producers-{TEAM}"));
        format!("{}*", one.strip_suffix(TEAM).unwrap_or(&one))
    }

    /// The name of the ML Studio domain, and the prefix of its resources' names.
    pub fn studio(&self, environment: &Environment) -> String {
        // Leaves room for suffixes, up to `-studio-flow-logs`.
        self.of_environment(environment, "", SAGEMAKER_NAME_CHARACTERS - 17)
    }

    fn of_environment(self, environment: &Environment, suffix: &str, limit: usize) -> String {
        let id = environment.header.id.as_str();
        let uri = self.uri(environment, "environment", id);
        physical(environment.resource_prefix.as_str(), id, &uri, suffix, limit)
    }

    /// The path of one of the environment's SSM parameters.
    pub fn parameter(&self, environment: &Environment, name: &str) -> String {
        format!("/{}/{}/{name}", environment.resource_prefix, environment.header.id)
    }

    /// The name of the role that the platform assumes.
    ///
    /// It contains the environment, so several in one account do not collide. A role that the account's owner creates
    /// has another name than one that a stack creates, so one can replace the other.
    pub fn pivot_role(&self, environment: &Environment) -> String {
        let given = self.tenant.pivot_role.name.clone();
        let name = given.unwrap_or_else(|| format!("{}-pivot-role", environment.resource_prefix));
        let id = environment.header.id.as_str();
        let uri = self.uri(environment, "pivot-role", id);
        let suffix = match self.tenant.pivot_role.mode {
            PivotMode::Auto => "",
            PivotMode::Manual => "-manual",
        };
        physical(&name, id, &uri, suffix, ROLE_NAME_CHARACTERS)
    }

    /// The ARN of the role that the platform assumes.
    pub fn pivot_role_arn(&self, environment: &Environment) -> String {
        Self::place(environment).role_arn(&self.pivot_role(environment))
    }

    /// The id of the bootstrap of an account and region.
    pub fn bootstrap_id(place: &Place) -> String {
        let Place { account, region } = place;
        format!("{account}-{region}")
    }

    /// The principal name of a bootstrap stack's role: `kind` with account and region, and with the prefix if several
    /// prefixes share these.
    pub fn bootstrap_role(&self, kind: &str, prefix: &ResourcePrefix, place: &Place) -> String {
        let id = Self::bootstrap_id(place);
        let all = self.bootstrapped(&place.account);
        let mut here = all.iter().filter(|(_, region)| *region == place.region);
        if here.all(|(other, _)| other == prefix) {
            format!("{kind}/{id}")
        } else {
            format!("{kind}/{id}-{prefix}")
        }
    }

    /// The name of the role that CloudFormation uses for an account's stacks.
    pub fn execution_role(prefix: &ResourcePrefix, region: &str) -> String {
        format!("{prefix}-execution-{region}")
    }

    /// The ARN of the role that CloudFormation uses for an environment's stacks.
    pub fn execution_role_arn(&self, environment: &Environment) -> String {
        let Environment { resource_prefix, region, .. } = environment;
        Self::place(environment).role_arn(&Self::execution_role(resource_prefix, region.as_str()))
    }

    /// The name of the role that the deployer assumes in an account.
    pub fn deploy_role(prefix: &ResourcePrefix, region: &str) -> String {
        format!("{prefix}-deploy-{region}")
    }

    /// The name of the permissions boundary that the bootstrap stack creates.
    pub fn boundary(prefix: &ResourcePrefix, region: &str) -> String {
        format!("{prefix}-boundary-{region}")
    }

    /// The ARN of the permissions boundary of every role of an environment.
    pub fn boundary_arn(environment: &Environment) -> String {
        let Environment { resource_prefix, region, .. } = environment;
        environment.permissions_boundary.as_ref().map_or_else(
            || {
                let place = Self::place(environment);
                policy_arn(&place, &Self::boundary(resource_prefix, region.as_str()))
            },
            ToString::to_string,
        )
    }

    /// The name of the bucket for templates and seeds of an account and region.
    pub fn template_bucket(&self, prefix: &ResourcePrefix, place: &Place) -> String {
        let uri = self.uri_at(place, "bootstrap", prefix.as_str());
        physical(prefix.as_str(), "templates", &uri, "", BUCKET_NAME_CHARACTERS)
    }

    /// The name of the bucket for access logs of the template bucket.
    pub fn template_log_bucket(&self, prefix: &ResourcePrefix, place: &Place) -> String {
        let uri = self.uri_at(place, "bootstrap", prefix.as_str());
        // Not `templates-...`, because the execution role reads buckets with that prefix.
        physical(prefix.as_str(), "bootstrap", &uri, "-logs", BUCKET_NAME_CHARACTERS)
    }

    /// The key of the record of deployed stacks, in the template bucket of the central account's home region. Only
    /// `templates/` expires in that bucket.
    pub fn record_key(&self) -> String {
        format!("deployments/{}.json", self.tenant.header.id)
    }

    /// The key of the lease of a run that changes one part of the mesh, such as one account and region, next to the record
    /// of deployed stacks.
    pub fn part_record_key(&self, part: &str) -> String {
        format!("deployments/{}/{part}.json", self.tenant.header.id)
    }

    /// The account and region of the platform stack.
    pub fn central_place(&self) -> Place {
        let tenant = self.tenant;
        Place { account: tenant.central_account.clone(), region: tenant.home_region.clone() }
    }

    /// The name of a part of the platform stack.
    pub fn platform(&self, part: &str) -> String {
        let tenant = self.tenant;
        let uri = self.uri_at(&self.central_place(), "platform", tenant.header.id.as_str());
        let prefix = tenant.resource_prefix.as_str();
        physical(prefix, "platform", &uri, &format!("-{part}"), BUCKET_NAME_CHARACTERS)
    }

    /// The ARN of the permissions boundary of the platform's own roles.
    pub fn central_boundary_arn(&self) -> String {
        let place = self.central_place();
        match &self.tenant.permissions_boundary {
            Some(boundary) => boundary.in_account(&self.tenant.central_account).to_string(),
            None => {
                policy_arn(&place, &Self::boundary(&self.tenant.resource_prefix, &place.region))
            }
        }
    }

    /// The prefixes and regions with which an account of the mesh is bootstrapped.
    pub fn bootstrapped(&self, account: &str) -> BTreeSet<(ResourcePrefix, Region)> {
        let tenant = self.tenant;
        let central = (tenant.central_account.as_str() == account)
            .then(|| (tenant.resource_prefix.clone(), tenant.home_region.clone()));
        let environments = self.environments.values();
        let own = environments.filter(|environment| environment.account.as_str() == account);
        own.map(|environment| (environment.resource_prefix.clone(), environment.region.clone()))
            .chain(central)
            .collect()
    }

    /// The ARN patterns of the deploy roles in any account. Their number depends on prefixes and regions, not on
    /// accounts.
    pub fn deploy_roles_anywhere(&self) -> BTreeSet<String> {
        let central = self.central_place();
        let own = (&self.tenant.resource_prefix, &central.region);
        let others = self.environments.values();
        let others = others.map(|one| (&one.resource_prefix, &one.region));
        let anywhere = |(prefix, region): (&ResourcePrefix, &Region)| {
            role_anywhere(region, &Self::deploy_role(prefix, region))
        };
        std::iter::once(own).chain(others).map(anywhere).collect()
    }

    /// The name of the role that sends an environment's failures to the platform.
    pub fn failure_role(&self, environment: &Environment) -> String {
        self.of_environment(environment, FAILURES, ROLE_NAME_CHARACTERS)
    }

    /// ARN patterns, for any account, of the roles that send failures to the platform and of the roles that create
    /// the rules for it. Their number depends on prefixes and regions, not on accounts.
    pub fn tellers_anywhere(&self) -> BTreeSet<String> {
        let environments = self.environments.values();
        let of = |environment: &Arc<Environment>| {
            let (prefix, region) = (&environment.resource_prefix, &environment.region);
            [format!("{prefix}-*{FAILURES}"), Self::execution_role(prefix, region)]
                .map(|name| role_anywhere(region, &name))
        };
        environments.flat_map(of).collect()
    }

    /// The name of the rule for one kind of failure in an environment.
    pub fn failure_rule(&self, environment: &Environment, kind: &str) -> String {
        let suffix = format!("-failed-{}", kind.to_lowercase());
        self.of_environment(environment, &suffix, ROLE_NAME_CHARACTERS)
    }

    /// The name of a notebook instance.
    pub fn notebook(&self, environment: &Environment, id: &Id) -> String {
        self.of_document(environment, "notebook", id, "", SAGEMAKER_NAME_CHARACTERS)
    }

    /// The name of an ML Studio user profile.
    pub fn studio_profile(&self, environment: &Environment, id: &Id) -> String {
        self.of_document(environment, "studio-profile", id, "", SAGEMAKER_NAME_CHARACTERS)
    }

    /// The name of a part of a pipeline; with an empty part, of the pipeline itself. All fit a bucket's name.
    pub fn pipeline(&self, environment: &Environment, id: &Id, part: &str) -> String {
        let suffix = if part.is_empty() { String::new() } else { format!("-{part}") };
        self.of_document(environment, "pipeline", id, &suffix, BUCKET_NAME_CHARACTERS)
    }

    /// The name of a part of one stage of a pipeline; with an empty part, of its build. All fit a bucket's name.
    pub fn pipeline_stage(
        &self,
        environment: &Environment,
        id: &Id,
        stage: &str,
        part: &str,
    ) -> String {
        let suffix = if part.is_empty() { String::new() } else { format!("-{part}") };
        let whole = format!("{id}-{stage}");
        let uri = self.uri(environment, "pipeline-stage", &format!("{id}/{stage}"));
        let prefix = environment.resource_prefix.as_str();
        physical(prefix, &whole, &uri, &suffix, BUCKET_NAME_CHARACTERS)
    }

    /// The name of the bucket that a seeded pipeline creates in a stage.
    pub fn pipeline_bucket(
        &self,
        environment: &Environment,
        team: &TeamName,
        id: &Id,
        stage: &str,
    ) -> String {
        let uri = self.uri(environment, "pipeline-bucket", &format!("{id}/{stage}"));
        format!("{}-{uri}", self.team(environment, team))
    }

    /// The name of the stack that a pipeline deploys in a stage. A team may create stacks whose names begin with its
    /// role's name.
    pub fn pipeline_stack(
        &self,
        environment: &Environment,
        team: &TeamName,
        id: &Id,
        stage: &str,
    ) -> String {
        format!("{}-{id}-{stage}", self.team(environment, team))
    }

    /// The name of the access point of a share's folders, in the dataset's account.
    pub fn access_point(&self, producer: &Environment, share: &Id) -> String {
        self.of_document(producer, "share", share, "", ACCESS_POINT_CHARACTERS)
    }

    /// The ARN pattern of the access points in an environment's account and region.
    pub fn access_points(&self, producer: &Environment) -> String {
        let name = format!("{}-*", producer.resource_prefix);
        lakewright_constructs::access_point::access_point_arn(&Self::place(producer), &name)
    }

    /// The name of a data cells filter. Its hash contains the rows and columns: CloudFormation creates the new filter
    /// before it deletes the old one, so their names must differ.
    pub fn data_filter(&self, producer: &Environment, share: &Id, table: &SharedTable) -> String {
        let columns: Vec<String> = table.columns.iter().map(ToString::to_string).collect();
        let rows = table.rows.as_deref().unwrap_or_default();
        let id = format!("{share}/{}/{}/{rows}", table.name, columns.join("/"));
        let uri = self.uri(producer, "data-filter", &id).replace('-', "_");
        format!("{}_{uri}", producer.resource_prefix).replace('-', "_")
    }

    /// The name of the database in the consumer's environment that links to the shared tables.
    pub fn shared_database(&self, consumer: &Environment, share: &Id) -> String {
        self.of_document(consumer, "share", share, "-shared", GLUE_NAME_CHARACTERS)
            .replace('-', "_")
    }

    /// The name of a consumption role's policy for a share.
    pub fn share_policy(&self, consumer: &Environment, share: &Id) -> String {
        self.of_document(consumer, "share", share, "", ROLE_NAME_CHARACTERS)
    }

    /// The name of the group of an environment's dashboard readers; `None` if CloudFormation cannot create it, and
    /// outside of the region in which QuickSight keeps the account's users and groups.
    pub fn dashboard_group(&self, environment: &Environment) -> Option<String> {
        Self::has_dashboard_groups(environment)
            .then(|| self.of_environment(environment, "", ROLE_NAME_CHARACTERS))
    }

    /// Whether an environment's stacks can create QuickSight groups.
    pub fn has_dashboard_groups(environment: &Environment) -> bool {
        let region = &environment.region;
        environment.quicksight.is_subscribed
            && environment.quicksight.identity_region.as_ref() == Some(region)
            && lakewright_template::schema::is_available("AWS::QuickSight::Group", region.as_str())
    }

    fn of_document(
        self,
        environment: &Environment,
        kind: &str,
        id: &Id,
        suffix: &str,
        limit: usize,
    ) -> String {
        let uri = self.uri(environment, kind, id.as_str());
        physical(environment.resource_prefix.as_str(), id.as_str(), &uri, suffix, limit)
    }

    /// The name of a team's role, and of its workgroup.
    pub fn team(&self, environment: &Environment, team: &TeamName) -> String {
        let uri = self.uri(environment, "team", &format!("{}/{team}", environment.header.id));
        physical(environment.resource_prefix.as_str(), &slug(team), &uri, "", TEAM_CHARACTERS)
    }

    /// The ARN of a team's role, created or imported.
    pub fn team_role_arn(&self, environment: &Environment, team: &EnvironmentTeam) -> String {
        match &team.iam_role_arn {
            Some(arn) => arn.to_string(),
            None => Self::place(environment).role_arn(&self.team(environment, &team.team)),
        }
    }

    /// A team's role as another stack creates it or the mesh imports it.
    pub(crate) fn team_role(
        self,
        environment: &Environment,
        team: &EnvironmentTeam,
    ) -> ImportedRole {
        let imported = team.iam_role_arn.as_ref();
        let account = imported.map_or_else(|| environment.account.clone(), RoleArn::account);
        let arn = self.team_role_arn(environment, team);
        ImportedRole::new(account, &arn, &grantee_name(environment, team))
    }

    /// The ARN of a team's workgroup.
    pub fn workgroup_arn(&self, environment: &Environment, team: &TeamName) -> String {
        let workgroup = format!("workgroup/{}", self.team(environment, team));
        Self::place(environment).arn("athena", &workgroup)
    }

    /// The name of the stack of a document.
    pub fn stack(environment: &Environment, kind: StackKind, id: &Id) -> String {
        format!("{}-{kind}-{id}", environment.resource_prefix)
    }

    /// The name of a team's stack.
    pub fn team_stack(&self, environment: &Environment, team: &TeamName) -> String {
        self.stack_of_team(environment, team, StackKind::Team)
    }

    /// The name of a team's dashboards stack.
    pub fn dashboards_stack(&self, environment: &Environment, team: &TeamName) -> String {
        self.stack_of_team(environment, team, StackKind::Dashboards)
    }

    fn stack_of_team(self, environment: &Environment, team: &TeamName, kind: StackKind) -> String {
        let uri = self.uri(environment, "team", &format!("{}/{team}", environment.header.id));
        let prefix = format!("{}-{kind}-{}", environment.resource_prefix, environment.header.id);
        physical(&prefix, &slug(team), &uri, "", STACK_NAME_CHARACTERS)
    }
}

/// The principal name of a team's role, as on the command line.
pub(crate) fn grantee_name(environment: &Environment, team: &EnvironmentTeam) -> String {
    format!("team/{}/{}", environment.header.id, team.team)
}

/// The ARN of a managed policy.
pub(crate) fn policy_arn(place: &Place, name: &str) -> String {
    place.global_arn("iam", &format!("policy/{name}"))
}

/// The ARN pattern of a role in any account of a region's partition.
fn role_anywhere(region: &Region, name: &str) -> String {
    let (partition, resource) = (region.partition().name, format!("role/{name}"));
    let arn = ArnParts { partition, service: "iam", region: "", account: "*", resource: &resource };
    arn.to_string()
}

/// `{prefix}-{middle}-{uri}{suffix}`, with the middle cut so that the length is within the limit.
fn physical(prefix: &str, middle: &str, uri: &str, suffix: &str, limit: usize) -> String {
    let fixed = prefix.len() + 1 + 1 + uri.len() + suffix.len();
    let room = limit.saturating_sub(fixed).min(middle.len());
    let middle = middle[..room].trim_end_matches('-');
    if middle.is_empty() {
        format!("{prefix}-{uri}{suffix}")
    } else {
        format!("{prefix}-{middle}-{uri}{suffix}")
    }
}

/// The text in lower-case ASCII letters and digits with single hyphens; empty for other scripts.
fn slug(team: &TeamName) -> String {
    let mut slug = String::new();
    for character in team.as_str().chars() {
        if character.is_ascii_alphanumeric() {
            slug.push(character.to_ascii_lowercase());
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    slug.trim_end_matches('-').to_owned()
}

#[cfg(test)]
mod tests;
