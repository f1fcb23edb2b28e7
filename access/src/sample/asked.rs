//! The actions that a statement covers, and the roles that its conditions name.

use std::borrow::Cow;

use lakewright_policies::catalogue;

use super::FILL;
use crate::action::Action;
use crate::document::{Comparison, Condition, Qualifier, Statement};
use crate::pattern;
use crate::request::Principal;

/// The condition key that limits an account to certain roles.
const PRINCIPAL: &str = "aws:principalarn";

/// The actions of a statement. A pattern is expanded to every catalogue action that it matches, and
/// to a made-up one for actions that AWS may add.
pub fn actions_of(statement: &Statement) -> Vec<Action> {
    if !statement.not_actions {
        let mut actions = statement.actions.names().to_vec();
        for pattern in statement.actions.patterns() {
            actions.extend(expand_action(pattern));
        }
        actions.sort_unstable();
        actions.dedup();
        return actions;
    }
    let all = catalogue::services().flat_map(|service| {
        let new = Action::new(&format!("{service}:{NEW}"));
        std::iter::once(new).chain(Action::all_of(service).iter().copied())
    });
    all.filter(|action| !statement.actions.contain(*action)).collect()
}

/// The name of the made-up action.
const NEW: &str = "Zzsample";

/// An action's name for people and programs. The made-up action stands for all further ones that a pattern covers, so it
/// has a `*`, as in `s3:getobject*`.
pub fn shown(action: Action) -> Cow<'static, str> {
    let name = action.name();
    if name.contains(NEW) { name.replace(NEW, "*").into() } else { name.into() }
}

fn expand_action(pattern: &str) -> Vec<Action> {
    let (service, _) = pattern.split_once(':').unwrap_or(("*", ""));
    let services: Vec<&str> = if service.contains(['*', '?']) {
        catalogue::services().filter(|prefix| pattern::matches(service, prefix)).collect()
    } else {
        vec![service]
    };
    let known = services.into_iter().flat_map(Action::all_of).copied();
    let known = known.filter(|action| pattern::matches(pattern, action.lower()));
    std::iter::once(Action::new(&pattern::sample(pattern, NEW))).chain(known).collect()
}

/// The roles that conditions on `aws:PrincipalArn` name.
pub fn named_principals(conditions: &[Condition]) -> Option<Vec<Principal>> {
    // A condition that holds without the key, or for any value, names no roles.
    let limits = |condition: &&Condition| {
        condition.key == "aws:principalarn"
            && condition.limits()
            && !condition.if_exists
            && condition.qualifier != Some(Qualifier::ForAllValues)
    };
    let exactly = conditions.iter().find(|condition| names_exactly(condition));
    let named = exactly.or_else(|| conditions.iter().find(limits))?;
    let roles = named.values.iter().map(|arn| Principal::role(pattern::sample(arn, FILL)));
    Some(roles.collect())
}

/// Whether a condition lists principals without wildcards.
pub fn names_exactly(condition: &Condition) -> bool {
    let is_exact = matches!(
        condition.comparison,
        Comparison::Arn { not: false }
            | Comparison::StringEquals { not: false, ignore_case: false }
            | Comparison::StringLike { not: false }
    );
    condition.key == PRINCIPAL
        && is_exact
        && !condition.if_exists
        && condition.qualifier.is_none()
        && !condition.values.iter().any(|value| value.contains(['*', '?', '$']))
}
