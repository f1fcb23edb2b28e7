//! Databases and tables that are only links to others, and views.

use lakewright_template::read;

/// The types that can be links or views, with the property that says so and the one around it.
const LINKS: [(&str, &str, &str); 3] = [
    ("AWS::Glue::Database", "DatabaseInput", "TargetDatabase"),
    ("AWS::Glue::Table", "TableInput", "TargetTable"),
    ("AWS::Glue::Table", "TableInput", "ViewDefinition"),
];

/// Whether resources of a type can be links or views.
pub(crate) fn can_be_link(kind: &str) -> bool {
    LINKS.iter().any(|(link, _, _)| *link == kind)
}

/// Whether a resource of a template is a link to a database or a table, or a view. The data is that of the database and the
/// tables that it names. A template that cannot be read has neither, and a property that is known only at the deployment makes
/// none.
///
/// Sources: "Resource link handling in AWS Glue APIs" in the Lake Formation developer guide; `ViewDefinition` of `TableInput` in
/// the Glue API reference.
pub(crate) fn is_link(template: &str, logical_id: &str) -> bool {
    let Ok(template) = read::template(template) else { return false };
    let mut resources = template.resources.iter();
    let found = resources.find(|(id, _)| id.as_str() == logical_id);
    found.is_some_and(|(_, resource)| {
        LINKS.iter().any(|(kind, input, target)| {
            let input = resource.properties.get(input).and_then(|input| input.as_map());
            resource.kind == **kind && input.is_some_and(|input| input.get(target).is_some())
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_has_a_target() {
        let template = r#"{"Resources": {
            "L": {"Type": "AWS::Glue::Table", "Properties": {"TableInput": {"Name": "l", "TargetTable": {"Name": "t"}}}},
            "T": {"Type": "AWS::Glue::Table", "Properties": {"TableInput": {"Name": "t"}}},
            "V": {"Type": "AWS::Glue::Table", "Properties": {"TableInput": {"Name": "v", "ViewDefinition": {"IsProtected": true}}}},
            "D": {"Type": "AWS::Glue::Database", "Properties": {"DatabaseInput": {"TargetDatabase": {"DatabaseName": "d"}}}},
            "B": {"Type": "AWS::S3::Bucket", "Properties": {"TableInput": {"TargetTable": {"Name": "t"}}}}}}"#;
        let links: Vec<bool> =
            ["L", "T", "V", "D", "B", "X"].map(|id| is_link(template, id)).to_vec();
        assert_eq!(links, [true, false, true, true, false, false]);
        assert!(!is_link("no template", "L"));
        assert!(can_be_link("AWS::Glue::Table") && !can_be_link("AWS::S3::Bucket"));
    }
}
