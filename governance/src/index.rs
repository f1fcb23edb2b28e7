//! Which rules a request can match, found without looking at all of them.
//!
//! The index proposes and Cedar decides: see [`crate::decide`]. Rules are bits of a set. For an actor, a privilege and a
//! resource the index holds the rules whose part matches; their intersection are the rules that match the request.

use std::collections::BTreeMap;

use lakewright_manifest::mesh::Effect;

use crate::actor::Actor;
use crate::kind::ResourceKind;
use crate::privilege::{Privilege, Privileges};
use crate::rules::Rule;
use crate::universe::{Resource, Universe};

/// A set of rules.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Bits(pub(crate) Box<[u64]>);

impl Bits {
    pub(crate) fn empty(rules: usize) -> Self {
        Self(vec![0; rules.div_ceil(64)].into_boxed_slice())
    }

    pub(crate) fn insert(&mut self, rule: usize) {
        self.0[rule / 64] |= 1 << (rule % 64);
    }

    pub(crate) fn remove(&mut self, rule: usize) {
        self.0[rule / 64] &= !(1 << (rule % 64));
    }

    pub(crate) fn contains(&self, rule: usize) -> bool {
        self.0[rule / 64] & (1 << (rule % 64)) != 0
    }

    pub(crate) fn add(&mut self, other: &Self) {
        for (word, more) in self.0.iter_mut().zip(&other.0) {
            *word |= more;
        }
    }

    pub(crate) fn keep(&mut self, other: &Self) {
        for (word, kept) in self.0.iter_mut().zip(&other.0) {
            *word &= kept;
        }
    }

    fn drop_all(&mut self, other: &Self) {
        for (word, dropped) in self.0.iter_mut().zip(&other.0) {
            *word &= !dropped;
        }
    }

    pub(crate) fn meets(&self, other: &Self) -> bool {
        self.0.iter().zip(&other.0).any(|(word, other)| word & other != 0)
    }

    fn set_to(&mut self, other: &Self) {
        self.0.copy_from_slice(&other.0);
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = usize> + '_ {
        self.0.iter().enumerate().flat_map(|(at, word)| {
            let mut left = *word;
            std::iter::from_fn(move || {
                let bit = usize::try_from(left.trailing_zeros()).ok().filter(|bit| *bit < 64)?;
                left &= left - 1;
                Some(at * 64 + bit)
            })
        })
    }
}

/// What a name gives: the rules that list it, and those that except it.
#[derive(Debug, Clone)]
struct Named {
    listed: Bits,
    excepted: Bits,
}

/// The rules by what they can match.
#[derive(Debug)]
pub(crate) struct Index {
    rules: usize,
    /// The rules that deny.
    pub(crate) denials: Bits,
    everyone: Bits,
    teams: BTreeMap<String, Named>,
    roles: BTreeMap<String, Named>,
    users: BTreeMap<String, Named>,
    /// Numbers of the teams that have a relation to a resource.
    team_numbers: BTreeMap<String, u32>,
    /// The names of these teams, by number.
    team_names: Vec<String>,
    /// By privilege and kind; `None` where the privilege is not about the kind.
    actions: Vec<Option<Bits>>,
    classes: Vec<Bits>,
}

/// A resource as the index knows it: resources with equal places have the same decisions.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    pub(crate) kind: ResourceKind,
    /// The rules that select the resource.
    pub(crate) class: usize,
    /// The teams with a relation to the resource, and the rules that this relation gives them.
    related: Vec<(u32, usize)>,
}

/// An actor as the index knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Known {
    listed: Bits,
    excepted: Bits,
    teams: Vec<u32>,
}

impl Index {
    /// The index of active rules, and the place of each resource.
    pub(crate) fn of(
        rules: &[Rule],
        known: &Privileges,
        universe: &Universe,
    ) -> (Self, BTreeMap<String, Place>) {
        let mut index = Self {
            rules: rules.len(),
            denials: Bits::empty(rules.len()),
            everyone: Bits::empty(rules.len()),
            teams: BTreeMap::new(),
            roles: BTreeMap::new(),
            users: BTreeMap::new(),
            team_numbers: BTreeMap::new(),
            team_names: Vec::new(),
            actions: actions(rules, known),
            classes: Vec::new(),
        };
        for (number, rule) in active(rules) {
            if rule.effect == Effect::Deny {
                index.denials.insert(number);
            }
            index.add_actors(number, rule);
        }
        let mut numbers = BTreeMap::new();
        let names = universe.resources.iter();
        let places = names
            .map(|(name, resource)| (name.clone(), index.place(rules, resource, &mut numbers)));
        let places = places.collect();
        (index, places)
    }

    fn add_actors(&mut self, number: usize, rule: &Rule) {
        let actors = &rule.actors;
        if actors.everyone {
            self.everyone.insert(number);
        }
        let count = self.rules;
        let empty = || Named { listed: Bits::empty(count), excepted: Bits::empty(count) };
        let lists = [
            (&mut self.teams, &actors.teams, &actors.except_teams),
            (&mut self.roles, &actors.roles, &actors.except_roles),
            (&mut self.users, &actors.users, &actors.except_users),
        ];
        for (names, listed, excepted) in lists {
            for name in listed {
                names.entry(name.clone()).or_insert_with(empty).listed.insert(number);
            }
            for name in excepted {
                names.entry(name.clone()).or_insert_with(empty).excepted.insert(number);
            }
        }
    }

    /// The place of a resource. `numbers` holds the classes that exist already.
    pub(crate) fn place(
        &mut self,
        rules: &[Rule],
        resource: &Resource,
        numbers: &mut BTreeMap<Bits, usize>,
    ) -> Place {
        let mut selected = Bits::empty(self.rules);
        let mut related: BTreeMap<u32, Bits> = BTreeMap::new();
        for (number, rule) in active(rules).filter(|(_, rule)| rule.selects(resource)) {
            selected.insert(number);
            let relations = rule.actors.relations.iter();
            let teams = relations.filter_map(|relation| resource.facts.relations.get(relation));
            for team in teams.flat_map(BTreeMap::keys) {
                let team = self.team_number(team);
                related.entry(team).or_insert_with(|| Bits::empty(rules.len())).insert(number);
            }
        }
        let class = self.class(selected, numbers);
        let related =
            related.into_iter().map(|(team, bits)| (team, self.class(bits, numbers))).collect();
        Place { kind: resource.kind, class, related }
    }

    fn team_number(&mut self, team: &str) -> u32 {
        if let Some(number) = self.team_numbers.get(team) {
            return *number;
        }
        let number = u32::try_from(self.team_numbers.len()).unwrap_or(u32::MAX);
        self.team_numbers.insert(team.to_owned(), number);
        self.team_names.push(team.to_owned());
        number
    }

    fn class(&mut self, bits: Bits, numbers: &mut BTreeMap<Bits, usize>) -> usize {
        let next = self.classes.len();
        *numbers.entry(bits).or_insert_with_key(|bits| {
            self.classes.push(bits.clone());
            next
        })
    }

    /// An actor as the index knows it.
    pub(crate) fn actor(&self, actor: &Actor) -> Known {
        let mut known = Known {
            listed: self.everyone.clone(),
            excepted: Bits::empty(self.rules),
            teams: actor
                .teams
                .iter()
                .filter_map(|team| self.team_numbers.get(team))
                .copied()
                .collect(),
        };
        let teams = actor.teams.iter().filter_map(|team| self.teams.get(team));
        let roles = actor.roles.iter().filter_map(|role| self.roles.get(role));
        for named in teams.chain(roles).chain(self.users.get(&actor.user)) {
            known.listed.add(&named.listed);
            known.excepted.add(&named.excepted);
        }
        known.teams.sort_unstable();
        known
    }

    /// The rules about a privilege on a kind of resource; `None` if the privilege is not about the kind.
    pub(crate) fn about(&self, privilege: Privilege, kind: ResourceKind) -> Option<&Bits> {
        self.actions.get(slot(privilege, kind))?.as_ref()
    }

    /// The rules that select a resource.
    pub(crate) fn selecting(&self, place: &Place) -> &Bits {
        &self.classes[place.class]
    }

    /// Writes the rules that match a request to `out`.
    pub(crate) fn matching(&self, actor: &Known, about: &Bits, place: &Place, out: &mut Bits) {
        self.listing(actor, place, out);
        out.drop_all(&actor.excepted);
        out.keep(about);
        out.keep(&self.classes[place.class]);
    }

    /// Those of some rules that list an actor for a resource, and those that except the actor.
    pub(crate) fn parts(&self, actor: &Known, rules: &Bits, place: &Place) -> [Bits; 2] {
        let mut listed = Bits::empty(self.rules);
        self.listing(actor, place, &mut listed);
        listed.keep(rules);
        let mut excepted = actor.excepted.clone();
        excepted.keep(rules);
        [listed, excepted]
    }

    /// Writes the rules that list an actor for a resource to `out`.
    fn listing(&self, actor: &Known, place: &Place, out: &mut Bits) {
        out.set_to(&actor.listed);
        for (team, class) in &place.related {
            if actor.teams.binary_search(team).is_ok() {
                out.add(&self.classes[*class]);
            }
        }
    }

    /// The teams with a relation to a resource, each with the rules that the relation gives it.
    pub(crate) fn related<'a>(
        &'a self,
        place: &'a Place,
    ) -> impl Iterator<Item = (&'a str, &'a Bits)> + 'a {
        place.related.iter().filter_map(|(team, class)| {
            let team = usize::try_from(*team).ok().and_then(|team| self.team_names.get(team))?;
            Some((team.as_str(), &self.classes[*class]))
        })
    }
}

/// The rules that apply, with their numbers.
pub(crate) fn active(rules: &[Rule]) -> impl Iterator<Item = (usize, &Rule)> {
    rules.iter().enumerate().filter(|(_, rule)| rule.is_active)
}

fn slot(privilege: Privilege, kind: ResourceKind) -> usize {
    let place = ResourceKind::ALL.iter().position(|other| *other == kind).unwrap_or_default();
    privilege.0 * ResourceKind::ALL.len() + place
}

fn actions(rules: &[Rule], known: &Privileges) -> Vec<Option<Bits>> {
    let mut all = vec![None; known.all().count() * ResourceKind::ALL.len()];
    for privilege in known.all() {
        for kind in known.about(privilege) {
            let mut bits = Bits::empty(rules.len());
            for (number, rule) in active(rules) {
                if rule.is_about(privilege, *kind, known) {
                    bits.insert(number);
                }
            }
            all[slot(privilege, *kind)] = Some(bits);
        }
    }
    all
}
