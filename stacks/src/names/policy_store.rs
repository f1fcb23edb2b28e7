//! The names of the policy store and its stacks, in the central account.

use lakewright_template::StackKind;
use lakewright_template::limits::CEDAR_NAME_CHARACTERS;

use super::{Names, physical};

/// Maximum length of the policy store's name: that of an alias, of which `policy-store-alias/` is a part.
const CHARACTERS: usize = CEDAR_NAME_CHARACTERS - "policy-store-alias/".len();

impl Names<'_> {
    /// The name of the policy store's alias and of its key's, without `policy-store-alias/` and `alias/`.
    pub fn policy_store(&self) -> String {
        let tenant = self.tenant;
        let uri = self.uri_at(&self.central_place(), "governance", tenant.header.id.as_str());
        physical(tenant.resource_prefix.as_str(), "governance", &uri, "", CHARACTERS)
    }

    /// The path of the SSM parameter with the id of the policy store.
    pub fn policy_store_parameter(&self) -> String {
        let tenant = self.tenant;
        format!("/{}/{}/governance/policy-store-id", tenant.resource_prefix, tenant.header.id)
    }

    /// The name of the stack of the policy store, or of one with access policies.
    pub(crate) fn governance_stack(self, number: Option<usize>) -> String {
        let tenant = self.tenant;
        let name =
            format!("{}-{}-{}", tenant.resource_prefix, StackKind::Governance, tenant.header.id);
        number.map_or_else(|| name.clone(), |number| format!("{name}-{number}"))
    }
}
