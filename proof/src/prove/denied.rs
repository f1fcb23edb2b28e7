//! Intended denials: whether a statement denies everything that was intended.
//!
//! A denial applies to every principal and resource that it names, so a few sample requests do not prove it. One
//! statement must cover the whole intended denial, without further conditions.

use lakewright_access::action::Action;
use lakewright_access::document::{Condition, Document, PrincipalEntry, Statement};
use lakewright_access::pattern::matches;
use lakewright_access::request::{Context, Principal, Request};
use lakewright_access::world::bucket_of;

use super::{Difference, DifferenceKind, Findings, Proof, difference};
use crate::intended::Rule;

impl Proof<'_> {
    /// Reports each action on a resource of an intended denial that no single statement covers.
    pub(super) fn uncovered(
        &self,
        arn: &str,
        rule: &Rule,
        principal: &Principal,
        findings: &mut Findings,
    ) {
        for resource in &rule.resources {
            let statements = self.denying(arn, resource, rule);
            for action in rule.actions.iter() {
                findings.requests += 1;
                if statements.iter().any(|statement| covers(statement, *action, resource, rule)) {
                    continue;
                }
                let nothing = Context::new();
                let request = Request { principal, action: *action, resource, context: &nothing };
                findings.differences.push(Difference {
                    reason: "it is denied on purpose, and no statement denies all of it".to_owned(),
                    stack: rule.stack.to_string(),
                    because: rule.because.clone(),
                    ..difference(DifferenceKind::More, &request)
                });
            }
        }
    }

    /// The `Deny` statements that may implement an intended denial: of the resource's policy or the role's trust policy
    /// if `arn` is `*`, of a managed policy, or of a role's own policies.
    fn denying(&self, arn: &str, resource: &str, rule: &Rule) -> Vec<&Statement> {
        let documents: Vec<&Document> = match arn {
            "*" => {
                let action = rule.actions.first().copied();
                let owners = action.map(|action| self.alias_or_key(resource, action));
                let owners = owners.unwrap_or_default().into_iter().chain([resource.to_owned()]);
                let policies = owners.filter_map(|owner| {
                    let point = self.world.access_point(&owner).map(|(point, _)| point);
                    let bucket = || bucket_of(&owner).map(|(bucket, _)| bucket);
                    let whole = point.or_else(bucket).unwrap_or(owner.as_str());
                    let owner = self.world.resources().get(whole);
                    let trust = || self.world.roles().get(whole).map(|one| &one.trust);
                    owner.and_then(|owner| owner.policy.as_ref()).or_else(trust)
                });
                policies.collect()
            }
            policy if policy.contains(":policy/") => {
                self.world.managed().get(policy).map(AsRef::as_ref).into_iter().collect()
            }
            own => {
                let held = self.world.roles().get(own);
                held.into_iter().flat_map(|one| one.identity.iter().map(AsRef::as_ref)).collect()
            }
        };
        let statements = documents.into_iter().flat_map(|document| &document.statements);
        statements.filter(|statement| !statement.is_allow && statement.is_certain).collect()
    }
}

/// Whether a statement denies an action on a resource for everybody, with no condition that the intended denial lacks.
fn covers(statement: &Statement, action: Action, resource: &str, rule: &Rule) -> bool {
    let is_for_all = statement.principals.as_ref().is_none_or(|principals| {
        !principals.is_not && principals.entries.contains(&PrincipalEntry::Everyone)
    });
    let has_action = statement.actions.names().contains(&action)
        || statement.actions.patterns().iter().any(|one| is_wider(one, action.lower()));
    let has_resource = statement.resources.is_empty()
        || statement.resources.iter().any(|one| is_wider(one, resource));
    is_for_all
        && !statement.not_actions
        && !statement.not_resources
        && has_action
        && has_resource
        && statement.conditions.iter().all(|one| is_among(one, &rule.conditions))
}

/// Whether a pattern matches everything that another pattern does. The other pattern is matched as text.
fn is_wider(pattern: &str, other: &str) -> bool {
    pattern == other || !pattern.contains('?') && matches(pattern, other)
}

fn is_among(condition: &Condition, all: &[Condition]) -> bool {
    all.iter().any(|other| {
        let has = |value: &String| other.values.contains(value);
        Condition { values: Vec::new(), ..condition.clone() }
            == Condition { values: Vec::new(), ..other.clone() }
            && condition.values.len() == other.values.len()
            && condition.values.iter().all(has)
    })
}
