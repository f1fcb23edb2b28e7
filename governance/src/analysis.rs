//! What each policy does, decided for all requests and not for samples.
//!
//! Requests are classes: resources that the same rules select and to which the same teams are related, privileges that
//! the same rules are about, and actors. If a rule has an effect for an actor, it has the same effect for the actor who
//! has only one reason to match the rule (and, if the rule denies, one reason to match a rule that allows), and only those
//! teams and roles that other rules except ([`crate::least`]).

use std::collections::{BTreeMap, BTreeSet};

use crate::actor::Actor;
use crate::governance::Governance;
use crate::index::{Bits, Known, Place};
use crate::least::{EXCEPTIONS, Scene, bases, classes, joined, with_exceptions};
use crate::privilege::Privilege;
use crate::rules::Rule;
use crate::universe::Resource;

/// A request that shows what a policy does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Example {
    /// Who asks.
    pub actor: Actor,
    /// The privilege.
    pub privilege: String,
    /// The resource.
    pub resource: String,
}

/// What a policy does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Use {
    /// It does not apply, because its state is `inactive`.
    Inactive,
    /// No resource of the mesh and no privilege match it.
    MatchesNothing,
    /// Without it, the example has another decision.
    Effective(Example),
    /// Everything that it allows is denied by these rules.
    Shadowed(Vec<String>),
    /// Without it nothing changes: these rules allow or deny the same.
    Implied(Vec<String>),
    /// It denies what no rule allows.
    DeniesNothing,
    /// Too many exceptions of other policies combine.
    Undecided,
}

/// What each rule of a mesh does, in the order of [`Governance::rules`].
pub fn uses(governance: &Governance) -> Vec<Use> {
    let mut analysis = Analysis::of(governance);
    (0..governance.rules.len()).map(|rule| analysis.use_of(rule)).collect()
}

struct Analysis<'a> {
    governance: &'a Governance,
    /// One resource for each place.
    resources: Vec<(&'a Place, &'a Resource)>,
    actors: BTreeMap<Actor, Known>,
    matching: Bits,
}

/// What was seen of a rule while nothing showed an effect.
#[derive(Default)]
struct Seen {
    is_matched: bool,
    is_undecided: bool,
    /// A rule that allows matched a request that no other rule denies; a rule that denies matched one that another rule
    /// allows.
    is_open: bool,
    denying: BTreeSet<usize>,
    allowing: BTreeSet<usize>,
}

impl<'a> Analysis<'a> {
    fn of(governance: &'a Governance) -> Self {
        let mut resources: BTreeMap<&Place, &Resource> = BTreeMap::new();
        for (name, resource) in &governance.universe.resources {
            if let Some(place) = governance.places.get(name) {
                resources.entry(place).or_insert(resource);
            }
        }
        let matching = Bits::empty(governance.rules.len());
        let resources = resources.into_iter().collect();
        Self { governance, resources, actors: BTreeMap::new(), matching }
    }

    fn use_of(&mut self, number: usize) -> Use {
        let governance = self.governance;
        let rule = &governance.rules[number];
        if !rule.is_active {
            return Use::Inactive;
        }
        let mut seen = Seen::default();
        for (place, resource) in self.resources.clone() {
            if !governance.index.selecting(place).contains(number) {
                continue;
            }
            for (privilege, about) in self.classes_of(rule, number, resource) {
                let request = Asked { number, place, resource, privilege, about };
                if let Some(example) = self.effect(rule, &request, &mut seen) {
                    return Use::Effective(example);
                }
            }
        }
        self.without_effect(number, &seen)
    }

    /// One privilege for each set of rules that are about privileges of the rule on a resource of this kind.
    fn classes_of(
        &self,
        rule: &Rule,
        number: usize,
        resource: &Resource,
    ) -> Vec<(Privilege, &'a Bits)> {
        let governance = self.governance;
        let mut classes: BTreeMap<&Bits, Privilege> = BTreeMap::new();
        for privilege in &rule.privileges {
            let about = governance.index.about(*privilege, resource.kind);
            if let Some(about) = about.filter(|about| about.contains(number)) {
                classes.entry(about).or_insert(*privilege);
            }
        }
        classes.into_iter().map(|(about, privilege)| (privilege, about)).collect()
    }

    /// A request that has another decision without the rule, if there is one among these.
    fn effect(&mut self, rule: &Rule, asked: &Asked<'_>, seen: &mut Seen) -> Option<Example> {
        let governance = self.governance;
        let Asked { place, resource, about, .. } = *asked;
        let exceptions = classes(&[Scene { governance, resource, place, about }]);
        if exceptions.len() > EXCEPTIONS {
            seen.is_undecided = true;
            return None;
        }
        for base in self.bases(rule, asked) {
            for actor in with_exceptions(&base, &exceptions) {
                let known = self.known(&actor);
                governance.index.matching(&known, asked.about, asked.place, &mut self.matching);
                if !self.matching.contains(asked.number) {
                    continue;
                }
                seen.is_matched = true;
                if self.changes(asked.number, seen) {
                    return Some(Example {
                        actor,
                        privilege: governance.privileges.name(asked.privilege).to_owned(),
                        resource: asked.resource.name(),
                    });
                }
            }
        }
        None
    }

    /// The smallest actors for whom the rule can have an effect. A denial has one only for those whom another rule allows
    /// the request.
    fn bases(&self, rule: &Rule, asked: &Asked<'_>) -> BTreeSet<Actor> {
        let own = bases(rule, asked.resource);
        let denials = &self.governance.index.denials;
        if !denials.contains(asked.number) {
            return own.into_iter().collect();
        }
        let mut allowing = asked.about.clone();
        allowing.keep(self.governance.index.selecting(asked.place));
        let allowing = allowing.iter().filter(|other| !denials.contains(*other));
        let granted: BTreeSet<Actor> = allowing
            .flat_map(|other| bases(&self.governance.rules[other], asked.resource))
            .collect();
        let both = own.iter().flat_map(|one| granted.iter().filter_map(|other| joined(one, other)));
        // Without the second part a rule that denies what nothing allows would seem to match nothing.
        both.chain(own.iter().cloned()).collect()
    }

    /// Whether the matching rules decide otherwise without this one.
    fn changes(&mut self, number: usize, seen: &mut Seen) -> bool {
        let denials = &self.governance.index.denials;
        let is_denial = denials.contains(number);
        let mut others = self.matching.clone();
        others.remove(number);
        let is_denied = others.meets(denials);
        let is_allowed = others.iter().any(|rule| !denials.contains(rule));
        let changes = if is_denial { is_allowed && !is_denied } else { !is_allowed && !is_denied };
        if !changes {
            seen.is_open |= if is_denial { is_allowed } else { !is_denied };
            for rule in others.iter() {
                let set =
                    if denials.contains(rule) { &mut seen.denying } else { &mut seen.allowing };
                set.insert(rule);
            }
        }
        changes
    }

    fn without_effect(&self, number: usize, seen: &Seen) -> Use {
        let named = |rules: &BTreeSet<usize>| -> Vec<String> {
            rules.iter().map(|rule| self.governance.rules[*rule].id.clone()).collect()
        };
        let is_denial = self.governance.index.denials.contains(number);
        match (seen.is_undecided, seen.is_matched, is_denial, seen.is_open) {
            (true, ..) => Use::Undecided,
            (false, false, ..) => Use::MatchesNothing,
            (false, true, true, true) => Use::Implied(named(&seen.denying)),
            (false, true, true, false) => Use::DeniesNothing,
            (false, true, false, true) => Use::Implied(named(&seen.allowing)),
            (false, true, false, false) => Use::Shadowed(named(&seen.denying)),
        }
    }

    fn known(&mut self, actor: &Actor) -> Known {
        if let Some(known) = self.actors.get(actor) {
            return known.clone();
        }
        let known = self.governance.index.actor(actor);
        self.actors.insert(actor.clone(), known.clone());
        known
    }
}

/// The requests of one class.
struct Asked<'a> {
    number: usize,
    place: &'a Place,
    resource: &'a Resource,
    privilege: Privilege,
    about: &'a Bits,
}
