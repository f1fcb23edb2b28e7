//! Invitations for shared tables. Tables are shared with other accounts through AWS RAM, and outside of one AWS
//! Organization by invitation.
//!
//! Whether an invitation is pending is not checked: the deploy roles have no permissions for RAM, and accepting is the
//! decision of the receiving account. Source: "Accepting a resource share invitation from AWS RAM" in the Lake
//! Formation developer guide.

use std::collections::BTreeSet;

use lakewright_deployer::duties::{Duties, Unclear};
use lakewright_template::arn::ArnParts;
use lakewright_template::place::Place;

/// Tables of one account that are shared with another account.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Sharing {
    from: String,
    to: String,
    region: String,
}

/// The shares with other accounts among the resources that this run created. `place` is where the template is deployed,
/// `made` has the logical ids of the created resources.
pub(super) fn of(
    template: &str,
    place: &Place,
    made: &BTreeSet<String>,
) -> Result<BTreeSet<Sharing>, Unclear> {
    let permissions = Duties::of(template, place)?.permissions.into_iter();
    let permissions = permissions.filter(|one| made.contains(&one.logical_id));
    let account = |arn: &str| ArnParts::parse(arn).map(|arn| arn.account.to_owned());
    let accounts = permissions.filter_map(|one| account(&one.principal));
    let others = accounts.filter(|account| !account.is_empty() && *account != place.account);
    let sharing = others.map(|to| Sharing {
        from: place.account.to_string(),
        to,
        region: place.region.to_string(),
    });
    Ok(sharing.collect())
}

impl Sharing {
    /// The note for the receiving account: what to do, and when.
    pub(super) fn note(&self) -> String {
        let Self { from, to, region } = self;
        format!(
            "tables of account {from} are shared with account {to}: unless both are in one AWS Organization with resource \
             sharing on, an invitation of AWS RAM is open there, and its consumers see nothing before it is accepted. In \
             account {to}: `aws ram get-resource-share-invitations --region {region} --query \
             \"resourceShareInvitations[?status=='PENDING' && senderAccountId=='{from}'].resourceShareInvitationArn\" \
             --output text`, and for each ARN `aws ram accept-resource-share-invitation --region {region} \
             --resource-share-invitation-arn ARN`"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_tables_for_other_accounts_come_as_invitations() {
        let permission = |account: &str| {
            format!(
                r#"{{"Type": "AWS::LakeFormation::PrincipalPermissions", "Properties": {{
                    "Principal": {{"DataLakePrincipalIdentifier": "arn:aws:iam::{account}:role/r"}},
                    "Permissions": ["SELECT"], "Resource": {{"Table": {{"DatabaseName": "d", "Name": "t"}}}}}}}}"#
            )
        };
        let (own, other) = (permission("111122223333"), permission("444455556666"));
        let place = Place::parse("111122223333", "eu-west-1").expect("a place");
        let template = |resources: &str, made: &[&str]| {
            let made = made.iter().map(|one| (*one).to_owned()).collect();
            let template = format!(r#"{{"Resources": {{{resources}}}}}"#);
            of(&template, &place, &made).expect("a template")
        };
        assert_eq!(template(&format!(r#""P": {own}"#), &["P"]), BTreeSet::new());
        let all = format!(r#""P": {own}, "Q": {other}, "R": {other}"#);
        // What was there before has been accepted, or is still open and was told.
        assert_eq!(template(&all, &["P"]), BTreeSet::new());
        let found = template(&all, &["P", "Q", "R"]);
        assert_eq!(found.len(), 1);
        let note = found.first().expect("one").note();
        // The operations and the fields of the RAM API reference, in the words of the AWS CLI.
        for part in [
            "account 444455556666: `aws ram get-resource-share-invitations --region eu-west-1",
            "senderAccountId=='111122223333'",
            "`aws ram accept-resource-share-invitation --region eu-west-1 --resource-share-invitation-arn ARN`",
        ] {
            assert!(note.contains(part), "{note}");
        }
    }
}
