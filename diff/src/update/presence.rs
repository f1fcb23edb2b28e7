//! Whether a resource exists before and after the change: its condition.
//!
//! Source: "Conditions" in the CloudFormation template reference: resources whose condition is true are created, those
//! whose condition is false are not, and an update deletes a resource whose condition is no longer true.

use std::collections::{BTreeMap, BTreeSet};

use lakewright_template::{LogicalId, ResourceEntry};

use super::compare::Sides;
use super::ways;
use super::{DataEffect, Fate, Outcome, Update, data};

/// Whether a resource with a condition exists before and after the change, in each way to deploy the stack.
#[derive(Debug)]
pub(super) struct Presence(BTreeSet<(bool, bool)>);

/// The presence of each resource that has a condition.
pub(super) type Presences = BTreeMap<LogicalId, Presence>;

/// The presence of all resources that have a condition before or after the change.
pub(super) fn all(sides: Sides<'_>) -> Presences {
    let (old, new) = (&sides.before.resources, &sides.after.resources);
    let ids: BTreeSet<&LogicalId> = old.keys().chain(new.keys()).collect();
    let each = ids.into_iter().filter_map(|id| {
        let (before, after) = (old.get(id), new.get(id));
        let mut entries = [before, after].into_iter().flatten();
        let has_condition = entries.any(|entry| entry.condition.is_some());
        has_condition.then(|| (id.clone(), Presence::of(before, after, sides)))
    });
    each.collect()
}

impl Presence {
    fn of(before: Option<&ResourceEntry>, after: Option<&ResourceEntry>, sides: Sides<'_>) -> Self {
        let each = ways::each(|way| {
            let exists = |entry: Option<&ResourceEntry>, is_before: bool| {
                entry.is_some_and(|entry| match &entry.condition {
                    Some(name) => sides.side(is_before, way).condition(name).unwrap_or(true),
                    None => true,
                })
            };
            (exists(before, true), exists(after, false))
        });
        let every = || {
            let each = [(true, true), (true, false), (false, true), (false, false)];
            let is_possible =
                |(old, new): &(bool, bool)| (before.is_some() || !old) && (after.is_some() || !new);
            each.into_iter().filter(is_possible).collect()
        };
        Self(each.map_or_else(every, |each| each.into_iter().collect()))
    }

    /// Whether the resource may exist on both sides.
    pub(super) fn may_stay(&self) -> bool {
        self.0.contains(&(true, true))
    }

    fn may_go(&self) -> bool {
        self.0.contains(&(true, false))
    }

    fn may_come(&self) -> bool {
        self.0.contains(&(false, true))
    }

    /// Whether the change may create or delete the resource.
    pub(super) fn may_change(&self) -> bool {
        self.may_go() || self.may_come()
    }

    /// The outcome for a resource that a condition creates or deletes, or that exists on neither side; `None` if the
    /// outcome is that of a resource without a condition. Where several outcomes are possible, it is the worst.
    pub(super) fn outcome(
        &self,
        before: Option<&ResourceEntry>,
        after: Option<&ResourceEntry>,
        update: Update,
    ) -> Option<Outcome> {
        let exists = format!(
            "The resource exists {} before the change and {} after it",
            shown(before),
            shown(after)
        );
        let condition =
            if self.0.len() == 1 { "" } else { " if the values of parameters make it so" };
        if self.may_go() {
            let mut outcome = data::removed(before?);
            if after.is_some() {
                let reason = format!("{exists}: CloudFormation deletes it{condition}.");
                outcome.reasons.insert(0, reason);
            }
            return Some(outcome);
        }
        if !self.may_stay() && !self.may_come() {
            let reason = format!("{exists}: CloudFormation does not create it.");
            return Some(Outcome {
                fate: Fate::Unchanged,
                data: DataEffect::None,
                reasons: vec![reason],
            });
        }
        if self.may_come() && before.is_some() && (!self.may_stay() || update == Update::Nothing) {
            let reason = format!("{exists}: CloudFormation creates it{condition}.");
            return Some(Outcome {
                fate: Fate::Created,
                data: DataEffect::None,
                reasons: vec![reason],
            });
        }
        None
    }
}

fn shown(resource: Option<&ResourceEntry>) -> String {
    match resource {
        Some(ResourceEntry { condition: Some(name), .. }) => format!("under condition {name}"),
        Some(_) => "always".to_owned(),
        None => "never".to_owned(),
    }
}
