//! Puts the verdicts on a stack together.

use std::collections::{BTreeMap, BTreeSet};

use lakewright_template::{DeletionPolicy, LogicalId, ResourceEntry, Template};

use super::compare::Sides;
use super::presence::{self, Presence, Presences};
use super::rules::Question;
use super::{DataEffect, Fate, Outcome, Update, Verdict, carry, data, exports, protection, taken};
use crate::Stack;
use crate::change::{ChangeKind, ResourceChange, StackChange};

/// Decides what CloudFormation does with each changed resource of a stack, and what happens to the data: sets the
/// `update` of each changed property and the `outcome` of each resource.
///
/// A resource with no change of its own that refers to a replaced one is added to the stack's resources, with the kind
/// `Changed` and no changed property. An added resource whose name is taken gets the fate `Updated(Fails)`: CloudFormation
/// tries to create it, and the update fails. A resource with the fate `Moved` keeps its outcome.
///
/// A resource whose condition is false on one side does not exist there: it is created or deleted, or is unchanged if it
/// exists on neither side. A resource that a condition alone creates or deletes is added to the stack's resources too.
///
/// If the whole stack is removed (`after` is `None`), its resources are judged as CloudFormation deletes a stack.
pub fn judge(change: &mut StackChange, before: Option<Stack<'_>>, after: Option<Stack<'_>>) {
    let empty = Template::default();
    let [old, new] = [before, after].map(|side| side.map_or(&empty, |stack| stack.template));
    let places = [before, after].map(|side| side.map(|stack| stack.place));
    let sides = Sides { before: old, after: new, places };
    let presences = presence::all(sides);
    for other in &mut change.others {
        other.update = Update::Nothing;
    }
    let mut verdicts: BTreeMap<LogicalId, Verdict> = BTreeMap::new();
    for resource in &mut change.resources {
        if resource.kind == ChangeKind::Changed && resource.outcome.fate != Fate::Moved {
            let presence = presences.get(&resource.logical_id);
            let verdict = own(resource, presence, sides);
            let stays = presence.is_none_or(Presence::may_stay);
            let verdict = if stays { verdict } else { Verdict::default() };
            verdicts.insert(resource.logical_id.clone(), verdict);
        }
    }
    carry::carry(&mut verdicts, &change.others, sides);
    taken::refuse(&mut verdicts, sides);
    append(change, &verdicts, &presences, sides);
    for resource in &mut change.resources {
        if resource.outcome.fate != Fate::Moved {
            let presence = presences.get(&resource.logical_id);
            resource.outcome = outcome(resource, presence, &verdicts, sides);
        }
    }
    taken::collide(change, &verdicts, sides);
    exports::warn(change, sides.after);
}

/// The verdict on a resource from its own changes alone.
fn own(resource: &mut ResourceChange, presence: Option<&Presence>, sides: Sides<'_>) -> Verdict {
    let pair = sides.pair(&resource.logical_id);
    let known = pair.map(|(before, after)| (sides.known(true, before), sides.known(false, after)));
    let known = known.as_ref().map(|(before, after)| (before.as_ref(), after.as_ref()));
    let mut verdict = Verdict::default();
    for property in &mut resource.properties {
        let of_property = {
            let touches = |pattern: &str| sides.touches(property, pattern);
            let (kind, path) = (&*resource.resource_type, property.path.as_str());
            Question { kind, path, touches: &touches, pair: known }.verdict()
        };
        property.update = of_property.update;
        verdict.add(of_property);
    }
    for attribute in &mut resource.attributes {
        let of_attribute = match (attribute.path.as_str(), pair) {
            // The presence of the resource decides.
            ("/Condition", _) if presence.is_some_and(Presence::may_change) => {
                attribute.update = Update::MayReplace;
                continue;
            }
            ("/DeletionPolicy" | "/UpdateReplacePolicy", Some((before, after))) => {
                policy(&attribute.path, before, after)
            }
            _ => Verdict::default(),
        };
        attribute.update = of_attribute.update;
        verdict.add(of_attribute);
    }
    if let Some((before, after)) = pair
        && before.kind != after.kind
    {
        let of_type = type_changed(before, after);
        for attribute in resource.attributes.iter_mut().filter(|one| one.path == "/Type") {
            attribute.update = of_type.update;
        }
        // Properties of another type say nothing about an update.
        verdict = of_type;
    }
    verdict
}

/// Sources: aws/aws-sam-cli #6786: "Update of resource type is not permitted"; aws/aws-cdk #19891 for types of the
/// serverless transform, whose result may have the same type as before.
fn type_changed(before: &ResourceEntry, after: &ResourceEntry) -> Verdict {
    let (old, new) = (&before.kind, &after.kind);
    let is_serverless = |kind: &str| kind.starts_with("AWS::Serverless::");
    if is_serverless(old) || is_serverless(new) {
        let reason = format!(
            "The type changes from {old} to {new}. The type after the serverless transform is not known here: if it differs, \
             the update fails."
        );
        return Verdict::new(Update::MayReplace, reason);
    }
    let reason = format!(
        "The type changes from {old} to {new}. CloudFormation does not change the type of a resource, so the update fails: \
         give the new resource another logical id."
    );
    Verdict::new(Update::Fails, reason)
}

/// A warning, if a policy keeps the resource no longer.
fn policy(path: &str, before: &ResourceEntry, after: &ResourceEntry) -> Verdict {
    let name = path.trim_start_matches('/');
    let of = |resource: &ResourceEntry| {
        if name == "DeletionPolicy" {
            resource.deletion_policy
        } else {
            resource.update_replace_policy
        }
    };
    let is_kept = |policy: Option<DeletionPolicy>| {
        matches!(policy, Some(DeletionPolicy::Retain | DeletionPolicy::RetainExceptOnCreate))
    };
    let (old, new) = (of(before), of(after));
    let mut verdict = Verdict::default();
    if is_kept(old) && !is_kept(new) {
        let old = old.map(DeletionPolicy::as_str).unwrap_or_default();
        let is_function = after.other.get(name).is_some();
        let new = match new {
            Some(policy) => policy.as_str(),
            None if is_function => "a function whose value is known only at deployment",
            None => "absent, which means Delete",
        };
        let when = if name == "DeletionPolicy" {
            "leaves the template or the stack is deleted"
        } else {
            "is replaced"
        };
        verdict.reasons.push(format!(
            "Warning: `{name}` was {old} and is {new}. From this update on, CloudFormation no longer keeps the resource when it \
             {when}."
        ));
    }
    verdict
}

/// Adds the resources that change only because of what they refer to, or because of a condition.
fn append(
    change: &mut StackChange,
    verdicts: &BTreeMap<LogicalId, Verdict>,
    presences: &Presences,
    sides: Sides<'_>,
) {
    let known: BTreeSet<LogicalId> =
        change.resources.iter().map(|resource| resource.logical_id.clone()).collect();
    let carried = verdicts.iter().filter(|(_, verdict)| verdict.update != Update::Nothing);
    let conditional = presences.iter().filter(|(_, presence)| presence.may_change());
    let mut ids: BTreeSet<&LogicalId> = carried.map(|(id, _)| id).collect();
    ids.extend(conditional.map(|(id, _)| id));
    for id in ids {
        let Some((_, after)) = sides.pair(id) else { continue };
        if known.contains(id) {
            continue;
        }
        change.resources.push(ResourceChange {
            logical_id: id.clone(),
            resource_type: after.kind.clone(),
            kind: ChangeKind::Changed,
            properties: Vec::new(),
            attributes: Vec::new(),
            outcome: Outcome { fate: Fate::Unchanged, data: DataEffect::None, reasons: Vec::new() },
            lines_before: Vec::new(),
            lines_after: Vec::new(),
        });
    }
    change.resources.sort_by(|one, other| one.logical_id.cmp(&other.logical_id));
}

fn outcome(
    resource: &ResourceChange,
    presence: Option<&Presence>,
    verdicts: &BTreeMap<LogicalId, Verdict>,
    sides: Sides<'_>,
) -> Outcome {
    let id = &resource.logical_id;
    let before = sides.before.resources.get(id).map(|entry| sides.known(true, entry));
    let (before, after) = (before.as_deref(), sides.after.resources.get(id));
    let update = verdicts.get(id).map_or(Update::Nothing, |verdict| verdict.update);
    if let Some(found) = presence.and_then(|found| found.outcome(before, after, update)) {
        return found;
    }
    match resource.kind {
        ChangeKind::Added => {
            Outcome { fate: Fate::Created, data: DataEffect::None, reasons: Vec::new() }
        }
        ChangeKind::Removed => match before {
            Some(entry) => data::removed(entry),
            None => Outcome { fate: Fate::Deleted, data: DataEffect::None, reasons: Vec::new() },
        },
        ChangeKind::Changed => {
            let verdict = verdicts.get(id).cloned().unwrap_or_default();
            let after = after.map(|entry| sides.known(false, entry));
            changed(verdict, before.zip(after.as_deref()), sides)
        }
    }
}

fn changed(
    verdict: Verdict,
    pair: Option<(&ResourceEntry, &ResourceEntry)>,
    sides: Sides<'_>,
) -> Outcome {
    let is_replaced = verdict.is_replaced();
    let Verdict { update, mut reasons } = verdict;
    let mut effect = DataEffect::None;
    if let Some((before, after)) = pair {
        if is_replaced {
            let (of_data, reason) = data::replaced(before, after, update);
            effect = of_data;
            reasons.extend(reason);
        }
        if !matches!(update, Update::Replaces | Update::Fails) {
            for (of_data, reason) in protection::lowered(before, after, sides) {
                effect = effect.max(of_data);
                reasons.push(reason);
            }
        }
    }
    let mut seen = BTreeSet::new();
    reasons.retain(|reason| seen.insert(reason.clone()));
    let fate = if update == Update::Nothing { Fate::Unchanged } else { Fate::Updated(update) };
    Outcome { fate, data: effect, reasons }
}
