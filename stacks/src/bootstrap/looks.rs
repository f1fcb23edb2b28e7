//! Actions that the deploy role needs besides CloudFormation: to read and set what templates cannot state, or state
//! without effect.

use std::collections::BTreeSet;

use lakewright_manifest::mesh::Features;

use super::{Account, Context};
use crate::names::policy_arn;

/// Actions to read and close Lake Formation's defaults; IAM has no resource types for them. As a data lake
/// administrator the role could also grant permissions, but it does not have that action.
const LAKE_FORMATION: [&str; 6] = [
    "lakeformation:CreateLakeFormationOptIn",
    "lakeformation:GetDataLakeSettings",
    "lakeformation:ListLakeFormationOptIns",
    "lakeformation:ListPermissions",
    "lakeformation:PutDataLakeSettings",
    "lakeformation:RevokePermissions",
];

/// Actions to read who may use a key: its policy and its grants.
pub(super) const KEYS: [&str; 2] = ["kms:GetKeyPolicy", "kms:ListGrants"];

/// The action to read the state of alarms. CloudWatch shows metric alarms to whoever may look at them by name, and composite
/// alarms only to whoever may look at all ("DescribeAlarms" in the CloudWatch API reference).
pub(super) const ALARMS: [&str; 1] = ["cloudwatch:DescribeAlarms"];

/// The alarms that the environments of an account name.
pub(super) fn alarms(account: &Account<'_>) -> Vec<String> {
    let named = account.environments.iter().flat_map(|environment| environment.alarms.all());
    let named: BTreeSet<String> = named.map(ToString::to_string).collect();
    named.into_iter().collect()
}

/// The statements for one account: `Sid`, actions and resources.
pub(super) fn of(
    context: &Context<'_>,
) -> Vec<(&'static str, &'static [&'static str], Vec<String>)> {
    let account = context.account;
    let has = |feature: fn(&Features) -> bool| account.features.iter().any(feature);
    let any = || vec!["*".to_owned()];
    // Policies name roles of other owners: a misspelt or deleted role would fail a stack, and a deleted administrator
    // would fail every change of the settings.
    let roles = account.place.role_arn("*");
    let mut looks: Vec<(&'static str, &'static [&'static str], Vec<String>)> =
        vec![("LookForRoles", &["iam:GetRole"], vec![roles])];
    // The resource of a change set's events is the change set.
    let change_sets = vec![account.place.arn("cloudformation", "changeSet/lakewright-*/*")];
    looks.push(("ChangeSetEvents", &["cloudformation:DescribeEvents"], change_sets));
    // How many resources may be in operation at once, and what hooks say of a change. IAM has no resource types for these.
    let limits = &["cloudformation:DescribeAccountLimits", "cloudformation:GetHookResult"];
    looks.push(("StackLimits", limits, any()));
    let alarms = alarms(account);
    if !alarms.is_empty() {
        looks.push(("LookAtAlarms", &ALARMS, alarms));
    }
    if account.looks_for_drift {
        looks.extend(of_drift(context));
    }
    if has(|features| features.datasets) {
        looks.push(("LakeFormation", &LAKE_FORMATION, any()));
        let glue = ["catalog", "database/*", "table/*"].map(|part| account.place.arn("glue", part));
        // Less than `CATALOG_READ`: it is only looked what is there, and no partition is.
        let read = &["glue:GetDatabase", "glue:GetTable", "glue:GetTables"];
        looks.push(("LookAtCatalog", read, glue.to_vec()));
    }
    if has(|features| features.ml_studio) {
        looks.push(("LookAtApps", &["sagemaker:ListApps", "sagemaker:ListSpaces"], any()));
        let files = vec![account.place.arn("elasticfilesystem", "file-system/*")];
        looks.push(("LookAtFiles", &["elasticfilesystem:DescribeFileSystems"], files));
    }
    if context.names.central_place() == account.place {
        let topic = lakewright_constructs::messaging::topic_arn(
            &account.place,
            &context.names.platform("alarms"),
        );
        looks.push(("LookAtMails", &["sns:GetTopicAttributes"], vec![topic]));
    }
    looks
}

/// The statements for `drift`: CloudFormation's own detection, and what it does not see. Each only reads.
fn of_drift(context: &Context<'_>) -> Vec<(&'static str, &'static [&'static str], Vec<String>)> {
    let Account { place, prefix, .. } = context.account;
    let stacks = vec![place.arn("cloudformation", &format!("stack/{prefix}-*/*"))];
    let detection: &'static [&'static str] = &[
        "cloudformation:DescribeStackResourceDrifts",
        "cloudformation:DetectStackDrift",
        "cloudformation:DetectStackResourceDrift",
    ];
    // The result of a detection has no resource type.
    let results: &'static [&'static str] = &["cloudformation:DescribeStackDriftDetectionStatus"];
    let managed = context.account.managed_roles.iter().map(|role| role.role_arn.to_string());
    let roles: Vec<String> =
        std::iter::once(place.role_arn(&format!("{prefix}-*"))).chain(managed).collect();
    let of_roles: &'static [&'static str] =
        &["iam:GetRolePolicy", "iam:ListAttachedRolePolicies", "iam:ListRolePolicies"];
    // Whatever somebody attached: a policy of the account or one of AWS's.
    let policies = vec![policy_arn(place, "*"), place.global_arn_in("iam", "aws", "policy/*")];
    let buckets = vec![place.partition_arn("s3", &format!("{prefix}-*"))];
    vec![
        ("DetectDrift", detection, stacks),
        ("DriftDetections", results, vec!["*".to_owned()]),
        ("LookAtRoles", of_roles, roles),
        ("LookAtPolicies", &["iam:GetPolicy", "iam:GetPolicyVersion"], policies),
        ("LookAtBuckets", &["s3:GetBucketPolicy", "s3:GetBucketPublicAccessBlock"], buckets),
    ]
}
