//! Decisions: what the documents that reach a request say together.
//!
//! Source: "Policy evaluation logic" in the IAM user guide, with its pages on
//! single accounts, cross-account requests and resource-based policies, and
//! "Key policies in AWS KMS" for keys. `proof/data/decisions.json` has the
//! facts one by one, each with its origin.

use crate::condition::{expand, holds};
use crate::document::{Document, PrincipalEntry, Statement};
use crate::pattern::matches;
use crate::request::{Facts, Principal, Request, Truth, arn_field};

/// What is decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Decision {
    /// The request is allowed.
    Allow,
    /// A statement denies it, whatever allows.
    ExplicitDeny,
    /// Nothing allows it.
    ImplicitDeny,
    /// It cannot be said.
    Unknown,
}

impl Decision {
    /// The name in data.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::ExplicitDeny => "explicit-deny",
            Self::ImplicitDeny => "implicit-deny",
            Self::Unknown => "unknown",
        }
    }
}

/// A decision with what led to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict<'a> {
    /// The decision.
    pub decision: Decision,
    /// The statements that decided: those that deny, or else those that allow.
    pub statements: Vec<(&'a Document, &'a Statement)>,
    /// Why, in a sentence.
    pub reason: &'static str,
}

impl Verdict<'_> {
    /// The verdict when a boundary limits it that is not known.
    pub(crate) fn bounded_by_unknown(self, is_bounded: bool) -> Self {
        if is_bounded && self.decision == Decision::Allow {
            let reason = "the permissions boundary is not in the mesh";
            return Self { decision: Decision::Unknown, reason, ..self };
        }
        self
    }
}

/// What a resource is to the evaluation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum ResourceKind {
    /// In one account either side can allow.
    #[default]
    Ordinary,
    /// A role to assume: without its trust policy nothing is allowed.
    Trust,
    /// A key: without its key policy nothing is allowed.
    Key,
}

/// The documents that reach a request.
#[derive(Debug, Clone, Default)]
pub struct Layers<'a> {
    /// Whether resource and principal lie in one account.
    pub is_same_account: bool,
    /// What the resource is to the evaluation.
    pub kind: ResourceKind,
    /// Service control policies of the principal's account; empty when none are known.
    pub scps: Vec<&'a Document>,
    /// Resource control policies of the resource's account; empty when none are known.
    pub rcps: Vec<&'a Document>,
    /// The permissions boundary.
    pub boundary: Option<&'a Document>,
    /// The session policy.
    pub session: Option<&'a Document>,
    /// The identity policies.
    pub identity: Vec<&'a Document>,
    /// What identity policies say that are not known, such as those of imported roles.
    pub unknown_identity: Option<Truth>,
    /// The resource's own policy.
    pub resource: Option<&'a Document>,
}

/// How a statement of a resource policy names the principal of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Named {
    /// The account as a whole: what it allows is delegated to the account's own policies.
    Account,
    /// The role.
    Role,
    /// The user, the session or the service itself, or everybody: a boundary does not limit it.
    Directly,
}

/// What one layer says.
#[derive(Debug, Clone, Default)]
struct Said<'a> {
    denies: Vec<(Truth, &'a Document, &'a Statement)>,
    allows: Vec<(Truth, Option<Named>, &'a Document, &'a Statement)>,
}

impl<'a> Said<'a> {
    fn by(documents: &[&'a Document], request: &Request<'_>, facts: &Facts<'_>) -> Self {
        let mut said = Self::default();
        for document in documents {
            for statement in &document.statements {
                // The cheapest tests first: most statements are about other actions.
                if statement.actions.contain(request.action) == statement.not_actions {
                    continue;
                }
                let (named, is_named) = named(statement, request.principal);
                let truth =
                    is_named
                        & is_about(document, statement, request, facts)
                        & Truth::all(statement.conditions.iter().map(|condition| {
                            holds(condition, document.has_variables, request, facts)
                        }));
                if truth == Truth::No {
                    continue;
                }
                if statement.is_allow {
                    said.allows.push((truth, named, document, statement));
                } else {
                    said.denies.push((truth, document, statement));
                }
            }
        }
        said
    }

    fn allows(&self, how: impl Fn(Option<Named>) -> bool) -> Truth {
        let allows = self.allows.iter().filter(|(_, named, ..)| how(*named));
        Truth::any(allows.map(|(truth, ..)| *truth))
    }

    fn denies(&self) -> Truth {
        Truth::any(self.denies.iter().map(|(truth, ..)| *truth))
    }
}

/// Decides a request.
pub(crate) fn decide<'a>(
    layers: &Layers<'a>,
    request: &Request<'_>,
    facts: &Facts<'_>,
) -> Verdict<'a> {
    let said = |documents: &[&'a Document]| {
        let mut said = Said::by(documents, request, facts);
        if let Some(resource) = facts.through {
            let through = Request { resource, ..request.clone() };
            let more = Said::by(documents, &through, facts);
            said.allows.extend(more.allows);
            said.denies.extend(more.denies);
        }
        said
    };
    let one = |document: Option<&'a Document>| said(document.as_slice());
    // Service-linked roles and services are outside of service control policies.
    let is_bound = !request.principal.is_service_linked()
        && !matches!(request.principal, Principal::Service(_) | Principal::Anonymous);
    let scps = if is_bound { said(&layers.scps) } else { Said::default() };
    let rcps = if is_bound { said(&layers.rcps) } else { Said::default() };
    let boundary = one(layers.boundary);
    let session = one(layers.session);
    let identity = said(&layers.identity);
    let resource = Said::by(layers.resource.as_slice(), request, facts);

    let unless_there = |is_there: bool, said: &Said<'_>| {
        if is_there { said.allows(|_| true) } else { Truth::Yes }
    };
    // A policy of AWS that allows everything is always attached beside resource control policies.
    let organization = unless_there(is_bound && !layers.scps.is_empty(), &scps);
    let limits = unless_there(layers.boundary.is_some(), &boundary)
        & unless_there(layers.session.is_some(), &session);
    let own = identity.allows(|_| true) | layers.unknown_identity.unwrap_or(Truth::No);
    let to_role = resource.allows(|named| named == Some(Named::Role));
    let to_account = resource.allows(|named| named == Some(Named::Account))
        | facts.unknown_resource.unwrap_or(Truth::No);
    let directly = resource.allows(|named| named == Some(Named::Directly));
    // A session policy's effect on a grant to the session itself has not been measured.
    let past_limits = match (directly, layers.session) {
        (Truth::Yes, Some(_)) if session.allows(|_| true) != Truth::Yes => Truth::Unknown,
        (directly, _) => directly,
    };

    let allowed = organization
        & match (request.principal, layers.is_same_account, layers.kind) {
            // Services and strangers have no policies of their own.
            (Principal::Service(_) | Principal::Anonymous, _, _) => directly,
            // In one account either side is enough. What names the role stays within its limits.
            (_, true, ResourceKind::Ordinary) => past_limits | (limits & (own | to_role)),
            // Keys and roles: their policy must allow it, or hand the decision to the account.
            (_, true, ResourceKind::Key | ResourceKind::Trust) => {
                past_limits | (limits & (to_role | (to_account & own)))
            }
            // Across accounts both sides must allow it.
            (_, false, _) => limits & own & (to_role | to_account | directly),
        };
    let layers_said = [&scps, &rcps, &boundary, &session, &identity, &resource];
    let denied = Truth::any(layers_said.iter().map(|said| said.denies()));

    let allowing = || {
        let allows = [&identity, &resource].into_iter().flat_map(|said| &said.allows);
        allows.map(|(_, _, document, statement)| (*document, *statement)).collect()
    };
    let denying = || {
        let all = layers_said.iter().flat_map(|said| &said.denies);
        all.map(|(_, document, statement)| (*document, *statement)).collect()
    };
    match (denied, allowed) {
        (Truth::Yes, _) => Verdict {
            decision: Decision::ExplicitDeny,
            statements: denying(),
            reason: "a statement denies it",
        },
        (_, Truth::No) => Verdict {
            decision: Decision::ImplicitDeny,
            statements: allowing(),
            reason: missing(&[
                (organization, "a policy of the organization does not allow it"),
                (limits, "the permissions boundary or the session policy does not allow it"),
                (
                    if layers.is_same_account { Truth::Yes } else { own },
                    "in another account, the principal's own policies have to allow it as well",
                ),
                (
                    if layers.kind == ResourceKind::Ordinary && layers.is_same_account {
                        Truth::Yes
                    } else {
                        to_role | to_account | directly
                    },
                    "the resource's own policy does not allow it",
                ),
            ]),
        },
        (Truth::Unknown, _) => Verdict {
            decision: Decision::Unknown,
            statements: denying(),
            reason: "it is not known whether a statement denies it",
        },
        (_, Truth::Unknown) => Verdict {
            decision: Decision::Unknown,
            statements: allowing(),
            reason: "it is not known whether a statement allows it",
        },
        (Truth::No, Truth::Yes) => Verdict {
            decision: Decision::Allow,
            statements: allowing(),
            reason: "statements allow it, and none denies it",
        },
    }
}

fn missing(parts: &[(Truth, &'static str)]) -> &'static str {
    let found = parts.iter().find(|(truth, _)| *truth == Truth::No);
    found.map_or("no statement allows it", |(_, reason)| reason)
}

/// Whether, and how, a statement names a principal. Statements of identity policies name nobody.
fn named(statement: &Statement, principal: &Principal) -> (Option<Named>, Truth) {
    let Some(principals) = &statement.principals else { return (None, Truth::Yes) };
    if principals.is_not {
        // Every exempt principal must be named: its account does not exempt it.
        let is_listed = principals
            .entries
            .iter()
            .any(|entry| names(entry, principal).is_some_and(|named| named != Named::Account));
        return (Some(Named::Directly), (!is_listed).into());
    }
    let best = principals.entries.iter().filter_map(|entry| names(entry, principal)).max();
    (best, best.is_some().into())
}

fn names(entry: &PrincipalEntry, principal: &Principal) -> Option<Named> {
    match (entry, principal) {
        (PrincipalEntry::Everyone, _) => Some(Named::Directly),
        (PrincipalEntry::Account(account), principal) => {
            (principal.account() == Some(account)).then_some(Named::Account)
        }
        (PrincipalEntry::Arn(named), Principal::Role { arn, session }) => {
            if named == arn {
                Some(Named::Role)
            } else {
                (Some(named) == session.as_ref()).then_some(Named::Directly)
            }
        }
        (PrincipalEntry::Arn(named), Principal::User(arn)) => {
            (named == arn).then_some(Named::Directly)
        }
        (PrincipalEntry::Service(named), Principal::Service(service)) => {
            (named == service).then_some(Named::Directly)
        }
        _ => None,
    }
}

/// Whether a statement is about the resource of a request.
fn is_about(
    document: &Document,
    statement: &Statement,
    request: &Request<'_>,
    facts: &Facts<'_>,
) -> Truth {
    if statement.resources.is_empty() {
        // Trust policies name no resource: the role is it.
        return Truth::Yes;
    }
    let mut is_unknown = false;
    let is_listed = statement.resources.iter().any(|pattern| {
        if pattern == "*" {
            return true;
        }
        if document.has_variables && pattern.contains("${") {
            let expanded = expand(pattern, request, facts);
            is_unknown |= expanded.is_none() && statement.not_resources;
            return expanded.is_some_and(|expanded| expanded.matches(request.resource));
        }
        matches(pattern, request.resource)
    });
    if is_unknown {
        return Truth::Unknown;
    }
    (is_listed != statement.not_resources).into()
}

/// The account that a resource's ARN names, when it names one.
pub(crate) fn account_of(resource: &str) -> Option<&str> {
    arn_field(resource, 4)
}

#[cfg(test)]
mod tests;
