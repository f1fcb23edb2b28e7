//! Policies that Lakewright may not write: those of imported buckets and keys, and of roles that it does not manage.

mod team_role;

use std::collections::{BTreeMap, BTreeSet};

use lakewright_constructs::role::{principal_is, role_arn, root_arn};
use lakewright_manifest::diagnostic::Origin;
use lakewright_manifest::mesh::{Environment, EnvironmentTeam};
use lakewright_manifest::{Code, Diagnostic, Mesh, Report, RoleArn};
use lakewright_policies::{Conditions, Principal, ResourcePolicy, Statement, TrustPolicy};
use lakewright_synth::Lowered;
use lakewright_template::place::Place;
use lakewright_template::{LogicalId, Map, ResourceEntry, Template, Value, write};

use crate::diagnose::cause;
use crate::share::{LiveShare, key_statements, owner_policy, unmanaged_policy};
use crate::team::Belongings;
use crate::{Names, guardrails, pipeline};

/// A policy for somebody else to add.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Handout {
    /// The file's path below the assembly's folder.
    pub path: String,
    /// What is to be done with it.
    pub task: String,
    /// The policy, as JSON.
    pub json: String,
}

/// A team whose role is imported, with what it has in its environment.
pub(super) type ImportedTeam<'m> = (&'m Environment, &'m EnvironmentTeam, Belongings<'m>);

/// The handouts of a mesh, and what to tell its author of them.
pub(super) fn of(
    mesh: &Mesh,
    shares: &[LiveShare<'_>],
    imported: &[ImportedTeam<'_>],
) -> (Vec<Handout>, Report) {
    let names = Names::new(mesh);
    let mut handouts = Vec::new();
    let mut report = Report::new();
    for live in shares {
        let id = &live.share.header.id;
        let needs_statements = live.has_bucket() || live.folders().next().is_some();
        if let Some(policy) = owner_policy(names, live).filter(|_| needs_statements) {
            let bucket = names.dataset_bucket(live.producer, live.dataset);
            let handout = Handout {
                path: format!("assets/bucket-policies/{id}.json"),
                task: format!("add these statements to the policy of bucket {bucket}"),
                json: text(&policy),
            };
            let carrier =
                Carrier { kind: "AWS::S3::BucketPolicy", property: "PolicyDocument", role: "" };
            let place = Names::place(live.producer);
            report.extend(carrier.check(&handout, policy, &place, live.share.header.origin));
            handouts.push(handout);
            let message = format!("share `{id}` needs statements in the policy of bucket {bucket}");
            let diagnostic = Diagnostic::new(Code::ImportedBucketShare, message)
                .at(live.share.header.origin, "this share")
                .and(live.dataset.header.origin, "the bucket is imported here")
                .help("its owner adds what `synth` writes under `assets/bucket-policies`");
            report.push(diagnostic);
        }
        if needs_statements {
            key(names, live, &mut handouts, &mut report);
        }
        if let Some((role, policy)) = unmanaged_policy(names, live) {
            let handout = Handout {
                path: format!("assets/role-policies/{id}.json"),
                task: format!("attach this policy to {role}"),
                json: text(&policy),
            };
            let carrier = Carrier {
                kind: "AWS::IAM::RolePolicy",
                property: "PolicyDocument",
                role: role.rsplit('/').next().unwrap_or_default(),
            };
            let place = Names::place(live.consumer);
            report.extend(carrier.check(&handout, policy, &place, live.share.header.origin));
            handouts.push(handout);
        }
    }
    for (environment, team, belongings) in imported {
        match team_role::handouts(mesh, environment, team, belongings) {
            Ok(policies) => {
                for (handout, policy) in policies {
                    let role = team.iam_role_arn.as_ref().map(RoleArn::role_name);
                    let carrier = Carrier {
                        kind: "AWS::IAM::RolePolicy",
                        property: "PolicyDocument",
                        role: role.unwrap_or_default(),
                    };
                    let place = Names::place(environment);
                    report.extend(carrier.check(&handout, policy, &place, team.origin));
                    handouts.push(handout);
                }
            }
            Err(errors) => report.extend(errors),
        }
    }
    trusts(mesh, &mut handouts, &mut report);
    (handouts, report)
}

/// What the owner of an imported bucket's key adds to its policy, for a consumer in another account.
fn key(names: Names<'_>, live: &LiveShare<'_>, handouts: &mut Vec<Handout>, report: &mut Report) {
    let Some((alias, statements)) = key_statements(names, live) else { return };
    let id = &live.share.header.id;
    let place = Names::place(live.producer);
    // What the key's own policy says already: whoever administers it goes on to.
    let own = Statement::allow("AccountAdministers", ["kms:PutKeyPolicy"], ["*"])
        .for_principals([Principal::Aws(root_arn(&place, &place.account).into())]);
    let whole = statements.iter().cloned().chain([own]).collect();
    let policy = ResourcePolicy::new(statements).expect("grants give whole statements");
    let whole = ResourcePolicy::new(whole).expect("grants give whole statements");
    let handout = Handout {
        path: format!("assets/key-policies/{id}.json"),
        task: format!("add these statements to the policy of key alias/{alias}"),
        json: text(&policy.into_value()),
    };
    let carrier = Carrier { kind: "AWS::KMS::Key", property: "KeyPolicy", role: "" };
    let origin = live.share.header.origin;
    report.extend(carrier.check(&handout, whole.into_value(), &place, origin));
    handouts.push(handout);
    let message = format!("share `{id}` needs statements in the policy of key alias/{alias}");
    let diagnostic = Diagnostic::new(Code::ImportedBucketShare, message)
        .at(origin, "this share")
        .and(live.dataset.header.origin, "the key is imported here")
        .help("its owner adds what `synth` writes under `assets/key-policies`");
    report.push(diagnostic);
}

/// What the owners of imported roles add to their trust policies, so that pipelines deploy as them.
fn trusts(mesh: &Mesh, handouts: &mut Vec<Handout>, report: &mut Report) {
    let names = Names::new(mesh);
    for pipeline in mesh.pipelines.values() {
        let Some(runs_in) = mesh.environments.get(&pipeline.environment) else { continue };
        for stage in &pipeline.stages {
            let Some(target) = mesh.environments.get(&stage.environment) else { continue };
            let member = target.team_named(&stage.team);
            let Some(role) = member.and_then(|member| member.iam_role_arn.as_ref()) else {
                continue;
            };
            let place = Names::place(runs_in);
            let builder = role_arn(&place, &pipeline::build_role(names, runs_in, pipeline, stage));
            let statement = Statement::allow("PipelineDeploys", ["sts:AssumeRole"], [""; 0])
                .for_principals([Principal::Aws(root_arn(&place, &place.account).into())])
                .when(Conditions::none().with(principal_is(&[builder])));
            let trust = TrustPolicy::new(vec![statement]).expect("a whole statement").into_value();
            let handout = Handout {
                path: format!("assets/trust-policies/{}-{}.json", pipeline.header.id, stage.id()),
                task: format!("add this statement to the trust policy of {role}"),
                json: text(&trust),
            };
            let carrier = Carrier {
                kind: "AWS::IAM::Role",
                property: "AssumeRolePolicyDocument",
                role: role.role_name(),
            };
            let origin = pipeline.header.origin;
            report.extend(carrier.check(&handout, trust, &Names::place(target), origin));
            handouts.push(handout);
        }
    }
}

/// What a policy that is handed out stands in, once its owner has added it.
struct Carrier<'a> {
    kind: &'static str,
    property: &'static str,
    /// The name of the role that it is for; empty for a bucket.
    role: &'a str,
}

impl Carrier<'_> {
    /// Looks at the policy as guardrails look at those of templates.
    fn check(&self, handout: &Handout, policy: Value, place: &Place, origin: Origin) -> Report {
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

fn text(policy: &Value) -> String {
    let compact = write::value_to_compact_json(policy);
    let plain: serde_json::Value =
        serde_json::from_str(&compact).expect("what is written can be read");
    format!("{plain:#}\n")
}

#[cfg(test)]
mod tests {
    use lakewright_manifest::diagnostic::FileId;
    use lakewright_template::yaml::Span;

    use super::*;
    use crate::Plan;
    use crate::testing::{
        DEV, LAB, LOADER, SALES, TENANT, delivery, environment, mesh, pipeline, share,
        with_permissions,
    };

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
        let build = pipeline::build_role(names, dev, loader, &loader.stages[0]);
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
