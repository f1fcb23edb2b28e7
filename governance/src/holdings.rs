//! What each actor holds.

use std::collections::{BTreeMap, BTreeSet};

use lakewright_manifest::mesh::Effect;

use crate::governance::Governance;
use crate::index::active;
use crate::rules::Rule;

/// One rule that is about an actor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holding {
    /// The actor: `all users`, or the kind and the name, such as `team/Analysts`.
    pub actor: String,
    /// The id of the rule.
    pub rule: String,
    /// Whether the rule allows or denies.
    pub effect: Effect,
    /// The privileges, as the rule states them.
    pub privileges: Vec<String>,
    /// The number of resources that the rule selects for the actor.
    pub resources: usize,
}

/// What each actor holds, by actor and rule. Teams that own resources hold what ownership implies.
pub fn holdings(governance: &Governance) -> Vec<Holding> {
    let mut all = Vec::new();
    for (_, rule) in active(&governance.rules) {
        for (actor, resources) in actors(governance, rule) {
            if resources > 0 {
                all.push(Holding {
                    actor,
                    rule: rule.id.clone(),
                    effect: rule.effect,
                    privileges: rule.names.clone(),
                    resources,
                });
            }
        }
    }
    all.sort_by(|one, other| (&one.actor, &one.rule).cmp(&(&other.actor, &other.rule)));
    all
}

/// The actors of a rule, each with the number of resources.
fn actors(governance: &Governance, rule: &Rule) -> BTreeMap<String, usize> {
    let kinds: BTreeSet<_> = rule
        .privileges
        .iter()
        .flat_map(|privilege| {
            governance.privileges.about(*privilege).iter().map(|kind| (*privilege, *kind))
        })
        .filter(|(privilege, kind)| rule.is_about(*privilege, *kind, &governance.privileges))
        .map(|(_, kind)| kind)
        .collect();
    let resources = governance.universe.resources.values();
    let selected: Vec<_> = resources
        .filter(|resource| kinds.contains(&resource.kind) && rule.selects(resource))
        .collect();
    let actors = &rule.actors;
    let mut all = BTreeMap::new();
    if actors.everyone {
        all.insert("all users".to_owned(), selected.len());
    }
    let named = [("team", &actors.teams), ("role", &actors.roles), ("user", &actors.users)];
    for (kind, names) in named {
        for name in names {
            all.insert(format!("{kind}/{name}"), selected.len());
        }
    }
    let mut related: BTreeMap<String, usize> = BTreeMap::new();
    for resource in &selected {
        let relations = actors.relations.iter();
        let relations = relations.filter_map(|relation| resource.facts.relations.get(relation));
        let teams: BTreeSet<&String> = relations.flat_map(BTreeMap::keys).collect();
        for team in teams {
            *related.entry(format!("team/{team}")).or_default() += 1;
        }
    }
    for (actor, count) in related {
        all.entry(actor).or_insert(count);
    }
    all
}
