//! Decisions. Cedar makes each of them; a decision that Cedar has made for a set of matching rules is kept, because
//! requests that match the same rules have the same decision.

use std::collections::{BTreeMap, BTreeSet};

use cedar_policy::{Authorizer, Context, PolicySet, Request};
use indexmap::IndexMap;
use lakewright_manifest::diagnostic::Origin;

use crate::actor::Actor;
use crate::entities::{of_request, resource_uid, uid};
use crate::governance::Governance;
use crate::index::{Bits, Known, Place};
use crate::privilege::Privilege;
use crate::universe::Resource;

/// The decision of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Decision {
    /// A rule allows the request and none denies it.
    Allow,
    /// A rule denies the request, or none allows it.
    Deny,
    /// Cedar could not evaluate the request.
    Unknown,
}

/// A decision with the rules that decided, as numbers in [`Governance::rules`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// The decision.
    pub decision: Decision,
    /// The rules that deny, or else those that allow; empty if no rule matches.
    pub rules: Vec<usize>,
}

/// A question that cannot be asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum QuestionError {
    /// There is no such privilege.
    #[error("`{0}` is not a privilege")]
    Privilege(String),
    /// There is no such resource.
    #[error("`{0}` is not a resource of this mesh")]
    Resource(String),
    /// The privilege is about other kinds of resources.
    #[error("`{privilege}` is not about a {kind}; it is about {expected}")]
    NotAbout {
        /// The privilege.
        privilege: String,
        /// The kind of the resource that was asked about.
        kind: &'static str,
        /// The kinds that the privilege is about.
        expected: String,
    },
}

/// An actor who is prepared for many questions.
#[derive(Debug, Clone)]
pub struct PreparedActor {
    /// The actor.
    pub actor: Actor,
    pub(crate) known: Known,
}

/// A resource that is prepared for many questions.
#[derive(Debug, Clone, Copy)]
pub struct PreparedResource<'a> {
    /// The resource.
    pub resource: &'a Resource,
    pub(crate) place: &'a Place,
}

/// Decides requests about one mesh.
#[derive(Debug)]
pub struct Decider<'a> {
    governance: &'a Governance,
    authorizer: Authorizer,
    made: IndexMap<Bits, Verdict, foldhash::fast::FixedState>,
    matching: Bits,
}

impl<'a> Decider<'a> {
    /// A decider that has decided nothing yet.
    pub fn new(governance: &'a Governance) -> Self {
        Self {
            governance,
            authorizer: Authorizer::new(),
            made: IndexMap::default(),
            matching: Bits::empty(governance.rules.len()),
        }
    }

    /// How many different sets of rules Cedar has been asked about.
    pub fn asked(&self) -> usize {
        self.made.len()
    }

    /// Decides one request.
    ///
    /// # Errors
    ///
    /// The privilege is not about the kind of the resource.
    pub fn decide(
        &mut self,
        actor: &PreparedActor,
        privilege: Privilege,
        target: PreparedResource<'_>,
    ) -> Result<&Verdict, QuestionError> {
        let governance = self.governance;
        let PreparedResource { resource, place } = target;
        let about = governance.index.about(privilege, resource.kind);
        let about = about.ok_or_else(|| governance.not_about(privilege, resource))?;
        governance.index.matching(&actor.known, about, place, &mut self.matching);
        if let Some(at) = self.made.get_index_of(&self.matching) {
            return Ok(&self.made[at]);
        }
        let rules: Vec<usize> = self.matching.iter().collect();
        let verdict =
            ask(governance, &self.authorizer, &rules, (&actor.actor, privilege, resource));
        let (at, _) = self.made.insert_full(self.matching.clone(), verdict);
        Ok(&self.made[at])
    }
}

/// Asks Cedar about one request, with the rules that match it. If Cedar finds that another set of rules decides than the
/// one that the index has found, the decision is unknown.
fn ask(
    governance: &Governance,
    authorizer: &Authorizer,
    rules: &[usize],
    (actor, privilege, resource): (&Actor, Privilege, &Resource),
) -> Verdict {
    let unknown = || Verdict { decision: Decision::Unknown, rules: rules.to_vec() };
    let policies = rules.iter().filter_map(|rule| governance.policies[*rule].clone());
    let Ok(policies) = PolicySet::from_policies(policies) else { return unknown() };
    let name = governance.privileges.name(privilege);
    let Ok(entities) = of_request(actor, name, resource) else { return unknown() };
    let request = Request::new(
        uid("User", &actor.user),
        uid("Action", name),
        resource_uid(resource),
        Context::empty(),
        None,
    );
    let Ok(request) = request else { return unknown() };
    let response = authorizer.is_authorized(&request, &policies, &entities);
    if response.diagnostics().errors().next().is_some() {
        return unknown();
    }
    let reasons: BTreeSet<String> =
        response.diagnostics().reason().map(ToString::to_string).collect();
    let decided: Vec<usize> = rules
        .iter()
        .copied()
        .filter(|rule| reasons.contains(&governance.rules[*rule].id))
        .collect();
    let denials: Vec<usize> =
        rules.iter().copied().filter(|rule| governance.index.denials.contains(*rule)).collect();
    let expected = if denials.is_empty() { rules } else { denials.as_slice() };
    if decided != expected {
        return unknown();
    }
    let decision = match response.decision() {
        cedar_policy::Decision::Allow => Decision::Allow,
        cedar_policy::Decision::Deny => Decision::Deny,
    };
    Verdict { decision, rules: decided }
}

/// The positions in the mesh that a rule stands on, for one actor and one resource.
pub(crate) fn lines(
    governance: &Governance,
    rule: usize,
    actor: &Actor,
    resource: &Resource,
) -> Vec<Origin> {
    let rule = &governance.rules[rule];
    let relations = rule.actors.relations.iter();
    let teams = relations.filter_map(|relation| resource.facts.relations.get(relation));
    let held = teams.flat_map(BTreeMap::iter).filter(|(team, _)| actor.teams.contains(*team));
    let mut lines: BTreeSet<Origin> = held.flat_map(|(_, origins)| origins).copied().collect();
    if rule.source == crate::rules::Source::Document || lines.is_empty() {
        lines.insert(rule.origin);
    }
    lines.into_iter().collect()
}
