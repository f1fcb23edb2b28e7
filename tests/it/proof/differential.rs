//! The evaluator against the plain one, on random documents and requests.

use std::collections::BTreeMap;

use lakewright_proof::action::Action;
use lakewright_proof::evaluate::Decision;
use lakewright_proof::request::{Context, Principal, Request};
use lakewright_proof::world::{OnUnresolved, Outside, Piece, StackTemplate, World};
use lakewright_template::read;
use lakewright_template::resolve::Place;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::naive::{Asked, allows};

const ACCOUNT: &str = "111122223333";
const OTHER: &str = "444455556666";

fn role(account: &str, name: &str) -> String {
    format!("arn:aws:iam::{account}:role/{name}")
}

fn action() -> impl Strategy<Value = String> {
    prop::sample::select(vec![
        "s3:GetObject",
        "s3:Get*",
        "s3:PutObject",
        "s3:*",
        "kms:Decrypt",
        "sts:AssumeRole",
        "*",
    ])
    .prop_map(str::to_owned)
}

fn resource() -> impl Strategy<Value = String> {
    prop::sample::select(vec![
        "*".to_owned(),
        "arn:aws:s3:::data".to_owned(),
        "arn:aws:s3:::data/*".to_owned(),
        "arn:aws:s3:::data/a/*".to_owned(),
        "arn:aws:s3:::data/${aws:PrincipalTag/Team}/*".to_owned(),
        "arn:aws:s3:::*".to_owned(),
        role(ACCOUNT, "target"),
    ])
}

fn condition() -> impl Strategy<Value = Value> {
    let operator = prop::sample::select(vec![
        "StringEquals",
        "StringNotEquals",
        "StringLike",
        "StringEqualsIfExists",
        "StringNotLikeIfExists",
        "StringEqualsIgnoreCase",
        "ForAllValues:StringEquals",
        "ForAnyValue:StringEquals",
        "ForAnyValue:StringNotLike",
        "ArnLike",
        "ArnNotEquals",
        "Null",
        "Bool",
    ]);
    let key = prop::sample::select(vec![
        "aws:RequestTag/Team",
        "aws:PrincipalTag/Team",
        "aws:PrincipalArn",
        "aws:SecureTransport",
        "aws:ResourceTag/Team",
        "sts:ExternalId",
    ]);
    let value = prop::sample::select(vec![
        "a",
        "a*",
        "b",
        "true",
        "false",
        "arn:aws:iam::*:role/one",
        "${aws:PrincipalTag/Team}",
    ]);
    (operator, key, prop::collection::vec(value, 1..3))
        .prop_map(|(operator, key, values)| json!({ operator: { key: values } }))
}

fn statement(principals: bool) -> impl Strategy<Value = Value> {
    let principal = prop::sample::select(vec![
        json!("*"),
        json!({ "AWS": ACCOUNT }),
        json!({ "AWS": format!("arn:aws:iam::{OTHER}:root") }),
        json!({ "AWS": role(ACCOUNT, "one") }),
        json!({ "AWS": [role(OTHER, "two"), role(ACCOUNT, "target")] }),
        json!({ "Service": "glue.amazonaws.com" }),
    ]);
    let parts = (
        prop::bool::weighted(0.7),
        prop::collection::vec(action(), 1..3),
        prop::collection::vec(resource(), 1..3),
        prop::option::weighted(0.4, condition()),
        principal,
        prop::bool::weighted(0.1),
    );
    parts.prop_map(move |(is_allow, actions, resources, condition, principal, is_not)| {
        let mut statement = json!({ "Effect": if is_allow { "Allow" } else { "Deny" } });
        statement[if is_not { "NotAction" } else { "Action" }] = json!(actions);
        statement["Resource"] = json!(resources);
        if let Some(condition) = condition {
            statement["Condition"] = condition;
        }
        if principals {
            statement["Principal"] = principal;
        }
        statement
    })
}

fn document(principals: bool) -> impl Strategy<Value = Value> {
    prop::collection::vec(statement(principals), 0..4)
        .prop_map(|statements| json!({ "Version": "2012-10-17", "Statement": statements }))
}

fn world(identity: &Value, boundary: Option<&Value>, bucket: &Value, trust: &Value) -> World {
    let policies = |document: &Value| json!([{ "PolicyName": "p", "PolicyDocument": document }]);
    let empty = json!({ "Version": "2012-10-17", "Statement": [] });
    let mut one = json!({
        "RoleName": "one",
        "AssumeRolePolicyDocument": empty,
        "Policies": policies(identity),
        "Tags": [{ "Key": "Team", "Value": "a" }],
    });
    let mut resources = json!({
        "Target": { "Type": "AWS::IAM::Role", "Properties": { "RoleName": "target", "AssumeRolePolicyDocument": trust } },
        "Bucket": { "Type": "AWS::S3::Bucket", "Properties": { "BucketName": "data", "Tags": [{ "Key": "Team", "Value": "b" }] } },
        "BucketPolicy": { "Type": "AWS::S3::BucketPolicy", "Properties": { "Bucket": "data", "PolicyDocument": bucket } },
    });
    if let Some(boundary) = boundary {
        one["PermissionsBoundary"] = json!(format!("arn:aws:iam::{ACCOUNT}:policy/limit"));
        resources["Limit"] = json!({
            "Type": "AWS::IAM::ManagedPolicy",
            "Properties": { "ManagedPolicyName": "limit", "PolicyDocument": boundary },
        });
    }
    resources["One"] = json!({ "Type": "AWS::IAM::Role", "Properties": one });
    let two = json!({
        "Two": { "Type": "AWS::IAM::Role", "Properties": {
            "RoleName": "two", "AssumeRolePolicyDocument": empty, "Policies": policies(identity) } },
    });
    let piece = |account: &str, resources: &Value| {
        let text = json!({ "Resources": resources }).to_string();
        let template = read::template(&text).expect("a template");
        let place = Place { account: account.to_owned(), region: "eu-west-1".to_owned() };
        let address = format!("{account}/eu-west-1/s");
        let unresolved = OnUnresolved::Fail;
        Piece::of(StackTemplate {
            address: &address,
            place: &place,
            template: &template,
            unresolved,
        })
        .expect("documents")
    };
    World::of(vec![piece(ACCOUNT, &resources), piece(OTHER, &two)])
}

fn requests() -> Vec<Asked> {
    let contexts: [&[(&str, &str)]; 5] = [
        &[],
        &[("aws:requesttag/team", "a")],
        &[("aws:requesttag/team", "b"), ("sts:externalid", "a")],
        &[("aws:securetransport", "false")],
        &[("sts:externalid", "true")],
    ];
    let mut asked = Vec::new();
    for principal in [role(ACCOUNT, "one"), role(OTHER, "two"), "glue.amazonaws.com".to_owned()] {
        for (action, resource) in [
            ("s3:getobject", "arn:aws:s3:::data/a/x".to_owned()),
            ("s3:putobject", "arn:aws:s3:::data/b/x".to_owned()),
            ("sts:assumerole", role(ACCOUNT, "target")),
        ] {
            for context in contexts {
                asked.push(Asked {
                    principal: principal.clone(),
                    action: action.to_owned(),
                    resource: resource.clone(),
                    context: context
                        .iter()
                        .map(|(key, value)| ((*key).to_owned(), vec![(*value).to_owned()]))
                        .collect::<BTreeMap<_, _>>(),
                });
            }
        }
    }
    asked
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn both_evaluators_decide_alike(
        identity in document(false),
        boundary in prop::option::weighted(0.3, document(false)),
        bucket in document(true),
        trust in document(true),
    ) {
        let world = world(&identity, boundary.as_ref(), &bucket, &trust);
        for asked in requests() {
            let principal = if asked.principal.starts_with("arn:") {
                Principal::role(asked.principal.clone())
            } else {
                Principal::Service(asked.principal.clone())
            };
            let context = asked
                .context
                .iter()
                .fold(Context::new(), |context, (key, values)| context.with(key, values.clone()));
            let request = Request {
                principal: &principal,
                action: Action::new(&asked.action),
                resource: &asked.resource,
                context: &context,
            };
            let decision = world.decide_by_policies(&request, Outside::Allows).decision;
            // What is not known is not allowed; the plain evaluator knows two values only.
            if decision != Decision::Unknown {
                prop_assert_eq!(decision == Decision::Allow, allows(&world, &asked), "{:?}", asked);
            }
        }
    }
}
