//! Records of what a construct's own statements give.
//!
//! Keys and buckets open with statements for services and accounts, which no
//! grant asks for. They are intended access all the same, and recorded.

use lakewright_policies::document::Effect;
use lakewright_policies::{Principal, Statement};
use lakewright_synth::{Record, Scope};
use lakewright_template::Value;

use crate::role::shown;

/// Records each allowing statement for its services and accounts, on these ARNs.
///
/// What an account is given is delegated to it: its roles need policies of their own as well.
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
                    let account = arn.split(':').nth(4).unwrap_or_default();
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
