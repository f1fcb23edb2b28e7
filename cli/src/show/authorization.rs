//! What `authorize` answers.

use std::fmt::Write as _;

use lakewright_governance::{Actor, Decision, Resource, Source, Verdict};
use lakewright_manifest::mesh::Effect;
use serde_json::{Value, json};

use crate::arguments::governed::Governed;
use crate::arguments::request::Request;
use crate::exit::Exit;

/// A decision with the policies that decided.
pub(crate) struct Answer {
    pub(crate) decision: Decision,
    policies: Vec<Deciding>,
}

/// A policy that decided.
struct Deciding {
    id: String,
    effect: Effect,
    is_built_in: bool,
    lines: Vec<String>,
}

impl Answer {
    pub(crate) fn of(
        governed: &Governed,
        verdict: &Verdict,
        actor: &Actor,
        resource: &Resource,
    ) -> Self {
        let governance = &governed.governance;
        let policies = verdict.rules.iter().map(|number| {
            let rule = &governance.rules[*number];
            let lines = governance.lines(*number, actor, resource);
            Deciding {
                id: rule.id.clone(),
                effect: rule.effect,
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

pub(crate) fn to_json(request: &Request, answer: &Answer) -> Value {
    let decision = match answer.decision {
        Decision::Allow => "allowed",
        Decision::Deny => "denied",
        Decision::Unknown => "unknown",
    };
    let policies = answer.policies.iter().map(|policy| {
        json!({
            "id": policy.id,
            "effect": word(policy.effect),
            "built_in": policy.is_built_in,
            "lines": policy.lines,
        })
    });
    json!({
        "version": 1,
        "actor": request.actor,
        "member_of": request.member_of,
        "roles": request.roles,
        "privilege": request.privilege,
        "resource": request.resource,
        "decision": decision,
        "policies": policies.collect::<Vec<Value>>(),
    })
}

pub(crate) fn to_text(request: &Request, answer: &Answer) -> String {
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
