//! Whether, and how, a statement of a resource policy names a principal.
//!
//! Source: "AWS JSON policy elements: Principal" and "NotPrincipal" in the IAM user guide.

use lakewright_template::resolve::UNKNOWN;

use crate::document::{PrincipalEntry, Statement};
use crate::pattern::may_match;
use crate::request::{Principal, Truth, is_session_of};

/// How a statement of a resource policy names the principal of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Named {
    /// The whole account: the grant is delegated to the account's identity policies.
    Account,
    /// The role, within its boundary and session policy.
    Role,
    /// The user or service itself, or everybody: a permissions boundary does not limit the grant.
    Directly,
    /// The session itself: no boundary limits the grant, and within the account no session policy.
    Session,
}

/// Whether, and how, a statement names a principal. Statements of identity policies name none and apply to their owner.
pub(super) fn named(statement: &Statement, principal: &Principal) -> (Option<Named>, Truth) {
    let Some(principals) = &statement.principals else { return (None, Truth::Yes) };
    if principals.is_not {
        // `NotPrincipal` must list the principal itself: listing its account does not exempt it.
        let is_listed = principals
            .entries
            .iter()
            .any(|entry| names(entry, principal).is_some_and(|named| named != Named::Account));
        let may_be_listed = || {
            may_be_session(statement, principal)
                || may_name(statement, principal).is_some_and(|way| way != Named::Account)
        };
        // A deny for all but a role may still apply to the role if its account is not listed as well. Source: "AWS JSON
        // policy elements: NotPrincipal" in the IAM user guide.
        let has_account = || {
            let own = principal.account().map(str::to_owned).map(PrincipalEntry::Account);
            own.is_none_or(|own| principals.entries.contains(&own))
        };
        let is_doubtful = is_listed && !statement.is_allow && !has_account();
        let is_outside = if is_doubtful || !is_listed && may_be_listed() {
            Truth::Unknown
        } else {
            (!is_listed).into()
        };
        return (Some(Named::Directly), is_outside);
    }
    let best = principals.entries.iter().filter_map(|entry| names(entry, principal)).max();
    match best {
        None if may_be_session(statement, principal) => (Some(Named::Session), Truth::Unknown),
        // The principal that the statement names is known only at deployment.
        None => match may_name(statement, principal) {
            Some(way) => (Some(way), Truth::Unknown),
            None => (None, Truth::No),
        },
        Some(best) => (Some(best), Truth::Yes),
    }
}

/// The strongest way in which a statement may name a principal through a value that is known only at deployment.
pub(super) fn may_name(statement: &Statement, principal: &Principal) -> Option<Named> {
    let open = |text: &str, name: &str, way: Named| {
        (text.contains(UNKNOWN) && may_match(text, name) == Truth::Unknown).then_some(way)
    };
    let entries = statement.principals.iter().flat_map(|principals| &principals.entries);
    let ways = entries.filter_map(|entry| match (entry, principal) {
        // An unknown principal may be everybody.
        (PrincipalEntry::Arn(text), _) if text == UNKNOWN => Some(Named::Directly),
        (PrincipalEntry::Account(text), principal) => {
            open(text, principal.account()?, Named::Account)
        }
        (PrincipalEntry::Arn(text), Principal::Role { arn, .. }) => open(text, arn, Named::Role),
        (PrincipalEntry::Arn(text), Principal::User(name))
        | (PrincipalEntry::Service(text), Principal::Service(name))
        | (PrincipalEntry::Federated(text), Principal::Federated(name))
        | (PrincipalEntry::CanonicalUser(text), Principal::CanonicalUser(name)) => {
            open(text, name, Named::Directly)
        }
        _ => None,
    });
    ways.max()
}

/// Whether a statement names a session of the requesting role, while the requester's session is unknown.
pub(super) fn may_be_session(statement: &Statement, principal: &Principal) -> bool {
    let Principal::Role { arn: role, session: None } = principal else { return false };
    let entries = statement.principals.iter().flat_map(|principals| &principals.entries);
    entries
        .into_iter()
        .any(|entry| matches!(entry, PrincipalEntry::Arn(named) if is_session_of(named, role)))
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
                (Some(named) == session.as_ref()).then_some(Named::Session)
            }
        }
        (PrincipalEntry::Arn(named), Principal::User(arn)) => {
            (named == arn).then_some(Named::Directly)
        }
        (PrincipalEntry::Service(named), Principal::Service(service)) => {
            (named == service).then_some(Named::Directly)
        }
        (PrincipalEntry::Federated(named), Principal::Federated(provider)) => {
            (named == provider).then_some(Named::Directly)
        }
        (PrincipalEntry::CanonicalUser(named), Principal::CanonicalUser(user)) => {
            (named == user).then_some(Named::Directly)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::document::{Document, Origin};

    fn statement(element: &str, principal: &serde_json::Value) -> Statement {
        let document = json!({"Statement": {"Effect": "Allow", "Action": "*", element: principal}});
        let (document, malformed) = Document::read(&(&document).into(), &Origin::default());
        assert!(malformed.is_empty(), "{malformed:?}");
        document.statements.into_iter().next().expect("a statement")
    }

    #[test]
    fn whom_an_unknown_part_may_name_is_unknown() {
        let role = Principal::role("arn:aws:iam::111122223333:role/r");
        let provider = Principal::Federated("arn:aws:iam::111122223333:saml-provider/p".to_owned());
        let service = Principal::Service("glue.amazonaws.com".to_owned());
        for (principal, entry, expected) in [
            (&role, json!(UNKNOWN), Some(Named::Directly)),
            (&role, json!({"AWS": UNKNOWN}), Some(Named::Directly)),
            (&role, json!({"AWS": format!("arn:aws:iam::{UNKNOWN}:root")}), Some(Named::Account)),
            (&role, json!({"AWS": format!("arn:aws:iam::{UNKNOWN}:role/r")}), Some(Named::Role)),
            (&role, json!({"AWS": format!("arn:aws:iam::{UNKNOWN}:role/s")}), None),
            (&role, json!({"Service": UNKNOWN}), None),
            (
                &service,
                json!({"Service": format!("{UNKNOWN}.amazonaws.com")}),
                Some(Named::Directly),
            ),
            (
                &provider,
                json!({"Federated": format!("arn:aws:iam::{UNKNOWN}:saml-provider/p")}),
                Some(Named::Directly),
            ),
            (&provider, json!({"AWS": format!("arn:aws:iam::{UNKNOWN}:root")}), None),
        ] {
            let unknown = if expected.is_some() { Truth::Unknown } else { Truth::No };
            assert_eq!(
                named(&statement("Principal", &entry), principal),
                (expected, unknown),
                "{entry}"
            );
            // An account that is listed exempts none of its roles.
            let exempts = expected.is_some_and(|way| way != Named::Account);
            let outside = if exempts { Truth::Unknown } else { Truth::Yes };
            let (_, is_outside) = named(&statement("NotPrincipal", &entry), principal);
            assert_eq!(is_outside, outside, "not {entry}");
        }
    }

    #[test]
    fn what_is_unknown_beside_an_account_may_name_the_role() {
        let role = Principal::role("arn:aws:iam::111122223333:role/r");
        let both =
            json!({"AWS": ["111122223333", format!("arn:aws:iam::111122223333:role/{UNKNOWN}")]});
        let statement = statement("Principal", &both);
        assert_eq!(named(&statement, &role), (Some(Named::Account), Truth::Yes));
        assert_eq!(may_name(&statement, &role), Some(Named::Role));
    }
}
