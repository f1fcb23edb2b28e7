//! Policy stores of Amazon Verified Permissions, their policies and identity sources.

use lakewright_policies::condition::{Comparison, Condition, Operator};
use lakewright_policies::service::Service;
use lakewright_policies::{Conditions, Principal, Statement};
use lakewright_synth::{Construct, Options, Scope};
use lakewright_template::place::Place;
use lakewright_template::{DeletionPolicy, Expr, Map, Text, Value};

use crate::cfn::verifiedpermissions as cfn;
use crate::key::{KeyHandle, via};
use crate::role::principal_is;

/// What Verified Permissions does with the key of a policy store, besides reading its metadata.
///
/// Source: "Encrypting Resources in Amazon Verified Permissions" in its user guide.
const ENCRYPTION: [&str; 5] = [
    "kms:Decrypt",
    "kms:Encrypt",
    "kms:GenerateDataKeyWithoutPlaintext",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
];
/// The service, as `kms:ViaService` names it.
const SERVICE: &str = "verifiedpermissions";
/// The encryption context of everything in a policy store. Source: the same page.
const CONTEXT: &str = "kms:EncryptionContext:aws:verifiedpermissions:policy-store-arn";
/// What the names of aliases begin with. Source: `CreatePolicyStoreAlias` in the Verified Permissions API reference.
const ALIAS: &str = "policy-store-alias/";
/// The characters of descriptions. Source: the pinned schemas.
const DESCRIPTION: usize = 150;

/// A policy store: strict, protected from deletion, encrypted with a key of the account, and known by an alias.
#[derive(Debug, Clone)]
pub struct PolicyStore {
    /// The description.
    pub description: String,
    /// The name of the alias, without `policy-store-alias/`.
    pub alias: String,
    /// The schema, in Cedar's JSON.
    pub schema: String,
    /// The key, with the statements of [`key_statements`].
    pub key: KeyHandle,
    /// The identity source.
    pub source: IdentitySource,
}

/// An identity source: whose tokens the policy store reads, and which entities they become.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdentitySource {
    /// The entity type of users.
    pub users: String,
    /// The entity type of groups.
    pub groups: String,
    /// The identity provider.
    pub provider: Provider,
}

/// An identity provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Provider {
    /// An Amazon Cognito user pool, by its ARN, with the accepted app clients.
    Cognito {
        /// The ARN of the user pool.
        user_pool: String,
        /// The app clients.
        client_ids: Vec<String>,
    },
    /// An OpenID Connect provider.
    OpenId {
        /// The issuer.
        issuer: String,
        /// The text before `|` in the ids of users and groups.
        prefix: String,
        /// The claim with the groups.
        group_claim: String,
        /// The claim with the user's name.
        user_claim: String,
        /// The tokens that are read.
        tokens: Tokens,
    },
}

/// The tokens of an OpenID Connect provider that a policy store reads, with the accepted values of `aud`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tokens {
    /// ID tokens, with the client ids.
    Identity(Vec<String>),
    /// Access tokens, with the audiences.
    Access(Vec<String>),
}

/// A static policy of a policy store.
#[derive(Debug, Clone)]
pub struct StaticPolicy {
    /// The name, `name/` included.
    pub name: String,
    /// The description; empty for none.
    pub description: String,
    /// The policy in Cedar.
    pub statement: String,
    /// The id of the policy store.
    pub store: Expr<Text>,
}

impl Construct for PolicyStore {
    type Handle = Expr<Text>;

    /// Returns the id of the policy store.
    fn build(self, scope: &mut Scope<'_>) -> Self::Handle {
        let kms = Map::new().with("Key", Value::from(self.key.arn()));
        let encryption = Map::new().with("KmsEncryptionSettings", kms);
        let resource = cfn::PolicyStore {
            description: Some(described(&self.description).into()),
            deletion_protection: Some(cfn::PolicyStoreDeletionProtection {
                mode: Some("ENABLED".into()),
            }),
            encryption_settings: Some(encryption.into()),
            schema: Some(cfn::PolicyStoreSchemaDefinition { cedar_json: Some(self.schema.into()) }),
            validation_settings: Some(cfn::PolicyStoreValidationSettings {
                mode: Some("STRICT".into()),
            }),
            ..cfn::PolicyStore::default()
        };
        // A protected store cannot be deleted, also not when its creation is rolled back.
        let options = Options { deletion: Some(DeletionPolicy::Retain), ..Options::default() };
        let reference = scope.resource(resource, options);
        let id = reference.attribute(&cfn::PolicyStore::POLICY_STORE_ID);
        let alias = cfn::PolicyStoreAlias {
            alias_name: Some(format!("{ALIAS}{}", self.alias).into()),
            policy_store_id: Some(id.clone()),
        };
        scope.child("Alias").resource(alias, Options::default());
        let source = cfn::IdentitySource {
            configuration: Some(configuration(&self.source).into()),
            policy_store_id: Some(id.clone()),
            principal_entity_type: Some(self.source.users.into()),
        };
        scope.child("Source").resource(source, Options::default());
        id
    }
}

impl Construct for StaticPolicy {
    type Handle = ();

    fn build(self, scope: &mut Scope<'_>) {
        let mut definition = Map::new();
        if !self.description.is_empty() {
            definition.insert("Description", described(&self.description));
        }
        definition.insert("Statement", self.statement);
        let resource = cfn::Policy {
            definition: Some(Map::new().with("Static", definition).into()),
            name: Some(self.name.into()),
            policy_store_id: Some(self.store),
        };
        scope.resource(resource, Options::default());
    }
}

/// The statements of a key for the policy stores of its account: for the service, for the roles that deploy them, and for those
/// that ask for decisions. The roles need policies of their own as well.
///
/// Source: "Encrypting Resources in Amazon Verified Permissions" in its user guide: the service uses the key itself, and with
/// the permissions of whoever calls it.
pub fn key_statements(place: &Place, deployers: &[String], callers: &[String]) -> Vec<Statement> {
    let stores = place.global_arn(SERVICE, "policy-store/*");
    let like = |key: &'static str| Condition::new(Comparison::StringLike, key, stores.clone());
    let service = |sid: &'static str, actions: &[&'static str], conditions: Conditions| {
        Statement::allow(sid, actions.iter().copied(), ["*"])
            .for_principals([Principal::Service(Service::VERIFIED_PERMISSIONS.principal.into())])
            .when(conditions)
    };
    let here = Service::VERIFIED_PERMISSIONS.acting_for(&place.account).with(Condition {
        operator: Operator::new(Comparison::ArnLike),
        key: "aws:SourceArn".into(),
        values: vec![stores.clone().into()],
    });
    let roles = |sid: &'static str, actions: &[&'static str], roles: &[String]| {
        let conditions = via(&[SERVICE], &place.region).with(principal_is(roles));
        Statement::allow(sid, actions.iter().copied(), ["*"])
            .for_principals([Principal::Aws(place.root_arn(&place.account).into())])
            .when(conditions)
    };
    let deploy: Vec<&'static str> = ENCRYPTION.into_iter().chain(["kms:DescribeKey"]).collect();
    vec![
        service("StoresDescribe", &["kms:DescribeKey"], here.clone()),
        service("StoresEncrypt", &ENCRYPTION, here.with(like(CONTEXT))),
        roles("DeployersEncrypt", &deploy, deployers),
        roles("CallersDecrypt", &["kms:Decrypt"], callers),
    ]
}

/// A text within the limit of descriptions.
fn described(text: &str) -> String {
    text.chars().take(DESCRIPTION).collect()
}

fn configuration(source: &IdentitySource) -> Map {
    let texts =
        |list: &[String]| Value::List(list.iter().map(|text| text.clone().into()).collect());
    let groups = Map::new().with("GroupEntityType", source.groups.clone());
    match &source.provider {
        Provider::Cognito { user_pool, client_ids } => {
            let pool = Map::new()
                .with("ClientIds", texts(client_ids))
                .with("GroupConfiguration", groups)
                .with("UserPoolArn", user_pool.clone());
            Map::new().with("CognitoUserPoolConfiguration", pool)
        }
        Provider::OpenId { issuer, prefix, group_claim, user_claim, tokens } => {
            let (kind, list, accepted) = match tokens {
                Tokens::Identity(clients) => ("IdentityTokenOnly", "ClientIds", clients),
                Tokens::Access(audiences) => ("AccessTokenOnly", "Audiences", audiences),
            };
            let token =
                Map::new().with(list, texts(accepted)).with("PrincipalIdClaim", user_claim.clone());
            let provider = Map::new()
                .with("EntityIdPrefix", prefix.clone())
                .with("GroupConfiguration", groups.with("GroupClaim", group_claim.clone()))
                .with("Issuer", issuer.clone())
                .with("TokenSelection", Map::new().with(kind, token));
            Map::new().with("OpenIdConnectConfiguration", provider)
        }
    }
}

#[cfg(test)]
mod tests;
