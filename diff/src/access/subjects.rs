//! Whom and what each changed policy is about.

use std::collections::{BTreeMap, BTreeSet};

use lakewright_access::document::{Condition, Document, PrincipalEntry, Statement};
use lakewright_access::pattern;
use lakewright_access::request::{Principal, account_of, partition_of};
use lakewright_access::sample::{FILL, STRANGERS, named_principals};
use lakewright_access::world::{Resource, Role, World};
use lakewright_template::arn::ArnParts;

use super::answers::Worlds;
use super::elements::{Element, all, differing};
use super::exposure;
use super::naming::Naming;
use super::requests::Whom;
use super::tags::NamedTags;

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
    /// Principals with a policy of which a part is known only at deployment, each with the reason.
    pub(super) partial: Vec<(String, String)>,
    pub(super) notes: Vec<String>,
}

/// Everything that the differences between the documents of both sides may decide differently.
pub(super) fn questions(worlds: &Worlds<'_>) -> Questions {
    let mut questions = Questions::default();
    let [before, after] = worlds.stated;
    let is_other = before.organization() != after.organization();
    let is_limited = is_other || before.session() != after.session();
    let roles: BTreeSet<&String> = before.roles().keys().chain(after.roles().keys()).collect();
    let points = points_of(worlds);
    let tags = NamedTags::of(worlds);
    let mut naming = None;
    for arn in roles {
        let from = questions.all.len();
        of_role(worlds, arn, (is_limited, &tags), &mut naming, &mut questions);
        let through = through_points(&points, &questions.all[from..]);
        questions.all.extend(through);
    }
    let resources: BTreeSet<&String> = worlds.both().flat_map(resources_of).collect();
    for arn in resources {
        let own_points = arn.split_once(":s3:::").and_then(|(_, bucket)| points.get(bucket));
        of_resource(worlds, arn, (is_other, &tags), own_points, &mut questions);
    }
    questions
}

fn of_role<'w>(
    worlds: &Worlds<'w>,
    arn: &str,
    (is_limited, tags): (bool, &NamedTags),
    naming: &mut Option<Naming<'w>>,
    questions: &mut Questions,
) {
    let roles = worlds.stated.map(|world| world.roles().get(arn));
    let boundaries = [0, 1].map(|side| {
        let boundary = roles[side].and_then(|role: &Role| role.boundary.as_ref())?;
        Some((boundary, worlds.stated[side].managed().get(boundary)))
    });
    if roles[0] == roles[1] && boundaries[0] == boundaries[1] && !is_limited {
        return;
    }
    let whom = Whom { principal: Principal::role(arn), shown: arn.to_owned() };
    let identity = roles.map(|role| {
        let documents = role.map(|role| role.identity.as_slice()).unwrap_or_default();
        documents.iter().map(AsRef::as_ref).collect::<Vec<&Document>>()
    });
    let mut elements = differing(identity[0].iter().copied(), identity[1].iter().copied());
    let own_tags = roles.map(|role| role.map(|role| &role.tags));
    let is_made = roles[0].is_some() != roles[1].is_some();
    let is_other = !is_made && tags.differ(own_tags[0], own_tags[1]);
    // A boundary, tags and policies of the organization take part in everything that the role may do.
    if boundaries[0] != boundaries[1] || is_other || is_limited {
        elements.extend(all(identity.iter().flatten().copied()));
        let documents =
            boundaries.map(|one| one.and_then(|(_, boundary)| boundary).map(|one| &**one));
        let denying = differing(documents[0].into_iter(), documents[1].into_iter()).into_iter();
        elements.extend(denying.filter(|element| !element.statement.is_allow));
    }
    if boundaries[0] != boundaries[1] || is_other || is_limited || is_made {
        let naming = naming.get_or_insert_with(|| Naming::of(worlds));
        questions.all.extend(naming.elements(arn).into_iter().map(|(own, element)| Question {
            whom: whom.clone(),
            resource: resource_of(&element, own),
            element,
        }));
    }
    let partial = identity.each_ref().map(|documents| {
        let partial = documents.iter().filter(|document| document.is_partial);
        partial.map(|document| document.origin.to_string()).collect::<BTreeSet<String>>()
    });
    if let Some(origin) = partial[1].difference(&partial[0]).next() {
        questions.partial.push((arn.to_owned(), origin.clone()));
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

/// The same questions about the access points of buckets, for the denials of a role's own policies: they count behind an
/// access point as well. Statements that allow show on the bucket already.
fn through_points(
    points: &BTreeMap<&str, BTreeSet<&str>>,
    questions: &[Question],
) -> Vec<Question> {
    let mut found = Vec::new();
    let denying = questions.iter().filter(|question| {
        let statement = &question.element.statement;
        !statement.is_allow && statement.principals.is_none() && question.resource != "*"
    });
    for question in denying {
        let partition = partition_of(&question.resource).unwrap_or("aws");
        for (bucket, own) in points {
            if !is_about(&question.resource, &format!("arn:{partition}:s3:::{bucket}")) {
                continue;
            }
            found.extend(own.iter().map(|point| Question {
                whom: question.whom.clone(),
                element: question.element.clone(),
                resource: format!("{point}*"),
            }));
        }
    }
    found
}

/// The resources, and the keys with aliases, which may be in no template.
fn resources_of(world: &World) -> impl Iterator<Item = &String> {
    world.resources().keys().chain(world.aliases_of().keys())
}

/// Adds the questions about a resource. `points` has the access points of a bucket.
fn of_resource(
    worlds: &Worlds<'_>,
    arn: &str,
    (is_restricted, tags): (bool, &NamedTags),
    points: Option<&BTreeSet<&str>>,
    questions: &mut Questions,
) {
    let resources = worlds.stated.map(|world| world.resources().get(arn));
    let policies = resources.map(|one| one.and_then(|one: &Resource| one.policy.as_ref()));
    let own_tags = resources.map(|one| one.map(|one| &one.tags));
    let accounts = resources.map(|one| one.map(|one| &one.account));
    let is_tagged = tags.differ(own_tags[0], own_tags[1]);
    let links = worlds.stated.map(|world| {
        let aliases = world.aliases_of().get(arn).into_iter().flatten();
        (aliases.collect::<BTreeSet<&String>>(), world.access_points().get(arn))
    });
    let is_on_both = resources[0].is_some() == resources[1].is_some();
    let blocks = worlds.stated.map(|world| exposure::restricts(world, arn));
    let is_moved = accounts[0] != accounts[1] || links[0] != links[1] || blocks[0] != blocks[1];
    let is_other = is_on_both && (is_tagged || is_moved || is_restricted);
    if policies[0] == policies[1] && !is_other {
        return;
    }
    let mut elements = differing(policies[0].into_iter(), policies[1].into_iter());
    let mut behind = Vec::new();
    if is_other {
        elements.extend(all(policies.iter().copied().flatten()));
        elements.extend(own_elements(worlds, arn, |pattern| is_about(pattern, arn)));
        for point in points.into_iter().flatten() {
            let is_of_either = |pattern: &str| is_about(pattern, point) || is_about(pattern, arn);
            let own = own_elements(worlds, point, is_of_either);
            behind.extend(own.into_iter().map(|one| (*point, Element { resource: None, ..one })));
        }
    }
    let account = resources.iter().flatten().next().map(|one| one.account.as_str());
    for (point, element) in &behind {
        of_element(worlds, element, point, account, questions);
    }
    for element in elements {
        of_element(worlds, &element, arn, account, questions);
        if element.statement.principals.is_some() {
            // A bucket's policy decides on requests through its access points as well.
            let through = Element { resource: None, ..element };
            for point in points.into_iter().flatten() {
                of_element(worlds, &through, point, account, questions);
            }
        }
    }
}

/// The elements of the own policies of the roles that reach a resource, as far as their patterns are wanted.
fn own_elements(worlds: &Worlds<'_>, arn: &str, is_wanted: impl Fn(&str) -> bool) -> Vec<Element> {
    let roles = reaching(worlds, arn).into_iter();
    let elements = roles.flat_map(|role| all(role.identity.iter().map(AsRef::as_ref)));
    elements.filter(|one| one.resource.as_ref().is_none_or(|pattern| is_wanted(pattern))).collect()
}

/// The ARNs of the access points of both sides, by the name of their bucket.
fn points_of<'w>(worlds: &Worlds<'w>) -> BTreeMap<&'w str, BTreeSet<&'w str>> {
    let mut points: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (arn, point) in worlds.both().flat_map(World::access_points) {
        points.entry(&point.bucket).or_default().insert(arn);
    }
    points
}

/// The pattern of the resources that an element of the policy of `own` is about.
fn resource_of(element: &Element, own: &str) -> String {
    // All requests about the resource: a bucket and its objects, an access point and the objects behind it.
    let whole = if own.contains(":s3:") { format!("{own}*") } else { own.to_owned() };
    match &element.resource {
        // In a trust policy and in a key policy, `*` is the resource itself.
        Some(pattern) if pattern.starts_with(own) => pattern.clone(),
        Some(pattern) if pattern != "*" && !pattern::matches(pattern, own) => pattern.clone(),
        _ => whole,
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
    let resource = resource_of(element, own);
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
        let service = Principal::Service(format!("{FILL}.amazonaws.com"));
        found.push(Whom { principal: service, shown: "*".to_owned() });
        let stranger = String::from(ArnParts::iam(partition, STRANGERS, &format!("role/{FILL}")));
        found.push(Whom { principal: Principal::role(stranger), shown: "*".to_owned() });
        let owners = together(worlds, own);
        let named_in_policies = worlds.both().flat_map(|world| {
            let policies = owners.iter().filter_map(|own| {
                let policy = world.resources().get(own).and_then(|one| one.policy.as_ref());
                policy.or_else(|| world.roles().get(own).map(|role| &role.trust))
            });
            policies.flat_map(|policy| &policy.statements).collect::<Vec<_>>()
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
        for own in &owners {
            let roles = reaching(worlds, own);
            note(&roles, own, questions);
            found.extend(roles.into_iter().take(MOST_ROLES).map(|role| named(&role.arn)));
        }
    }
    found.extend(by_conditions(worlds, &statement.conditions, own, questions));
    found
}

/// The principals that only the conditions of a statement name.
fn by_conditions(
    worlds: &Worlds<'_>,
    conditions: &[Condition],
    own: &str,
    questions: &mut Questions,
) -> Vec<Whom> {
    let partition = partition_of(own).unwrap_or("aws");
    let mut found = Vec::new();
    let mut roles: Vec<&Role> = Vec::new();
    for condition in conditions {
        let is_text = |value: &&str| !value.contains(['*', '?', '$']);
        let values = condition.values.iter().map(String::as_str);
        match condition.key.as_str() {
            "aws:principalaccount" => {
                for account in values.filter(is_text) {
                    roles.extend(roles_of(worlds, account));
                    found.push(anybody_of(partition, account));
                }
            }
            "aws:principalarn" => {
                for value in values {
                    roles.extend(roles_where(worlds, |role| pattern::matches(value, &role.arn)));
                    if value.starts_with("arn:") && is_text(&value) {
                        found.push(named(value));
                    }
                }
            }
            "aws:principalservicename" => {
                let names = values.filter(is_text);
                found.extend(names.map(|name| other(Principal::Service(name.to_owned()))));
            }
            key if key.starts_with("aws:principaltag/") => {
                roles.extend(roles_where(worlds, |role| !role.tags.is_empty()));
            }
            _ => {}
        }
    }
    note(&roles, own, questions);
    found.extend(roles.into_iter().take(MOST_ROLES).map(|role| named(&role.arn)));
    for role in named_principals(conditions).unwrap_or_default() {
        found.push(Whom { shown: role.name().replace(FILL, "*"), principal: role });
    }
    found
}

/// A resource, and the bucket behind it or the access points before it: the policies of both decide a request.
fn together(worlds: &Worlds<'_>, own: &str) -> BTreeSet<String> {
    let mut all = BTreeSet::from([own.to_owned()]);
    let partition = partition_of(own).unwrap_or("aws");
    for world in worlds.both() {
        for (arn, point) in world.access_points() {
            let bucket = String::from(ArnParts::s3(partition, &point.bucket));
            if arn == own {
                all.insert(bucket);
            } else if bucket == own {
                all.insert(arn.clone());
            }
        }
    }
    all
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
pub(super) fn session(arn: &str) -> Option<(String, String)> {
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

/// The roles of both sides that are wanted, sorted.
fn roles_where<'w>(worlds: &Worlds<'w>, is_wanted: impl Fn(&Role) -> bool) -> Vec<&'w Role> {
    let roles = worlds.both().flat_map(|world| world.roles().values());
    let mut roles: Vec<&Role> = roles.filter(|role| is_wanted(role)).collect();
    roles.sort_by(|one, other| one.arn.cmp(&other.arn));
    roles.dedup_by(|one, other| one.arn == other.arn);
    roles
}

/// The roles of both sides in an account.
fn roles_of<'w>(worlds: &Worlds<'w>, account: &str) -> Vec<&'w Role> {
    roles_where(worlds, |role| role.account == account)
}

/// The roles of both sides whose own policies name a resource or something in it.
fn reaching<'w>(worlds: &Worlds<'w>, arn: &str) -> Vec<&'w Role> {
    roles_where(worlds, |role| {
        let statements = role.identity.iter().flat_map(|document| &document.statements);
        statements.filter(|statement| statement.is_allow).any(|statement| {
            statement.not_resources
                || statement.resources.iter().any(|pattern| is_about(pattern, arn))
        })
    })
}

/// Whether a pattern may name a resource or something in it.
fn is_about(pattern: &str, arn: &str) -> bool {
    let literal = &pattern[..pattern.find(['*', '?', '$']).unwrap_or(pattern.len())];
    pattern::matches(pattern, arn)
        || arn.starts_with(literal)
        || literal.strip_prefix(arn).is_some_and(|rest| rest.starts_with('/'))
        || account_of(arn).is_none() && pattern == "*"
}
