//! What `authorize` answers.

use std::fmt::Write as _;

use lakewright_governance::{Actor, Decision, Resource, Source, Verdict};
use lakewright_manifest::mesh::Effect;
use serde::Serialize;

use crate::arguments::governed::Governed;
use crate::arguments::request::Request;
use crate::exit::Exit;

/// A decision with the policies that decided.
pub(crate) struct Answer<'g> {
    pub(crate) decision: Decision,
    policies: Vec<Deciding<'g>>,
}

/// A policy that decided.
#[derive(Serialize)]
struct Deciding<'g> {
    #[serde(rename = "built_in")]
    is_built_in: bool,
    effect: &'static str,
    id: &'g str,
    lines: Vec<String>,
}

/// A request and its answer, as programs read them. The keys are in the order in which all documents have them, so that the
/// lines of a batch need no sorting.
#[derive(Serialize)]
pub(crate) struct Document<'a> {
    actor: &'a str,
    decision: &'static str,
    member_of: &'a [String],
    policies: &'a [Deciding<'a>],
    privilege: &'a str,
    resource: &'a str,
    roles: &'a [String],
    version: u32,
}

impl<'g> Answer<'g> {
    pub(crate) fn of(
        governed: &'g Governed,
        verdict: &Verdict,
        actor: &Actor,
        resource: &Resource,
    ) -> Self {
        let governance = &governed.governance;
        let policies = verdict.rules.iter().map(|number| {
            let rule = &governance.rules[*number];
            let lines = governance.lines(*number, actor, resource);
            Deciding {
                id: &rule.id,
                effect: word(rule.effect),
                is_built_in: rule.source != Source::Document,
                lines: lines.into_iter().map(|origin| governed.line(origin)).collect(),
            }
        });
        Self { decision: verdict.decision, policies: policies.collect() }
    }
}

/// The exit code of a decision.
pub(crate) const fn exit(decision: Decision) -> Exit {
    match decision {
        Decision::Allow => Exit::Done,
        Decision::Deny => Exit::No,
        Decision::Unknown => Exit::Unknown,
    }
}

pub(crate) const fn word(effect: Effect) -> &'static str {
    match effect {
        Effect::Allow => "allow",
        Effect::Deny => "deny",
    }
}

pub(crate) fn document<'a>(request: &'a Request, answer: &'a Answer<'_>) -> Document<'a> {
    Document {
        actor: &request.actor,
        decision: match answer.decision {
            Decision::Allow => "allowed",
            Decision::Deny => "denied",
            Decision::Unknown => "unknown",
        },
        member_of: &request.member_of,
        policies: &answer.policies,
        privilege: &request.privilege,
        resource: &request.resource,
        roles: &request.roles,
        version: 1,
    }
}

pub(crate) fn to_text(request: &Request, answer: &Answer<'_>) -> String {
    let Request { actor, privilege, resource, .. } = request;
    let (decision, by) = match answer.decision {
        Decision::Allow => ("allowed", "allowed by"),
        Decision::Deny => ("denied", "denied by"),
        Decision::Unknown => ("unknown", "Cedar could not evaluate"),
    };
    let mut text = format!("{decision}: {actor} {privilege} {resource}\n");
    for policy in &answer.policies {
        writeln!(text, "  {by} {} ({})", policy.id, policy.lines.join(", "))
            .expect("a string takes all");
    }
    if answer.policies.is_empty() {
        text.push_str("  no policy allows it\n");
    }
    text
}
