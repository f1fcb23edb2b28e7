//! The smallest actors who matter to a set of rules.
//!
//! An actor can be a member of any teams, so there are more actors than can be listed. Whether a rule matches an actor
//! depends on one reason (a team, a role, the user's name) and on the exceptions that the actor falls under. So of an actor
//! for whom some rules match and others do not, one reason for each rule that matches and all exceptions are enough: with
//! fewer teams no other rule matches, and an exception depends only on what it names.

use std::collections::{BTreeMap, BTreeSet};

use crate::actor::Actor;
use crate::governance::Governance;
use crate::index::{Bits, Place};
use crate::rules::Rule;
use crate::universe::Resource;

/// A user whom no policy names.
pub(crate) const SOMEBODY: &str = "somebody";
/// The number of classes of exceptions whose combinations are all looked at.
pub(crate) const EXCEPTIONS: usize = 10;

/// One reason for which a rule matches an actor.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Literal {
    Team(String),
    Role(String),
    User(String),
}

impl Literal {
    /// The actor with this reason as well. A user has one name: `None` for a second one.
    pub(crate) fn with(&self, actor: &Actor) -> Option<Actor> {
        match self {
            Self::Team(team) => Some(actor.clone().member_of(team)),
            Self::Role(role) => Some(actor.clone().with_role(role)),
            Self::User(user) if actor.user == SOMEBODY => {
                Some(Actor { user: user.clone(), ..actor.clone() })
            }
            Self::User(_) => None,
        }
    }

    /// The actor without this reason.
    fn without(&self, actor: &Actor) -> Actor {
        let mut actor = actor.clone();
        match self {
            Self::Team(team) => {
                actor.teams.remove(team);
            }
            Self::Role(role) => {
                actor.roles.remove(role);
            }
            Self::User(_) => SOMEBODY.clone_into(&mut actor.user),
        }
        actor
    }

    fn is_of(&self, actor: &Actor) -> bool {
        match self {
            Self::Team(team) => actor.teams.contains(team),
            Self::Role(role) => actor.roles.contains(role),
            Self::User(user) => actor.user == *user,
        }
    }

    /// The name, such as `team/Analysts`.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Team(team) => format!("team/{team}"),
            Self::Role(role) => format!("role/{role}"),
            Self::User(user) => format!("user/{user}"),
        }
    }
}

/// The smallest actors who match a rule's actors for a resource.
pub(crate) fn bases(rule: &Rule, resource: &Resource) -> Vec<Actor> {
    if rule.actors.everyone {
        return vec![Actor::new(SOMEBODY)];
    }
    let nobody = Actor::new(SOMEBODY);
    reasons(rule, resource).iter().filter_map(|reason| reason.with(&nobody)).collect()
}

/// The reasons for which a rule that is not about everyone matches an actor, for a resource.
pub(crate) fn reasons(rule: &Rule, resource: &Resource) -> BTreeSet<Literal> {
    let actors = &rule.actors;
    let relations = actors.relations.iter();
    let related = relations.filter_map(|relation| resource.facts.relations.get(relation));
    let teams = actors.teams.iter().chain(related.flat_map(BTreeMap::keys));
    let teams = teams.cloned().map(Literal::Team);
    let roles = actors.roles.iter().cloned().map(Literal::Role);
    let users = actors.users.iter().cloned().map(Literal::User);
    teams.chain(roles).chain(users).collect()
}

/// What the exceptions of a rule name.
pub(crate) fn exceptions(rule: &Rule) -> impl Iterator<Item = Literal> + '_ {
    let actors = &rule.actors;
    let teams = actors.except_teams.iter().cloned().map(Literal::Team);
    let roles = actors.except_roles.iter().cloned().map(Literal::Role);
    teams.chain(roles).chain(actors.except_users.iter().cloned().map(Literal::User))
}

/// An actor with the teams and roles of both, unless they are two users.
pub(crate) fn joined(one: &Actor, other: &Actor) -> Option<Actor> {
    let user = match (one.user.as_str(), other.user.as_str()) {
        (SOMEBODY, user) | (user, SOMEBODY) => user,
        (user, same) if user == same => user,
        (_, _) => return None,
    };
    let teams = one.teams.union(&other.teams).cloned().collect();
    let roles = one.roles.union(&other.roles).cloned().collect();
    Some(Actor { user: user.to_owned(), teams, roles })
}

/// Whether the second actor has everything that the first one has.
pub(crate) fn is_part(one: &Actor, other: &Actor) -> bool {
    (one.user == SOMEBODY || one.user == other.user)
        && one.teams.is_subset(&other.teams)
        && one.roles.is_subset(&other.roles)
}

/// The requests of everybody with a class of privileges on a class of resources, in one mesh.
#[derive(Clone, Copy)]
pub(crate) struct Scene<'a> {
    pub(crate) governance: &'a Governance,
    pub(crate) resource: &'a Resource,
    pub(crate) place: &'a Place,
    /// The rules about the privileges.
    pub(crate) about: &'a Bits,
}

impl Scene<'_> {
    /// The rules that match the privileges and the resources.
    pub(crate) fn rules(&self) -> Bits {
        let mut rules = self.about.clone();
        rules.keep(self.governance.index.selecting(self.place));
        rules
    }

    /// The rules that a reason makes match, and those that it excepts.
    fn effect_of(&self, literal: &Literal, rules: &Bits) -> [Bits; 2] {
        let actor = literal.with(&Actor::new(SOMEBODY)).unwrap_or_default();
        let known = self.governance.index.actor(&actor);
        self.governance.index.parts(&known, rules, self.place)
    }
}

/// The exceptions of the rules of one or more meshes, in classes: two exceptions of a class are alike to all rules.
pub(crate) fn classes(scenes: &[Scene<'_>]) -> Vec<Vec<Literal>> {
    let rules: Vec<Bits> = scenes.iter().map(Scene::rules).collect();
    let mut all = BTreeSet::new();
    for (scene, rules) in scenes.iter().zip(&rules) {
        all.extend(rules.iter().flat_map(|rule| exceptions(&scene.governance.rules[rule])));
    }
    let mut classes: BTreeMap<(bool, Vec<[Bits; 2]>), Vec<Literal>> = BTreeMap::new();
    for literal in all {
        let effects = scenes.iter().zip(&rules);
        let effects = effects.map(|(scene, rules)| scene.effect_of(&literal, rules)).collect();
        // A user has many teams and one name.
        let is_user = matches!(literal, Literal::User(_));
        classes.entry((is_user, effects)).or_default().push(literal);
    }
    classes.into_values().collect()
}

/// An actor with each combination of the first exceptions of each class. A user who is named keeps the name.
pub(crate) fn with_exceptions(base: &Actor, classes: &[Vec<Literal>]) -> Vec<Actor> {
    let mut all = vec![base.clone()];
    for exception in classes.iter().filter_map(|class| class.first()) {
        let more: Vec<Actor> = all.iter().filter_map(|actor| exception.with(actor)).collect();
        all.extend(more);
    }
    all
}

/// The actor, and all actors who have other exceptions of the same classes in place of the first ones.
pub(crate) fn alike(actor: &Actor, classes: &[Vec<Literal>]) -> Vec<Actor> {
    let mut all = vec![actor.clone()];
    for class in classes {
        let Some((first, others)) = class.split_first() else { continue };
        if !first.is_of(actor) {
            continue;
        }
        let more: Vec<Actor> = all
            .iter()
            .flat_map(|one| {
                let rest = first.without(one);
                others.iter().filter_map(move |other| other.with(&rest))
            })
            .collect();
        all.extend(more);
    }
    all
}
