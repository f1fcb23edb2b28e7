//! Intended access of a construct's own statements.
//!
//! The policies of keys, buckets and queues have statements for services and accounts that no grant
//! asks for. This access is intended too, so it is recorded.

use lakewright_policies::document::Effect;
use lakewright_policies::{Principal, Statement};
use lakewright_synth::{Record, Scope};
use lakewright_template::Value;

use crate::role::{account_of, shown};

/// Records the access that each `Allow` statement gives to services and accounts. `resources`
/// returns the ARNs of a statement.
///
/// Access of an account is delegation: its roles need policies of their own as well.
pub(crate) fn statements(
    scope: &mut Scope<'_>,
    statements: &[Statement],
    target: &str,
    resources: impl Fn(&Statement) -> Vec<String>,
) {
    for statement in statements.iter().filter(|statement| statement.effect == Effect::Allow) {
        for principal in &statement.principals {
            let (name, arn, access) = match principal {
                Principal::Service(service) => {
                    (format!("service/{service}"), service.to_string(), "use")
                }
                Principal::Aws(Value::Text(arn)) => {
                    let account = account_of(arn);
                    (format!("account/{account}"), arn.to_string(), "delegate")
                }
                Principal::Aws(_) | Principal::Anyone | Principal::Federated(_) => continue,
            };
            scope.record(Record {
                principal: name,
                principal_arn: arn,
                access,
                resource: target.to_owned(),
                actions: statement.actions.iter().cloned().collect(),
                resources: resources(statement),
                conditions: shown(&statement.conditions),
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use lakewright_policies::condition::{Comparison, Condition};
    use lakewright_policies::{Conditions, Principal, Statement};

    use crate::testing::built;

    /// `docs/proof.md`: `prove` compares what the templates allow with what is recorded. "AWS JSON policy elements:
    /// Principal" in the IAM user guide: the ARN `root` stands for the account, which can delegate to its roles.
    #[test]
    fn what_a_construct_allows_services_and_accounts_is_recorded_and_denials_are_not() {
        let stack = built(|scope| {
            let allow = Statement::allow("Use", ["kms:Decrypt"], ["*"])
                .for_principals([
                    Principal::Aws("arn:aws:iam::444455556666:root".into()),
                    Principal::Service("logs.amazonaws.com".into()),
                ])
                .when(Conditions::none().with(Condition::new(
                    Comparison::StringEquals,
                    "aws:SourceAccount",
                    "111122223333",
                )));
            let deny = Statement::deny("Tls", ["kms:*"], ["*"])
                .for_principals([Principal::Service("s3.amazonaws.com".into())]);
            super::statements(scope, &[allow, deny], "dataset/orders", |_| {
                vec!["arn:aws:kms:eu-west-1:111122223333:alias/orders".to_owned()]
            });
        });
        let records = stack.records();
        let named: Vec<_> = records
            .iter()
            .map(|record| (record.principal.as_str(), record.principal_arn.as_str(), record.access))
            .collect();
        assert_eq!(
            named,
            [
                ("account/444455556666", "arn:aws:iam::444455556666:root", "delegate"),
                ("service/logs.amazonaws.com", "logs.amazonaws.com", "use"),
            ]
        );
        for record in records {
            assert_eq!(record.resource, "dataset/orders");
            assert_eq!(record.actions, ["kms:Decrypt"]);
            assert_eq!(record.conditions, ["StringEquals aws:SourceAccount 111122223333"]);
            assert_eq!(record.resources, ["arn:aws:kms:eu-west-1:111122223333:alias/orders"]);
        }
    }
}
