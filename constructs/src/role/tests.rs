use lakewright_template::write::value_to_compact_json;

use super::*;
use crate::testing::{Built, ELSEWHERE, account, built};

const ROLE: &str = "AWS::IAM::Role";

fn place() -> Place {
    Place::parse("222222222222", "eu-west-1").expect("a place")
}

fn later(account: &str, name: &str) -> Trust {
    Trust::Later {
        arn: format!("arn:aws:iam::{account}:role/{name}"),
        name: format!("build/{name}"),
    }
}

fn document(trust: &[Trust]) -> String {
    value_to_compact_json(&trust_document(trust, &place()).expect("whole statements"))
}

fn orders(trust: Vec<Trust>) -> Role {
    Role {
        name: "orders".to_owned(),
        description: "Reads and writes orders".to_owned(),
        grantee: "dataset-role/orders".to_owned(),
        trust,
        policies: Policies::Inline("access".to_owned()),
        boundary: None,
        tags: Vec::new(),
    }
}

/// A stack with one role.
fn stack_of(role: Role) -> Built {
    built(|scope| {
        scope.add("Role", role);
    })
}

fn glue() -> Vec<Trust> {
    vec![Trust::Service(Service::GLUE)]
}

fn external() -> Trust {
    Trust::External {
        account: account(ELSEWHERE),
        roles: vec!["arn:aws:iam::444455556666:role/deploy".to_owned()],
        external_id: "a-secret".to_owned(),
    }
}

/// "You can specify more than one service principal", and a condition key with several values is met by one of them:
/// "AWS JSON policy elements: Principal" and "Conditions with multiple context keys or values" in the IAM user guide.
#[test]
fn what_differs_in_services_or_in_later_roles_is_one_statement() {
    let text = document(&[
        Trust::Service(Service::GLUE),
        Trust::Service(Service::STEP_FUNCTIONS),
        Trust::Service(Service::DATABREW),
        Trust::Service(Service::CODEBUILD),
        later("222222222222", "one"),
        later("222222222222", "two"),
        later("333333333333", "far"),
    ]);
    let statement = |condition: &str, principal: &str, sid: &str| {
        format!(
            r#"{{"Action":"sts:AssumeRole","Condition":{condition},"Effect":"Allow","Principal":{principal},"Sid":"{sid}"}}"#
        )
    };
    let expected = [
        statement(
            r#"{"ArnEquals":{"aws:PrincipalArn":["arn:aws:iam::222222222222:role/one","arn:aws:iam::222222222222:role/two"]}}"#,
            r#"{"AWS":"arn:aws:iam::222222222222:root"}"#,
            "Later",
        ),
        statement(
            r#"{"ArnEquals":{"aws:PrincipalArn":"arn:aws:iam::333333333333:role/far"}}"#,
            r#"{"AWS":"arn:aws:iam::333333333333:root"}"#,
            "Later333333333333",
        ),
        statement(
            r#"{"StringEquals":{"aws:SourceAccount":"222222222222"}}"#,
            r#"{"Service":["codebuild.amazonaws.com","states.amazonaws.com"]}"#,
            "Services",
        ),
        statement(
            r#"{"StringEqualsIfExists":{"aws:SourceAccount":"222222222222"}}"#,
            r#"{"Service":["databrew.amazonaws.com","glue.amazonaws.com"]}"#,
            "ServicesIfSent",
        ),
    ]
    .join(",");
    assert_eq!(text, format!(r#"{{"Statement":[{expected}],"Version":"2012-10-17"}}"#));
}

#[test]
fn a_statement_for_one_service_has_its_name() {
    let text = document(&[Trust::Service(Service::GLUE), Trust::Service(Service::LAKE_FORMATION)]);
    assert!(text.contains(r#""Sid":"ServiceGlue""#), "{text}");
    assert!(text.contains(r#""Sid":"ServiceLakeformation""#), "{text}");
}

#[test]
fn a_trust_policy_is_measured_as_it_is_written() {
    let trust = [Trust::Service(Service::GLUE), later("222222222222", "one")];
    assert_eq!(trust_characters(&trust, &place()), document(&trust).len());
}

/// "The confused deputy problem" in the IAM user guide: `aws:SourceAccount` restricts a service to one account. Lake
/// Formation documents that it sends the key ("Cross-service confused deputy prevention"); Glue does not.
#[test]
fn a_service_assumes_a_role_for_the_roles_account_only() {
    let trust = vec![Trust::Service(Service::LAKE_FORMATION), Trust::Service(Service::GLUE)];
    let stack = stack_of(orders(trust));
    let expected = |operator: &str, service: &str| {
        format!(
            r#"{{"Action":"sts:AssumeRole","Condition":{{"{operator}":{{"aws:SourceAccount":"111122223333"}}}},"Effect":"Allow","Principal":{{"Service":"{service}.amazonaws.com"}}}}"#
        )
    };
    assert_eq!(
        stack.statement(ROLE, "ServiceLakeformation"),
        expected("StringEquals", "lakeformation")
    );
    assert_eq!(stack.statement(ROLE, "ServiceGlue"), expected("StringEqualsIfExists", "glue"));
    assert_eq!(stack.sids(ROLE), ["ServiceGlue", "ServiceLakeformation"]);
}

/// "Access to AWS accounts owned by third parties" in the IAM user guide: `sts:ExternalId`. The principal `root` stands
/// for the whole account, so `aws:PrincipalArn` restricts it to the roles.
#[test]
fn another_account_needs_the_external_id_and_one_of_the_roles() {
    assert_eq!(
        stack_of(orders(vec![external()])).statement(ROLE, "External0"),
        concat!(
            r#"{"Action":"sts:AssumeRole","#,
            r#""Condition":{"ArnEquals":{"aws:PrincipalArn":"arn:aws:iam::444455556666:role/deploy"},"#,
            r#""StringEquals":{"sts:ExternalId":"a-secret"}},"#,
            r#""Effect":"Allow","Principal":{"AWS":"arn:aws:iam::444455556666:root"}}"#
        )
    );
}

/// "Pass session tags in AWS STS" in the IAM user guide. `sts:TagSession` has no condition key for the external id.
#[test]
fn session_tags_are_an_entry_of_their_own_with_the_keys_that_may_be_passed() {
    let tags = Trust::SessionTags {
        account: account(ELSEWHERE),
        keys: vec!["mesh".to_owned(), "run".to_owned()],
        required: ("mesh".to_owned(), "acme".to_owned()),
    };
    assert_eq!(
        stack_of(orders(vec![external(), tags])).statement(ROLE, "SessionTags1"),
        concat!(
            r#"{"Action":"sts:TagSession","#,
            r#""Condition":{"ForAllValues:StringEquals":{"aws:TagKeys":["mesh","run"]},"#,
            r#""Null":{"aws:TagKeys":"false"},"#,
            r#""StringEquals":{"aws:RequestTag/mesh":"acme"}},"#,
            r#""Effect":"Allow","Principal":{"AWS":"arn:aws:iam::444455556666:root"}}"#
        )
    );
}

/// `docs/proof.md`: `prove` compares the templates with the recorded grants, so each entry of a trust policy is one.
#[test]
fn everybody_who_may_assume_a_role_is_recorded() {
    let stack = stack_of(orders(vec![
        Trust::Service(Service::GLUE),
        later("111122223333", "analysts"),
        external(),
    ]));
    let records = stack.records();
    let found: Vec<(&str, String)> = records
        .iter()
        .filter(|record| record.access == "assume" && record.resource == "dataset-role/orders")
        .map(|record| (record.principal.as_str(), record.conditions.join(", ")))
        .collect();
    let expected = [
        ("service/glue.amazonaws.com", "StringEqualsIfExists aws:SourceAccount 111122223333"),
        ("build/analysts", ""),
        (
            "account/444455556666",
            "ArnEquals aws:PrincipalArn arn:aws:iam::444455556666:role/deploy, StringEquals sts:ExternalId a-secret",
        ),
    ];
    assert_eq!(found, expected.map(|(principal, conditions)| (principal, conditions.to_owned())));
    for record in records {
        assert_eq!(record.resources, ["arn:aws:iam::111122223333:role/orders"]);
    }
}

/// "Permissions boundaries for IAM entities" in the IAM user guide.
#[test]
fn a_boundary_is_set_and_recorded() {
    let boundary = "arn:aws:iam::111122223333:policy/boundary".to_owned();
    let stack = stack_of(Role { boundary: Some(boundary.clone()), ..orders(glue()) });
    assert_eq!(stack.property(ROLE, "PermissionsBoundary"), format!(r#""{boundary}""#));
    let records = stack.records();
    let bounded = records.iter().find(|record| record.access == "bounded");
    assert_eq!(bounded.map(|record| &record.resources), Some(&vec![boundary]));
    let without = stack_of(orders(glue()));
    assert_eq!(without.property(ROLE, "PermissionsBoundary"), "");
    assert!(without.records().iter().all(|record| record.access != "bounded"));
}

/// "CreateRole" in the IAM API reference: a description has at most 1,000 characters, each of tab, line feed, carriage
/// return, `\u0020-\u007E` and `\u00A1-\u00FF`.
#[test]
fn a_description_has_only_characters_that_iam_accepts() {
    assert_eq!(printable("Orders\tof É 元帳"), "Orders of É ");
    let long = printable(&"é\u{7f}元\u{a0}".repeat(600));
    assert_eq!(long.chars().count(), 1_000);
    assert!(long.chars().all(|one| matches!(one, ' ' | 'é')), "{long}");
}
