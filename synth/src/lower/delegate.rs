//! Shorter forms of the policies of buckets and keys, for policies that are nearly full.
//!
//! A bucket policy delegates to the policies of its access points. A key policy
//! identifies roles by a tag instead of their ARNs. Sources: "Delegating access
//! control to access points" in the S3 user guide, "Controlling access to and for
//! IAM users and roles using tags" in the IAM user guide.

use std::collections::BTreeSet;

use lakewright_policies::Principal;
use lakewright_policies::condition::{Comparison, Condition, Operator};
use lakewright_policies::merge::{Tagged, merge};
use lakewright_template::Value;
use lakewright_template::arn::ArnParts;

use crate::{Cause, PolicyOwner, ROLE_TAG, Record, Stack};

const ACCESS_POINT: &str = "s3:DataAccessPointArn";

/// The statements of a policy in a shorter form; `None` if its owner has no such form.
pub(super) fn shorter(
    stack: &mut Stack,
    owner: &PolicyOwner,
    statements: &[Tagged<Cause>],
) -> Option<Vec<Tagged<Cause>>> {
    match owner {
        PolicyOwner::Bucket { name, access_points: Some(access_points), .. } => {
            to_access_points(stack, statements, access_points, name)
        }
        PolicyOwner::Key { name, alias, .. } => to_tags(stack, statements, name, alias),
        PolicyOwner::AccessPoint { .. }
        | PolicyOwner::Bucket { .. }
        | PolicyOwner::Queue { .. }
        | PolicyOwner::RoleInline { .. }
        | PolicyOwner::RoleManaged { .. }
        | PolicyOwner::Topic { .. } => None,
    }
}

/// The statements of a bucket policy, in which statements for all access points of the mesh replace those for the
/// access point of one requester each. `None` if there are no such statements.
///
/// The folders, the kinds of access and the consumers' accounts stay the same. Each access point's own policy
/// names its consumer and the end of the access. So the bucket policy grows with the shared folders of a dataset,
/// and no longer with its shares.
fn to_access_points(
    stack: &mut Stack,
    statements: &[Tagged<Cause>],
    access_points: &str,
    target: &str,
) -> Option<Vec<Tagged<Cause>>> {
    let is_through =
        |tagged: &Tagged<Cause>| !tagged.statement.conditions.only(ACCESS_POINT).is_empty();
    let (through, mut kept): (Vec<_>, Vec<_>) = statements.iter().cloned().partition(is_through);
    if through.is_empty() {
        return None;
    }
    let principals = through.iter().flat_map(|tagged| &tagged.statement.principals);
    let accounts: Vec<Value> = principals
        .filter_map(|principal| match principal {
            Principal::Aws(arn) => {
                let arn = ArnParts::parse(arn.as_text()?)?;
                Some(Value::text(arn.account.to_owned()))
            }
            Principal::Anyone | Principal::Service(_) | Principal::Federated(_) => None,
        })
        .collect();
    let delegated = through.into_iter().map(|Tagged { mut statement, causes, .. }| {
        let access_point =
            Condition::new(Comparison::ArnLike, ACCESS_POINT, access_points.to_owned());
        let listed = statement.conditions.only("s3:prefix");
        statement.sid =
            if listed.is_empty() { "FolderThroughAny" } else { "ListThroughAny" }.into();
        statement.conditions = listed.with(access_point).with(Condition {
            operator: Operator::new(Comparison::StringEquals),
            key: "aws:PrincipalAccount".into(),
            values: accounts.clone(),
        });
        statement.principals = [Principal::Anyone].into();
        Tagged::new(statement, causes)
    });
    let delegated = merge(delegated.collect());
    for Tagged { statement, causes, .. } in &delegated {
        let record = Record {
            principal: "anyone".to_owned(),
            principal_arn: "*".to_owned(),
            access: "delegate",
            resource: target.to_owned(),
            actions: statement.actions.iter().cloned().collect(),
            resources: statement.resources.iter().filter_map(text_of).collect(),
            conditions: statement.conditions.lines(text_of),
        };
        stack.records.push((record, causes.clone()));
    }
    kept.extend(delegated);
    Some(kept)
}

/// The statements of a key policy, in which roles that have the tag are named by the tag's values in their accounts.
/// `None` if no role has the tag.
///
/// Only an account's administrators can tag its roles, so the key policy delegates to each account on condition of the
/// tag. Such a role also needs a policy of its own.
fn to_tags(
    stack: &mut Stack,
    statements: &[Tagged<Cause>],
    target: &str,
    alias: &str,
) -> Option<Vec<Tagged<Cause>>> {
    let mut written = Vec::with_capacity(statements.len() * 2);
    let mut records = Vec::new();
    for Tagged { statement, causes, .. } in statements {
        let (mut values, mut accounts) = (BTreeSet::new(), BTreeSet::new());
        let mut others = statement.clone();
        others.principals.retain(|principal| {
            let Principal::Aws(arn) = principal else { return true };
            let Some(tag) = stack.role_tags.get(arn) else { return true };
            values.insert(tag.value.clone());
            accounts.insert(tag.account.clone());
            false
        });
        if !others.principals.is_empty() {
            written.push(Tagged::new(others, causes.clone()));
        }
        if values.is_empty() {
            continue;
        }
        let tag = Condition {
            operator: Operator::new(Comparison::StringEquals),
            key: format!("aws:PrincipalTag/{ROLE_TAG}").into(),
            values: values.into_iter().map(Value::from).collect(),
        };
        let mut statement = statement.clone();
        statement.sid = format!("{}ByTag", statement.sid).into();
        statement.principals = BTreeSet::new();
        statement.conditions.add(tag);
        for account in &accounts {
            let root = stack.spec().place.root_arn(account);
            statement.principals.insert(Principal::Aws(root.clone().into()));
            let record = Record {
                principal: format!("account/{account}"),
                principal_arn: root,
                access: "delegate",
                resource: target.to_owned(),
                actions: statement.actions.iter().cloned().collect(),
                resources: vec![alias.to_owned()],
                conditions: statement.conditions.lines(text_of),
            };
            records.push((record, causes.clone()));
        }
        written.push(Tagged::new(statement, causes.clone()));
    }
    if records.is_empty() {
        return None;
    }
    stack.records.append(&mut records);
    Some(written)
}

fn text_of(value: &Value) -> Option<String> {
    value.as_text().map(str::to_owned)
}
