//! Where CloudFormation's own change set says something else than the review.

use std::collections::BTreeMap;

use crate::change::{ResourceChange, StackChange};
use crate::update::{Fate, Update};

/// What CloudFormation says that it would do with a stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    /// The stack's address.
    pub stack: String,
    /// What it says.
    pub answer: ServiceAnswer,
}

/// The state of a change set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServiceAnswer {
    /// It has these changes of resources.
    Changes(Vec<ServiceChange>),
    /// Nothing changes.
    Nothing,
    /// CloudFormation refuses the change, for this reason.
    Refused(String),
}

/// A change of a resource in a change set. The words are AWS's: `ResourceChange` in the CloudFormation API
/// reference.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ServiceChange {
    /// The logical id.
    pub logical_id: String,
    /// The resource type.
    pub resource_type: String,
    /// `Add`, `Modify`, `Remove`, `Import`, `Dynamic` or `SyncWithActual`.
    pub action: String,
    /// `True`, `False` or `Conditional`.
    pub replacement: Option<String>,
    /// `Delete`, `Retain`, `Snapshot`, `ReplaceAndDelete`, `ReplaceAndRetain` or `ReplaceAndSnapshot`.
    pub policy_action: Option<String>,
    /// What the change touches, or may touch.
    pub targets: Vec<ServiceTarget>,
}

/// A value that a change touches: `ResourceChangeDetail` in the CloudFormation API reference.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ServiceTarget {
    /// `Properties`, `Tags`, `Metadata` and so on.
    pub attribute: String,
    /// The name of the property.
    pub name: Option<String>,
    /// The path of the value in the resource.
    pub path: Option<String>,
    /// `Never`, `Conditionally` or `Always`.
    pub recreation: Option<String>,
    /// Whether CloudFormation knows the value only when it executes the change set.
    pub is_dynamic: bool,
    /// The value before the change.
    pub before: Option<String>,
    /// The value after the change.
    pub after: Option<String>,
}

/// A finding: the review and the change set say different things.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disagreement {
    /// The stack's address.
    pub stack: String,
    /// The resource's logical id and type; `None` for the whole stack.
    pub resource: Option<(String, String)>,
    /// What the two say.
    pub kind: DisagreementKind,
    /// What decides, as the service says it, and the reasons of the review, each in a sentence.
    pub details: Vec<String>,
    /// The manifest lines that ask for the resource.
    pub lines: Vec<String>,
}

/// What the review and the change set say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum DisagreementKind {
    /// The change set deletes a resource, and the review keeps it.
    OnlyServiceDeletes,
    /// The change set replaces a resource, and the review updates it in place.
    OnlyServiceReplaces,
    /// CloudFormation refuses the change, and the review has no update that fails.
    ServiceRefuses,
    /// The change set has a change that the review does not have.
    OnlyInService,
    /// The review deletes a resource, and the change set keeps it.
    OnlyReviewDeletes,
    /// The review replaces a resource, and the change set updates it in place.
    OnlyReviewReplaces,
    /// The review has a change that the change set does not have.
    OnlyInReview,
    /// The actions differ in another way, such as a creation and an update.
    AnotherAction,
}

/// What a change set does with a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Doing {
    Adds,
    Updates,
    MayReplace,
    Replaces,
    Deletes,
    Keeps,
    /// It takes the resource out of the stack, and does not say what becomes of it.
    Removes,
    /// It is known only when the change set is executed.
    Unknown,
}

/// Compares the reviewed stacks with what CloudFormation says of them, the most severe finding first.
pub fn disagreements(reviewed: &[StackChange], services: &[Service]) -> Vec<Disagreement> {
    let by_address: BTreeMap<&str, &StackChange> =
        reviewed.iter().map(|one| (one.stack.as_str(), one)).collect();
    let mut found = Vec::new();
    for Service { stack, answer } in services {
        let own = by_address.get(stack.as_str()).copied();
        let resources = own.map_or(&[][..], |one| one.resources.as_slice());
        match answer {
            ServiceAnswer::Changes(changes) => found.extend(of_stack(stack, resources, changes)),
            ServiceAnswer::Nothing => found.extend(of_stack(stack, resources, &[])),
            ServiceAnswer::Refused(reason) => found.extend(refused(stack, resources, reason)),
        }
    }
    found.sort_by(|one, other| {
        (one.kind, &one.stack, &one.resource).cmp(&(other.kind, &other.stack, &other.resource))
    });
    found
}

/// A refused change is no disagreement if the review says that an update fails.
fn refused(stack: &str, resources: &[ResourceChange], reason: &str) -> Option<Disagreement> {
    let is_expected = resources.iter().any(|one| one.outcome.fate == Fate::Updated(Update::Fails));
    (!is_expected).then(|| Disagreement {
        stack: stack.to_owned(),
        resource: None,
        kind: DisagreementKind::ServiceRefuses,
        details: vec![reason.to_owned()],
        lines: Vec::new(),
    })
}

fn of_stack(
    stack: &str,
    resources: &[ResourceChange],
    changes: &[ServiceChange],
) -> Vec<Disagreement> {
    let mut left: BTreeMap<&str, &ServiceChange> =
        changes.iter().map(|one| (one.logical_id.as_str(), one)).collect();
    let mut found = Vec::new();
    for own in resources {
        let service = left.remove(own.logical_id.as_str());
        let kind = match service {
            Some(service) => difference(own.outcome.fate, doing(service)),
            None => is_expected(own).then_some(DisagreementKind::OnlyInReview),
        };
        let Some(kind) = kind else { continue };
        let mut details: Vec<String> =
            service.into_iter().flat_map(|one| one.targets.iter().map(said)).collect();
        details.extend(own.outcome.reasons.iter().map(|reason| format!("the review: {reason}")));
        let lines = if own.lines_after.is_empty() { &own.lines_before } else { &own.lines_after };
        found.push(Disagreement {
            stack: stack.to_owned(),
            resource: Some((own.logical_id.to_string(), own.resource_type.to_string())),
            kind,
            details,
            lines: lines.clone(),
        });
    }
    let unexpected = left.into_values().filter(|one| !may_be_left_out(one));
    found.extend(unexpected.map(|one| Disagreement {
        stack: stack.to_owned(),
        resource: Some((one.logical_id.clone(), one.resource_type.clone())),
        kind: DisagreementKind::OnlyInService,
        details: one.targets.iter().map(said).collect(),
        lines: Vec::new(),
    }));
    found
}

fn doing(change: &ServiceChange) -> Doing {
    match (change.action.as_str(), change.replacement.as_deref(), change.policy_action.as_deref()) {
        ("Add" | "Import", _, _) => Doing::Adds,
        ("Remove", _, Some("Retain")) => Doing::Keeps,
        ("Remove", _, Some("Delete" | "Snapshot")) => Doing::Deletes,
        ("Remove", _, _) => Doing::Removes,
        ("Modify" | "SyncWithActual", Some("True"), _) => Doing::Replaces,
        ("Modify" | "SyncWithActual", Some("Conditional"), _) => Doing::MayReplace,
        ("Modify" | "SyncWithActual", _, _) => Doing::Updates,
        _ => Doing::Unknown,
    }
}

/// Whether the review and the change set differ about a resource that both have. A replacement that the change set calls
/// conditional, or the review uncertain, agrees with everything. An action of the change set that is not known here is
/// another action.
fn difference(fate: Fate, doing: Doing) -> Option<DisagreementKind> {
    match (fate, doing) {
        (Fate::Retained, Doing::Deletes) => Some(DisagreementKind::OnlyServiceDeletes),
        (Fate::Deleted, Doing::Keeps) => Some(DisagreementKind::OnlyReviewDeletes),
        (Fate::Updated(Update::Replaces), Doing::Updates) => {
            Some(DisagreementKind::OnlyReviewReplaces)
        }
        (
            Fate::Unchanged | Fate::Updated(Update::Nothing | Update::InPlace | Update::Interrupts),
            Doing::Replaces,
        ) => Some(DisagreementKind::OnlyServiceReplaces),
        (Fate::Moved, _)
        | (Fate::Created, Doing::Adds)
        | (Fate::Deleted, Doing::Deletes | Doing::Removes)
        | (Fate::Retained, Doing::Keeps | Doing::Removes)
        | (
            Fate::Unchanged | Fate::Updated(_),
            Doing::Updates | Doing::MayReplace | Doing::Replaces,
        ) => None,
        _ => Some(DisagreementKind::AnotherAction),
    }
}

/// Whether a change set must have a change of the review. It need not have changes of tags and of attributes alone.
fn is_expected(own: &ResourceChange) -> bool {
    let is_quiet =
        matches!(own.outcome.fate, Fate::Unchanged | Fate::Updated(Update::Nothing) | Fate::Moved);
    let is_tags = !own.properties.is_empty()
        && own.properties.iter().all(|one| one.path == "/Tags" || one.path.starts_with("/Tags/"));
    !is_quiet && !is_tags
}

/// Whether the review need not have a change of the change set: one of tags alone, as a change of the stack's tags touches
/// all resources; or one that CloudFormation lists because a value may change when it executes the change set.
fn may_be_left_out(service: &ServiceChange) -> bool {
    let is_tags = |one: &ServiceTarget| {
        one.attribute == "Tags"
            || (one.attribute == "Properties" && one.name.as_deref() == Some("Tags"))
    };
    let all = |is_so: &dyn Fn(&ServiceTarget) -> bool| {
        !service.targets.is_empty() && service.targets.iter().all(is_so)
    };
    match doing(service) {
        Doing::Updates | Doing::MayReplace => {
            all(&is_tags) || all(&|one: &ServiceTarget| one.is_dynamic)
        }
        _ => false,
    }
}

/// What the service says of a value.
fn said(target: &ServiceTarget) -> String {
    let ServiceTarget { attribute, name, path, recreation, is_dynamic, before, after } = target;
    let named = || name.as_ref().map(|name| format!("{attribute}.{name}"));
    let place = path.clone().or_else(named).unwrap_or_else(|| attribute.clone());
    let value = |value: Option<&str>| {
        value.map_or_else(|| "nothing".to_owned(), |value| format!("`{value}`"))
    };
    let values = if before.is_none() && after.is_none() {
        String::new()
    } else {
        format!(" from {} to {}", value(before.as_deref()), value(after.as_deref()))
    };
    let recreation = recreation
        .as_ref()
        .map(|word| format!(", requires recreation: {word}"))
        .unwrap_or_default();
    let dynamic = if *is_dynamic { ", if its value changes" } else { "" };
    format!("the change set: {place} changes{values}{dynamic}{recreation}")
}
