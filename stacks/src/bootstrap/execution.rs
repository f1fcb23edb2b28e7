//! The execution role's policy, derived: the actions that CloudFormation's handlers of the used types
//! state, on the resources that the prefix covers.

use std::collections::{BTreeMap, BTreeSet};

use lakewright_policies::catalogue::{self, Action, CatalogueService};
use lakewright_policies::condition::{Comparison, Condition, Operator};
use lakewright_policies::service::Service;
use lakewright_policies::{Conditions, Statement};
use lakewright_template::resolve::Place;
use lakewright_template::schema;

use super::{Account, Context};

/// What nobody may do to the protected roles and policies.
pub(super) const LIFTING: [&str; 17] = [
    "iam:AttachRolePolicy",
    "iam:CreatePolicyVersion",
    "iam:CreateRole",
    "iam:DeletePolicy",
    "iam:DeletePolicyVersion",
    "iam:DeleteRole",
    "iam:DeleteRolePermissionsBoundary",
    "iam:DeleteRolePolicy",
    "iam:DetachRolePolicy",
    "iam:PassRole",
    "iam:PutRolePermissionsBoundary",
    "iam:PutRolePolicy",
    "iam:SetDefaultPolicyVersion",
    "iam:UpdateAssumeRolePolicy",
    "iam:UpdateRole",
    "iam:UpdateRoleDescription",
    "sts:AssumeRole",
];

/// Looking at stacks.
pub(super) const STACK_READ: [&str; 7] = [
    "cloudformation:DescribeChangeSet",
    "cloudformation:DescribeStackEvents",
    "cloudformation:DescribeStackResources",
    "cloudformation:DescribeStacks",
    "cloudformation:GetTemplate",
    "cloudformation:ListChangeSets",
    "cloudformation:ListStackResources",
];

/// Running what has been prepared. CloudFormation goes on with the role that the stack has.
pub(super) const STACK_RUN: [&str; 6] = [
    "cloudformation:ContinueUpdateRollback",
    "cloudformation:DeleteChangeSet",
    "cloudformation:ExecuteChangeSet",
    "cloudformation:RollbackStack",
    "cloudformation:TagResource",
    "cloudformation:UpdateTerminationProtection",
];

/// Every way to change a stack.
pub(super) const STACK_CHANGES: [&str; 11] = [
    "cloudformation:CancelUpdateStack",
    "cloudformation:ContinueUpdateRollback",
    "cloudformation:CreateChangeSet",
    "cloudformation:CreateStack",
    "cloudformation:DeleteChangeSet",
    "cloudformation:DeleteStack",
    "cloudformation:ExecuteChangeSet",
    "cloudformation:RollbackStack",
    "cloudformation:SetStackPolicy",
    "cloudformation:UpdateStack",
    "cloudformation:UpdateTerminationProtection",
];

/// The services that roles are handed to, by the types that take a role.
const PASSED_TO: [(&str, Service); 13] = [
    ("AWS::CodeBuild::Project", Service::CODEBUILD),
    ("AWS::CodePipeline::Pipeline", Service::CODEPIPELINE),
    ("AWS::EC2::FlowLog", Service::VPC_FLOW_LOGS),
    ("AWS::Events::Rule", Service::EVENTS),
    ("AWS::Glue::Crawler", Service::GLUE),
    ("AWS::Glue::Job", Service::GLUE),
    ("AWS::LakeFormation::Resource", Service::LAKE_FORMATION),
    ("AWS::QuickSight::DataSource", Service::QUICKSIGHT),
    ("AWS::SageMaker::Domain", Service::SAGEMAKER),
    ("AWS::SageMaker::NotebookInstance", Service::SAGEMAKER),
    ("AWS::SageMaker::UserProfile", Service::SAGEMAKER),
    ("AWS::Scheduler::Schedule", Service::SCHEDULER),
    ("AWS::StepFunctions::StateMachine", Service::STEP_FUNCTIONS),
];

/// Actions, and the resources of all of them.
type Group = (BTreeSet<&'static str>, BTreeSet<String>);

/// One statement of the policy.
#[derive(Debug)]
pub(super) struct Derived {
    pub(super) sid: String,
    pub(super) actions: Vec<&'static str>,
    pub(super) resources: Vec<String>,
    pub(super) conditions: Conditions,
}

/// The actions that CloudFormation's handlers need for some types.
pub(crate) fn handler_actions(kinds: &BTreeSet<String>) -> BTreeSet<&'static str> {
    let schemas = kinds.iter().filter_map(|kind| schema::of(kind));
    schemas
        .flat_map(|schema| {
            ["create", "read", "update", "delete"]
                .into_iter()
                .flat_map(move |handler| schema.handler_permissions(handler))
        })
        .collect()
}

/// The statements for everything that an account uses.
pub(super) fn statements(context: &Context<'_>) -> Vec<Derived> {
    let account = context.account;
    let mut actions = handler_actions(&account.usage.kinds);
    if account.usage.reads_parameters {
        actions.insert("ssm:GetParameters");
    }
    // One with its own statement, and one that nobody gets.
    actions.remove("iam:PassRole");
    actions.remove("iam:DeleteRolePermissionsBoundary");
    // Actions of a service under the same conditions stand in one statement with the resources of
    // all of them: an action does nothing with an ARN of a type that is not its own. What knows no
    // resources stands apart, as `*` would open it to the others.
    let mut groups: BTreeMap<(String, bool, Conditions), Group> = BTreeMap::new();
    for action in actions {
        let (prefix, _) = action.split_once(':').unwrap_or((action, ""));
        for (resources, conditions) in narrowed(context, action) {
            let is_any = resources == ["*"];
            let group = groups.entry((prefix.to_owned(), is_any, conditions)).or_default();
            group.0.insert(action);
            group.1.extend(resources);
        }
    }
    let mut derived: Vec<Derived> = groups
        .into_iter()
        .map(|((service, is_any, conditions), (actions, resources))| Derived {
            sid: if is_any { "WithoutResource".to_owned() } else { sid(&service) },
            actions: actions.into_iter().collect(),
            resources: resources.into_iter().collect(),
            conditions,
        })
        .collect();
    derived.extend(pass_role(context));
    derived.extend(attached_roles(context));
    derived.extend(imported_databases(account));
    derived
}

/// The resource types that stacks make, of services whose actions know many others. An action on
/// several types is held to these; one on other types only keeps them.
const MADE: [(&str, &[&str]); 9] = [
    ("athena", &["workgroup"]),
    (
        "ec2",
        &[
            "network-interface",
            "route-table",
            "security-group",
            "security-group-rule",
            "subnet",
            "vpc",
            "vpc-endpoint",
            "vpc-flow-log",
        ],
    ),
    ("events", &["event-bus", "rule-on-custom-event-bus", "rule-on-default-event-bus"]),
    ("glue", &["crawler", "database", "job", "rootcatalog", "table", "trigger"]),
    ("iam", &["policy", "role"]),
    ("quicksight", &["datasource", "group"]),
    ("s3", &["accesspoint", "bucket", "object"]),
    ("sagemaker", &["domain", "notebook-instance", "user-profile"]),
    ("wafv2", &["ipset", "webacl"]),
];

fn is_made(service: &str, kind: &str) -> bool {
    MADE.iter().find(|(name, _)| *name == service).is_none_or(|(_, kinds)| kinds.contains(&kind))
}

/// `codestar-connections` is no name of a statement.
fn sid(service: &str) -> String {
    let words = service.split('-').filter(|word| !word.is_empty());
    words.map(|word| format!("{}{}", word[..1].to_uppercase(), &word[1..])).collect()
}

/// The resources that an action is held to, each set with its conditions.
fn narrowed(context: &Context<'_>, name: &str) -> Vec<(Vec<String>, Conditions)> {
    let any = || vec![(vec!["*".to_owned()], Conditions::none())];
    // What the catalogue does not know cannot be narrowed; the refresh of the schemas checks names.
    let Some((service, action)) = catalogue::action(name) else { return any() };
    if action.resources.is_empty() {
        return any();
    }
    let prefix = name.split(':').next().unwrap_or_default();
    let mut sets: BTreeMap<Conditions, BTreeSet<String>> = BTreeMap::new();
    for resource in &action.resources {
        let Some(kind) = service.resource_type(resource.kind) else { continue };
        if !is_made(prefix, resource.kind)
            && action.resources.iter().any(|r| is_made(prefix, r.kind))
        {
            continue;
        }
        let arn = narrow(prefix, resource.kind, kind.arn, context.account);
        let conditions = conditions(context, prefix, service, action, resource.kind);
        sets.entry(conditions).or_default().insert(arn);
    }
    sets.into_iter().map(|(conditions, arns)| (arns.into_iter().collect(), conditions)).collect()
}

/// An ARN's form with the account's values. The first variable that names something gets the prefix.
fn narrow(service: &str, kind: &str, form: &str, account: &Account<'_>) -> String {
    let Account { place: Place { account: number, region }, prefix, .. } = account;
    let begins = format!("{prefix}-*");
    let catalog = format!("{}_*", prefix.as_str().replace('-', "_"));
    let first = match (service, kind) {
        // Ids that the service makes; conditions on tags hold these.
        ("kms", "key")
        | ("ec2" | "elasticfilesystem", _)
        | ("sagemaker", "domain" | "user-profile") => "*".to_owned(),
        ("glue", "database" | "table" | "tableversion" | "userdefinedfunction") => catalog,
        ("logs", "log-group" | "log-stream") => format!("/{begins}"),
        ("quicksight", "group" | "user") => format!("default/{begins}"),
        ("scheduler", "schedule" | "schedule-group") => "default".to_owned(),
        // What CloudFormation reads and writes are seeds and templates, never data.
        ("s3", "object") => format!("{prefix}-templates-*"),
        ("ssm", "parameter") => format!("{prefix}/*"),
        ("wafv2", _) => "regional".to_owned(),
        _ => begins.clone(),
    };
    let second = match (service, kind) {
        ("sagemaker", "user-profile") | ("scheduler", "schedule") | ("wafv2", _) => begins,
        _ => "*".to_owned(),
    };
    let mut named = [first, second].into_iter();
    let mut arn = String::new();
    let mut rest = form;
    while let Some((before, after)) = rest.split_once("${") {
        arn.push_str(before);
        let (variable, after) = after.split_once('}').unwrap_or((after, ""));
        match variable {
            "Partition" => arn.push_str(account.place.partition()),
            "Region" => arn.push_str(region),
            "Account" => arn.push_str(number),
            _ => arn.push_str(&named.next().unwrap_or_else(|| "*".to_owned())),
        }
        rest = after;
    }
    arn.push_str(rest);
    arn
}

/// Conditions for what a name cannot hold: roles by their boundary, generated ids by the mesh's tag.
fn conditions(
    context: &Context<'_>,
    prefix: &str,
    service: &CatalogueService,
    action: &Action,
    kind: &str,
) -> Conditions {
    const MESH: &str = "aws:ResourceTag/lakewright:mesh";
    const ASKED: &str = "aws:RequestTag/lakewright:mesh";
    let mesh = context.mesh.tenant.header.id.to_string();
    let none = Conditions::none();
    let equals = |key: &'static str| Condition::new(Comparison::StringEquals, key, mesh.clone());
    let writes = action.levels.iter().any(|level| !matches!(*level, "Read" | "List"));
    match (prefix, kind) {
        ("iam", "role") if service.carries(action, Some(kind), "iam:PermissionsBoundary") => {
            let bounded = none.with(bounded(context));
            if matches!(action.name, "AttachRolePolicy" | "DetachRolePolicy") {
                bounded.with(own_policies(context))
            } else {
                bounded
            }
        }
        ("kms", "key") if action.name == "CreateKey" => none.with(equals(ASKED)),
        // A key is tagged while it is made, when it has no tags yet.
        ("kms", "key") if action.name == "TagResource" => none.with(equals(ASKED)),
        ("kms", "key") => none.with(equals(MESH)),
        ("sagemaker", "domain") if writes && !action.name.starts_with("Create") => {
            if action.name == "AddTags" {
                none.with(equals(ASKED))
            } else {
                none.with(equals(MESH))
            }
        }
        ("ec2", _) if takes_away(action) && service.carries(action, Some(kind), MESH) => {
            none.with(equals(MESH))
        }
        ("elasticfilesystem", _) if writes && service.carries(action, Some(kind), MESH) => {
            // The domain's file system is SageMaker's and carries its tag.
            none.with(Condition::new(
                Comparison::Null,
                "aws:ResourceTag/ManagedByAmazonSageMakerResource",
                "false",
            ))
        }
        _ => none,
    }
}

fn takes_away(action: &Action) -> bool {
    ["Delete", "Disassociate", "Modify", "Revoke"].iter().any(|verb| action.name.starts_with(verb))
}

/// The condition that a role has one of the account's boundaries.
fn bounded(context: &Context<'_>) -> Condition {
    Condition {
        operator: Operator::new(Comparison::ArnEquals),
        key: "iam:PermissionsBoundary".into(),
        values: context.boundaries().into_iter().map(Into::into).collect(),
    }
}

/// The condition that a policy is one of the mesh's.
fn own_policies(context: &Context<'_>) -> Condition {
    let Account { place, prefix, .. } = context.account;
    Condition {
        operator: Operator::new(Comparison::ArnLike),
        key: "iam:PolicyARN".into(),
        values: vec![crate::names::policy_arn(place, &format!("{prefix}-*")).into()],
    }
}

/// Should anything else ever allow it: no role without a boundary.
pub(super) fn no_unbounded(context: &Context<'_>) -> Statement {
    let condition =
        Condition { operator: Operator::new(Comparison::ArnNotEquals), ..bounded(context) };
    let place = &context.account.place;
    Statement::deny(
        "DenyUnbounded",
        ["iam:CreateRole", "iam:PutRolePermissionsBoundary"],
        [lakewright_constructs::role::role_arn(place, "*")],
    )
    .when(Conditions::none().with(condition))
}

/// Roles go to the services of the used types only.
fn pass_role(context: &Context<'_>) -> Option<Derived> {
    let Account { place, prefix, usage, .. } = context.account;
    let services: BTreeSet<&str> = PASSED_TO
        .iter()
        .filter(|(kind, _)| usage.kinds.contains(*kind))
        .map(|(_, service)| service.principal)
        .collect();
    if services.is_empty() {
        return None;
    }
    let mut resources = vec![lakewright_constructs::role::role_arn(place, &format!("{prefix}-*"))];
    resources.extend(usage.beyond(prefix.as_str()).passed_roles);
    let to = Condition {
        operator: Operator::new(Comparison::StringEquals),
        key: "iam:PassedToService".into(),
        values: services.into_iter().map(Into::into).collect(),
    };
    Some(Derived {
        sid: "PassRole".to_owned(),
        actions: vec!["iam:PassRole"],
        resources,
        conditions: Conditions::none().with(to),
    })
}

/// Our policies are attached to managed consumption roles, and nothing else is done to these.
fn attached_roles(context: &Context<'_>) -> Option<Derived> {
    let Account { place, usage, .. } = context.account;
    if usage.attached_roles.is_empty() {
        return None;
    }
    let roles = usage.attached_roles.iter();
    Some(Derived {
        sid: "ConsumptionRoles".to_owned(),
        actions: vec!["iam:AttachRolePolicy", "iam:DetachRolePolicy"],
        // A path stands before the name, where there is one.
        resources: roles
            .flat_map(|name| [name.clone(), format!("*/{name}")])
            .map(|name| lakewright_constructs::role::role_arn(place, &name))
            .collect(),
        conditions: Conditions::none().with(own_policies(context)),
    })
}

/// Permissions on databases that were imported: CloudFormation looks at them.
fn imported_databases(account: &Account<'_>) -> Option<Derived> {
    let databases = account.usage.beyond(account.prefix.as_str()).databases;
    if databases.is_empty() {
        return None;
    }
    let place = &account.place;
    let mut resources = BTreeSet::new();
    for entry in &databases {
        let (catalog, name) = entry.split_once('/').unwrap_or((&place.account, entry));
        let glue = format!("arn:{}:glue:{}:{catalog}", place.partition(), place.region);
        resources.insert(format!("{glue}:catalog"));
        resources.insert(format!("{glue}:database/{name}"));
        resources.insert(format!("{glue}:table/{name}/*"));
    }
    Some(Derived {
        sid: "ImportedDatabases".to_owned(),
        actions: vec!["glue:GetDatabase", "glue:GetTable"],
        resources: resources.into_iter().collect(),
        conditions: Conditions::none(),
    })
}
