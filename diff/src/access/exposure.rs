//! Public access blocks. The model of access takes none into account, because they only restrict access.

use lakewright_access::document::Document;
use lakewright_access::request::{Principal, Request, Truth, partition_of};
use lakewright_access::world::{Resource, World, bucket_of};
use lakewright_template::arn::ArnParts;
use lakewright_template::{Map, Value};

use super::answers::Worlds;
use super::{AccessChange, Answer, Reach, Relation, Witness};
use crate::change::{ChangeKind, ResourceChange, StackChange};
use crate::update::{Fate, Update};

/// The property, and its four settings.
///
/// Source: "PublicAccessBlockConfiguration" of `AWS::S3::Bucket` and of `AWS::S3::AccessPoint` in the CloudFormation
/// template reference.
const PROPERTY: &str = "/PublicAccessBlockConfiguration";
const SETTINGS: [&str; 4] =
    ["BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"];

/// The setting that blocks access by a public policy. Its effect is a part of each answer: see [`blocks`].
const RESTRICTS: &str = "RestrictPublicBuckets";

/// Why a request is denied although the policies allow it.
pub(super) const BLOCKED: &str =
    "the policy is public, and RestrictPublicBuckets allows only services and the owner's account";

/// Why it is not known whether a request is allowed.
pub(super) const MAY_BE_BLOCKED: &str =
    "RestrictPublicBuckets is set, and whether S3 considers the policy public is not known";

/// Whether `RestrictPublicBuckets` applies to a bucket or an access point: it is set, and a policy is public. A setting of a
/// bucket applies to its access points.
///
/// Source: "Blocking public access to your Amazon S3 storage" in the Amazon S3 User Guide.
pub(super) fn restricts(world: &World, arn: &str) -> Truth {
    let of = |arn: &str| world.resources().get(arn);
    let is_set = |one: Option<&Resource>| one.is_some_and(|one| one.block.restricts_access);
    let is_public = |one: Option<&Resource>| {
        one.and_then(|one| one.policy.as_ref()).map_or(Truth::No, Document::is_public)
    };
    let Some((point, known)) = world.access_point(arn) else {
        let bucket = bucket_of(arn).and_then(|(bucket, _)| of(bucket));
        return if is_set(bucket) { is_public(bucket) } else { Truth::No };
    };
    let behind = String::from(ArnParts::s3(partition_of(arn).unwrap_or("aws"), &known.bucket));
    let (point, bucket) = (of(point), of(&behind));
    let by_bucket = if is_set(bucket) { is_public(bucket) } else { Truth::No };
    let is_at_point = is_set(bucket) || is_set(point);
    let by_point = if is_at_point { is_public(point) } else { Truth::No };
    by_bucket | by_point
}

/// Whether `RestrictPublicBuckets` blocks a request. With a public policy, only services and the principals of the owner's
/// account have access.
///
/// Source: "PublicAccessBlockConfiguration" in the Amazon S3 API reference: it blocks public and cross-account access
/// within any public bucket policy, including delegation to specific accounts.
pub(super) fn blocks(world: &World, request: &Request<'_>) -> Truth {
    let owner = || {
        let own = match world.access_point(request.resource) {
            Some((point, _)) => point,
            None => bucket_of(request.resource)?.0,
        };
        world.resources().get(own).map(|one| one.account.as_str())
    };
    let is_foreign = match request.principal {
        Principal::Service(_) => Truth::No,
        Principal::Federated(_) | Principal::CanonicalUser(_) => Truth::Unknown,
        Principal::Role { .. } | Principal::User(_) | Principal::Anonymous => {
            owner().is_some_and(|owner| request.principal.account() != Some(owner)).into()
        }
    };
    if is_foreign == Truth::No {
        return Truth::No;
    }
    is_foreign & restricts(world, request.resource)
}

/// Marks the public policies that S3 refuses because of `BlockPublicPolicy`. A policy that does not change is kept.
///
/// Source: "PublicAccessBlockConfiguration" in the Amazon S3 API reference: S3 rejects calls to `PutBucketPolicy` if the
/// policy allows public access; existing policies are not affected.
pub(crate) fn refuse(stacks: &mut [StackChange], after: &World) {
    let mut refused: Vec<(&str, &str)> = Vec::new();
    for resource in after.resources().values() {
        let Some(policy) = &resource.policy else { continue };
        let bucket = after.access_points().get(&resource.arn).and_then(|point| {
            let partition = partition_of(&resource.arn).unwrap_or("aws");
            after.resources().get(&String::from(ArnParts::s3(partition, &point.bucket)))
        });
        let is_blocked = |one: &Resource| one.block.refuses_policies;
        let is_refused = is_blocked(resource) || bucket.is_some_and(is_blocked);
        if is_refused && policy.is_public() == Truth::Yes {
            refused.push((&*policy.origin.stack, policy.origin.logical_id.as_str()));
        }
    }
    for stack in stacks {
        for resource in &mut stack.resources {
            let is_put = match resource.kind {
                ChangeKind::Added => resource.outcome.fate == Fate::Created,
                ChangeKind::Changed => {
                    let mut paths = resource.properties.iter().map(|one| one.path.as_str());
                    paths.any(|path| path.starts_with("/Policy"))
                }
                ChangeKind::Removed => false,
            };
            let place = (stack.stack.as_str(), resource.logical_id.as_str());
            if is_put && resource.outcome.fate != Fate::Moved && refused.contains(&place) {
                resource.outcome.fate = Fate::Updated(Update::Fails);
                resource.outcome.reasons.push(
                    "The policy is public, and `BlockPublicPolicy` is set: S3 refuses the policy, so the update fails."
                        .to_owned(),
                );
            }
        }
    }
}

/// What everybody may gain or lose by the settings that are not about a policy that exists.
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
