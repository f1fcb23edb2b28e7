//! Code in repositories and buckets, and the principals that can change it.

use std::collections::{BTreeMap, BTreeSet};

use lakewright_template::arn::{ArnParts, ArnPattern};

use super::{ON_OBJECT, can_be_about};
use crate::action::Action;
use crate::document::{Document, PrincipalEntry, Statement};
use crate::request::partition_of;
use crate::world::{Role, World, bucket_of};
use crate::{pattern, sample};

/// Code in a repository or a bucket.
#[derive(Debug)]
pub(super) struct Stored<'w> {
    /// The ARN of its location, with wildcards.
    pub(super) pattern: String,
    /// A sample ARN that the pattern matches.
    pub(super) any: String,
    /// Whether the code is an object in a bucket.
    pub(super) is_object: bool,
    /// The account of the resource that runs the code.
    pub(super) account: &'w str,
    /// The policy of the bucket or access point that contains the code.
    pub(super) policy: Option<&'w Document>,
    /// The ARNs of the roles that the code runs with.
    pub(super) roles: BTreeSet<&'w str>,
}

impl<'w> Stored<'w> {
    pub(super) fn new(
        world: &'w World,
        pattern: String,
        account: &'w str,
        roles: BTreeSet<&'w str>,
    ) -> Self {
        let any = pattern::sample(&pattern, sample::FILL);
        let is_object = ArnPattern::of(&pattern).service == Some("s3");
        let policy = policy_of(world, &pattern);
        Self { pattern, any, is_object, account, policy, roles }
    }

    /// Sample ARNs of the code that the statement can cover: one for all of it, and one for each part that the
    /// statement names.
    pub(super) fn samples(&self, statement: &Statement) -> Vec<String> {
        let mut samples = Vec::new();
        if can_be_about(statement, &self.any) {
            samples.push(self.any.clone());
        }
        // Resources with another prefix cannot match the pattern.
        let start = self.pattern.split(['*', '?']).next().unwrap_or_default();
        let narrower = statement.resources.iter().filter(|resource| resource.starts_with(start));
        for resource in narrower.filter(|_| !statement.not_resources) {
            let narrower = pattern::sample(resource, sample::FILL);
            if pattern::matches(&self.pattern, &narrower) && !samples.contains(&narrower) {
                samples.push(narrower);
            }
        }
        samples
    }
}

/// Indexes code by bucket: a large mesh has tens of thousands of locations, and a statement covers few of them.
#[derive(Debug)]
pub(super) struct Shelves {
    buckets: BTreeMap<String, Vec<usize>>,
    /// Code in repositories, behind access points, and in buckets named by a pattern.
    others: Vec<usize>,
}

impl Shelves {
    pub(super) fn of(stored: &[Stored<'_>]) -> Self {
        let (mut buckets, mut others) = (BTreeMap::<String, Vec<usize>>::new(), Vec::new());
        for (place, one) in stored.iter().enumerate() {
            match bucket_of(&one.pattern) {
                Some((bucket, Some(_))) if !bucket.contains(['*', '?']) => {
                    buckets.entry(bucket.to_owned()).or_default().push(place);
                }
                _ => others.push(place),
            }
        }
        Self { buckets, others }
    }

    /// The code that a statement can cover, by the literal prefixes of its resources.
    pub(super) fn about(&self, statement: &Statement) -> BTreeSet<usize> {
        let mut places: BTreeSet<usize> = self.others.iter().copied().collect();
        for resource in &statement.resources {
            let stem = resource.split(['*', '?', '$']).next().unwrap_or_default();
            if let Some((bucket, Some(_))) = bucket_of(stem) {
                places.extend(self.buckets.get(bucket).into_iter().flatten());
            } else {
                // The literal prefix ends within the bucket's name.
                let begin_so = self.buckets.range(stem.to_owned()..);
                let begin_so = begin_so.take_while(|(bucket, _)| bucket.starts_with(stem));
                places.extend(begin_so.flat_map(|(_, places)| places));
            }
        }
        places
    }
}

/// The ARNs through which code is reached: its own, and one for each access point of its bucket.
pub(super) fn ways_to(world: &World, code: &str) -> Vec<String> {
    let mut ways = vec![code.to_owned()];
    if let Some((bucket, Some(key))) = bucket_of(code) {
        // Bucket names contain no colon.
        let name = bucket.rsplit(':').next().unwrap_or_default();
        let points = world.access_points.iter().filter(|(_, point)| point.bucket == name);
        ways.extend(points.map(|(point, _)| format!("{point}/object/{key}")));
    }
    ways
}

/// The locations of templates that CloudFormation deploys, from conditions on `cloudformation:TemplateUrl`, with the
/// account and the deploying roles: those that the same statement names, or else the caller's own role.
pub(super) fn deployed_from(world: &World) -> Vec<(String, &str, BTreeSet<&str>)> {
    let mut found = Vec::new();
    for role in world.roles.values() {
        let allowing = role.identity.iter().flat_map(|document| &document.statements);
        for statement in allowing.filter(|statement| statement.is_allow) {
            let values = |key: &'static str| {
                let limiting = statement.conditions.iter();
                let limiting = limiting.filter(move |one| one.key == key && one.limits());
                limiting.flat_map(|condition| &condition.values)
            };
            let objects: Vec<String> =
                values("cloudformation:templateurl").filter_map(|url| object_of(url)).collect();
            if objects.is_empty() {
                continue;
            }
            let is_named = |other: &&Role| {
                values("cloudformation:rolearn").any(|arn| pattern::matches(arn, &other.arn))
            };
            let named = world.roles.values().filter(is_named);
            let named: BTreeSet<&str> = named.map(|other| other.arn.as_str()).collect();
            let roles = if named.is_empty() { BTreeSet::from([role.arn.as_str()]) } else { named };
            let partition = partition_of(&role.arn).unwrap_or("aws");
            for object in objects {
                let arn = String::from(ArnParts::s3(partition, &object));
                found.push((arn, role.account.as_str(), roles.clone()));
            }
        }
    }
    found
}

/// The bucket and key of an object's URL, in virtual-hosted or path style. `None` if the URL does not name one bucket.
///
/// Source: "Methods for accessing a general purpose bucket" in the S3 user guide.
fn object_of(url: &str) -> Option<String> {
    let rest = url.strip_prefix("https://")?;
    let (host, path) = rest.split_once('/').unwrap_or((rest, "*"));
    let is_by_path = ["s3.", "s3-", "s3*"].iter().any(|start| host.starts_with(start));
    let object = if is_by_path {
        path.to_owned()
    } else {
        let end = [".s3.", ".s3-", ".s3*"].iter().filter_map(|start| host.find(start)).min()?;
        format!("{}/{path}", &host[..end])
    };
    let bucket = object.split('/').next().unwrap_or_default();
    (!bucket.is_empty() && !bucket.chars().all(|one| matches!(one, '*' | '?'))).then_some(object)
}

/// The policy of the bucket or access point that contains the code.
fn policy_of<'w>(world: &'w World, code: &str) -> Option<&'w Document> {
    let owner = match bucket_of(code) {
        Some((bucket, _)) => bucket,
        None => code.split_once("/object/").map_or(code, |(point, _)| point),
    };
    world.resources.get(owner).and_then(|owner| owner.policy.as_ref())
}

/// The code that bucket policies allow other principals to change, by the principal that they name.
pub(super) fn opened<'w>(stored: &[Stored<'w>]) -> BTreeMap<&'w str, Vec<usize>> {
    let put = Action::new(ON_OBJECT);
    let mut opened: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (place, stored) in stored.iter().enumerate().filter(|(_, stored)| stored.is_object) {
        let statements = stored.policy.into_iter().flat_map(|policy| &policy.statements);
        for statement in statements.filter(|one| one.is_allow && one.is_of(put)) {
            let Some(principals) = &statement.principals else { continue };
            let mut names: BTreeSet<&str> = BTreeSet::new();
            for entry in &principals.entries {
                match entry {
                    PrincipalEntry::Arn(name) | PrincipalEntry::Account(name) => {
                        names.insert(name);
                    }
                    PrincipalEntry::Everyone => _ = names.insert("*"),
                    PrincipalEntry::Service(_)
                    | PrincipalEntry::Federated(_)
                    | PrincipalEntry::CanonicalUser(_) => {}
                }
            }
            if principals.is_not {
                names = BTreeSet::from(["*"]);
            }
            for name in names {
                let places = opened.entry(name).or_default();
                if places.last() != Some(&place) {
                    places.push(place);
                }
            }
        }
    }
    opened
}
