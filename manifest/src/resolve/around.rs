//! What comes before the documents are resolved one by one, and after it.

use super::{Context, denial};
use crate::mesh::{Mesh, Tenant};
use crate::parse::Documents;

impl Context {
    /// What documents are checked with.
    pub(super) fn look_around(&mut self, documents: &Documents, has_parse_errors: bool) {
        self.declare(documents);
        self.teams = (!has_parse_errors)
            .then(|| denial::teams(documents).into_iter().map(str::to_owned).collect());
        self.all_in_one_partition(documents);
    }

    /// The tenant, with the permissions that are known for sure.
    pub(super) fn known_tenant(
        &mut self,
        documents: &Documents,
        has_parse_errors: bool,
    ) -> Option<Tenant> {
        let mut tenant = self.tenant(&documents.tenants, has_parse_errors)?;
        self.forget_lost_permissions(&mut tenant);
        Some(tenant)
    }

    pub(super) fn add_data_access(&mut self, mesh: &mut Mesh) {
        // Other errors can be the reason for what would be found here.
        if !self.report.has_errors() {
            mesh.data_access = self.data_access(mesh);
        }
    }
}
