//! Buckets: their policies, and what blocks public access.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::join;
use serde_json::{Value, json};

use super::document::canonical;
use super::look;
use super::sides::{At, Sides};
use super::stated::{Stated, StatedStack, as_stated};
use super::{Asked, Deployed};
use crate::at_once::by_place;
use crate::cloud::{Cloud, Site};

const POLICY: &str = "PolicyDocument";
const PUBLIC: &str = "PublicAccessBlockConfiguration";

/// Compares the buckets of all stacks.
pub(super) async fn compare(
    cloud: &impl Cloud,
    stacks: &[StatedStack<'_>],
    sides: &mut Sides,
    asked: &mut BTreeSet<Asked>,
) {
    let policies = policies(stacks);
    let mut buckets: Vec<(At<'_>, &Site, &Stated, &str)> = Vec::new();
    for stack in stacks {
        let Deployed { address, site, .. } = stack.deployed;
        for (id, bucket) in stack.of_kind("AWS::S3::Bucket") {
            let at = At { stack: address, id };
            match bucket.text("BucketName") {
                Some(name) => buckets.push((at, site, bucket, name)),
                None => sides.not_stated(at, "BucketName"),
            }
        }
    }
    let looking = buckets.iter().map(|(at, site, _, name)| {
        let policy = look::bucket_policy(cloud, site, name);
        (&at.stack.place, join(policy, look::public_access(cloud, site, name)))
    });
    let found = by_place(looking).await;
    for ((at, _, bucket, name), (policy, block)) in buckets.into_iter().zip(found) {
        match policy {
            Ok(None) => {
                sides.remove(at);
                continue;
            }
            Ok(Some(found)) => {
                let found = canonical(&as_stated(stacks, &found), &at.stack.place);
                match policies.get(name) {
                    Some((at, policy)) => {
                        asked.insert((at.stack.clone(), at.id.to_owned(), POLICY));
                        put(*at, policy, found, sides);
                    }
                    None if found.is_null() => {}
                    None => {
                        let properties = json!({ "Bucket": name, "PolicyDocument": found });
                        sides.add(at.stack, name, "AWS::S3::BucketPolicy", properties);
                        sides.by_hand.push(format!(
                            "bucket {name} got a policy: `aws s3api delete-bucket-policy --bucket {name}` removes it"
                        ));
                    }
                }
            }
            Err(error) => sides.note(at, "the policy", &error),
        }
        if bucket.unknown.contains(PUBLIC) {
            sides.not_stated(at, PUBLIC);
            continue;
        }
        match block {
            Ok(found) => {
                asked.insert((at.stack.clone(), at.id.to_owned(), PUBLIC));
                let stated = stated_block(bucket);
                if stated != found {
                    sides.set(at, PUBLIC, stated, found);
                }
            }
            Err(error) => sides.note(at, "what blocks public access", &error),
        }
    }
}

/// The policies that templates give to buckets, by the bucket's name.
fn policies<'s>(stacks: &'s [StatedStack<'_>]) -> BTreeMap<&'s str, (At<'s>, &'s Stated)> {
    let mut found = BTreeMap::new();
    for stack in stacks {
        let policies = stack.resources.iter();
        for (id, one) in policies.filter(|(_, one)| one.kind == "AWS::S3::BucketPolicy") {
            if let Some(bucket) = one.text("Bucket") {
                found.insert(bucket, (At { stack: &stack.deployed.address, id }, one));
            }
        }
    }
    found
}

/// Puts in the policy that was found in the place of a template's.
fn put(at: At<'_>, policy: &Stated, found: Value, sides: &mut Sides) {
    match policy.properties.get(POLICY) {
        _ if found.is_null() => sides.remove(at),
        Some(stated) => {
            let stated = canonical(stated, &at.stack.place);
            sides.set_document(at, POLICY, stated, found);
        }
        None => sides.not_stated(at, POLICY),
    }
}

/// The four settings of a template. One that it does not state is off.
///
/// Source: `PublicAccessBlockConfiguration` in the CloudFormation template reference.
fn stated_block(bucket: &Stated) -> Value {
    let block = bucket.properties.get(PUBLIC).cloned().unwrap_or_default();
    let is_on = |name: &str| block[name] == true || block[name] == "true";
    json!({
        "BlockPublicAcls": is_on("BlockPublicAcls"),
        "BlockPublicPolicy": is_on("BlockPublicPolicy"),
        "IgnorePublicAcls": is_on("IgnorePublicAcls"),
        "RestrictPublicBuckets": is_on("RestrictPublicBuckets"),
    })
}
