//! Reads one template: its policies, resources and Lake Formation permissions.

mod attached;
mod code;
mod handed;
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
use super::{AccessPoint, DeclaredPolicy, More, PublicAccessBlock, Resource, Role};
use crate::document::{Document, DocumentError, Malformed, Origin};
use crate::lake::Lake;
pub use unseen::{policy_templates, unseen};

/// A stack's template and where it is deployed.
#[derive(Debug, Clone, Copy)]
pub struct StackTemplate<'a> {
    /// The stack, as `account/region/name`.
    pub address: &'a str,
    /// Where the stack is deployed.
    pub place: &'a Place,
    /// The template.
    pub template: &'a Template,
    /// How to treat values that are known only at deployment.
    pub unresolved: OnUnresolved,
}

/// How to treat values that are known only at deployment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnUnresolved {
    /// Fail: a proof must know every value.
    Fail,
    /// Use a marker text for unknown values, and read every variant in which the template can be deployed. For
    /// third-party templates.
    Placeholder,
}

/// The access-related content of one template.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Piece {
    pub(super) roles: Vec<Role>,
    /// Managed policies: the ARN, the document and the ARNs of the roles.
    pub(super) managed: Vec<(String, Document, Vec<String>)>,
    /// Identity policies, each with its role's ARN.
    pub(super) attached: Vec<(String, Document)>,
    pub(super) resources: Vec<Resource>,
    /// Resource policies by the resource's ARN, each with the account that it is deployed in.
    pub(super) policies: Vec<(String, (Document, String))>,
    pub(super) aliases: Vec<(String, String)>,
    pub(super) access_points: Vec<(String, AccessPoint)>,
    pub(super) lake: Lake,
    /// Documents of resource types that the model does not support.
    pub(super) others: Vec<Document>,
    /// Policies of an organization in a third-party template.
    pub(super) declared: Vec<DeclaredPolicy>,
    /// Statements that IAM would reject.
    pub(super) malformed: Vec<Malformed>,
    /// What is unknown about a third-party template, one sentence each.
    pub(super) unknown: Vec<String>,
    /// Policies attached by name to principals other than roles.
    pub(super) attachments: Vec<(Origin, String)>,
    /// The services of resource policies whose resource is unknown.
    pub(super) unplaced: BTreeSet<String>,
    /// The ARNs of roles and resources that are created only under a condition.
    pub(super) conditional: BTreeSet<String>,
    /// The ARNs of roles whose name is known only at deployment.
    pub(super) any_name: BTreeSet<String>,
    /// The services of resources whose name is unknown, so that they may have any name.
    pub(super) unnamed: BTreeSet<String>,
    /// Resources to which something other than a policy also grants access.
    pub(super) opened: BTreeSet<String>,
    /// Roles that the serverless transform creates, by ARN, with the logical id of each.
    pub(super) implied: Vec<(String, String)>,
}

/// A template whose access cannot be determined.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PieceError {
    /// A value is not a policy document.
    #[error(transparent)]
    Document(#[from] DocumentError),
    /// The model does not support this part, which may grant access or may not exist.
    #[error(
        "{stack} {logical_id}: {what} is outside of what is proven; `lakewright check --assembly` looks at it all the same"
    )]
    Outside {
        /// The stack.
        stack: String,
        /// The logical id of the resource; empty for the template.
        logical_id: String,
        /// The unsupported part.
        what: String,
    },
    /// A value is known only at deployment.
    #[error("{stack} {logical_id}: {error}")]
    Unresolved {
        /// The stack.
        stack: String,
        /// The resource.
        logical_id: String,
        /// The unknown value.
        error: Unresolved,
    },
}

impl Piece {
    /// The ARN and the type of each resource that the template creates and policies can name.
    pub fn made(&self) -> impl Iterator<Item = (&str, &str)> {
        self.resources.iter().map(|resource| (resource.arn.as_str(), resource.kind.as_str()))
    }

    /// The permissions boundaries of the template's roles, by ARN.
    pub fn boundaries(&self) -> impl Iterator<Item = &str> {
        self.roles.iter().filter_map(|role| role.boundary.as_deref())
    }

    /// The parts of the template that are not examined, one sentence each.
    pub fn unknown(&self) -> &[String] {
        &self.unknown
    }

    /// Takes the template's Lake Formation state, to be combined with that of other templates.
    pub fn take_lake(&mut self) -> Lake {
        std::mem::take(&mut self.lake)
    }

    /// Reads a single template.
    ///
    /// # Errors
    ///
    /// With [`OnUnresolved::Fail`], if a value or a part of the template is unknown or unsupported.
    pub fn of(stack: StackTemplate<'_>) -> Result<Self, PieceError> {
        Self::among(stack, &Others::default())
    }

    /// Reads a template of a folder, using values from the others.
    ///
    /// # Errors
    ///
    /// With [`OnUnresolved::Fail`], if a value or a part of the template is unknown or unsupported.
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
            handed: Vec::new(),
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
                // The rest of a third-party template is still read.
                (Err(error), OnUnresolved::Placeholder) => {
                    reader.piece.unknown.push(error.to_string());
                }
            }
            if stack.unresolved == OnUnresolved::Fail && reader.resolver.has_met_condition() {
                return Err(reader.outside(id.as_str(), "a value under a condition".to_owned()));
            }
        }
        match (reader.nothing_is_handed_on(), stack.unresolved) {
            (Ok(()), _) => {}
            (Err(error), OnUnresolved::Fail) => return Err(error),
            (Err(error), OnUnresolved::Placeholder) => {
                reader.piece.unknown.push(error.to_string());
            }
        }
        Ok(reader.piece)
    }

    /// Takes the tags of the template's roles and resources out: those of the roles first, in the template's order.
    pub fn take_tags(&mut self) -> Vec<BTreeMap<String, String>> {
        let roles = self.roles.iter_mut().map(|role| &mut role.tags);
        let resources = self.resources.iter_mut().map(|resource| &mut resource.tags);
        roles.chain(resources).map(std::mem::take).collect()
    }
}

/// Tags, which some types declare as a list and others as a map.
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

/// A tag's value, which CloudFormation also accepts as a number or a boolean.
fn plain(value: &Resolved<'_>) -> String {
    match value {
        Resolved::Number(number) => number.to_string(),
        Resolved::Bool(value) => value.to_string(),
        other => other.text(),
    }
}

/// A KMS key that replicates a key of another region. It has its own policy.
const REPLICA_KEY: &str = "AWS::KMS::ReplicaKey";

struct Reader<'a> {
    stack: StackTemplate<'a>,
    /// The stack's address, which is part of each origin.
    address: Arc<str>,
    resolver: Resolver<'a>,
    /// Whether the current resource has a condition.
    is_conditional: bool,
    /// The roles and names of inline policies read so far.
    inline_names: BTreeSet<(String, String)>,
    /// The holders of permissions with the grant option, each with the permission.
    handed: Vec<(LogicalId, String)>,
    piece: Piece,
}

impl Reader<'_> {
    /// Checks that the model supports a resource. An unsupported type or property may grant anything, so a proof fails
    /// on it.
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
            // Only guardrails examine users and groups.
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
                // The policy is for users and groups, or CloudFormation chooses its name: guardrails examine it.
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

    /// Checks that a role has one inline policy of this name: a later one would replace it.
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

    /// Records that the roles and resources after these counts are created only under a condition.
    fn may_be_missing(&mut self, roles: usize, resources: usize) {
        let Piece { roles: all, resources: others, conditional, .. } = &mut self.piece;
        conditional.extend(all.iter().skip(roles).map(|role| role.arn.clone()));
        conditional.extend(others.iter().skip(resources).map(|resource| resource.arn.clone()));
    }

    /// A resource of any other type, with the policy in its properties if it has one.
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
            block: self.block(id, resource)?,
            code: self.code(id, resource)?,
            parts: self.parts(id, resource)?,
            origin: self.origin(id, ""),
        });
        Ok(())
    }

    fn block(
        &self,
        id: &LogicalId,
        resource: &ResourceEntry,
    ) -> Result<PublicAccessBlock, PieceError> {
        if !["AWS::S3::Bucket", "AWS::S3::AccessPoint"].contains(&resource.kind.as_ref()) {
            return Ok(PublicAccessBlock::default());
        }
        let block = self.value(id, &resource.properties, "PublicAccessBlockConfiguration")?;
        let is_on = |setting: &str| match block.get(setting) {
            Resolved::Bool(is_on) => *is_on,
            Resolved::Text(text) => text.eq_ignore_ascii_case("true"),
            _ => false,
        };
        Ok(PublicAccessBlock {
            refuses_policies: is_on("BlockPublicPolicy"),
            restricts_access: is_on("RestrictPublicBuckets"),
        })
    }

    pub(super) fn role_arn(&self, name: &str) -> String {
        // The name does not contain the role's path; the roles of this template do.
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
