use lakewright_template::read;

use super::*;

const ALLOW: &str =
    "{Effect: Allow, Action: ['s3:GetObject', 's3:PutObject'], Resource: 'arn:aws:s3:::b/*'}";
const DENY: &str = "{Effect: Deny, Action: 's3:PutObject', Resource: 'arn:aws:s3:::b/*'}";
const PASS: &str = "{Effect: Allow, Action: 'iam:PassRole', \
                    Resource: ['arn:aws:iam::222222222222:role/a', 'arn:aws:iam::222222222222:role/b'], \
                    Condition: {StringEquals: {'iam:PassedToService': [glue.amazonaws.com, sagemaker.amazonaws.com]}}}";
const BOTH_ROLES: &str = "['arn:aws:iam::222222222222:role/a', 'arn:aws:iam::222222222222:role/b']";

fn address() -> StackAddress {
    StackAddress::parse("222222222222/eu-west-1/bootstrap").expect("an address")
}

/// A role with further properties, and its policy.
fn role(properties: &str, statements: &str) -> Template {
    let text = format!(
        "Resources:\n  R:\n    Type: AWS::IAM::Role\n    Properties:\n      RoleName: r\n{properties}      \
         AssumeRolePolicyDocument: {{Version: '2012-10-17', Statement: []}}\n  P:\n    Type: AWS::IAM::ManagedPolicy\n    \
         Properties:\n      ManagedPolicyName: p\n      Roles: [{{Ref: R}}]\n      PolicyDocument: {{Version: '2012-10-17', \
         Statement: [{statements}]}}\n"
    );
    read::template(&text).expect("a template")
}

fn template(statements: &str) -> Template {
    role("", statements)
}

fn narrows(before: &Template, after: &Template) -> bool {
    only_narrows(&address(), before, after).expect("policies that can be read")
}

#[test]
fn equal_statements_and_fewer_permissions_give_nobody_more() {
    let both = format!("{ALLOW}, {DENY}");
    assert!(narrows(&template(ALLOW), &template(ALLOW)));
    let fewer = "{Effect: Allow, Action: 's3:GetObject', Resource: 'arn:aws:s3:::b/*'}";
    assert!(narrows(&template(ALLOW), &template(fewer)));
    assert!(narrows(&template(ALLOW), &template(&both)));
}

#[test]
fn what_is_allowed_elsewhere_or_denied_no_longer_is_more() {
    let elsewhere = ALLOW.replace(":::b/", ":::c/");
    assert!(!narrows(&template(ALLOW), &template(&elsewhere)));
    let both = format!("{ALLOW}, {DENY}");
    assert!(!narrows(&template(&both), &template(ALLOW)));
    // A denial of everything but some actions.
    let others = format!("{ALLOW}, {{Effect: Deny, NotAction: ['s3:GetObject'], Resource: '*'}}");
    assert!(!narrows(&template(&others), &template(ALLOW)));
}

#[test]
fn what_a_role_has_or_is_held_by_counts() {
    let bound = "      PermissionsBoundary: 'arn:aws:iam::222222222222:policy/b'\n";
    assert!(!narrows(&role(bound, ALLOW), &role("", ALLOW)));
    assert!(narrows(&role("", ALLOW), &role(bound, ALLOW)));
    let attached = "      ManagedPolicyArns: ['arn:aws:iam::aws:policy/AdministratorAccess']\n";
    assert!(!narrows(&role("", ALLOW), &role(attached, ALLOW)));
}

/// Source: "Managed policies and inline policies" in the IAM User Guide: a managed policy is standalone, and can be attached
/// to several roles. The roles that a bootstrap's boundary limits are in other stacks.
#[test]
fn a_policy_of_roles_in_other_stacks_counts() {
    let boundary = |statements: &str| {
        let text = format!(
            "Resources:\n  B:\n    Type: AWS::IAM::ManagedPolicy\n    Properties:\n      ManagedPolicyName: b\n      \
             PolicyDocument: {{Version: '2012-10-17', Statement: [{statements}]}}\n"
        );
        read::template(&text).expect("a template")
    };
    let both = format!("{ALLOW}, {DENY}");
    assert!(!narrows(&boundary(&both), &boundary(ALLOW)));
    assert!(narrows(&boundary(ALLOW), &boundary(&both)));
    assert!(!narrows(&boundary(DENY), &boundary(ALLOW)));
}

fn enough(deployed: &str, needed: &str) -> bool {
    enough_for(&template(deployed), &template(PASS), &template(needed))
}

fn enough_for(deployed: &Template, wanted: &Template, needed: &Template) -> bool {
    is_enough(&address(), deployed, wanted, needed).expect("policies that can be read")
}

fn pass(role: &str) -> String {
    PASS.replace(BOTH_ROLES, &format!("'arn:aws:iam::222222222222:role/{role}'"))
}

#[test]
fn what_allows_more_is_enough() {
    assert!(enough(PASS, PASS));
    assert!(enough(PASS, ""));
    assert!(enough(PASS, &pass("b")));
    assert!(enough(PASS, &PASS.replace("glue.amazonaws.com, ", "")));
    // In two statements as in one, and by a wildcard.
    let apart = format!("{}, {}", pass("a"), pass("b"));
    assert!(enough(&apart, PASS));
    assert!(enough(&pass("*"), PASS));
}

#[test]
fn what_allows_less_or_in_another_way_is_not() {
    assert!(!enough("", PASS));
    assert!(!enough(&pass("b"), PASS));
    assert!(!enough(PASS, &PASS.replace("iam:PassRole", "iam:GetRole")));
    let other = PASS.replace("glue.amazonaws.com", "lambda.amazonaws.com");
    assert!(!enough(&other, PASS));
    // With each value more, a negated operator allows less.
    let negated = PASS.replace("StringEquals", "StringNotEquals");
    assert!(!enough(&negated, &negated.replace("glue.amazonaws.com, ", "")));
    assert!(enough(&negated, &negated));
}

#[test]
fn denials_and_everything_else_are_as_wanted() {
    let denial =
        "{Effect: Deny, Action: 'iam:PassRole', Resource: 'arn:aws:iam::222222222222:role/b'}";
    let denied = format!("{PASS}, {denial}");
    assert!(!enough(&denied, PASS), "denied, and not wanted to be");
    let (wanted, lax) = (template(&denied), template(PASS));
    assert!(!enough_for(&lax, &wanted, &template("")), "no longer denied");
    assert!(enough_for(&wanted, &wanted, &template("")));
    let mut other = template(PASS);
    for resource in other.resources.values_mut().filter(|one| one.kind == "AWS::IAM::Role") {
        resource.properties.insert("RoleName", "other");
    }
    assert!(!enough_for(&other, &template(PASS), &template("")), "another role");
    let mut described = template(PASS);
    described.description = Some("another text".into());
    assert!(enough_for(&described, &template(PASS), &template(PASS)), "another description");
}
