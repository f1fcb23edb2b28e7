//! Rules on privilege escalation through combined statements.

use std::collections::{BTreeMap, BTreeSet};

use lakewright_access::action::Action;
use lakewright_access::document::{
    Condition, Document, Origin, PrincipalEntry, Qualifier, Statement,
};
use lakewright_access::escalation::{Escalation, is_for_cloudformation};
use lakewright_access::pattern::matches;
use lakewright_access::request::{account_of, partition_of};
use lakewright_access::world::{Role, World};
use lakewright_policies::actions::ON_STACK;
use lakewright_template::arn::{ArnParts, ArnPattern};

use super::statement::among;
use super::{Breach, Guardrail};

/// Actions that change a role or its managed policies (`ON_ROLE` and `ON_POLICY` of `actions`), or create one. Other rules
/// check passing and assuming roles, which change none.
const GIVES_RIGHTS: [&str; 8] = [
    "iam:AttachRolePolicy",
    "iam:CreatePolicyVersion",
    "iam:CreateRole",
    "iam:DeleteRolePermissionsBoundary",
    "iam:PutRolePermissionsBoundary",
    "iam:PutRolePolicy",
    "iam:SetDefaultPolicyVersion",
    "iam:UpdateAssumeRolePolicy",
];

/// Actions that create a role, a user or a group, or grant it rights. A permissions boundary can limit the result. Unlike
/// `GIVES_RIGHTS`, the list is not about what a role does to itself.
const MAKES_RIGHTS: [&str; 8] = [
    "iam:AttachGroupPolicy",
    "iam:AttachRolePolicy",
    "iam:AttachUserPolicy",
    "iam:CreateRole",
    "iam:CreateUser",
    "iam:PutGroupPolicy",
    "iam:PutRolePolicy",
    "iam:PutUserPolicy",
];

/// Checks the identity policies of a role.
pub(super) fn role(role: &Role, breaches: &mut Vec<Breach>) {
    if role.has_foreign_policies && !role.is_imported() {
        // Finds AWS managed policies that are too broad, by name. The content of other attached policies is unknown.
        for name in &role.foreign_policies {
            broad(name, &role.trust.origin, breaches);
        }
    }
    for document in &role.identity {
        for statement in document.statements.iter().filter(|statement| statement.is_allow) {
            one(role, document, statement, breaches);
        }
    }
}

/// Checks the ARN of an attached policy.
pub(super) fn broad(name: &str, origin: &Origin, breaches: &mut Vec<Breach>) {
    let is_broad = name.contains(":aws:policy/")
        && ["FullAccess", "AdministratorAccess", "PowerUserAccess"]
            .iter()
            .any(|end| name.ends_with(end));
    if is_broad {
        let message =
            format!("got {name}, expected a policy with the actions and resources that are needed");
        breaches.push(Breach::new(Guardrail::BroadManagedPolicy, origin, "", message));
    }
}

fn one(role: &Role, document: &Document, statement: &Statement, breaches: &mut Vec<Breach>) {
    let mut report = |rule: Guardrail, message: String| {
        breaches.push(Breach::new(rule, &document.origin, &statement.sid, message));
    };
    let has = |wanted: &str| statement.conditions.iter().any(|one| requires(one, wanted));
    // Every iam:PassRole request carries the key, so `IfExists` makes no difference.
    let is_for_service = statement
        .conditions
        .iter()
        .any(|condition| condition.key == "iam:passedtoservice" && condition.limits());
    if !among(statement, &["iam:PassRole"]).is_empty()
        && (is_wide(statement, "role/") || !is_for_service)
    {
        let message = "iam:PassRole without a service, or for any role; expected the roles and a condition on iam:PassedToService";
        report(Guardrail::PassAnyRole, message.to_owned());
    }
    // The roles of the CDK's bootstrap deploy as administrators. One exact role name in any account is allowed if an
    // external id is required.
    let has_id = has("sts:externalid");
    let is_beyond = |resource: &String| {
        resource.split_once(":role/").is_some_and(|(start, name)| {
            let is_pattern = name.contains(['*', '?', '$']);
            (start.contains('*') && (is_pattern || !has_id))
                || (name.starts_with("cdk") && name.contains('*'))
        })
    };
    if !among(statement, &["sts:AssumeRole"]).is_empty()
        && (is_wide(statement, "role/") || statement.resources.iter().any(is_beyond))
    {
        let message = "sts:AssumeRole for any role, of any account, or of the CDK's bootstrap; expected the roles";
        report(Guardrail::AssumeAnyRole, message.to_owned());
    }
    let makes = among(statement, &MAKES_RIGHTS);
    // For attach actions, a condition that lists policies is a sufficient limit.
    let attaches = makes.iter().all(|action| action.contains(":Attach"));
    let is_listed = statement.conditions.iter().any(|condition| lists_policies(role, condition));
    let is_bounded = has("iam:permissionsboundary") || attaches && is_listed;
    if !makes.is_empty()
        && has_pattern(statement)
        && !is_bounded
        && !is_denied_unbounded(role, &makes)
    {
        let message = format!(
            "{} on a pattern of roles; expected a condition on iam:PermissionsBoundary",
            makes.join(", ")
        );
        report(Guardrail::IamWithoutBoundary, message);
    }
    if let Some(message) = changes_of_others(role, statement) {
        report(Guardrail::ChangeSetsOnOthers, message);
    }
    if opens_any_profile(statement) {
        let message = "sagemaker:CreatePresignedDomainUrl for any profile opens sessions with other teams' roles; expected the profiles, or a condition on their tags";
        report(Guardrail::PresignedUrl, message.to_owned());
    }
    let own = rights_of_its_own(role, statement);
    if !own.is_empty() && !statement.not_resources {
        let message = format!(
            "{} reaches the role itself; expected a deny, or narrower resources",
            own.join(", ")
        );
        report(Guardrail::PolicyOnOneself, message);
    }
}

/// Whether a statement is about every resource of a kind, such as `role/`.
fn is_wide(statement: &Statement, kind: &str) -> bool {
    statement.not_resources || statement.resources.iter().any(|resource| is_any_of(kind, resource))
}

/// The message about a statement that changes stacks with the roles that these stacks are deployed with.
fn changes_of_others(role: &Role, statement: &Statement) -> Option<String> {
    // A role that creates change sets only with one execution role executes only such change sets.
    let changes: Vec<String> = among(statement, &ON_STACK)
        .into_iter()
        .filter(|action| {
            action != "cloudformation:ExecuteChangeSet" || !makes_own_change_sets(role)
        })
        .collect();
    // A stack's ARN ends in an id that is unknown beforehand.
    let is_open = statement.not_resources
        || statement.resources.iter().filter(|one| !one.contains(":aws:transform/")).any(|stack| {
            stack == "*" || stack.strip_suffix("/*").unwrap_or(stack).contains(['*', '?', '$'])
        });
    let is_held = |one: &Condition| {
        requires(one, "cloudformation:rolearn")
            || one.key.starts_with("aws:resourcetag/") && requires(one, &one.key)
    };
    let is_found = !changes.is_empty() && is_open && !statement.conditions.iter().any(is_held);
    is_found.then(|| {
        format!(
            "{} on a pattern of stacks, which are changed with their own roles; expected a condition on aws:ResourceTag or cloudformation:RoleArn",
            changes.join(", ")
        )
    })
}

/// Whether a statement opens sessions of any profile.
fn opens_any_profile(statement: &Statement) -> bool {
    // A profile's ARN contains its domain and its own name.
    let is_any_profile = |resource: &String| {
        resource.split_once(":user-profile/").is_some_and(|(_, name)| {
            let profile = name.split_once('/').map_or(name, |(_, profile)| profile);
            name.ends_with('*') && profile.chars().all(|one| matches!(one, '*' | '/'))
                || !name.contains('/') && name.contains('*')
        })
    };
    let is_held = |condition: &Condition| {
        condition.key.contains("resourcetag/") && requires(condition, &condition.key)
    };
    !among(statement, &["sagemaker:CreatePresignedDomainUrl"]).is_empty()
        && (is_wide(statement, "user-profile/") || statement.resources.iter().any(is_any_profile))
        && !statement.conditions.iter().any(is_held)
}

/// The actions of a statement that grant rights to the role that has it.
fn rights_of_its_own(role: &Role, statement: &Statement) -> Vec<String> {
    among(statement, &GIVES_RIGHTS)
        .into_iter()
        .filter(|action| {
            let resource = if action.contains("PolicyVersion") {
                role.identity.iter().filter_map(|own| policy_arn(role, own)).collect()
            } else {
                vec![role.arn.clone()]
            };
            let is_about =
                |arn: &String| statement.resources.iter().any(|pattern| matches(pattern, arn));
            resource.iter().any(|arn| is_about(arn) && !is_denied(role, action, arn))
        })
        .collect()
}

/// Whether a condition lists policies, not including AdministratorAccess.
fn lists_policies(role: &Role, condition: &Condition) -> bool {
    let partition = partition_of(&role.arn).unwrap_or("aws");
    let everything = String::from(ArnParts::iam(partition, "aws", "policy/AdministratorAccess"));
    requires(condition, "iam:policyarn")
        && !condition.values.iter().any(|value| matches(value, &everything))
}

/// Whether a role can create change sets, and each only with an execution role that its policies name.
fn makes_own_change_sets(role: &Role) -> bool {
    let documents = role.identity.iter().flat_map(|document| &document.statements);
    let mut making = documents
        .filter(|statement| {
            statement.is_allow && !among(statement, &["cloudformation:CreateChangeSet"]).is_empty()
        })
        .peekable();
    making.peek().is_some()
        && making.all(|statement| {
            statement.conditions.iter().any(|one| requires(one, "cloudformation:rolearn"))
        })
}

/// Whether the condition requires the request to carry this key with a restricted value.
pub(super) fn requires(condition: &Condition, key: &str) -> bool {
    condition.key == key
        && !condition.if_exists
        && condition.qualifier != Some(Qualifier::ForAllValues)
        && condition.limits()
}

/// Whether a pattern matches every resource of a type in some account, whatever its name.
fn is_any_of(kind: &str, pattern: &str) -> bool {
    let ArnPattern { partition, service, region, account, .. } = ArnPattern::of(pattern);
    let partition = literal(partition, "aws");
    let service = literal(service, "service");
    let region = literal(region, "region");
    let account = literal(account, "999999999999");
    ["Zz9/Yy8", "q"].iter().all(|name| {
        let resource = &format!("{kind}{name}");
        let arn = ArnParts { partition, service, region, account, resource };
        matches(pattern, &String::from(arn))
    })
}

/// The part of a pattern if it has no wildcard, otherwise a replacement.
fn literal<'t>(part: Option<&'t str>, otherwise: &'t str) -> &'t str {
    part.filter(|given| !given.contains(['*', '?'])).unwrap_or(otherwise)
}

pub(super) fn has_pattern(statement: &Statement) -> bool {
    let is_pattern = |resource: &String| resource.contains(['*', '?']) || resource.contains("${");
    statement.not_resources || statement.resources.iter().any(is_pattern)
}

/// The ARN of the managed policy that this document of a role comes from.
fn policy_arn(role: &Role, document: &Document) -> Option<String> {
    role.managed.get(&document.origin).cloned()
}

/// Whether the role's policies deny an action on a resource, without conditions.
pub(super) fn is_denied(role: &Role, action: &str, arn: &str) -> bool {
    let action = Action::new(action);
    role.identity.iter().flat_map(|document| &document.statements).any(|statement| {
        !statement.is_allow
            && statement.is_certain
            && statement.conditions.is_empty()
            && statement.is_of(action)
            && is_about(statement, arn)
    })
}

/// Whether the role's policies deny these actions without a permissions boundary.
pub(super) fn is_denied_unbounded(role: &Role, actions: &[String]) -> bool {
    actions.iter().all(|action| {
        let action = Action::new(action);
        role.identity.iter().flat_map(|document| &document.statements).any(|statement| {
            !statement.is_allow
                && statement.is_certain
                && statement.actions.contain(action)
                && statement
                    .conditions
                    .iter()
                    .any(|one| one.key == "iam:permissionsboundary" && one.comparison.is_negated())
        })
    })
}

/// Checks that a principal of the key's own account can change the key's policy, and that no statement denies it.
pub(super) fn key(policy: &Document, account: &str, breaches: &mut Vec<Breach>) {
    let put = Action::new("kms:PutKeyPolicy");
    let about = || policy.statements.iter().filter(|statement| statement.is_of(put));
    let entries = |statement: &'_ Statement| -> Vec<PrincipalEntry> {
        statement.principals.iter().flat_map(|list| list.entries.clone()).collect()
    };
    let is_open = about().any(|statement| {
        let is_own = |entry: &PrincipalEntry| match entry {
            PrincipalEntry::Account(named) => named == account,
            PrincipalEntry::Arn(arn) => account_of(arn) == Some(account),
            PrincipalEntry::Everyone => true,
            PrincipalEntry::Service(_)
            | PrincipalEntry::Federated(_)
            | PrincipalEntry::CanonicalUser(_) => false,
        };
        statement.is_allow
            && statement.conditions.is_empty()
            && entries(statement).iter().any(is_own)
    });
    let is_shut = about().any(|statement| {
        !statement.is_allow
            && statement.conditions.is_empty()
            && statement.principals.as_ref().is_some_and(|list| !list.is_not)
            && entries(statement).contains(&PrincipalEntry::Everyone)
    });
    if !is_open || is_shut {
        let message = "nobody may change the key's policy; expected a statement for the key's account, and no denial for everybody";
        breaches.push(Breach::new(Guardrail::KeyLockout, &policy.origin, "", message.to_owned()));
    }
}

/// Reports roles that can change the code that another role runs. CloudFormation's own role may change stack resources,
/// but not objects in buckets.
pub(super) fn code_of_others(world: &World, breaches: &mut Vec<Breach>) {
    let escalation = Escalation::of(world);
    for role in world.roles().values() {
        let in_place = if is_for_cloudformation(role) {
            Vec::new()
        } else {
            escalation.changes_code_of(&role.arn)
        };
        for step in in_place.into_iter().chain(escalation.writes_code_of(&role.arn)) {
            let message = format!(
                "{} may change {} by {}, which runs with {}; expected resources of its own by name, or a tag that only these have",
                role.arn, step.resource, step.action, step.role
            );
            let origin = &role.trust.origin;
            breaches.push(Breach::new(Guardrail::CodeOfOthers, origin, "", message));
        }
    }
}

/// Reports role-assumption cycles: revoking one member of a cycle revokes nothing.
pub(super) fn assume_back(world: &World, breaches: &mut Vec<Breach>) {
    let next = assumed(world);
    let reached = |from: &str| -> BTreeSet<&str> {
        let mut found = BTreeSet::new();
        let mut queue: Vec<&str> = next.get(from).into_iter().flatten().copied().collect();
        while let Some(role) = queue.pop() {
            if found.insert(role) {
                queue.extend(next.get(role).into_iter().flatten());
            }
        }
        found
    };
    for from in next.keys() {
        let forth = reached(from);
        if !forth.contains(from) {
            continue;
        }
        let circle: Vec<&str> =
            forth.into_iter().filter(|role| reached(role).contains(from)).collect();
        if circle.len() > 1 && circle.first() == Some(from) {
            let message =
                format!("{} may assume each other; expected one direction", circle.join(" and "));
            let Some(role) = world.roles().get(*from) else { continue };
            breaches.push(Breach::new(Guardrail::AssumeBack, &role.trust.origin, "", message));
        }
    }
}

/// The roles that each role can assume: those whose trust policy names it, or names its account if its own policies
/// allow it.
fn assumed(world: &World) -> BTreeMap<&str, BTreeSet<&str>> {
    let assume = Action::new("sts:AssumeRole");
    let mut next: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    // Only few roles have identity policies that allow sts:AssumeRole.
    let assuming: Vec<(&Role, Vec<&Statement>)> = world
        .roles()
        .values()
        .map(|role| {
            let documents = role.identity.iter().flat_map(|document| &document.statements);
            (role, documents.filter(|one| one.is_allow && one.is_of(assume)).collect::<Vec<_>>())
        })
        .filter(|(_, statements)| !statements.is_empty())
        .collect();
    for role in world.roles().values() {
        let trust = role.trust.statements.iter();
        for statement in trust.filter(|one| one.is_allow && one.is_of(assume)) {
            let lists = statement.principals.iter().filter(|list| !list.is_not);
            for entry in lists.flat_map(|list| &list.entries) {
                let is_in = |other: &Role| match entry {
                    PrincipalEntry::Account(account) => *account == other.account,
                    PrincipalEntry::Everyone => true,
                    _ => false,
                };
                let by_own = assuming.iter().filter(|(other, own)| {
                    is_in(other) && own.iter().any(|one| is_about(one, &role.arn))
                });
                let named = match entry {
                    PrincipalEntry::Arn(arn) => world.roles().get(arn),
                    _ => None,
                };
                let all = by_own.map(|(other, _)| *other).chain(named);
                for other in all.filter(|other| lets_in(statement, role, other)) {
                    next.entry(&other.arn).or_default().insert(&role.arn);
                }
            }
        }
    }
    next
}

/// Whether this trust statement admits `other`, given its conditions on `aws:PrincipalArn` and the denies of `other`.
fn lets_in(statement: &Statement, role: &Role, other: &Role) -> bool {
    let mut of_arn = statement.conditions.iter().filter(|one| one.key == "aws:principalarn");
    let is_met = of_arn.all(|one| {
        let matches_one = one.values.iter().any(|value| matches(value, &other.arn));
        // A condition that matches everything admits everybody.
        if one.comparison.is_negated() { !matches_one } else { matches_one || !one.limits() }
    });
    is_met && !is_denied(other, "sts:AssumeRole", &role.arn)
}

pub(super) fn is_about(statement: &Statement, arn: &str) -> bool {
    statement.resources.iter().any(|pattern| matches(pattern, arn)) != statement.not_resources
}

#[cfg(test)]
mod tests {
    use lakewright_policies::actions::{ON_POLICY, ON_ROLE};

    use super::*;

    #[test]
    fn whatever_gives_a_roles_rights_has_a_rule() {
        let others = ["iam:PassRole", "sts:AssumeRole"];
        for action in ON_ROLE.iter().chain(&ON_POLICY).filter(|action| !others.contains(action)) {
            assert!(GIVES_RIGHTS.contains(action), "{action}");
        }
    }
}
