//! Documents that nothing is made of yet.
//!
//! To take them would be to say that a denial holds, that a value is masked or that a team has access, and none of it would
//! be so.

use super::Context;
use crate::Code;
use crate::diagnostic::{Diagnostic, Origin};
use crate::mesh::{Header, PolicyState};

impl Context {
    /// Nobody imports a dashboard, and nobody shares one.
    pub(super) fn dashboard_is_without_effect(&mut self, header: &Header) {
        self.without_effect(
            Code::DashboardWithoutEffect,
            format!("dashboard `{}` would be shared with nobody: Lakewright creates no stack for it", header.id),
            header.origin,
            "remove it, and share the dashboard in QuickSight; the feature `dashboards` gives teams their data sources",
        );
    }

    /// Nobody decides by an access policy. One that is inactive says so itself.
    pub(super) fn policy_is_without_effect(&mut self, header: &Header, state: PolicyState) {
        if state == PolicyState::Active {
            self.without_effect(
                Code::AccessPolicyWithoutEffect,
                format!(
                    "access policy `{}` would have no effect: Lakewright does not enforce access policies",
                    header.id
                ),
                header.origin,
                "set `state: inactive`, or remove it; shares grant access to data, and limit it to columns and rows",
            );
        }
    }

    /// Nobody is given the datasets of a domain.
    pub(super) fn domain_access_is_without_effect(&mut self, header: &Header, origin: Origin) {
        self.without_effect(
            Code::DomainAccessWithoutEffect,
            format!(
                "`dataset_level_access` of domain `{}` would grant nobody access to a dataset",
                header.id
            ),
            origin,
            "remove it, and give each team a share of the datasets that it needs",
        );
    }

    fn without_effect(&mut self, code: Code, message: String, origin: Origin, help: &str) {
        let diagnostic = Diagnostic::new(code, message).at(origin, "without effect").help(help);
        self.report.push(diagnostic);
    }
}
