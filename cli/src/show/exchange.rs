//! What has no counterpart in another system.

use lakewright_governance::exchange::{Extent, Lost};
use serde_json::{Value, json};

use crate::ui::Ui;

/// Says what is lost, one line for each.
pub(crate) fn tell(lost: &[Lost], ui: &mut Ui) {
    for Lost { path, policy, reason, extent } in lost {
        let word = match extent {
            Extent::Policy => "left out",
            Extent::Part => "left out of it",
            Extent::Note => "note",
        };
        // For a mesh, the place is the policy.
        let place = if path == policy { policy.clone() } else { format!("{policy} ({path})") };
        ui.note(&format!("{place}: {word}: {reason}"));
    }
}

/// Says which denials refuse an export.
pub(crate) fn refuse(refused: &[Lost], ui: &mut Ui) {
    for Lost { policy, reason, .. } in refused {
        let message = format!(
            "access policy `{policy}` denies, and DataHub would not deny the same: {reason}; nothing was written"
        );
        ui.error(&message);
    }
}

/// The list for programs.
pub(crate) fn lost_json(lost: &[Lost]) -> Value {
    let entries = lost.iter().map(|one| {
        json!({
            "path": one.path,
            "policy": one.policy,
            "reason": one.reason,
            "extent": one.extent.as_str(),
        })
    });
    entries.collect::<Vec<Value>>().into()
}
