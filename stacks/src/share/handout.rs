//! The policies that owners of imported buckets, keys and roles add for a share.

use lakewright_manifest::{Code, Diagnostic, Report};
use lakewright_policies::{Principal, ResourcePolicy, Statement};

use super::LiveShare;
use super::access::{key_statements, owner_policy, unmanaged_policy};
use crate::Names;
use crate::handout::{Carrier, Handout, text};

/// The files for a share, and the findings about them for its author.
pub(crate) fn handouts(names: Names<'_>, live: &LiveShare<'_>) -> (Vec<Handout>, Report) {
    let (mut handouts, mut report) = (Vec::new(), Report::new());
    if live.has_bucket() || live.folders().next().is_some() {
        bucket(names, live, &mut handouts, &mut report);
        key(names, live, &mut handouts, &mut report);
    }
    role(names, live, &mut handouts, &mut report);
    (handouts, report)
}

/// The statements for the policy of an imported bucket, for a consumer in another account.
fn bucket(
    names: Names<'_>,
    live: &LiveShare<'_>,
    handouts: &mut Vec<Handout>,
    report: &mut Report,
) {
    let Some(policy) = owner_policy(names, live) else { return };
    let id = &live.share.header.id;
    let bucket = names.dataset_bucket(live.producer, live.dataset);
    let handout = Handout {
        path: format!("assets/bucket-policies/{id}.json"),
        task: format!("add these statements to the policy of bucket {bucket}"),
        json: text(&policy),
    };
    let carrier = Carrier { kind: "AWS::S3::BucketPolicy", property: "PolicyDocument", role: "" };
    let place = Names::place(live.producer);
    report.extend(carrier.check(&handout, policy, &place, live.share.header.origin));
    handouts.push(handout);
    let message = format!("{} needs statements in the policy of bucket {bucket}", live.called());
    let diagnostic = Diagnostic::new(Code::ImportedBucketShare, message)
        .at(live.share.header.origin, live.here())
        .and(live.dataset.header.origin, "the bucket is imported here")
        .help("its owner adds what `synth` writes under `assets/bucket-policies`");
    report.push(diagnostic);
}

/// The statements for the policy of an imported bucket's key, for a consumer in another account.
fn key(names: Names<'_>, live: &LiveShare<'_>, handouts: &mut Vec<Handout>, report: &mut Report) {
    let Some((alias, statements)) = key_statements(names, live) else { return };
    let id = &live.share.header.id;
    let place = Names::place(live.producer);
    // A statement that the key policy is assumed to have already: its account keeps administering
    // it.
    let own = Statement::allow("AccountAdministers", ["kms:PutKeyPolicy"], ["*"])
        .for_principals([Principal::Aws(place.root_arn(&place.account).into())]);
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
    let message = format!("{} needs statements in the policy of key alias/{alias}", live.called());
    let diagnostic = Diagnostic::new(Code::ImportedBucketShare, message)
        .at(origin, live.here())
        .and(live.dataset.header.origin, "the key is imported here")
        .help("its owner adds what `synth` writes under `assets/key-policies`");
    report.push(diagnostic);
}

/// The policy for a consumer's role that Lakewright does not manage.
fn role(names: Names<'_>, live: &LiveShare<'_>, handouts: &mut Vec<Handout>, report: &mut Report) {
    let Some((role, policy)) = unmanaged_policy(names, live) else { return };
    let handout = Handout {
        path: format!("assets/role-policies/{}.json", live.share.header.id),
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
