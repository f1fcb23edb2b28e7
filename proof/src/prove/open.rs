//! Statements that admit any principal meeting their conditions: everybody, a whole account, or all but some.
//!
//! No sample represents everybody under conditions. So a grant with the same conditions must cover what such a
//! statement allows.

use std::collections::BTreeSet;

use lakewright_access::document::{Comparison, Document, PrincipalEntry, Statement};
use lakewright_access::pattern;
use lakewright_access::request::{Context, Principal, Request, partition_of_stack};
use lakewright_access::sample::{FILL, actions_of, names_exactly};
use lakewright_template::arn::ArnParts;

use super::given::Given;
use super::implied::states;
use super::{Difference, Findings, Proof};
use crate::intended::Rule;

/// The condition key that limits an account principal to some of its roles.
const PRINCIPAL: &str = "aws:principalarn";

impl Proof<'_> {
    /// Reports what a resource policy's statement allows to principals that it does not name individually and that no
    /// grant covers. Returns the principals that grants cover completely.
    pub(super) fn more_of_open(
        &self,
        document: &Document,
        statement: &Statement,
        own: &str,
        findings: &mut Findings,
    ) -> Vec<PrincipalEntry> {
        let mut said = Vec::new();
        let Some(principals) = &statement.principals else { return said };
        let partition = partition_of_stack(&document.origin.stack);
        if principals.is_not {
            report(document, statement, "everybody but some", own, findings);
            return said;
        }
        let are_named = statement.conditions.iter().any(names_exactly);
        for entry in &principals.entries {
            let whom = match entry {
                PrincipalEntry::Everyone => "*".to_owned(),
                PrincipalEntry::Account(account) => {
                    String::from(ArnParts::iam(partition, account, "root"))
                }
                _ => continue,
            };
            findings.requests += 1;
            if self.is_said(&whom, statement, own) {
                said.push(entry.clone());
            } else if !are_named {
                // Principals that a condition names individually are tested individually.
                report(document, statement, &whom, own, findings);
            }
        }
        said
    }

    /// Whether grants to `whom` cover what a statement allows, or grants to each role pattern that a condition names.
    fn is_said(&self, whom: &str, statement: &Statement, own: &str) -> bool {
        let of_whom = |whom: &str, is_named: bool| {
            let rules = self.intended.rules_of(whom);
            let wanted = |rule: &&Rule| {
                let mut conditions = rule.conditions.iter();
                conditions.all(|wanted| {
                    (is_named && wanted.key == PRINCIPAL) || states(statement, wanted)
                })
            };
            let rules: Vec<&Rule> = rules.iter().filter(wanted).collect();
            self.is_covered(&rules, statement, own)
        };
        if of_whom(whom, false) {
            return true;
        }
        // A policy for everybody grants access by itself. A policy for an account leaves the decision to the account.
        if whom == "*" {
            return false;
        }
        let named = statement.conditions.iter().find(|condition| {
            condition.key == PRINCIPAL
                && !condition.comparison.is_negated()
                && condition.comparison != Comparison::Null
                && !condition.if_exists
                && condition.qualifier.is_none()
                && !condition.values.is_empty()
        });
        named.is_some_and(|named| named.values.iter().all(|arn| of_whom(arn, true)))
    }

    /// Whether rules cover each action of a statement on each resource that it names.
    fn is_covered(&self, rules: &[&Rule], statement: &Statement, own: &str) -> bool {
        let own = || vec![own.to_owned()];
        let named = match statement.resources.as_slice() {
            [] => own(),
            all if all.iter().all(|pattern| pattern == "*") => own(),
            all => all.to_vec(),
        };
        let actions = actions_of(statement);
        named.iter().all(|resource| {
            let (aliases, sample) = (self.aliases_of(resource), pattern::sample(resource, FILL));
            let is_it =
                |wanted: &String| pattern::matches(wanted, &sample) || aliases.contains(wanted);
            let about = rules.iter().filter(|rule| rule.resources.iter().any(is_it));
            let about: Vec<_> = about.collect();
            actions.iter().all(|action| about.iter().any(|rule| rule.actions.contains(action)))
        })
    }

    /// The ARNs of the aliases of a key.
    fn aliases_of(&self, key: &str) -> BTreeSet<String> {
        let stem = key.split_once(":key/").map(|(stem, _)| stem).unwrap_or_default();
        let aliases = self.world.aliases_of().get(key).into_iter().flatten();
        aliases.map(|alias| format!("{stem}:{alias}")).collect()
    }
}

fn report(
    document: &Document,
    statement: &Statement,
    whom: &str,
    own: &str,
    findings: &mut Findings,
) {
    let Some(action) = actions_of(statement).first().copied() else { return };
    let (principal, nothing) = (Principal::role(whom), Context::new());
    let request = Request { principal: &principal, action, resource: own, context: &nothing };
    let given = Given { document, statement, own: Some(own) };
    findings.differences.push(Difference {
        reason: "a statement lets in whoever fulfils its conditions, and no grant says so"
            .to_owned(),
        ..given.difference(&request)
    });
}
