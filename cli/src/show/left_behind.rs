//! Shows the stacks in places that a mesh no longer has.

use std::collections::BTreeMap;

use lakewright_analysis::words::count;
use lakewright_template::{Place, StackAddress};

use crate::ui::Ui;

/// Prints the stacks that stay in each place that the mesh no longer has.
pub(crate) fn say(left: &[StackAddress], ui: &mut Ui) {
    let mut places: BTreeMap<&Place, Vec<&str>> = BTreeMap::new();
    for StackAddress { place, name } in left {
        places.entry(place).or_default().push(name);
    }
    for (place, names) in &places {
        let stacks = count(names.len(), "stack");
        ui.note(&format!("the mesh leaves {place}, where its {stacks} would stay behind:"));
        for name in names {
            ui.note(&format!("  {name}"));
        }
    }
    if !places.is_empty() {
        ui.note(
            "`lakewright deploy --plan` keeps listing them, and `lakewright destroy MESH --stack ACCOUNT/REGION/NAME` deletes them",
        );
    }
}
