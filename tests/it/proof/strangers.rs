//! Changes that allow principals other than the mesh's roles, accounts and services: identity providers, canonical users,
//! an organization, one session of a role, and principals of another partition.
//!
//! Sources: "AWS JSON policy elements: Principal", "AWS global condition context keys" and "Identify AWS resources with
//! Amazon Resource Names (ARNs)" in the IAM user guide.

use lakewright_access::action::Action;
use lakewright_access::document::{Actions, Condition, PrincipalEntry, Principals, Statement};

const OIDC: &str = "arn:aws:iam::999999999999:oidc-provider/idp.example.com";
const SAML: &str = "arn:aws:iam::999999999999:saml-provider/idp";
/// The format of a canonical user id: 64 hexadecimal digits.
const CANONICAL: &str = "79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be";

/// The replacement of an `Allow` statement; `None` if no such change applies. The number selects the kind of change: each
/// statement gets one, and neighbours get different ones.
pub(super) fn mutant(statement: &Statement, number: usize) -> Option<(String, Vec<Statement>)> {
    if !statement.is_allow {
        return None;
    }
    match &statement.principals {
        None => of_identity(statement, number),
        Some(principals) if principals.is_not => None,
        Some(_) => of_resource(statement, number),
    }
}

/// A condition on the principal's organization.
fn organization(number: usize) -> Condition {
    let values = |value: &str| vec![value.to_owned()];
    if number.is_multiple_of(2) {
        Condition::new("StringEquals", "aws:PrincipalOrgID", values("o-other12345"))
    } else {
        let path = values("o-other12345/r-ab12/*");
        Condition::new("ForAnyValue:StringLike", "aws:PrincipalOrgPaths", path)
    }
}

/// For a role's policy: any role of an organization can be assumed, or a resource is in another partition.
fn of_identity(statement: &Statement, number: usize) -> Option<(String, Vec<Statement>)> {
    if number % 3 == 2 {
        let mut other = statement.clone();
        let place = other.resources.iter().position(|one| one.starts_with("arn:aws:"))?;
        other.resources[place] = other.resources[place].replacen("arn:aws:", "arn:aws-cn:", 1);
        return Some((format!("{} in China", statement.resources[place]), vec![other]));
    }
    let beside = Statement {
        actions: Actions::new(vec![Action::new("sts:AssumeRole")], Vec::new()),
        not_actions: false,
        resources: vec!["arn:aws:iam::*:role/*".to_owned()],
        not_resources: false,
        conditions: vec![organization(number)],
        ..statement.clone()
    };
    Some(("beside all roles, in an organization".to_owned(), vec![statement.clone(), beside]))
}

/// For a resource policy or a trust policy: another principal is allowed in addition, or the principal is replaced.
fn of_resource(statement: &Statement, number: usize) -> Option<(String, Vec<Statement>)> {
    let beside = |what: &str, entry: PrincipalEntry, condition: Option<Condition>| {
        let mut other = statement.clone();
        other.principals = Some(Principals { entries: vec![entry], is_not: false });
        other.conditions.extend(condition);
        Some((format!("beside {what}"), vec![statement.clone(), other]))
    };
    let replaced = |what: &str, change: &dyn Fn(&str) -> Option<String>| {
        let mut other = statement.clone();
        for entry in other.principals.iter_mut().flat_map(|principals| &mut principals.entries) {
            if let PrincipalEntry::Arn(arn) = entry
                && let Some(changed) = change(arn)
            {
                *arn = changed;
            }
        }
        (other != *statement).then(|| (what.to_owned(), vec![other]))
    };
    match number % 7 {
        0 => beside("an OIDC provider", PrincipalEntry::Federated(OIDC.to_owned()), None),
        1 => beside("a SAML provider", PrincipalEntry::Federated(SAML.to_owned()), None),
        2 => {
            let user = PrincipalEntry::CanonicalUser(CANONICAL.to_owned());
            beside("a canonical user", user, None)
        }
        3 | 4 => {
            beside("an organization", PrincipalEntry::Everyone, Some(organization(number % 7 - 3)))
        }
        5 => replaced("for one session", &|arn| session(arn, "alice")),
        _ => replaced("in China", &|arn| {
            arn.strip_prefix("arn:aws:").map(|rest| format!("arn:aws-cn:{rest}"))
        }),
    }
}

/// The ARN of a session of a role. Source: "IAM identifiers" in the IAM user guide:
/// `arn:aws:sts::account-id:assumed-role/role-name/role-session-name`, without the role's path.
pub(super) fn session(role: &str, name: &str) -> Option<String> {
    let (stem, path) = role.split_once(":role/")?;
    let role = path.rsplit('/').next().unwrap_or(path);
    Some(format!("{}:assumed-role/{role}/{name}", stem.replacen(":iam:", ":sts:", 1)))
}
