//! Items of a share have a state of their own, so that one is added or taken back while the others stay (DA-21, DA-22).

use std::collections::BTreeMap;

use super::{Context, at};
use crate::Code;
use crate::diagnostic::{Diagnostic, FileId, Origin};
use crate::document::{Kind, ShareDocument, ShareItemDocument};
use crate::field::Field;
use crate::mesh::{Dataset, Header, ItemStatus, ShareItem, ShareStatus};

/// The items that give access when their share does.
pub(super) fn approved(states: &BTreeMap<ShareItem, ItemStatus>) -> Vec<ShareItem> {
    let approved = states.iter().filter(|(_, state)| **state == ItemStatus::Approved);
    approved.map(|(item, _)| item.clone()).collect()
}

/// The items that are neither refused nor taken back.
pub(super) fn still_wanted(states: &BTreeMap<ShareItem, ItemStatus>) -> Vec<ShareItem> {
    let is_over = |state| matches!(state, ItemStatus::Rejected | ItemStatus::Revoked);
    let wanted = states.iter().filter(|(_, state)| !is_over(**state));
    wanted.map(|(item, _)| item.clone()).collect()
}

impl Context {
    /// The items of a share. A draft may have none yet.
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

    /// An item has a state of its own in an approved share only: before that and after it, the share's holds for all.
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

    /// The owner has everything of a dataset already. A consumption role of the owner is somebody else.
    pub(super) fn owner_asks_for_nothing(
        &mut self,
        document: &ShareDocument,
        header: &Header,
        dataset: &Dataset,
    ) {
        let is_owner = document.environment.value() == Some(&dataset.environment)
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
