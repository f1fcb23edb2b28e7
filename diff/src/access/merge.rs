//! Findings about the same statements in one, and all findings of a principal together.

use std::collections::BTreeMap;

use lakewright_access::document::Origin;
use lakewright_access::pattern;
use lakewright_access::sample::shown;

use super::answers::{self, Difference};
use super::requests::Found;
use super::{AccessChange, Answer, Deciding, Reach, Relation, Side, Witness, lines_of};

/// Where a finding belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum List {
    Gained,
    Lost,
    Unknown,
}

/// What findings have in common that are shown as one.
type Key = (List, String, (Answer, Answer), Vec<(bool, Origin, String)>, String);

/// The findings of each principal.
#[derive(Debug, Default)]
pub(super) struct Merged {
    principals: BTreeMap<String, BTreeMap<Key, Reach>>,
    /// Findings of other kinds.
    others: Vec<AccessChange>,
}

/// Why the side that does not allow the requests denies them, with the side. That no statement allows them needs no words:
/// the other side's statements say what was added or taken away.
fn denial((before, after): (&'static str, &'static str), is_gained: bool) -> String {
    let (side, reason) = if is_gained { ("before", before) } else { ("after", after) };
    let is_told = ["boundary", "denies", "organization", "RestrictPublicBuckets", "session policy"]
        .iter()
        .any(|word| reason.contains(word));
    if is_told { format!("{side} the change, {reason}") } else { String::new() }
}

impl Merged {
    pub(super) fn add(&mut self, principal: &str, found: Found<'_>, sides: [&Side<'_>; 2]) {
        let Found { actions, resource, witness, context, difference } = found;
        let (list, answers, statements, reason) = match difference {
            Difference::Decided { answers, is_gained, statements, reasons } => {
                let list = if is_gained { List::Gained } else { List::Lost };
                let has = if is_gained { answers.1 } else { answers.0 };
                let reason = match has {
                    // Statements say why a request is allowed. They do not say on what it depends.
                    Answer::Depends if is_gained => reasons.1.to_owned(),
                    Answer::Depends => reasons.0.to_owned(),
                    Answer::Allowed | Answer::Denied => denial(reasons, is_gained),
                };
                (list, answers, statements, reason)
            }
            Difference::Undecided { reason, answers, statements } => {
                let answers = answers.unwrap_or((Answer::Depends, Answer::Depends));
                (List::Unknown, answers, statements, reason.to_owned())
            }
        };
        let statements = deciding(&statements);
        let mut names: Vec<String> =
            actions.iter().map(|action| shown(*action).into_owned()).collect();
        names.sort();
        let keys: Vec<(String, Vec<String>)> =
            context.iter().map(|(key, values)| (key.to_owned(), values.to_vec())).collect();
        let origins = statements
            .iter()
            .map(|one| (one.is_after, one.origin.clone(), one.sid.clone()))
            .collect();
        let key = (list, resource.clone(), answers, origins, String::new());
        let reaches = self.principals.entry(principal.to_owned()).or_default();
        if let Some(known) = reaches.get_mut(&key) {
            known.actions.extend(names);
            known.actions.sort();
            known.actions.dedup();
            return;
        }
        let because = because(&statements, list, sides);
        let action = names.first().cloned().unwrap_or_default();
        let conditions =
            keys.iter().map(|(key, values)| format!("{key} is {}", values.join(", "))).collect();
        let reach = Reach {
            actions: names,
            resource,
            conditions,
            witness: Witness { action, resource: witness, context: keys },
            decisions: answers,
            statements,
            because,
            reason,
        };
        reaches.insert(key, reach);
    }

    /// Attached policies that no template contains, and that differ.
    pub(super) fn attached(&mut self, role: &str, gone: &[String], new: &[String]) {
        let lists = [("no longer attached", gone), ("newly attached", new)];
        for (what, policies) in lists {
            for policy in policies {
                let reason = format!("{policy} is {what}, and no template says what it gives");
                self.anything(role, reason);
            }
        }
    }

    /// A policy of which a part is known only at deployment.
    pub(super) fn partial(&mut self, principal: &str, origin: &str) {
        self.anything(principal, format!("a part of {origin} is known only at deployment"));
    }

    /// A principal may gain or lose anything.
    fn anything(&mut self, principal: &str, reason: String) {
        let any = "*".to_owned();
        let decisions = (Answer::Depends, Answer::Depends);
        let reach = Reach {
            actions: vec![any.clone()],
            resource: any.clone(),
            conditions: Vec::new(),
            witness: Witness { action: any.clone(), resource: any.clone(), context: Vec::new() },
            decisions,
            statements: Vec::new(),
            because: Vec::new(),
            reason: reason.clone(),
        };
        let key = (List::Unknown, any, decisions, Vec::new(), reason);
        self.principals.entry(principal.to_owned()).or_default().insert(key, reach);
    }

    pub(super) fn join(&mut self, change: AccessChange) {
        self.others.push(change);
    }

    /// All changes, broadened access first, then by principal.
    pub(super) fn finish(self) -> Vec<AccessChange> {
        let mut lists: BTreeMap<String, [Vec<Reach>; 3]> = BTreeMap::new();
        for (principal, reaches) in self.principals {
            let of = lists.entry(principal).or_default();
            for ((list, ..), reach) in reaches {
                add_most_specific(&mut of[list as usize], reach);
            }
        }
        for AccessChange { principal, gained, lost, unknown, .. } in self.others {
            let of = lists.entry(principal).or_default();
            for (list, reaches) in of.iter_mut().zip([gained, lost, unknown]) {
                list.extend(reaches);
            }
        }
        let change = |(principal, [gained, lost, unknown]): (String, [Vec<Reach>; 3])| {
            let relation = Relation::of(!gained.is_empty(), !lost.is_empty(), !unknown.is_empty())?;
            Some(AccessChange { principal, relation, gained, lost, unknown })
        };
        let mut changes: Vec<AccessChange> = lists.into_iter().filter_map(change).collect();
        changes.sort_by_key(|change| std::cmp::Reverse(change.relation));
        changes
    }
}

/// Adds a finding. Policies on both sides of a request name its resource by different patterns: of findings about the same
/// request, the one with the narrower pattern is kept.
fn add_most_specific(reaches: &mut Vec<Reach>, reach: Reach) {
    let is_same = |known: &&mut Reach| {
        known.witness == reach.witness
            && known.actions == reach.actions
            && known.decisions == reach.decisions
            && known.statements == reach.statements
    };
    let Some(known) = reaches.iter_mut().find(is_same) else {
        reaches.push(reach);
        return;
    };
    if pattern::matches(&known.resource, &reach.resource) {
        *known = reach;
    }
}

fn deciding(statements: &[answers::Deciding<'_>]) -> Vec<Deciding> {
    let one = |(is_after, document, statement): &answers::Deciding<'_>| Deciding {
        is_after: *is_after,
        origin: document.origin.clone(),
        sid: statement.sid.clone(),
        is_allow: statement.is_allow,
    };
    let mut found: Vec<Deciding> = statements.iter().map(one).collect();
    found.dedup();
    found
}

/// The manifest lines that asked for what is gained or lost: those of the statements that allow it on the side that has
/// it or, without any, those of the statements that denied it on the other side.
fn because(statements: &[Deciding], list: List, sides: [&Side<'_>; 2]) -> Vec<String> {
    let has = list != List::Lost;
    let lines = |wanted: &dyn Fn(&&Deciding) -> bool| -> Vec<String> {
        let wanted = statements.iter().filter(wanted);
        let mut lines: Vec<String> = wanted
            .flat_map(|one| lines_of(sides[usize::from(one.is_after)], &one.origin, &one.sid))
            .collect();
        lines.sort();
        lines.dedup();
        lines
    };
    let of_allowing = lines(&|one| one.is_after == has && one.is_allow);
    if of_allowing.is_empty() { lines(&|one| one.is_after != has) } else { of_allowing }
}
