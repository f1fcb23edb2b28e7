//! What a bucket's policy says when it is full: that the access points' policies decide.
//!
//! Source: "Delegating access control to access points" in the S3 user guide.

use lakewright_policies::Principal;
use lakewright_policies::condition::{Comparison, Condition};
use lakewright_policies::merge::{Tagged, merge};
use lakewright_template::Value;

use crate::{Cause, Record, Stack};

const ACCESS_POINT: &str = "s3:DataAccessPointArn";

/// The statements of a bucket's policy, with one for all access points of the mesh in the place of
/// those for one requester's access point each. `None` when there are none of these.
///
/// The folders and the kinds of access stay as they are; who has them, and until when, is what each
/// access point's own policy says. So the policy grows with the folders of a dataset that are shared,
/// and no longer with the shares.
pub(super) fn to_access_points(
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
    let delegated = through.into_iter().map(|Tagged { mut statement, causes }| {
        let access_point =
            Condition::new(Comparison::ArnLike, ACCESS_POINT, access_points.to_owned());
        let listed = statement.conditions.only("s3:prefix");
        statement.sid =
            if listed.is_empty() { "FolderThroughAny" } else { "ListThroughAny" }.into();
        statement.conditions = listed.with(access_point);
        statement.principals = [Principal::Anyone].into();
        Tagged { statement, causes }
    });
    let delegated = merge(delegated.collect());
    for Tagged { statement, causes } in &delegated {
        let text = |value: &Value| value.as_text().map(str::to_owned);
        let record = Record {
            principal: "anyone".to_owned(),
            principal_arn: "*".to_owned(),
            access: "delegate",
            resource: target.to_owned(),
            actions: statement.actions.iter().cloned().collect(),
            resources: statement.resources.iter().filter_map(text).collect(),
            conditions: statement.conditions.lines(text),
        };
        stack.records.push((record, causes.clone()));
    }
    kept.extend(delegated);
    Some(kept)
}
