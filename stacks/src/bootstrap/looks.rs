//! What the deploy role looks at and sets beside CloudFormation: what templates cannot say, or say without effect.

use lakewright_manifest::mesh::Features;

use super::Context;

/// Reading and closing the defaults of Lake Formation, which knows no resources in IAM. Being an administrator of it,
/// the role could give permissions as well: it has no action for that.
const LAKE_FORMATION: [&str; 6] = [
    "lakeformation:CreateLakeFormationOptIn",
    "lakeformation:GetDataLakeSettings",
    "lakeformation:ListLakeFormationOptIns",
    "lakeformation:ListPermissions",
    "lakeformation:PutDataLakeSettings",
    "lakeformation:RevokePermissions",
];

/// Statements about one account: the name, the actions and the resources of each.
pub(super) fn of(
    context: &Context<'_>,
) -> Vec<(&'static str, &'static [&'static str], Vec<String>)> {
    let account = context.account;
    let has = |feature: fn(&Features) -> bool| account.features.iter().any(feature);
    let any = || vec!["*".to_owned()];
    // Policies name roles of others: a misspelt or deleted one would hold a stack up, and a dead administrator every
    // change of the settings.
    let roles = account.place.role_arn("*");
    let mut looks: Vec<(&'static str, &'static [&'static str], Vec<String>)> =
        vec![("LookForRoles", &["iam:GetRole"], vec![roles])];
    // Asked by the change set, the events are the change set's.
    let change_sets = vec![account.place.arn("cloudformation", "changeSet/lakewright-*/*")];
    looks.push(("ChangeSetEvents", &["cloudformation:DescribeEvents"], change_sets));
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
