//! Names that are taken: CloudFormation creates a new resource before it deletes the old one.
//!
//! Sources: "Name type" in the CloudFormation template reference ("You can't perform an update that causes a custom-named
//! resource to be replaced"); "cannot update a stack when a custom-named resource requires replacing" in the AWS
//! knowledge center; `replacementStrategy` in "Resource type schema" of the CloudFormation CLI user guide.

use std::collections::BTreeMap;

use lakewright_template::schema::{UpdateRules, updates_of};
use lakewright_template::{LogicalId, ResourceEntry, Value};

use super::compare::{Differs, Sides, value_at};
use super::facts::NAMES;
use super::{Fate, Update, Verdict, carry};
use crate::change::{ChangeKind, StackChange};

/// A value that must be unique together with others, with its pointer.
type Part<'r> = (String, Option<&'r Value>);

/// The values that must be unique together, the name first.
type Identity<'r> = Vec<Part<'r>>;

fn values(resource: &ResourceEntry, pointers: impl Iterator<Item = &'static str>) -> Identity<'_> {
    pointers.map(|pointer| (pointer.to_owned(), value_at(resource, pointer))).collect()
}

/// The identity that the template gives a resource; `None` if the service makes it.
fn identity(resource: &ResourceEntry) -> Option<Identity<'_>> {
    let kind: &str = &resource.kind;
    if let Some((_, pointers)) = NAMES.iter().find(|(name, _)| *name == kind) {
        let known = values(resource, pointers.iter().copied());
        if known.first().is_some_and(|(_, name)| name.is_some()) {
            return Some(known);
        }
    }
    let known = values(resource, updates_of(kind)?.primary_identifier());
    let is_whole = !known.is_empty() && known.iter().all(|(_, value)| value.is_some());
    is_whole.then_some(known)
}

/// Whether two resources have the same identity for sure.
fn is_same(
    old: &[Part<'_>],
    new: &[Part<'_>],
    verdicts: &BTreeMap<LogicalId, Verdict>,
    sides: Sides<'_>,
) -> bool {
    let mut parts = old.iter().zip(new);
    old.len() == new.len()
        && parts.all(|((_, left), (_, right))| {
            sides.differs(*left, *right) == Differs::No
                && right.is_none_or(|value| !carry::is_moving(value, verdicts))
        })
}

/// The name as text for messages.
fn shown(identity: &[Part<'_>]) -> String {
    let first = identity.first();
    let text = first.and_then(|(_, value)| value.and_then(Value::as_text));
    let pointer = first.map(|(pointer, _)| pointer.as_str()).unwrap_or_default();
    text.map_or_else(|| format!("`{pointer}`"), |text| format!("`{pointer}` (`{text}`)"))
}

/// Finds resources that are replaced and keep their name.
pub(super) fn refuse(verdicts: &mut BTreeMap<LogicalId, Verdict>, sides: Sides<'_>) {
    let mut refused: Vec<(LogicalId, bool, String)> = Vec::new();
    for (id, verdict) in verdicts.iter().filter(|(_, verdict)| verdict.is_replaced()) {
        let Some((before, after)) = sides.pair(id) else { continue };
        if updates_of(&after.kind).is_some_and(UpdateRules::deletes_before_it_creates) {
            continue;
        }
        let (Some(old), Some(new)) = (identity(before), identity(after)) else { continue };
        if is_same(&old, &new, verdicts, sides) {
            refused.push((id.clone(), verdict.update == Update::Replaces, shown(&new)));
        }
    }
    for (id, is_sure, name) in refused {
        let Some(verdict) = verdicts.get_mut(&id) else { continue };
        if is_sure {
            verdict.update = Update::Fails;
            verdict.reasons.push(format!(
                "The update fails: CloudFormation creates the new resource before it deletes the old one, and the name in \
                 {name} stays the same and is taken."
            ));
        } else {
            verdict.reasons.push(format!(
                "If CloudFormation replaces the resource, the update fails: it creates the new resource before it deletes \
                 the old one, and the name in {name} stays the same and is taken."
            ));
        }
    }
}

/// Finds resources that are added with the name of one that is removed from the same stack. Such a resource has the
/// fate `Updated(Fails)`: CloudFormation tries to create it, and the update of the stack fails.
pub(super) fn collide(
    change: &mut StackChange,
    verdicts: &BTreeMap<LogicalId, Verdict>,
    sides: Sides<'_>,
) {
    let removed: Vec<(LogicalId, &ResourceEntry, Identity<'_>)> = change
        .resources
        .iter()
        .filter(|resource| {
            resource.kind == ChangeKind::Removed && resource.outcome.fate != Fate::Moved
        })
        .filter_map(|resource| {
            let entry = sides.before.resources.get(&resource.logical_id)?;
            Some((resource.logical_id.clone(), entry, identity(entry)?))
        })
        .collect();
    for added in &mut change.resources {
        if added.kind != ChangeKind::Added || added.outcome.fate == Fate::Moved {
            continue;
        }
        let Some(entry) = sides.after.resources.get(&added.logical_id) else { continue };
        let Some(wanted) = identity(entry) else { continue };
        let mut alike = removed.iter().filter(|(_, other, known)| {
            other.kind == entry.kind && is_same(known, &wanted, verdicts, sides)
        });
        let Some((old, _, _)) = alike.next() else { continue };
        added.outcome.fate = Fate::Updated(Update::Fails);
        added.outcome.reasons.push(format!(
            "The creation fails: the name in {} is taken by resource {old}, which leaves the template. CloudFormation creates \
             resources before it deletes others.",
            shown(&wanted)
        ));
    }
}
