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
