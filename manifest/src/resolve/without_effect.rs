//! Documents that have no effect yet.
//!
//! They are errors. If they were accepted, the mesh would claim that a denial applies, that a value is masked or that a
//! team has access, although none of this would be true.

use super::Context;
use crate::Code;
use crate::diagnostic::{Diagnostic, Origin};
use crate::mesh::Header;

impl Context {
    /// Dashboards are neither imported nor shared yet.
    pub(super) fn dashboard_is_without_effect(&mut self, header: &Header) {
        self.without_effect(
            Code::DashboardWithoutEffect,
            format!("dashboard `{}` would be shared with nobody: Lakewright creates no stack for it", header.id),
            header.origin,
            "remove it, and share the dashboard in QuickSight; the feature `dashboards` gives teams their data sources",
        );
    }

    /// Policies about data are not enforced yet. Policies about the platform and about metadata decide what
    /// `lakewright authorize` answers.
    pub(super) fn policy_is_without_effect(&mut self, header: &Header, privileges: &[String]) {
        if let Some(privilege) = privileges.iter().find(|name| name.starts_with("data.")) {
            self.without_effect(
                Code::AccessPolicyWithoutEffect,
                format!(
                    "access policy `{}` would have no effect on data: Lakewright does not enforce `{privilege}`",
                    header.id
                ),
                header.origin,
                "set `state: inactive`, or remove it; shares grant access to data, and limit it to columns and rows",
            );
        }
    }

    /// The datasets of a domain are not granted to teams yet.
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
