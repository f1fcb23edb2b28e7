//! Policies in resource types that the model of access does not support: whom they give what is not known, so a difference
//! is `Unknown`.

use std::collections::{BTreeMap, BTreeSet};

use lakewright_access::document::{Document, Origin};
use lakewright_access::world::World;

use super::answers::Worlds;
use super::elements::{Element, differing};
use super::{AccessChange, Answer, Reach, Relation, Witness};

/// What differs in the policies of such resources, with the resource in place of a principal.
pub(super) fn changes(worlds: &Worlds<'_>) -> Vec<AccessChange> {
    let [before, after] = worlds.open.map(by_origin);
    let origins: BTreeSet<&Origin> = before.keys().chain(after.keys()).copied().collect();
    let none = Vec::new();
    let change = |origin: &Origin| {
        let sides = [&before, &after].map(|side| side.get(origin).unwrap_or(&none));
        let elements = differing(sides[0].iter().copied(), sides[1].iter().copied());
        let reaches = elements.into_iter().map(|element| {
            let names = names(&element);
            let resource = element.resource.unwrap_or_else(|| "*".to_owned());
            let action = names.first().cloned().unwrap_or_default();
            Reach {
                actions: names,
                resource: resource.clone(),
                conditions: element.statement.conditions.iter().map(ToString::to_string).collect(),
                witness: Witness { action, resource, context: Vec::new() },
                decisions: (Answer::Depends, Answer::Depends),
                statements: Vec::new(),
                because: Vec::new(),
                reason: "a policy differs in a type of resource whose access is not compared"
                    .to_owned(),
            }
        });
        let unknown: Vec<Reach> = reaches.collect();
        (!unknown.is_empty()).then(|| AccessChange {
            principal: format!("{} {}", origin.stack, origin.logical_id),
            relation: Relation::Unknown,
            gained: Vec::new(),
            lost: Vec::new(),
            unknown,
        })
    };
    origins.into_iter().filter_map(change).collect()
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
