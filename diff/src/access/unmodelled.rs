//! Policies in resource types that the model of access does not support, and policies of an organization in templates: which
//! principals they concern is not known, so a difference is `Unknown`.

use std::collections::{BTreeMap, BTreeSet};

use lakewright_access::document::{Document, Origin};
use lakewright_access::world::{DeclaredPolicy, World};

use super::answers::Worlds;
use super::elements::{Element, differing};
use super::{AccessChange, Answer, Reach, Relation, Witness};

/// Types of an organization's policies that restrict no access.
///
/// Source: "Managing organization policies with AWS Organizations" in the AWS Organizations User Guide: of the management
/// policies, these configure AI services, backups and tags.
const WITHOUT_ACCESS: [&str; 3] = ["AISERVICES_OPT_OUT_POLICY", "BACKUP_POLICY", "TAG_POLICY"];

/// Why the policies of a resource type are not compared.
const UNSUPPORTED: &str = "a policy differs in a type of resource whose access is not compared";

/// Why the policies of an organization are not compared.
const OF_ORGANIZATION: &str =
    "a policy of the organization differs, and no template says which principals it restricts";

/// What differs in the policies of such resources, with the resource in place of a principal.
pub(super) fn changes(worlds: &Worlds<'_>) -> Vec<AccessChange> {
    let [before, after] = worlds.open.map(by_origin);
    let origins: BTreeSet<&Origin> = before.keys().chain(after.keys()).copied().collect();
    let none = Vec::new();
    let change = |origin: &Origin| {
        let sides = [&before, &after].map(|side| side.get(origin).unwrap_or(&none));
        let elements = differing(sides[0].iter().copied(), sides[1].iter().copied());
        let reaches = elements.iter().map(|element| reach(element, UNSUPPORTED));
        let unknown: Vec<Reach> = reaches.collect();
        (!unknown.is_empty()).then(|| unknown_change(origin, unknown))
    };
    origins.into_iter().filter_map(change).collect()
}

/// What differs in the policies of an organization. Such a policy restricts access, but a service control policy that is
/// added may also allow what no other one of its level allows.
pub(super) fn of_organization(worlds: &Worlds<'_>) -> Vec<AccessChange> {
    let [before, after] = worlds.open.map(|world| {
        let policies = world.declared().iter();
        let restricting = policies.filter(|one| !WITHOUT_ACCESS.contains(&one.kind.as_str()));
        restricting.map(|one| (&one.origin, one)).collect::<BTreeMap<&Origin, &DeclaredPolicy>>()
    });
    let origins: BTreeSet<&Origin> = before.keys().chain(after.keys()).copied().collect();
    let change = |origin: &Origin| {
        let sides = [before.get(origin), after.get(origin)];
        let documents =
            sides.map(|one| one.map(|one| one.documents.as_slice()).unwrap_or_default());
        let elements = differing(documents[0].iter(), documents[1].iter());
        let mut unknown: Vec<Reach> =
            elements.iter().map(|element| reach(element, OF_ORGANIZATION)).collect();
        let rest = sides.map(|one| one.map(|one| (&one.kind, &one.targets, &one.content)));
        let has_partial = |all: &[Document]| all.iter().any(|one| one.is_partial);
        let is_partial = has_partial(documents[0]) || has_partial(documents[1]);
        let is_other = rest[0] != rest[1] || (is_partial && documents[0] != documents[1]);
        if unknown.is_empty() && is_other {
            unknown.push(anything(OF_ORGANIZATION));
        }
        (!unknown.is_empty()).then(|| unknown_change(origin, unknown))
    };
    origins.into_iter().filter_map(change).collect()
}

/// A change whose effect on access is not known, with the resource in place of a principal.
fn unknown_change(origin: &Origin, unknown: Vec<Reach>) -> AccessChange {
    AccessChange {
        principal: format!("{} {}", origin.stack, origin.logical_id),
        relation: Relation::Unknown,
        gained: Vec::new(),
        lost: Vec::new(),
        unknown,
    }
}

fn reach(element: &Element, reason: &str) -> Reach {
    let actions = names(element);
    let resource = element.resource.clone().unwrap_or_else(|| "*".to_owned());
    let action = actions.first().cloned().unwrap_or_default();
    let conditions = element.statement.conditions.iter().map(ToString::to_string).collect();
    let witness = Witness { action, resource: resource.clone(), context: Vec::new() };
    Reach { actions, resource, conditions, witness, ..anything(reason) }
}

fn anything(reason: &str) -> Reach {
    let any = || "*".to_owned();
    Reach {
        actions: vec![any()],
        resource: any(),
        conditions: Vec::new(),
        witness: Witness { action: any(), resource: any(), context: Vec::new() },
        decisions: (Answer::Depends, Answer::Depends),
        statements: Vec::new(),
        because: Vec::new(),
        reason: reason.to_owned(),
    }
}

/// The actions as the policy names them. Those of a statement that excludes some are all others.
fn names(element: &Element) -> Vec<String> {
    let actions = &element.statement.actions;
    if element.statement.not_actions {
        return vec!["*".to_owned()];
    }
    let written = actions.names().iter().map(|action| action.name().to_owned());
    let mut names: Vec<String> = written.chain(actions.patterns().iter().cloned()).collect();
    names.sort();
    names
}

fn by_origin(world: &World) -> BTreeMap<&Origin, Vec<&Document>> {
    let mut found: BTreeMap<&Origin, Vec<&Document>> = BTreeMap::new();
    for document in world.others() {
        found.entry(&document.origin).or_default().push(document);
    }
    found
}
