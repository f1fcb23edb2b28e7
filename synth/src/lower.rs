//! From grants to policies: the policy that each statement goes into, and the resources that hold the policies.
//!
//! Within one account, one of the two policies is enough. Data access is granted in the
//! resource's policy, so that a role's size does not depend on how much it can reach.
//! Across accounts both policies must allow; this stack writes those that belong to it.

mod delegate;

use std::collections::{BTreeMap, BTreeSet};

use lakewright_policies::document::{DocumentError, Effect};
use lakewright_policies::merge::{Tagged, merge};
use lakewright_policies::pack::{DISTINCTION, Group, Packed, pack};
use lakewright_policies::size::document_characters;
use lakewright_policies::{IdentityPolicy, Principal, ResourcePolicy, Statement};
use lakewright_template::limits::{Limit, MANAGED_POLICY_CHARACTERS, quota};
use lakewright_template::resolve::{Branch, Resolved, Resolver};
use lakewright_template::write::value_to_compact_json;
use lakewright_template::{ConstructId, LogicalId, Map, Text, Value};

use crate::stack::{PendingPolicy, PendingStatement, RoleTag};
use crate::{Cause, Causes, Options, Problem, Record, Scope, Stack};

/// The percentage of its limit at which a bucket or key policy takes its shorter form. It is below 100 so that
/// the grant that causes the change still fits without it.
pub const NEAR_PERCENT: usize = 90;

/// A policy of a stack that is being built.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct PolicySlot {
    /// The mark of the stack, which tells the policies of one stack from those of another.
    pub(crate) stack: u64,
    /// The policy's number in the stack.
    pub(crate) number: usize,
}

/// The owner of a policy, which determines the form in which the policy is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PolicyOwner {
    /// An access point: written into its property.
    AccessPoint {
        /// The access point's logical id.
        access_point: LogicalId,
    },
    /// A bucket: written as `AWS::S3::BucketPolicy`.
    Bucket {
        /// The bucket's name.
        bucket: Value,
        /// The name, on the command line, of what the bucket is part of.
        name: String,
        /// The pattern of the ARNs of the access points that requesters receive.
        access_points: Option<String>,
    },
    /// A key: written into the key's property.
    Key {
        /// The key's logical id.
        key: LogicalId,
        /// The name, on the command line, of what the key is part of.
        name: String,
        /// The ARN of its alias.
        alias: String,
    },
    /// A queue: written as `AWS::SQS::QueuePolicy`.
    Queue {
        /// The queue's URL.
        queue: Value,
    },
    /// A role whose statements fit into one inline policy: written as `AWS::IAM::RolePolicy`.
    RoleInline {
        /// The role's name.
        role: Value,
        /// The policy's name.
        name: String,
    },
    /// A role with many statements: written as `AWS::IAM::ManagedPolicy`, as many as needed.
    RoleManaged {
        /// The role's name.
        role: Value,
        /// The prefix of the policies' names; a number follows.
        name: String,
        /// How many of the role's managed policies this owner may use.
        policies: usize,
        /// Which statements stay in one policy.
        together: Together,
    },
    /// A topic: written as `AWS::SNS::TopicPolicy`.
    Topic {
        /// The topic's ARN.
        topic: Value,
    },
}

/// Which statements stay together in one of a role's managed policies, as far as it can hold them, so that
/// statements that are added or removed together change one policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Together {
    /// Statements with the same name, after all statements were merged: for statements that do not depend on
    /// which resources the role reaches.
    Name,
    /// Statements about the same target, such as a dataset: for statements that depend on which resources the role
    /// reaches. They merge only within a policy, so that no statement affects which policy another one is in.
    Target,
}

/// Places each grant's statement and writes each policy.
pub(crate) fn lower(stack: &mut Stack) {
    place_grants(stack);
    let waits = std::mem::take(&mut stack.waits);
    for (number, policy) in std::mem::take(&mut stack.policies).into_iter().enumerate() {
        let causes = policy.causes.clone();
        let path = policy.path.as_str().to_owned();
        match write(stack, policy) {
            Ok(written) => {
                let slot = PolicySlot { stack: stack.mark, number };
                for (_, waiting) in waits.iter().filter(|(awaited, _)| *awaited == slot) {
                    stack.wait_for(waiting, &written);
                }
            }
            Err(WriteError::Document(error)) => {
                stack.problem(Problem::Document { path, error }, causes.iter().copied());
            }
            Err(WriteError::Problem(problem, causes)) => stack.problem(problem, causes),
        }
    }
}

fn place_grants(stack: &mut Stack) {
    let mut records = Vec::with_capacity(stack.ledger.len() + stack.records.len());
    for (grant, causes) in std::mem::take(&mut stack.ledger) {
        let is_same_account = grant.grantee.account == grant.target.account;
        let (own, identity) = (grant.target.policy, grant.grantee.identity);
        // The number of another stack's policy would be that of any policy here.
        if [own, identity].into_iter().flatten().any(|slot| slot.stack != stack.mark) {
            let problem = Problem::ForeignHandle {
                access: grant.access,
                target: grant.target.name,
                grantee: grant.grantee.name,
            };
            stack.problem(problem, causes.iter().copied());
            continue;
        }
        let sides = match (own, identity) {
            (Some(own), _) if is_same_account => [Some(own), None],
            (None, Some(identity)) => [None, Some(identity)],
            (own @ Some(_), identity) => [own, identity],
            (None, None) => {
                let problem = Problem::Unplaceable {
                    access: grant.access,
                    target: grant.target.name.clone(),
                    grantee: grant.grantee.name.clone(),
                };
                stack.problem(problem, causes.iter().copied());
                continue;
            }
        };
        if let Some(value) = &grant.grantee.tag {
            let (account, value) = (grant.grantee.account.clone(), value.clone());
            stack.role_tags.insert(grant.grantee.arn.clone(), RoleTag { account, value });
        }
        let target = Text::from(grant.target.name.clone());
        let (record, statements) = grant.lower(sides.map(|side| side.is_some()));
        for (side, statement) in sides.into_iter().zip(statements) {
            if let (Some(slot), Some(statement)) = (side, statement) {
                let (target, causes) = (Some(target.clone()), causes.clone());
                stack.policies[slot.number].statements.push(PendingStatement {
                    statement,
                    target,
                    causes,
                });
            }
        }
        records.push((record, causes));
    }
    records.append(&mut stack.records);
    stack.records = records;
}

/// Records the intended denials of a policy, so that `prove` verifies them.
fn record_denials(stack: &mut Stack, owner: &PolicyOwner, statements: &[Tagged<Cause>]) {
    let place = stack.spec().place.clone();
    let resolver = Resolver::new(&stack.template, &place, Branch::Then);
    let text = |value: &Value| match resolver.resolve(value) {
        Ok(Some(Resolved::Text(text))) => Some(text.into_owned()),
        _ => None,
    };
    let own_role = match owner {
        PolicyOwner::RoleInline { role, .. } | PolicyOwner::RoleManaged { role, .. } => text(role),
        _ => None,
    };
    let mut records = Vec::new();
    let denying = |tagged: &&Tagged<Cause>| tagged.statement.effect == Effect::Deny;
    for Tagged { statement, causes, .. } in statements.iter().filter(denying) {
        let (principal, principal_arn) = match &own_role {
            Some(name) => (format!("role/{}/{name}", place.account), place.role_arn(name)),
            None if statement.principals.contains(&Principal::Anyone) => {
                ("anyone".to_owned(), "*".to_owned())
            }
            None => continue,
        };
        let record = Record {
            principal,
            principal_arn,
            access: "deny",
            resource: format!("stack/{}", stack.spec().name),
            actions: statement.actions.iter().cloned().collect(),
            resources: statement.resources.iter().filter_map(text).collect(),
            conditions: statement.conditions.lines(text),
        };
        records.push((record, causes.clone()));
    }
    stack.records.extend(records);
}

enum WriteError {
    Document(DocumentError),
    Problem(Problem, BTreeSet<Cause>),
}

impl From<DocumentError> for WriteError {
    fn from(error: DocumentError) -> Self {
        Self::Document(error)
    }
}

/// Writes a policy; returns the resources that hold it.
fn write(stack: &mut Stack, policy: PendingPolicy) -> Result<Vec<LogicalId>, WriteError> {
    let PendingPolicy { owner, path, statements, causes } = policy;
    if statements.is_empty() {
        return Ok(Vec::new());
    }
    if let PolicyOwner::RoleManaged { role, name, policies, together } = &owner {
        let denying = statements.iter().filter(|of| of.statement.effect == Effect::Deny);
        let denying = merge(denying.map(PendingStatement::tagged).collect());
        record_denials(stack, &owner, &denying);
        let all_causes = statements
            .iter()
            .flat_map(|pending| &*pending.causes)
            .chain(&*causes)
            .copied()
            .collect();
        let packed = pack(groups(statements, *together), MANAGED_POLICY_CHARACTERS, *policies)
            .map_err(|error| {
                let problem = Problem::Packing { path: path.to_string(), error };
                WriteError::Problem(problem, all_causes)
            })?;
        let mut scope = Scope::root_at(stack, path, causes);
        return managed_policies(&mut scope, packed, role, name);
    }
    let merged = merge(statements.into_iter().map(PendingStatement::into_tagged).collect());
    record_denials(stack, &owner, &merged);
    let all_causes = |merged: &[Tagged<Cause>]| -> BTreeSet<Cause> {
        merged.iter().flat_map(|tagged| &*tagged.causes).chain(&*causes).copied().collect()
    };
    let mut scope = Scope::root_at(stack, path.clone(), causes.clone());
    let mut merged = with_distinct_names(merged);
    let size = |merged: &[Tagged<Cause>]| {
        document_characters(merged.iter().map(|tagged| &tagged.statement))
    };
    let (what, quota) = limit_of(&owner);
    let limit = quota.value;
    if size(&merged) > limit / 100 * NEAR_PERCENT {
        let records = scope.stack().records.len();
        match delegate::shorter(scope.stack(), &owner, &merged).map(with_distinct_names) {
            Some(shorter) if size(&shorter) < size(&merged) => merged = shorter,
            // The delegating form is not shorter, so nothing is delegated.
            Some(_) => scope.stack().records.truncate(records),
            None => {}
        }
    }
    let actual = size(&merged);
    if actual > limit {
        let what = format!("the {what} policy of {path}");
        let problem = Problem::Limit { what, actual, limit, unit: "characters", quota };
        return Err(WriteError::Problem(problem, all_causes(&merged)));
    }
    let (statements, reasons) = parted(merged);
    let document = document_of(&owner, statements)?;
    let document = Map::new().with("PolicyDocument", document);
    let (kind, properties) = match owner {
        PolicyOwner::Bucket { bucket, .. } => {
            ("AWS::S3::BucketPolicy", document.with("Bucket", bucket))
        }
        PolicyOwner::Queue { queue } => {
            ("AWS::SQS::QueuePolicy", document.with("Queues", Value::List(vec![queue])))
        }
        PolicyOwner::Topic { topic } => {
            ("AWS::SNS::TopicPolicy", document.with("Topics", Value::List(vec![topic])))
        }
        PolicyOwner::RoleInline { role, name } | PolicyOwner::RoleManaged { role, name, .. } => {
            ("AWS::IAM::RolePolicy", document.with("PolicyName", name).with("RoleName", role))
        }
        PolicyOwner::Key { key, .. } => {
            return Ok(within(&mut scope, key, "KeyPolicy", document, &reasons));
        }
        PolicyOwner::AccessPoint { access_point } => {
            return Ok(within(&mut scope, access_point, "Policy", document, &reasons));
        }
    };
    let id = scope.child("Policy").declare(kind, properties, Options::default());
    scope.explain(&id, &reasons);
    Ok(vec![id])
}

/// Groups the statements that stay together in one policy.
fn groups(statements: Vec<PendingStatement>, together: Together) -> Vec<Group<Cause>> {
    let mut groups: BTreeMap<Text, Vec<Tagged<Cause>>> = BTreeMap::new();
    match together {
        Together::Name => {
            let tagged = statements.into_iter().map(PendingStatement::into_tagged);
            for tagged in merge(tagged.collect()) {
                groups.entry(tagged.statement.sid.clone()).or_default().push(tagged);
            }
        }
        Together::Target => {
            for pending in statements {
                let name = pending.target.as_ref().unwrap_or(&pending.statement.sid).clone();
                groups.entry(name).or_default().push(pending.into_tagged());
            }
        }
    }
    let groups = groups.into_iter();
    groups.map(|(name, statements)| Group { name: name.to_string(), statements }).collect()
}

/// The kind of policy, for messages, and its limit.
fn limit_of(owner: &PolicyOwner) -> (&'static str, &'static Limit) {
    match owner {
        PolicyOwner::AccessPoint { .. } => ("access point", &quota::ACCESS_POINT_POLICY_BYTES),
        PolicyOwner::Bucket { .. } => ("bucket", &quota::BUCKET_POLICY_BYTES),
        PolicyOwner::Key { .. } => ("key", &quota::KEY_POLICY_BYTES),
        PolicyOwner::Queue { .. } => ("queue", &quota::QUEUE_POLICY_BYTES),
        PolicyOwner::RoleInline { .. } => ("inline", &quota::INLINE_POLICY_CHARACTERS),
        PolicyOwner::RoleManaged { .. } => ("managed", &quota::MANAGED_POLICY_CHARACTERS),
        PolicyOwner::Topic { .. } => ("topic", &quota::TOPIC_POLICY_BYTES),
    }
}

fn document_of(owner: &PolicyOwner, statements: Vec<Statement>) -> Result<Value, DocumentError> {
    Ok(match owner {
        PolicyOwner::RoleInline { .. } | PolicyOwner::RoleManaged { .. } => {
            IdentityPolicy::new(statements)?.into_value()
        }
        PolicyOwner::AccessPoint { .. }
        | PolicyOwner::Bucket { .. }
        | PolicyOwner::Key { .. }
        | PolicyOwner::Queue { .. }
        | PolicyOwner::Topic { .. } => ResourcePolicy::new(statements)?.into_value(),
    })
}

/// The name of each statement of a policy, and its causes.
type Reasons = Vec<(Text, Causes)>;

/// Separates the statements from their causes.
fn parted(statements: Vec<Tagged<Cause>>) -> (Vec<Statement>, Reasons) {
    let parts = statements.into_iter().map(|Tagged { statement, causes, .. }| {
        let sid = statement.sid.clone();
        (statement, (sid, causes))
    });
    parts.unzip()
}

/// Writes a policy into a property of the resource that it belongs to.
fn within(
    scope: &mut Scope<'_>,
    owner: LogicalId,
    property: &'static str,
    mut document: Map,
    reasons: &Reasons,
) -> Vec<LogicalId> {
    scope.set_property(&owner, property, document.remove("PolicyDocument"));
    scope.explain(&owner, reasons);
    vec![owner]
}

/// Declares the managed policies that statements have been packed into.
fn managed_policies(
    scope: &mut Scope<'_>,
    packed: Vec<Packed<Cause>>,
    role: &Value,
    name: &str,
) -> Result<Vec<LogicalId>, WriteError> {
    let mut written = Vec::new();
    for Packed { number, statements } in packed {
        // Names are distinct within each policy, so no other policy can change a name.
        let (statements, reasons) = parted(with_distinct_names(statements));
        let properties = Map::new()
            .with("ManagedPolicyName", format!("{name}-{number}"))
            .with("PolicyDocument", IdentityPolicy::new(statements)?.into_value())
            .with("Roles", Value::List(vec![role.clone()]));
        let child = ConstructId::parse(&format!("Policy{number}"))
            .expect("a word and a number are a construct id");
        let mut child = scope.child_at(&child);
        let id = child.declare("AWS::IAM::ManagedPolicy", properties, Options::default());
        scope.explain(&id, &reasons);
        written.push(id);
    }
    Ok(written)
}

/// Gives merged statements descriptive names and makes names distinct: grants of one kind to several principals
/// have the same name, but names must be unique in a document. A hash of the statement's content is added, so a
/// name does not change when other statements are added or removed.
fn with_distinct_names(mut statements: Vec<Tagged<Cause>>) -> Vec<Tagged<Cause>> {
    for tagged in &mut statements {
        if let Some(name) = tagged.telling_name() {
            tagged.statement.sid = name.into();
        }
    }
    let mut all: Vec<&str> = statements.iter().map(|tagged| &*tagged.statement.sid).collect();
    all.sort_unstable();
    let repeated = all.windows(2).filter(|pair| pair[0] == pair[1]);
    // Most policies have none, so nothing is copied.
    let repeated: BTreeSet<String> = repeated.map(|pair| pair[0].to_owned()).collect();
    let mut names = BTreeSet::new();
    for tagged in &mut statements {
        let statement = &mut tagged.statement;
        if repeated.contains(statement.sid.as_ref()) {
            let said = value_to_compact_json(&statement.clone().into_value());
            let hash = |digits| {
                let hash = lakewright_template::digest::hex_prefix(said.as_bytes(), digits);
                format!("{}{hash}", statement.sid)
            };
            // Among thousands of statements, two can have the same six digits.
            let name = hash(DISTINCTION);
            statement.sid = if names.contains(&name) { hash(32) } else { name }.into();
            names.insert(statement.sid.to_string());
        }
    }
    statements
}

#[cfg(test)]
mod tests;
