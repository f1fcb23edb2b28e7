//! Whom and what each changed policy is about.

use std::collections::BTreeSet;

use lakewright_access::document::{Document, PrincipalEntry, Statement};
use lakewright_access::pattern;
use lakewright_access::request::{Principal, account_of, partition_of};
use lakewright_access::sample::{FILL, STRANGERS, named_principals};
use lakewright_access::world::{Resource, Role};
use lakewright_template::arn::ArnParts;

use super::answers::Worlds;
use super::elements::{self, Element, all, differing};
use super::requests::Whom;

/// The largest number of roles that are asked about one element for everybody or for a whole account.
const MOST_ROLES: usize = 500;

/// A principal to ask about an element, with the pattern of the resources.
#[derive(Debug)]
pub(super) struct Question {
    pub(super) whom: Whom,
    pub(super) element: Element,
    pub(super) resource: String,
}

/// What has to be asked, and what could not be.
#[derive(Debug, Default)]
pub(super) struct Questions {
    pub(super) all: Vec<Question>,
    /// Roles whose attached policies differ, and no template contains them: the role, the policies that are attached
    /// only before the change, and those only after it.
    pub(super) attached: Vec<(String, Vec<String>, Vec<String>)>,
    pub(super) notes: Vec<String>,
}

/// Everything that the differences between the documents of both sides may decide differently.
pub(super) fn questions(worlds: &Worlds<'_>) -> Questions {
    let mut questions = Questions::default();
    let [before, after] = worlds.stated;
    let roles: BTreeSet<&String> = before.roles().keys().chain(after.roles().keys()).collect();
    for arn in roles {
        of_role(worlds, arn, &mut questions);
    }
    let resources: BTreeSet<&String> =
        before.resources().keys().chain(after.resources().keys()).collect();
    for arn in resources {
        of_resource(worlds, arn, &mut questions);
    }
    questions
}

fn of_role(worlds: &Worlds<'_>, arn: &str, questions: &mut Questions) {
    let roles = worlds.stated.map(|world| world.roles().get(arn));
    let boundaries = [0, 1].map(|side| {
        let boundary = roles[side].and_then(|role: &Role| role.boundary.as_ref())?;
        Some((boundary, worlds.stated[side].managed().get(boundary)))
    });
    if roles[0] == roles[1] && boundaries[0] == boundaries[1] {
        return;
    }
    let whom = Whom { principal: Principal::role(arn), shown: arn.to_owned() };
    let identity = roles.map(|role| {
        let documents = role.map(|role| role.identity.as_slice()).unwrap_or_default();
        documents.iter().map(AsRef::as_ref).collect::<Vec<&Document>>()
    });
    let mut elements = differing(identity[0].iter().copied(), identity[1].iter().copied());
    let facts = roles.map(|role| role.map(|role| &role.tags));
    let is_other = roles[0].is_some() && roles[1].is_some() && facts[0] != facts[1];
    // A boundary and tags take part in everything that the role may do.
    if boundaries[0] != boundaries[1] || is_other {
        elements.extend(all(identity.iter().flatten().copied()));
        elements.extend(naming(worlds, &whom.principal));
    }
    questions.all.extend(elements.into_iter().map(|element| Question {
        whom: whom.clone(),
        resource: element.resource.clone().unwrap_or_else(|| "*".to_owned()),
        element,
    }));
    let trust = roles.map(|role| role.map(|role| &role.trust));
    for element in differing(trust[0].into_iter(), trust[1].into_iter()) {
        of_element(worlds, &element, arn, None, questions);
    }
    let attached = roles.map(|role| {
        let policies = role.map(|role| role.foreign_policies.as_slice()).unwrap_or_default();
        policies.iter().cloned().collect::<BTreeSet<String>>()
    });
    if attached[0] != attached[1] {
        let only = |one: usize, other: usize| {
            attached[one].difference(&attached[other]).cloned().collect::<Vec<_>>()
        };
        questions.attached.push((arn.to_owned(), only(0, 1), only(1, 0)));
    }
}

/// The elements of resource policies that name a principal, or depend on its tags.
fn naming(worlds: &Worlds<'_>, principal: &Principal) -> Vec<Element> {
    let names = |statement: &Statement| {
        let entries = statement.principals.iter().flat_map(|principals| &principals.entries);
        let is_named = entries
            .into_iter()
            .any(|entry| matches!(entry, PrincipalEntry::Arn(arn) if arn == principal.name()));
        is_named || statement.conditions.iter().any(|one| one.key.starts_with("aws:principaltag/"))
    };
    let mut found = Vec::new();
    for world in worlds.both() {
        for policy in world.resources().values().filter_map(|resource| resource.policy.as_ref()) {
            let statements = policy.statements.iter().filter(|statement| names(statement));
            let statements: Vec<Statement> = statements.cloned().collect();
            if !statements.is_empty() {
                let policy = Document { statements, ..policy.clone() };
                found.extend(elements::all(std::iter::once(&policy)));
            }
        }
    }
    found
}

fn of_resource(worlds: &Worlds<'_>, arn: &str, questions: &mut Questions) {
    let resources = worlds.stated.map(|world| world.resources().get(arn));
    let policies = resources.map(|one| one.and_then(|one: &Resource| one.policy.as_ref()));
    let facts = resources.map(|one| one.map(|one| (&one.tags, &one.account)));
    let is_other = resources[0].is_some() && resources[1].is_some() && facts[0] != facts[1];
    if policies[0] == policies[1] && !is_other {
        return;
    }
    let mut elements = differing(policies[0].into_iter(), policies[1].into_iter());
    if is_other {
        elements.extend(all(policies.iter().copied().flatten()));
        for role in reaching(worlds, arn) {
            elements.extend(all(role.identity.iter().map(AsRef::as_ref)).into_iter().filter(
                |element| element.resource.as_ref().is_none_or(|pattern| is_about(pattern, arn)),
            ));
        }
    }
    let account = resources.iter().flatten().next().map(|one| one.account.as_str());
    for element in elements {
        of_element(worlds, &element, arn, account, questions);
    }
}

/// Adds the questions about an element of a resource's policy or of a trust policy, by its principals.
fn of_element(
    worlds: &Worlds<'_>,
    element: &Element,
    own: &str,
    account: Option<&str>,
    questions: &mut Questions,
) {
    let resource = match &element.resource {
        // In a trust policy and in a key policy, `*` is the resource itself.
        Some(pattern) if pattern != "*" => pattern.clone(),
        _ if own.starts_with("arn:") && own.contains(":s3:::") => format!("{own}*"),
        _ => own.to_owned(),
    };
    let mut asked = BTreeSet::new();
    for whom in principals(worlds, &element.statement, own, account, questions) {
        if asked.insert(whom.clone()) {
            let (element, resource) = (element.clone(), resource.clone());
            questions.all.push(Question { whom, element, resource });
        }
    }
}

fn principals(
    worlds: &Worlds<'_>,
    statement: &Statement,
    own: &str,
    account: Option<&str>,
    questions: &mut Questions,
) -> Vec<Whom> {
    let partition = partition_of(own).unwrap_or("aws");
    let Some(principals) = &statement.principals else {
        // An element of a role's own policy: see `of_resource`.
        return reaching(worlds, own).into_iter().map(|role| named(&role.arn)).collect();
    };
    let mut found = Vec::new();
    let mut everybody = principals.is_not;
    for entry in &principals.entries {
        match entry {
            PrincipalEntry::Everyone => everybody = true,
            PrincipalEntry::Account(account) => {
                let roles = roles_of(worlds, account);
                note(&roles, own, questions);
                found.extend(roles.into_iter().take(MOST_ROLES).map(|role| named(&role.arn)));
                found.push(anybody_of(partition, account));
            }
            PrincipalEntry::Arn(arn) => found.push(named(arn)),
            PrincipalEntry::Service(name) => found.push(other(Principal::Service(name.clone()))),
            PrincipalEntry::Federated(name) => {
                found.push(other(Principal::Federated(name.clone())));
            }
            PrincipalEntry::CanonicalUser(name) => {
                found.push(other(Principal::CanonicalUser(name.clone())));
            }
        }
    }
    if everybody {
        found.push(other(Principal::Anonymous));
        let stranger = String::from(ArnParts::iam(partition, STRANGERS, &format!("role/{FILL}")));
        found.push(Whom { principal: Principal::role(stranger), shown: "*".to_owned() });
        let named_in_policies = worlds.both().flat_map(|world| {
            let policy = world.resources().get(own).and_then(|one| one.policy.as_ref());
            let policy = policy.or_else(|| world.roles().get(own).map(|role| &role.trust));
            policy.into_iter().flat_map(|policy| &policy.statements)
        });
        let entries = named_in_policies
            .filter_map(|statement| statement.principals.as_ref())
            .flat_map(|principals| &principals.entries);
        for entry in entries {
            match entry {
                PrincipalEntry::Arn(arn) => found.push(named(arn)),
                PrincipalEntry::Service(name) => {
                    found.push(other(Principal::Service(name.clone())));
                }
                PrincipalEntry::Account(of) if Some(of.as_str()) != account => {
                    found.push(anybody_of(partition, of));
                }
                _ => {}
            }
        }
        let roles = reaching(worlds, own);
        note(&roles, own, questions);
        found.extend(roles.into_iter().take(MOST_ROLES).map(|role| named(&role.arn)));
    }
    for role in named_principals(&statement.conditions).unwrap_or_default() {
        found.push(Whom { shown: role.name().to_owned(), principal: role });
    }
    found
}

fn note(roles: &[&Role], own: &str, questions: &mut Questions) {
    if roles.len() > MOST_ROLES {
        questions.notes.push(format!(
            "a changed statement about {own} is for {} roles; {MOST_ROLES} of them were asked about",
            roles.len()
        ));
    }
}

fn named(arn: &str) -> Whom {
    let principal = if arn.contains(":user/") {
        Principal::User(arn.to_owned())
    } else if let Some((role, session)) = session(arn) {
        Principal::role(role).in_session(&session)
    } else {
        Principal::role(arn)
    };
    Whom { principal, shown: arn.to_owned() }
}

/// The role and the session's name of `arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION`.
fn session(arn: &str) -> Option<(String, String)> {
    let (stem, rest) = arn.split_once(":assumed-role/")?;
    let (role, session) = rest.split_once('/')?;
    Some((format!("{}:role/{role}", stem.replacen(":sts:", ":iam:", 1)), session.to_owned()))
}

fn other(principal: Principal) -> Whom {
    Whom { shown: principal.name().to_owned(), principal }
}

/// A role of an account that no template makes, for all principals of the account.
fn anybody_of(partition: &str, account: &str) -> Whom {
    let role = String::from(ArnParts::iam(partition, account, &format!("role/{FILL}")));
    let shown = String::from(ArnParts::iam(partition, account, "root"));
    Whom { principal: Principal::role(role), shown }
}

/// The roles of both sides in an account.
fn roles_of<'w>(worlds: &Worlds<'w>, account: &str) -> Vec<&'w Role> {
    let roles = worlds.both().flat_map(|world| world.roles().values());
    let mut roles: Vec<&Role> = roles.filter(|role| role.account == account).collect();
    roles.sort_by(|one, other| one.arn.cmp(&other.arn));
    roles.dedup_by(|one, other| one.arn == other.arn);
    roles
}

/// The roles of both sides whose own policies name a resource or something in it.
fn reaching<'w>(worlds: &Worlds<'w>, arn: &str) -> Vec<&'w Role> {
    let reaches = |role: &&Role| {
        let statements = role.identity.iter().flat_map(|document| &document.statements);
        statements.filter(|statement| statement.is_allow).any(|statement| {
            statement.not_resources
                || statement.resources.iter().any(|pattern| is_about(pattern, arn))
        })
    };
    let roles = worlds.both().flat_map(|world| world.roles().values());
    let mut roles: Vec<&Role> = roles.filter(reaches).collect();
    roles.sort_by(|one, other| one.arn.cmp(&other.arn));
    roles.dedup_by(|one, other| one.arn == other.arn);
    roles
}

/// Whether a pattern may name a resource or something in it.
fn is_about(pattern: &str, arn: &str) -> bool {
    let literal = &pattern[..pattern.find(['*', '?', '$']).unwrap_or(pattern.len())];
    pattern::matches(pattern, arn)
        || arn.starts_with(literal)
        || literal.strip_prefix(arn).is_some_and(|rest| rest.starts_with('/'))
        || account_of(arn).is_none() && pattern == "*"
}
