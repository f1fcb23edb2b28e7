//! Public access blocks that are lifted or set. The model of access takes none into account, because they only restrict
//! access.

use lakewright_access::document::{Condition, Document, PrincipalEntry, Statement};
use lakewright_access::pattern;
use lakewright_access::request::{account_of, partition_of};
use lakewright_access::world::{Resource, World};
use lakewright_template::arn::ArnParts;
use lakewright_template::{Map, Value};

use super::answers::Worlds;
use super::{AccessChange, Answer, Deciding, Reach, Relation, Witness};
use crate::change::{ChangeKind, ResourceChange, StackChange};

/// The property, and its four settings.
///
/// Source: "PublicAccessBlockConfiguration" of `AWS::S3::Bucket` and of `AWS::S3::AccessPoint` in the CloudFormation
/// template reference.
const PROPERTY: &str = "/PublicAccessBlockConfiguration";
const SETTINGS: [&str; 4] =
    ["BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"];

/// The setting that blocks access by a public policy, of named accounts as well.
const RESTRICTS: &str = "RestrictPublicBuckets";

/// What everybody, and other accounts, may gain or lose.
pub(super) fn changes(worlds: &Worlds<'_>, stacks: &[StackChange]) -> Vec<AccessChange> {
    let mut found = Vec::new();
    for stack in stacks {
        for resource in stack.resources.iter().filter(|one| one.kind == ChangeKind::Changed) {
            let (lifted, set) = settings(resource);
            if lifted.is_empty() && set.is_empty() {
                continue;
            }
            let id = resource.logical_id.as_str();
            for (settings, is_gained) in [(lifted, true), (set, false)] {
                let side = usize::from(is_gained);
                let made = made(worlds.stated[side], &stack.stack, id);
                if settings.contains(&RESTRICTS)
                    && let Some(policy) = made.and_then(|one| one.policy.as_ref())
                {
                    found.extend(by_policy(policy, made, is_gained));
                }
                let others: Vec<&str> =
                    settings.into_iter().filter(|setting| *setting != RESTRICTS).collect();
                let arn =
                    made.map_or_else(|| format!("{} {id}", stack.stack), |one| one.arn.clone());
                found
                    .extend(reach(&arn, &others, is_gained).map(|one| change("*", one, is_gained)));
            }
        }
    }
    found
}

/// Whether a changed resource has a public access block that differs.
pub(super) fn is_changed(stack: &StackChange) -> bool {
    let mut paths = stack.resources.iter().flat_map(|one| &one.properties).map(|one| &one.path);
    paths.any(|path| path.starts_with(PROPERTY))
}

fn change(principal: &str, reach: Reach, is_gained: bool) -> AccessChange {
    let principal = principal.to_owned();
    let (unknown, one) = (Vec::new(), vec![reach]);
    if is_gained {
        let (relation, lost) = (Relation::Broader, Vec::new());
        AccessChange { principal, relation, gained: one, lost, unknown }
    } else {
        let (relation, gained) = (Relation::Narrower, Vec::new());
        AccessChange { principal, relation, gained, lost: one, unknown }
    }
}

/// The resource that a stack makes.
fn made<'w>(world: &'w World, stack: &str, id: &str) -> Option<&'w Resource> {
    let mut resources = world.resources().values();
    resources.find(|one| &*one.origin.stack == stack && one.origin.logical_id == id)
}

/// What a public policy gives to everybody and to other accounts. Without a public statement, `RestrictPublicBuckets`
/// blocks nothing.
///
/// Source: "PublicAccessBlockConfiguration" in the Amazon S3 API reference: it blocks public and cross-account access
/// within any public bucket policy, including delegation to specific accounts.
fn by_policy(policy: &Document, made: Option<&Resource>, is_gained: bool) -> Vec<AccessChange> {
    let own = made.map(|one| one.account.as_str()).unwrap_or_default();
    let partition = made.and_then(|one| partition_of(&one.arn)).unwrap_or("aws");
    let is_public = |statement: &&Statement| {
        statement.is_allow
            && !statement.conditions.iter().any(Condition::limits)
            && whom(statement, own, partition).iter().any(|name| name == "*")
    };
    if !policy.statements.iter().any(|statement| is_public(&statement)) {
        return Vec::new();
    }
    let mut found = Vec::new();
    for statement in policy.statements.iter().filter(|statement| statement.is_allow) {
        for principal in whom(statement, own, partition) {
            for resource in &statement.resources {
                let names = statement.actions.names().iter().map(|action| action.name().to_owned());
                let patterns = statement.actions.patterns().iter().cloned();
                let actions: Vec<String> = names.chain(patterns).collect();
                let action = actions.first().cloned().unwrap_or_default();
                let with = (Answer::Denied, Answer::Depends);
                let one = Reach {
                    actions,
                    resource: resource.clone(),
                    conditions: statement.conditions.iter().map(ToString::to_string).collect(),
                    witness: Witness {
                        action,
                        resource: pattern::sample(resource, "any"),
                        context: Vec::new(),
                    },
                    decisions: if is_gained { with } else { (with.1, with.0) },
                    statements: vec![Deciding {
                        is_after: is_gained,
                        origin: policy.origin.clone(),
                        sid: statement.sid.clone(),
                        is_allow: true,
                    }],
                    because: Vec::new(),
                    reason: if is_gained {
                        "RestrictPublicBuckets no longer blocks what the public policy allows"
                    } else {
                        "RestrictPublicBuckets blocks what the public policy allows"
                    }
                    .to_owned(),
                };
                found.push(change(&principal, one, is_gained));
            }
        }
    }
    found
}

/// Everybody, and the principals of other accounts that a statement names.
fn whom(statement: &Statement, own: &str, partition: &str) -> Vec<String> {
    let entries = statement.principals.iter().filter(|principals| !principals.is_not);
    let name = |entry: &PrincipalEntry| match entry {
        PrincipalEntry::Everyone => Some("*".to_owned()),
        PrincipalEntry::Account(account) if account != own => {
            Some(ArnParts::iam(partition, account, "root").into())
        }
        PrincipalEntry::Arn(arn) if account_of(arn) != Some(own) => Some(arn.clone()),
        _ => None,
    };
    entries.flat_map(|principals| &principals.entries).filter_map(name).collect()
}

/// The settings that are switched off, and those that are switched on.
fn settings(resource: &ResourceChange) -> (Vec<&'static str>, Vec<&'static str>) {
    let (mut lifted, mut set) = (Vec::new(), Vec::new());
    for change in &resource.properties {
        let Some(rest) = change.path.strip_prefix(PROPERTY) else { continue };
        for setting in SETTINGS {
            let (before, after) = if rest.is_empty() {
                let of = |value: &Option<Value>| {
                    value
                        .as_ref()
                        .and_then(Value::as_map)
                        .and_then(|map: &Map| map.get(setting))
                        .map(is_on)
                };
                (of(&change.before), of(&change.after))
            } else if rest.strip_prefix('/') == Some(setting) {
                (change.before.as_ref().map(is_on), change.after.as_ref().map(is_on))
            } else {
                continue;
            };
            match (before.unwrap_or(false), after.unwrap_or(false)) {
                (true, false) => lifted.push(setting),
                (false, true) => set.push(setting),
                _ => {}
            }
        }
    }
    (lifted, set)
}

fn is_on(value: &Value) -> bool {
    match value {
        Value::Bool(is_on) => *is_on,
        Value::Text(text) => text.eq_ignore_ascii_case("true"),
        _ => false,
    }
}

fn reach(arn: &str, settings: &[&str], is_gained: bool) -> Option<Reach> {
    let list = settings.join(", ");
    let reason = match (settings.is_empty(), is_gained) {
        (true, _) => return None,
        (false, true) => format!(
            "{list} no longer blocks public access, so an access control list or a policy can open it"
        ),
        (false, false) => format!("{list} blocks public access"),
    };
    let resource = if arn.starts_with("arn:") { format!("{arn}/*") } else { arn.to_owned() };
    let answers = (Answer::Denied, Answer::Depends);
    Some(Reach {
        actions: vec!["s3:GetObject".to_owned()],
        resource: resource.clone(),
        conditions: Vec::new(),
        witness: Witness { action: "s3:GetObject".to_owned(), resource, context: Vec::new() },
        decisions: if is_gained { answers } else { (answers.1, answers.0) },
        statements: Vec::new(),
        because: Vec::new(),
        reason,
    })
}
