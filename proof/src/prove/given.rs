//! What statements give, and nobody asked for.

use super::asked::actions_of;
use super::implied::is_meant;
use super::open::is_loose;
use super::{Difference, DifferenceKind, Findings, Proof, difference, filled};
use crate::action::Action;
use crate::document::{Document, PrincipalEntry, Statement};
use crate::evaluate::Decision;
use crate::intended::Rule;
use crate::pattern;
use crate::request::{Context, Principal, Request, partition_of_stack};
use crate::sample::{self, FILL};
use crate::world::Outside;

/// A statement that allows.
#[derive(Debug, Clone, Copy)]
pub(super) struct Given<'a> {
    pub(super) document: &'a Document,
    pub(super) statement: &'a Statement,
    /// The resource whose own policy it is in.
    pub(super) own: Option<&'a str>,
    /// Whether grants say all that it gives to those whom it does not name one by one.
    pub(super) is_said: bool,
}

/// Why nobody can tell what a statement gives: its conditions.
const UNFULFILLED: &str = "a statement allows it under conditions that no known request fulfils, so nobody can tell whom it lets in";

/// Why nobody can tell what a statement gives: its resources.
const LOOSE: &str = "a statement allows it on resources by a pattern that says nothing of whose they are, so nobody can tell on what";

impl Given<'_> {
    /// The resources that the statement is asked about. A resource's own policy is about it and what is in it; none where
    /// the statement says so in a way that no sample stands for.
    fn resources(&self) -> Option<Vec<String>> {
        let Self { document, statement, own, .. } = *self;
        let named = &statement.resources;
        if statement.not_resources {
            let partition = partition_of_stack(&document.origin.stack);
            let other = format!("arn:{partition}:{FILL}:::{FILL}");
            let is_left_out = named.iter().any(|pattern| pattern::matches(pattern, &other));
            return (own.is_none() && !is_left_out).then(|| vec![other]);
        }
        let Some(own) = own else { return Some(named.clone()) };
        // In a resource's own policy `*` is the resource.
        if named.iter().all(|pattern| pattern == "*") {
            return Some(vec![own.to_owned()]);
        }
        let is_loose = named.iter().any(|pattern| pattern == "*" || is_loose(pattern, own));
        (!is_loose).then(|| named.clone())
    }

    /// No request is known that the statement allows: nobody can tell what it gives.
    fn unasked(&self, principal: &Principal, reason: &str, findings: &mut Findings) {
        let Some(action) = actions_of(self.statement).first().copied() else { return };
        let nothing = Context::new();
        let resource = self.statement.resources.first().map(String::as_str).or(self.own);
        let resource = resource.unwrap_or("*");
        let request = Request { principal, action, resource, context: &nothing };
        findings
            .differences
            .push(Difference { reason: reason.to_owned(), ..self.difference(&request) });
    }

    fn difference(&self, request: &Request<'_>) -> Difference {
        let Self { document, statement, .. } = *self;
        Difference {
            statements: vec![(document.origin.clone(), statement.sid.clone())],
            stack: document.origin.stack.to_string(),
            ..difference(DifferenceKind::More, request)
        }
    }
}

impl Proof<'_> {
    pub(super) fn more_of(
        &self,
        given: &Given<'_>,
        principal: &Principal,
        findings: &mut Findings,
    ) {
        let Given { document, statement, .. } = *given;
        let contexts = self.contexts(principal, &statement.conditions, document.has_variables);
        if contexts.is_empty() || self.is_never(statement, principal, &contexts) {
            given.unasked(principal, UNFULFILLED, findings);
            return;
        }
        let Some(patterns) = given.resources() else {
            given.unasked(principal, LOOSE, findings);
            return;
        };
        for (place, action) in actions_of(statement).into_iter().enumerate() {
            for pattern in &patterns {
                let nothing = Context::new();
                let asking = Request { principal, action, resource: "*", context: &nothing };
                let mut sent = Vec::new();
                let pattern = if document.has_variables && pattern.contains("${") {
                    match self.world.expanded(pattern, &asking) {
                        Some(expanded) => expanded,
                        // A tag that the principal has not matches nothing. What a request sends may be anything.
                        None if sample::variables(pattern).iter().any(|one| is_known(one)) => {
                            continue;
                        }
                        None => {
                            sent = sample::variables(pattern);
                            filled(pattern)
                        }
                    }
                } else {
                    pattern.clone()
                };
                for resource in sample::resources(&pattern, place == 0) {
                    for context in &contexts {
                        let mut context = context.clone();
                        for key in &sent {
                            context.set(key, [FILL]);
                        }
                        let context = &context;
                        let request = Request { principal, action, resource: &resource, context };
                        self.ask_more(given, &request, findings);
                    }
                }
            }
        }
    }

    /// Asks whether some grant asks for a request that a statement allows; and, where that grant
    /// lets a request without a key pass, for the request with any other value of the key.
    fn ask_more(&self, given: &Given<'_>, request: &Request<'_>, findings: &mut Findings) {
        findings.requests += 1;
        let meant = |rule: &Rule| given.is_said || is_meant(given.statement, rule);
        let Some(rule) = self.intended.rule_that(request, self.world, &meant) else {
            self.report_more(given, request, findings);
            return;
        };
        let is_unasked = |key: &str| request.context.get(key).is_none() && !sample::is_derived(key);
        for condition in rule.conditions.iter().filter(|condition| is_unasked(&condition.key)) {
            let mut context = request.context.clone();
            context.set(&condition.key, [FILL]);
            let other = Request { context: &context, ..request.clone() };
            findings.requests += 1;
            if self.intended.rule_for(&other, self.world).is_none() {
                self.report_more(given, &other, findings);
            }
        }
    }

    /// Whether somebody of whom nothing is known fulfils none of a statement's conditions on who asks, as they are sampled.
    fn is_never(&self, statement: &Statement, principal: &Principal, contexts: &[Context]) -> bool {
        let named = PrincipalEntry::Arn(principal.name().to_owned());
        let is_named =
            statement.principals.as_ref().is_some_and(|one| one.entries.contains(&named));
        if !is_named || self.world.roles.contains_key(principal.name()) {
            return false;
        }
        let derived = || statement.conditions.iter().filter(|one| sample::is_derived(&one.key));
        let action = Action::new("sample:Sample");
        !contexts.iter().any(|context| {
            let request = Request { principal, action, resource: "*", context };
            self.world.fulfils(&request, derived())
        })
    }

    fn report_more(&self, given: &Given<'_>, request: &Request<'_>, findings: &mut Findings) {
        let verdict = self.world.decide_by_policies(request, Outside::Allows);
        let reason = match verdict.decision {
            Decision::Allow => "a statement allows it, and no grant asks for it",
            // What nobody can tell is not proven.
            Decision::Unknown => "a statement may allow it, and no grant asks for it",
            // A denial that nobody asked for may be for this request alone.
            Decision::ExplicitDeny if !self.intended.denies(request, self.world) => {
                "a statement allows it, and only a denial that nobody asked for keeps it from that"
            }
            Decision::ExplicitDeny | Decision::ImplicitDeny => return,
        };
        findings
            .differences
            .push(Difference { reason: reason.to_owned(), ..given.difference(request) });
    }
}

/// Whether a variable is one of which the principal knows the value, so that none is none.
fn is_known(variable: &str) -> bool {
    sample::is_derived(variable) || variable.starts_with("aws:principaltag/")
}
