//! Roles that only AWS can change.
//!
//! No policy can be attached to a role of IAM Identity Center (`/aws-reserved/`) or to a service-linked role
//! (`/aws-service-role/`): IAM returns `UnmodifiableEntity`, "this role is only modifiable by AWS". Source:
//! rebuy-de/aws-nuke pull requests #49 and #1028.

use super::Context;
use crate::Code;
use crate::diagnostic::{Diagnostic, Origin};
use crate::name::RoleArn;

impl Context {
    /// Checks that no stack would attach a policy to a role that only AWS can change.
    pub(super) fn role_can_be_changed(&mut self, role: &RoleArn, origin: Origin) {
        if role.is_service_linked() {
            let help = "register a role of your own; a service-linked role has the policies of its service only";
            self.protected(role, origin, help);
        } else if role.is_reserved() {
            let help = "set `managed: false` and put what it needs into the permission set, or register a role of your own";
            self.protected(role, origin, help);
        }
    }

    /// Checks that no owner is asked to attach a policy to a service-linked role.
    pub(super) fn owner_can_change(&mut self, role: &RoleArn, origin: Origin) {
        if role.is_service_linked() {
            let help = "name a role of your own; a service-linked role is for its service only";
            self.protected(role, origin, help);
        }
    }

    fn protected(&mut self, role: &RoleArn, origin: Origin, help: &str) {
        let message = format!("nobody can attach a policy to `{role}`: only AWS changes it");
        let diagnostic =
            Diagnostic::new(Code::ProtectedRole, message).at(origin, "named here").help(help);
        self.report.push(diagnostic);
    }
}
