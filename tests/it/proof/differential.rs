//! The evaluator compared with the naive one, on random documents and requests.

use std::collections::{BTreeMap, BTreeSet};

use lakewright_access::action::Action;
use lakewright_access::document::{Document, Origin};
use lakewright_access::evaluate::Decision;
use lakewright_access::request::{Context, Principal, Request};
use lakewright_access::world::{
    ExternalFacts, OnUnresolved, Organization, OrganizationPolicy, Outside, Piece, StackTemplate,
    World,
};
use lakewright_template::place::Place;
use lakewright_template::read;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::naive::{Asked, allows};

pub(super) const ACCOUNT: &str = "111122223333";
pub(super) const OTHER: &str = "444455556666";
/// An identity provider, and a canonical user id of S3: 64 hexadecimal digits.
const PROVIDER: &str = "arn:aws:iam::111122223333:saml-provider/idp";
const CANONICAL: &str = "79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be";
pub(super) const ORGANIZATION: &str = "o-a1b2c3d4e5";

pub(super) fn role(account: &str, name: &str) -> String {
    format!("arn:aws:iam::{account}:role/{name}")
}

/// The ARN of a session of the role in the first account.
pub(super) fn session(name: &str) -> String {
    format!("arn:aws:sts::{ACCOUNT}:assumed-role/one/{name}")
}

const POINT: &str = "arn:aws:s3:eu-west-1:111122223333:accesspoint/point";

fn action() -> impl Strategy<Value = String> {
    prop::sample::select(vec![
        "s3:GetObject",
        "s3:Get*",
        "s3:PutObject",
        "s3:*",
        "kms:Decrypt",
        "kms:*",
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
        "arn:aws:s3:::data/${aws:RequestTag/Team, 'a'}/*".to_owned(),
        "arn:aws:s3:::*".to_owned(),
        format!("{POINT}/object/*"),
        format!("arn:aws:kms:eu-west-1:{ACCOUNT}:key/*"),
        role(ACCOUNT, "target"),
        "arn:aws-cn:s3:::data/*".to_owned(),
        "arn:*:s3:::data/a/*".to_owned(),
        format!("arn:aws-us-gov:kms:us-gov-west-1:{ACCOUNT}:key/*"),
    ])
}

/// A condition made of these operators, keys and values.
fn of(
    operators: &[&'static str],
    keys: &[&'static str],
    values: &[&'static str],
) -> BoxedStrategy<Value> {
    let operator = prop::sample::select(operators.to_vec());
    let key = prop::sample::select(keys.to_vec());
    let values = prop::collection::vec(prop::sample::select(values.to_vec()), 1..3);
    (operator, key, values)
        .prop_map(|(operator, key, values)| json!({ operator: { key: values } }))
        .boxed()
}

/// A condition on the organization path of a principal or a resource; these keys have several values.
fn of_paths() -> BoxedStrategy<Value> {
    of(
        &[
            "ForAllValues:StringLike",
            "ForAnyValue:StringEquals",
            "ForAnyValue:StringLike",
            "ForAnyValue:StringNotLike",
            "Null",
        ],
        &["aws:PrincipalOrgPaths", "aws:ResourceOrgPaths"],
        &["o-a1b2c3d4e5/*", "o-a1b2c3d4e5/r-ab12/", "o-*/r-ab12/ou-ab12-11111111/*", "true"],
    )
}

/// A condition: an operator, with keys and values of its type.
fn condition() -> impl Strategy<Value = Value> {
    prop_oneof![
        4 => of(
            &[
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
            ],
            &[
                "aws:RequestTag/Team",
                "aws:PrincipalTag/Team",
                "aws:PrincipalArn",
                "aws:PrincipalAccount",
                "aws:PrincipalIsAWSService",
                "aws:PrincipalOrgID",
                "aws:SecureTransport",
                "aws:ResourceTag/Team",
                "s3:DataAccessPointArn",
                "kms:ResourceAliases",
                "sts:ExternalId",
            ],
            &[
                "a",
                "a*",
                "b",
                "true",
                "false",
                ACCOUNT,
                "alias/data",
                "arn:aws:iam::*:role/one",
                "arn:aws-cn:iam::*:role/one",
                "arn:aws:s3:*:*:accesspoint/*",
                ORGANIZATION,
                "${aws:PrincipalTag/Team}",
                "${aws:RequestTag/Team, 'b'}",
            ],
        ),
        2 => of(
            &[
                "ForAllValues:StringEquals",
                "ForAnyValue:StringEquals",
                "ForAllValues:StringLikeIfExists",
                "ForAllValues:StringNotEquals",
                "ForAnyValue:StringNotEquals",
                "StringEquals",
                "Null",
            ],
            &["aws:TagKeys"],
            &["a", "b", "c*", "true"],
        ),
        1 => of_paths(),
        1 => of(
            &[
                "NumericEquals",
                "NumericNotEquals",
                "NumericLessThan",
                "NumericLessThanEqualsIfExists",
                "NumericGreaterThan",
                "ForAnyValue:NumericGreaterThanEquals",
            ],
            &["s3:max-keys"],
            &["5", "5.0", "10", "-1"],
        ),
        1 => of(
            &[
                "DateEquals",
                "DateNotEquals",
                "DateLessThan",
                "DateLessThanEquals",
                "DateGreaterThan",
                "DateGreaterThanEqualsIfExists",
            ],
            &["aws:CurrentTime"],
            &["2024-02-29T00:00:00Z", "1709164800", "2024-03-01T12:00:00Z", "2100-03-01T00:00:00Z"],
        ),
        1 => of(
            &["IpAddress", "NotIpAddress", "IpAddressIfExists", "ForAnyValue:NotIpAddress"],
            &["aws:SourceIp"],
            &["10.0.0.0/8", "10.1.2.3", "10.1.3.201", "10.1.2.0/23", "192.168.0.0/17", "0.0.0.0/0"],
        ),
        1 => of(&["BinaryEquals", "BinaryEqualsIfExists"], &["sts:ExternalId"], &["QUJD", "QUJE"]),
    ]
}

fn statement(principals: bool) -> impl Strategy<Value = Value> {
    let principal = prop::sample::select(vec![
        json!("*"),
        json!({ "AWS": ACCOUNT }),
        json!({ "AWS": format!("arn:aws:iam::{OTHER}:root") }),
        json!({ "AWS": role(ACCOUNT, "one") }),
        json!({ "AWS": [role(OTHER, "two"), role(ACCOUNT, "target")] }),
        json!({ "AWS": [format!("arn:aws:iam::{ACCOUNT}:root"), role(ACCOUNT, "one")] }),
        json!({ "AWS": session("alice") }),
        json!({ "AWS": [session("bob"), role(ACCOUNT, "one"), role(OTHER, "two")] }),
        json!({ "Service": "glue.amazonaws.com" }),
        json!({ "Federated": PROVIDER }),
        json!({ "CanonicalUser": CANONICAL }),
        json!({ "AWS": [role(ACCOUNT, "one"), "arn:aws-cn:iam::111122223333:role/one"] }),
        json!({ "AWS": "arn:aws-us-gov:iam::444455556666:root", "Federated": PROVIDER }),
    ]);
    let is_not = || prop::bool::weighted(0.1);
    let parts = (
        prop::bool::weighted(0.7),
        prop::collection::vec(action(), 1..3),
        prop::collection::vec(resource(), 1..3),
        prop::option::weighted(0.4, condition()),
        principal,
        (is_not(), is_not(), is_not()),
    );
    parts.prop_map(move |(is_allow, actions, resources, condition, principal, is_not)| {
        let (not_action, not_resource, not_principal) = is_not;
        let mut statement = json!({ "Effect": if is_allow { "Allow" } else { "Deny" } });
        statement[if not_action { "NotAction" } else { "Action" }] = json!(actions);
        statement[if not_resource { "NotResource" } else { "Resource" }] = json!(resources);
        if let Some(condition) = condition {
            statement["Condition"] = condition;
        }
        if principals {
            statement[if not_principal { "NotPrincipal" } else { "Principal" }] = principal;
        }
        statement
    })
}

fn document(principals: bool) -> impl Strategy<Value = Value> {
    prop::collection::vec(statement(principals), 0..4)
        .prop_map(|statements| json!({ "Version": "2012-10-17", "Statement": statements }))
}

/// A policy that exists in some cases only.
fn perhaps(principals: bool) -> impl Strategy<Value = Option<Value>> {
    prop::option::weighted(0.25, document(principals))
}

/// The documents of an access model.
#[derive(Debug, Clone)]
pub(super) struct Documents {
    identity: Value,
    boundary: Option<Value>,
    session: Option<Value>,
    scps: [Option<Value>; 2],
    rcp: Option<Value>,
    bucket: Value,
    point: Value,
    key: Value,
    trust: Value,
}

pub(super) fn documents() -> impl Strategy<Value = Documents> {
    let limits = (perhaps(false), perhaps(false), perhaps(false), perhaps(false), perhaps(true));
    let own = (document(true), document(true), document(true), document(true));
    (document(false), limits, own).prop_map(|(identity, limits, own)| {
        let (boundary, session, one, other, rcp) = limits;
        let (bucket, point, key, trust) = own;
        let scps = [one, other];
        Documents { identity, boundary, session, scps, rcp, bucket, point, key, trust }
    })
}

pub(super) fn world(documents: &Documents) -> World {
    let Documents { identity, boundary, session, scps, rcp, bucket, point, key, trust } = documents;
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
        "Linked": { "Type": "AWS::IAM::Role", "Properties": {
            "RoleName": "linked", "Path": "/aws-service-role/x/", "AssumeRolePolicyDocument": empty,
            "Policies": policies(identity) } },
        "Bucket": { "Type": "AWS::S3::Bucket", "Properties": { "BucketName": "data", "Tags": [{ "Key": "Team", "Value": "b" }] } },
        "BucketPolicy": { "Type": "AWS::S3::BucketPolicy", "Properties": { "Bucket": "data", "PolicyDocument": bucket } },
        "Point": { "Type": "AWS::S3::AccessPoint", "Properties": { "Name": "point", "Bucket": "data", "Policy": point } },
        "Key": { "Type": "AWS::KMS::Key", "Properties": { "KeyPolicy": key, "Tags": [{ "Key": "Team", "Value": "a" }] } },
        "Alias": { "Type": "AWS::KMS::Alias", "Properties": { "AliasName": "alias/data", "TargetKeyId": { "Fn::GetAtt": ["Key", "Arn"] } } },
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
        let place = Place::parse(account, "eu-west-1").expect("a place");
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
    let mut world = World::of(vec![piece(ACCOUNT, &resources), piece(OTHER, &two)]);
    let read = |document: &Value| {
        Document::parse(&document.into(), Origin::default()).expect("a document")
    };
    let policy = |(level, document): (&str, &Value)| OrganizationPolicy {
        level: level.to_owned(),
        accounts: BTreeSet::new(),
        document: read(document),
    };
    let scps = ["root", "unit"].into_iter().zip(scps);
    let organization = Organization {
        management_account: None,
        scps: scps.filter_map(|(level, scp)| Some(policy((level, scp.as_ref()?)))).collect(),
        rcps: rcp.iter().map(|rcp| policy(("root", rcp))).collect(),
    };
    world.add(ExternalFacts {
        organization: Some(organization),
        session: session.as_ref().map(read),
        ..ExternalFacts::default()
    });
    world
}

pub(super) fn requests(world: &World) -> Vec<Asked> {
    let contexts: [&[(&str, &[&str])]; 9] = [
        &[],
        &[
            ("aws:principalorgid", &[ORGANIZATION]),
            (
                "aws:principalorgpaths",
                &["o-a1b2c3d4e5/r-ab12/ou-ab12-11111111/", "o-a1b2c3d4e5/r-ab12/"],
            ),
        ],
        &[("aws:requesttag/team", &["a"]), ("s3:max-keys", &["5"])],
        &[("aws:requesttag/team", &["b"]), ("sts:externalid", &["a"])],
        &[("aws:securetransport", &["false"]), ("aws:tagkeys", &["a", "cd"])],
        &[("sts:externalid", &["true"]), ("aws:sourceip", &["10.1.3.200"])],
        &[("sts:externalid", &["QUJD"]), ("aws:tagkeys", &["b"]), ("s3:max-keys", &["many"])],
        &[("aws:currenttime", &["2024-03-01T12:00:00Z"]), ("aws:sourceip", &["192.168.128.1"])],
        &[("aws:currenttime", &["2024-02-29T00:00:00Z"]), ("aws:tagkeys", &["d", "b", "a"])],
    ];
    let linked = format!("arn:aws:iam::{ACCOUNT}:role/aws-service-role/x/linked");
    let key = world.aliases().values().next().expect("the key").clone();
    let mut asked = Vec::new();
    let one = role(ACCOUNT, "one");
    // External principals ask with some of the contexts only.
    for (principal, session, step) in [
        (one.clone(), None, 1),
        (one.clone(), Some(session("alice")), 1),
        (one, Some(session("bob")), 1),
        (role(OTHER, "two"), None, 1),
        (linked, None, 1),
        ("glue.amazonaws.com".to_owned(), None, 2),
        (PROVIDER.to_owned(), None, 4),
        (CANONICAL.to_owned(), None, 4),
        ("arn:aws-cn:iam::111122223333:role/one".to_owned(), None, 4),
    ] {
        for (action, resource) in [
            ("s3:getobject", "arn:aws:s3:::data/a/x".to_owned()),
            ("s3:putobject", "arn:aws:s3:::data/b/x".to_owned()),
            ("s3:getobject", format!("{POINT}/object/a/x")),
            ("s3:getobject", "arn:aws-cn:s3:::data/a/x".to_owned()),
            ("kms:decrypt", key.clone()),
            ("sts:assumerole", role(ACCOUNT, "target")),
        ] {
            for context in contexts.iter().step_by(step) {
                let context = context.iter().map(|(key, values)| {
                    let values = values.iter().map(|value| (*value).to_owned());
                    ((*key).to_owned(), values.collect())
                });
                asked.push(Asked {
                    principal: principal.clone(),
                    action: action.to_owned(),
                    resource: resource.clone(),
                    context: context.collect::<BTreeMap<_, Vec<String>>>(),
                    session: session.clone(),
                });
            }
        }
    }
    asked
}

/// The principal of a request, by its ARN or another name.
fn principal(asked: &Asked) -> Principal {
    let name = asked.principal.clone();
    if name.contains(":role/") {
        Principal::Role { arn: name, session: asked.session.clone() }
    } else if name == PROVIDER {
        Principal::Federated(name)
    } else if name == CANONICAL {
        Principal::CanonicalUser(name)
    } else {
        Principal::Service(name)
    }
}

/// The product's decision, if all unknown policies allow.
pub(super) fn decision(world: &World, asked: &Asked) -> Decision {
    let context = asked
        .context
        .iter()
        .fold(Context::new(), |context, (key, values)| context.with(key, values.clone()));
    let request = Request {
        principal: &principal(asked),
        action: Action::new(&asked.action),
        resource: &asked.resource,
        context: &context,
    };
    world.decide_by_policies(&request, Outside::Allows).decision
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn both_evaluators_decide_alike(documents in documents()) {
        let world = world(&documents);
        for asked in requests(&world) {
            let decision = decision(&world, &asked);
            // The product may answer "unknown", which is not allowed. The naive evaluator has only two
            // answers.
            if decision != Decision::Unknown {
                prop_assert_eq!(decision == Decision::Allow, allows(&world, &asked), "{:?}", asked);
            }
        }
    }
}
