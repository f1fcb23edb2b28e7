//! Exports: CloudFormation refuses to change or remove an output that another stack imports.
//!
//! Source: "Fn::ImportValue" in the CloudFormation template reference: after another stack imports an output value, the
//! exported output value cannot be modified.

use std::collections::BTreeSet;

use lakewright_template::{Output, Template};

use super::carry::names;
use super::{Fate, Update};
use crate::change::{ChangeKind, ResourceChange, StackChange};

/// The outputs, by name, whose exported value changes, may change or is removed, after the change was judged.
pub fn exports_changed(
    change: &StackChange,
    before: Option<&Template>,
    after: Option<&Template>,
) -> BTreeSet<String> {
    let exports = before.into_iter().flat_map(|template| &template.outputs);
    let exports = exports.filter(|(_, output)| output.export.is_some());
    let changed = exports.filter(|(name, output)| {
        let now = after.and_then(|template| template.outputs.get(*name));
        now.is_none_or(|now| {
            let is_same = now.export == output.export && now.value == output.value;
            !is_same || change.resources.iter().any(|resource| is_moving(resource, now))
        })
    });
    changed.map(|(name, _)| name.to_string()).collect()
}

/// Whether an output gets its value from a resource that is replaced, or may be.
fn is_moving(resource: &ResourceChange, output: &Output) -> bool {
    let is_replaced =
        matches!(resource.outcome.fate, Fate::Updated(Update::MayReplace | Update::Replaces));
    is_replaced && names(&output.value).contains(resource.logical_id.as_str())
}

/// Adds a reason to each replaced resource whose value is exported.
pub(super) fn warn(change: &mut StackChange, after: &Template) {
    for resource in &mut change.resources {
        if resource.kind != ChangeKind::Changed {
            continue;
        }
        for (name, output) in &after.outputs {
            if output.export.is_some() && is_moving(resource, output) {
                resource.outcome.reasons.push(format!(
                    "Output {name} exports a value of this resource. As long as another stack imports it, CloudFormation \
                     does not change the export, and the update fails."
                ));
            }
        }
    }
}
