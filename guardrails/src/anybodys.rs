//! Guardrails on forms that anybody's templates have.

use lakewright_access::world::{OnUnresolved, Piece, StackTemplate};
use lakewright_template::place::Place;
use lakewright_template::read;
use lakewright_template::resolve::Others;

use super::*;

fn rules(template: &str) -> Vec<Guardrail> {
    let template = read::template(template).unwrap_or_else(|error| panic!("{error}: {template}"));
    let place = Place::parse("111122223333", "eu-west-1").expect("a place");
    let unresolved = OnUnresolved::Placeholder;
    let stack = StackTemplate { address: "sample", place: &place, template: &template, unresolved };
    let piece = Piece::among(stack, &Others::default()).expect("policies");
    let found = check(&World::of(vec![piece]));
    let rules: BTreeSet<Guardrail> = found.into_iter().map(|breach| breach.rule).collect();
    rules.into_iter().collect()
}

fn trust(provider: &str, conditions: &str) -> String {
    format!(
        r#"Resources:
  Provider: {{Type: AWS::IAM::OIDCProvider, Properties: {{Url: "https://token.actions.githubusercontent.com"}}}}
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Version: "2012-10-17"
        Statement: [{{Effect: Allow, Action: "sts:AssumeRoleWithWebIdentity", Principal: {{Federated: {provider}}}, Condition: {{{conditions}}}}}]
"#
    )
}

/// Source: "Identity provider controls for shared OIDC providers" and "Available keys for AWS web identity federation" in the
/// IAM user guide.
#[test]
fn a_provider_is_held_to_one_owner() {
    let github = "token.actions.githubusercontent.com";
    let sub = |value: &str| format!(r#"StringLike: {{"{github}:sub": "{value}"}}"#);
    let audience = format!(r#"StringEquals: {{"{github}:aud": sts.amazonaws.com}}"#);
    let open = vec![Guardrail::OpenFederation];
    let own = "arn:aws:iam::111122223333:oidc-provider/id.example.com/data";
    let of_somebody =
        r#"StringEquals: {"id.example.com/data:aud": "one", "id.example.com/data:sub": "ann"}"#;
    for (provider, conditions, expected) in [
        ("!Ref Provider", audience.clone(), open.clone()),
        ("!GetAtt Provider.Arn", audience.clone(), open.clone()),
        ("!If [Any, !Ref Provider, !Ref Provider]", audience, open.clone()),
        ("!Ref Provider", sub("repo:acme/*"), vec![]),
        ("!Ref Provider", sub("repo:acme*"), open.clone()),
        ("!Ref Provider", sub("repo:acme*/app:*"), open.clone()),
        ("!Ref Provider", sub("*"), open.clone()),
        ("accounts.google.com", String::new(), open.clone()),
        (
            "accounts.google.com",
            r#"StringEquals: {"accounts.google.com:aud": "one"}"#.to_owned(),
            vec![],
        ),
        ("!Ref Provider", sub("*:ref:refs/heads/main"), open.clone()),
        // "Authenticating with OpenID Connect" of other services: the owner stands before a colon.
        ("!Ref Provider", sub("organization:acme:project:*"), vec![]),
        ("arn:aws:iam::111122223333:saml-provider/own", String::new(), open.clone()),
        (
            "arn:aws:iam::111122223333:saml-provider/own",
            r#"StringEquals: {"SAML:aud": "https://signin.aws.amazon.com/saml"}"#.to_owned(),
            vec![],
        ),
        (own, r#"StringEquals: {"id.example.com/data:aud": "one"}"#.to_owned(), open),
        (own, of_somebody.to_owned(), vec![]),
        (own, of_somebody.replace("data:sub", "other:sub"), vec![Guardrail::ForeignConditionKey]),
    ] {
        let mut role = trust(provider, &conditions);
        if provider.contains(":saml-provider/") {
            role = role.replace("AssumeRoleWithWebIdentity", "AssumeRoleWithSAML");
        }
        assert_eq!(rules(&role), expected, "{provider} {conditions}");
    }
}

/// Sources: the pages of the types in the AWS SAM developer guide and in the CloudFormation template reference.
#[test]
fn what_is_open_is_found_in_each_form() {
    let everybody = [Guardrail::WildcardPrincipal];
    let open = r#"{Effect: Allow, Principal: "*", Action: "execute-api:Invoke", Resource: "*"}"#;
    for resource in [
        r#"{Type: AWS::Serverless::Function, Properties: {AssumeRolePolicyDocument: {Version: "2012-10-17", Statement: [{Effect: Allow, Principal: "*", Action: "sts:AssumeRole"}]}}}"#.to_owned(),
        "{Type: AWS::Serverless::Function, Properties: {FunctionUrlConfig: {AuthType: NONE}}}".to_owned(),
        format!("{{Type: AWS::Serverless::Api, Properties: {{Auth: {{ResourcePolicy: {{CustomStatements: [{open}]}}}}}}}}"),
        r#"{Type: AWS::Events::EventBusPolicy, Properties: {StatementId: s, Principal: "*", Action: "events:PutEvents"}}"#.to_owned(),
    ] {
        assert_eq!(rules(&format!("Resources: {{X: {resource}}}")), everybody, "{resource}");
    }
    let held = r#"{Type: AWS::Events::EventBusPolicy, Properties: {StatementId: s, Principal: "*", Action: "events:PutEvents", Condition: {Type: StringEquals, Key: "aws:PrincipalOrgID", Value: o-example}}}"#;
    assert_eq!(rules(&format!("Resources: {{X: {held}}}")), []);
}

/// Forms of the CDK's bootstrap template, of the SAM command line's and of the CDK's `CfnJson`.
#[test]
fn what_is_only_known_at_deployment_is_no_mistake() {
    let role = |parameters: &str, statement: &str| {
        format!(
            r#"Parameters: {{{parameters}}}
Resources:
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument: {{Version: "2012-10-17", Statement: [{statement}]}}
"#
        )
    };
    let account = r#"{Effect: Allow, Action: "sts:AssumeRole", Principal: {AWS: !Ref P}}"#;
    for text in [
        role("P: {Type: CommaDelimitedList, Default: ''}", account),
        role("P: {Type: String, Default: ''}", account),
        role(
            "U: {Type: String}",
            r#"{Effect: Allow, Action: "sts:AssumeRole", Principal: {AWS: "arn:aws:iam::111122223333:root"}, Condition: {StringEquals: {!Sub "${U}:aud": x}}}"#,
        ).replace("{!Sub \"${U}:aud\": x}", "{\"Fn::GetAtt\": [Made, Value]}"),
    ] {
        assert_eq!(rules(&text), [], "{text}");
    }
}

/// Sources: "AWS JSON policy elements: Principal" and "IAM ARNs" in the IAM user guide; the ids are examples of that page.
#[test]
fn who_cannot_be_a_principal_is_a_mistake() {
    let role = |principal: &str| {
        rules(&format!(
            "Resources:\n  Role:\n    Type: AWS::IAM::Role\n    Properties:\n      AssumeRolePolicyDocument: {{Version: \"2012-10-17\", \
             Statement: [{{Effect: Allow, Action: \"sts:AssumeRole\", Principal: {principal}}}]}}\n"
        ))
    };
    for principal in [
        "{}",
        "{AWS: 'arn:aws:iam::12:role/x'}",
        "{AWS: 'arn:aws:iam::abc:root'}",
        "{AWS: 'arn:aws:iam::111122223333:group/x'}",
        "{AWS: 'arn:aws:iam::111122223333:other/x'}",
        "{AWS: 'arn:awz:iam::111122223333:role/x'}",
    ] {
        assert_eq!(role(principal), [Guardrail::MalformedPolicy], "{principal}");
    }
    for principal in [
        "{AWS: 'arn:aws:iam::111122223333:role/path/x'}",
        "{AWS: 'arn:aws-cn:iam::111122223333:user/x'}",
        "{AWS: 'arn:aws:sts::111122223333:assumed-role/x/session'}",
        "{AWS: AIDACKCEVSQ6C2EXAMPLE}",
        "{AWS: !Sub 'arn:${AWS::Partition}:iam::${AWS::AccountId}:root'}",
    ] {
        assert_eq!(role(principal), [], "{principal}");
    }
}

/// Source: "AWS global condition context keys", aws:PrincipalOrgID, in the IAM user guide.
#[test]
fn a_role_is_open_to_an_organization_and_a_bucket_shared_with_it() {
    let statement = "{Effect: Allow, Principal: '*', Action: ACTION, Resource: '*', \
                     Condition: {StringEquals: {'aws:PrincipalOrgID': o-a1b2c3d4e5}}}";
    let bucket = statement.replace("ACTION", "'s3:GetObject'");
    let key = statement.replace("ACTION", "'kms:Decrypt'");
    let of = |kind: &str, more: &str| {
        rules(&format!("Resources:\n  X:\n    Type: {kind}\n    Properties:\n{more}"))
    };
    let document = |statement: &str| format!("{{Version: '2012-10-17', Statement: [{statement}]}}");
    let bucket = format!("      Bucket: b\n      PolicyDocument: {}\n", document(&bucket));
    assert_eq!(of("AWS::S3::BucketPolicy", &bucket), []);
    let root = "{Effect: Allow, Principal: {AWS: 'arn:aws:iam::111122223333:root'}, Action: 'kms:*', Resource: '*'}";
    let key = format!("      KeyPolicy: {}\n", document(&format!("{root}, {key}")));
    assert!(of("AWS::KMS::Key", &key).contains(&Guardrail::OpenOrganization));
}
