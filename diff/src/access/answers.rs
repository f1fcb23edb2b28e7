//! The answers of both sides to one request.

use lakewright_access::document::{Document, Statement};
use lakewright_access::evaluate::{Decision, Verdict};
use lakewright_access::request::{Principal, Request, Truth};
use lakewright_access::world::{Outside, Role, World};
use lakewright_template::{Region, StackAddress};

use super::{Answer, exposure};

/// The access of both sides.
#[derive(Debug, Clone, Copy)]
pub(super) struct Worlds<'w> {
    /// The access, with everything that is not known about it.
    pub(super) open: [&'w World; 2],
    /// The access that the templates state by themselves.
    pub(super) stated: [&'w World; 2],
}

/// A statement of one side that decides.
pub(super) type Deciding<'w> = (bool, &'w Document, &'w Statement);

/// What findings of the same kind about the same statements have in common: the statements are compared by address.
pub(super) type Key = (u8, Option<(Answer, Answer)>, Vec<(bool, usize)>);

/// How the answers of the sides differ.
#[derive(Debug, Clone)]
pub(super) enum Difference<'w> {
    /// The answers before and after the change.
    Decided {
        /// The answers.
        answers: (Answer, Answer),
        /// Whether the side after the change allows more.
        is_gained: bool,
        /// The deciding statements.
        statements: Vec<Deciding<'w>>,
        /// The reasons of the evaluation, before and after.
        reasons: (&'static str, &'static str),
    },
    /// The answers cannot be compared.
    Undecided {
        /// Why.
        reason: &'static str,
        /// The answers, if the request was decided at all.
        answers: Option<(Answer, Answer)>,
        /// The statements that it depends on.
        statements: Vec<Deciding<'w>>,
    },
}

/// One side's answer.
struct Given<'w> {
    /// 0 is denied, 1 depends on policies outside of the templates, 2 is allowed; `None` if it is not known.
    rank: Option<u8>,
    verdict: Option<Verdict<'w>>,
    answer: Answer,
}

impl<'w> Worlds<'w> {
    pub(super) fn both(&self) -> impl Iterator<Item = &'w World> + use<'w> {
        self.stated.into_iter()
    }

    fn role(&self, side: usize, arn: &str) -> Option<&'w Role> {
        self.stated[side].roles().get(arn)
    }

    /// The region of the stack that makes a role; `None` for a template that is only a file.
    pub(super) fn region_of(&self, arn: &str) -> Option<Region> {
        let role = self.role(1, arn).or_else(|| self.role(0, arn))?;
        let address = StackAddress::parse(&role.trust.origin.stack).ok()?;
        Some(address.place.region)
    }

    /// How the sides decide a request differently; `None` if they decide it alike.
    pub(super) fn compare(&self, request: &Request<'_>) -> Option<Difference<'w>> {
        let [before, after] = [0, 1].map(|side| self.given(side, request));
        let statements = || {
            let of = |is_after: bool, given: &Given<'w>| -> Vec<Deciding<'w>> {
                let statements = given.verdict.iter().flat_map(|verdict| &verdict.statements);
                statements.map(|(document, statement)| (is_after, *document, *statement)).collect()
            };
            let mut statements = of(false, &before);
            statements.extend(of(true, &after));
            statements
        };
        let answers = (before.answer, after.answer);
        let reason = |given: &Given<'_>| given.verdict.as_ref().map_or("", |one| one.reason);
        match (before.rank, after.rank) {
            (Some(earlier), Some(later)) if earlier == later => None,
            (Some(earlier), Some(later)) => Some(Difference::Decided {
                answers,
                is_gained: later > earlier,
                statements: statements(),
                reasons: (reason(&before), reason(&after)),
            }),
            _ => {
                let unknown = if after.rank.is_none() { &after } else { &before };
                Some(Difference::Undecided {
                    reason: reason(unknown),
                    answers: Some(answers),
                    statements: statements(),
                })
            }
        }
    }

    fn given(&self, side: usize, request: &Request<'_>) -> Given<'w> {
        if let Principal::Role { arn, .. } = request.principal
            && self.role(side, arn).is_none()
            && self.role(1 - side, arn).is_some_and(|role| !role.is_imported())
        {
            // The templates of the other side make the role, and those of this side do not.
            return Given { rank: Some(0), verdict: None, answer: Answer::Denied };
        }
        let stated = self.stated[side];
        let blocked = exposure::blocks(stated, request);
        if blocked == Truth::Yes {
            let (decision, reason) = (Decision::ImplicitDeny, exposure::BLOCKED);
            let verdict = Some(Verdict { decision, statements: Vec::new(), reason });
            return Given { rank: Some(0), verdict, answer: Answer::Denied };
        }
        let verdict = stated.decide(request, Outside::Unknown);
        let rank = match verdict.decision {
            Decision::Allow => Some(2),
            Decision::ExplicitDeny | Decision::ImplicitDeny => Some(0),
            Decision::Unknown => match stated.decide(request, Outside::Allows).decision {
                Decision::Allow => Some(1),
                Decision::ExplicitDeny | Decision::ImplicitDeny => Some(0),
                Decision::Unknown => None,
            },
        };
        if blocked == Truth::Unknown && rank != Some(0) {
            let verdict = Some(Verdict { reason: exposure::MAY_BE_BLOCKED, ..verdict });
            return Given { rank: None, verdict, answer: Answer::Depends };
        }
        let is_certain = || {
            let open = self.open[side];
            std::ptr::eq(open, stated)
                || open.decide(request, Outside::Unknown).decision == Decision::Allow
        };
        let answer = match rank {
            Some(0) => Answer::Denied,
            Some(2) if is_certain() => Answer::Allowed,
            _ => Answer::Depends,
        };
        Given { rank, verdict: Some(verdict), answer }
    }
}

impl Difference<'_> {
    /// Whether something is lost (0), gained (1) or undecided (2).
    pub(super) fn kind(&self) -> u8 {
        match self {
            Self::Decided { is_gained, .. } => u8::from(*is_gained),
            Self::Undecided { .. } => 2,
        }
    }

    /// Equal keys are the same finding for another request.
    pub(super) fn key(&self) -> Key {
        let (answers, statements) = match self {
            Self::Decided { answers, statements, .. } => (Some(*answers), statements),
            Self::Undecided { answers, statements, .. } => (*answers, statements),
        };
        let statements = statements
            .iter()
            .map(|(is_after, _, statement)| (*is_after, std::ptr::from_ref(*statement).addr()));
        (self.kind(), answers, statements.collect())
    }
}
