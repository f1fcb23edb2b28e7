//! Items of a share have a status of their own, so one item can be added or revoked while the
//! others stay (DA-21, DA-22).

use std::collections::BTreeMap;

use super::{Context, at};
use crate::Code;
use crate::diagnostic::{Diagnostic, FileId, Origin};
use crate::document::{Kind, ShareDocument, ShareItemDocument};
use crate::field::Field;
use crate::mesh::{Dataset, Header, ItemStatus, ShareItem, ShareStatus};

/// The items that grant access when their share does.
pub(super) fn approved(states: &BTreeMap<ShareItem, ItemStatus>) -> Vec<ShareItem> {
    let approved = states.iter().filter(|(_, state)| **state == ItemStatus::Approved);
    approved.map(|(item, _)| item.clone()).collect()
}

/// The items that are neither rejected nor revoked.
pub(super) fn still_wanted(states: &BTreeMap<ShareItem, ItemStatus>) -> Vec<ShareItem> {
    let is_over = |state| matches!(state, ItemStatus::Rejected | ItemStatus::Revoked);
    let wanted = states.iter().filter(|(_, state)| !is_over(**state));
    wanted.map(|(item, _)| item.clone()).collect()
}

impl Context {
    /// The items of a share. Only a draft may have none.
    pub(super) fn given_items<'d>(
        &mut self,
        document: &'d ShareDocument,
        status: ShareStatus,
        origin: Origin,
    ) -> Option<&'d [Field<ShareItemDocument>]> {
        if document.items.is_absent() && status == ShareStatus::Draft {
            return Some(&[]);
        }
        self.required(&document.items, "items", Kind::Share, origin).map(Vec::as_slice)
    }

    /// An item has its own status only in an approved share. In any other share, the share's
    /// status applies to all items.
    pub(super) fn item_state(
        &mut self,
        status: &Field<ItemStatus>,
        share: ShareStatus,
        file: FileId,
    ) {
        let Some(state) = status.value() else { return };
        let fits = match share {
            ShareStatus::Approved => true,
            ShareStatus::Draft | ShareStatus::Submitted => *state == ItemStatus::Pending,
            ShareStatus::Rejected => *state == ItemStatus::Rejected,
            ShareStatus::Revoked => *state == ItemStatus::Revoked,
        };
        if !fits {
            let message =
                format!("an item is {} in a share that is {}", state.as_str(), share.as_str());
            let diagnostic = Diagnostic::new(Code::ShareLifeCycle, message)
                .at(at(file, status), "")
                .help("remove the item's `status`; items have one of their own in approved shares");
            self.report.push(diagnostic);
        }
    }

    /// The owner already has full access to the dataset. A consumption role of the owner is a different principal.
    pub(super) fn owner_asks_for_nothing(
        &mut self,
        document: &ShareDocument,
        header: &Header,
        dataset: &Dataset,
    ) {
        let is_owner = document.environment.value() == Some(dataset.environment.id())
            && document.team.value() == Some(&dataset.team)
            && document.consumption_role.is_absent();
        if is_owner {
            let message = format!(
                "share `{}` is for team `{}`, which owns dataset `{}`",
                header.id, dataset.team, dataset.header.id
            );
            let diagnostic = Diagnostic::new(Code::ShareToOwner, message)
                .at(at(header.origin.file, &document.team), "the owner")
                .and(dataset.header.origin, "the dataset")
                .help("remove the share: its owner has all of a dataset; for somebody else name that team");
            self.report.push(diagnostic);
        }
    }
}
