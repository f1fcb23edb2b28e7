//! The proof of a whole mesh, and how its findings are shown.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use lakewright_proof::document::Origin;
use lakewright_proof::escalation::Escalation;
use lakewright_proof::prove::{Difference, DifferenceKind, Findings, Proof};
use lakewright_proof::sample::FILL;
use rayon::iter::{IntoParallelIterator as _, IntoParallelRefIterator as _, ParallelIterator as _};
use serde_json::json;

use crate::proof::Subject;

/// Both directions, in as many threads as there are cores.
pub(crate) fn prove(subject: &Subject) -> Findings {
    let Subject { world, intended, .. } = subject;
    let proof = Proof { world, intended };
    let missing = || {
        // A service has thousands of rules, so each rule is looked at by itself.
        let principals = intended.principals();
        let rules = principals
            .par_iter()
            .flat_map(|(arn, rules)| rules.par_iter().map(move |rule| (*arn, rule)));
        let each = rules.map(|(arn, rule)| proof.missing(arn, rule));
        each.reduce(Findings::default, Findings::and)
    };
    let more = || {
        let roles = world.roles.par_iter().map(|(_, role)| proof.more_of_role(role));
        let resources = world.resources.par_iter().map(|(arn, resource)| {
            let mut findings = Findings::default();
            if let Some(policy) = &resource.policy {
                proof.more_of_policy(policy, arn, &mut findings);
            }
            findings
        });
        let lake = (&world.lake.grants).into_par_iter();
        let lake = lake.map(|(principal, grants)| proof.more_of_lake(principal, grants));
        roles.chain(resources).chain(lake).reduce(Findings::default, Findings::and)
    };
    let undenied = || {
        let each = intended.denials().par_iter().map(|(arn, rule)| proof.undenied(arn, rule));
        each.reduce(Findings::default, Findings::and)
    };
    let (missing, (more, undenied)) = rayon::join(missing, || rayon::join(more, undenied));
    let mut findings = missing.and(more).and(undenied).and(paths(subject));
    findings.differences.sort();
    findings.differences.dedup();
    findings
}

/// What a mesh gives that the mesh before did not: each request of an intended grant that the
/// templates of before do not allow, and everything that new roles have.
pub(crate) fn gained(subject: &Subject, before: &Subject) -> Findings {
    let proof = Proof { world: &before.world, intended: &subject.intended };
    let principals = subject.intended.principals();
    let each = principals.par_iter().map(|(arn, rules)| {
        let is_new =
            subject.world.roles.contains_key(*arn) && !before.world.roles.contains_key(*arn);
        let mut findings = if is_new {
            let differences = rules.iter().map(Difference::new_access).collect();
            Findings { requests: rules.len(), differences }
        } else {
            let each = rules.iter().map(|rule| proof.missing(arn, rule));
            each.fold(Findings::default(), Findings::and)
        };
        for difference in &mut findings.differences {
            difference.kind = DifferenceKind::Gained;
            "the mesh before does not give it".clone_into(&mut difference.reason);
        }
        findings
    });
    each.reduce(Findings::default, Findings::and)
}

/// Chains from a team to another team, or to the roles that deploy and administer.
fn paths(subject: &Subject) -> Findings {
    const PROTECTED: [&str; 5] =
        ["dataset-role/", "deploy-role/", "execution-role/", "pivot-role/", "team/"];
    let Subject { world, intended, .. } = subject;
    let escalation = Escalation::of(world);
    let is_team =
        |arn: &&String| intended.name_of(arn).is_some_and(|name| name.starts_with("team/"));
    let teams: Vec<&String> = world.roles.keys().filter(is_team).collect();
    let each = teams.par_iter().map(|team| {
        let mut findings = Findings::default();
        let is_asked_for = |author: &str, role: &str| intended.acts_as(author, role);
        for (role, chain) in escalation.reached(team, &is_asked_for) {
            findings.requests += 1;
            let name = intended.name_of(&role).unwrap_or(&role);
            if !PROTECTED.iter().any(|prefix| name.starts_with(prefix)) {
                continue;
            }
            let steps: Vec<String> = chain
                .iter()
                .map(|step| format!("{} on {} gives {}", step.action, step.resource, step.role))
                .collect();
            findings.differences.push(Difference::path(
                team,
                &role,
                &chain,
                &steps.join(", then "),
            ));
        }
        findings
    });
    each.reduce(Findings::default, Findings::and)
}

fn lines(difference: &Difference, subject: &Subject) -> Vec<String> {
    if !difference.because.is_empty() {
        return difference.because.clone();
    }
    let stack = subject.provenance.stacks.get(&difference.stack);
    stack.and_then(|parts| parts.get("*")).cloned().unwrap_or_default()
}

/// Differences for people: of those by one statement or grant, the first one stands for all.
pub(crate) fn show_all(differences: &[Difference], subject: &Subject) -> String {
    type Key<'d> = (DifferenceKind, &'d str, &'d [(Origin, String)], &'d str, &'d str);
    fn key(one: &Difference) -> Key<'_> {
        (one.kind, &one.principal, &one.statements, &one.reason, &one.stack)
    }
    let mut groups: BTreeMap<Key<'_>, Vec<&Difference>> = BTreeMap::new();
    for one in differences {
        groups.entry(key(one)).or_default().push(one);
    }
    let mut text = String::new();
    for (_, group) in groups {
        text.push_str(&show(group[0], subject));
        if group.len() > 1 {
            let others = group[1..].iter().map(|one| readable(&one.action));
            let others: BTreeSet<String> =
                others.filter(|action| *action != group[0].action).collect();
            let others: Vec<String> = others.into_iter().take(6).collect();
            let such = if others.is_empty() { "" } else { ", such as " };
            writeln!(text, "  and {} more like it{such}{}", group.len() - 1, others.join(" "))
                .expect("a string takes all");
        }
    }
    text
}

/// A sample as people read it: the text in the place of a wildcard stands for anything.
fn readable(text: &str) -> String {
    text.replace(FILL, "<any>").replace("Zzsample", "<any other>")
}

/// A difference for people.
fn show(difference: &Difference, subject: &Subject) -> String {
    let Difference {
        kind, principal, action, resource, context, statements, reason, stack, ..
    } = difference;
    let head = match kind {
        DifferenceKind::Missing => "missing",
        DifferenceKind::More => "too much",
        DifferenceKind::Gained => "gained",
        DifferenceKind::Path => "path",
    };
    let name = subject.intended.name_of(principal).unwrap_or(principal);
    let (principal, resource) = (readable(principal), readable(resource));
    let (name, action) = (readable(name), readable(action));
    let mut text = format!("{head}: {name} {action} {resource}\n  principal: {principal}\n");
    for (key, values) in context {
        let values = readable(&values.join(", "));
        writeln!(text, "  when {key} = {values}").expect("a string takes all");
    }
    writeln!(text, "  because {reason}").expect("a string takes all");
    for (origin, sid) in statements {
        writeln!(text, "  statement: {origin} {sid}").expect("a string takes all");
    }
    if !stack.is_empty() {
        writeln!(text, "  stack: {stack}").expect("a string takes all");
    }
    // Nobody asked for what a statement gives too much: these lines ask for its stack.
    let is_asked = *kind != DifferenceKind::More || !difference.because.is_empty();
    let asked = if is_asked { "asked for at" } else { "the stack comes from" };
    for line in lines(difference, subject) {
        writeln!(text, "  {asked} {line}").expect("a string takes all");
    }
    text
}

/// A difference for programs.
pub(crate) fn to_json(difference: &Difference, subject: &Subject) -> serde_json::Value {
    let Difference {
        kind, principal, action, resource, context, statements, reason, stack, ..
    } = difference;
    let context: serde_json::Map<_, _> =
        context.iter().map(|(key, values)| (key.clone(), json!(values))).collect();
    let statements: Vec<_> = statements
        .iter()
        .map(|(origin, sid)| {
            json!({ "stack": &*origin.stack, "logical_id": origin.logical_id, "property": origin.property, "sid": sid })
        })
        .collect();
    json!({
        "kind": match kind {
            DifferenceKind::Missing => "missing",
            DifferenceKind::More => "more",
            DifferenceKind::Gained => "gained",
            DifferenceKind::Path => "path",
        },
        "principal": principal,
        "name": subject.intended.name_of(principal),
        "action": action,
        "resource": resource,
        "context": context,
        "statements": statements,
        "reason": reason,
        "stack": stack,
        "asked_for_at": lines(difference, subject),
    })
}
