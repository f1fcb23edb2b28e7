//! Access that statements grant without an intended grant.

use lakewright_access::document::{Comparison, Document, Statement};
use lakewright_access::evaluate::Decision;
use lakewright_access::pattern;
use lakewright_access::request::{Context, Principal, Request, account_of, partition_of_stack};
use lakewright_access::sample::actions_of;
use lakewright_access::sample::{self, FILL};
use lakewright_access::world::Outside;
use lakewright_template::arn::{ArnParts, ArnPattern};

use super::accounts::{KEY as ACCOUNT, samples};
use super::implied::{is_meant, states};
use super::{Difference, DifferenceKind, Findings, Proof, difference};
use crate::intended::{DELEGATE, Rule};

/// An `Allow` statement.
#[derive(Debug, Clone, Copy)]
pub(super) struct Given<'a> {
    pub(super) document: &'a Document,
    pub(super) statement: &'a Statement,
    /// The resource, if the statement is in a resource's own policy.
    pub(super) own: Option<&'a str>,
}

/// The reason if no request fulfils a statement's conditions.
const UNFULFILLED: &str = "a statement allows it under conditions that no known request fulfils, so nobody can tell whom it lets in";

/// The reason if a statement has policy variables that no grant has.
const VARIABLE: &str =
    "a statement allows it by a policy variable, so nobody can tell whom it lets in and to what";

/// The reason if no sample represents a statement's resources.
const LOOSE: &str = "a statement allows it on resources by a pattern that says nothing of whose they are, so nobody can tell on what";

impl Given<'_> {
    /// The resources whose samples test the statement. In a resource's own policy these are the resource and its
    /// contents. `None` if no sample represents the statement's resources.
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
        // In a resource's own policy `*` means the resource and its contents.
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

    /// Reports a statement whose access cannot be determined, because no request is known that it allows.
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

    /// Whether a grant can justify the statement. A delegation to an account is no grant to a principal. A statement of
    /// a resource policy needs a grant of the resource's own stack: a grant of another stack, such as one on a prefix,
    /// justifies only the principal's policies.
    fn is_meant(&self, rule: &Rule) -> bool {
        let is_here = self.own.is_none() || rule.stack == self.document.origin.stack;
        is_here && rule.access != DELEGATE && is_meant(self.statement, rule)
    }

    /// A difference for the statement and a request, without the reason.
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
        let buckets = self.buckets_of_accounts(&statement.conditions, &patterns);
        let mut is_asked = false;
        let sampled = |with_empty: bool| -> Vec<String> {
            let samples = patterns.iter().flat_map(|one| samples(one, with_empty, &accounts));
            samples.chain(buckets.iter().cloned()).collect()
        };
        let (of_first, of_others) = (sampled(true), sampled(false));
        for (place, action) in actions_of(statement).into_iter().enumerate() {
            for resource in if place == 0 { &of_first } else { &of_others } {
                for context in &contexts {
                    let request = Request { principal, action, resource, context };
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

    /// Whether grants cover a statement with policy variables. Conditions and patterns are compared as text, because no
    /// sample represents a variable.
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

    /// Reports a request that a statement allows and no grant covers. If the covering grant has a condition on a key
    /// that the request lacks, also tests the request with another value for the key.
    fn ask_more(&self, given: &Given<'_>, request: &Request<'_>, findings: &mut Findings) {
        findings.requests += 1;
        let meant = |rule: &Rule| given.is_meant(rule);
        let Some(rule) = self.intended.rule_that(request, self.world, &meant) else {
            let is_reach = given.own.is_none()
                && is_elsewhere(given.statement, request)
                && self
                    .intended
                    .reaches(request, self.world, &|rule| is_meant(given.statement, rule));
            if !is_reach {
                self.report_more(given, request, findings);
            }
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

    /// Reports a request that a statement allows and no grant covers, even if another policy prevents it now: that
    /// policy may change, or may deny only this sample. Exception: an intended denial that always applies.
    fn report_more(&self, given: &Given<'_>, request: &Request<'_>, findings: &mut Findings) {
        let verdict = self.world.decide_by_policies(request, Outside::Allows);
        let reason = match verdict.decision {
            Decision::Allow => "a statement allows it, and no grant asks for it",
            // An unknown decision proves nothing.
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

    /// Whether an intended denial denies everything that a statement allows: the statement has all conditions of the
    /// denial.
    fn is_denied_always(&self, given: &Given<'_>, request: &Request<'_>) -> bool {
        self.intended.denials_about(request, self.world).any(|denial| {
            denial.conditions.iter().all(|condition| states(given.statement, condition))
        })
    }
}

/// Whether a statement is about resources of other accounts than the principal's, so that it alone allows nothing: by the
/// resource's ARN or, without an account in it, by a condition on `aws:ResourceAccount`.
fn is_elsewhere(statement: &Statement, request: &Request<'_>) -> bool {
    let Some(own) = request.principal.account() else { return false };
    if let Some(account) = account_of(request.resource).filter(|account| !account.is_empty()) {
        return account != own;
    }
    statement.conditions.iter().any(|condition| {
        let is_named = |value: &String| value != own && !value.contains(['*', '?', '$']);
        condition.key == ACCOUNT
            && condition.comparison == Comparison::StringEquals { not: false, ignore_case: false }
            && !condition.if_exists
            && !condition.values.is_empty()
            && condition.values.iter().all(is_named)
    })
}

/// Whether a pattern in a resource policy can match that resource, or something in it, without naming it: the
/// pattern's wildcard begins before the name ends.
fn is_loose(pattern: &str, own: &str) -> bool {
    let stem = pattern.split(['*', '?', '$']).next().unwrap_or_default();
    pattern != "*" && stem.len() < pattern.len() && own.starts_with(stem)
}

/// Whether a statement has policy variables, whose values depend on the principal.
fn has_variables(statement: &Statement) -> bool {
    let values = statement.conditions.iter().flat_map(|condition| &condition.values);
    statement.resources.iter().chain(values).any(|text| text.contains("${"))
}
