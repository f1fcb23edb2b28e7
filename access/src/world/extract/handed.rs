//! Permissions of Lake Formation with the grant option.
//!
//! Their holder can give them to anybody who asks, so they are outside of what is proven, with one exception: the definer of
//! views, who needs the option and cannot use it. That is a role of the same template that services alone assume, and that
//! IAM does not let grant permissions.

use lakewright_template::LogicalId;

use super::{PieceError, Reader};
use crate::action::Action;
use crate::document::{Document, PrincipalEntry};

/// The actions that use the grant option. Source: "Lake Formation permissions reference".
const HAND_ON: [&str; 2] =
    ["lakeformation:BatchGrantPermissions", "lakeformation:GrantPermissions"];

impl Reader<'_> {
    /// Fails if a holder of the grant option might use it. For the end, when all roles and policies are read.
    pub(super) fn nothing_is_handed_on(&self) -> Result<(), PieceError> {
        match self.handed.iter().find(|(_, principal)| !self.keeps_to_itself(principal)) {
            None => Ok(()),
            Some((id, _)) => Err(self.with_grant_option(id)),
        }
    }

    fn with_grant_option(&self, id: &LogicalId) -> PieceError {
        let what = "a permission of Lake Formation with grant option".to_owned();
        self.outside(id.as_str(), what)
    }

    /// Whether a principal is a role that services alone assume and that cannot grant permissions.
    fn keeps_to_itself(&self, principal: &str) -> bool {
        let Some(role) = self.piece.roles.iter().find(|role| role.arn == principal) else {
            return false;
        };
        let is_by_services = |document: &Document| {
            let mut allowing = document.statements.iter().filter(|one| one.is_allow);
            !document.is_partial
                && allowing.all(|statement| {
                    statement.principals.as_ref().is_some_and(|principals| {
                        !principals.is_not
                            && principals
                                .entries
                                .iter()
                                .all(|entry| matches!(entry, PrincipalEntry::Service(_)))
                    })
                })
        };
        let own = role.identity.iter().map(AsRef::as_ref);
        let attached = self.piece.attached.iter().filter(|(arn, _)| arn == principal);
        let managed = self
            .piece
            .managed
            .iter()
            .filter(|(_, _, roles)| roles.iter().any(|arn| arn == principal));
        let documents = own
            .chain(attached.map(|(_, document)| document))
            .chain(managed.map(|(_, document, _)| document));
        let actions = HAND_ON.map(Action::new);
        let hands_on = |document: &Document| {
            let mut allowing = document.statements.iter().filter(|one| one.is_allow);
            document.is_partial
                || allowing.any(|statement| actions.iter().any(|action| statement.is_of(*action)))
        };
        is_by_services(&role.trust)
            && !role.has_foreign_policies
            && !documents.into_iter().any(hands_on)
    }
}
