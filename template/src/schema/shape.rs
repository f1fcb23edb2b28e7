//! What a schema determines for one value: whether the order of a list matters, and whether the value is a scalar.

use serde_json::Value as Plain;

use super::Schema;

/// Lists whose order matters although their schemas say `insertionOrder: false`: by type, the end of the pointer.
///
/// - All lists of a table. Sources: "Handle schema updates" in the Athena user guide (CSV and TSV do not allow to reorder
///   columns); `PartitionInput` in the AWS Glue API reference (a partition's values have the order of the keys).
/// - Placement strategies. Source: "Use strategies to define Amazon ECS task placement" in the ECS developer guide (spread
///   across zones, then bin pack within each zone).
const ORDERED: [(&str, &str); 2] =
    [("AWS::Glue::Table", ""), ("AWS::Scheduler::Schedule", "/PlacementStrategy")];

/// The types of JSON Schema that are neither lists nor objects.
const SCALARS: [&str; 4] = ["boolean", "integer", "number", "string"];

impl Schema {
    /// Whether the order of the list at a JSON pointer below `Properties` does not matter: the schema says
    /// `insertionOrder: false`.
    ///
    /// Without that keyword the order matters, also with `uniqueItems`: the stages of a pipeline are unique. Source: the
    /// meta-schema of aws-cloudformation/cloudformation-resource-schema, where `insertionOrder` is true by default.
    pub fn is_unordered(&self, pointer: &str) -> bool {
        let nodes = self.at(pointer);
        let says = |order: bool| nodes.iter().any(|node| node["insertionOrder"] == order);
        let kind = &self.plain["typeName"];
        let is_ordered =
            ORDERED.iter().any(|(name, end)| *kind == *name && pointer.ends_with(*end));
        says(false) && !says(true) && !is_ordered
    }

    /// Whether the value at a JSON pointer below `Properties` is a text, a number or a boolean, and never JSON of any form.
    pub fn is_scalar(&self, pointer: &str) -> bool {
        let mut kinds =
            self.at(pointer).into_iter().flat_map(|node| types(&node["type"])).peekable();
        kinds.peek().is_some() && kinds.all(|kind| SCALARS.contains(&kind))
    }

    /// The schemas of the value at a JSON pointer below `Properties`, with their references and alternatives.
    fn at(&self, pointer: &str) -> Vec<&Plain> {
        let mut nodes = vec![&self.plain];
        for token in pointer.split('/').skip(1) {
            let name = token.replace("~1", "/").replace("~0", "~");
            let inner: Vec<&Plain> =
                nodes.into_iter().flat_map(|node| below(node, &name)).collect();
            nodes = Vec::new();
            for node in inner {
                self.expand(node, &mut nodes);
            }
        }
        nodes
    }

    /// Adds a schema, and all schemas that it refers to or that are its alternatives.
    fn expand<'s>(&'s self, node: &'s Plain, nodes: &mut Vec<&'s Plain>) {
        nodes.push(node);
        let target = node["$ref"].as_str().and_then(|reference| reference.strip_prefix('#'));
        let target = target.and_then(|pointer| self.plain.pointer(pointer));
        let alternatives = ["allOf", "anyOf", "oneOf"].map(|key| node[key].as_array());
        for inner in target.into_iter().chain(alternatives.into_iter().flatten().flatten()) {
            self.expand(inner, nodes);
        }
    }
}

/// The schemas of an object's member or of a list's items.
fn below<'s>(node: &'s Plain, name: &str) -> Vec<&'s Plain> {
    if let Some(property) = node["properties"].get(name) {
        return vec![property];
    }
    let is_index = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_digit());
    let items = node.get("items").filter(|_| is_index);
    let patterns = node["patternProperties"].as_object().into_iter().flatten();
    let patterns = patterns.map(|(_, property)| property);
    items.into_iter().chain(patterns).chain(node.get("additionalProperties")).collect()
}

/// The names in a keyword `type`, which has one name or a list of names.
fn types(kind: &Plain) -> impl Iterator<Item = &str> {
    let several = kind.as_array().into_iter().flatten().filter_map(Plain::as_str);
    kind.as_str().into_iter().chain(several)
}

#[cfg(test)]
mod tests {
    use crate::schema::of;

    /// Source: the pinned schemas; for the exceptions, the sources at `ORDERED`.
    #[test]
    fn the_order_of_a_list_matters_unless_the_schema_says_otherwise() {
        for (kind, pointer, expected) in [
            ("AWS::IAM::Role", "/ManagedPolicyArns", true),
            ("AWS::IAM::Role", "/Policies", true),
            ("AWS::EC2::SecurityGroup", "/SecurityGroupIngress", true),
            // Through `$ref`, and below the items of a list.
            ("AWS::LakeFormation::PrincipalPermissions", "/Permissions", true),
            (
                "AWS::LakeFormation::PrincipalPermissions",
                "/Resource/TableWithColumns/ColumnNames",
                true,
            ),
            (
                "AWS::LakeFormation::PrincipalPermissions",
                "/Resource/LFTagPolicy/Expression/0/TagValues",
                true,
            ),
            ("AWS::CloudWatch::Alarm", "/Metrics/3/MetricStat/Metric/Dimensions", true),
            ("AWS::S3::Bucket", "/LifecycleConfiguration/Rules", false),
            ("AWS::CodePipeline::Pipeline", "/Stages", false),
            ("AWS::Glue::Table", "/TableInput/StorageDescriptor/Columns", false),
            ("AWS::Glue::Table", "/TableInput/PartitionKeys", false),
            ("AWS::Scheduler::Schedule", "/Target/EcsParameters/PlacementStrategy", false),
            ("AWS::Scheduler::Schedule", "/Target/EcsParameters/PlacementConstraints", true),
            ("AWS::S3::Bucket", "/NoSuchProperty", false),
        ] {
            let schema = of(kind).expect(kind);
            assert_eq!(schema.is_unordered(pointer), expected, "{kind}{pointer}");
        }
    }

    /// Source: the pinned schemas.
    #[test]
    fn json_of_any_form_is_no_scalar() {
        for (kind, pointer, expected) in [
            ("AWS::KMS::Key", "/EnableKeyRotation", true),
            ("AWS::KMS::Key", "/PendingWindowInDays", true),
            ("AWS::S3::Bucket", "/Tags/0/Value", true),
            ("AWS::KMS::Key", "/KeyPolicy", false),
            ("AWS::Events::Rule", "/EventPattern", false),
            ("AWS::Events::Rule", "/EventPattern/detail", false),
            ("AWS::S3::Bucket", "/Tags", false),
            ("AWS::S3::Bucket", "/NoSuchProperty", false),
        ] {
            let schema = of(kind).expect(kind);
            assert_eq!(schema.is_scalar(pointer), expected, "{kind}{pointer}");
        }
    }
}
