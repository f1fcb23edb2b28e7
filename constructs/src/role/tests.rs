use lakewright_template::write::value_to_compact_json;

use super::*;

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
