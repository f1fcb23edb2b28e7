//! Roles that only AWS changes.
//!
//! Nobody attaches a policy to a role of IAM Identity Center (`/aws-reserved/`) or to a service-linked role
//! (`/aws-service-role/`): IAM answers `UnmodifiableEntity`, "this role is only modifiable by AWS". Source: rebuy-de/aws-nuke
//! pull requests #49 and #1028.

use std::collections::BTreeMap;

use super::Context;
use crate::Code;
use crate::diagnostic::{Diagnostic, Origin};
use crate::mesh::{ConsumptionRole, Environment};
use crate::name::{Id, RoleArn};

impl Context {
    /// No stack attaches a policy to a role that only AWS changes, and no owner is asked to.
    pub(super) fn roles_can_be_changed(
        &mut self,
        environments: &BTreeMap<Id, Environment>,
        roles: &BTreeMap<Id, ConsumptionRole>,
    ) {
        for role in roles.values().filter(|role| role.managed) {
            let help = if role.role_arn.is_service_linked() {
                "register a role of your own; a service-linked role has the policies of its service only"
            } else {
                "set `managed: false` and put what it needs into the permission set, or register a role of your own"
            };
            if role.role_arn.is_service_linked() || role.role_arn.is_reserved() {
                self.protected(&role.role_arn, role.header.origin, help);
            }
        }
        for team in environments.values().flat_map(|environment| &environment.teams) {
            if let Some(role) = team.iam_role_arn.as_ref().filter(|role| role.is_service_linked()) {
                let help = "name a role of your own; a service-linked role is for its service only";
                self.protected(role, team.origin, help);
            }
        }
    }

    fn protected(&mut self, role: &RoleArn, origin: Origin, help: &str) {
        let message = format!("nobody can attach a policy to `{role}`: only AWS changes it");
        let diagnostic =
            Diagnostic::new(Code::ProtectedRole, message).at(origin, "named here").help(help);
        self.report.push(diagnostic);
    }
}
