//! What one template says about access.

mod attached;
mod code;
mod lake;
mod named;
mod others;
mod placed;
mod serverless;
mod unseen;
mod values;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use lakewright_template::arn::ArnParts;
use lakewright_template::place::Place;
use lakewright_template::resolve::{Branch, Others, Resolved, Resolver, Unresolved};
use lakewright_template::{LogicalId, ResourceEntry, Template};

use super::modelled::properties_of;
use super::{AccessPoint, More, Resource, Role};
use crate::document::{Document, DocumentError, Malformed, Origin};
use crate::lake::Lake;
pub use unseen::{policy_templates, unseen};

/// A stack's template and where it is deployed.
#[derive(Debug, Clone, Copy)]
pub struct StackTemplate<'a> {
    /// The stack, as `account/region/name`.
    pub address: &'a str,
    /// Where it is deployed.
    pub place: &'a Place,
    /// The template.
    pub template: &'a Template,
    /// What a value becomes that is only known at deployment.
    pub unresolved: OnUnresolved,
}

/// What a value becomes that is only known at deployment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnUnresolved {
    /// An error: a proof must know every value.
    Fail,
    /// A text that is known to be unknown, for looking at templates of others; and each way in which the template can be
    /// deployed counts.
    Placeholder,
}

/// What one template says about access.
#[derive(Debug, Clone, Default)]
pub struct Piece {
    pub(super) roles: Vec<Role>,
    /// Managed policies: the ARN, the document and the ARNs of the roles.
    pub(super) managed: Vec<(String, Document, Vec<String>)>,
    /// Documents attached to roles, by the roles' ARNs.
    pub(super) attached: Vec<(String, Document)>,
    pub(super) resources: Vec<Resource>,
    /// Resource policies by ARN, each with the account it is deployed in.
    pub(super) policies: Vec<(String, (Document, String))>,
    pub(super) aliases: Vec<(String, String)>,
    pub(super) access_points: Vec<(String, AccessPoint)>,
    pub(super) lake: Lake,
    /// Documents of resources that the model does not know.
    pub(super) others: Vec<Document>,
    /// Statements that say nothing which IAM would take.
    pub(super) malformed: Vec<Malformed>,
    /// What is not known of anybody's template.
    pub(super) unknown: Vec<String>,
    /// Policies that are attached by name to others than roles.
    pub(super) attachments: Vec<(Origin, String)>,
    /// The services of resources that have a policy, where nobody knows which resource it is.
    pub(super) unplaced: BTreeSet<String>,
    /// The ARNs of roles and resources that are only made under a condition.
    pub(super) conditional: BTreeSet<String>,
    /// The ARNs of roles whose name is only known at deployment.
    pub(super) any_name: BTreeSet<String>,
    /// The services of resources whose name nobody knows, so that any name may be theirs.
    pub(super) unnamed: BTreeSet<String>,
    /// Resources that something else than a policy opens, too.
    pub(super) opened: BTreeSet<String>,
    /// Roles that the serverless transform makes, by ARN, with the logical id of each.
    pub(super) implied: Vec<(String, String)>,
}

/// A template whose access cannot be told.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PieceError {
    /// A policy is none.
    #[error(transparent)]
    Document(#[from] DocumentError),
    /// Something that can give access, or not be there, without the model knowing.
    #[error(
        "{stack} {logical_id}: {what} is outside of what is proven; `lakewright check --assembly` looks at it all the same"
    )]
    Outside {
        /// The stack.
        stack: String,
        /// The resource; empty for the template.
        logical_id: String,
        /// What it is.
        what: String,
    },
    /// A value is only known at deployment.
    #[error("{stack} {logical_id}: {error}")]
    Unresolved {
        /// The stack.
        stack: String,
        /// The resource.
        logical_id: String,
        /// What is not known.
        error: Unresolved,
    },
}

impl Piece {
    /// The resources that the template makes, as far as policies name them: the ARN and the type of each.
    pub fn made(&self) -> impl Iterator<Item = (&str, &str)> {
        self.resources.iter().map(|resource| (resource.arn.as_str(), resource.kind.as_str()))
    }

    /// The permissions boundaries of the template's roles, by ARN.
    pub fn boundaries(&self) -> impl Iterator<Item = &str> {
        self.roles.iter().filter_map(|role| role.boundary.as_deref())
    }

    /// What of the template is not looked at, each in a sentence.
    pub fn unknown(&self) -> &[String] {
        &self.unknown
    }

    /// What the template says of Lake Formation, to be put together with what others say.
    pub fn take_lake(&mut self) -> Lake {
        std::mem::take(&mut self.lake)
    }

    /// Reads a template by itself.
    pub fn of(stack: StackTemplate<'_>) -> Result<Self, PieceError> {
        Self::among(stack, &Others::default())
    }

    /// Reads a template of a folder, with what it takes from the others there.
    pub fn among(stack: StackTemplate<'_>, others: &Others) -> Result<Self, PieceError> {
        let StackTemplate { address, place, template, unresolved } = stack;
        let resolver = match unresolved {
            OnUnresolved::Fail => Resolver::new(template, place, Branch::Then),
            OnUnresolved::Placeholder => Resolver::open(template, place, address, others),
        };
        let mut reader = Reader {
            stack,
            resolver,
            address: stack.address.into(),
            is_conditional: false,
            inline_names: BTreeSet::new(),
            piece: Self::default(),
        };
        let has_transform =
            stack.template.transform.is_some() || !stack.template.includes.is_empty();
        if stack.unresolved == OnUnresolved::Fail && has_transform {
            return Err(reader.outside("", "a transform".to_owned()));
        }
        reader.unseen(others);
        for (id, resource) in &stack.template.resources {
            if stack.unresolved == OnUnresolved::Fail {
                reader.is_modelled(id, resource)?;
            }
            reader.is_conditional = resource.condition.is_some();
            let (roles, resources) = (reader.piece.roles.len(), reader.piece.resources.len());
            let read = reader.resource(id, resource);
            if reader.is_conditional {
                reader.may_be_missing(roles, resources);
            }
            match (read, stack.unresolved) {
                (Ok(()), _) => {}
                (Err(error), OnUnresolved::Fail) => return Err(error),
                // The rest of anybody's template is looked at all the same.
                (Err(error), OnUnresolved::Placeholder) => {
                    reader.piece.unknown.push(error.to_string());
                }
            }
            if stack.unresolved == OnUnresolved::Fail && reader.resolver.has_met_condition() {
                return Err(reader.outside(id.as_str(), "a value under a condition".to_owned()));
            }
        }
        Ok(reader.piece)
    }
}

/// Tags, which some types have as a list and some as a map.
pub fn tags_of(tags: &Resolved<'_>) -> BTreeMap<String, String> {
    match tags {
        Resolved::List(tags) => {
            tags.iter().map(|tag| (tag.get("Key").text(), plain(tag.get("Value")))).collect()
        }
        Resolved::Map(tags) => {
            tags.iter().map(|(key, value)| ((*key).to_owned(), plain(value))).collect()
        }
        _ => BTreeMap::new(),
    }
}

/// A value of a tag, which CloudFormation takes as a number or a boolean as well.
fn plain(value: &Resolved<'_>) -> String {
    match value {
        Resolved::Number(number) => number.to_string(),
        Resolved::Bool(value) => value.to_string(),
        other => other.text(),
    }
}

/// A key of KMS that is made of one in another region. It has a policy of its own.
const REPLICA_KEY: &str = "AWS::KMS::ReplicaKey";

struct Reader<'a> {
    stack: StackTemplate<'a>,
    /// The stack's address, which each origin names.
    address: Arc<str>,
    resolver: Resolver<'a>,
    /// Whether the resource that is read stands under a condition.
    is_conditional: bool,
    /// The names of inline policies, with their roles.
    inline_names: BTreeSet<(String, String)>,
    piece: Piece,
}

impl Reader<'_> {
    /// What the model does not know may give anything: a proof says so instead of passing over it.
    fn is_modelled(&self, id: &LogicalId, resource: &ResourceEntry) -> Result<(), PieceError> {
        let kind = resource.kind.as_ref();
        let known = properties_of(kind);
        let names = resource.properties.iter().map(|(name, _)| name.as_ref());
        let unknown = known.and_then(|known| names.into_iter().find(|name| !known.contains(name)));
        let what = match (known, unknown) {
            (None, _) => format!("a resource of type {kind}"),
            (Some(_), _) if resource.condition.is_some() => {
                "a resource under a condition".to_owned()
            }
            (Some(_), Some(property)) => format!("the property {property} of {kind}"),
            (Some(_), None) => return Ok(()),
        };
        Err(self.outside(id.as_str(), what))
    }

    pub(super) fn outside(&self, id: &str, what: String) -> PieceError {
        let stack = self.stack.address.to_owned();
        PieceError::Outside { stack, logical_id: id.to_owned(), what }
    }

    fn resource(&mut self, id: &LogicalId, resource: &ResourceEntry) -> Result<(), PieceError> {
        let properties = &resource.properties;
        match resource.kind.as_ref() {
            "AWS::IAM::Role" => self.role(id, properties)?,
            // Only guardrails look at users and groups.
            "AWS::IAM::User" => self.inline(id, properties, "user")?,
            "AWS::IAM::Group" => self.inline(id, properties, "group")?,
            "AWS::IAM::UserPolicy" | "AWS::IAM::GroupPolicy" => {
                let arn = self.arn("iam", "", &format!("user/{}", self.resolver.unique(id)));
                let document = self.document(id, properties, "PolicyDocument")?;
                self.piece.attached.extend(document.map(|document| (arn, document)));
            }
            "AWS::IAM::RolePolicy" => self.role_policy(id, properties)?,
            "AWS::IAM::ManagedPolicy" | "AWS::IAM::Policy" => {
                let Some(mut document) = self.document(id, properties, "PolicyDocument")? else {
                    return Ok(());
                };
                self.doubt(&mut document, properties, "Roles");
                let roles = self.texts(id, properties, "Roles")?;
                let roles: Vec<String> = roles.iter().map(|role| self.role_arn(role)).collect();
                let name = self.text(id, properties, "ManagedPolicyName")?;
                // CloudFormation names it, or it is for users and groups: guardrails look at it.
                let name = match name {
                    Some(name) => Some(self.resolver.name_or_unique(id, Some(name))),
                    None => roles.is_empty().then(|| self.resolver.unique(id)),
                };
                if let Some(name) = name {
                    let path = self.text(id, properties, "Path")?.unwrap_or_else(|| "/".to_owned());
                    let arn = self.arn("iam", "", &format!("policy{path}{name}"));
                    self.piece.managed.push((arn, document, roles));
                } else {
                    let attached = roles.into_iter().map(|role| (role, document.clone()));
                    self.piece.attached.extend(attached);
                }
            }
            "AWS::S3::BucketPolicy" => self.bucket_policy(id, properties)?,
            "AWS::SNS::TopicPolicy" => self.topic_policy(id, properties, "Topics")?,
            "AWS::SNS::TopicInlinePolicy" => self.topic_policy(id, properties, "TopicArn")?,
            "AWS::SQS::QueuePolicy" => self.queue_policy(id, properties, "Queues")?,
            "AWS::SQS::QueueInlinePolicy" => self.queue_policy(id, properties, "Queue")?,
            "AWS::SecretsManager::ResourcePolicy" => self.secret_policy(id, properties)?,
            "AWS::Events::EventBusPolicy" => self.bus_policy(id, properties)?,
            "AWS::KMS::Alias" => {
                let name = self.text(id, properties, "AliasName")?.unwrap_or_default();
                let key = self.text(id, properties, "TargetKeyId")?.unwrap_or_default();
                let key = if key.starts_with("arn:") {
                    key
                } else {
                    self.regional("kms", &format!("key/{key}"))
                };
                self.piece.aliases.push((self.regional("kms", &name), key));
            }
            "AWS::Serverless::Function" => {
                self.serverless(id, properties, "lambda.amazonaws.com")?;
            }
            "AWS::Serverless::StateMachine" => {
                self.serverless(id, properties, "states.amazonaws.com")?;
            }
            "AWS::LakeFormation::PrincipalPermissions" => self.permissions(id, properties)?,
            "AWS::LakeFormation::DataLakeSettings" => self.settings(id, properties)?,
            "AWS::LakeFormation::Resource" => self.location(id, properties)?,
            "AWS::LakeFormation::TagAssociation" => self.tag_association(id, properties)?,
            "AWS::Glue::Database" | "AWS::Glue::Table" => self.catalog(id, resource)?,
            _ => self.other(id, resource)?,
        }
        Ok(())
    }

    /// A role has one inline policy of a name: the last one that is written takes the place of the others.
    pub(super) fn is_only(
        &mut self,
        id: &LogicalId,
        role: &str,
        policy: String,
    ) -> Result<(), PieceError> {
        let is_new = self.inline_names.insert((role.to_owned(), policy));
        if is_new || self.stack.unresolved == OnUnresolved::Placeholder {
            return Ok(());
        }
        Err(self.outside(id.as_str(), "a second inline policy of one name".to_owned()))
    }

    /// Takes down that what was read last, behind so many roles and resources, is only made under a condition.
    fn may_be_missing(&mut self, roles: usize, resources: usize) {
        let Piece { roles: all, resources: others, conditional, .. } = &mut self.piece;
        conditional.extend(all.iter().skip(roles).map(|role| role.arn.clone()));
        conditional.extend(others.iter().skip(resources).map(|resource| resource.arn.clone()));
    }

    /// A resource of any other type, with the policy in its own properties when it has one.
    fn other(&mut self, id: &LogicalId, resource: &ResourceEntry) -> Result<(), PieceError> {
        let before = self.piece.others.len();
        let is_read = properties_of(&resource.kind).is_some() || resource.kind == REPLICA_KEY;
        if !is_read {
            self.others(id, resource)?;
        }
        let Some(arn) = self.arn_of(id, resource)? else {
            if !is_read {
                let has_documents = self.piece.others.len() > before;
                self.may_be_a_policy(id, resource, has_documents)?;
            }
            return Ok(());
        };
        let properties = &resource.properties;
        self.may_have_any_name(resource);
        if resource.kind == "AWS::S3::Bucket" && properties.get("AccessControl").is_some() {
            self.piece.opened.insert(arn.clone());
        }
        let policy = match resource.kind.as_ref() {
            "AWS::KMS::Key" | REPLICA_KEY => self.document(id, properties, "KeyPolicy")?,
            "AWS::S3::AccessPoint" => {
                let bucket = self.text(id, properties, "Bucket")?.unwrap_or_default();
                self.piece.access_points.push((arn.clone(), AccessPoint { bucket }));
                self.document(id, properties, "Policy")?
            }
            "AWS::Events::EventBus" => self.document(id, properties, "Policy")?,
            _ => None,
        };
        self.piece.resources.push(Resource {
            arn,
            kind: resource.kind.to_string(),
            account: self.stack.place.account.to_string(),
            tags: self.tags(id, properties)?,
            policy,
            code: self.code(id, resource)?,
            parts: self.parts(id, resource)?,
            origin: self.origin(id, ""),
        });
        Ok(())
    }

    pub(super) fn role_arn(&self, name: &str) -> String {
        // A role's path is not in its name; roles of the same template say it.
        let role = self.piece.roles.iter().find(|role| role.arn.ends_with(&format!("/{name}")));
        role.map_or_else(|| self.arn("iam", "", &format!("role/{name}")), |role| role.arn.clone())
    }

    pub(super) fn arn(&self, service: &str, region: &str, resource: &str) -> String {
        let place = self.stack.place;
        let (partition, account) = (place.partition(), &*place.account);
        ArnParts { partition, service, region, account, resource }.into()
    }

    pub(super) fn regional(&self, service: &str, resource: &str) -> String {
        self.stack.place.arn(service, resource)
    }
}

#[cfg(test)]
mod tests;
