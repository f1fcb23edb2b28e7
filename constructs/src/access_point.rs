//! S3 access points. Each one serves one requester.

use lakewright_policies::condition::{Comparison, Condition};
use lakewright_policies::{Conditions, Principal, Statement};
use lakewright_synth::{Construct, Grant, Grants, Options, PolicyOwner, Scope, Target};
use lakewright_template::Expr;
use lakewright_template::place::Place;

use crate::cfn::s3;
use crate::folder::Folder;
use crate::role::Receives;

/// An access point.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessPoint {
    /// The name: 50 characters at most, unique in its account and region.
    pub name: String,
    /// The name of the bucket.
    pub bucket: String,
    /// The command-line name of what the bucket belongs to, such as `dataset/orders`.
    pub target: String,
}

/// An access point to grant access through: one of this stack, or one of another stack, known by its name.
#[derive(Debug, Clone)]
pub struct AccessPointHandle {
    arn: String,
    target: Target,
}

/// Actions to read objects.
pub(crate) const READ_OBJECTS: [&str; 2] = ["s3:GetObject", "s3:GetObjectVersion"];
/// Actions to put new objects.
const PUT_OBJECTS: [&str; 3] =
    ["s3:AbortMultipartUpload", "s3:ListMultipartUploadParts", "s3:PutObject"];
/// Actions to put and delete objects.
pub(crate) const WRITE_OBJECTS: [&str; 4] =
    ["s3:AbortMultipartUpload", "s3:DeleteObject", "s3:ListMultipartUploadParts", "s3:PutObject"];

/// Readers also need an object's size, checksum and parts. This action covers the current version only.
///
/// Source: "GetObjectAttributes" in the S3 API reference: without a version id, a request needs `s3:GetObject` and
/// this action.
const ATTRIBUTES: [&str; 1] = ["s3:GetObjectAttributes"];

/// The access of a requester to the objects of a folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Traffic {
    /// Read.
    Read,
    /// Read, and put new objects.
    Write,
    /// Read, write and delete.
    ReadWrite,
}

impl Traffic {
    pub(crate) fn actions(self) -> Vec<&'static str> {
        let more: &[&'static str] = match self {
            Self::Read => &[],
            Self::Write => &PUT_OBJECTS,
            Self::ReadWrite => &WRITE_OBJECTS,
        };
        [&READ_OBJECTS[..], &ATTRIBUTES[..], more].concat()
    }

    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write | Self::ReadWrite => "write",
        }
    }
}

impl Construct for AccessPoint {
    type Handle = AccessPointHandle;

    fn build(self, scope: &mut Scope<'_>) -> AccessPointHandle {
        let place = scope.spec().place.clone();
        let arn = access_point_arn(&place, &self.name);
        let resource = s3::AccessPoint {
            name: Some(self.name.into()),
            bucket: Some(Expr::known_name(self.bucket)),
            bucket_account_id: Some(place.account.clone().into()),
            public_access_block_configuration: Some(
                s3::AccessPointPublicAccessBlockConfiguration {
                    block_public_acls: Some(true.into()),
                    block_public_policy: Some(true.into()),
                    ignore_public_acls: Some(true.into()),
                    restrict_public_buckets: Some(true.into()),
                },
            ),
            ..s3::AccessPoint::default()
        };
        let reference = scope.resource(resource, Options::default());
        let tls = Statement::deny("DenyWithoutTls", ["s3:*"], [arn.clone(), format!("{arn}/*")])
            .for_principals([Principal::Anyone])
            .when(Conditions::none().with(Condition::new(
                Comparison::Bool,
                "aws:SecureTransport",
                "false",
            )));
        let owner = PolicyOwner::AccessPoint { access_point: reference.logical_id().clone() };
        let policy = scope.policy(owner, vec![tls]);
        let target = Target { name: self.target, account: place.account, policy: Some(policy) };
        AccessPointHandle { arn, target }
    }
}

impl AccessPointHandle {
    /// An access point of another stack, by its name. `target` is the command-line name of what its bucket belongs
    /// to.
    pub fn imported(place: &Place, name: &str, target: &str) -> Self {
        let target =
            Target { name: target.to_owned(), account: place.account.clone(), policy: None };
        Self { arn: access_point_arn(place, name), target }
    }

    /// The access point's ARN.
    pub fn arn(&self) -> &str {
        &self.arn
    }

    /// Grants a requester access to a folder's objects through this access point.
    pub fn grant_under(&self, folder: &Folder, traffic: Traffic, to: &impl Receives) -> Grants {
        let below = format!("{}/object", self.arn);
        let listed = Conditions::none().with(folder.listed());
        let list = vec!["s3:ListBucket"];
        let objects = self.grant(
            "FolderObjects",
            traffic.word(),
            traffic.actions(),
            format!("{below}/{}*", folder.prefix()),
            Conditions::none(),
            to,
        );
        Grants(vec![self.grant("ListUnder", "list", list, self.arn.clone(), listed, to)])
            .and(folder.means(&below, Grants(vec![objects])))
    }

    fn grant(
        &self,
        sid: &str,
        access: &'static str,
        actions: Vec<&'static str>,
        resource: String,
        conditions: Conditions,
        to: &impl Receives,
    ) -> Grant {
        Grant {
            sid: sid.to_owned(),
            grantee: to.grantee().clone(),
            access,
            target: self.target.clone(),
            actions,
            resources: vec![resource.clone().into()],
            own_resources: vec![resource.clone().into()],
            known_resources: vec![resource],
            conditions,
        }
    }
}

/// The ARN of an access point, from its account, region and name.
pub fn access_point_arn(place: &Place, name: &str) -> String {
    place.arn("s3", &format!("accesspoint/{name}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Built, ELSEWHERE, built, reader};

    const POINT: &str = "AWS::S3::AccessPoint";
    const ARN: &str = "arn:aws:s3:eu-west-1:111122223333:accesspoint/exports";

    /// A stack with an access point, through which a role of another account gets access to a folder.
    fn granted(traffic: Traffic) -> Built {
        built(|scope| {
            let point = scope.add(
                "Exports",
                AccessPoint {
                    name: "exports".to_owned(),
                    bucket: "orders-data".to_owned(),
                    target: "dataset/orders".to_owned(),
                },
            );
            assert_eq!(point.arn(), ARN);
            scope.grant(point.grant_under(&Folder::at("monthly"), traffic, &reader(ELSEWHERE)));
        })
    }

    /// "Performing block public access operations on an access point" in the S3 user guide: these settings cannot be
    /// changed later. `BucketAccountId` of "AWS::S3::AccessPoint" in the CloudFormation template reference: the account of
    /// the bucket, so that nobody else's bucket of this name is meant.
    /// "Enforce encryption of data in transit" in "Security best practices for Amazon S3".
    #[test]
    fn an_access_point_is_closed_to_the_public_and_to_requests_without_tls() {
        let stack = granted(Traffic::Read);
        assert_eq!(
            stack.property(POINT, "PublicAccessBlockConfiguration"),
            r#"{"BlockPublicAcls":true,"BlockPublicPolicy":true,"IgnorePublicAcls":true,"RestrictPublicBuckets":true}"#
        );
        assert_eq!(stack.property(POINT, "BucketAccountId"), r#""111122223333""#);
        let denied = format!(
            r#"{{"Action":"s3:*","Condition":{{"Bool":{{"aws:SecureTransport":"false"}}}},"Effect":"Deny","Principal":{{"AWS":"*"}},"Resource":["{ARN}","{ARN}/*"]}}"#
        );
        assert_eq!(stack.statement(POINT, "DenyWithoutTls"), denied);
    }

    /// "Configuring IAM policies for using access points" in the S3 user guide: the ARN of objects is the access point's,
    /// `/object/` and the key.
    #[test]
    fn access_is_to_one_folder_by_one_role() {
        let stack = granted(Traffic::Read);
        let role = r#""Principal":{"AWS":"arn:aws:iam::444455556666:role/reader"}"#;
        assert_eq!(
            stack.statement(POINT, "FolderObjects"),
            format!(
                r#"{{"Action":["s3:GetObject","s3:GetObjectAttributes","s3:GetObjectVersion"],"Effect":"Allow",{role},"Resource":"{ARN}/object/monthly/*"}}"#
            )
        );
        assert_eq!(
            stack.statement(POINT, "ListUnder"),
            format!(
                r#"{{"Action":"s3:ListBucket","Condition":{{"StringLike":{{"s3:prefix":"monthly/*"}}}},"Effect":"Allow",{role},"Resource":"{ARN}"}}"#
            )
        );
        assert_eq!(stack.sids(POINT), ["DenyWithoutTls", "FolderObjects", "ListUnder"]);
        let records = stack.records();
        let read = records.iter().find(|record| record.access == "read").expect("a record");
        assert_eq!(read.resources, [format!("{ARN}/object/monthly/*")]);
    }

    /// `docs/stacks/share.md`: `write` also allows putting objects, `modify` also deleting them. "Uploading and copying
    /// objects using multipart upload" in the S3 user guide: whoever puts large objects also aborts uploads.
    #[test]
    fn each_traffic_has_the_rights_that_its_name_says() {
        for (traffic, puts, deletes) in [
            (Traffic::Read, false, false),
            (Traffic::Write, true, false),
            (Traffic::ReadWrite, true, true),
        ] {
            let actions = traffic.actions();
            assert!(actions.contains(&"s3:GetObject"), "{traffic:?}");
            assert_eq!(actions.contains(&"s3:PutObject"), puts, "{traffic:?}");
            assert_eq!(actions.contains(&"s3:AbortMultipartUpload"), puts, "{traffic:?}");
            assert_eq!(actions.contains(&"s3:DeleteObject"), deletes, "{traffic:?}");
            let word = if puts { "write" } else { "read" };
            assert_eq!(traffic.word(), word, "{traffic:?}");
        }
    }
}
