//! Names in use by retained resources of an earlier stack: how each can be imported into a stack, or freed.
//!
//! CloudFormation automatically imports resources that have a static name in the template and an importable type ("Import
//! AWS resources into a CloudFormation stack automatically" in its user guide). A Glue database is not importable, because
//! its name is inside `DatabaseInput` (cloudformation-coverage-roadmap, issues 551 and 2045). Neither is a CodeCommit
//! repository, which is identified by an id from AWS (issue 1002), nor a KMS key, which has such an id and no name (issue
//! 2376).

use lakewright_template::read::ReadError;
use lakewright_template::{Template, Value, read};

use lakewright_fleet::event::Rejection;
use lakewright_fleet::machine::Outcome;

/// The resource type of databases.
pub const DATABASE: &str = "AWS::Glue::Database";
/// The resource type of repositories.
pub const REPOSITORY: &str = "AWS::CodeCommit::Repository";

/// The types whose names are looked for before a change set that creates such a resource is executed.
pub(crate) const LOOKED_FOR: [&str; 4] =
    ["AWS::S3::Bucket", "AWS::IAM::Role", "AWS::KMS::Alias", DATABASE];

/// What a refusal says if CloudFormation may import the resources whose names are in use.
const IMPORTABLE: &str = "; resources that stayed of an earlier stack keep their names, and `--import-existing` imports them";

/// Whether a stack was refused because names are in use by resources that CloudFormation may import.
pub fn is_importable(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Refused(reason) if reason.contains(IMPORTABLE))
}

/// How the account's owner frees a name that cannot be imported; `None` for types that CloudFormation can import.
///
/// Source: `delete-database`, `update-repository-name`, `delete-domain` (whose `--retention-policy` is `Retain` by default) and
/// `delete-alias` in the AWS CLI reference.
pub fn freeing(kind: &str, name: &str, region: &str) -> Option<String> {
    match kind {
        DATABASE => Some(format!(
            "`aws glue delete-database --region {region} --name {name}` takes it and its tables out of the catalog, and no object \
             out of S3"
        )),
        REPOSITORY => Some(format!(
            "`aws codecommit update-repository-name --region {region} --old-name {name} --new-name {name}-before` keeps what is in \
             it under another name"
        )),
        "AWS::SageMaker::Domain" => Some(format!(
            "`aws sagemaker delete-domain --region {region} --domain-id ID`, with the id that `aws sagemaker list-domains --region \
             {region}` tells for {name}, deletes the domain and keeps the file system with its home folders"
        )),
        "AWS::KMS::Alias" => Some(format!(
            "`aws kms delete-alias --region {region} --alias-name {name}` takes the name off the key, which stays"
        )),
        _ => None,
    }
}

/// The advice for a change set that fails because names are in use; empty for other failures.
pub(crate) fn help(
    template: &str,
    region: &str,
    rejections: &[Rejection],
    imports_existing: bool,
) -> String {
    let is_taken = |one: &&Rejection| one.reason.to_lowercase().contains("already exist");
    let taken: Vec<&Rejection> = rejections.iter().filter(is_taken).collect();
    let template = read::template(template).ok();
    // No public list says whether an alias can be imported, so the import is advised first.
    let is_tried = |one: &Rejection| one.kind == "AWS::KMS::Alias" && !imports_existing;
    let freed = taken.iter().filter(|one| !is_tried(one)).filter_map(|one| {
        let name = template.as_ref().and_then(|template| name_of(template, &one.logical_id));
        freeing(&one.kind, name.unwrap_or("NAME"), region)
    });
    let freed: Vec<String> = freed.collect();
    let mut said = String::new();
    if freed.len() < taken.len() {
        said.push_str(if imports_existing {
            "; resources that could not be imported may belong to another stack, which CloudFormation's console shows"
        } else {
            IMPORTABLE
        });
    }
    if !freed.is_empty() {
        said.push_str("; CloudFormation cannot import these: ");
        said.push_str(&freed.join("; "));
    }
    said
}

/// The databases and repositories of a template that cannot be imported, by type and name. Resource links are left
/// out: they are deleted with their stacks.
pub fn names(template: &str) -> Result<Vec<(&'static str, String)>, ReadError> {
    let is_about = |kind: &str| template.contains(&format!("\"{kind}\""));
    if !is_about(DATABASE) && !is_about(REPOSITORY) {
        return Ok(Vec::new());
    }
    let template = read::template(template)?;
    let made = template.resources.iter().filter_map(|(id, resource)| {
        let kind = [DATABASE, REPOSITORY].into_iter().find(|kind| resource.kind == *kind)?;
        let input = resource.properties.get("DatabaseInput").and_then(Value::as_map);
        let is_link = input.is_some_and(|input| input.get("TargetDatabase").is_some());
        let name = name_of(&template, id.as_str()).filter(|_| !is_link)?;
        Some((kind, name.to_owned()))
    });
    Ok(made.collect())
}

/// The name that a template gives to a resource that it creates; `None` for a resource link, which is deleted with its stack.
pub(crate) fn own_name<'t>(template: &'t Template, logical_id: &str) -> Option<&'t str> {
    let (_, resource) = template.resources.iter().find(|(id, _)| id.as_str() == logical_id)?;
    let input = resource.properties.get("DatabaseInput").and_then(Value::as_map);
    let is_link = input.is_some_and(|input| input.get("TargetDatabase").is_some());
    name_of(template, logical_id).filter(|_| !is_link)
}

/// The name that a template gives to a resource of one of these types.
fn name_of<'t>(template: &'t Template, logical_id: &str) -> Option<&'t str> {
    let (_, resource) = template.resources.iter().find(|(id, _)| id.as_str() == logical_id)?;
    let database = resource.properties.get("DatabaseInput").and_then(Value::as_map);
    let name = database.and_then(|database| database.get("Name"));
    let named = ["RepositoryName", "AliasName", "DomainName", "BucketName", "RoleName"];
    let name = name.or_else(|| named.iter().find_map(|key| resource.properties.get(key)));
    name.and_then(Value::as_text)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEMPLATE: &str = r#"{"Resources": {
        "D": {"Type": "AWS::Glue::Database", "Properties": {"CatalogId": "1", "DatabaseInput": {"Name": "sales"}}},
        "A": {"Type": "AWS::KMS::Alias", "Properties": {"AliasName": "alias/sales", "TargetKeyId": "k"}},
        "B": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "b"}}}}"#;

    #[test]
    fn what_nothing_takes_in_is_found_in_a_template() {
        assert_eq!(names(TEMPLATE), Ok(vec![(DATABASE, "sales".to_owned())]));
        let link =
            TEMPLATE.replace(r#"{"Name": "sales"}"#, r#"{"Name": "l", "TargetDatabase": {}}"#);
        assert_eq!(names(&link), Ok(Vec::new()));
        assert!(names(&TEMPLATE.replace(r#"{"Resources""#, r#"{{"Resources""#)).is_err());
    }

    #[test]
    fn each_type_has_its_name_in_its_own_property() {
        let template = read::template(TEMPLATE).expect("a template");
        let names = ["D", "A", "B"].map(|id| own_name(&template, id));
        assert_eq!(names, [Some("sales"), Some("alias/sales"), Some("b")]);
        let role =
            r#"{"Resources": {"R": {"Type": "AWS::IAM::Role", "Properties": {"RoleName": "r"}}}}"#;
        assert_eq!(own_name(&read::template(role).expect("a template"), "R"), Some("r"));
    }

    fn rejection(logical_id: &str, kind: &str) -> Rejection {
        let reason = format!("Resource of type '{kind}' with identifier 'x' already exists.");
        Rejection {
            logical_id: logical_id.to_owned(),
            kind: kind.to_owned(),
            reason,
            ..Rejection::default()
        }
    }

    #[test]
    fn importing_is_advised_where_it_helps_alone() {
        let both = [rejection("B", "AWS::S3::Bucket"), rejection("D", "AWS::Glue::Database")];
        let said = help(TEMPLATE, "eu-west-1", &both, false);
        assert!(said.contains("`--import-existing`"), "{said}");
        assert!(is_importable(&Outcome::Refused(format!("2 resources did not pass{said}"))));
        assert!(said.contains("--region eu-west-1 --name sales`"), "{said}");
        let said = help(TEMPLATE, "eu-west-1", &both[1..], true);
        assert!(!said.contains("import-existing") && said.contains("--name sales`"), "{said}");
        assert!(!is_importable(&Outcome::Refused(said)) && !is_importable(&Outcome::RolledBack));
        let said = help(TEMPLATE, "eu-west-1", &both[..1], true);
        assert!(said.contains("another stack") && !said.contains("glue"), "{said}");
        let alias = [rejection("A", "AWS::KMS::Alias")];
        let said = help(TEMPLATE, "eu-west-1", &alias, false);
        assert!(said.contains("`--import-existing`") && !said.contains("kms"), "{said}");
        let said = help(TEMPLATE, "eu-west-1", &alias, true);
        assert!(
            said.contains("delete-alias --region eu-west-1 --alias-name alias/sales`"),
            "{said}"
        );
        assert_eq!(help(TEMPLATE, "eu-west-1", &[], false), "");
    }
}
