use lakewright_policies::Conditions;
use lakewright_template::write::value_to_compact_json;
use lakewright_template::{AccountId, Place};

use super::*;
use crate::{Grant, Grantee, Grants, Problem, StackSpec, SynthError, Target};

const HERE: &str = "111122223333";

fn stack() -> Stack {
    let place = Place::parse(HERE, "eu-west-1").expect("a place");
    Stack::new(StackSpec::new("test", place, ""))
}

/// The policies that are part of the stack: the bucket's, the role's, or both.
struct Sides {
    bucket: bool,
    role: bool,
}

/// The policies of a stack in which a role of `account` receives one grant on a bucket of `HERE`.
fn policies(account: &str, sides: &Sides) -> Result<Vec<(String, String)>, Vec<SynthError>> {
    policies_on("arn:aws:s3:::data/*", account, sides)
}

/// The same for a grant on the given objects.
fn policies_on(
    objects: &str,
    account: &str,
    sides: &Sides,
) -> Result<Vec<(String, String)>, Vec<SynthError>> {
    let mut stack = stack();
    let mut root = stack.root(Cause::default());
    let bucket = PolicyOwner::Bucket {
        bucket: "data".into(),
        name: "dataset/x".to_owned(),
        access_points: None,
    };
    let bucket = sides.bucket.then(|| root.child("Bucket").policy(bucket, Vec::new()));
    let role = PolicyOwner::RoleInline { role: "reader".into(), name: "p".to_owned() };
    let role = sides.role.then(|| root.child("Role").policy(role, Vec::new()));
    let arn = format!("arn:aws:iam::{account}:role/reader");
    root.grant(Grants(vec![Grant {
        sid: "Read".to_owned(),
        grantee: Grantee {
            name: "reader".to_owned(),
            arn: arn.clone().into(),
            known_arn: arn,
            account: AccountId::parse(account).expect("an account"),
            identity: role,
            tag: None,
        },
        access: "read",
        target: Target {
            name: "dataset/x".to_owned(),
            account: AccountId::parse(HERE).expect("an account"),
            policy: bucket,
        },
        actions: vec!["s3:GetObject"],
        resources: vec![objects.to_owned().into()],
        own_resources: vec![objects.to_owned().into()],
        known_resources: vec![objects.to_owned()],
        conditions: Conditions::none(),
    }]));
    let finished = stack.finish()?;
    let resources = finished.lowered.template.resources.into_values();
    Ok(resources
        .map(|resource| {
            let document = resource.properties.get("PolicyDocument").expect("a policy");
            (resource.kind.to_string(), value_to_compact_json(document))
        })
        .collect())
}

fn kinds(account: &str, sides: &Sides) -> Vec<String> {
    let policies = policies(account, sides).expect("a place for the grant");
    policies.into_iter().map(|(kind, _)| kind).collect()
}

#[test]
fn in_one_account_a_grant_stands_on_the_resources_side_only() {
    assert_eq!(kinds(HERE, &Sides { bucket: true, role: true }), ["AWS::S3::BucketPolicy"]);
}

/// "IAM and AWS STS quotas" in the IAM user guide: policy documents allow characters up to U+00FF. S3 has no such rule.
#[test]
fn what_policies_of_iam_cannot_hold_is_an_error() {
    let both = Sides { bucket: true, role: true };
    let on = |objects: &str, account: &str| -> Vec<Problem> {
        let problems = policies_on(objects, account, &both).err().unwrap_or_default();
        problems.into_iter().map(|error| error.problem).collect()
    };
    let objects = "arn:aws:s3:::data/отчёты/*";
    let wrong = on(objects, "999999999999");
    assert!(
        matches!(&wrong[..], [Problem::PolicyCharacter { text, character: 'о', .. }] if text == objects),
        "{wrong:?}"
    );
    assert_eq!(on("arn:aws:s3:::data/été/*", "999999999999"), []);
    assert_eq!(on(objects, HERE), []);
}

#[test]
fn across_accounts_a_grant_stands_on_both_sides() {
    let both = kinds("444455556666", &Sides { bucket: true, role: true });
    assert_eq!(both, ["AWS::S3::BucketPolicy", "AWS::IAM::RolePolicy"]);
}

#[test]
fn what_is_not_ours_to_write_is_placed_on_the_roles_side() {
    assert_eq!(kinds(HERE, &Sides { bucket: false, role: true }), ["AWS::IAM::RolePolicy"]);
}

#[test]
fn a_grant_without_a_place_is_an_error_with_its_cause() {
    let errors = policies(HERE, &Sides { bucket: false, role: false }).expect_err("no place");
    assert!(matches!(errors[0].problem, Problem::Unplaceable { .. }), "{errors:?}");
    assert_eq!(errors[0].causes, [Cause::default()]);
}

#[test]
fn an_object_that_reads_as_a_function_is_an_error() {
    let mut stack = stack();
    let injected = Map::new().with("Ref", "AWS::AccountId");
    let properties = Map::new().with("Bucket", "data").with("PolicyDocument", injected);
    stack.root(Cause::default()).child("Policy").declare(
        "AWS::S3::BucketPolicy",
        properties,
        Options::default(),
    );
    let errors = stack.finish().expect_err("it would be a call");
    assert!(matches!(errors[0].problem, Problem::InjectedFunction { .. }), "{errors:?}");
}

#[test]
fn a_reference_of_another_stack_is_an_error() {
    let mut other = stack();
    let foreign = other.root(Cause::default()).child("Policy").declare(
        "AWS::S3::BucketPolicy",
        Map::new(),
        Options::default(),
    );
    let mut stack = stack();
    let properties = Map::new().with("Bucket", "data").with("PolicyDocument", Map::new());
    stack.root(Cause::default()).child("Policy").declare(
        "AWS::S3::BucketPolicy",
        properties,
        Options::default().after(&foreign),
    );
    let errors = stack.finish().expect_err("the same text, another declaration");
    assert!(matches!(errors[0].problem, Problem::ForeignReference { .. }), "{errors:?}");
}
