//! Public access blocks that are lifted or set. The model of access takes none into account, because they only restrict
//! access.

use lakewright_access::world::World;
use lakewright_template::{Map, Value};

use super::answers::Worlds;
use super::{AccessChange, Answer, Reach, Relation, Witness};
use crate::change::{ChangeKind, ResourceChange, StackChange};

/// The property, and its four settings.
///
/// Source: "PublicAccessBlockConfiguration" of `AWS::S3::Bucket` and of `AWS::S3::AccessPoint` in the CloudFormation
/// template reference.
const PROPERTY: &str = "/PublicAccessBlockConfiguration";
const SETTINGS: [&str; 4] =
    ["BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"];

/// What everybody may gain or lose.
pub(super) fn changes(worlds: &Worlds<'_>, stacks: &[StackChange]) -> Vec<AccessChange> {
    let mut found = Vec::new();
    for stack in stacks {
        for resource in stack.resources.iter().filter(|one| one.kind == ChangeKind::Changed) {
            let (lifted, set) = settings(resource);
            if lifted.is_empty() && set.is_empty() {
                continue;
            }
            let id = resource.logical_id.as_str();
            let arn =
                arn_of(worlds, &stack.stack, id).unwrap_or_else(|| format!("{} {id}", stack.stack));
            let gained: Vec<Reach> = reach(&arn, &lifted, true).into_iter().collect();
            let lost: Vec<Reach> = reach(&arn, &set, false).into_iter().collect();
            if let Some(relation) = Relation::of(!gained.is_empty(), !lost.is_empty(), false) {
                let principal = "*".to_owned();
                found.push(AccessChange { principal, relation, gained, lost, unknown: Vec::new() });
            }
        }
    }
    found
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

fn arn_of(worlds: &Worlds<'_>, stack: &str, id: &str) -> Option<String> {
    let of = |world: &World| {
        let mut resources = world.resources().values();
        let found =
            resources.find(|one| &*one.origin.stack == stack && one.origin.logical_id == id)?;
        Some(found.arn.clone())
    };
    worlds.both().collect::<Vec<_>>().into_iter().rev().find_map(of)
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
