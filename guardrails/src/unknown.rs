//! Explains actions that AWS does not have, and suggests existing ones.

use lakewright_access::pattern::matches;
use lakewright_policies::catalogue;
use lakewright_template::resolve::UNKNOWN;

/// Services whose AWS CLI command differs from their service prefix.
///
/// Source: the commands in the AWS CLI's reference, and "(service prefix: ...)" on the service's page of the service
/// authorization reference.
const COMMANDS: [(&str, &str); 20] = [
    ("amp", "aps"),
    ("apigatewayv2", "apigateway"),
    ("cloudhsmv2", "cloudhsm"),
    ("configservice", "config"),
    ("customer-profiles", "profile"),
    ("deploy", "codedeploy"),
    ("docdb", "rds"),
    ("efs", "elasticfilesystem"),
    ("elb", "elasticloadbalancing"),
    ("elbv2", "elasticloadbalancing"),
    ("emr", "elasticmapreduce"),
    ("greengrassv2", "greengrass"),
    ("keyspaces", "cassandra"),
    ("lexv2-models", "lex"),
    ("location", "geo"),
    ("mwaa", "airflow"),
    ("opensearchserverless", "aoss"),
    ("pinpoint", "mobiletargeting"),
    ("sesv2", "ses"),
    ("stepfunctions", "states"),
];

/// Whether AWS may have an action, or one that a pattern matches, that the catalogue lacks.
pub(super) fn may_exist(action: &str) -> bool {
    // The marker for values that are known only at deployment.
    action.contains(UNKNOWN)
        || catalogue::OUTSIDE
            .iter()
            .any(|outside| matches(outside, action) || matches(action, outside))
}

/// Explains an unknown action, with the closest existing one.
pub(super) fn action(name: &str) -> String {
    let lower = name.to_ascii_lowercase();
    let Some((prefix, own)) = lower.split_once(':') else {
        return format!("`{name}` names no service; expected SERVICE:ACTION");
    };
    let Some(service) = catalogue::service(prefix) else { return of_no_service(name, prefix) };
    match nearest(own, service.actions().map(|known| known.name)) {
        Some(like) => format!("{name} does not exist; did you mean {prefix}:{like}?"),
        None => format!("{name} does not exist; expected an action of the service"),
    }
}

/// Explains a pattern, in lower case, that matches no action.
pub(super) fn pattern(pattern: &str) -> String {
    match pattern.split_once(':') {
        Some((prefix, _))
            if !prefix.contains(['*', '?']) && catalogue::service(prefix).is_none() =>
        {
            of_no_service(pattern, prefix)
        }
        _ => format!("{pattern} matches no action that is known"),
    }
}

fn of_no_service(name: &str, prefix: &str) -> String {
    let command = COMMANDS.iter().find(|(command, _)| *command == prefix);
    let like = command.map(|(_, service)| *service);
    match like.or_else(|| nearest(prefix, catalogue::services())) {
        Some(like) => {
            format!("{name} is of a service that is not known here; did you mean {like}?")
        }
        None => format!("{name} is of a service that is not known here"),
    }
}

/// The name closest to `wrong`, which is in lower case. `None` if none is similar.
fn nearest<'n>(wrong: &str, names: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let most = |name: &str| 1 + name.len().min(wrong.len()) / 4;
    // Names of very different lengths are skipped: input of any length must not cost much time.
    let alike = names.filter(|name| name.len().abs_diff(wrong.len()) <= most(name));
    alike
        .map(|name| (strsim::damerau_levenshtein(wrong, &name.to_ascii_lowercase()), name))
        .filter(|(distance, name)| *distance <= most(name))
        .min()
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use lakewright_template::place::Place;
    use lakewright_template::read;

    use super::*;
    use crate::{Guardrail, check};
    use lakewright_access::world::{OnUnresolved, Piece, StackTemplate, World};

    /// What is found in a template of somebody's that allows an action on a resource.
    fn found(action: &str, resource: &str) -> Vec<(Guardrail, String)> {
        let template = format!(
            r#"Resources: {{ P: {{ Type: AWS::IAM::RolePolicy, Properties: {{ PolicyName: p, RoleName: r, PolicyDocument: {{
                Version: "2012-10-17",
                Statement: [{{ Effect: Allow, Action: {action}, Resource: "{resource}" }}] }} }} }} }}"#
        );
        let template = read::template(&template).expect("a template");
        let place = Place::parse("111122223333", "eu-west-1").expect("a place");
        let stack = StackTemplate {
            address: "sample",
            place: &place,
            template: &template,
            unresolved: OnUnresolved::Placeholder,
        };
        let world = World::of(vec![Piece::of(stack).expect("a policy")]);
        check(&world).into_iter().map(|breach| (breach.rule, breach.message)).collect()
    }

    #[test]
    fn services_that_aws_has_not_are_found_in_templates_of_others() {
        for (action, meant) in [
            ("dynamo:GetItem", "dynamodb"),
            ("Lamda:InvokeFunction", "lambda"),
            ("efs:ClientMount", "elasticfilesystem"),
            ("route53:ListHostedZone", "route53:ListHostedZones"),
        ] {
            let found = found(action, "*");
            let [(rule, message)] = found.as_slice() else { unreachable!("{action}: {found:?}") };
            assert_eq!(*rule, Guardrail::UnknownAction);
            assert!(message.ends_with(&format!("did you mean {meant}?")), "{message}");
        }
        let pattern = found("'dynamo:*'", "*");
        assert!(pattern.iter().any(|(rule, _)| *rule == Guardrail::UnknownAction), "{pattern:?}");
    }

    #[test]
    fn what_is_right_is_not_found() {
        // Two kinds of APIs have stages, and an API's own policy may have a short form of its ARN. Source: "API
        // Gateway resource policy examples". AWS's own policies name services that have ended.
        for (action, resource) in [
            ("apigateway:SetWebACL", "arn:aws:apigateway:eu-west-1::/restapis/a1b2c3/stages/prod"),
            ("apigateway:SetWebACL", "arn:aws:apigateway:eu-west-1::/apis/a1b2c3/stages/prod"),
            ("execute-api:Invoke", "execute-api:/prod/GET/pets"),
            ("dynamodb:GetItem", "arn:aws:dynamodb:eu-west-1:111122223333:table/orders"),
            ("deepracer:GetTrack", "*"),
            (r#"{ "Fn::ImportValue": action }"#, "*"),
        ] {
            let found = found(action, resource);
            assert!(found.is_empty(), "{action}: {found:?}");
        }
        let other = found("dynamodb:GetItem", "arn:aws:rds:eu-west-1:111122223333:table/orders");
        assert!(other.iter().any(|(rule, _)| *rule == Guardrail::ActionWithoutResource));
    }

    #[test]
    fn what_was_meant_is_said() {
        for (name, message) in [
            (
                "Dynamo:GetItem",
                "Dynamo:GetItem is of a service that is not known here; did you mean dynamodb?",
            ),
            (
                "lamda:InvokeFunction",
                "lamda:InvokeFunction is of a service that is not known here; did you mean lambda?",
            ),
            (
                "efs:ClientMount",
                "efs:ClientMount is of a service that is not known here; did you mean elasticfilesystem?",
            ),
            ("somethingelse:Get", "somethingelse:Get is of a service that is not known here"),
            (
                "dynamodb:GetItems",
                "dynamodb:GetItems does not exist; did you mean dynamodb:GetItem?",
            ),
            ("s3:Something", "s3:Something does not exist; expected an action of the service"),
            ("s3", "`s3` names no service; expected SERVICE:ACTION"),
        ] {
            assert_eq!(action(name), message);
        }
        let long = "x".repeat(1 << 20);
        assert!(action(&format!("{long}:{long}")).ends_with("not known here"));
        assert_eq!(
            pattern("route-53:*"),
            "route-53:* is of a service that is not known here; did you mean route53?"
        );
        assert_eq!(pattern("s3:zz*"), "s3:zz* matches no action that is known");
    }

    #[test]
    fn names_of_commands_are_no_prefixes_and_lead_to_one() {
        for (command, service) in COMMANDS {
            assert!(catalogue::service(command).is_none(), "{command}");
            assert!(catalogue::service(service).is_some(), "{service}");
        }
    }

    #[test]
    fn what_is_not_in_the_reference_may_exist() {
        for name in ["deepracer:*", "zocalo:describe*", "cloudhsm:createlunaclient", UNKNOWN] {
            assert!(may_exist(name), "{name}");
        }
        for name in ["dynamo:*", "cloudhsm:createluna", "s3:listobjects", "", "s3"] {
            assert!(!may_exist(name), "{name}");
        }
    }
}
