//! What one template says about access.

mod code;
mod lake;
mod others;

use std::collections::BTreeMap;
use std::sync::Arc;

use lakewright_template::resolve::{Branch, Place, Resolved, Resolver, Unresolved};
use lakewright_template::{Intrinsic, LogicalId, Map, ResourceEntry, Template, Value};

use super::{AccessPoint, Resource, Role};
use crate::document::{Document, DocumentError, Origin};
use crate::lake::Lake;

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
    /// The text `unresolved`, for looking at templates of others.
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

    /// What the template says of Lake Formation, to be put together with what others say.
    pub fn take_lake(&mut self) -> Lake {
        std::mem::take(&mut self.lake)
    }

    /// Reads a template.
    pub fn of(stack: StackTemplate<'_>) -> Result<Self, PieceError> {
        let mut reader = Reader {
            stack,
            resolver: Resolver::new(stack.template, stack.place, Branch::Then),
            address: stack.address.into(),
            piece: Self::default(),
        };
        if stack.unresolved == OnUnresolved::Fail && stack.template.transform.is_some() {
            return Err(reader.outside("", "a transform".to_owned()));
        }
        for (id, resource) in &stack.template.resources {
            if stack.unresolved == OnUnresolved::Fail {
                reader.is_modelled(id, resource)?;
            }
            reader.resource(id, resource)?;
        }
        Ok(reader.piece)
    }
}

/// Tags, which some types have as a list and some as a map.
pub(crate) fn tags_of(tags: &Resolved<'_>) -> BTreeMap<String, String> {
    match tags {
        Resolved::List(tags) => {
            tags.iter().map(|tag| (tag.get("Key").text(), tag.get("Value").text())).collect()
        }
        Resolved::Map(tags) => {
            tags.iter().map(|(key, value)| ((*key).to_owned(), value.text())).collect()
        }
        _ => BTreeMap::new(),
    }
}

struct Reader<'a> {
    stack: StackTemplate<'a>,
    /// The stack's address, which each origin names.
    address: Arc<str>,
    resolver: Resolver<'a>,
    piece: Piece,
}

impl Reader<'_> {
    /// What the model does not know may give anything: a proof says so instead of passing over it.
    fn is_modelled(&self, id: &LogicalId, resource: &ResourceEntry) -> Result<(), PieceError> {
        let has = |property: &str| resource.properties.get(property).is_some();
        let kind = resource.kind.as_ref();
        let what = if !super::modelled::KINDS.contains(&kind) {
            format!("a resource of type {kind}")
        } else if resource.condition.is_some() {
            "a resource under a condition".to_owned()
        } else if let Some(property) = super::modelled::PROPERTIES
            .iter()
            .find_map(|(of, property)| (*of == kind && has(property)).then_some(property))
        {
            format!("the property {property} of {kind}")
        } else {
            return Ok(());
        };
        Err(self.outside(id.as_str(), what))
    }

    fn outside(&self, id: &str, what: String) -> PieceError {
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
                let arn = self.arn("iam", "", &format!("user/{id}"));
                let document = self.document(id, properties, "PolicyDocument")?;
                self.piece.attached.extend(document.map(|document| (arn, document)));
            }
            "AWS::IAM::RolePolicy" => {
                let role =
                    self.role_arn(&self.text(id, properties, "RoleName")?.unwrap_or_default());
                let document = self.document(id, properties, "PolicyDocument")?;
                self.piece.attached.extend(document.map(|document| (role, document)));
            }
            "AWS::IAM::ManagedPolicy" | "AWS::IAM::Policy" => {
                let Some(document) = self.document(id, properties, "PolicyDocument")? else {
                    return Ok(());
                };
                let roles = self.texts(id, properties, "Roles")?;
                let roles: Vec<String> = roles.iter().map(|role| self.role_arn(role)).collect();
                let name = self.text(id, properties, "ManagedPolicyName")?;
                // CloudFormation names it, or it is for users and groups: guardrails look at it.
                let name = name.or_else(|| roles.is_empty().then(|| id.to_string()));
                if let Some(name) = name {
                    let path = self.text(id, properties, "Path")?.unwrap_or_else(|| "/".to_owned());
                    let arn = self.arn("iam", "", &format!("policy{path}{name}"));
                    self.piece.managed.push((arn, document, roles));
                } else {
                    let attached = roles.into_iter().map(|role| (role, document.clone()));
                    self.piece.attached.extend(attached);
                }
            }
            "AWS::S3::BucketPolicy" => {
                let name = self.text(id, properties, "Bucket")?.unwrap_or_default();
                let arn = format!("arn:{}:s3:::{name}", self.stack.place.partition());
                self.policy(id, properties, "PolicyDocument", [arn])?;
            }
            "AWS::SNS::TopicPolicy" => {
                let topics = self.texts(id, properties, "Topics")?;
                self.policy(id, properties, "PolicyDocument", topics)?;
            }
            "AWS::SQS::QueuePolicy" => {
                let queues = self.texts(id, properties, "Queues")?;
                let name = |url: &String| url.rsplit('/').next().unwrap_or_default().to_owned();
                let arns: Vec<String> =
                    queues.iter().map(|url| self.regional("sqs", &name(url))).collect();
                self.policy(id, properties, "PolicyDocument", arns)?;
            }
            "AWS::SecretsManager::ResourcePolicy" => {
                let secret = self.text(id, properties, "SecretId")?.unwrap_or_default();
                self.policy(id, properties, "ResourcePolicy", [secret])?;
            }
            "AWS::Events::EventBusPolicy" => {
                let bus = self.text(id, properties, "EventBusName")?.unwrap_or_default();
                let arn = self.regional("events", &format!("event-bus/{bus}"));
                let statement = self.value(id, properties, "Statement")?;
                let document = Document::of_statement(statement, self.origin(id, "Statement"))?;
                self.piece.policies.push((arn, (document, self.stack.place.account.clone())));
            }
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
            "AWS::LakeFormation::PrincipalPermissions" => self.permissions(id, properties)?,
            "AWS::LakeFormation::DataLakeSettings" => self.settings(id, properties)?,
            "AWS::LakeFormation::Resource" => self.location(id, properties)?,
            "AWS::LakeFormation::TagAssociation" => self.tag_association(id, properties)?,
            "AWS::Glue::Database" | "AWS::Glue::Table" => self.catalog(id, resource)?,
            _ => self.other(id, resource)?,
        }
        Ok(())
    }

    /// The policies in the properties of a user or a group.
    fn inline(&mut self, id: &LogicalId, properties: &Map, kind: &str) -> Result<(), PieceError> {
        let arn = self.arn("iam", "", &format!("{kind}/{id}"));
        if let Resolved::List(policies) = self.value(id, properties, "Policies")? {
            for policy in policies {
                let document =
                    Document::parse(policy.get("PolicyDocument"), self.origin(id, "Policies"))?;
                self.piece.attached.push((arn.clone(), document));
            }
        }
        Ok(())
    }

    fn role(&mut self, id: &LogicalId, properties: &Map) -> Result<(), PieceError> {
        let name = self.text(id, properties, "RoleName")?.unwrap_or_else(|| id.to_string());
        let path = self.text(id, properties, "Path")?.unwrap_or_else(|| "/".to_owned());
        let arn = self.arn("iam", "", &format!("role{path}{name}"));
        let trust = self.document(id, properties, "AssumeRolePolicyDocument")?;
        let mut identity = Vec::new();
        if let Resolved::List(policies) = self.value(id, properties, "Policies")? {
            for policy in policies {
                let document =
                    Document::parse(policy.get("PolicyDocument"), self.origin(id, "Policies"))?;
                identity.push(Arc::new(document));
            }
        }
        let foreign_policies = self.texts(id, properties, "ManagedPolicyArns")?;
        self.piece.roles.push(Role {
            account: self.stack.place.account.clone(),
            tags: self.tags(id, properties)?,
            boundary: self.text(id, properties, "PermissionsBoundary")?,
            identity,
            managed: BTreeMap::new(),
            has_foreign_policies: !foreign_policies.is_empty(),
            foreign_policies,
            trust: trust.unwrap_or_else(|| Document {
                origin: self.origin(id, "AssumeRolePolicyDocument"),
                has_variables: true,
                statements: Vec::new(),
            }),
            arn,
        });
        Ok(())
    }

    /// A resource of any other type, with the policy in its own properties when it has one.
    fn other(&mut self, id: &LogicalId, resource: &ResourceEntry) -> Result<(), PieceError> {
        let is_known = super::modelled::KINDS.contains(&resource.kind.as_ref());
        if !is_known {
            self.others(id, resource)?;
        }
        let Some(arn) = self.arn_of(id, resource)? else { return Ok(()) };
        let properties = &resource.properties;
        let policy = match resource.kind.as_ref() {
            "AWS::KMS::Key" => self.document(id, properties, "KeyPolicy")?,
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
            account: self.stack.place.account.clone(),
            tags: self.tags(id, properties)?,
            policy,
            code: self.code(id, resource)?,
            origin: self.origin(id, ""),
        });
        Ok(())
    }

    /// The ARN of a resource that policies can name.
    fn arn_of(
        &self,
        id: &LogicalId,
        resource: &ResourceEntry,
    ) -> Result<Option<String>, PieceError> {
        let properties = &resource.properties;
        let named = |property| self.text(id, properties, property);
        let attribute = |attribute: &'static str| {
            let call = Intrinsic::GetAtt(id.clone(), attribute.into());
            self.resolved(id, &call.into()).map(|arn| arn.as_text().map(str::to_owned))
        };
        let regional = |service: &str, form: &str, name: Option<String>| {
            name.map(|name| self.regional(service, &format!("{form}{name}")))
        };
        Ok(match resource.kind.as_ref() {
            "AWS::S3::Bucket"
            | "AWS::KMS::Key"
            | "AWS::SQS::Queue"
            | "AWS::CodeBuild::Project"
            | "AWS::CodeCommit::Repository"
            | "AWS::Events::EventBus"
            | "AWS::Logs::LogGroup"
            | "AWS::StepFunctions::StateMachine" => attribute("Arn")?,
            "AWS::SNS::Topic" => attribute("TopicArn")?,
            "AWS::S3::AccessPoint" => regional("s3", "accesspoint/", named("Name")?),
            "AWS::Athena::WorkGroup" => regional("athena", "workgroup/", named("Name")?),
            "AWS::Glue::Crawler" => regional("glue", "crawler/", named("Name")?),
            "AWS::Glue::Job" => regional("glue", "job/", named("Name")?),
            "AWS::Glue::Trigger" => regional("glue", "trigger/", named("Name")?),
            "AWS::SageMaker::NotebookInstance" => {
                regional("sagemaker", "notebook-instance/", named("NotebookInstanceName")?)
            }
            "AWS::SageMaker::UserProfile" => {
                let profile = named("UserProfileName")?;
                let domain = named("DomainId")?.unwrap_or_default();
                regional("sagemaker", &format!("user-profile/{domain}/"), profile)
            }
            "AWS::SSM::Parameter" => {
                let name = named("Name")?;
                regional(
                    "ssm",
                    "parameter",
                    name.map(|name| format!("/{}", name.trim_start_matches('/'))),
                )
            }
            "AWS::SecretsManager::Secret" => regional("secretsmanager", "secret:", named("Name")?),
            "AWS::CodePipeline::Pipeline" => regional("codepipeline", "", named("Name")?),
            "AWS::Lambda::Function" => regional("lambda", "function:", named("FunctionName")?),
            "AWS::QuickSight::DataSource" => {
                regional("quicksight", "datasource/", named("DataSourceId")?)
            }
            _ => None,
        })
    }

    fn policy(
        &mut self,
        id: &LogicalId,
        properties: &Map,
        property: &'static str,
        arns: impl IntoIterator<Item = String>,
    ) -> Result<(), PieceError> {
        if let Some(document) = self.document(id, properties, property)? {
            let account = &self.stack.place.account;
            let policies = arns.into_iter().map(|arn| (arn, (document.clone(), account.clone())));
            self.piece.policies.extend(policies);
        }
        Ok(())
    }

    fn document(
        &self,
        id: &LogicalId,
        properties: &Map,
        property: &'static str,
    ) -> Result<Option<Document>, PieceError> {
        if properties.get(property).is_none() {
            return Ok(None);
        }
        let document = self.value(id, properties, property)?;
        Ok(Some(Document::parse(&document, self.origin(id, property))?))
    }

    fn tags(
        &self,
        id: &LogicalId,
        properties: &Map,
    ) -> Result<BTreeMap<String, String>, PieceError> {
        Ok(tags_of(&self.value(id, properties, "Tags")?))
    }

    fn text(
        &self,
        id: &LogicalId,
        properties: &Map,
        property: &str,
    ) -> Result<Option<String>, PieceError> {
        Ok(match self.value(id, properties, property)? {
            Resolved::Text(text) => Some(text.into_owned()),
            _ => None,
        })
    }

    fn texts(
        &self,
        id: &LogicalId,
        properties: &Map,
        property: &str,
    ) -> Result<Vec<String>, PieceError> {
        Ok(match self.value(id, properties, property)? {
            Resolved::List(items) => {
                items.iter().filter_map(|item| item.as_text().map(str::to_owned)).collect()
            }
            Resolved::Text(text) => vec![text.into_owned()],
            _ => Vec::new(),
        })
    }

    /// The value of a property; null where it is not set.
    fn value<'v>(
        &self,
        id: &LogicalId,
        properties: &'v Map,
        property: &str,
    ) -> Result<Resolved<'v>, PieceError> {
        properties.get(property).map_or(Ok(Resolved::Null), |value| self.resolved(id, value))
    }

    fn resolved<'v>(&self, id: &LogicalId, value: &'v Value) -> Result<Resolved<'v>, PieceError> {
        let resolved = self.resolver.resolve(value);
        if resolved.is_err() && self.stack.unresolved == OnUnresolved::Placeholder {
            return Ok(self.with_placeholders(value).unwrap_or(Resolved::Null));
        }
        let resolved = resolved.map_err(|error| PieceError::Unresolved {
            stack: self.stack.address.to_owned(),
            logical_id: id.to_string(),
            error,
        })?;
        Ok(resolved.unwrap_or(Resolved::Null))
    }

    /// A value in which each part that cannot be known is a placeholder; `None` for `AWS::NoValue`.
    fn with_placeholders<'v>(&self, value: &'v Value) -> Option<Resolved<'v>> {
        Some(match value {
            Value::List(items) => {
                let items = items.iter().filter_map(|item| self.with_placeholders(item));
                Resolved::List(items.collect())
            }
            Value::Map(map) => {
                let entries = map
                    .iter()
                    .filter_map(|(key, item)| Some((key.as_ref(), self.with_placeholders(item)?)));
                Resolved::Map(entries.collect())
            }
            leaf => match self.resolver.resolve(leaf) {
                Ok(resolved) => return resolved,
                Err(_) => Resolved::Text("unresolved".into()),
            },
        })
    }

    fn origin(&self, id: &LogicalId, property: &'static str) -> Origin {
        Origin { stack: self.address.clone(), logical_id: id.to_string(), property }
    }

    fn role_arn(&self, name: &str) -> String {
        // A role's path is not in its name; roles of the same template say it.
        let role = self.piece.roles.iter().find(|role| role.arn.ends_with(&format!("/{name}")));
        role.map_or_else(|| self.arn("iam", "", &format!("role/{name}")), |role| role.arn.clone())
    }

    fn arn(&self, service: &str, region: &str, resource: &str) -> String {
        let place = self.stack.place;
        format!("arn:{}:{service}:{region}:{}:{resource}", place.partition(), place.account)
    }

    fn regional(&self, service: &str, resource: &str) -> String {
        self.arn(service, &self.stack.place.region, resource)
    }
}
