//! Templates with one change: the proof must notice each change that affects a decision.
//!
//! Each statement is removed, and each action, resource, principal and condition is removed, narrowed or widened, one at
//! a time. So is each Lake Formation permission. Each `Allow` statement is also changed to allow one of the `strangers`.
//! A second evaluator decides a finite set of requests around the changed statement, before and after the change.

mod carried;

use std::collections::BTreeSet;
use std::fs;
use std::io::Write as _;
use std::sync::Arc;

use lakewright_access::action::Action;
use lakewright_access::document::{
    Actions, Comparison, Condition, Document, PrincipalEntry, Statement,
};
use lakewright_access::lake::LakeGrant;
use lakewright_access::pattern::sample;
use lakewright_access::world::{OnUnresolved, PartsMut, Piece, StackTemplate, World};
use lakewright_proof::intended::Intended;
use lakewright_proof::prove::{Findings, Proof};
use lakewright_template::assembly::{Assembly, Grants};
use lakewright_template::place::Place;
use lakewright_template::{Template, read};

use super::naive::{Asked, LakeAsked, allows, lake_allows};
use super::strangers;
use crate::run::{EXAMPLES, example, lakewright, transcript};
use carried::{Carried, Keys};

/// The access model of an example's templates, and the intended access.
fn subject(name: &str) -> (World, Intended) {
    let (templates, grants) = templates(name);
    let pieces = templates.iter().map(|(address, place, template)| {
        let unresolved = OnUnresolved::Fail;
        Piece::of(StackTemplate { address, place, template, unresolved }).expect("policies")
    });
    (World::of(pieces.collect()), Intended::of(grants))
}

/// The templates of an example, each with its address and its account and region, and the grants.
pub(super) fn templates(name: &str) -> (Vec<(String, Place, Template)>, Grants) {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("out");
    let done = lakewright([
        "synth".as_ref(),
        example(name).as_os_str(),
        "--out".as_ref(),
        out.as_os_str(),
        "-q".as_ref(),
    ]);
    assert!(done.status.success(), "{}", transcript(&done));
    let text = |path: &str| fs::read_to_string(out.join(path)).expect("a file of the assembly");
    let assembly: Assembly = serde_json::from_str(&text("assembly.json")).expect("assembly.json");
    let grants: Grants = serde_json::from_str(&text("grants.json")).expect("grants.json");
    let templates = assembly.stacks.iter().map(|entry| {
        let template = read::template(&text(&entry.template)).expect("a template");
        (entry.address().to_string(), entry.place(), template)
    });
    (templates.collect(), grants)
}

/// The location of a document in the access model.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Target {
    Identity(String, usize),
    Trust(String),
    Resource(String),
    Boundary(String),
}

fn targets(world: &World) -> Vec<Target> {
    let mut targets = Vec::new();
    let mut boundaries = BTreeSet::new();
    for (arn, role) in world.roles() {
        targets.extend((0..role.identity.len()).map(|place| Target::Identity(arn.clone(), place)));
        targets.push(Target::Trust(arn.clone()));
        boundaries.extend(role.boundary.clone().filter(|arn| world.managed().contains_key(arn)));
    }
    let with_policy = world.resources().values().filter(|resource| resource.policy.is_some());
    targets.extend(with_policy.map(|resource| Target::Resource(resource.arn.clone())));
    targets.extend(boundaries.into_iter().map(Target::Boundary));
    targets
}

fn document<'w>(world: &'w mut World, target: &Target) -> &'w mut Document {
    let PartsMut { roles, resources, managed, .. } = world.parts_mut();
    match target {
        Target::Identity(arn, place) => {
            Arc::make_mut(&mut roles.get_mut(arn).expect("the role").identity[*place])
        }
        Target::Trust(arn) => &mut roles.get_mut(arn).expect("the role").trust,
        Target::Resource(arn) => {
            resources.get_mut(arn).and_then(|r| r.policy.as_mut()).expect("the policy")
        }
        Target::Boundary(arn) => Arc::make_mut(managed.get_mut(arn).expect("the boundary")),
    }
}

/// Changes the actions in a statement.
fn change_actions(
    statement: &mut Statement,
    change: impl FnOnce(&mut Vec<Action>, &mut Vec<String>),
) {
    let (mut names, mut patterns) =
        (statement.actions.names().to_vec(), statement.actions.patterns().to_vec());
    change(&mut names, &mut patterns);
    statement.actions = Actions::new(names, patterns);
}

const OTHER_EFFECT: &str = "the other effect";

/// The replacements of a statement, each with a name: every statement that differs in one place, none for its removal,
/// and two statements where another principal is added.
fn mutants(statement: &Statement, number: usize) -> Vec<(String, Vec<Statement>)> {
    let mut mutants = vec![("removed".to_owned(), Vec::new())];
    mutants.extend(strangers::mutant(statement, number));
    let mut add = |what: String, change: &dyn Fn(&mut Statement)| {
        let mut mutant = statement.clone();
        change(&mut mutant);
        if mutant != *statement {
            mutants.push((what, vec![mutant]));
        }
    };
    for (place, action) in statement.actions.names().iter().enumerate() {
        add(format!("without {action}"), &|s| {
            change_actions(s, |names, _| _ = names.remove(place));
        });
    }
    let services: BTreeSet<&str> = statement.actions.names().iter().map(|a| a.service()).collect();
    for service in services {
        add(format!("with {service}:*"), &|s| {
            change_actions(s, |_, patterns| patterns.push(format!("{service}:*")));
        });
    }
    for (place, pattern) in statement.actions.patterns().iter().enumerate() {
        add(format!("without {pattern}"), &|s| {
            change_actions(s, |_, patterns| _ = patterns.remove(place));
        });
        add(format!("{pattern} narrowed"), &|s| {
            change_actions(s, |_, patterns| patterns[place] = pattern.replace('*', "get*"));
        });
    }
    for (place, resource) in statement.resources.iter().enumerate() {
        if statement.resources.len() > 1 {
            add(format!("without {resource}"), &|s| {
                s.resources.remove(place);
            });
        }
        add(format!("{resource} narrowed"), &|s| {
            s.resources[place] = match resource.rfind('*') {
                Some(star) => format!("{}n{}", &resource[..star], &resource[star..]),
                None => format!("{resource}/narrow"),
            };
        });
        add(format!("{resource} widened"), &|s| {
            let stem = resource.trim_end_matches(|c| c != '/' && c != ':');
            s.resources[place] = format!("{stem}*");
        });
        add(format!("{resource} widened to all"), &|s| "*".clone_into(&mut s.resources[place]));
    }
    for (place, entry) in statement.principals.iter().flat_map(|p| &p.entries).enumerate() {
        add(format!("without {entry:?}"), &|s| {
            s.principals.iter_mut().for_each(|p| {
                p.entries.remove(place);
            });
        });
        add(format!("{entry:?} widened"), &|s| {
            s.principals.iter_mut().for_each(|p| p.entries[place] = PrincipalEntry::Everyone);
        });
        if let PrincipalEntry::Arn(arn) = entry {
            let account = arn.split(':').nth(4).unwrap_or_default().to_owned();
            add(format!("{entry:?} widened to its account"), &|s| {
                let account = PrincipalEntry::Account(account.clone());
                s.principals.iter_mut().for_each(|p| p.entries[place] = account.clone());
            });
        }
    }
    add(OTHER_EFFECT.to_owned(), &|s| s.is_allow = !s.is_allow);
    add("under one more condition".to_owned(), &|s| {
        s.conditions.push(Condition::new(
            "Bool",
            "aws:MultiFactorAuthPresent",
            vec!["true".to_owned()],
        ));
    });
    of_conditions(statement, &mut add);
    mutants
}

/// A callback that receives a change of a statement, with its name.
type Add<'a> = dyn FnMut(String, &dyn Fn(&mut Statement)) + 'a;

/// Adds the changes of a statement's conditions.
fn of_conditions(statement: &Statement, add: &mut Add<'_>) {
    for (place, condition) in statement.conditions.iter().enumerate() {
        let Condition { key, values, comparison, .. } = condition;
        add(format!("without the condition on {key}"), &|s| {
            s.conditions.remove(place);
        });
        // Every request has a time, so `IfExists` makes no difference.
        if key != "aws:currenttime" {
            add(format!("also without {key}"), &|s| {
                s.conditions[place].if_exists = !s.conditions[place].if_exists;
            });
        }
        add(format!("by the opposite of {key}"), &|s| {
            let comparison = &mut s.conditions[place].comparison;
            match comparison {
                Comparison::Arn { not }
                | Comparison::Ip { not }
                | Comparison::StringEquals { not, .. }
                | Comparison::StringLike { not } => *not = !*not,
                _ => {}
            }
        });
        add(format!("with one more value of {key}"), &|s| {
            let more = match comparison {
                Comparison::Date { .. } => "9999-12-31T00:00:00Z",
                Comparison::Arn { .. } => "arn:aws:iam::999999999999:role/more",
                Comparison::Null | Comparison::Bool if values.iter().any(|v| v == "true") => {
                    "false"
                }
                Comparison::Null | Comparison::Bool => "true",
                _ => "more",
            };
            s.conditions[place].values.push(more.to_owned());
        });
        for (number, value) in values.iter().enumerate() {
            add(format!("{key} without {value}"), &|s| {
                s.conditions[place].values.remove(number);
            });
            add(format!("{key} with another value than {value}"), &|s| {
                s.conditions[place].values[number] = match (comparison, value.as_str()) {
                    (Comparison::Null | Comparison::Bool, "true") => "false".to_owned(),
                    (Comparison::Null | Comparison::Bool, _) => "true".to_owned(),
                    _ => "other".to_owned(),
                };
            });
        }
    }
}

/// The principals: each role in an unnamed session, and in each of its sessions that a statement names.
fn in_sessions<'a>(
    principals: &'a BTreeSet<String>,
    sessions: &BTreeSet<String>,
) -> Vec<(&'a String, Option<String>)> {
    let mut all = Vec::new();
    for principal in principals {
        all.push((principal, None));
        let Some(of_it) = strangers::session(principal, "") else { continue };
        let named = sessions.iter().filter(|session| session.starts_with(&of_it));
        all.extend(named.map(|session| (principal, Some(session.clone()))));
    }
    all
}

const FILL: &str = "zz~universe~zz";

/// The requests around these statements.
fn universe(world: &World, target: &Target, statements: &[&Statement]) -> Vec<Asked> {
    let (mut principals, mut sessions) = (BTreeSet::<String>::new(), BTreeSet::new());
    let (mut actions, mut resources) = (BTreeSet::new(), BTreeSet::new());
    let mut contexts: BTreeSet<Keys> = BTreeSet::from([Keys::new()]);
    for statement in statements {
        actions.extend(statement.actions.names().iter().map(|action| action.lower().to_owned()));
        actions
            .extend(statement.actions.patterns().iter().map(|pattern| sample(pattern, "zzsample")));
        for pattern in &statement.resources {
            let own = match target {
                Target::Resource(arn) if pattern == "*" => Some(arn.clone()),
                _ => None,
            };
            resources.insert(own.unwrap_or_else(|| {
                if pattern == "*" { pattern.clone() } else { sample(pattern, FILL) }
            }));
        }
        for entry in statement.principals.iter().flat_map(|p| &p.entries) {
            match entry {
                PrincipalEntry::Arn(arn) if arn.contains(":assumed-role/") => {
                    sessions.insert(arn.clone())
                }
                PrincipalEntry::Arn(name)
                | PrincipalEntry::CanonicalUser(name)
                | PrincipalEntry::Federated(name)
                | PrincipalEntry::Service(name) => principals.insert(name.clone()),
                PrincipalEntry::Everyone => {
                    principals.insert("arn:aws:iam::999999999999:role/stranger".to_owned())
                }
                // A role of the account that no template creates. Its own policies may allow the request.
                PrincipalEntry::Account(account) => {
                    principals.insert(format!("arn:aws:iam::{account}:role/{FILL}"))
                }
            };
        }
        let mut carried = Carried::default();
        for condition in &statement.conditions {
            if condition.key == "aws:principalarn" {
                principals.extend(condition.values.iter().map(|arn| sample(arn, FILL)));
                continue;
            }
            // The owner of a resource follows from its ARN, so a request cannot have another one.
            if condition.key == "aws:resourceaccount" {
                for account in &condition.values {
                    let theirs = statement
                        .resources
                        .iter()
                        .map(|at| at.replace(":*:", &format!(":{account}:")));
                    resources.extend(theirs.map(|pattern| sample(&pattern, FILL)));
                }
                continue;
            }
            carried.add(condition);
        }
        contexts.extend(carried.contexts());
    }
    match target {
        Target::Identity(arn, _) => principals = BTreeSet::from([arn.clone()]),
        Target::Boundary(policy) => {
            let with_it =
                world.roles().values().filter(|role| role.boundary.as_ref() == Some(policy));
            principals = with_it.take(3).map(|role| role.arn.clone()).collect();
        }
        Target::Trust(arn) => resources = BTreeSet::from([arn.clone()]),
        Target::Resource(_) => {}
    }
    let mut asked = Vec::new();
    for (principal, session) in in_sessions(&principals, &sessions) {
        for action in &actions {
            for resource in &resources {
                for context in &contexts {
                    asked.push(Asked {
                        principal: principal.clone(),
                        action: action.clone(),
                        resource: resource.clone(),
                        context: context.clone(),
                        session: session.clone(),
                    });
                }
            }
        }
    }
    asked
}

/// Runs the parts of the proof that a change of one document can affect. Returns whether they notice it.
fn notices(
    world: &World,
    intended: &Intended,
    target: &Target,
    before: &Statement,
    after: &[Statement],
) -> bool {
    let proof = Proof { world, intended };
    let is_touched =
        |action: &Action| std::iter::once(before).chain(after).any(|s| s.actions.contain(*action));
    let mut findings = Findings::default();
    match target {
        Target::Identity(arn, _) | Target::Trust(arn) => {
            findings = proof.more_of_role(&world.roles()[arn]);
        }
        Target::Resource(arn) => {
            let policy = world.resources()[arn].policy.as_ref().expect("the policy");
            proof.more_of_policy(policy, arn, &mut findings);
        }
        Target::Boundary(_) => {}
    }
    let is_noticed = |findings: &Findings| !findings.differences.is_empty();
    if is_noticed(&findings) {
        return true;
    }
    for (arn, rules) in intended.principals() {
        let is_asked = match target {
            Target::Identity(role, _) => arn == role,
            Target::Boundary(policy) => {
                world.roles().get(arn).is_some_and(|role| role.boundary.as_ref() == Some(policy))
            }
            Target::Trust(_) | Target::Resource(_) => true,
        };
        if !is_asked {
            continue;
        }
        let mut touched = rules.iter().filter(|rule| rule.actions.iter().any(is_touched));
        if touched.any(|rule| is_noticed(&proof.missing(arn, rule))) {
            return true;
        }
    }
    intended.denials().iter().any(|(arn, rule)| is_noticed(&proof.undenied(arn, rule)))
}

#[test]
fn the_proof_notices_each_change_of_a_decision() {
    let (mut tried, mut changing, mut unnoticed) = (0_usize, 0_usize, Vec::new());
    for name in EXAMPLES {
        let (world, intended) = subject(name);
        let targets = targets(&world);
        let halves: Vec<Vec<Target>> =
            (0..2).map(|half| targets.iter().skip(half).step_by(2).cloned().collect()).collect();
        let results: Vec<(usize, usize, Vec<String>)> = std::thread::scope(|scope| {
            let each = halves.iter().map(|half| {
                let (world, intended) = (world.clone(), &intended);
                scope.spawn(move || try_all(name, world, intended, half))
            });
            let threads: Vec<_> = each.collect();
            threads.into_iter().map(|thread| thread.join().expect("a thread")).collect()
        });
        let of_lake = try_all_of_lake(name, world, &intended);
        assert!(name == "minimal" || of_lake.1 > 100, "{name}: {} of Lake Formation", of_lake.1);
        for (more_tried, more_changing, more) in results.into_iter().chain([of_lake]) {
            tried += more_tried;
            changing += more_changing;
            unnoticed.extend(more);
        }
    }
    let noticed = changing - unnoticed.len();
    let line = format!("{noticed} of {changing} changes of a decision noticed, by {tried} mutants");
    writeln!(std::io::stdout(), "{line}").expect("somebody reads");
    assert!(changing > 2_000, "only {changing} mutants change a decision");
    assert!(
        unnoticed.is_empty(),
        "{noticed} of {changing} noticed; not:\n{}",
        unnoticed.join("\n")
    );
}

fn try_all(
    name: &str,
    mut world: World,
    intended: &Intended,
    targets: &[Target],
) -> (usize, usize, Vec<String>) {
    let original = world.clone();
    let (mut tried, mut changing, mut unnoticed) = (0, 0, Vec::new());
    for target in targets {
        let before = document(&mut world, target).clone();
        for (place, statement) in before.statements.iter().enumerate() {
            for (what, mutant) in mutants(statement, tried) {
                // If an access point's `Deny` becomes `Allow`, nothing is opened, because the bucket denies the same. The
                // second evaluator looks at one policy at a time, so it would not see this.
                let is_of_point =
                    matches!(target, Target::Resource(arn) if arn.contains(":accesspoint/"));
                if is_of_point && what == OTHER_EFFECT && !statement.is_allow {
                    continue;
                }
                tried += 1;
                // An unchanged statement affects no decision.
                let stays = mutant.contains(statement);
                let before_it = (!stays).then_some(statement);
                let around: Vec<&Statement> = before_it
                    .into_iter()
                    .chain(mutant.iter().filter(|one| *one != statement))
                    .collect();
                let asked = universe(&original, target, &around);
                let changed = document(&mut world, target);
                changed.statements.splice(place..=place, mutant.iter().cloned());
                let witness =
                    asked.iter().find(|asked| allows(&original, asked) != allows(&world, asked));
                if let Some(witness) = witness {
                    changing += 1;
                    if !notices(&world, intended, target, statement, &mutant) {
                        unnoticed.push(format!(
                            "{name} {} {}: {what}: {witness:?}",
                            before.origin, statement.sid
                        ));
                    }
                }
                *document(&mut world, target) = before.clone();
            }
        }
    }
    (tried, changing, unnoticed)
}

/// Every permission that differs from this one in one place, with its principal; `None` for its removal.
fn lake_mutants(
    principal: &str,
    grant: &LakeGrant,
) -> Vec<(&'static str, Option<(String, LakeGrant)>)> {
    let mut mutants = vec![("removed", None)];
    let mut add = |what, principal: &str, change: &dyn Fn(&mut LakeGrant)| {
        let mut mutant = grant.clone();
        change(&mut mutant);
        if (principal, &mutant) != (principal, grant) || what == "of somebody else" {
            mutants.push((what, Some((principal.to_owned(), mutant))));
        }
    };
    let stem = grant.resource.rsplit_once('/').map_or("", |(stem, _)| stem);
    add("of somebody else", "arn:aws:iam::999999999999:role/stranger", &|_| ());
    add("to insert", principal, &|g| g.permission = Action::new("lakeformation:INSERT"));
    add("to do everything", principal, &|g| g.permission = Action::new("lakeformation:ALL"));
    add("to describe", principal, &|g| g.permission = Action::new("lakeformation:DESCRIBE"));
    add("on another resource", principal, &|g| g.resource = format!("{stem}/zz"));
    if grant.resource.contains(":table/") {
        add("on all tables", principal, &|g| g.resource = format!("{stem}/*"));
    }
    add("on all rows and columns", principal, &|g| g.cells = None);
    add("on one column", principal, &|g| g.cells = Some("columns zz; rows all".to_owned()));
    mutants
}

/// Tries all changes of Lake Formation permissions.
fn try_all_of_lake(
    name: &str,
    mut world: World,
    intended: &Intended,
) -> (usize, usize, Vec<String>) {
    let original = world.clone();
    let (mut tried, mut changing, mut unnoticed) = (0, 0, Vec::new());
    for (principal, grants) in &original.lake().grants {
        for (place, grant) in grants.iter().enumerate() {
            for (what, mutant) in lake_mutants(principal, grant) {
                tried += 1;
                let lake = world.parts_mut().lake;
                let changed = lake.grants.get_mut(principal).expect("the principal");
                changed.remove(place);
                if let Some((to, mutant)) = &mutant {
                    lake.grants.entry(to.clone()).or_default().push(mutant.clone());
                }
                lake.index();
                let both =
                    [Some((principal, grant)), mutant.as_ref().map(|(to, grant)| (to, grant))];
                let both: Vec<_> = both.into_iter().flatten().collect();
                let asked = lake_universe(&both);
                let witness = asked
                    .iter()
                    .find(|asked| lake_allows(&original, asked) != lake_allows(&world, asked));
                if let Some(witness) = witness {
                    changing += 1;
                    let proof = Proof { world: &world, intended };
                    let is_noticed = both.iter().any(|(principal, _)| {
                        let grants = world.lake().grants.get(*principal).into_iter().flatten();
                        let grants: Vec<LakeGrant> = grants.cloned().collect();
                        let rules = intended.principals();
                        let rules = rules.into_iter().find(|(arn, _)| *arn == principal.as_str());
                        let mut rules = rules.into_iter().flat_map(|(_, rules)| rules);
                        !proof.more_of_lake(principal, &grants).differences.is_empty()
                            || rules.any(|rule| {
                                let is_touched =
                                    rule.actions.iter().any(|action| action.is_permission());
                                is_touched && !proof.missing(principal, rule).differences.is_empty()
                            })
                    });
                    if !is_noticed {
                        unnoticed.push(format!("{name} {}: {what}: {witness:?}", grant.origin));
                    }
                }
                world.parts_mut().lake.grants.clone_from(&original.lake().grants);
            }
        }
    }
    (tried, changing, unnoticed)
}

/// The requests around these permissions: every combination of their principals, permissions and resources.
fn lake_universe(grants: &[(&String, &LakeGrant)]) -> Vec<LakeAsked> {
    let mut asked = Vec::new();
    for (principal, _) in grants {
        for (_, LakeGrant { permission, .. }) in grants {
            for (_, LakeGrant { resource, .. }) in grants {
                let cells = grants.iter().map(|(_, grant)| grant.cells.clone()).chain([None]);
                asked.extend(cells.map(|cells| LakeAsked {
                    principal: (*principal).clone(),
                    permission: permission.lower().to_owned(),
                    resource: resource.replace("/*", "/zz~universe~zz"),
                    cells,
                }));
            }
        }
    }
    asked
}
