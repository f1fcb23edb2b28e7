//! Policies that Lakewright does not manage: those of imported buckets and keys, and of imported roles.

use std::collections::{BTreeMap, BTreeSet};

use lakewright_manifest::Report;
use lakewright_manifest::diagnostic::Origin;
use lakewright_synth::Lowered;
use lakewright_template::place::Place;
use lakewright_template::{LogicalId, Map, ResourceEntry, Template, Value, write};

use crate::diagnose::cause;
use crate::guardrails;

/// A policy for its owner to add.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Handout {
    /// The file's path below the assembly's folder.
    pub path: String,
    /// What the owner must do with it.
    pub task: String,
    /// The policy, as JSON.
    pub json: String,
}

/// The resource type and property that contain a handed-out policy once its owner has added it.
pub(crate) struct Carrier<'a> {
    pub(crate) kind: &'static str,
    pub(crate) property: &'static str,
    /// The name of the policy's role; empty for a bucket.
    pub(crate) role: &'a str,
}

impl Carrier<'_> {
    /// Checks the policy with the guardrails, like those of templates.
    pub(crate) fn check(
        &self,
        handout: &Handout,
        policy: Value,
        place: &Place,
        origin: Origin,
    ) -> Report {
        let properties =
            Map::new().with(self.property, policy).with("RoleName", self.role.to_owned());
        let resource =
            ResourceEntry { kind: self.kind.into(), properties, ..ResourceEntry::default() };
        let mut template = Template::default();
        template.resources.insert(LogicalId::parameter("Handout"), resource);
        let lowered = Lowered {
            template,
            records: Vec::new(),
            causes: BTreeSet::from([cause(origin)]),
            provenance: BTreeMap::new(),
        };
        guardrails::check(&handout.path, place, &lowered).err().unwrap_or_default()
    }
}

pub(crate) fn text(policy: &Value) -> String {
    let compact = write::value_to_compact_json(policy);
    let plain: serde_json::Value =
        serde_json::from_str(&compact).expect("what is written can be read");
    format!("{plain:#}\n")
}

#[cfg(test)]
mod tests {
    use lakewright_manifest::diagnostic::FileId;
    use lakewright_policies::{Principal, Statement};
    use lakewright_template::yaml::Span;

    use super::*;

    #[test]
    fn what_is_handed_out_is_looked_at_like_a_template() {
        let policy = |resource: &str| {
            let statement = Statement::allow("Read", ["s3:GetObject"], [resource.to_owned()]);
            let statement = statement.for_principals([Principal::Aws(
                "arn:aws:iam::444455556666:role/reader".to_owned().into(),
            )]);
            Map::new().with("Statement", vec![statement.into_value()]).with("Version", "2012-10-17")
        };
        let found = |resource: &str| {
            let handout = Handout {
                path: "assets/x.json".to_owned(),
                task: String::new(),
                json: String::new(),
            };
            let carrier =
                Carrier { kind: "AWS::S3::BucketPolicy", property: "PolicyDocument", role: "" };
            let place = Place::parse("111122223333", "eu-west-1").expect("a place");
            let span = Span { start: 0, end: 1, line: 1, column: 1 };
            let origin = Origin { file: FileId(0), span };
            carrier.check(&handout, policy(resource).into(), &place, origin)
        };
        assert!(!found("arn:aws:s3:::bucket/*").has_errors());
        assert!(found("arn:aws:s3:::bucket").has_errors(), "a bucket has no objects' actions");
    }
}
