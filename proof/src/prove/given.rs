//! Access that statements grant without an intended grant.

use lakewright_access::document::{Document, Statement};
use lakewright_access::evaluate::Decision;
use lakewright_access::pattern;
use lakewright_access::request::{Context, Principal, Request, partition_of_stack};
use lakewright_access::sample::actions_of;
use lakewright_access::sample::{self, FILL};
use lakewright_access::world::Outside;
use lakewright_template::arn::{ArnParts, ArnPattern};

use super::accounts::samples;
use super::implied::{is_meant, states};
use super::open::is_loose;
use super::{Difference, DifferenceKind, Findings, Proof, difference};
use crate::intended::{DELEGATE, Rule};

/// A statement that allows.
#[derive(Debug, Clone, Copy)]
pub(super) struct Given<'a> {
    pub(super) document: &'a Document,
    pub(super) statement: &'a Statement,
    /// The resource whose own policy it is in.
    pub(super) own: Option<&'a str>,
}

/// Why nobody can tell what a statement gives: its conditions.
const UNFULFILLED: &str = "a statement allows it under conditions that no known request fulfils, so nobody can tell whom it lets in";

/// Why nobody can tell what a statement gives: its variables.
const VARIABLE: &str =
    "a statement allows it by a policy variable, so nobody can tell whom it lets in and to what";

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
            let (service, resource) = (FILL, FILL);
            let other = ArnParts { partition, service, region: "", account: "", resource };
            let other = String::from(other);
            let is_left_out = named.iter().any(|pattern| pattern::matches(pattern, &other));
            return (own.is_none() && !is_left_out).then(|| vec![other]);
        }
        let Some(own) = own else { return Some(named.clone()) };
        // In a resource's own policy `*` is the resource, and what is in it.
        if named.iter().all(|pattern| pattern == "*") {
            let inside = match ArnPattern::of(own).service {
                Some("s3") if own.contains(":accesspoint/") => Some(format!("{own}/object/*")),
                Some("s3") => Some(format!("{own}/*")),
                _ => None,
            };
            return Some([own.to_owned()].into_iter().chain(inside).collect());
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

    /// Whether a grant can be the one that asks for what the statement gives. What is left to an account's own policies
    /// is no grant to a principal. In a resource's own policy stands what the resource's stack records: a grant of another
    /// stack, such as one on all that begins alike, is for the principal's own policies, and the resource's is the other
    /// side that must allow it.
    fn is_meant(&self, rule: &Rule) -> bool {
        let is_here = self.own.is_none() || rule.stack == self.document.origin.stack;
        is_here && rule.access != DELEGATE && is_meant(self.statement, rule)
    }

    /// What is reported of the statement and a request; the reason comes on top.
    pub(super) fn difference(&self, request: &Request<'_>) -> Difference {
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
        if document.has_variables && has_variables(statement) {
            if !self.is_written(given, principal) {
                given.unasked(principal, VARIABLE, findings);
            }
            return;
        }
        let contexts = self.contexts(principal, &statement.conditions, document.has_variables);
        if contexts.is_empty() {
            given.unasked(principal, UNFULFILLED, findings);
            return;
        }
        let Some(patterns) = given.resources() else {
            given.unasked(principal, LOOSE, findings);
            return;
        };
        let accounts = self.accounts_told_apart(principal, &patterns);
        let mut is_asked = false;
        for (place, action) in actions_of(statement).into_iter().enumerate() {
            for resource in patterns.iter().flat_map(|one| samples(one, place == 0, &accounts)) {
                for context in &contexts {
                    let request = Request { principal, action, resource: &resource, context };
                    if self.is_in_account(&request, &statement.conditions) {
                        self.ask_more(given, &request, findings);
                        is_asked = true;
                    }
                }
            }
        }
        if !is_asked {
            given.unasked(principal, UNFULFILLED, findings);
        }
    }

    /// Whether grants say what a statement with variables gives in the same words: no sample stands for a variable.
    fn is_written(&self, given: &Given<'_>, principal: &Principal) -> bool {
        let Some(named) = given.resources() else { return false };
        let wanted = self.intended.rules_of(principal.name()).iter().filter(|rule| {
            given.is_meant(rule)
                && rule.conditions.iter().all(|condition| states(given.statement, condition))
        });
        let wanted: Vec<&Rule> = wanted.collect();
        actions_of(given.statement).into_iter().all(|action| {
            named.iter().all(|resource| {
                let is_about = |pattern: &String| {
                    pattern == resource
                        || !resource.contains("${")
                            && pattern::matches(pattern, &pattern::sample(resource, FILL))
                };
                wanted.iter().any(|rule| {
                    rule.actions.contains(&action) && rule.resources.iter().any(is_about)
                })
            })
        })
    }

    /// Asks whether some grant asks for a request that a statement allows; and, where that grant
    /// lets a request without a key pass, for the request with any other value of the key.
    fn ask_more(&self, given: &Given<'_>, request: &Request<'_>, findings: &mut Findings) {
        findings.requests += 1;
        let meant = |rule: &Rule| given.is_meant(rule);
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
            let own = given.statement.conditions.iter().filter(|one| one.key == condition.key);
            if self.intended.rule_for(&other, self.world).is_none()
                && self.world.may_fulfil(&other, own)
            {
                self.report_more(given, &other, findings);
            }
        }
    }

    /// Reports what a statement allows and no grant asks for, whatever else is asked before it is given: another side may
    /// come to allow it, or a sample may be the one that is denied.
    fn report_more(&self, given: &Given<'_>, request: &Request<'_>, findings: &mut Findings) {
        let verdict = self.world.decide_by_policies(request, Outside::Allows);
        let reason = match verdict.decision {
            Decision::Allow => "a statement allows it, and no grant asks for it",
            // What nobody can tell is not proven.
            Decision::Unknown => "a statement may allow it, and no grant asks for it",
            Decision::ImplicitDeny => {
                "a statement allows it, no grant asks for it, and only another policy does not allow it yet"
            }
            Decision::ExplicitDeny if self.is_denied_always(given, request) => return,
            Decision::ExplicitDeny => {
                "a statement allows it, no grant asks for it, and a denial keeps some of it from that"
            }
        };
        findings
            .differences
            .push(Difference { reason: reason.to_owned(), ..given.difference(request) });
    }

    /// Whether denials on purpose deny all that a statement allows: they have no conditions that are not the statement's own.
    fn is_denied_always(&self, given: &Given<'_>, request: &Request<'_>) -> bool {
        self.intended.denials_about(request, self.world).any(|denial| {
            denial.conditions.iter().all(|condition| states(given.statement, condition))
        })
    }
}

/// Whether a statement that allows has policy variables: what they stand for is different for each who asks.
fn has_variables(statement: &Statement) -> bool {
    let values = statement.conditions.iter().flat_map(|condition| &condition.values);
    statement.resources.iter().chain(values).any(|text| text.contains("${"))
}
