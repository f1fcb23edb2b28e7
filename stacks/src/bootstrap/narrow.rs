//! The limits of each action of the execution role: resources that the prefix covers, and conditions on tags and
//! boundaries.

use std::collections::{BTreeMap, BTreeSet};

use lakewright_manifest::mesh::IdentityProvider;
use lakewright_policies::Conditions;
use lakewright_policies::catalogue::{self, Action, CatalogueService};
use lakewright_policies::condition::{Comparison, Condition, Operator};
use lakewright_template::place::Place;

use super::{Account, Context};

/// The resource types that stacks create, for services whose actions support many others. An action that supports some
/// of these types is limited to them; an action on other types only keeps its types.
const MADE: [(&str, &[&str]); 13] = [
    ("athena", &["workgroup"]),
    // Action types belong to AWS, to third parties or to the account: no owner is named like the prefix.
    ("codepipeline", &["action", "pipeline", "stage"]),
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
    ("elasticfilesystem", &["file-system"]),
    ("events", &["event-bus", "rule-on-custom-event-bus", "rule-on-default-event-bus"]),
    // Deleting a database is authorized on its user-defined functions as well.
    (
        "glue",
        &["crawler", "database", "job", "rootcatalog", "table", "trigger", "userdefinedfunction"],
    ),
    ("iam", &["policy", "role"]),
    ("logs", &["log-group", "log-stream"]),
    ("quicksight", &["datasource", "group"]),
    ("s3", &["accesspoint", "bucket", "object"]),
    ("sagemaker", &["domain", "notebook-instance", "user-profile"]),
    ("ssm", &["parameter"]),
    // A web ACL with AWS managed rule groups is also authorized on these: amazon-cloudfront-waf-secretsmanager #3.
    ("wafv2", &["ipset", "managedruleset", "webacl"]),
];

/// Actions that are denied on the buckets and parameters of the bootstrap stacks.
pub(super) const BOOTSTRAP_CHANGES: [&str; 16] = [
    "s3:DeleteBucket",
    "s3:DeleteBucketPolicy",
    "s3:DeleteObject",
    "s3:PutBucketAcl",
    "s3:PutBucketLogging",
    "s3:PutBucketOwnershipControls",
    "s3:PutBucketPolicy",
    "s3:PutBucketPublicAccessBlock",
    "s3:PutBucketVersioning",
    "s3:PutEncryptionConfiguration",
    "s3:PutLifecycleConfiguration",
    "s3:PutObject",
    "s3:PutObjectAcl",
    "s3:PutReplicationConfiguration",
    "ssm:DeleteParameter",
    "ssm:PutParameter",
];

/// The type of resource that is created only where a dataset has protected views.
const OF_VIEWS: (&str, &str) = ("glue", "connection");

fn is_made(context: &Context<'_>, service: &str, kind: &str) -> bool {
    if (service, kind) == OF_VIEWS {
        return context.account.usage.kinds.contains("AWS::Glue::Connection");
    }
    MADE.iter().find(|(name, _)| *name == service).is_none_or(|(_, kinds)| kinds.contains(&kind))
}

/// Resource types with tags, each with the CloudFormation type that creates it: in these services one action tags all
/// of them.
const TAGGED: [(&str, &str, &str); 9] = [
    ("ec2", "route-table", "AWS::EC2::RouteTable"),
    ("ec2", "security-group", "AWS::EC2::SecurityGroup"),
    ("ec2", "subnet", "AWS::EC2::Subnet"),
    ("ec2", "vpc", "AWS::EC2::VPC"),
    ("ec2", "vpc-endpoint", "AWS::EC2::VPCEndpoint"),
    ("ec2", "vpc-flow-log", "AWS::EC2::FlowLog"),
    ("sagemaker", "domain", "AWS::SageMaker::Domain"),
    ("sagemaker", "notebook-instance", "AWS::SageMaker::NotebookInstance"),
    ("sagemaker", "user-profile", "AWS::SageMaker::UserProfile"),
];

/// Whether a tagging action needs no statement for a type because no stack of the account creates it. A tagging action
/// applies to one resource at a time; other actions also apply to related resources, as `ec2:CreateSecurityGroup` to
/// the group's VPC.
fn is_never_tagged(context: &Context<'_>, prefix: &str, action: &Action, kind: &str) -> bool {
    let kinds = &context.account.usage.kinds;
    let is_about_tags = matches!(action.name, "AddTags" | "CreateTags" | "DeleteTags" | "ListTags");
    let is_it = |entry: &&(&str, &str, &str)| (entry.0, entry.1) == (prefix, kind);
    let maker = TAGGED.iter().find(is_it).map(|(_, _, maker)| *maker);
    is_about_tags && maker.is_some_and(|maker| !kinds.contains(maker))
}

/// The resources that an action is limited to, each set with its conditions.
pub(super) fn narrowed(context: &Context<'_>, name: &str) -> Vec<(Vec<String>, Conditions)> {
    let any = || vec![(vec!["*".to_owned()], Conditions::none())];
    // An action that is not in the catalogue cannot be narrowed; refreshing the schemas checks the names.
    let Some((service, action)) = catalogue::action(name) else { return any() };
    if matches!(name, "kms:CreateKey" | "verifiedpermissions:CreatePolicyStore") {
        let mesh = context.names.tenant().header.id.to_string();
        let asked = Condition::new(Comparison::StringEquals, ASKED, mesh);
        return vec![(vec!["*".to_owned()], Conditions::none().with(asked))];
    }
    if action.resources.is_empty() {
        return any();
    }
    let prefix = name.split(':').next().unwrap_or_default();
    if prefix == "iam"
        && action.resources.iter().all(|resource| !is_made(context, "iam", resource.kind))
    {
        // Actions on users and groups: the handlers list them, but no stack creates users or groups.
        return Vec::new();
    }
    if prefix == "cognito-idp" {
        return user_pool(context);
    }
    let mut sets: BTreeMap<Conditions, BTreeSet<String>> = BTreeMap::new();
    for resource in &action.resources {
        let Some(kind) = service.resource_type(resource.kind) else { continue };
        if !is_made(context, prefix, resource.kind)
            && action.resources.iter().any(|r| is_made(context, prefix, r.kind))
        {
            continue;
        }
        if is_never_tagged(context, prefix, action, resource.kind) {
            continue;
        }
        // A deny protects the template bucket, and the role has no access to other objects.
        if (prefix, resource.kind) == ("s3", "object") && BOOTSTRAP_CHANGES.contains(&name) {
            continue;
        }
        let own = kind.arns.iter().map(|arn| narrow(prefix, resource.kind, arn, context));
        let own: Vec<String> = own.collect();
        for conditions in conditions(context, prefix, service, action, resource.kind) {
            let arns = sets.entry(conditions).or_default();
            arns.extend(own.iter().cloned());
            arns.extend(own.iter().filter_map(|arn| vended(context.account, prefix, arn)));
            if prefix == "iam" {
                // Names that the mesh chose without the prefix, such as the pivot role's.
                arns.extend(made_outside(context.account, resource.kind));
            }
        }
    }
    sets.into_iter().map(|(conditions, arns)| (arns.into_iter().collect(), conditions)).collect()
}

/// The user pool of the policy store's identity source, if it has one.
fn user_pool(context: &Context<'_>) -> Vec<(Vec<String>, Conditions)> {
    let settings = context.names.tenant().governance.as_ref();
    match settings.map(|settings| &settings.provider) {
        Some(IdentityProvider::Cognito { user_pool, .. }) => {
            vec![(vec![user_pool.to_string()], Conditions::none())]
        }
        Some(IdentityProvider::OpenId { .. }) | None => Vec::new(),
    }
}

/// The log groups of state machines, whose names have a fixed prefix of AWS.
///
/// Source: "Avoiding Amazon CloudWatch Logs resource policy size restrictions" in the Step Functions guide.
fn vended(account: &Account<'_>, service: &str, arn: &str) -> Option<String> {
    let begins = format!("/{}-*", account.prefix);
    let has_machines = account.usage.kinds.contains("AWS::StepFunctions::StateMachine");
    (service == "logs" && has_machines && arn.contains(&begins))
        .then(|| arn.replacen(&begins, &format!("/aws/vendedlogs/states{begins}"), 1))
}

/// The ARNs of roles or policies that are created with names outside of the prefix.
fn made_outside(account: &Account<'_>, kind: &str) -> Vec<String> {
    let Account { place, usage, .. } = account;
    match kind {
        "role" => usage.made_roles.iter().map(|name| place.role_arn(name)).collect(),
        _ => usage.made_policies.iter().map(|name| crate::names::policy_arn(place, name)).collect(),
    }
}

/// An ARN format with the account's values. The first variable that is a name gets the prefix.
fn narrow(service: &str, kind: &str, form: &str, context: &Context<'_>) -> String {
    let Account { place, prefix, .. } = context.account;
    let Place { account: number, region } = place;
    if (service, kind) == ("wafv2", "managedruleset") {
        // AWS managed rule groups have fixed names, and are requested without an id.
        return place.arn("wafv2", "regional/managedruleset/*");
    }
    let begins = format!("{prefix}-*");
    let catalog = format!("{}_*", prefix.as_str().replace('-', "_"));
    let first = match (service, kind) {
        // The service generates these ids; conditions on tags limit the actions.
        ("kms", "key")
        | ("ec2" | "elasticfilesystem", _)
        | ("verifiedpermissions", "policy-store")
        | ("sagemaker", "domain" | "user-profile") => "*".to_owned(),
        ("glue", "database" | "table" | "tableversion" | "userdefinedfunction") => catalog,
        ("logs", "log-group" | "log-stream") => format!("/{begins}"),
        ("quicksight", "group" | "user") => format!("default/{begins}"),
        ("scheduler", "schedule" | "schedule-group") => "default".to_owned(),
        // CloudFormation reads seeds and templates, never data. S3 ARNs have no region and account, so the bucket is
        // named: each region of the account has its own.
        ("s3", "object") => context.names.template_bucket(prefix, place),
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
            "Partition" => arn.push_str(place.partition()),
            "Region" => arn.push_str(region),
            "Account" => arn.push_str(number),
            _ => arn.push_str(&named.next().unwrap_or_else(|| "*".to_owned())),
        }
        rest = after;
    }
    arn.push_str(rest);
    arn
}

/// The mesh's tag on the resource, and in the request.
const MESH: &str = "aws:ResourceTag/lakewright:mesh";
const ASKED: &str = "aws:RequestTag/lakewright:mesh";

/// Conditions for resources that a name cannot limit: roles by their boundary, generated ids by the mesh's tag. Each
/// entry is an alternative that allows the action.
fn conditions(
    context: &Context<'_>,
    prefix: &str,
    service: &CatalogueService,
    action: &Action,
    kind: &str,
) -> Vec<Conditions> {
    let mesh = context.names.tenant().header.id.to_string();
    let with = |condition: Condition| Conditions::none().with(condition);
    let equals = |key: &'static str| Condition::new(Comparison::StringEquals, key, mesh.clone());
    let writes = action.levels.iter().any(|level| !matches!(*level, "Read" | "List"));
    let carries = |key: &str| service.carries(action, Some(kind), key);
    match (prefix, kind) {
        // Reading is not limited: a missing role has no boundary to compare.
        ("iam", "role") if writes && carries("iam:PermissionsBoundary") => {
            let bounded = with(bounded(context));
            if matches!(action.name, "AttachRolePolicy" | "DetachRolePolicy") {
                vec![bounded.with(own_policies(context))]
            } else {
                vec![bounded]
            }
        }
        ("kms", "key") => match action.name {
            // This action follows a key's creation at once, when the tags may not be effective yet, and grants no
            // access to a key. An alias could, because teams use keys by alias. So aliases are limited by the tag, and
            // the call is retried.
            "EnableKeyRotation" => vec![Conditions::none()],
            // On creation, and on changes: then the request contains only the tags that differ.
            "TagResource" => vec![with(equals(ASKED)), with(equals(MESH))],
            _ => vec![with(equals(MESH))],
        },
        ("verifiedpermissions", "policy-store") if action.name == "TagResource" => {
            vec![with(equals(ASKED)), with(equals(MESH))]
        }
        // Reading is not limited: a policy store that is gone has no tag to compare.
        ("verifiedpermissions", "policy-store") if writes => vec![with(equals(MESH))],
        ("sagemaker", "domain") if action.name == "AddTags" => {
            vec![with(equals(ASKED)), with(equals(MESH))]
        }
        ("sagemaker", "domain") if writes && action.name != "CreateDomain" => {
            vec![with(equals(MESH))]
        }
        ("ec2", _) if action.name == "CreateTags" => {
            // On creation, or on resources of the mesh.
            let made = Condition::new(Comparison::Null, "ec2:CreateAction", "false");
            let mut ways = vec![with(made), with(equals(MESH))];
            if kind == "security-group" {
                // A security group gets its tags in a separate request (coverage-roadmap #714, open since 2020).
                let untagged = Condition::new(Comparison::Null, MESH, "true");
                ways.push(with(equals(ASKED)).with(untagged));
            }
            ways
        }
        // SageMaker's network interfaces carry its own tags, not the mesh's.
        ("ec2", "network-interface") => vec![Conditions::none()],
        // Security group rules are separate resources, created after the group's tags.
        ("ec2", "security-group") if action.name.starts_with("Authorize") => {
            vec![with(equals(MESH))]
        }
        ("ec2", _) if takes_away(action) && carries(MESH) => vec![with(equals(MESH))],
        // The domain's file system belongs to SageMaker and carries its tag.
        ("elasticfilesystem", _) if writes && carries(MESH) => vec![with(Condition::new(
            Comparison::Null,
            "aws:ResourceTag/ManagedByAmazonSageMakerResource",
            "false",
        ))],
        _ => vec![Conditions::none()],
    }
}

fn takes_away(action: &Action) -> bool {
    ["Delete", "Disassociate", "Modify", "Revoke"].iter().any(|verb| action.name.starts_with(verb))
}

/// The condition that a role has one of the account's boundaries.
pub(super) fn bounded(context: &Context<'_>) -> Condition {
    Condition {
        operator: Operator::new(Comparison::ArnEquals),
        key: "iam:PermissionsBoundary".into(),
        values: context.boundaries().into_iter().map(Into::into).collect(),
    }
}

/// The condition that a policy belongs to the mesh.
pub(super) fn own_policies(context: &Context<'_>) -> Condition {
    let Account { place, prefix, usage, .. } = context.account;
    let names = usage.made_policies.iter().cloned().chain([format!("{prefix}-*")]);
    Condition {
        operator: Operator::new(Comparison::ArnLike),
        key: "iam:PolicyARN".into(),
        values: names.map(|name| crate::names::policy_arn(place, &name).into()).collect(),
    }
}
