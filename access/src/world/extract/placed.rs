//! Policies that are separate resources: the bucket, topic, queue, secret or event bus that each applies to.
//!
//! How a type names its resource is on its page in the CloudFormation template reference: `Bucket` by name, `Topics`
//! and `TopicArn` by ARN, `Queues` and `Queue` by URL, `SecretId` by "the ARN or name of the secret", `EventBusName` by
//! name.

use lakewright_template::arn::{ArnParts, ArnPattern};
use lakewright_template::partition::Partition;
use lakewright_template::resolve::{Resolved, SECRET_ENDS, UNKNOWN};
use lakewright_template::{LogicalId, Map, ResourceEntry};

use super::attached::united;
use super::{OnUnresolved, PieceError, Reader};
use crate::document::Document;

impl Reader<'_> {
    pub(super) fn bucket_policy(
        &mut self,
        id: &LogicalId,
        properties: &Map,
    ) -> Result<(), PieceError> {
        let partition = self.stack.place.partition();
        let names = self.places(id, properties, "Bucket")?;
        let arns = names.iter().map(|name| {
            // Bucket names contain no colon.
            if name.contains(':') {
                UNKNOWN.to_owned()
            } else {
                String::from(ArnParts::s3(partition, name))
            }
        });
        self.policy(id, properties, "PolicyDocument", arns.collect::<Vec<_>>())
    }

    pub(super) fn topic_policy(
        &mut self,
        id: &LogicalId,
        properties: &Map,
        property: &str,
    ) -> Result<(), PieceError> {
        let topics = self.texts(id, properties, property)?;
        self.policy(id, properties, "PolicyDocument", topics)
    }

    pub(super) fn queue_policy(
        &mut self,
        id: &LogicalId,
        properties: &Map,
        property: &str,
    ) -> Result<(), PieceError> {
        let queues = self.texts(id, properties, property)?;
        let arns = queues.iter().map(|url| queue_of(url).unwrap_or_else(|| UNKNOWN.to_owned()));
        self.policy(id, properties, "PolicyDocument", arns.collect::<Vec<_>>())
    }

    pub(super) fn secret_policy(
        &mut self,
        id: &LogicalId,
        properties: &Map,
    ) -> Result<(), PieceError> {
        let secrets = self.texts(id, properties, "SecretId")?;
        let arns = secrets.into_iter().map(|secret| self.secret(secret));
        let arns: Vec<String> = arns.collect();
        self.policy(id, properties, "ResourcePolicy", arns)
    }

    /// The ARN of the secret that a text names. For third-party templates, the six characters after the name are
    /// replaced by the placeholder that the model uses for secrets of templates. Source: "Secret" of CreateSecret in
    /// the Secrets Manager API reference.
    fn secret(&self, text: String) -> String {
        if text.contains(UNKNOWN) {
            return text;
        }
        if !text.starts_with("arn:") {
            return self.regional("secretsmanager", &format!("secret:{text}{SECRET_ENDS}"));
        }
        if self.stack.unresolved == OnUnresolved::Fail {
            return text;
        }
        let is_end =
            |end: &str| end.len() == 6 && end.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let stem = match text.rsplit_once('-') {
            Some((stem, end)) if is_end(end) => stem,
            // A partial ARN is accepted as well.
            _ => text.as_str(),
        };
        format!("{stem}{SECRET_ENDS}")
    }

    pub(super) fn bus_policy(
        &mut self,
        id: &LogicalId,
        properties: &Map,
    ) -> Result<(), PieceError> {
        let mut buses = self.texts(id, properties, "EventBusName")?;
        if buses.is_empty() {
            // Source: "EventBusName" of AWS::Events::EventBusPolicy: without it, the policy applies to the default bus.
            buses.push("default".to_owned());
        }
        let arns = buses.into_iter().map(|bus| {
            if bus.starts_with("arn:") {
                bus
            } else {
                self.regional("events", &format!("event-bus/{bus}"))
            }
        });
        let arns: Vec<String> = arns.collect();
        let older = self.older_bus_policy(id, properties)?;
        let origin = self.origin(id, "Statement");
        let mut documents = Vec::new();
        for statement in self.alternatives(id, properties, "Statement")? {
            let is_older = statement == Resolved::Null;
            let statement = if is_older { Resolved::from(&older) } else { statement };
            documents.push(self.read(&Document::around(statement), &origin)?);
        }
        let mut document = united(documents, &origin);
        for property in ["Action", "Condition", "EventBusName", "Principal"] {
            self.doubt(&mut document, properties, property);
        }
        if self.is_conditional {
            document.statements.iter_mut().for_each(|statement| statement.is_certain = false);
        }
        self.place(id, document, arns)
    }

    /// The older form of an event bus policy, with the parts of one statement as properties. Source:
    /// "AWS::Events::EventBusPolicy" in the CloudFormation template reference.
    fn older_bus_policy(
        &self,
        id: &LogicalId,
        properties: &Map,
    ) -> Result<serde_json::Value, PieceError> {
        let text = |property: &str| self.text(id, properties, property);
        let principal = text("Principal")?.unwrap_or_default();
        let condition = self.value(id, properties, "Condition")?;
        let part = |name: &str| condition.get(name).text();
        let mut statement = serde_json::json!({
            "Effect": "Allow",
            "Principal": if principal == "*" { principal.into() } else { serde_json::json!({ "AWS": principal }) },
            "Action": text("Action")?.unwrap_or_default(),
            "Resource": "*",
        });
        if condition.as_map().is_some() {
            statement["Condition"] =
                serde_json::json!({ part("Type"): { part("Key"): part("Value") } });
        }
        Ok(statement)
    }

    /// Records a policy of resources that are named by ARN.
    fn policy(
        &mut self,
        id: &LogicalId,
        properties: &Map,
        property: &'static str,
        arns: impl IntoIterator<Item = String>,
    ) -> Result<(), PieceError> {
        let Some(mut document) = self.document(id, properties, property)? else { return Ok(()) };
        for place in ["Bucket", "Queue", "Queues", "SecretId", "TopicArn", "Topics"] {
            self.doubt(&mut document, properties, place);
        }
        self.place(id, document, arns)
    }

    /// Records the resources that a policy applies to.
    fn place(
        &mut self,
        id: &LogicalId,
        document: Document,
        arns: impl IntoIterator<Item = String>,
    ) -> Result<(), PieceError> {
        let account = self.stack.place.account.clone();
        let mut is_nowhere = true;
        for arn in arns {
            is_nowhere = false;
            if arn.starts_with("arn:") && !arn.contains(UNKNOWN) {
                self.piece.policies.push((arn, (document.clone(), account.to_string())));
            } else if self.stack.unresolved == OnUnresolved::Fail {
                let what = "the policy of something whose ARN is not known".to_owned();
                return Err(self.outside(id.as_str(), what));
            } else {
                self.unplaced(id, document.clone());
            }
        }
        if is_nowhere && self.stack.unresolved == OnUnresolved::Placeholder {
            self.unplaced(id, document);
        }
        Ok(())
    }

    /// Records a policy whose resource is unknown.
    fn unplaced(&mut self, id: &LogicalId, document: Document) {
        let of_type = self.stack.template.resources.get(id).map(|one| service_of(&one.kind));
        self.piece.unplaced.extend(of_type);
        self.piece.others.push(document);
    }

    /// Records that a resource of an unsupported type may be the policy of another resource of its service.
    pub(super) fn may_be_a_policy(
        &mut self,
        id: &LogicalId,
        resource: &ResourceEntry,
        has_documents: bool,
    ) -> Result<(), PieceError> {
        if resource.kind == "AWS::RAM::ResourceShare" {
            return self.shared(id, &resource.properties);
        }
        let name = resource.kind.rsplit("::").next().unwrap_or_default();
        let is_named_so = ["Permission", "Policy"].iter().any(|word| name.contains(word));
        if is_named_so || has_documents {
            self.piece.unplaced.insert(service_of(&resource.kind));
        }
        Ok(())
    }

    /// Records the resources that AWS RAM shares: the permissions that it grants are in no template. Source:
    /// "AWS::RAM::ResourceShare" in the CloudFormation template reference, `PermissionArns`.
    fn shared(&mut self, id: &LogicalId, properties: &Map) -> Result<(), PieceError> {
        for arn in self.texts(id, properties, "ResourceArns")? {
            let is_known = |name: &&str| !name.is_empty() && !name.contains(UNKNOWN);
            if let Some(service) = ArnPattern::of(&arn).service.filter(is_known) {
                self.piece.unplaced.insert(service.to_owned());
            } else {
                // It may be any resource of the template itself.
                let own = self.stack.template.resources.values();
                self.piece.unplaced.extend(own.map(|one| service_of(&one.kind)));
            }
        }
        Ok(())
    }

    /// Records a resource whose name is known only at deployment: any policy of its service may apply to it.
    pub(super) fn may_have_any_name(&mut self, resource: &ResourceEntry) {
        if self.stack.unresolved == OnUnresolved::Fail {
            return;
        }
        let mut names = resource.properties.iter().filter(|(name, _)| name.ends_with("Name"));
        let is_open = names.any(|(_, value)| {
            let alternatives = self.resolver.alternatives(value);
            let mut texts = alternatives.iter().flatten().filter_map(Resolved::as_text);
            alternatives.len() > 1 || texts.any(|text| text.contains(UNKNOWN))
        });
        if is_open {
            self.piece.unnamed.insert(service_of(&resource.kind));
        }
    }
}

/// The service of a resource type, as written in ARNs.
fn service_of(kind: &str) -> String {
    match kind.split("::").nth(1).unwrap_or_default() {
        "StepFunctions" => "states".to_owned(),
        service => service.to_ascii_lowercase(),
    }
}

/// The ARN of the queue with this URL. Source: "Amazon SQS queue and message identifiers" in the Amazon SQS developer
/// guide: `https://sqs.REGION.amazonaws.com/ACCOUNT/NAME`.
fn queue_of(url: &str) -> Option<String> {
    let mut parts = url.strip_prefix("https://")?.split('/');
    let (host, account, name) = (parts.next()?, parts.next()?, parts.next()?);
    let region = host.strip_prefix("sqs.")?.split('.').next()?;
    let is_whole = parts.next().is_none() && !name.is_empty() && account.len() == 12;
    let partition = Partition::of_region(region).name;
    let arn = ArnParts { partition, service: "sqs", region, account, resource: name };
    is_whole.then(|| arn.into())
}
