//! Changes that are easily missed: each case has a gain or a loss that one document alone does not show.
//!
//! Sources: "IAM JSON policy elements reference", "Policy evaluation logic" and "Permissions boundaries for IAM entities"
//! in the IAM user guide; "Configuring IAM policies for using access points" in the Amazon S3 user guide; "Controlling
//! access to KMS keys by alias" in the KMS developer guide.

use std::collections::BTreeMap;

use lakewright_access::world::{OnUnresolved, Piece, StackTemplate, World};
use lakewright_template::place::Place;
use lakewright_template::read;

use super::*;

const ONE: &str = "arn:aws:iam::111122223333:role/one";
const OBJECTS: &str = r#""Resource": "arn:aws:s3:::data/*""#;
const GET: &str = r#""Action": "s3:GetObject""#;
const TEAM_A: &str = r#", "Tags": [{"Key": "Team", "Value": "a"}]"#;
const POINT: &str = "arn:aws:s3:us-east-1:111122223333:accesspoint/point";
const BOUNDED: &str = r#", "PermissionsBoundary": "arn:aws:iam::111122223333:policy/limit""#;

fn allow(rest: &[&str]) -> String {
    format!(r#"{{"Effect": "Allow", {}}}"#, rest.join(", "))
}

fn deny(rest: &[&str]) -> String {
    format!(r#"{{"Effect": "Deny", {}}}"#, rest.join(", "))
}

fn document(statements: &[String]) -> String {
    format!(r#"{{"Version": "2012-10-17", "Statement": [{}]}}"#, statements.join(", "))
}

/// A role with its own policy, its trust policy, and further properties.
fn role_with(name: &str, statements: &[String], trust: &[String], more: &str) -> String {
    format!(
        r#""{name}": {{"Type": "AWS::IAM::Role", "Properties": {{"RoleName": "{name}", "AssumeRolePolicyDocument": {},
        "Policies": [{{"PolicyName": "p", "PolicyDocument": {}}}]{more}}}}}"#,
        document(trust),
        document(statements),
    )
}

fn role(statements: &[String]) -> String {
    role_with("one", statements, &[], "")
}

fn bucket(name: &str, statements: &[String], more: &str) -> String {
    let id = name.replace('-', "");
    format!(
        r#""{id}": {{"Type": "AWS::S3::Bucket", "Properties": {{"BucketName": "{name}"{more}}}}},
        "{id}Policy": {{"Type": "AWS::S3::BucketPolicy", "Properties": {{"Bucket": "{name}", "PolicyDocument": {}}}}}"#,
        document(statements),
    )
}

fn point(bucket: &str, policy: &str) -> String {
    format!(
        r#""Point": {{"Type": "AWS::S3::AccessPoint", "Properties": {{"Name": "point", "Bucket": "{bucket}"{policy}}}}}"#
    )
}

fn boundary(statements: &[String]) -> String {
    format!(
        r#""Limit": {{"Type": "AWS::IAM::ManagedPolicy", "Properties": {{"ManagedPolicyName": "limit", "PolicyDocument": {}}}}}"#,
        document(statements),
    )
}

fn world(resources: &[String]) -> World {
    let text = format!(r#"{{"Resources": {{{}}}}}"#, resources.join(", "));
    let template = read::template(&text).expect("a template");
    let place = Place::parse("111122223333", "us-east-1").expect("a place");
    let stack = StackTemplate {
        address: "111122223333/us-east-1/s",
        place: &place,
        template: &template,
        unresolved: OnUnresolved::Placeholder,
    };
    World::of_anybody(vec![Piece::of(stack).expect("documents")], false)
}

/// The relation of each principal whose access differs.
fn relations(before: &[String], after: &[String]) -> BTreeMap<String, Relation> {
    let lines = BTreeMap::new();
    let open = [world(before), world(after)];
    let stated = open.each_ref().map(World::as_stated);
    let [before, after] =
        [0, 1].map(|side| Side { world: &open[side], stated: &stated[side], lines: &lines });
    let (changes, notes) = compare(&before, &after, &[]);
    assert!(notes.is_empty(), "{notes:?}");
    changes.into_iter().map(|change| (change.principal, change.relation)).collect()
}

/// The relation of the role `one` and, after the reverse change, the opposite one.
#[track_caller]
fn assert_gains(before: &[String], after: &[String]) {
    let there = relations(before, after);
    assert_eq!(there.get(ONE), Some(&Relation::Broader), "{there:?}");
    let back = relations(after, before);
    assert_eq!(back.get(ONE), Some(&Relation::Narrower), "{back:?}");
}

/// Two statements that deny all but one action each deny everything; one statement with both exceptions does not.
#[test]
fn exceptions_of_two_statements_are_not_added_up() {
    let of = |exceptions: &[&str]| {
        let denials =
            exceptions.iter().map(|one| deny(&[&format!(r#""NotAction": {one}"#), OBJECTS]));
        [role(
            &[allow(&[r#""Action": ["s3:GetObject", "s3:PutObject"]"#, OBJECTS])]
                .into_iter()
                .chain(denials)
                .collect::<Vec<_>>(),
        )]
    };
    let apart = of(&[r#""s3:GetObject""#, r#""s3:PutObject""#]);
    let together = of(&[r#"["s3:GetObject", "s3:PutObject"]"#]);
    assert_gains(&apart, &together);
    assert_eq!(
        relations(&apart, &of(&[r#""s3:PutObject""#, r#""s3:GetObject""#])),
        BTreeMap::new()
    );
}

/// `*` is keys of every account and region, also of those in no template.
#[test]
fn a_wildcard_reaches_other_accounts() {
    let of = |resource: &str| {
        [role(&[allow(&[r#""Action": "kms:Decrypt""#, &format!(r#""Resource": "{resource}""#)])])]
    };
    assert_gains(&of("arn:aws:kms:*:111122223333:key/*"), &of("*"));
    assert_gains(&of("arn:aws:kms:us-east-1:111122223333:key/*"), &of("arn:aws:*:*:*:key/*"));
    assert_gains(&[role(&[])], &of("arn:aws:*:*:444455556666:*"));
}

/// An action of a service that the catalogue lacks: `NotResource` takes one of its resources out.
#[test]
fn a_service_that_nobody_knows_has_resources() {
    let of = |resource: &str| [role(&[allow(&[r#""Action": "foo:Do""#, resource])])];
    assert_gains(
        &of(r#""NotResource": "arn:aws:foo:us-east-1:111122223333:x""#),
        &of(r#""Resource": "*""#),
    );
}

/// Source: "IAM policy elements: Variables and tags": the tag of the principal, and a key of the request.
#[test]
fn a_resource_with_a_variable_is_any_that_the_variable_may_name() {
    for variable in ["aws:PrincipalTag/Team", "aws:RequestTag/Team", "aws:RequestTag/Team, 'x'"] {
        let resource = format!(r#""Resource": "arn:aws:s3:::data/${{{variable}}}/*""#);
        let of = |statements: &[String]| [role_with("one", statements, &[], TEAM_A)];
        assert_gains(&of(&[]), &of(&[allow(&[GET, &resource])]));
    }
}

/// A deny on all objects hides what a statement with a variable allows.
#[test]
fn a_denial_above_a_variable_is_lifted() {
    let allowed = allow(&[GET, r#""Resource": "arn:aws:s3:::data/${aws:RequestTag/Team}/*""#]);
    assert_gains(&[role(&[allowed.clone(), deny(&[GET, OBJECTS])])], &[role(&[allowed])]);
}

/// Attribute-based access: the role's tag decides on the bucket's policy, in a condition and in a resource.
#[test]
fn the_tags_of_a_role_take_part_in_the_policies_of_others() {
    let any = r#""Principal": "*""#;
    let by_condition = allow(&[
        any,
        GET,
        OBJECTS,
        r#""Condition": {"StringEquals": {"aws:PrincipalTag/Team": "a"}}"#,
    ]);
    let by_variable =
        allow(&[any, GET, r#""Resource": "arn:aws:s3:::data/${aws:PrincipalTag/Team}/a""#]);
    let tagged = |value: &str, statements: &[String]| {
        let tags = TEAM_A.replace(r#""Value": "a""#, &format!(r#""Value": "{value}""#));
        [role_with("one", &[], &[], &tags), bucket("data", statements, "")]
    };
    let conditional = [by_condition];
    assert_gains(&tagged("b", &conditional), &tagged("a", &conditional));
    assert_gains(&tagged("a", &[]), &tagged("a", &conditional));
    let variable = [by_variable];
    let both = relations(&tagged("b", &variable), &tagged("a", &variable));
    assert_eq!(both.get(ONE), Some(&Relation::Incomparable), "{both:?}");
}

/// The trust policy of another role asks for the tag of the role that assumes it, and names it.
#[test]
fn the_tags_and_the_boundary_of_a_role_take_part_in_trust() {
    let trust = |condition: &str| {
        let principal = format!(r#""Principal": {{"AWS": "{ONE}"}}"#);
        let statement = allow(&[&principal, r#""Action": "sts:AssumeRole""#, condition]);
        role_with("target", &[], &[statement], "")
    };
    let tagged = trust(r#""Condition": {"StringEquals": {"aws:PrincipalTag/Team": "a"}}"#);
    assert_gains(&[role(&[]), tagged.clone()], &[role_with("one", &[], &[], TEAM_A), tagged]);
    let limit = boundary(&[allow(&[r#""Action": "s3:*""#, r#""Resource": "*""#])]);
    let named = trust(r#""Sid": "Named""#);
    let bounded = role_with("one", &[], &[], BOUNDED);
    assert_gains(&[bounded, limit.clone(), named.clone()], &[role(&[]), limit, named]);
}

/// The trust policy counts for `sts:AssumeRole`, also beside other actions on the role.
#[test]
fn conditions_of_trust_are_fulfilled() {
    let principal = r#""Principal": {"AWS": "111122223333"}"#;
    let condition = r#""Condition": {"StringEquals": {"sts:ExternalId": "secret"}}"#;
    let trust = allow(&[principal, r#""Action": "sts:AssumeRole""#, condition]);
    let target = role_with("target", &[], &[trust], "");
    let resource = r#""Resource": "arn:aws:iam::111122223333:role/target""#;
    let of = |actions: &str| {
        let action = format!(r#""Action": [{actions}]"#);
        [role(&[allow(&[&action, resource])]), target.clone()]
    };
    assert_gains(
        &of(r#""iam:GetUser""#),
        &of(r#""iam:GetUser", "iam:PassRole", "sts:AssumeRole""#),
    );
}

/// A denial in a boundary counts even for what the bucket's policy allows everybody.
#[test]
fn a_denial_of_a_boundary_is_lifted() {
    let all = allow(&[r#""Action": "*""#, r#""Resource": "*""#]);
    let open = bucket("data", &[allow(&[r#""Principal": "*""#, GET, OBJECTS])], "");
    let bounded = role_with("one", &[], &[], BOUNDED);
    assert_gains(
        &[bounded.clone(), boundary(&[all.clone(), deny(&[GET, OBJECTS])]), open.clone()],
        &[bounded, boundary(&[all]), open],
    );
}

/// `Principal: *` under a condition that names services, an account or roles.
#[test]
fn principals_that_only_conditions_name_are_asked_about() {
    let before = [role(&[]), bucket("data", &[], "")];
    for (condition, principal) in [
        (r#"{"Bool": {"aws:PrincipalIsAWSService": "true"}}"#, "*"),
        (
            r#"{"StringEquals": {"aws:PrincipalServiceName": "glue.amazonaws.com"}}"#,
            "glue.amazonaws.com",
        ),
        (
            r#"{"StringEquals": {"aws:PrincipalAccount": "444455556666"}}"#,
            "arn:aws:iam::444455556666:root",
        ),
        (r#"{"StringEquals": {"aws:PrincipalAccount": "111122223333"}}"#, ONE),
        (r#"{"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/o*"}}"#, ONE),
        (r#"{"StringEquals": {"aws:PrincipalTag/Team": "a"}}"#, "*"),
    ] {
        let condition = format!(r#""Condition": {condition}"#);
        let statement = allow(&[r#""Principal": "*""#, GET, OBJECTS, &condition]);
        let found = relations(&before, &[role(&[]), bucket("data", &[statement], "")]);
        assert_eq!(found.get(principal), Some(&Relation::Broader), "{condition}: {found:?}");
    }
}

/// Source: "Controlling access to KMS keys by alias": `kms:ResourceAliases` has the aliases of the key.
#[test]
fn an_alias_takes_part_in_conditions() {
    let of = |alias: &str| {
        let statement = allow(&[
            r#""Action": "kms:Decrypt""#,
            r#""Resource": "arn:aws:kms:*:111122223333:key/*""#,
            r#""Condition": {"ForAnyValue:StringEquals": {"kms:ResourceAliases": "alias/data"}}"#,
        ]);
        let delegates = allow(&[
            r#""Principal": {"AWS": "111122223333"}"#,
            r#""Action": "kms:*""#,
            r#""Resource": "*""#,
        ]);
        let key = format!(
            r#""Key": {{"Type": "AWS::KMS::Key", "Properties": {{"KeyPolicy": {}}}}},
            "Alias": {{"Type": "AWS::KMS::Alias", "Properties": {{"AliasName": "{alias}", "TargetKeyId": {{"Fn::GetAtt": ["Key", "Arn"]}}}}}}"#,
            document(&[delegates]),
        );
        [role(&[statement]), key]
    };
    assert_gains(&of("alias/other"), &of("alias/data"));
}

/// Source: "Configuring IAM policies for using access points": the access point and the bucket must both permit it.
#[test]
fn requests_through_access_points_are_asked_about() {
    let through = allow(&[GET, &format!(r#""Resource": "{POINT}/object/*""#)]);
    let denied = deny(&[r#""Principal": "*""#, GET, OBJECTS]);
    // The bucket's policy denies it.
    let of = |statements: &[String]| {
        [role(std::slice::from_ref(&through)), bucket("data", statements, ""), point("data", "")]
    };
    assert_gains(&of(&[denied]), &of(&[]));
    // The role's own policy denies it behind the access point.
    let own =
        |statements: &[String]| [role(statements), bucket("data", &[], ""), point("data", "")];
    assert_gains(
        &own(&[through.clone(), deny(&[GET, OBJECTS])]),
        &own(std::slice::from_ref(&through)),
    );
    // The access point's policy is about `*`.
    let policy = |statements: &[String]| {
        let delegates = allow(&[
            r#""Principal": "*""#,
            r#""Action": "s3:*""#,
            r#""Resource": ["arn:aws:s3:::data", "arn:aws:s3:::data/*"]"#,
            r#""Condition": {"StringEquals": {"s3:DataAccessPointAccount": "111122223333"}}"#,
        ]);
        let policy = format!(r#", "Policy": {}"#, document(statements));
        [role(&[]), bucket("data", &[delegates], ""), point("data", &policy)]
    };
    let principal = format!(r#""Principal": {{"AWS": "{ONE}"}}"#);
    assert_gains(&policy(&[]), &policy(&[allow(&[&principal, GET, r#""Resource": "*""#])]));
}

/// The bucket's policy alone lets the role in, and the role's own policy denied it by a pattern.
#[test]
fn a_pattern_in_the_middle_of_a_name_finds_its_bucket() {
    let principal = format!(r#""Principal": {{"AWS": "{ONE}"}}"#);
    let open = bucket("data", &[allow(&[&principal, GET, OBJECTS])], "");
    let denied = deny(&[GET, r#""Resource": "arn:aws:s3:::da*a/secret/*""#]);
    assert_gains(&[role(&[denied]), open.clone()], &[role(&[]), open]);
}

/// Of more buckets than are compared, those whose policies let the role in are.
#[test]
fn the_last_of_many_buckets_counts() {
    let principal = format!(r#""Principal": {{"AWS": "{ONE}"}}"#);
    let of = |statements: &[String]| {
        let mut resources = vec![role(statements)];
        for number in 10..60 {
            let name = format!("data-{number}");
            let resource = format!(r#""Resource": "arn:aws:s3:::{name}/*""#);
            let own = allow(&[&principal, GET, &resource]);
            let statements = if number == 59 { vec![own] } else { Vec::new() };
            resources.push(bucket(&name, &statements, ""));
        }
        resources
    };
    assert_gains(&of(&[deny(&[GET, r#""Resource": "arn:aws:s3:::*""#])]), &of(&[]));
}

/// A role that is added has what the policies of others gave its name.
#[test]
fn a_new_role_has_what_waits_for_it() {
    let principal = format!(r#""Principal": {{"AWS": "{ONE}"}}"#);
    let open = bucket("data", &[allow(&[&principal, GET, OBJECTS])], "");
    let before = [open.clone()];
    assert_gains(&before, &[open, role(&[])]);
}

/// A policy whose content another stack exports may allow anything.
#[test]
fn a_policy_that_is_known_only_at_deployment_may_allow_more() {
    let before = role(&[allow(&[GET, OBJECTS])]);
    let statement = allow(&[GET, OBJECTS]);
    let after = before.replace(&document(&[statement]), r#"{"Fn::ImportValue": "policy"}"#);
    assert_ne!(before, after);
    let found = relations(&[before], &[after]);
    // What the first policy allowed is lost unless the second one allows it as well.
    assert_eq!(found.get(ONE), Some(&Relation::Unknown), "{found:?}");
}
