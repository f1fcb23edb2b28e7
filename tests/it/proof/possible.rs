//! The evaluator with unknown facts, compared with the naive one in each possible case: a decision must hold in all of
//! them.
//!
//! The possible cases: a statement exists or not; a part that is known only at deployment is any text; a role makes the
//! request in any session; the principal is in the organization, in another one, or in none. Sources: "Conditions" in
//! the CloudFormation template reference, and `aws:PrincipalOrgID` in "AWS global condition context keys" ("included in
//! the request context only if the principal is a member of an organization").

use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::Arc;

use lakewright_access::document::{Comparison, PrincipalEntry, Statement};
use lakewright_access::evaluate::Decision;
use lakewright_access::world::{PartsMut, World};
use lakewright_template::resolve::UNKNOWN;
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::TestRunner;

use super::differential::{
    ACCOUNT, ORGANIZATION, OTHER, decision, documents, requests, role, session, world,
};
use super::naive::{Asked, allows};

/// The unknown part of a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Doubt {
    /// Whether the statement exists.
    Statement,
    /// A part of its first resource.
    Resource,
    /// Its first resource.
    WholeResource,
    /// The account that it names as principal.
    Account,
    /// Its first principal.
    Principal,
    /// A value of its first condition.
    Value,
}

const DOUBTS: [Doubt; 6] = [
    Doubt::Statement,
    Doubt::Resource,
    Doubt::WholeResource,
    Doubt::Account,
    Doubt::Principal,
    Doubt::Value,
];

impl Doubt {
    /// The statement as the product reads it, and the possible statements; in these, `None` means that it does not
    /// exist. Returns `None` if the statement has no such part.
    fn of(self, statement: &Statement) -> Option<(Statement, Vec<Option<Statement>>)> {
        let with = |change: &dyn Fn(&mut Statement)| {
            let mut other = statement.clone();
            change(&mut other);
            other
        };
        match self {
            Self::Statement => {
                let read = with(&|one| one.is_certain = false);
                Some((read, vec![None, Some(statement.clone())]))
            }
            Self::Resource => {
                statement.resources.first()?;
                let of =
                    |part: &str| with(&|one| one.resources[0] = format!("arn:aws:s3:::{part}/a/*"));
                let may_be = ["data", "*", "other"].map(|part| Some(of(part)));
                Some((of(UNKNOWN), may_be.into()))
            }
            Self::WholeResource => {
                statement.resources.first()?;
                let of = |text: &str| with(&|one| text.clone_into(&mut one.resources[0]));
                let may_be = ["*", "arn:aws:s3:::data/*", "arn:aws:s3:::other"];
                Some((of(UNKNOWN), may_be.map(|text| Some(of(text))).into()))
            }
            Self::Account => {
                let of = |account: &str| PrincipalEntry::Account(account.to_owned());
                let read = named(statement, of(UNKNOWN))?;
                Some((read, [ACCOUNT, OTHER].map(|one| named(statement, of(one))).into()))
            }
            Self::Principal => {
                let read = named(statement, PrincipalEntry::Arn(UNKNOWN.to_owned()))?;
                let may_be = [
                    PrincipalEntry::Everyone,
                    PrincipalEntry::Arn(role(ACCOUNT, "one")),
                    PrincipalEntry::Arn(role(OTHER, "two")),
                    PrincipalEntry::Arn(role(OTHER, "nobody")),
                ];
                Some((read, may_be.map(|entry| named(statement, entry)).into()))
            }
            Self::Value => {
                let condition = statement.conditions.first()?;
                let may_be = match condition.comparison {
                    Comparison::Ip { .. } => ["0.0.0.0/0", "10.1.2.3", "192.168.0.0/17"],
                    Comparison::Date { .. } => ["1709164800", "2024-03-01T12:00:00Z", "0"],
                    Comparison::Null => ["true", "false", "true"],
                    _ => ["a", "true", "5"],
                };
                let of =
                    |text: &str| with(&|one| text.clone_into(&mut one.conditions[0].values[0]));
                Some((of(UNKNOWN), may_be.map(|text| Some(of(text))).into()))
            }
        }
    }
}

/// The statement with its first principal replaced.
fn named(statement: &Statement, entry: PrincipalEntry) -> Option<Statement> {
    let mut other = statement.clone();
    *other.principals.as_mut()?.entries.first_mut()? = entry;
    Some(other)
}

/// The statements of each document in the access model that has some, in a fixed order.
fn lists(world: &mut World) -> Vec<&mut Vec<Statement>> {
    let PartsMut { roles, resources, managed, session, organization, .. } = world.parts_mut();
    let mut lists = Vec::new();
    for role in roles.values_mut() {
        lists.push(&mut role.trust.statements);
        let identity = role.identity.iter_mut();
        lists.extend(identity.map(|document| &mut Arc::make_mut(document).statements));
    }
    let policies = resources.values_mut().filter_map(|resource| resource.policy.as_mut());
    lists.extend(policies.map(|document| &mut document.statements));
    lists.extend(managed.values_mut().map(|document| &mut Arc::make_mut(document).statements));
    lists.extend(session.iter_mut().map(|document| &mut document.statements));
    let of_organization = organization.scps.iter_mut().chain(&mut organization.rcps);
    lists.extend(of_organization.map(|policy| &mut policy.document.statements));
    lists.retain(|list| !list.is_empty());
    lists
}

/// The access model as the product reads it, and the possible ones, with one unknown fact.
fn in_doubt(world: &World, place: (Index, Index), doubt: Doubt) -> Option<(World, Vec<World>)> {
    let mut original = world.clone();
    let (list, number, statement) = {
        let lists = lists(&mut original);
        if lists.is_empty() {
            return None;
        }
        let list = place.0.index(lists.len());
        let number = place.1.index(lists[list].len());
        (list, number, lists[list][number].clone())
    };
    let (read, may_be) = doubt.of(&statement)?;
    let with = |other: Option<Statement>| {
        let mut changed = world.clone();
        if let Some(statements) = lists(&mut changed).into_iter().nth(list) {
            statements.splice(number..=number, other);
        }
        changed
    };
    Some((with(Some(read)), may_be.into_iter().map(with).collect()))
}

/// The possible requests: in any session, and by a principal in the organization, in another one or in none.
fn may_be(asked: &Asked) -> Vec<Asked> {
    let mut sessions = vec![asked.session.clone()];
    if asked.session.is_none() && asked.principal == role(ACCOUNT, "one") {
        sessions.extend(["alice", "bob", "carol"].map(|name| Some(session(name))));
    }
    let in_organization = |id: Option<&str>| {
        let mut context: BTreeMap<String, Vec<String>> = asked.context.clone();
        for (key, rest) in [
            ("aws:principalorgid", ""),
            ("aws:principalorgpaths", "/r-ab12/"),
            ("aws:resourceorgpaths", "/r-ab12/"),
        ] {
            if let Some(id) = id {
                context.entry(key.to_owned()).or_insert_with(|| vec![format!("{id}{rest}")]);
            }
        }
        context
    };
    let contexts = [None, Some(ORGANIZATION), Some("o-other12345")].map(in_organization);
    let in_session = |session: Option<String>| {
        let of = |context: &BTreeMap<_, _>| Asked {
            session: session.clone(),
            context: context.clone(),
            ..asked.clone()
        };
        contexts.iter().map(of).collect::<Vec<_>>()
    };
    sessions.into_iter().flat_map(in_session).collect()
}

#[test]
fn what_is_decided_holds_in_each_world_that_may_be() {
    let place = (any::<Index>(), any::<Index>());
    let doubt = prop::sample::select(DOUBTS.to_vec());
    let asked = prop::collection::vec(any::<Index>(), 10);
    let config =
        ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() };
    let mut runner = TestRunner::new(config);
    let (decided, unknown) = (Cell::new(0_usize), Cell::new(0_usize));
    let result =
        runner.run(&(documents(), place, doubt, asked), |(documents, place, doubt, asked)| {
            let known = world(&documents);
            let Some((read, worlds)) = in_doubt(&known, place, doubt) else { return Ok(()) };
            let requests = requests(&known);
            for asked in asked.iter().map(|one| one.get(&requests)) {
                let decision = decision(&read, asked);
                if decision == Decision::Unknown {
                    unknown.set(unknown.get() + 1);
                    continue;
                }
                decided.set(decided.get() + 1);
                for possible in may_be(asked) {
                    for (number, world) in worlds.iter().enumerate() {
                        let is_allowed = allows(world, &possible);
                        prop_assert_eq!(
                            is_allowed,
                            decision == Decision::Allow,
                            "{:?} {} {:?}",
                            doubt,
                            number,
                            possible
                        );
                    }
                }
            }
            Ok(())
        });
    if let Err(error) = result {
        panic!("{error}");
    }
    // Both kinds of answers must occur, otherwise the test shows nothing.
    let (decided, unknown) = (decided.get(), unknown.get());
    assert!(decided > 500 && unknown > 50, "{decided} decided, {unknown} unknown");
}
