use lakewright_access::world::{OnUnresolved, Piece, StackTemplate};
use lakewright_template::place::Place;
use lakewright_template::read;

use super::*;

fn breaches(template: &str) -> Vec<Breach> {
    let template = read::template(template).expect("the sample is a template");
    let place = Place::parse("111122223333", "eu-west-1").expect("a place");
    let stack = StackTemplate {
        address: "sample",
        place: &place,
        template: &template,
        unresolved: OnUnresolved::Placeholder,
    };
    let mut found = check(&World::of(vec![Piece::of(stack).expect("the sample has policies")]));
    found.extend(lakeformation(&[stack]));
    found
}

#[test]
fn a_permission_that_moves_is_found_and_one_that_changes_is_not() {
    let template = |id: &str, right: &str| {
        let text = format!(
            "Resources: {{{id}: {{Type: AWS::LakeFormation::PrincipalPermissions, Properties: {{Permissions: [{right}], \
                 PermissionsWithGrantOption: [], Principal: {{DataLakePrincipalIdentifier: r}}, \
                 Resource: {{Table: {{CatalogId: c, DatabaseName: d, Name: t}}}}}}}}}}"
        );
        read::template(&text).expect("a template")
    };
    let place = Place::parse("111122223333", "eu-west-1").expect("a place");
    let stack = |template| StackTemplate {
        address: "sample",
        place: &place,
        template,
        unresolved: OnUnresolved::Placeholder,
    };
    let (before, same, other) =
        (template("A", "SELECT"), template("A", "INSERT"), template("B", "SELECT"));
    assert!(moved(&[stack(&before)], &[stack(&same)]).is_empty());
    let found = moved(&[stack(&before)], &[stack(&other)]);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].rule, Guardrail::PermissionTwice);
    assert_eq!(found[0].origin.logical_id, "B");
}

#[test]
fn users_groups_and_policies_without_a_role_are_looked_at_too() {
    const ALL: &str = r#"{Version: "2012-10-17", Statement: [{Effect: Allow, Action: "s3:GetObject", Resource: "*"}]}"#;
    for resource in [
        format!(
            "{{Type: AWS::IAM::User, Properties: {{Policies: [{{PolicyName: p, PolicyDocument: {ALL}}}]}}}}"
        ),
        format!(
            "{{Type: AWS::IAM::Group, Properties: {{Policies: [{{PolicyName: p, PolicyDocument: {ALL}}}]}}}}"
        ),
        format!(
            "{{Type: AWS::IAM::UserPolicy, Properties: {{UserName: u, PolicyDocument: {ALL}}}}}"
        ),
        format!(
            "{{Type: AWS::IAM::GroupPolicy, Properties: {{GroupName: g, PolicyDocument: {ALL}}}}}"
        ),
        format!("{{Type: AWS::IAM::Policy, Properties: {{Users: [u], PolicyDocument: {ALL}}}}}"),
        format!("{{Type: AWS::IAM::ManagedPolicy, Properties: {{PolicyDocument: {ALL}}}}}"),
    ] {
        assert_eq!(breaches(&format!("Resources: {{X: {resource}}}")).len(), 1, "{resource}");
    }
}

const ROOT: &str = r#"AWS: "arn:aws:iam::111122223333:root""#;

fn role(id: &str, trust: &str, statements: &str) -> String {
    format!(
        r#"  {id}:
    Type: AWS::IAM::Role
    Properties:
      RoleName: {id}
      AssumeRolePolicyDocument: {{ Version: "2012-10-17", Statement: [{{ Effect: Allow, Action: "sts:AssumeRole", {trust} }}] }}
      Policies: [{{ PolicyName: p, PolicyDocument: {{ Version: "2012-10-17", Statement: [{statements}] }} }}]
"#
    )
}

fn arn(name: &str) -> String {
    format!("arn:aws:iam::111122223333:role/{name}")
}

/// What the statements of a role break.
fn of_role(statements: &str) -> Vec<Breach> {
    breaches(&format!(
        "Resources:\n{}",
        role("own", &format!("Principal: {{ {ROOT} }}"), statements)
    ))
}

#[test]
fn conditions_that_limit_nothing_are_none() {
    let service = |service: &str, condition: &str| {
        let trust = format!("Principal: {{ Service: {service} }}, Condition: {{ {condition} }}");
        let statement =
            r#"{ Effect: Allow, Action: "s3:GetObject", Resource: "arn:aws:s3:::b/k" }"#;
        let found = breaches(&format!("Resources:\n{}", role("own", &trust, statement)));
        found.iter().any(|breach| breach.rule == Guardrail::ServiceWithoutSource)
    };
    for (condition, is_found) in [
        (r#"Null: { "aws:SourceAccount": "true" }"#, true),
        (r#"Null: { "aws:SourceAccount": "false" }"#, true),
        (r#"ArnLike: { "aws:SourceArn": "arn:aws:*:*:*:*" }"#, true),
        (r#"ArnLike: { "aws:SourceArn": "arn:aws:glue:eu-west-1:111122223333:*" }"#, false),
        (r#"StringEqualsIfExists: { "aws:SourceAccount": "111122223333" }"#, false),
    ] {
        assert_eq!(service("glue.amazonaws.com", condition), is_found, "{condition}");
    }
    assert!(!service("ec2.amazonaws.com", ""), "instances are of the account of their role");
    let everybody = |condition: &str| {
        let found = breaches(&format!(
            r#"Resources: {{ B: {{ Type: AWS::S3::BucketPolicy, Properties: {{ Bucket: b, PolicyDocument: {{ Version: "2012-10-17", Statement: [
                    {{ Effect: Allow, Principal: "*", Action: "s3:GetObject", Resource: "arn:aws:s3:::b/*", Condition: {{ {condition} }} }}] }} }} }} }}"#
        ));
        found.iter().any(|breach| breach.rule == Guardrail::WildcardPrincipal)
    };
    for (condition, is_found) in [
        (r#"Null: { "aws:PrincipalArn": "false" }"#, true),
        (r#"ArnLike: { "aws:PrincipalArn": "arn:aws:iam::*:role/*" }"#, true),
        (r#"ArnLike: { "aws:PrincipalArn": "arn:aws:iam::111122223333:role/*" }"#, false),
    ] {
        assert_eq!(everybody(condition), is_found, "{condition}");
    }
}

#[test]
fn statements_about_nothing_are_found() {
    let rules = |statement: &str| -> Vec<Guardrail> {
        of_role(statement).into_iter().map(|breach| breach.rule).collect()
    };
    let void = Guardrail::ActionWithoutResource;
    let foreign = Guardrail::ForeignConditionKey;
    for (statement, expected) in [
        (r#"{ Effect: Deny, Action: "s3:GetObject", Resource: "arn:aws:s3:::b" }"#, vec![void]),
        (r#"{ Effect: Deny, Action: "s3:GetObject", Resource: "arn:aws:s3:::b/*" }"#, vec![]),
        (
            r#"{ Effect: Allow, Action: "s3:GetObject", Resource: ["arn:aws:s3:::b/*", "arn:aws:sns:eu-west-1:111122223333:t"] }"#,
            vec![void],
        ),
        (
            r#"{ Effect: Deny, Action: "s3:*", Resource: "*", Condition: { StringEquals: { "kms:ViaService": "s3" } } }"#,
            vec![foreign],
        ),
        (
            r#"{ Effect: Deny, Action: "s3:*", Resource: "*", Condition: { StringEquals: { "s3:prefix": "a" } } }"#,
            vec![],
        ),
        (
            r#"{ Effect: Allow, Action: "iam:PutUserPolicy", Resource: "arn:aws:iam::111122223333:user/*" }"#,
            vec![Guardrail::IamWithoutBoundary],
        ),
    ] {
        assert_eq!(rules(statement), expected, "{statement}");
    }
}

#[test]
fn roles_that_deploy_or_assume_in_a_circle_are_found() {
    let pass = |service: &str, action: &str, condition: &str| {
        let statements = format!(
            r#"{{ Effect: Allow, Action: "iam:PassRole", Resource: "{}", Condition: {{ StringEquals: {{ "iam:PassedToService": {service} }} }} }},
                   {{ Effect: Allow, Action: "{action}", Resource: "*", Condition: {{ {condition} }} }}"#,
            arn("other")
        );
        let other = format!(
            r#"Principal: {{ Service: {service} }}, Condition: {{ StringEquals: {{ "aws:SourceAccount": "111122223333" }} }}"#
        );
        let own = role("own", &format!("Principal: {{ {ROOT} }}"), &statements);
        let found = breaches(&format!("Resources:\n{own}{}", role("other", &other, "")));
        found.iter().any(|breach| breach.rule == Guardrail::PassAndCreate)
    };
    assert!(pass("cloudformation.amazonaws.com", "cloudformation:CreateStack", ""));
    let named = format!(r#"ArnEquals: {{ "cloudformation:RoleArn": "{}" }}"#, arn("other"));
    assert!(!pass("cloudformation.amazonaws.com", "cloudformation:CreateChangeSet", &named));
    assert!(pass("glue.amazonaws.com", "glue:CreateSession", ""));

    let circles = |trust: &dyn Fn(&str) -> String, next: [(&str, &str); 3]| {
        let roles = next.map(|(from, to)| {
            let assume = format!(
                r#"{{ Effect: Allow, Action: "sts:AssumeRole", Resource: "{}" }}"#,
                arn(to)
            );
            role(from, &trust(from), &assume)
        });
        let found = breaches(&format!("Resources:\n{}", roles.concat()));
        found.iter().filter(|breach| breach.rule == Guardrail::AssumeBack).count()
    };
    let root = |_: &str| format!("Principal: {{ {ROOT} }}");
    assert_eq!(circles(&root, [("a", "b"), ("b", "c"), ("c", "a")]), 1);
    assert_eq!(circles(&root, [("a", "b"), ("b", "c"), ("c", "d")]), 0);
    let only_a = |_: &str| {
        format!(
            r#"Principal: {{ {ROOT} }}, Condition: {{ ArnEquals: {{ "aws:PrincipalArn": "{}" }} }}"#,
            arn("a")
        )
    };
    assert_eq!(circles(&only_a, [("a", "b"), ("b", "a"), ("c", "a")]), 0);
    // Named, but under a condition that another role meets, or excepted, or for another action.
    for trust in [
        r#"Principal: { AWS: ["NAMED"] }, Condition: { ArnEquals: { "aws:PrincipalArn": "OTHER" } }"#,
        r#"Principal: { AWS: ["NAMED"] }, Condition: { ArnNotEquals: { "aws:PrincipalArn": "NAMED" } }"#,
    ] {
        let trust = |from: &str| {
            let named = if from == "a" { "b" } else { "a" };
            trust.replace("NAMED", &arn(named)).replace("OTHER", &arn("z"))
        };
        assert_eq!(circles(&trust, [("a", "b"), ("b", "a"), ("c", "c")]), 0);
    }
    let named = |from: &str| {
        let named = if from == "a" { "b" } else { "a" };
        format!(r#"Principal: {{ AWS: "{}" }}"#, arn(named))
    };
    assert_eq!(circles(&named, [("a", "b"), ("b", "a"), ("c", "c")]), 1);
    let denied = format!(
        "Resources:\n{}{}",
        role("a", &named("a"), r#"{ Effect: Deny, Action: "sts:AssumeRole", Resource: "*" }"#),
        role("b", &named("b"), "")
    );
    assert!(!breaches(&denied).iter().any(|breach| breach.rule == Guardrail::AssumeBack));
    let tags = r#"Resources: { R: { Type: AWS::IAM::Role, Properties: { RoleName: r, Tags: [{ Key: Team, Value: a }, { Key: team, Value: b }], AssumeRolePolicyDocument: { Version: "2012-10-17", Statement: [] } } } }"#;
    assert_eq!(breaches(tags).iter().map(|one| one.rule).collect::<Vec<_>>(), [Guardrail::TagCase]);
}

#[test]
fn everything_is_found_however_it_is_written() {
    let rules = |action: &str, resource: &str, condition: &str| -> Vec<Guardrail> {
        let statement = format!(
            r#"{{ Effect: Allow, Action: "{action}", Resource: "{resource}", Condition: {{ {condition} }} }}"#
        );
        of_role(&statement).into_iter().map(|breach| breach.rule).collect()
    };
    for all in ["*", "**", "arn:*", "arn:aws:s3", "arn:aws:s3:*:*:*", "arn:aws:s3:::*/*"] {
        assert_eq!(rules("s3:GetObject", all, ""), [Guardrail::WildcardResource], "{all}");
    }
    for all in ["arn:aws:iam::111122223333:*", "arn:aws:iam::111122223333:role/?*"] {
        assert_eq!(rules("sts:AssumeRole", all, ""), [Guardrail::AssumeAnyRole], "{all}");
        let service = r#"StringEquals: { "iam:PassedToService": glue.amazonaws.com }"#;
        assert_eq!(rules("iam:PassRole", all, service), [Guardrail::PassAnyRole], "{all}");
    }
    // One name in any account, when the roles ask for an id.
    let id = r#"StringEquals: { "sts:ExternalId": mesh-1 }"#;
    let (named, pattern) = ("arn:aws:iam::*:role/deploy", "arn:aws:iam::*:role/deploy-*");
    assert_eq!(rules("sts:AssumeRole", named, id), []);
    assert_eq!(rules("sts:AssumeRole", named, ""), [Guardrail::AssumeAnyRole]);
    assert_eq!(rules("sts:AssumeRole", pattern, id), [Guardrail::AssumeAnyRole]);
    let own = arn("own");
    let service = r#"StringEqualsIfExists: { "iam:PassedToService": glue.amazonaws.com }"#;
    assert_eq!(rules("iam:PassRole", &own, service), []);
    let attach = |policy: &str| {
        let listed = format!(r#"ArnLike: {{ "iam:PolicyARN": "{policy}" }}"#);
        rules("iam:AttachRolePolicy", &arn("app-*"), &listed)
    };
    assert_eq!(attach("arn:aws:iam::aws:policy/*"), [Guardrail::IamWithoutBoundary]);
    assert_eq!(attach("arn:aws:iam::aws:policy/ReadOnlyAccess"), []);
    // One stack, whose id nobody knows beforehand, and an action that is about no resource.
    let stack = "arn:aws:cloudformation:eu-west-1:111122223333:stack/mine/*";
    assert_eq!(rules("cloudformation:UpdateStack", stack, ""), []);
    assert_eq!(rules("cloudformation:UpdateStack", &stack.replace("mine", "*"), "").len(), 1);
    assert_eq!(rules("route53:ListHostedZones", "*", ""), []);
}

#[test]
fn what_is_no_value_is_left_out_beside_what_is_not_known() {
    let template = r#"Resources: { P: { Type: AWS::IAM::RolePolicy, Properties: { PolicyName: p, RoleName: r, PolicyDocument: { Version: "2012-10-17", Statement: [
            { Effect: Allow, Action: "sqs:*", Resource: [{ "Fn::ImportValue": queue }, { Ref: "AWS::NoValue" }] }] } } } }"#;
    let found: Vec<Guardrail> = breaches(template).iter().map(|breach| breach.rule).collect();
    assert_eq!(found, [Guardrail::WildcardAction]);
}

#[test]
fn documents_of_types_that_are_not_known_are_looked_at_too() {
    const OPEN: &str = r#"{ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow", "Principal": "*", "Action": "ecr:BatchGetImage", "Resource": "*" }] }"#;
    let rules = |kind: &str, properties: &str| -> Vec<Guardrail> {
        let found = breaches(&format!(
            "Resources: {{ X: {{ Type: {kind}, Properties: {{ {properties} }} }} }}"
        ));
        found.into_iter().map(|breach| breach.rule).collect()
    };
    let everybody = [Guardrail::WildcardPrincipal];
    for (kind, property) in [
        ("AWS::ECR::Repository", "RepositoryPolicyText"),
        ("AWS::EFS::FileSystem", "FileSystemPolicy"),
        ("AWS::OpenSearchService::Domain", "AccessPolicies"),
    ] {
        assert_eq!(rules(kind, &format!("{property}: {OPEN}")), everybody, "{kind}");
    }
    let table = format!("ResourcePolicy: {{ PolicyDocument: {OPEN} }}");
    assert_eq!(rules("AWS::DynamoDB::Table", &table), everybody);
    let text = format!("PolicyDocument: '{OPEN}'");
    assert_eq!(rules("AWS::Logs::ResourcePolicy", &text), everybody);
    let inline = r#"InlinePolicy: { Version: "2012-10-17", Statement: [{ Effect: Allow, Action: "s3:GetObject", Resource: "*" }] }"#;
    let set = rules("AWS::SSO::PermissionSet", inline);
    assert_eq!(set, [Guardrail::WildcardResource]);
    let function = |principal: &str, more: &str| {
        let properties = format!(
            "Action: 'lambda:InvokeFunction', FunctionName: f, Principal: {principal}{more}"
        );
        rules("AWS::Lambda::Permission", &properties)
    };
    assert_eq!(function("'*'", ""), everybody);
    assert_eq!(function("s3.amazonaws.com", ""), [Guardrail::ServiceWithoutSource]);
    assert_eq!(function("s3.amazonaws.com", ", SourceAccount: '111122223333'"), []);
    // What only lets through gives nothing.
    assert_eq!(rules("AWS::EC2::VPCEndpoint", &format!("PolicyDocument: {OPEN}")), []);
}

fn sample(page: &str, heading: &str) -> String {
    let (_, rest) = page.split_once(&format!("## {heading}\n")).expect("the heading");
    let (_, rest) = rest.split_once("```yaml\n").expect("a sample");
    rest.split_once("```").expect("its end").0.to_owned()
}

#[test]
fn each_page_shows_a_breach_and_how_it_is_mended() {
    let mut wrong = Vec::new();
    for rule in Guardrail::ALL {
        let page = rule.page();
        assert!(page.starts_with(&format!("# {}\n", rule.code())), "{rule:?}");
        assert_eq!(Guardrail::parse(rule.code()), Some(*rule));
        let found = breaches(&sample(page, "Wrong"));
        if !found.iter().any(|breach| breach.rule == *rule) {
            wrong.push(format!("{}: the wrong sample is not found", rule.code()));
        }
        let left = breaches(&sample(page, "Right"));
        if !left.is_empty() {
            wrong.push(format!("{}: the right sample is found: {left:?}", rule.code()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
