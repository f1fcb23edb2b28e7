//! What a policy store, its identity source and its policies look like in a template.

use std::collections::BTreeSet;

use lakewright_template::Value;

use super::*;
use crate::key::Key;
use crate::testing::{Built, HERE, built, place};

const CALLER: &str = "arn:aws:iam::111122223333:role/portal";
const DEPLOYER: &str = "arn:aws:iam::111122223333:role/deployer";

fn store(provider: Provider) -> Built {
    built(|scope| {
        let key = scope.add(
            "Key",
            Key {
                description: "Policies".to_owned(),
                alias: "policies".to_owned(),
                target: "governance".to_owned(),
                statements: key_statements(&place(), &[DEPLOYER.to_owned()], &[CALLER.to_owned()]),
                retain: true,
            },
        );
        let source = IdentitySource {
            users: "Mesh::User".to_owned(),
            groups: "Mesh::Team".to_owned(),
            provider,
        };
        let store = scope.add(
            "Store",
            PolicyStore {
                description: "x".repeat(200),
                alias: "policies".to_owned(),
                schema: "{}".to_owned(),
                key,
                source,
            },
        );
        scope.add(
            "Policy",
            StaticPolicy {
                name: "name/permit/one".to_owned(),
                description: String::new(),
                statement: "permit(principal, action, resource);".to_owned(),
                store,
            },
        );
    })
}

fn cognito() -> Provider {
    Provider::Cognito {
        user_pool: "arn:aws:cognito-idp:eu-west-1:111122223333:userpool/eu-west-1_a1".to_owned(),
        client_ids: vec!["portal".to_owned()],
    }
}

/// "Amazon Verified Permissions policy stores" and "AWS::VerifiedPermissions::PolicyStore": validation, protection, key.
#[test]
fn a_store_is_strict_protected_and_encrypted_with_its_key() {
    let stack = store(cognito());
    let kind = "AWS::VerifiedPermissions::PolicyStore";
    assert_eq!(stack.property(kind, "ValidationSettings"), r#"{"Mode":"STRICT"}"#);
    assert_eq!(stack.property(kind, "DeletionProtection"), r#"{"Mode":"ENABLED"}"#);
    let encryption = stack.property(kind, "EncryptionSettings");
    assert!(encryption.starts_with(r#"{"KmsEncryptionSettings":{"Key":{"Fn::GetAtt":["#));
    assert_eq!(stack.property(kind, "Description").len(), 150 + 2);
    let alias = stack.property("AWS::VerifiedPermissions::PolicyStoreAlias", "AliasName");
    assert_eq!(alias, r#""policy-store-alias/policies""#);
}

/// `Configuration` of "AWS::VerifiedPermissions::IdentitySource" in the CloudFormation template reference.
#[test]
fn groups_of_the_identity_provider_become_teams() {
    let kind = "AWS::VerifiedPermissions::IdentitySource";
    assert_eq!(
        store(cognito()).property(kind, "Configuration"),
        concat!(
            r#"{"CognitoUserPoolConfiguration":{"ClientIds":["portal"],"#,
            r#""GroupConfiguration":{"GroupEntityType":"Mesh::Team"},"#,
            r#""UserPoolArn":"arn:aws:cognito-idp:eu-west-1:111122223333:userpool/eu-west-1_a1"}}"#
        )
    );
    let open_id = |tokens| Provider::OpenId {
        issuer: "https://login.example.com".to_owned(),
        prefix: "corporate".to_owned(),
        group_claim: "groups".to_owned(),
        user_claim: "sub".to_owned(),
        tokens,
    };
    let identity = store(open_id(Tokens::Identity(vec!["portal".to_owned()])));
    assert_eq!(
        identity.property(kind, "Configuration"),
        concat!(
            r#"{"OpenIdConnectConfiguration":{"EntityIdPrefix":"corporate","#,
            r#""GroupConfiguration":{"GroupClaim":"groups","GroupEntityType":"Mesh::Team"},"#,
            r#""Issuer":"https://login.example.com","#,
            r#""TokenSelection":{"IdentityTokenOnly":{"ClientIds":["portal"],"PrincipalIdClaim":"sub"}}}}"#
        )
    );
    let access = store(open_id(Tokens::Access(vec!["portal".to_owned()])));
    let access = access.property(kind, "Configuration");
    assert!(
        access.contains(r#"{"AccessTokenOnly":{"Audiences":["portal"],"PrincipalIdClaim":"sub"}}"#)
    );
    assert_eq!(identity.property(kind, "PrincipalEntityType"), r#""Mesh::User""#);
}

/// "Encrypting Resources in Amazon Verified Permissions": what the service and its callers need, and the conditions that limit
/// both to the policy stores of the account.
#[test]
fn the_key_is_used_by_the_service_and_through_it_by_named_roles_only() {
    let statements = key_statements(&place(), &[DEPLOYER.to_owned()], &[CALLER.to_owned()]);
    let stores = format!("arn:aws:verifiedpermissions::{HERE}:policy-store/*");
    let shown = |sid: &str| {
        let found = statements.iter().find(|one| one.sid == sid).expect("a statement");
        let actions: Vec<String> = found.actions.iter().map(ToString::to_string).collect();
        (actions, BTreeSet::from_iter(crate::role::shown(&found.conditions)))
    };
    let set = |conditions: &[&str]| -> BTreeSet<String> {
        conditions.iter().map(|condition| (*condition).to_owned()).collect()
    };
    let arn = format!("ArnLike aws:SourceArn {stores}");
    let account = format!("StringEquals aws:SourceAccount {HERE}");
    let describe = (vec!["kms:DescribeKey".to_owned()], set(&[&arn, &account]));
    assert_eq!(shown("StoresDescribe"), describe);
    let (actions, conditions) = shown("StoresEncrypt");
    let encrypt = [
        "kms:Decrypt",
        "kms:Encrypt",
        "kms:GenerateDataKeyWithoutPlaintext",
        "kms:ReEncryptFrom",
        "kms:ReEncryptTo",
    ];
    assert_eq!(actions, encrypt);
    let key = "kms:EncryptionContext:aws:verifiedpermissions:policy-store-arn";
    let context = format!("StringLike {key} {stores}");
    assert_eq!(conditions, set(&[&arn, &account, &context]));
    let via = "StringEquals kms:ViaService verifiedpermissions.eu-west-1.amazonaws.com";
    let (actions, conditions) = shown("CallersDecrypt");
    assert_eq!(actions, ["kms:Decrypt"]);
    assert_eq!(conditions, set(&[&format!("ArnEquals aws:PrincipalArn {CALLER}"), via]));
    let (actions, conditions) = shown("DeployersEncrypt");
    assert_eq!(
        BTreeSet::from_iter(actions),
        set(&[&encrypt[..], &["kms:DescribeKey"][..]].concat())
    );
    assert_eq!(conditions, set(&[&format!("ArnEquals aws:PrincipalArn {DEPLOYER}"), via]));
}

/// "AWS::VerifiedPermissions::Policy": `Definition` and `Name`.
#[test]
fn a_policy_has_its_name_and_its_text() {
    let stack = store(cognito());
    let kind = "AWS::VerifiedPermissions::Policy";
    assert_eq!(stack.property(kind, "Name"), r#""name/permit/one""#);
    assert_eq!(
        stack.property(kind, "Definition"),
        r#"{"Static":{"Statement":"permit(principal, action, resource);"}}"#
    );
    let long: Value = described(&"é".repeat(200)).into();
    assert_eq!(long.as_text().map(|text| text.chars().count()), Some(150));
}
