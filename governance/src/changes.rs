//! The decisions that two meshes make otherwise: who may newly do what, and who may no longer.
//!
//! Cedar makes each decision, once for each mesh. All requests are looked at, in classes: resources that the same rules
//! select and to which the same teams are related, privileges that the same rules are about, and the smallest actors
//! ([`crate::least`]). Rules that mean the same in both meshes are the same rule, whatever their ids are.
//!
//! A resource that one mesh does not have is there a resource without facts. So what somebody may do with every resource of
//! a kind is no change when there is one more, and what its owner may do with it is one. Nothing is lost with a resource
//! that is new, and nothing gained with one that is gone.

use std::collections::{BTreeMap, BTreeSet};

use lakewright_manifest::diagnostic::Origin;
use lakewright_manifest::mesh::Effect;

use crate::actor::Actor;
use crate::analysis::Example;
use crate::decide::{Decider, Decision, PreparedActor, Verdict};
use crate::governance::Governance;
use crate::index::{Bits, Place};
use crate::kind::ResourceKind;
use crate::least::{
    EXCEPTIONS, Literal, SOMEBODY, Scene, alike, bases, classes, exceptions, is_part, joined,
    reasons, with_exceptions,
};
use crate::privilege::{GROUPS, Privilege, Privileges};
use crate::rules::{Rule, RuleActors, RuleResources};
use crate::schema::group_of;
use crate::universe::{Facts, Resource};

/// Every user whom no document names.
const OTHER_USERS: &str = "*";

/// How decisions change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ChangeKind {
    /// Requests that only the second mesh allows.
    Gained,
    /// Requests that could not be decided: too many exceptions combine, or Cedar found an error.
    Undecided,
    /// Requests that only the first mesh allows.
    Lost,
}

/// Requests of one kind of actor that two meshes decide otherwise, for the same reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// How they change.
    pub kind: ChangeKind,
    /// What the actor is: `team/NAME`, `role/NAME` and `user/NAME`, all of them together; empty for all users.
    pub actor: Vec<String>,
    /// Whoever is one of these as well has not the new decision.
    pub but_not: Vec<String>,
    /// The privileges; a group such as `metadata.*` stands for all of its privileges about the resources.
    pub privileges: Vec<String>,
    /// The resources, sorted; `user/*` is every user whom no document names.
    pub resources: Vec<String>,
    /// One of the requests.
    pub example: Example,
    /// The ids of the rules that decide the example, in the first and in the second mesh; empty if no rule matches.
    pub rules: [Vec<String>; 2],
    /// The positions that these rules stand on, for all of the requests.
    pub origins: [BTreeSet<Origin>; 2],
}

/// The decisions that differ, what is gained first.
pub fn changes(before: &Governance, after: &Governance) -> Vec<Change> {
    let mut comparison = Comparison::of([before, after]);
    for pair in pairs([before, after]) {
        comparison.compare(pair);
    }
    comparison.finish()
}

/// Resources that both meshes decide alike about.
struct Pair<'a> {
    kind: ResourceKind,
    places: [&'a Place; 2],
    /// Whether each mesh has them.
    is_there: [bool; 2],
    names: Vec<String>,
}

/// What both meshes decide by, of a resource: its kind, its place in each, and whether each has it.
type Alike<'a> = (ResourceKind, [&'a Place; 2], [bool; 2]);

/// All resources of both meshes.
fn pairs<'a>(sides: [&'a Governance; 2]) -> Vec<Pair<'a>> {
    let mut all: BTreeMap<Alike<'a>, Vec<String>> = BTreeMap::new();
    let mut add = |kind: ResourceKind, name: &str| {
        // Every user can be asked about, whether a mesh names the user or not.
        let is_there = sides
            .map(|side| kind == ResourceKind::User || side.universe.resources.contains_key(name));
        let places = sides.map(|side| side.place(kind, name));
        all.entry((kind, places, is_there)).or_default().push(name.to_owned());
    };
    add(ResourceKind::User, &format!("{}/{OTHER_USERS}", ResourceKind::User.as_str()));
    let [before, after] = sides.map(|side| &side.universe.resources);
    let new = after.iter().filter(|(name, _)| !before.contains_key(*name));
    for (name, resource) in before.iter().chain(new) {
        add(resource.kind, name);
    }
    let all = all.into_iter();
    all.map(|((kind, places, is_there), names)| Pair { kind, places, is_there, names }).collect()
}

/// The resource with a name as each mesh knows it.
fn known(sides: [&Governance; 2], kind: ResourceKind, name: &str) -> [Resource; 2] {
    let id = name.split_once('/').map_or(name, |(_, id)| id);
    sides.map(|side| {
        let found = side.universe.resources.get(name).cloned();
        found.unwrap_or_else(|| Resource { kind, id: id.to_owned(), facts: Facts::default() })
    })
}

/// What a rule says, without its id and its place in the mesh.
type Meaning<'a> = (bool, &'a RuleActors, &'a RuleResources, &'a BTreeSet<Privilege>);

fn meaning(rule: &Rule) -> Meaning<'_> {
    (rule.effect == Effect::Deny, &rule.actors, &rule.resources, &rule.privileges)
}

/// What is the same for all requests of a finding.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    kind: ChangeKind,
    actor: Actor,
    but_not: Vec<String>,
    /// The rules that decide, as numbers of each mesh.
    rules: [Vec<usize>; 2],
}

struct Comparison<'a> {
    sides: [&'a Governance; 2],
    /// A number for what each rule means, by the rule's number.
    meanings: [Vec<usize>; 2],
    deciders: [Decider<'a>; 2],
    actors: BTreeMap<Actor, [PreparedActor; 2]>,
    compared: Vec<Pair<'a>>,
    /// The privileges by the pair of resources.
    found: BTreeMap<Key, BTreeMap<usize, BTreeSet<Privilege>>>,
}

/// Requests with one privilege about one resource, which stand for a class.
struct Asked<'r> {
    privilege: Privilege,
    resources: &'r [Resource; 2],
}

impl<'a> Comparison<'a> {
    fn of(sides: [&'a Governance; 2]) -> Self {
        let mut numbers = BTreeMap::new();
        let meanings = sides.map(|side| {
            let rules = side.rules.iter();
            rules
                .map(|rule| {
                    let next = numbers.len();
                    *numbers.entry(meaning(rule)).or_insert(next)
                })
                .collect()
        });
        Self {
            sides,
            meanings,
            deciders: sides.map(Decider::new),
            actors: BTreeMap::new(),
            compared: Vec::new(),
            found: BTreeMap::new(),
        }
    }

    fn compare(&mut self, pair: Pair<'a>) {
        let whole = [0, 1].map(|side| self.sides[side].index.selecting(pair.places[side]));
        if self.is_same(pair.places, whole) {
            return;
        }
        let Some(first) = pair.names.first() else { return };
        let resources = known(self.sides, pair.kind, first);
        let number = self.compared.len();
        for (about, privileges) in self.privileges(&pair) {
            if self.is_same(pair.places, [&about[0], &about[1]]) {
                continue;
            }
            let Some(privilege) = privileges.first().copied() else { continue };
            let scenes = [0, 1].map(|side| Scene {
                governance: self.sides[side],
                resource: &resources[side],
                place: pair.places[side],
                about: &about[side],
            });
            let asked = Asked { privilege, resources: &resources };
            for key in self.differences(scenes, &asked, pair.is_there) {
                let pairs = self.found.entry(key).or_default();
                pairs.entry(number).or_default().extend(&privileges);
            }
        }
        self.compared.push(pair);
    }

    /// Whether some rules of both meshes mean the same for a pair of resources.
    fn is_same(&self, places: [&Place; 2], rules: [&Bits; 2]) -> bool {
        let [before, after] = [0, 1].map(|side| {
            let numbers = &self.meanings[side];
            let meant = |bits: &Bits| -> BTreeSet<usize> {
                bits.iter().map(|rule| numbers[rule]).collect()
            };
            let related = self.sides[side].index.related(places[side]).map(|(team, bits)| {
                let mut bits = bits.clone();
                bits.keep(rules[side]);
                (team, meant(&bits))
            });
            let related = related.filter(|(_, meant)| !meant.is_empty());
            (meant(rules[side]), related.collect::<BTreeMap<_, _>>())
        });
        before == after
    }

    /// The privileges about a pair of resources, by the rules of both meshes that are about them.
    fn privileges(&self, pair: &Pair<'_>) -> BTreeMap<[Bits; 2], Vec<Privilege>> {
        let mut all: BTreeMap<[Bits; 2], Vec<Privilege>> = BTreeMap::new();
        for privilege in self.sides[0].privileges.all() {
            let about = self.sides.map(|side| side.index.about(privilege, pair.kind));
            let [Some(before), Some(after)] = about else { continue };
            let mut rules = [before.clone(), after.clone()];
            for (side, rules) in rules.iter_mut().enumerate() {
                rules.keep(self.sides[side].index.selecting(pair.places[side]));
            }
            all.entry(rules).or_default().push(privilege);
        }
        all
    }

    /// The smallest actors for whom the meshes decide otherwise.
    fn differences(
        &mut self,
        scenes: [Scene<'_>; 2],
        asked: &Asked<'_>,
        is_there: [bool; 2],
    ) -> BTreeSet<Key> {
        let classes = classes(&scenes);
        if classes.len() > EXCEPTIONS {
            let rules = scenes.map(|scene| scene.rules().iter().collect());
            let actor = Actor::new(SOMEBODY);
            let key = Key { kind: ChangeKind::Undecided, actor, but_not: Vec::new(), rules };
            return BTreeSet::from([key]);
        }
        let mut keys = BTreeSet::new();
        for (kind, allowing) in [(ChangeKind::Gained, 1), (ChangeKind::Lost, 0)] {
            if is_there[allowing] {
                let found = self.smallest(scenes, asked, allowing, &classes);
                let found = found.iter().flat_map(|actor| alike(actor, &classes));
                for actor in found.collect::<BTreeSet<Actor>>() {
                    keys.extend(self.key(kind, actor, scenes[1], asked));
                }
            }
        }
        keys
    }

    /// The smallest actors whom only one of the meshes allows the request, or for whom a mesh does not decide.
    fn smallest(
        &mut self,
        scenes: [Scene<'_>; 2],
        asked: &Asked<'_>,
        allowing: usize,
        classes: &[Vec<Literal>],
    ) -> Vec<Actor> {
        let actors_of = |scene: Scene<'_>, is_denial: bool| -> BTreeSet<Actor> {
            let denials = &scene.governance.index.denials;
            let rules = scene.rules();
            let rules = rules.iter().filter(|rule| denials.contains(*rule) == is_denial);
            let rules = rules.map(|rule| &scene.governance.rules[rule]);
            rules.flat_map(|rule| bases(rule, scene.resource)).collect()
        };
        let allowed = actors_of(scenes[allowing], false);
        let refused = actors_of(scenes[1 - allowing], true);
        let both =
            allowed.iter().flat_map(|one| refused.iter().filter_map(|other| joined(one, other)));
        let bases: BTreeSet<Actor> = both.chain(allowed.iter().cloned()).collect();
        let candidates: BTreeSet<Actor> =
            bases.iter().flat_map(|base| with_exceptions(base, classes)).collect();
        let mut candidates: Vec<Actor> = candidates.into_iter().collect();
        candidates.sort_by_key(|actor| {
            actor.teams.len() + actor.roles.len() + usize::from(actor.user != SOMEBODY)
        });
        let mut found: Vec<Actor> = Vec::new();
        for actor in candidates {
            if found.iter().any(|smaller| is_part(smaller, &actor)) {
                continue;
            }
            let decisions = self.decide(&actor, asked).map(|verdict| verdict.decision);
            let is_change =
                decisions[allowing] == Decision::Allow && decisions[1 - allowing] == Decision::Deny;
            if is_change || decisions.contains(&Decision::Unknown) {
                found.push(actor);
            }
        }
        found
    }

    /// The finding about an actor for whom the meshes decide otherwise. `after` has the rules of the second mesh.
    fn key(
        &mut self,
        kind: ChangeKind,
        actor: Actor,
        after: Scene<'_>,
        asked: &Asked<'_>,
    ) -> Option<Key> {
        let verdicts = self.decide(&actor, asked);
        let decisions = [verdicts[0].decision, verdicts[1].decision];
        let kind =
            if decisions.contains(&Decision::Unknown) { ChangeKind::Undecided } else { kind };
        if kind != ChangeKind::Undecided && decisions[0] == decisions[1] {
            return None;
        }
        let mut turning = BTreeSet::new();
        for number in after.rules().iter() {
            let rule = &after.governance.rules[number];
            turning.extend(exceptions(rule));
            // That whoever has a second reason keeps what is lost says nothing about the change.
            if kind == ChangeKind::Gained && rule.effect == Effect::Deny {
                turning.extend(reasons(rule, after.resource));
            }
        }
        let mut but_not = Vec::new();
        for literal in turning {
            let Some(other) = literal.with(&actor).filter(|other| *other != actor) else {
                continue;
            };
            if self.decide(&other, asked)[1].decision != decisions[1] {
                but_not.push(literal.name());
            }
        }
        Some(Key { kind, actor, but_not, rules: verdicts.map(|verdict| verdict.rules) })
    }

    /// What both meshes decide. The privilege is about the resource, so the question can be asked.
    fn decide(&mut self, actor: &Actor, asked: &Asked<'_>) -> [Verdict; 2] {
        let sides = self.sides;
        let prepared = self
            .actors
            .entry(actor.clone())
            .or_insert_with_key(|actor| sides.map(|side| side.actor(actor.clone())));
        let deciders = &mut self.deciders;
        [0, 1].map(|side| {
            let target = sides[side].target(&asked.resources[side]);
            let verdict = deciders[side].decide(&prepared[side], asked.privilege, target);
            let unknown = || Verdict { decision: Decision::Unknown, rules: Vec::new() };
            verdict.cloned().unwrap_or_else(|_| unknown())
        })
    }

    /// The findings, with resources together about which the same is said.
    fn finish(mut self) -> Vec<Change> {
        let mut all = Vec::new();
        for (key, pairs) in std::mem::take(&mut self.found) {
            let mut groups: BTreeMap<Vec<String>, Vec<(usize, Privilege)>> = BTreeMap::new();
            for (pair, privileges) in pairs {
                let Some(first) = privileges.first().copied() else { continue };
                let held = self.held(&key.actor, pair);
                let kind = self.compared[pair].kind;
                let names = shortened(&privileges, &held, kind, &self.sides[0].privileges);
                groups.entry(names).or_default().push((pair, first));
            }
            let groups = groups.into_iter();
            all.extend(groups.filter_map(|(names, pairs)| self.change(&key, names, &pairs)));
        }
        all.sort_by(|one, other| {
            let order =
                |one: &Change| (one.kind, one.actor.clone(), one.resources.first().cloned());
            order(one).cmp(&order(other)).then_with(|| one.privileges.cmp(&other.privileges))
        });
        all
    }

    /// What an actor may do with resources that only one mesh has, besides what is gained or lost: what everybody may do with
    /// every such resource. To name a group of privileges, it counts.
    fn held(&mut self, actor: &Actor, pair: usize) -> BTreeSet<Privilege> {
        let sides = self.sides;
        let Pair { kind, is_there, names, .. } = &self.compared[pair];
        let side = match is_there {
            [true, false] => 0,
            [false, true] => 1,
            _ => return BTreeSet::new(),
        };
        let resources = known(sides, *kind, names.first().map_or("", String::as_str));
        let known = &sides[0].privileges;
        let about = known.all().filter(|privilege| known.about(*privilege).contains(kind));
        let about: Vec<Privilege> = about.collect();
        let is_allowed = |privilege: &Privilege| {
            let asked = Asked { privilege: *privilege, resources: &resources };
            self.decide(actor, &asked)[side].decision == Decision::Allow
        };
        about.into_iter().filter(is_allowed).collect()
    }

    fn change(
        &self,
        key: &Key,
        privileges: Vec<String>,
        pairs: &[(usize, Privilege)],
    ) -> Option<Change> {
        let (first, privilege) = pairs.first()?;
        let mut origins = [BTreeSet::new(), BTreeSet::new()];
        let mut resources = BTreeSet::new();
        for (pair, _) in pairs {
            let pair = &self.compared[*pair];
            for name in &pair.names {
                let as_known = known(self.sides, pair.kind, name);
                for (side, origins) in origins.iter_mut().enumerate() {
                    let rules = key.rules[side].iter();
                    origins.extend(rules.flat_map(|rule| {
                        self.sides[side].lines(*rule, &key.actor, &as_known[side])
                    }));
                }
                resources.insert(name.clone());
            }
        }
        let example = Example {
            actor: key.actor.clone(),
            privilege: self.sides[0].privileges.name(*privilege).to_owned(),
            resource: self.compared[*first].names.first()?.clone(),
        };
        let rules = [0, 1].map(|side| {
            key.rules[side].iter().map(|rule| self.sides[side].rules[*rule].id.clone()).collect()
        });
        Some(Change {
            kind: key.kind,
            actor: names_of(&key.actor),
            but_not: key.but_not.clone(),
            privileges,
            resources: resources.into_iter().collect(),
            example,
            rules,
            origins,
        })
    }
}

/// What an actor is, besides somebody.
fn names_of(actor: &Actor) -> Vec<String> {
    let teams = actor.teams.iter().cloned().map(Literal::Team);
    let roles = actor.roles.iter().cloned().map(Literal::Role);
    let user = (actor.user != SOMEBODY).then(|| Literal::User(actor.user.clone()));
    teams.chain(roles).chain(user).map(|literal| literal.name()).collect()
}

/// The names of privileges, with a group in place of all of its privileges about a kind of resources that are not held
/// anyway.
fn shortened(
    privileges: &BTreeSet<Privilege>,
    held: &BTreeSet<Privilege>,
    kind: ResourceKind,
    known: &Privileges,
) -> Vec<String> {
    let mut names: BTreeSet<&str> =
        privileges.iter().map(|privilege| known.name(*privilege)).collect();
    for group in GROUPS {
        let about = known.all().filter(|privilege| known.about(*privilege).contains(&kind));
        let of_group = |one: &Privilege| group_of(known.name(*one)) == Some(group);
        let all: Vec<Privilege> = about.filter(of_group).collect();
        let is_changed = all.iter().any(|one| privileges.contains(one));
        let is_whole = all.iter().all(|one| privileges.contains(one) || held.contains(one));
        if all.len() > 1 && is_changed && is_whole {
            names.retain(|name| group_of(name) != Some(group));
            names.insert(group);
        }
    }
    names.into_iter().map(str::to_owned).collect()
}
