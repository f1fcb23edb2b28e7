//! Policies that Lakewright may not write: those of imported buckets and of roles that it does not manage.

use lakewright_constructs::role::{principal_is, role_arn, root_arn};
use lakewright_manifest::{Code, Diagnostic, Mesh, Report};
use lakewright_policies::{Conditions, Principal, Statement, TrustPolicy};
use lakewright_template::{Value, write};

use crate::share::{LiveShare, owner_policy, unmanaged_policy};
use crate::{Names, pipeline};

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

/// The handouts of some shares, and what to tell the mesh's author of them.
pub(super) fn of(mesh: &Mesh, shares: &[LiveShare<'_>]) -> (Vec<Handout>, Report) {
    let names = Names::new(mesh);
    let mut handouts = Vec::new();
    let mut report = Report::new();
    for live in shares {
        let id = &live.share.header.id;
        let needs_statements = live.has_bucket() || live.prefixes().next().is_some();
        if let Some(policy) = owner_policy(names, live).filter(|_| needs_statements) {
            let bucket = names.dataset_bucket(live.producer, live.dataset);
            handouts.push(Handout {
                path: format!("assets/bucket-policies/{id}.json"),
                task: format!("add these statements to the policy of bucket {bucket}"),
                json: text(&policy),
            });
            let message = format!("share `{id}` needs statements in the policy of bucket {bucket}");
            let diagnostic = Diagnostic::new(Code::ImportedBucketShare, message)
                .at(live.share.header.origin, "this share")
                .and(live.dataset.header.origin, "the bucket is imported here")
                .help("its owner adds what `synth` writes under `assets/bucket-policies`");
            report.push(diagnostic);
        }
        if let Some((role, policy)) = unmanaged_policy(names, live) {
            handouts.push(Handout {
                path: format!("assets/role-policies/{id}.json"),
                task: format!("attach this policy to {role}"),
                json: text(&policy),
            });
        }
    }
    for pipeline in mesh.pipelines.values() {
        let Some(runs_in) = mesh.environments.get(&pipeline.environment) else { continue };
        for stage in &pipeline.stages {
            let target = mesh.environments.get(&stage.environment);
            let role =
                target.and_then(|target| target.team_named(&stage.team)?.iam_role_arn.as_ref());
            let Some(role) = role else { continue };
            let place = Names::place(runs_in);
            let builder = role_arn(&place, &pipeline::build_role(names, runs_in, pipeline, stage));
            let statement = Statement::allow("PipelineDeploys", ["sts:AssumeRole"], [""; 0])
                .for_principals([Principal::Aws(root_arn(&place, &place.account).into())])
                .when(Conditions::none().with(principal_is(&[builder])));
            let Ok(trust) = TrustPolicy::new(vec![statement]) else { continue };
            handouts.push(Handout {
                path: format!("assets/trust-policies/{}-{}.json", pipeline.header.id, stage.id()),
                task: format!("add this statement to the trust policy of {role}"),
                json: text(&trust.into_value()),
            });
        }
    }
    (handouts, report)
}

fn text(policy: &Value) -> String {
    let compact = write::value_to_compact_json(policy);
    let plain: serde_json::Value =
        serde_json::from_str(&compact).expect("what is written can be read");
    format!("{plain:#}\n")
}
