//! Derives the execution role's policy: the actions that CloudFormation's handlers of the used types require, on
//! resources whose names begin with the prefix.

use std::collections::{BTreeMap, BTreeSet};

use lakewright_policies::condition::{Comparison, Condition, Operator};
use lakewright_policies::service::Service;
use lakewright_policies::{Conditions, Statement};
use lakewright_synth::ROLE_TAG;
use lakewright_template::{Text, schema};

use super::narrow::{bounded, narrowed, own_policies};
use super::{Account, Context};

/// Actions that are denied on the protected roles and policies: those that grant a role's rights, except assuming it, which
/// trust policies decide, and those that create, tag or delete roles.
pub(super) const LIFTING: [&str; 18] = [
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
    "iam:TagRole",
    "iam:UntagRole",
    "iam:UpdateAssumeRolePolicy",
    "iam:UpdateRole",
    "iam:UpdateRoleDescription",
];

/// Actions that read stacks.
pub(super) const STACK_READ: [&str; 10] = [
    "cloudformation:DescribeChangeSet",
    "cloudformation:DescribeChangeSetHooks",
    // Only this action returns why CloudFormation's validation rejected a change set.
    "cloudformation:DescribeEvents",
    "cloudformation:DescribeStackEvents",
    "cloudformation:DescribeStackResources",
    "cloudformation:DescribeStacks",
    "cloudformation:GetTemplate",
    "cloudformation:ListChangeSets",
    "cloudformation:ListHookResults",
    "cloudformation:ListStackResources",
];

/// Actions that run or roll back prepared changes. CloudFormation continues with the stack's own role.
pub(super) const STACK_RUN: [&str; 5] = [
    "cloudformation:ContinueUpdateRollback",
    "cloudformation:DeleteChangeSet",
    "cloudformation:ExecuteChangeSet",
    "cloudformation:RollbackStack",
    "cloudformation:UpdateTerminationProtection",
];

/// All actions that change a stack. The service authorization reference does not have `SetAlias` and `RemoveAlias` yet
/// (`policies/src/catalogue/outside.rs`): a second name of a stack may be the name that another stack of the mesh needs.
pub(super) const STACK_CHANGES: [&str; 17] = [
    "cloudformation:CancelUpdateStack",
    "cloudformation:ContinueUpdateRollback",
    "cloudformation:CreateChangeSet",
    "cloudformation:CreateStack",
    "cloudformation:CreateStackRefactor",
    "cloudformation:DeleteChangeSet",
    "cloudformation:DeleteStack",
    "cloudformation:ExecuteChangeSet",
    "cloudformation:ExecuteStackRefactor",
    "cloudformation:RemoveAlias",
    "cloudformation:RollbackStack",
    "cloudformation:SetAlias",
    "cloudformation:SetStackPolicy",
    "cloudformation:TagResource",
    "cloudformation:UntagResource",
    "cloudformation:UpdateStack",
    "cloudformation:UpdateTerminationProtection",
];

/// Services that keep a service-linked role in the account, by the resource types that need it.
const LINKED: [(&str, &str); 2] = [
    ("AWS::EC2::FlowLog", "delivery.logs.amazonaws.com"),
    ("AWS::SageMaker::Domain", "sagemaker.amazonaws.com"),
];

/// Services in which conditions restrict some resource types and names restrict others. A statement for their actions
/// lists only resources of the same type, because a further resource would escape the condition.
const EXACT: [&str; 7] =
    ["ec2", "elasticfilesystem", "iam", "kms", "s3", "sagemaker", "verifiedpermissions"];

/// The services that roles are passed to, by the resource types that take a role.
const PASSED_TO: [(&str, Service); 14] = [
    ("AWS::CodeBuild::Project", Service::CODEBUILD),
    ("AWS::CodePipeline::Pipeline", Service::CODEPIPELINE),
    ("AWS::EC2::FlowLog", Service::VPC_FLOW_LOGS),
    ("AWS::Events::Rule", Service::EVENTS),
    ("AWS::Glue::Crawler", Service::GLUE),
    ("AWS::Glue::Job", Service::GLUE),
    // With the connection come protected views, whose definers are passed to Lake Formation as well.
    ("AWS::Glue::Connection", Service::LAKE_FORMATION),
    ("AWS::LakeFormation::Resource", Service::LAKE_FORMATION),
    ("AWS::QuickSight::DataSource", Service::QUICKSIGHT),
    ("AWS::SageMaker::Domain", Service::SAGEMAKER),
    ("AWS::SageMaker::NotebookInstance", Service::SAGEMAKER),
    ("AWS::SageMaker::UserProfile", Service::SAGEMAKER),
    ("AWS::Scheduler::Schedule", Service::SCHEDULER),
    ("AWS::StepFunctions::StateMachine", Service::STEP_FUNCTIONS),
];

/// Actions, and the union of their resources.
type Group = (BTreeSet<&'static str>, BTreeSet<String>);

/// One statement of the policy.
#[derive(Debug)]
pub(super) struct Derived {
    pub(super) sid: String,
    pub(super) actions: Vec<&'static str>,
    pub(super) resources: Vec<String>,
    pub(super) conditions: Conditions,
}

/// The actions that CloudFormation's handlers of these types require.
pub(crate) fn handler_actions(kinds: &BTreeSet<Text>) -> BTreeSet<&'static str> {
    let schemas = kinds.iter().filter_map(|kind| schema::of(kind));
    schemas
        .flat_map(|schema| {
            ["create", "read", "update", "delete"]
                .into_iter()
                .flat_map(move |handler| schema.handler_permissions(handler))
        })
        .collect()
}

/// Actions with separate statements, or with none: a boundary is never removed.
const SPECIAL: [&str; 5] = [
    "codestar-connections:PassConnection",
    "iam:CreateServiceLinkedRole",
    "iam:DeleteRolePermissionsBoundary",
    "iam:DeleteServiceLinkedRole",
    "iam:PassRole",
];

/// Actions that a schema lists for features that the mesh never uses: profiles of domains that sign in through IAM
/// Identity Center, endpoints to other regions.
const NEVER_ASKED: [&str; 5] = [
    // The domain's schema lists these. People start apps, and no stack deletes one.
    "sagemaker:CreateApp",
    "sagemaker:DeleteApp",
    "sagemaker:DescribeApp",
    "sso:DescribeInstance",
    "vpce:AllowMultiRegion",
];

/// Services whose actions are all excluded for the same reason.
const NEVER_ASKED_SERVICES: [&str; 1] = ["identitystore:"];

/// Actions that handlers call although no schema lists them, by type.
///
/// Source: `aws-cloudformation-resource-providers-sns`, subscriptions read their topic (2022-07).
const ALSO_CALLED: [(&str, &str); 1] = [("AWS::SNS::Subscription", "sns:GetTopicAttributes")];

/// The statements for everything that an account uses.
pub(super) fn statements(context: &Context<'_>) -> Vec<Derived> {
    let account = context.account;
    let mut actions = handler_actions(&account.usage.kinds);
    if account.usage.reads_parameters {
        actions.insert("ssm:GetParameters");
    }
    if account.usage.asks_for_zones {
        actions.extend(["ec2:DescribeAccountAttributes", "ec2:DescribeAvailabilityZones"]);
    }
    for (kind, action) in ALSO_CALLED {
        if account.usage.kinds.contains(kind) {
            actions.insert(action);
        }
    }
    // Removes actions with separate statements, and those that are never used.
    for special in SPECIAL.into_iter().chain(NEVER_ASKED) {
        actions.remove(special);
    }
    for service in NEVER_ASKED_SERVICES {
        actions.retain(|action| !action.starts_with(service));
    }
    // Actions of one service under the same conditions share a statement with the union of their resources: an action
    // has no effect on an ARN of another type. Actions without resource types are separate, because their `*` would
    // apply to the others.
    let mut groups: BTreeMap<(String, Vec<String>, Conditions), Group> = BTreeMap::new();
    for action in actions {
        let (prefix, _) = action.split_once(':').unwrap_or((action, ""));
        for (resources, conditions) in narrowed(context, action) {
            let is_exact = EXACT.contains(&prefix) || resources == ["*"];
            let own = if is_exact { resources.clone() } else { Vec::new() };
            let group = groups.entry((prefix.to_owned(), own, conditions)).or_default();
            group.0.insert(action);
            group.1.extend(resources);
        }
    }
    let mut derived: Vec<Derived> = groups
        .into_iter()
        .map(|((service, own, conditions), (actions, resources))| Derived {
            sid: if own == ["*"] { "WithoutResource".to_owned() } else { sid(&service) },
            actions: actions.into_iter().collect(),
            resources: resources.into_iter().collect(),
            conditions,
        })
        .collect();
    derived.extend(pass_role(context));
    derived.extend(pass_connection(context));
    derived.extend(service_linked_roles(context));
    derived.extend(attached_roles(context));
    derived.extend(table_sharing(context));
    derived.extend(imported_databases(context));
    derived.extend(imported_tables(account));
    derived.extend(rollback_alarms(account));
    derived
}

/// The alarms for which CloudFormation rolls changes back.
///
/// AWS names no permission for it ("Roll back your CloudFormation stack on alarm breach with rollback triggers" in the
/// CloudFormation user guide). CloudFormation uses the stack's role for all operations on the stack ("AWS CloudFormation
/// service role" there), so this role has the one permission that reads an alarm's state.
fn rollback_alarms(account: &Account<'_>) -> Option<Derived> {
    let environments = account.environments.iter();
    let named = environments.flat_map(|environment| environment.alarms.rollback.iter().flatten());
    let resources: BTreeSet<String> = named.map(ToString::to_string).collect();
    (!resources.is_empty()).then(|| Derived {
        sid: "RollbackAlarms".to_owned(),
        actions: super::looks::ALARMS.to_vec(),
        resources: resources.into_iter().collect(),
        conditions: Conditions::none(),
    })
}

/// Converts a service prefix such as `codestar-connections` to a valid `Sid`.
fn sid(service: &str) -> String {
    let mut name = String::new();
    for word in service.split('-').filter(|word| !word.is_empty()) {
        name.push_str(&word[..1].to_uppercase());
        name.push_str(&word[1..]);
    }
    name
}

/// Denies creating roles without a boundary, even if another policy allows it.
pub(super) fn no_unbounded(context: &Context<'_>) -> Statement {
    let condition =
        Condition { operator: Operator::new(Comparison::ArnNotEquals), ..bounded(context) };
    let place = &context.account.place;
    Statement::deny(
        "DenyUnbounded",
        ["iam:CreateRole", "iam:PutRolePermissionsBoundary"],
        [place.role_arn("*")],
    )
    .when(Conditions::none().with(condition))
}

/// Denies tagging the pivot roles with the tag by which full policies identify a team's role, in any case: IAM compares
/// tag keys case-insensitively ("Tags for IAM resources").
///
/// A team's own role gets its tag from the template that creates it, and IAM has no condition that compares a tag with
/// the role's name. So the templates alone determine which of the mesh's other roles carry the tag, as they determine
/// the policies.
pub(super) fn no_role_tag(pivots: BTreeSet<String>) -> Option<Statement> {
    let tag = Condition {
        operator: Operator::new(Comparison::StringEqualsIgnoreCase).for_any_value(),
        ..Condition::new(Comparison::StringEqualsIgnoreCase, "aws:TagKeys", ROLE_TAG)
    };
    (!pivots.is_empty()).then(|| {
        Statement::deny("DenyRoleTag", ["iam:TagRole", "iam:UntagRole"], pivots)
            .when(Conditions::none().with(tag))
    })
}

/// Roles may be passed only to services of the used types; a role with its own name only to the services that it is
/// used for.
fn pass_role(context: &Context<'_>) -> Vec<Derived> {
    let Account { place, prefix, usage, .. } = context.account;
    let mut passed: BTreeMap<BTreeSet<&'static str>, Vec<String>> = BTreeMap::new();
    let used = passed_to(|kind| usage.kinds.contains(kind));
    let own = place.role_arn(&format!("{prefix}-*"));
    passed.entry(used.clone()).or_default().push(own);
    let mut named: BTreeMap<&String, BTreeSet<&'static str>> = BTreeMap::new();
    for (role, taker) in &usage.passed_roles {
        named.entry(role).or_default().extend(passed_to(|kind| taker == kind));
    }
    for (role, services) in named {
        passed.entry(services).or_default().push(role.clone());
    }
    let statement = |(services, resources): (BTreeSet<&'static str>, Vec<String>)| {
        let to = Condition {
            operator: Operator::new(Comparison::StringEquals),
            key: "iam:PassedToService".into(),
            values: services.iter().map(|service| (*service).into()).collect(),
        };
        let firsts = services.iter().filter_map(|service| service.split('.').next());
        let takers = if services == used { String::new() } else { firsts.map(sid).collect() };
        Derived {
            sid: if takers.is_empty() {
                "PassRole".to_owned()
            } else {
                format!("PassRoleTo{takers}")
            },
            actions: vec!["iam:PassRole"],
            resources,
            conditions: Conditions::none().with(to),
        }
    };
    passed.into_iter().filter(|(services, _)| !services.is_empty()).map(statement).collect()
}

/// The services that these types pass their roles to.
fn passed_to(is_asked: impl Fn(&str) -> bool) -> BTreeSet<&'static str> {
    let asked = PASSED_TO.iter().filter(|(kind, _)| is_asked(kind));
    asked.map(|(_, service)| service.principal).collect()
}

/// The connections of pipelines, each by its ARN.
fn pass_connection(context: &Context<'_>) -> Option<Derived> {
    let connections = &context.account.usage.connections;
    let is_new = |arn: &String| arn.contains(":codeconnections:");
    let action = if connections.iter().any(is_new) {
        "codeconnections:PassConnection"
    } else {
        "codestar-connections:PassConnection"
    };
    (!connections.is_empty()).then(|| Derived {
        sid: "PassConnection".to_owned(),
        actions: vec![action],
        resources: connections.iter().cloned().collect(),
        conditions: Conditions::none(),
    })
}

/// Service-linked roles, whose policies the service writes.
fn service_linked_roles(context: &Context<'_>) -> Option<Derived> {
    let Account { place, usage, .. } = context.account;
    let services: Vec<&str> = LINKED
        .iter()
        .filter(|(kind, _)| usage.kinds.contains(*kind))
        .map(|(_, service)| *service)
        .collect();
    if services.is_empty() {
        return None;
    }
    let resources =
        services.iter().map(|service| place.role_arn(&format!("aws-service-role/{service}/*")));
    let only = Condition {
        operator: Operator::new(Comparison::StringEquals),
        key: "iam:AWSServiceName".into(),
        values: services.iter().map(|service| (*service).into()).collect(),
    };
    Some(Derived {
        sid: "ServiceLinkedRoles".to_owned(),
        actions: vec!["iam:CreateServiceLinkedRole"],
        resources: resources.collect(),
        conditions: Conditions::none().with(only),
    })
}

/// Managed consumption roles: policies may be attached to them and detached, nothing else. They belong to other owners
/// and do not have the mesh's boundary, so each may get only the policies that its shares create: no other policy of
/// the mesh, and not the boundary, which would grant whole services as a policy.
///
/// Remaining risk: IAM has no condition on a policy's content, and stacks create and change policies by the prefix. So
/// a principal that can run its own template as this role can put anything into one of these policies. Only the deploy
/// role passes templates to it. Trust the deploy role as far as the strongest managed consumption role.
///
/// Detaching grants nothing, and is needed for policies that the templates no longer contain.
fn attached_roles(context: &Context<'_>) -> Vec<Derived> {
    let Account { place, managed_roles, usage, .. } = context.account;
    let here = managed_roles.iter();
    // A role's name is unique in its account, whatever the path.
    let roles: BTreeMap<&str, &str> =
        here.map(|role| (role.role_arn.role_name(), role.role_arn.as_str())).collect();
    let mut derived: Vec<Derived> = Vec::new();
    for (name, arn) in &roles {
        let policies = usage.attached.iter().filter(|(role, _)| role == name);
        let only = Condition {
            operator: Operator::new(Comparison::ArnEquals),
            key: "iam:PolicyARN".into(),
            values: policies
                .map(|(_, policy)| crate::names::policy_arn(place, policy).into())
                .collect(),
        };
        if !only.values.is_empty() {
            derived.push(Derived {
                sid: "AttachToConsumptionRole".to_owned(),
                actions: vec!["iam:AttachRolePolicy"],
                resources: vec![(*arn).to_owned()],
                conditions: Conditions::none().with(only),
            });
        }
    }
    if !roles.is_empty() {
        derived.push(Derived {
            sid: "ConsumptionRoles".to_owned(),
            actions: vec!["iam:DetachRolePolicy"],
            resources: roles.values().map(|arn| (*arn).to_owned()).collect(),
            conditions: Conditions::none().with(own_policies(context)),
        });
    }
    derived
}

/// The actions that Lake Formation needs to share tables with other accounts through AWS RAM.
///
/// Source: the managed policy `AWSLakeFormationCrossAccountManager`, a prerequisite of every version
/// of cross-account sharing.
fn table_sharing(context: &Context<'_>) -> Vec<Derived> {
    if !context.account.usage.shares_tables {
        return Vec::new();
    }
    let list = |comparison, key: &'static str, values: &[&str]| Condition {
        operator: Operator::new(comparison),
        key: key.into(),
        values: values.iter().map(|value| (*value).to_owned().into()).collect(),
    };
    let any = || vec!["*".to_owned()];
    let of = |sid: &str, actions: &[&'static str], conditions| Derived {
        sid: sid.to_owned(),
        actions: actions.to_vec(),
        resources: any(),
        conditions,
    };
    let place = &context.account.place;
    let kinds = Condition {
        operator: Operator::new(Comparison::StringEquals).if_exists(),
        ..list(
            Comparison::StringEquals,
            "ram:RequestedResourceType",
            &["glue:Catalog", "glue:Database", "glue:Table"],
        )
    };
    let named = list(Comparison::StringLike, "ram:ResourceShareName", &["LakeFormation*"]);
    let permission = place.global_arn_in("ram", "aws", "permission/AWSRAMLFEnabled*");
    let permission = list(Comparison::ArnLike, "ram:PermissionArn", &[&permission]);
    vec![
        of("ShareTables", &["ram:CreateResourceShare"], Conditions::none().with(kinds)),
        of(
            "ChangeTableShares",
            &[
                "ram:AssociateResourceShare",
                "ram:DeleteResourceShare",
                "ram:DisassociateResourceShare",
                "ram:UpdateResourceShare",
            ],
            Conditions::none().with(named),
        ),
        of(
            "TableSharePermissions",
            &["ram:AssociateResourceSharePermission"],
            Conditions::none().with(permission),
        ),
        of(
            "TableShareLooks",
            &[
                "organizations:DescribeOrganization",
                "ram:GetResourceShareAssociations",
                "ram:GetResourceShares",
                "ram:ListResources",
            ],
            Conditions::none(),
        ),
        Derived {
            sid: "TableSharePermissionLooks".to_owned(),
            actions: vec!["ram:ListResourceSharePermissions"],
            resources: vec![place.arn("ram", "resource-share/*")],
            conditions: Conditions::none(),
        },
        Derived {
            sid: "TableShareCatalog".to_owned(),
            actions: vec!["glue:DeleteResourcePolicy", "glue:PutResourcePolicy"],
            resources: vec![place.arn("glue", "catalog")],
            conditions: Conditions::none(),
        },
        Derived {
            sid: "TableShareAccounts".to_owned(),
            actions: vec!["organizations:DescribeAccount"],
            resources: vec![place.global_arn_in("organizations", "*", "account/o-*/*")],
            conditions: Conditions::none(),
        },
    ]
}

/// Tables declared in imported databases. Lake Formation permissions cover all tables of such a database, so that a
/// declared table can be dropped; these IAM actions cover only the declared ones.
fn imported_tables(account: &Account<'_>) -> Option<Derived> {
    let place = &account.place;
    let mut resources = BTreeSet::new();
    for entry in &account.usage.tables {
        let mut parts = entry.splitn(3, '/');
        let (catalog, database, table) = (parts.next()?, parts.next()?, parts.next()?);
        let glue = place.start_in("glue", catalog);
        resources.insert(format!("{glue}catalog"));
        resources.insert(format!("{glue}database/{database}"));
        resources.insert(format!("{glue}table/{database}/{table}"));
    }
    (!resources.is_empty()).then(|| Derived {
        sid: "ImportedTables".to_owned(),
        actions: vec!["glue:CreateTable", "glue:DeleteTable", "glue:UpdateTable"],
        resources: resources.into_iter().collect(),
        conditions: Conditions::none(),
    })
}

/// Permissions on imported databases: CloudFormation reads the databases.
fn imported_databases(context: &Context<'_>) -> Option<Derived> {
    let Context { names, account } = context;
    let place = &account.place;
    // Databases of the mesh in other accounts have their environment's prefix, which may differ. A link to them needs
    // no permission of the role that creates it.
    let is_of_mesh = |catalog: &str, name: &str| {
        catalog != place.account
            && names.environments().any(|environment| {
                let begins = environment.resource_prefix.as_str().replace('-', "_");
                environment.account.as_str() == catalog
                    && name.strip_prefix(&begins).is_some_and(|rest| rest.starts_with('_'))
            })
    };
    let mut resources = BTreeSet::new();
    for entry in &account.usage.databases {
        let (catalog, name) = entry.split_once('/').unwrap_or((&place.account, entry));
        if is_of_mesh(catalog, name) {
            continue;
        }
        let glue = place.start_in("glue", catalog);
        resources.insert(format!("{glue}catalog"));
        resources.insert(format!("{glue}database/{name}"));
        resources.insert(format!("{glue}table/{name}/*"));
    }
    if resources.is_empty() {
        return None;
    }
    Some(Derived {
        sid: "ImportedDatabases".to_owned(),
        actions: vec!["glue:GetDatabase", "glue:GetTable"],
        resources: resources.into_iter().collect(),
        conditions: Conditions::none(),
    })
}
