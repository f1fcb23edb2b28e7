//! Shows the decision on a request, with its reasons.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use lakewright_access::evaluate::{Decision, Near, SESSION_IS_MISSING};
use lakewright_access::lake::LakeGrant;
use lakewright_analysis::decision::{Answer, Lacking, Question, WouldAllow, condition};
use lakewright_analysis::subject::Subject;
use serde_json::{Value, json};

use crate::exit::Exit;

/// The exit of a command that answers a question.
pub(crate) fn exit(answer: &Answer<'_>) -> Exit {
    match answer.verdict.decision {
        Decision::Allow => Exit::Done,
        Decision::ExplicitDeny | Decision::ImplicitDeny => Exit::No,
        Decision::Unknown => Exit::Unknown,
    }
}

fn word(answer: &Answer<'_>) -> &'static str {
    match answer.verdict.decision {
        Decision::Allow => "allowed",
        Decision::ExplicitDeny => "denied explicitly",
        Decision::ImplicitDeny => "denied",
        Decision::Unknown => "unknown",
    }
}

/// The Lake Formation permission that allows the request, in words.
fn permission_line(answer: &Answer<'_>) -> Option<String> {
    let LakeGrant { origin, cells, .. } = answer.permission?;
    let cells = cells.as_ref().map(|cells| format!(" ({cells})")).unwrap_or_default();
    Some(format!("  the permission of Lake Formation: {origin}{cells}\n"))
}

/// A hint to name the session, if the decision depends on it.
fn session_line(answer: &Answer<'_>) -> Option<&'static str> {
    let is_missing = answer.verdict.reason == SESSION_IS_MISSING;
    is_missing.then_some("  --session NAME asks in one session of the role\n")
}

/// What would have allowed the request, in lines.
fn near_lines(answer: &Answer<'_>, subject: &Subject) -> String {
    let mut text = lacking_lines(&answer.lacking, answer.verdict.reason);
    text.push_str(&conditions(&answer.near, subject));
    text
}

/// The word before the lines of a statement. Lines of a manifest ask for the statement; lines of a template contain it.
fn at(subject: &Subject) -> &'static str {
    if subject.foreign.is_some() { "at" } else { "asked for at" }
}

/// An answer for people.
pub(crate) fn to_text(question: &Question, answer: &Answer<'_>, subject: &Subject) -> String {
    let mut text = format!(
        "{}: {} {} {}\n  because {}\n",
        word(answer),
        question.principal,
        question.action,
        answer.resource,
        answer.verdict.reason
    );
    text.push_str(&permission_line(answer).unwrap_or_default());
    text.push_str(session_line(answer).unwrap_or_default());
    for (document, statement) in &answer.verdict.statements {
        let effect = if statement.is_allow { "allows" } else { "denies" };
        // The conditions of a denial show which requests it does not apply to.
        let conditions: Vec<String> = statement
            .conditions
            .iter()
            .filter(|_| !statement.is_allow)
            .map(ToString::to_string)
            .collect();
        let when = if conditions.is_empty() { "" } else { ", when " };
        let conditions = conditions.join(" and ");
        writeln!(text, "  {effect}: {} {}{when}{conditions}", document.origin, statement.sid)
            .expect("a string takes all");
        for line in subject.lines_of(document, statement) {
            writeln!(text, "    {} {line}", at(subject)).expect("a string takes all");
        }
    }
    text.push_str(&near_lines(answer, subject));
    text
}

/// The chain from the manifest's lines to the statements that decide, for people.
pub(crate) fn to_chain(question: &Question, answer: &Answer<'_>, subject: &Subject) -> String {
    let mut text = String::new();
    match answer.rule {
        Some(rule) => {
            for line in subject.lines_of_rule(rule) {
                writeln!(text, "asked for at {line}").expect("a string takes all");
            }
            let target = &rule.target;
            writeln!(
                text,
                "  the grant: {} may {} {target} (stack {})",
                rule.principal, rule.access, rule.stack
            )
            .expect("a string takes all");
        }
        // Templates of somebody else have no intended access.
        None if subject.foreign.is_some() => {}
        None if answer.near.is_empty() => text.push_str("no line of the manifest asks for it\n"),
        None => text.push_str("no line of the manifest asks for it under these circumstances\n"),
    }
    // The reasons for an implicit denial are a list, and this is the first. Otherwise the last line has the reason.
    let is_listed = answer.verdict.decision == Decision::ImplicitDeny;
    if is_listed {
        writeln!(text, "  because {}", answer.verdict.reason).expect("a string takes all");
    }
    text.push_str(&permission_line(answer).unwrap_or_default());
    text.push_str(session_line(answer).unwrap_or_default());
    for (document, statement) in &answer.verdict.statements {
        let verb = if statement.is_allow { "allows" } else { "denies" };
        writeln!(text, "  the statement that {verb} it: {} {}", document.origin, statement.sid)
            .expect("a string takes all");
        for line in subject.lines_of(document, statement) {
            writeln!(text, "    from {line}").expect("a string takes all");
        }
    }
    text.push_str(&near_lines(answer, subject));
    let end = if is_listed { String::new() } else { format!(": {}", answer.verdict.reason) };
    writeln!(
        text,
        "so {} {} on {} is {}{end}",
        question.principal,
        question.action,
        answer.resource,
        word(answer),
    )
    .expect("a string takes all");
    text
}

/// What prevents the request, in lines, without `reason`, which is already printed.
fn lacking_lines(lacking: &Lacking, reason: &str) -> String {
    let mut text = String::new();
    for side in lacking.sides.iter().filter(|side| *side != reason) {
        writeln!(text, "  and because {side}").expect("a string takes all");
    }
    let Some(share) = &lacking.share else { return text };
    let WouldAllow { dataset, principal, to, item, permissions, declared_at, beside, .. } = share;
    for line in &lacking.said {
        writeln!(text, "  {line}").expect("a string takes all");
    }
    if lacking.said.is_empty() {
        writeln!(
            text,
            "  a Share would allow it: dataset: {dataset}, {to}, items: [{item}], permissions: {permissions}"
        )
        .expect("a string takes all");
    }
    for line in declared_at {
        writeln!(text, "    the dataset is declared at {line}").expect("a string takes all");
    }
    for (what, lines) in beside {
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        writeln!(text, "    {principal} may already {what}, asked for at {}", lines.join(", "))
            .expect("a string takes all");
    }
    text
}

/// The statements that would allow the request, in lines, each with its manifest lines.
fn conditions(near: &[Near<'_>], subject: &Subject) -> String {
    let mut text = String::new();
    for one in near {
        writeln!(text, "  would allow: {}", condition(one)).expect("a string takes all");
        for line in subject.lines_of(one.document, one.statement) {
            writeln!(text, "    {} {line}", at(subject)).expect("a string takes all");
        }
    }
    text
}

/// What prevents the request, for programs.
fn lacking_to_json(lacking: &Lacking) -> Value {
    let would = lacking.share.as_ref().filter(|_| lacking.said.is_empty());
    let share = would.map(|share| {
        let beside: BTreeSet<&String> = share.beside.values().flatten().collect();
        json!({
            "kind": "Share",
            "dataset": share.dataset,
            "to": share.to,
            "item": share.item,
            "permissions": share.permissions,
            "dataset_declared_at": share.declared_at,
            "beside": beside,
        })
    });
    json!({ "sides": lacking.sides, "would_allow": share, "said_of_it": lacking.said })
}

/// An answer for programs.
pub(crate) fn to_json(question: &Question, answer: &Answer<'_>, subject: &Subject) -> Value {
    let statements: Vec<Value> = answer
        .verdict
        .statements
        .iter()
        .map(|(document, statement)| {
            json!({
                "stack": &*document.origin.stack,
                "logical_id": document.origin.logical_id,
                "property": document.origin.property,
                "sid": statement.sid,
                "effect": if statement.is_allow { "allow" } else { "deny" },
                "asked_for_at": subject.lines_of(document, statement),
            })
        })
        .collect();
    let grant = answer.rule.map(|rule| {
        json!({
            "stack": &*rule.stack,
            "principal": rule.principal,
            "access": rule.access,
            "resource": rule.target,
            "asked_for_at": subject.lines_of_rule(rule),
        })
    });
    json!({
        "version": 1,
        "decision": answer.verdict.decision.as_str(),
        "reason": answer.verdict.reason,
        "principal": answer.principal,
        "action": question.action,
        "resource": answer.resource,
        "statements": statements,
        "permission": answer.permission.map(|grant| json!({
            "stack": &*grant.origin.stack,
            "logical_id": grant.origin.logical_id,
            "resource": grant.resource,
            "cells": grant.cells,
        })),
        "grant": grant,
        "lacking": lacking_to_json(&answer.lacking),
        "nearly": answer.near.iter().map(|Near { document, statement, missing }| json!({
            "stack": &*document.origin.stack,
            "logical_id": document.origin.logical_id,
            "property": document.origin.property,
            "sid": statement.sid,
            "when": missing.iter().map(ToString::to_string).collect::<Vec<_>>(),
        })).collect::<Vec<_>>(),
    })
}
