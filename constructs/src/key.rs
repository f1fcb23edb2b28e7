//! KMS keys with rotation. The account administers them; only grantees use them.

use std::collections::BTreeSet;

use lakewright_policies::condition::{Comparison, Condition, Operator};
use lakewright_policies::{Conditions, Principal, Statement};
use lakewright_synth::{Construct, Grant, Grantee, Grants, Options, PolicyOwner, Scope, Target};
use lakewright_template::partition::{Partition, STANDARD};
use lakewright_template::place::Place;
use lakewright_template::{Arn, Expr, Name, Ref, Value};

use crate::cfn::kms;
use crate::role::Receives;

/// The actions of an account's key administrators. None of them reads or writes data.
const ADMINISTRATION: [&str; 20] = [
    "kms:CancelKeyDeletion",
    "kms:CreateAlias",
    "kms:DeleteAlias",
    "kms:DescribeKey",
    "kms:DisableKey",
    "kms:DisableKeyRotation",
    "kms:EnableKey",
    "kms:EnableKeyRotation",
    "kms:GetKeyPolicy",
    "kms:GetKeyRotationStatus",
    "kms:ListGrants",
    "kms:ListKeyPolicies",
    "kms:ListResourceTags",
    "kms:PutKeyPolicy",
    "kms:RevokeGrant",
    "kms:ScheduleKeyDeletion",
    "kms:TagResource",
    "kms:UntagResource",
    "kms:UpdateAlias",
    "kms:UpdateKeyDescription",
];

/// The actions for reading encrypted data.
const DECRYPT: [&str; 2] = ["kms:Decrypt", "kms:DescribeKey"];
/// The actions for reading and writing encrypted data.
const USE: [&str; 6] = [
    "kms:Decrypt",
    "kms:DescribeKey",
    "kms:Encrypt",
    "kms:GenerateDataKey",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
];

/// The actions that S3 performs with a key when a principal reads and writes objects.
///
/// Source: "Encryption at rest" in the Athena user guide: results under SSE-KMS need both. S3 also needs both for an
/// upload in several parts.
const OBJECTS: [&str; 2] = ["kms:Decrypt", "kms:GenerateDataKey"];

/// A key with its alias.
#[derive(Debug, Clone, PartialEq)]
pub struct Key {
    /// The description.
    pub description: String,
    /// The alias, without `alias/`.
    pub alias: String,
    /// The command-line name of what the key protects, such as `dataset/orders`.
    pub target: String,
    /// Key policy statements for AWS services and delegation, besides the account's administration.
    pub statements: Vec<Statement>,
    /// Whether the key and its alias are retained when they are removed from the stack.
    pub retain: bool,
}

/// A key of this stack, to grant the use of.
#[derive(Debug, Clone)]
pub struct KeyHandle {
    reference: Ref<kms::Key>,
    access: KeyAccess,
}

/// A key that already exists, known by its alias. This stack cannot delete it.
#[derive(Debug, Clone)]
pub struct ImportedKey {
    access: KeyAccess,
}

/// The facts from which grants on a key are written.
#[derive(Debug, Clone)]
pub(crate) struct KeyAccess {
    arn: Value,
    alias_arn: String,
    conditions: Conditions,
    target: Target,
}

impl Construct for Key {
    type Handle = KeyHandle;

    fn build(self, scope: &mut Scope<'_>) -> KeyHandle {
        let place = scope.spec().place.clone();
        let administration = Statement::allow("AccountAdministers", ADMINISTRATION, ["*"])
            .for_principals([Principal::Aws(place.root_arn(&place.account).into())]);
        let resource = kms::Key {
            description: Some(self.description.into()),
            enable_key_rotation: Some(true.into()),
            pending_window_in_days: Some(30.into()),
            ..kms::Key::default()
        };
        let reference = scope.resource(resource, Options::retain(self.retain));
        let owner = PolicyOwner::Key {
            key: reference.logical_id().clone(),
            name: self.target.clone(),
            alias: alias_arn(&place, &self.alias),
        };
        let statements: Vec<Statement> =
            std::iter::once(administration).chain(self.statements).collect();
        let alias_arn = alias_arn(&place, &self.alias);
        crate::record::statements(scope, &statements, &self.target, |_| vec![alias_arn.clone()]);
        let policy = scope.policy(owner, statements);
        let alias = kms::Alias {
            alias_name: Some(format!("alias/{}", self.alias).into()),
            target_key_id: Some(reference.name()),
        };
        // Principals that use the key by its alias keep their access as long as the key is retained.
        scope.child("Alias").resource(alias, Options::retain(self.retain));
        let access = KeyAccess {
            arn: reference.attribute(&kms::Key::ARN).into(),
            alias_arn,
            conditions: Conditions::none(),
            target: Target { name: self.target, account: place.account, policy: Some(policy) },
        };
        KeyHandle { reference, access }
    }
}

impl KeyHandle {
    /// The key's ARN.
    pub fn arn(&self) -> Expr<Arn<kms::Key>> {
        self.reference.attribute(&kms::Key::ARN)
    }

    /// The key's id.
    pub fn id(&self) -> Expr<Name<kms::Key>> {
        self.reference.name()
    }

    /// Grants encryption and decryption.
    pub fn grant_use(&self, to: &impl Receives) -> Grants {
        self.access.grant("UseKey", "use", &USE, to.grantee(), Conditions::none())
    }

    /// Grants encryption and decryption for requests through these services in a region, such as `["s3"]`.
    pub fn grant_use_via(&self, to: &impl Receives, services: &[&str], region: &str) -> Grants {
        self.access.grant("UseKeyVia", "use", &USE, to.grantee(), via(services, region))
    }

    /// Grants decryption for requests through these services in a region.
    pub fn grant_decrypt_via(&self, to: &impl Receives, services: &[&str], region: &str) -> Grants {
        self.access.grant("DecryptVia", "read", &DECRYPT, to.grantee(), via(services, region))
    }

    pub(crate) fn access(&self) -> &KeyAccess {
        &self.access
    }
}

impl ImportedKey {
    /// A key of the stack's account and region, by its alias without `alias/`. `target` is the command-line name of
    /// what it protects.
    pub fn new(place: &Place, alias: &str, target: &str) -> Self {
        Self::by(Comparison::StringEquals, place, alias, target)
    }

    /// The keys of an account and region whose aliases begin so.
    pub fn with_prefix(place: &Place, prefix: &str, target: &str) -> Self {
        Self::by(Comparison::StringLike, place, &format!("{prefix}*"), target)
    }

    fn by(comparison: Comparison, place: &Place, alias: &str, target: &str) -> Self {
        let aliases = Condition {
            operator: Operator::new(comparison).for_any_value(),
            key: "kms:ResourceAliases".into(),
            values: vec![format!("alias/{alias}").into()],
        };
        Self {
            access: KeyAccess {
                arn: place.arn("kms", "key/*").into(),
                alias_arn: alias_arn(place, alias),
                conditions: Conditions::none().with(aliases),
                target: Target {
                    name: target.to_owned(),
                    account: place.account.clone(),
                    policy: None,
                },
            },
        }
    }

    /// Grants encryption and decryption for requests through these services in a region, such as `["s3"]`.
    pub fn grant_use_via(&self, to: &impl Receives, services: &[&str], region: &str) -> Grants {
        self.access.grant("UseKeyVia", "use", &USE, to.grantee(), via(services, region))
    }

    /// Grants decryption for requests through these services in a region.
    pub fn grant_decrypt_via(&self, to: &impl Receives, services: &[&str], region: &str) -> Grants {
        self.access.grant("DecryptVia", "read", &DECRYPT, to.grantee(), via(services, region))
    }

    /// Grants the use of the key for objects of one bucket, given by its ARN, through S3 only.
    pub fn grant_objects(&self, to: &impl Receives, place: &Place, bucket: &str) -> Grants {
        let conditions = objects_of(place, bucket);
        self.access.grant("UseKeyForObjects", "use", &OBJECTS, to.grantee(), conditions)
    }

    /// Grants `kms:CreateGrant` under conditions, to attach encrypted volumes.
    pub fn grant_volumes(&self, to: &impl Receives, conditions: Conditions) -> Grants {
        self.access.grant("GrantsForVolumes", "use", &["kms:CreateGrant"], to.grantee(), conditions)
    }

    pub(crate) fn access(&self) -> &KeyAccess {
        &self.access
    }
}

impl KeyAccess {
    pub(crate) fn grant_decrypt(&self, to: &Grantee) -> Grants {
        self.grant("DecryptData", "read", &DECRYPT, to, Conditions::none())
    }

    pub(crate) fn grant_use(&self, to: &Grantee) -> Grants {
        self.grant("UseKey", "use", &USE, to, Conditions::none())
    }

    fn grant(
        &self,
        sid: &str,
        access: &'static str,
        actions: &[&'static str],
        to: &Grantee,
        conditions: Conditions,
    ) -> Grants {
        let conditions = self.conditions.iter().fold(conditions, |all, (operator, key, values)| {
            all.with(Condition {
                operator: *operator,
                key: key.clone(),
                values: values.iter().cloned().collect(),
            })
        });
        Grants(vec![Grant {
            sid: sid.to_owned(),
            grantee: to.clone(),
            access,
            target: self.target.clone(),
            actions: actions.to_vec(),
            resources: vec![self.arn.clone()],
            own_resources: vec!["*".into()],
            known_resources: vec![self.alias_arn.clone()],
            conditions,
        }])
    }
}

/// A key policy statement for roles that are created later, so the key policy cannot name them.
///
/// It delegates to the account under a condition; the roles' own policies must allow the actions as well.
pub fn delegated_use(place: &Place, roles: &[String], services: &[&str]) -> Statement {
    let conditions = via(services, &place.region).with(crate::role::principal_is(roles));
    Statement::allow("UseByTeams", USE, ["*"])
        .for_principals([Principal::Aws(place.root_arn(&place.account).into())])
        .when(conditions)
}

/// A key policy statement for roles that are created later and read and write objects of one bucket, given by its
/// ARN.
///
/// It delegates to the account under a condition; the roles' own policies must allow the actions as well.
pub fn delegated_objects(place: &Place, roles: &[String], bucket: &str) -> Statement {
    let conditions = objects_of(place, bucket).with(crate::role::principal_is(roles));
    Statement::allow("ObjectsByTeams", OBJECTS, ["*"])
        .for_principals([Principal::Aws(place.root_arn(&place.account).into())])
        .when(conditions)
}

/// The condition that a request comes through S3 for objects of a bucket, given by its ARN.
///
/// Source: "Reducing the cost of SSE-KMS with Amazon S3 Bucket Keys" in the S3 user guide: with an S3 Bucket Key, as
/// all our buckets have, the encryption context is the ARN of the bucket instead of the object.
fn objects_of(place: &Place, bucket: &str) -> Conditions {
    via(&["s3"], &place.region).with(Condition::new(
        Comparison::StringEquals,
        "kms:EncryptionContext:aws:s3:arn",
        bucket.to_owned(),
    ))
}

fn alias_arn(place: &Place, alias: &str) -> String {
    place.arn("kms", &format!("alias/{alias}"))
}

/// The condition `kms:ViaService`: a request comes through one of these services, such as `sagemaker`.
///
/// KMS documents values that end in `amazonaws.com`. For partitions with another suffix, kops (pull request #18363)
/// uses that suffix and the AWS CDK (`ViaServicePrincipal`) uses `amazonaws.com`. Only AWS services send the key, so
/// the condition accepts both there.
pub(crate) fn via(services: &[&str], region: &str) -> Conditions {
    let own = Partition::of_region(region).url_suffix;
    let suffixes = BTreeSet::from([own, STANDARD.url_suffix]);
    let values = services.iter().flat_map(|service| {
        suffixes.iter().map(move |suffix| Value::text(format!("{service}.{region}.{suffix}")))
    });
    Conditions::none().with(Condition {
        operator: Operator::new(Comparison::StringEquals),
        key: "kms:ViaService".into(),
        values: values.collect(),
    })
}

#[cfg(test)]
mod tests;
