use lakewright_analysis::comparison::actions;
use lakewright_template::{Template, read};

use super::*;

fn template(statements: &str) -> Template {
    let text = format!(
        "Resources:\n  P:\n    Type: AWS::IAM::ManagedPolicy\n    Properties:\n      PolicyDocument: {{Statement: [{statements}]}}\n"
    );
    read::template(&text).expect("a template")
}

fn difference(old: &str, new: &str) -> Difference {
    actions(&template(old), &template(new))
}

const ALLOW: &str = "{Effect: Allow, Action: ['s3:GetObject', 's3:PutObject'], Resource: b}";
const DENY: &str = "{Effect: Deny, Action: 's3:PutObject', Resource: b}";

#[test]
fn equal_statements_have_no_difference() {
    let same = difference(ALLOW, ALLOW);
    assert!(same.said.is_empty() && same.only_removes());
}

#[test]
fn what_is_allowed_elsewhere_or_denied_no_longer_is_more() {
    let fewer = difference(ALLOW, "{Effect: Allow, Action: 's3:GetObject', Resource: b}");
    assert!(fewer.only_removes());
    assert!(to_text(&fewer).contains("removed: 1\n  - s3:PutObject in P\n      - on b\n"));
    let elsewhere = difference(ALLOW, &ALLOW.replace("Resource: b", "Resource: c"));
    assert!(!elsewhere.only_removes());
    let text = to_text(&elsewhere);
    // Two actions of one statement are said together.
    let expected = "  ~ s3:GetObject, s3:PutObject in P\n      - on b\n      + on c\n";
    assert!(text.contains(expected), "{text}");
    let both = format!("{ALLOW}, {DENY}");
    assert!(difference(ALLOW, &both).only_removes());
    let freed = difference(&both, ALLOW);
    assert!(!freed.only_removes());
    assert!(to_text(&freed).contains("denied no longer: 1\n  - s3:PutObject in P\n"));
    // A denial of everything but some actions is one.
    let others = "{Effect: Deny, NotAction: ['s3:GetObject'], Resource: '*'}";
    assert!(!difference(others, "").only_removes());
}

#[test]
fn roles_are_said_by_name() {
    let template = |action: &str| {
        let text = format!(
            "Resources:\n  ExecutionRole731687B3:\n    Type: AWS::IAM::Role\n    Properties:\n      RoleName: lab-execution\n  \
             P:\n    Type: AWS::IAM::ManagedPolicy\n    Properties:\n      Roles: [{{Ref: ExecutionRole731687B3}}]\n      \
             PolicyDocument: {{Statement: [{{Effect: Allow, Action: '{action}', Resource: b}}]}}\n"
        );
        read::template(&text).expect("a template")
    };
    let text = to_text(&actions(&template("s3:GetObject"), &template("s3:PutObject")));
    assert!(text.contains("+ s3:PutObject by role lab-execution\n      + on b\n"), "{text}");
    assert!(!text.contains("Ref"), "{text}");
}

#[test]
fn what_a_role_has_or_is_held_by_counts() {
    let role = |id: &str, boundary: &str, statement: &str| {
        format!(
            "  {id}:\n    Type: AWS::IAM::Role\n    Properties:\n      RoleName: {id}\n{boundary}      Policies: [{{PolicyDocument: {{Statement: [{statement}]}}}}]\n"
        )
    };
    let both = |one: String, other: String| {
        read::template(&format!("Resources:\n{one}{other}")).expect("a template")
    };
    let bound = "      PermissionsBoundary: b\n";
    let old = both(role("Deploy", bound, DENY), role("Execution", bound, DENY));
    // The same denial stands on another role still.
    let freed = actions(&old, &both(role("Deploy", bound, DENY), role("Execution", bound, ALLOW)));
    assert!(!freed.only_removes() && to_text(&freed).contains("- s3:PutObject"));
    let unbound = actions(&old, &both(role("Deploy", "", DENY), role("Execution", bound, DENY)));
    assert!(!unbound.only_removes());
    assert!(to_text(&unbound).contains("attached: 1\n  - PermissionsBoundary of Deploy: \"b\"\n"));
}
