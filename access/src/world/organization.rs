//! The policies of an organization, and the accounts that they apply to.

use std::collections::{BTreeMap, BTreeSet};

use crate::document::{Document, Origin};

/// The policies of an organization.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Organization {
    /// The management account, which the policies do not restrict.
    pub management_account: Option<String>,
    /// Service control policies.
    pub scps: Vec<OrganizationPolicy>,
    /// Resource control policies.
    pub rcps: Vec<OrganizationPolicy>,
}

/// A policy of an organization, and its attachment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrganizationPolicy {
    /// The level of the attachment: the root, an organizational unit or an account, under any name.
    /// Each level above an account must allow.
    pub level: String,
    /// The accounts below this level; empty for all accounts.
    pub accounts: BTreeSet<String>,
    /// The policy.
    pub document: Document,
}

/// A policy of an organization that a third-party template contains. It restricts what other policies allow, in accounts
/// that are in no template, so it takes part in no decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeclaredPolicy {
    /// Where the policy is declared.
    pub origin: Origin,
    /// Its type, such as `SERVICE_CONTROL_POLICY`.
    pub kind: String,
    /// The root, the organizational units and the accounts that it is attached to, sorted.
    pub targets: Vec<String>,
    /// Its policy documents: several if its content depends on how the template is deployed.
    pub documents: Vec<Document>,
    /// The content that is no policy document, as JSON.
    pub content: Vec<String>,
}

impl Organization {
    /// The service control policies of an account, by level.
    pub(super) fn scps_of(&self, account: Option<&str>) -> Vec<Vec<&Document>> {
        let mut levels: BTreeMap<&str, Vec<&Document>> = BTreeMap::new();
        for policy in self.scps.iter().filter(|policy| self.is_bound(policy, account)) {
            levels.entry(&policy.level).or_default().push(&policy.document);
        }
        levels.into_values().collect()
    }

    pub(super) fn rcps_of(&self, account: Option<&str>) -> Vec<&Document> {
        let policies = self.rcps.iter().filter(|policy| self.is_bound(policy, account));
        policies.map(|policy| &policy.document).collect()
    }

    fn is_bound(&self, policy: &OrganizationPolicy, account: Option<&str>) -> bool {
        let is_below = account.is_some_and(|account| policy.accounts.contains(account));
        let is_managing = account.is_some() && account == self.management_account.as_deref();
        !is_managing && (policy.accounts.is_empty() || is_below)
    }
}
