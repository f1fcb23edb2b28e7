//! Tests of what one more document takes of a policy.

use lakewright_template::read;

use super::*;

/// A policy of these statements, as a template has it.
fn policy(statements: &str) -> Value {
    let text = format!(
        r#"{{"Resources": {{"One": {{"Type": "AWS::S3::BucketPolicy", "Properties": {{
            "PolicyDocument": {{"Statement": [{statements}]}}}}}}}}}}"#
    );
    let template = read::template(&text).expect("a template");
    let resource = template.resources.values().next().expect("a resource");
    resource.properties.get("PolicyDocument").expect("a policy").clone()
}

fn allow(principals: &str, more: &str) -> String {
    format!(
        r#"{{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*", "Principal": {principals}{more}}}"#
    )
}

const READER: &str = r#""arn:aws:iam::111122223333:role/reader""#;
const WRITER: &str = r#""arn:aws:iam::111122223333:role/writer-of-much""#;

#[test]
fn neither_the_account_nor_everybody_is_a_principal_that_grows() {
    for principals in [
        r#"{"AWS": "*"}"#,
        r#"{"AWS": "arn:aws:iam::111122223333:root"}"#,
        r#"{"Service": "logs.amazonaws.com"}"#,
    ] {
        assert_eq!(largest_principal(&policy(&allow(principals, ""))), 0, "{principals}");
    }
    assert_eq!(largest_principal(&policy("")), 0);
}

#[test]
fn who_stands_alone_in_a_statement_takes_all_of_it_and_else_its_own_name() {
    let alone = policy(&allow(&format!(r#"{{"AWS": {READER}}}"#), ""));
    let [statement] = statements(&alone).collect::<Vec<_>>()[..] else {
        unreachable!("one statement")
    };
    // A comma stands between two statements, and between two principals.
    assert_eq!(largest_principal(&alone), characters(statement) + 1);
    let both = policy(&allow(&format!(r#"{{"AWS": [{READER}, {WRITER}]}}"#), ""));
    assert_eq!(largest_principal(&both), WRITER.len() + 1);
}

#[test]
fn a_principal_takes_what_all_statements_say_of_it() {
    let one = allow(&format!(r#"{{"AWS": [{READER}, {WRITER}]}}"#), "");
    let twice = policy(&format!("{one}, {one}"));
    assert_eq!(largest_principal(&twice), 2 * (WRITER.len() + 1));
}

#[test]
fn a_policy_gives_way_once() {
    // "Nearly full policies and stacks" in `docs/stacks/dataset.md`.
    let under = |operator: &str, key: &str| {
        let condition = format!(r#", "Condition": {{"{operator}": {{"{key}": "x"}}}}"#);
        policy(&allow(&format!(r#"{{"AWS": {READER}}}"#), &condition))
    };
    let folders = under("StringEquals", "s3:DataAccessPointArn");
    assert_eq!(gives_way("bucket", &folders), Some("folders are left to their access points"));
    assert_eq!(gives_way("bucket", &under("ArnLike", "s3:DataAccessPointArn")), None);
    assert_eq!(gives_way("bucket", &policy(&allow(r#"{"AWS": "*"}"#, ""))), None, "no folders");
    let roles = under("StringEquals", "kms:ViaService");
    assert_eq!(gives_way("key", &roles), Some("roles are known by their tag"));
    let tagged = under("StringEquals", "aws:PrincipalTag/lakewright:role");
    assert_eq!(gives_way("key", &tagged), None);
}
