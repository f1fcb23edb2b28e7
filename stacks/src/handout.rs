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
            causes: BTreeSet::from([cause(origin)]).into(),
            provenance: BTreeMap::new(),
        };
        guardrails::check(&handout.path, place, &lowered).err().unwrap_or_default()
    }
}

pub(crate) fn text(policy: &Value) -> String {
    let compact = write::value_to_compact_json(policy);
    let mut plain: serde_json::Value =
        serde_json::from_str(&compact).expect("what is written can be read");
    plain.sort_all_objects();
    format!("{plain:#}\n")
}

#[cfg(test)]
mod tests {
    use lakewright_manifest::Mesh;
    use lakewright_manifest::diagnostic::FileId;
    use lakewright_policies::{Principal, Statement};
    use lakewright_template::yaml::Span;

    use super::*;
    use crate::testing::{
        DEV, LAB, LOADER, SALES, TENANT, delivery, environment, mesh, pipeline, share,
        with_permissions,
    };
    use crate::{Names, Plan};

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

    /// What is handed out for a mesh: the paths, and the JSON.
    fn handed(mesh: &Mesh) -> Vec<(String, String)> {
        let plan = Plan::of(mesh, None);
        plan.handouts.into_iter().map(|one| (one.path, one.json)).collect()
    }

    const ROLE: &str = "iam_role_arn: \"arn:aws:iam::222222222222:role/Existing\",";

    // "What others must do" in `docs/stacks/share.md`, "Imported roles" in `docs/stacks/pipeline.md`.

    #[test]
    fn nothing_is_handed_out_for_what_the_mesh_makes() {
        let items = "items: [{ bucket: true }, { table: orders }]";
        let text = share("s", "lab", "Scientists", items);
        assert!(handed(&mesh(&[TENANT, DEV, LAB, SALES, &text])).is_empty());
        assert!(handed(&delivery(&[LOADER])).is_empty());
    }

    #[test]
    fn each_owner_is_handed_what_only_they_can_write() {
        let import = "import: { bucket: old-bucket, kms_key_alias: old-key }\n";
        let text = share("s", "lab", "Scientists", "items: [{ bucket: true }]");
        let mesh = mesh(&[TENANT, DEV, LAB, &format!("{SALES}{import}"), &text]);
        let paths: Vec<String> = handed(&mesh).into_iter().map(|(path, _)| path).collect();
        assert_eq!(paths, ["assets/bucket-policies/s.json", "assets/key-policies/s.json"]);
    }

    #[test]
    fn an_imported_role_lets_in_the_build_of_its_stage_alone() {
        let on = "features: { pipelines: true }\n";
        let dev = with_permissions(DEV, "create_pipeline") + on;
        let dev = dev.replace("team: Readers,", &format!("team: Readers, {ROLE}"));
        let lab = with_permissions(LAB, "create_pipeline") + on;
        let mesh = mesh(&[TENANT, &dev, &lab, LOADER]);
        let all = handed(&mesh).into_iter();
        let trusts: Vec<(String, String)> =
            all.filter(|(path, _)| path.starts_with("assets/trust-policies/")).collect();
        let [(path, json)] = trusts.as_slice() else { unreachable!("one policy: {trusts:?}") };
        assert_eq!(path, "assets/trust-policies/loader-test.json");
        let loader = pipeline(&mesh, "loader");
        let (names, dev) = (Names::new(&mesh), environment(&mesh, "dev"));
        let build = crate::pipeline::build_role(names, dev, loader, &loader.stages[0]);
        let expected = serde_json::json!({
            "Version": "2012-10-17",
            "Statement": [{
                "Sid": "PipelineDeploys",
                "Effect": "Allow",
                "Action": "sts:AssumeRole",
                "Principal": { "AWS": "arn:aws:iam::222222222222:root" },
                "Condition": {
                    "ArnEquals": {
                        "aws:PrincipalArn": format!("arn:aws:iam::222222222222:role/{build}"),
                    },
                },
            }],
        });
        let found: serde_json::Value = serde_json::from_str(json).expect("JSON");
        assert_eq!(found, expected);
    }
}
