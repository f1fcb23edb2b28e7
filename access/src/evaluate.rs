//! Decides a request from all policy documents that apply to it.
//!
//! Source: "Policy evaluation logic" in the IAM user guide, with its pages on single accounts, cross-account requests
//! and resource-based policies, and "Key policies in AWS KMS" for keys. `access/data/decisions.json` lists the facts one
//! by one, each with its source.

mod named;

use lakewright_template::resolve::UNKNOWN;

use crate::action::Action;
use crate::condition::{expand, holds};
use crate::document::{Comparison, Condition, Document, Qualifier, Statement};
use crate::pattern::may_match;
use crate::request::{Facts, Principal, Request, Truth};
use named::{Named, may_be_session, may_name, named};

/// The decision on a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Decision {
    /// The request is allowed.
    Allow,
    /// A statement denies the request, whatever other statements allow.
    ExplicitDeny,
    /// No statement allows the request.
    ImplicitDeny,
    /// The templates alone cannot decide.
    Unknown,
}

impl Decision {
    /// Whether the request is denied for certain.
    pub(crate) const fn is_denial(self) -> bool {
        matches!(self, Self::ExplicitDeny | Self::ImplicitDeny)
    }

    /// The name in JSON and data files.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::ExplicitDeny => "explicit-deny",
            Self::ImplicitDeny => "implicit-deny",
            Self::Unknown => "unknown",
        }
    }
}

/// A decision and its causes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict<'a> {
    /// The decision.
    pub decision: Decision,
    /// The deciding statements: those that deny, or otherwise those that allow.
    pub statements: Vec<(&'a Document, &'a Statement)>,
    /// The reason, in one sentence.
    pub reason: &'static str,
}

impl Verdict<'_> {
    /// The verdict if an unknown permissions boundary applies.
    pub(crate) fn bounded_by_unknown(self, is_bounded: bool) -> Self {
        let (decision, reason) = bounded_by_unknown(self.decision, self.reason, is_bounded);
        Self { decision, reason, ..self }
    }
}

/// The reason for `Unknown` if no template defines the permissions boundary.
pub const BOUNDARY_IS_MISSING: &str = "the permissions boundary is not in the mesh";

/// The reason for `Unknown` if the decision depends on the role's session.
pub const SESSION_IS_MISSING: &str =
    "a policy names a session of the role, and which session asks is not known";

/// The decision and its reason if an unknown permissions boundary applies: `Allow` becomes `Unknown`.
pub(crate) fn bounded_by_unknown(
    decision: Decision,
    reason: &'static str,
    is_bounded: bool,
) -> (Decision, &'static str) {
    if is_bounded && decision == Decision::Allow {
        return (Decision::Unknown, BOUNDARY_IS_MISSING);
    }
    (decision, reason)
}

/// How a resource's policy takes part in the evaluation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum ResourceKind {
    /// Within one account, either the identity or the resource policy can allow.
    #[default]
    Ordinary,
    /// A role to assume: its trust policy must allow.
    Trust,
    /// A KMS key: its key policy must allow.
    Key,
}

/// The documents that apply to a request, by layer.
#[derive(Debug, Clone, Default)]
pub struct Layers<'a> {
    /// Whether resource and principal are in the same account.
    pub is_same_account: bool,
    /// How the resource's policy takes part in the evaluation.
    pub kind: ResourceKind,
    /// Service control policies of the principal's account, by level: the root, organizational units, the account
    /// itself. Each level must allow. Empty if none are known.
    pub scps: Vec<Vec<&'a Document>>,
    /// Resource control policies of the resource's account; empty if none are known.
    pub rcps: Vec<&'a Document>,
    /// The permissions boundary.
    pub boundary: Option<&'a Document>,
    /// The session policy.
    pub session: Option<&'a Document>,
    /// The identity policies.
    pub identity: Vec<&'a Document>,
    /// The effect of unknown identity policies, such as those of imported roles, and why they are unknown.
    pub unknown_identity: Option<(Truth, &'static str)>,
    /// The resource policy.
    pub resource: Option<&'a Document>,
    /// Why the identity policies may allow or deny more than is known.
    pub identity_gap: Option<&'static str>,
    /// Why the resource policy may allow or deny more than is known.
    pub resource_gap: Option<&'static str>,
    /// Why not even an explicit deny is certain.
    pub nothing_is_certain: Option<&'static str>,
}

impl Layers<'_> {
    /// What unknown identity policies allow.
    fn unknown_identity(&self) -> Truth {
        self.unknown_identity.map_or(Truth::No, |(truth, _)| truth)
    }
}

/// A statement, and whether it applies to a request, regardless of the request's action.
#[derive(Debug, Clone, Copy)]
struct Weighed<'a> {
    truth: Truth,
    named: Option<Named>,
    document: &'a Document,
    statement: &'a Statement,
}

/// The statements of each layer that can apply to a request.
#[derive(Debug, Default)]
pub(crate) struct Weights<'a> {
    scps: Vec<Vec<Weighed<'a>>>,
    rcps: Vec<Weighed<'a>>,
    boundary: Vec<Weighed<'a>>,
    session: Vec<Weighed<'a>>,
    identity: Vec<Weighed<'a>>,
    resource: Vec<Weighed<'a>>,
}

impl<'a> Weights<'a> {
    /// Evaluates the wanted statements against everything in the request but its action.
    pub(crate) fn of(
        layers: &Layers<'a>,
        request: &Request<'_>,
        facts: &Facts<'_>,
        is_wanted: &dyn Fn(&Statement) -> bool,
    ) -> Self {
        let through = facts.through.map(|resource| Request { resource, ..request.clone() });
        let weigh = |documents: &[&'a Document]| {
            let mut weighed = Vec::new();
            weigh(documents, request, facts, is_wanted, &mut weighed);
            if let Some(through) = &through {
                weigh(documents, through, facts, is_wanted, &mut weighed);
            }
            weighed
        };
        let mut weights = Self {
            boundary: weigh(layers.boundary.as_slice()),
            session: weigh(layers.session.as_slice()),
            identity: weigh(&layers.identity),
            ..Self::default()
        };
        if is_bound(request.principal) {
            weights.scps = layers.scps.iter().map(|level| weigh(level)).collect();
        }
        // Source: "Resource control policies": they do not restrict service-linked roles.
        if !request.principal.is_service_linked() {
            weights.rcps = weigh(&layers.rcps);
        }
        let resource = layers.resource.as_slice();
        self::weigh(resource, request, facts, is_wanted, &mut weights.resource);
        weights
    }
}

/// Whether service control policies restrict the principal. They do not restrict service-linked roles and services.
fn is_bound(principal: &Principal) -> bool {
    !principal.is_service_linked() && !principal.has_no_policies()
}

fn weigh<'a>(
    documents: &[&'a Document],
    request: &Request<'_>,
    facts: &Facts<'_>,
    is_wanted: &dyn Fn(&Statement) -> bool,
    weighed: &mut Vec<Weighed<'a>>,
) {
    for document in documents {
        for statement in document.statements.iter().filter(|statement| is_wanted(statement)) {
            // The cheapest checks come first: a statement that already fails needs no further check.
            let (named, is_named) = named(statement, request.principal);
            let mut truth = is_named;
            if truth != Truth::No {
                truth = truth & is_about(document, statement, request, facts);
            }
            for condition in &statement.conditions {
                if truth == Truth::No {
                    break;
                }
                truth = truth & holds(condition, document.has_variables, request, facts);
            }
            // The statement may not exist after deployment.
            if !statement.is_certain {
                truth = truth & Truth::Unknown;
            }
            if truth == Truth::No {
                continue;
            }
            weighed.push(Weighed { truth, named, document, statement });
            if is_named == Truth::Yes && may_be_session(statement, request.principal) {
                let (truth, named) = (truth & Truth::Unknown, Some(Named::Session));
                weighed.push(Weighed { truth, named, document, statement });
            }
            // A principal that is known only at deployment may name the requester in a stronger way.
            let stronger = may_name(statement, request.principal).filter(|way| Some(*way) > named);
            if is_named == Truth::Yes && stronger.is_some() {
                let truth = truth & Truth::Unknown;
                weighed.push(Weighed { truth, named: stronger, document, statement });
            }
        }
    }
}

/// The effect of one layer on an action.
#[derive(Debug, Clone, Copy)]
struct Said {
    denies: Truth,
    /// Whether any statement allows the action. The fields below split this by how the statement names the principal:
    /// by its role, its account, directly, or its session.
    allows: Truth,
    to_role: Truth,
    to_account: Truth,
    directly: Truth,
    to_session: Truth,
}

impl Said {
    fn by(weighed: &[Weighed<'_>], action: Action) -> Self {
        let no = Truth::No;
        let mut said = Self {
            denies: no,
            allows: no,
            to_role: no,
            to_account: no,
            directly: no,
            to_session: no,
        };
        for one in weighed.iter().filter(|one| one.statement.is_of(action)) {
            if !one.statement.is_allow {
                said.denies = said.denies | one.truth;
                continue;
            }
            said.allows = said.allows | one.truth;
            match one.named {
                Some(Named::Role) => said.to_role = said.to_role | one.truth,
                Some(Named::Account) => said.to_account = said.to_account | one.truth,
                Some(Named::Directly) => said.directly = said.directly | one.truth,
                Some(Named::Session) => said.to_session = said.to_session | one.truth,
                None => {}
            }
        }
        said
    }

    /// The effect if the layer may contain further, unknown statements.
    fn or_anything(self, may_say_more: bool) -> Self {
        if !may_say_more {
            return self;
        }
        let or_unknown = |truth: Truth| truth | Truth::Unknown;
        let Self { denies, allows, to_role, to_account, directly, to_session } = self;
        Self {
            denies: or_unknown(denies),
            allows: or_unknown(allows),
            to_role: or_unknown(to_role),
            to_account: or_unknown(to_account),
            directly: or_unknown(directly),
            to_session: or_unknown(to_session),
        }
    }
}

/// Decides a request. `unknown_resource` is what an unknown resource policy allows the principal's account; `None` if
/// the resource policy is known.
pub(crate) fn decide<'a>(
    layers: &Layers<'a>,
    request: &Request<'_>,
    facts: &Facts<'_>,
    unknown_resource: Option<Truth>,
) -> Verdict<'a> {
    let action = request.action;
    let weights = Weights::of(layers, request, facts, &|statement| statement.is_of(action));
    let (decision, reason) = weights.decide(layers, request, unknown_resource);
    Verdict { decision, statements: weights.deciding(decision, action), reason }
}

impl<'a> Weights<'a> {
    /// The statements that led to this decision.
    fn deciding(&self, decision: Decision, action: Action) -> Vec<(&'a Document, &'a Statement)> {
        let of = |layers: &[&[Weighed<'a>]], is_allow: bool| -> Vec<_> {
            let weighed = layers.iter().copied().flatten();
            let deciding = weighed
                .filter(|one| one.statement.is_allow == is_allow && one.statement.is_of(action));
            deciding.map(|one| (one.document, one.statement)).collect()
        };
        let Self { scps, rcps, boundary, session, identity, resource } = self;
        let mut layers: Vec<&[Weighed<'a>]> = scps.iter().map(Vec::as_slice).collect();
        layers.extend([rcps.as_slice(), boundary, session, identity, resource]);
        let denying = of(&layers, false);
        match decision {
            Decision::ExplicitDeny => denying,
            // `Unknown` is caused by statements that may deny or, without any, by those that may allow.
            Decision::Unknown if !denying.is_empty() => denying,
            Decision::Unknown | Decision::Allow | Decision::ImplicitDeny => {
                of(&[identity, resource], true)
            }
        }
    }

    /// Decides a request by the statements evaluated before, with the reason. Its action may differ from the one they
    /// were evaluated for.
    pub(crate) fn decide(
        &self,
        layers: &Layers<'a>,
        request: &Request<'_>,
        unknown_resource: Option<Truth>,
    ) -> (Decision, &'static str) {
        let said = |weighed| Said::by(weighed, request.action);
        let rcps = said(&self.rcps);
        let session = said(&self.session);
        let [boundary, identity, resource] = self.with_gaps(layers, request.action);

        if let Some(reason) = layers.nothing_is_certain {
            return (Decision::Unknown, reason);
        }
        // The AWS managed policy that allows everything is always attached alongside resource control policies, so they
        // only deny.
        let levels = self.scps.iter().map(|level| said(level));
        let organization = Truth::all(levels.clone().map(|level| level.allows));
        let bounded = unless_there(layers.boundary.is_some(), boundary);
        let in_session = unless_there(layers.session.is_some(), session);
        let limits = bounded & in_session;
        let own = identity.allows | layers.unknown_identity();
        let Said { to_role, to_session, .. } = resource;
        let directly = resource.directly | to_session;
        let to_account = resource.to_account | unknown_resource.unwrap_or(Truth::No);

        let allowed = organization
            & match (request.principal, layers.is_same_account, layers.kind) {
                // Services and other principals without identity policies.
                (principal, _, _) if principal.has_no_policies() => directly,
                // In one account either side is enough. Boundary and session policy limit grants that name the role.
                (_, true, ResourceKind::Ordinary) => directly | (limits & (own | to_role)),
                // Keys and roles: their policy must allow the request, or delegate the decision to the account.
                (_, true, ResourceKind::Key | ResourceKind::Trust) => {
                    directly | (limits & (to_role | (to_account & own)))
                }
                // Across accounts both sides must allow. AWS's pages disagree on whether a session policy limits grants
                // to the session itself, so that is `Unknown`.
                (_, false, _) => {
                    let in_session = in_session | (to_session & Truth::Unknown);
                    bounded & in_session & own & (to_role | to_account | directly)
                }
            };
        let layers_said = levels.chain([rcps, boundary, session, identity, resource]);
        let denied = Truth::any(layers_said.map(|said| said.denies));

        match (denied, allowed) {
            (Truth::Yes, _) => (Decision::ExplicitDeny, "a statement denies it"),
            (_, Truth::No) => {
                let parts = self.parts(layers, request, unknown_resource);
                let lacking = parts.iter().find(|(truth, _)| *truth == Truth::No);
                let reason = lacking.map_or("no statement allows it", |(_, reason)| reason);
                (Decision::ImplicitDeny, reason)
            }
            (Truth::Unknown, _) => {
                let gap = layers.identity_gap.or(layers.resource_gap);
                let known = "whether a statement denies it depends on a value that is not known";
                (Decision::Unknown, gap.unwrap_or(known))
            }
            (_, Truth::Unknown) => {
                let of_identity = layers.unknown_identity.filter(|_| identity.allows != Truth::Yes);
                let reason = if let Some((_, reason)) = of_identity {
                    reason
                } else if unknown_resource.is_some() {
                    "the resource's own policy is not in the mesh"
                } else if to_session == Truth::Unknown {
                    SESSION_IS_MISSING
                } else {
                    "whether a statement allows it depends on a value that is not known"
                };
                (Decision::Unknown, reason)
            }
            (Truth::No, Truth::Yes) => (Decision::Allow, "statements allow it, and none denies it"),
        }
    }
}

impl Weights<'_> {
    /// The effects of boundary, identity policies and resource policy, including their unknown parts.
    fn with_gaps(&self, layers: &Layers<'_>, action: Action) -> [Said; 3] {
        let is_open = layers.boundary.is_some_and(|boundary| boundary.is_partial);
        [
            Said::by(&self.boundary, action).or_anything(is_open),
            Said::by(&self.identity, action).or_anything(layers.identity_gap.is_some()),
            Said::by(&self.resource, action).or_anything(layers.resource_gap.is_some()),
        ]
    }

    /// The sides that must each allow a request, with the reason for a denial if one does not.
    fn parts(
        &self,
        layers: &Layers<'_>,
        request: &Request<'_>,
        unknown_resource: Option<Truth>,
    ) -> [(Truth, &'static str); 5] {
        let said = |weighed| Said::by(weighed, request.action);
        let organization = Truth::all(self.scps.iter().map(|level| said(level).allows));
        let session = said(&self.session);
        let [boundary, identity, resource] = self.with_gaps(layers, request.action);
        let own = identity.allows | layers.unknown_identity();
        let by_resource = resource.allows | unknown_resource.unwrap_or(Truth::No);
        let has_own = !request.principal.has_no_policies();
        let is_enough = layers.kind == ResourceKind::Ordinary && layers.is_same_account;
        [
            (organization, "a policy of the organization does not allow it"),
            (
                unless_there(layers.boundary.is_some(), boundary),
                "the permissions boundary does not allow it",
            ),
            (
                unless_there(layers.session.is_some(), session),
                "the session policy does not allow it",
            ),
            (
                if layers.is_same_account || !has_own { Truth::Yes } else { own },
                "in another account, the principal's own policies have to allow it as well",
            ),
            (
                if is_enough { Truth::Yes } else { by_resource },
                match layers.kind {
                    ResourceKind::Ordinary => "the resource's own policy does not allow it",
                    ResourceKind::Trust => "the role's trust policy does not allow it",
                    ResourceKind::Key => "the key's own policy does not allow it",
                },
            ),
        ]
    }

    /// The reasons of all sides that must allow the request and do not.
    pub(crate) fn lacking(
        &self,
        layers: &Layers<'_>,
        request: &Request<'_>,
        unknown_resource: Option<Truth>,
    ) -> Vec<&'static str> {
        let parts = self.parts(layers, request, unknown_resource).into_iter();
        parts.filter(|(truth, _)| *truth == Truth::No).map(|(_, reason)| reason).collect()
    }
}

/// The effect of a limiting policy: without one, everything is allowed.
fn unless_there(is_there: bool, said: Said) -> Truth {
    if is_there { said.allows } else { Truth::Yes }
}

/// An `Allow` statement that covers a request, but whose conditions the request does not fulfil.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Near<'a> {
    /// The document.
    pub document: &'a Document,
    /// The statement.
    pub statement: &'a Statement,
    /// The conditions that fail, and those that hold only because the request lacks a key that another condition
    /// requires.
    pub missing: Vec<&'a Condition>,
}

/// The statements that would allow a request if it fulfilled their conditions.
pub(crate) fn nearly<'a>(
    layers: &Layers<'a>,
    request: &Request<'_>,
    facts: &Facts<'_>,
) -> Vec<Near<'a>> {
    let documents = layers.identity.iter().copied().chain(layers.resource);
    let near = documents.flat_map(|document| {
        let statements = document.statements.iter().filter(|statement| {
            statement.is_allow
                && statement.is_of(request.action)
                && named(statement, request.principal).1 != Truth::No
                && is_about(document, statement, request, facts) != Truth::No
        });
        statements.map(move |statement| {
            let fails = |condition: &&Condition| {
                holds(condition, document.has_variables, request, facts) == Truth::No
            };
            let absent: Vec<&str> = statement
                .conditions
                .iter()
                .filter(|condition| asks_for_key(condition) && fails(condition))
                .map(|condition| condition.key.as_str())
                .collect();
            let is_missing =
                |condition: &&Condition| fails(condition) || is_about_absent(condition, &absent);
            let missing = statement.conditions.iter().filter(is_missing).collect();
            Near { document, statement, missing }
        })
    });
    near.filter(|near| !near.missing.is_empty()).collect()
}

/// Whether the condition requires the request to carry its key.
fn asks_for_key(condition: &Condition) -> bool {
    condition.comparison == Comparison::Null && condition.values.iter().all(|value| value != "true")
}

/// Whether the condition restricts the values of a key in `absent`, and so holds only as long as the request lacks it.
/// Source: "Multivalued context keys" in the IAM user guide: `ForAllValues` is true without the key.
fn is_about_absent(condition: &Condition, absent: &[&str]) -> bool {
    condition.qualifier == Some(Qualifier::ForAllValues)
        && condition.comparison != Comparison::Null
        && absent.contains(&condition.key.as_str())
}

/// Whether the statement covers the resource of a request.
fn is_about(
    document: &Document,
    statement: &Statement,
    request: &Request<'_>,
    facts: &Facts<'_>,
) -> Truth {
    if statement.resources.is_empty() {
        // Trust policies name no resource: they apply to their role.
        return Truth::Yes;
    }
    let mut is_unknown = false;
    let is_listed = statement.resources.iter().any(|pattern| {
        if pattern == "*" {
            return true;
        }
        if document.has_variables && pattern.contains("${") {
            // The text besides the variables is known only at deployment.
            if pattern.contains(UNKNOWN) {
                is_unknown = true;
                return false;
            }
            return match expand(pattern, request, facts) {
                Ok(expanded) => expanded.matches(request.resource),
                Err(truth) => {
                    is_unknown |= statement.not_resources || truth == Truth::Unknown;
                    false
                }
            };
        }
        match may_match(pattern, request.resource) {
            Truth::Unknown => {
                is_unknown = true;
                false
            }
            truth => truth == Truth::Yes,
        }
    });
    if is_unknown && !is_listed {
        return Truth::Unknown;
    }
    (is_listed != statement.not_resources).into()
}

#[cfg(test)]
mod tests;
