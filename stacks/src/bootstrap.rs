//! The `bootstrap` stack of an account and region: the roles that deploy, and the permissions boundary of every role
//! that they create.
//!
//! The execution role's policy is derived from what CloudFormation needs for the resource types that the features of
//! the account's environments can use, and from what its templates use, on names that begin with the prefix. Account
//! owners deploy this stack themselves, because it controls all the others.

mod boundary;
mod execution;
mod looks;
mod narrow;
mod offered;
pub(crate) mod session;
mod usage;

use std::collections::BTreeSet;

use lakewright_constructs::access_point::access_point_arn;
use lakewright_constructs::bucket::{Bucket, Encryption, Lifecycle, bucket_arn};
use lakewright_constructs::cfn::iam;
use lakewright_constructs::parameter::Parameter;
use lakewright_constructs::role::{Policies, Receives as _, Role, RoleHandle, Trust};
use lakewright_manifest::ResourcePrefix;
use lakewright_manifest::mesh::{ConsumptionRole, Environment, Features, Pipeline, PivotMode};
use lakewright_policies::condition::{Comparison, Condition, Operator};
use lakewright_policies::service::Service;
use lakewright_policies::{Conditions, Statement};
use lakewright_synth::{Grant, Grants, Options, PolicyOwner, Scope, Target};
use lakewright_template::place::Place;
use lakewright_template::{Expr, Region, Value};

use crate::Names;
use crate::names::policy_arn;
pub use offered::{Offer, offered};
pub use usage::Usage;

/// The version of the interface that a bootstrap stack offers to the deployer.
const VERSION: &str = "1";

/// Maximum number of managed policies of the execution role.
const EXECUTION_POLICIES: usize = 8;

/// An account and region to bootstrap.
#[derive(Debug, Clone, Hash)]
pub(crate) struct Account<'m> {
    pub(crate) place: Place,
    pub(crate) prefix: ResourcePrefix,
    pub(crate) environments: Vec<&'m Environment>,
    /// The consumption roles that stacks of this account may attach policies to.
    pub(crate) managed_roles: Vec<&'m ConsumptionRole>,
    /// The pipelines of this account whose artifact buckets are deleted with them.
    pub(crate) removable: Vec<&'m Pipeline>,
    /// What the account's stacks use now, and what they may use later.
    pub(crate) usage: Usage,
    /// The features of the environments, and those requested in addition.
    pub(crate) features: Vec<Features>,
    /// Whether the deploy role may read what `drift` compares; no deployment needs that.
    pub(crate) looks_for_drift: bool,
}

/// The inputs of this stack's modules.
struct Context<'m> {
    names: Names<'m>,
    account: &'m Account<'m>,
}

pub(crate) fn build(scope: &mut Scope<'_>, names: Names<'_>, account: &Account<'_>) {
    let context = Context { names, account };
    context.boundary(scope);
    let execution = context.execution_role(scope);
    let deploy = context.deploy_role(scope);
    context.deploy_grants(scope, &deploy, &execution);
    let templates = names.template_bucket(&account.prefix, &account.place);
    // The bucket for access logs of an environment is created after this stack.
    let logs = scope.add(
        "TemplateLogs",
        Bucket::of_access_logs(
            &account.place,
            names.template_log_bucket(&account.prefix, &account.place),
            bucket_arn(&account.place, &templates),
            context.target(),
            true,
        ),
    );
    scope.add(
        "Templates",
        Bucket {
            name: templates,
            encryption: Encryption::S3Managed,
            access_logs: Some(logs.name()),
            lifecycle: vec![Lifecycle::Expire { prefix: "templates/", days: 30 }],
            statements: Vec::new(),
            target: context.target(),
            retain: true,
            access_points: None,
            events: None,
        },
    );
    scope.add(
        "Version",
        Parameter {
            name: format!("/{}/bootstrap/version", account.prefix),
            description: "What the bootstrap stack offers",
            value: VERSION.into(),
        },
    );
}

impl Context<'_> {
    fn target(&self) -> String {
        let Place { account, region } = &self.account.place;
        format!("bootstrap/{account}-{region}")
    }

    fn role_name(&self, of: fn(&ResourcePrefix, &str) -> String) -> String {
        of(&self.account.prefix, &self.account.place.region)
    }

    /// The permissions boundaries that roles of this account may have: those that the environments name, or the one
    /// that this stack creates.
    fn boundaries(&self) -> BTreeSet<String> {
        let mut boundaries: BTreeSet<String> =
            self.account.environments.iter().map(|e| Names::boundary_arn(e)).collect();
        let central = self.names.central_place();
        if central == self.account.place || boundaries.is_empty() {
            boundaries.insert(self.names.central_boundary_arn());
        }
        boundaries
    }

    fn own_boundary(&self) -> String {
        policy_arn(&self.account.place, &self.role_name(Names::boundary))
    }

    fn boundary(&self, scope: &mut Scope<'_>) {
        // An account owner's own boundary is used unchanged.
        if !self.boundaries().contains(&self.own_boundary()) {
            return;
        }
        let resource = iam::ManagedPolicy {
            managed_policy_name: Some(self.role_name(Names::boundary).into()),
            description: Some("The limit of every role that the mesh makes here".into()),
            policy_document: Some(Expr::unchecked(boundary::document(self))),
            ..iam::ManagedPolicy::default()
        };
        scope.child("Boundary").resource(resource, Options::default());
        boundary::record(scope, self, &self.own_boundary());
    }

    /// The roles and policies that only the account's owner may change: those of every region of the account, and the
    /// boundaries.
    fn protected(&self) -> Vec<String> {
        let place = &self.account.place;
        let mut protected: BTreeSet<String> = self.boundaries();
        for (prefix, region) in self.names.bootstrapped(&place.account) {
            let execution = Names::execution_role(&prefix, &region);
            protected.extend([
                place.role_arn(&execution),
                place.role_arn(&Names::deploy_role(&prefix, &region)),
                policy_arn(place, &format!("{execution}-*")),
                policy_arn(place, &Names::boundary(&prefix, &region)),
            ]);
        }
        protected.into_iter().collect()
    }

    /// The pivot roles of the account's environments, in every region.
    fn pivot_roles(&self) -> BTreeSet<String> {
        let environments = self.names.environments();
        let here = environments.filter(|one| one.account.as_str() == self.account.place.account);
        here.map(|environment| self.names.pivot_role_arn(environment)).collect()
    }

    /// The access points of the mesh in this account, as ARN patterns.
    fn access_points(&self) -> Vec<String> {
        let place = &self.account.place;
        let of_prefix = |(prefix, region): (ResourcePrefix, Region)| {
            let place = Place { account: place.account.clone(), region };
            access_point_arn(&place, &format!("{prefix}-*"))
        };
        self.names.bootstrapped(&place.account).into_iter().map(of_prefix).collect()
    }

    /// The roles that no role of the mesh may assume in this account. In the central account the updater assumes the
    /// deploy role, whose trust policy names it.
    fn not_assumed(&self) -> Vec<String> {
        let place = &self.account.place;
        let is_central = self.names.central_place().account == place.account;
        let roles = self.names.bootstrapped(&place.account).into_iter();
        roles
            .flat_map(|(prefix, region)| {
                let deploy = (!is_central).then(|| Names::deploy_role(&prefix, &region));
                std::iter::once(Names::execution_role(&prefix, &region)).chain(deploy)
            })
            .map(|name| place.role_arn(&name))
            .collect()
    }

    /// The resources of the account's bootstrap stacks besides roles, including those of other regions: S3 ARNs have no
    /// region, and the templates in another region's bucket are deployed there.
    fn made_by_bootstraps(&self) -> Vec<String> {
        let account = &self.account.place.account;
        let of_one = |(prefix, region): (ResourcePrefix, Region)| {
            let place = Place { account: account.clone(), region };
            let bucket = bucket_arn(&place, &self.names.template_bucket(&prefix, &place));
            let logs = bucket_arn(&place, &self.names.template_log_bucket(&prefix, &place));
            let version = place.arn("ssm", &format!("parameter/{prefix}/bootstrap/version"));
            [format!("{bucket}/*"), bucket, format!("{logs}/*"), logs, version]
        };
        self.names.bootstrapped(account).into_iter().flat_map(of_one).collect()
    }

    fn execution_role(&self, scope: &mut Scope<'_>) -> RoleHandle {
        let name = self.role_name(Names::execution_role);
        let role = scope.add(
            "ExecutionRole",
            Role {
                policies: Policies::Managed { name: name.clone(), policies: EXECUTION_POLICIES },
                name,
                description: "CloudFormation runs the mesh's stacks as this role".to_owned(),
                grantee: self.grantee("execution-role"),
                trust: vec![Trust::Service(Service::CLOUDFORMATION)],
                boundary: None,
                tags: Vec::new(),
            },
        );
        let statements = execution::statements(self);
        let grants = statements.into_iter().map(|statement| Grant {
            sid: statement.sid,
            grantee: role.grantee().clone(),
            access: "deploy",
            target: Target {
                name: self.target(),
                account: self.account.place.account.clone(),
                policy: None,
            },
            actions: statement.actions,
            resources: statement.resources.iter().cloned().map(Value::from).collect(),
            own_resources: Vec::new(),
            known_resources: statement.resources,
            conditions: statement.conditions,
        });
        scope.grant(Grants(grants.collect()));
        let mut protected = self.protected();
        let by_tag = match self.names.tenant().pivot_role.mode {
            PivotMode::Auto => execution::no_role_tag(self.pivot_roles()),
            // The pivot role belongs to the account's owner and has a name with the prefix.
            PivotMode::Manual => {
                protected.extend(self.pivot_roles());
                None
            }
        };
        let deny = Statement::deny("DenyLifting", execution::LIFTING, protected);
        let owner =
            PolicyOwner::RoleInline { role: role.name().into(), name: "protection".to_owned() };
        let made = self.made_by_bootstraps();
        let made = Statement::deny("DenyBootstrap", narrow::BOOTSTRAP_CHANGES, made);
        let mut statements = vec![deny, execution::no_unbounded(self), made];
        statements.extend(by_tag);
        scope.child("ExecutionProtection").policy(owner, statements);
        role
    }

    fn grantee(&self, kind: &str) -> String {
        self.names.bootstrap_role(kind, &self.account.prefix, &self.account.place)
    }

    fn deploy_role(&self, scope: &mut Scope<'_>) -> RoleHandle {
        let tenant = self.names.tenant();
        let updater = self.names.central_place().role_arn(&self.names.platform("updater-build"));
        let roles = tenant.deployers.iter().map(ToString::to_string).chain([updater]);
        scope.add(
            "DeployRole",
            Role {
                name: self.role_name(Names::deploy_role),
                description: "Whoever deploys the mesh assumes this role".to_owned(),
                grantee: self.grantee("deploy-role"),
                trust: vec![
                    Trust::External {
                        account: tenant.central_account.clone(),
                        roles: roles.collect(),
                        external_id: tenant.pivot_role.external_id.clone(),
                    },
                    session::trust(self.names),
                ],
                policies: Policies::Inline("deploy".to_owned()),
                boundary: None,
                tags: Vec::new(),
            },
        )
    }

    /// The keys of the record of deployed stacks and of the leases of parts of the mesh, as patterns, if this stack's
    /// template bucket contains them. An id has no `/` and no wildcard, so they match no object of another mesh.
    fn records(&self) -> Vec<String> {
        let Account { place, prefix, .. } = self.account;
        let is_here =
            self.names.central_place() == *place && self.names.tenant().resource_prefix == *prefix;
        if !is_here {
            return Vec::new();
        }
        vec![self.names.record_key(), self.names.part_record_key("*")]
    }

    /// What the deployer writes and reads: seeds and large templates, the record and leases, and scripts in the
    /// environments' buckets.
    fn uploads(&self, templates: &str) -> Vec<String> {
        let own = ["seeds/*", "templates/*"].map(|part| format!("{templates}/{part}"));
        let records = self.records().into_iter().map(|key| format!("{templates}/{key}"));
        let scripts = self.account.environments.iter().map(|environment| {
            let bucket = self.names.environment_bucket(environment);
            format!("{}/profiling/code/*", bucket_arn(&self.account.place, &bucket))
        });
        own.into_iter().chain(records).chain(scripts).collect()
    }

    /// A grant to the deploy role.
    fn deploy_grant(
        &self,
        deploy: &RoleHandle,
        sid: &str,
        actions: &[&'static str],
        resources: Vec<String>,
        conditions: Conditions,
    ) -> Grant {
        Grant {
            sid: sid.to_owned(),
            grantee: deploy.grantee().clone(),
            access: "deploy",
            target: Target {
                name: self.target(),
                account: self.account.place.account.clone(),
                policy: None,
            },
            actions: actions.to_vec(),
            resources: resources.iter().cloned().map(Value::from).collect(),
            own_resources: Vec::new(),
            known_resources: resources,
            conditions,
        }
    }

    /// Grants change sets on the mesh's stacks, run only by the execution role, and uploads.
    fn deploy_grants(&self, scope: &mut Scope<'_>, deploy: &RoleHandle, execution: &RoleHandle) {
        let Account { place, prefix, .. } = self.account;
        let stacks = vec![place.arn("cloudformation", &format!("stack/{prefix}-*/*"))];
        let execution_arn = execution.grantee().known_arn.clone();
        let as_execution = Conditions::none().with(Condition::new(
            Comparison::StringEquals,
            "cloudformation:RoleArn",
            execution_arn.clone(),
        ));
        let to_cloudformation = Conditions::none().with(Condition::new(
            Comparison::StringEquals,
            "iam:PassedToService",
            Service::CLOUDFORMATION.principal,
        ));
        let templates = bucket_arn(place, &self.names.template_bucket(prefix, place));
        let records = self.records();
        let artifacts = self.account.removable.iter().map(|pipeline| {
            let name = self.names.pipeline(&pipeline.environment, &pipeline.header.id, "artifacts");
            bucket_arn(place, &name)
        });
        let artifacts: Vec<String> = artifacts.collect();
        let none = Conditions::none;
        let grant = |sid: &str, actions: &[&'static str], resources, conditions| {
            self.deploy_grant(deploy, sid, actions, resources, conditions)
        };
        let all_stacks = vec![place.arn("cloudformation", "stack/*/*")];
        let has_tag = |key: &'static str| {
            let mesh = self.names.tenant().header.id.to_string();
            none().with(Condition::new(Comparison::StringEquals, key, mesh))
        };
        let of_mesh = has_tag("aws:RequestTag/lakewright:mesh");
        let is_of_mesh = has_tag("aws:ResourceTag/lakewright:mesh");
        let mut grants = vec![
            // Stacks that were removed from the mesh are found by their tags.
            grant("StackLists", &["cloudformation:DescribeStacks"], all_stacks, none()),
            grant("StackRead", &execution::STACK_READ, stacks.clone(), none()),
            grant(
                "StackChange",
                &["cloudformation:CreateChangeSet", "cloudformation:DeleteStack"],
                stacks.clone(),
                as_execution,
            ),
            grant("StackRun", &execution::STACK_RUN, stacks.clone(), none()),
            // Policies compare the tags of stacks. Tags may be set only together with the mesh's own tag, and removed
            // only from the mesh's own stacks.
            grant("StackTag", &["cloudformation:TagResource"], stacks.clone(), of_mesh),
            grant(
                "StackForget",
                &["cloudformation:TagResource", "cloudformation:UntagResource"],
                stacks,
                is_of_mesh,
            ),
            grant("PassExecutionRole", &["iam:PassRole"], vec![execution_arn], to_cloudformation),
            grant("Uploads", &["s3:GetObject", "s3:PutObject"], self.uploads(&templates), none()),
        ];
        if self.account.usage.reads_parameters {
            // CloudFormation reads them with the permissions of the caller that creates the change set.
            let left = ["domain-id", "vpc-id"]
                .map(|name| place.arn("ssm", &format!("parameter/{prefix}/*/studio/{name}")));
            grants.push(grant("Parameters", &["ssm:GetParameters"], left.to_vec(), none()));
        }
        if !records.is_empty() {
            // For a missing object, S3 returns "access denied" to callers without s3:ListBucket ("GetObject" in the S3
            // API reference). Only these keys may be listed.
            let of_keys = none().with(Condition {
                operator: Operator::new(Comparison::StringLike),
                key: "s3:prefix".into(),
                values: records.into_iter().map(Value::from).collect(),
            });
            grants.push(grant("LookForRecord", &["s3:ListBucket"], vec![templates], of_keys));
        }
        for (sid, actions, resources) in looks::of(self) {
            grants.push(grant(sid, actions, resources, none()));
        }
        if self.account.looks_for_drift {
            // AWS chooses the names of keys, so those of the mesh are known by their tag.
            let keys = vec![place.arn("kms", "key/*")];
            let is_of_mesh = has_tag("aws:ResourceTag/lakewright:mesh");
            grants.push(grant("LookAtKeys", &looks::KEYS, keys, is_of_mesh));
        }
        if !artifacts.is_empty() {
            // The artifacts of a pipeline are deleted with it; data is never deleted.
            let objects = artifacts.iter().map(|arn| format!("{arn}/*")).collect();
            let delete = ["s3:DeleteObject", "s3:DeleteObjectVersion"];
            grants.push(grant("EmptyArtifacts", &delete, objects, none()));
            grants.push(grant("ListArtifacts", &["s3:ListBucketVersions"], artifacts, none()));
        }
        scope.grant(Grants(grants));
        let own = place.arn("cloudformation", &format!("stack/{prefix}-bootstrap-*/*"));
        let deny = Statement::deny("DenyBootstrap", execution::STACK_CHANGES, [own]);
        let owner =
            PolicyOwner::RoleInline { role: deploy.name().into(), name: "protection".to_owned() };
        scope.child("DeployProtection").policy(owner, vec![deny]);
    }
}

#[cfg(test)]
mod tests;
