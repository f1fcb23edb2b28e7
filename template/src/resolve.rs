//! Values with every intrinsic function replaced by what it would give.
//!
//! Schemas check lengths and patterns, so a template is validated as
//! CloudFormation will see it: names that stand in the template are taken from
//! there, generated ids are given a plausible form. A function without a known
//! result is an error, never a guess.

use std::borrow::Cow;
use std::cell::Cell;

use serde_json::Value as Plain;

use crate::intrinsic::SubPart;
use crate::{Intrinsic, LogicalId, ResourceEntry, Template, Value};

/// Where a template is deployed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The account's 12 digits.
    pub account: String,
    /// The region, such as `eu-west-1`.
    pub region: String,
}

impl Place {
    /// The partition that the region lies in: `aws`, `aws-cn` or `aws-us-gov`.
    pub fn partition(&self) -> &'static str {
        partition_of(&self.region)
    }
}

/// The partition that a region lies in.
pub fn partition_of(region: &str) -> &'static str {
    if region.starts_with("cn-") {
        "aws-cn"
    } else if region.starts_with("us-gov-") {
        "aws-us-gov"
    } else {
        "aws"
    }
}

/// Which value `Fn::If` gives. Validating both ways covers each value that can be deployed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Branch {
    /// Each condition is true.
    Then,
    /// Each condition is false.
    Otherwise,
}

/// A function whose result is not known.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the value of {0} is not known before deployment")]
pub struct Unresolved(pub String);

/// A value with every function resolved. Text is the template's own where nothing was put together.
#[derive(Debug, Clone, PartialEq)]
pub enum Resolved<'v> {
    /// JSON null.
    Null,
    /// A boolean.
    Bool(bool),
    /// A number.
    Number(serde_json::Number),
    /// Text.
    Text(Cow<'v, str>),
    /// A list.
    List(Vec<Self>),
    /// An object, in the order of the template.
    Map(Vec<(&'v str, Self)>),
}

impl<'v> Resolved<'v> {
    /// The text, when this is text.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The text, or none.
    pub fn text(&self) -> String {
        self.as_text().unwrap_or_default().to_owned()
    }

    /// The items, when this is a list.
    pub fn as_list(&self) -> Option<&[Self]> {
        match self {
            Self::List(items) => Some(items),
            _ => None,
        }
    }

    /// The entries, when this is an object.
    pub fn as_map(&self) -> Option<&[(&'v str, Self)]> {
        match self {
            Self::Map(entries) => Some(entries),
            _ => None,
        }
    }

    /// The value under a key; null where there is none.
    pub fn get(&self, key: &str) -> &Self {
        let found = self.as_map().and_then(|map| map.iter().find(|(other, _)| *other == key));
        found.map_or(&Self::Null, |(_, value)| value)
    }

    /// The value as plain JSON.
    pub fn into_plain(self) -> Plain {
        match self {
            Self::Null => Plain::Null,
            Self::Bool(value) => Plain::Bool(value),
            Self::Number(number) => Plain::Number(number),
            Self::Text(text) => Plain::String(text.into_owned()),
            Self::List(items) => items.into_iter().map(Self::into_plain).collect(),
            Self::Map(entries) => {
                entries.into_iter().map(|(key, item)| (key.to_owned(), item.into_plain())).collect()
            }
        }
    }
}

impl<'v> From<&'v Plain> for Resolved<'v> {
    fn from(plain: &'v Plain) -> Self {
        match plain {
            Plain::Null => Self::Null,
            Plain::Bool(value) => Self::Bool(*value),
            Plain::Number(number) => Self::Number(number.clone()),
            Plain::String(text) => Self::Text(text.as_str().into()),
            Plain::Array(items) => Self::List(items.iter().map(Self::from).collect()),
            Plain::Object(entries) => {
                let entries = entries.iter().map(|(key, item)| (key.as_str(), item.into()));
                Self::Map(entries.collect())
            }
        }
    }
}

/// Resolves the values of one template.
#[derive(Debug)]
pub struct Resolver<'a> {
    /// The template.
    pub template: &'a Template,
    /// Where it is deployed.
    pub place: &'a Place,
    /// Which way conditions go.
    pub branch: Branch,
    /// Whether a value was resolved that depends on a condition.
    has_met_condition: Cell<bool>,
}

impl<'a> Resolver<'a> {
    /// A resolver of a template's values.
    pub fn new(template: &'a Template, place: &'a Place, branch: Branch) -> Self {
        Self { template, place, branch, has_met_condition: Cell::new(false) }
    }

    /// Whether a value that was resolved so far depends on a condition, and so is another one in the other
    /// branch.
    pub fn has_met_condition(&self) -> bool {
        self.has_met_condition.get()
    }

    /// The value as CloudFormation passes it to the service; `None` for `AWS::NoValue`.
    pub fn resolve<'v>(&self, value: &'v Value) -> Result<Option<Resolved<'v>>, Unresolved> {
        Ok(Some(match value {
            Value::Null => Resolved::Null,
            Value::Bool(value) => Resolved::Bool(*value),
            Value::Integer(number) => Resolved::Number((*number).into()),
            Value::Decimal(number) => {
                let number = number.parse::<f64>().ok().and_then(serde_json::Number::from_f64);
                number.map_or(Resolved::Null, Resolved::Number)
            }
            Value::Text(text) => Resolved::Text(text.as_ref().into()),
            Value::List(items) => {
                let mut list = Vec::with_capacity(items.len());
                for item in items {
                    list.extend(self.resolve(item)?);
                }
                Resolved::List(list)
            }
            Value::Map(map) => {
                let mut entries = Vec::with_capacity(map.len());
                for (key, item) in map.iter() {
                    if let Some(item) = self.resolve(item)? {
                        entries.push((key.as_ref(), item));
                    }
                }
                Resolved::Map(entries)
            }
            Value::Intrinsic(call) => return self.call(call),
        }))
    }

    fn call<'v>(&self, call: &'v Intrinsic) -> Result<Option<Resolved<'v>>, Unresolved> {
        let text = match call {
            Intrinsic::Ref(id) if id.as_str() == "AWS::NoValue" => return Ok(None),
            Intrinsic::Ref(id) => self.reference(id)?,
            Intrinsic::GetAtt(id, attribute) => self.attribute(id.as_str(), attribute)?,
            Intrinsic::Sub { parts, variables } => {
                let mut text = String::new();
                for part in parts {
                    match part {
                        SubPart::Literal(literal) => text.push_str(literal),
                        SubPart::Variable(name) => {
                            let value = match (variables.get(name), name.split_once('.')) {
                                (Some(value), _) => self.text(value)?,
                                (None, Some((id, attribute))) => self.attribute(id, attribute)?,
                                (None, None) => self.reference(&LogicalId::parameter(name))?,
                            };
                            text.push_str(&value);
                        }
                    }
                }
                text
            }
            Intrinsic::Join { delimiter, values } => self.texts(values)?.join(delimiter),
            Intrinsic::If { condition: _, then, otherwise } => {
                self.has_met_condition.set(true);
                return self.resolve(match self.branch {
                    Branch::Then => then,
                    Branch::Otherwise => otherwise,
                });
            }
            Intrinsic::Select { index, values } => {
                let index: usize = self.text(index)?.parse().unwrap_or_default();
                let items = self.texts(values)?;
                items.get(index).cloned().ok_or_else(|| Unresolved("Fn::Select".to_owned()))?
            }
            Intrinsic::Split { delimiter, source } => {
                let source = self.text(source)?;
                let items = source.split(delimiter.as_ref());
                let items = items.map(|item| Resolved::Text(item.to_owned().into()));
                return Ok(Some(Resolved::List(items.collect())));
            }
            Intrinsic::GetAzs(_) => {
                let zones = ["a", "b", "c"].map(|zone| format!("{}{zone}", self.place.region));
                let zones = zones.map(|zone| Resolved::Text(zone.into()));
                return Ok(Some(Resolved::List(zones.into())));
            }
            Intrinsic::Base64(item) => self.text(item)?,
            Intrinsic::ToJsonString(item) => {
                let resolved = self.resolve(item)?;
                resolved.map(|value| value.into_plain().to_string()).unwrap_or_default()
            }
            Intrinsic::And(_)
            | Intrinsic::Cidr { .. }
            | Intrinsic::Condition(_)
            | Intrinsic::Equals(..)
            | Intrinsic::FindInMap { .. }
            | Intrinsic::GetStackOutput(_)
            | Intrinsic::ImportValue(_)
            | Intrinsic::Not(_)
            | Intrinsic::Or(_)
            | Intrinsic::Other(..) => {
                return Err(Unresolved(crate::write::function_form(call).0.into_owned()));
            }
        };
        Ok(Some(Resolved::Text(text.into())))
    }

    fn text(&self, value: &Value) -> Result<String, Unresolved> {
        match self.resolve(value)? {
            Some(Resolved::Text(text)) => Ok(text.into_owned()),
            Some(Resolved::Number(number)) => Ok(number.to_string()),
            Some(Resolved::Bool(value)) => Ok(value.to_string()),
            Some(Resolved::Null | Resolved::List(_) | Resolved::Map(_)) | None => {
                Err(Unresolved("a value that is no text".to_owned()))
            }
        }
    }

    fn texts(&self, values: &Value) -> Result<Vec<String>, Unresolved> {
        match self.resolve(values)? {
            Some(Resolved::List(items)) => Ok(items
                .into_iter()
                .map(|item| match item {
                    Resolved::Text(text) => text.into_owned(),
                    other => other.into_plain().to_string(),
                })
                .collect()),
            _ => Err(Unresolved("a value that is no list".to_owned())),
        }
    }

    fn reference(&self, id: &LogicalId) -> Result<String, Unresolved> {
        let pseudo = match id.as_str() {
            "AWS::AccountId" => Some(self.place.account.clone()),
            "AWS::Region" => Some(self.place.region.clone()),
            "AWS::Partition" => Some(self.place.partition().to_owned()),
            "AWS::URLSuffix" => Some(url_suffix(self.place.partition()).to_owned()),
            "AWS::StackName" => Some("sample-stack".to_owned()),
            "AWS::StackId" => Some(format!(
                "arn:aws:cloudformation:{}:{}:stack/sample-stack/{SAMPLE_UUID}",
                self.place.region, self.place.account
            )),
            _ => None,
        };
        if let Some(value) = pseudo {
            return Ok(value);
        }
        if let Some(parameter) = self.template.parameters.get(id.as_str()) {
            // The default is the path of an SSM parameter, and its value is only known there. What
            // stacks leave in parameters are ids of domains and of their VPCs.
            let attribute = |name| parameter.attributes.get(name).and_then(Value::as_text);
            if attribute("Type").is_some_and(|kind| kind.starts_with("AWS::SSM::Parameter::Value<"))
            {
                let is_vpc = attribute("Default").is_some_and(|path| path.ends_with("/vpc-id"));
                let sample = if is_vpc { "vpc-0123456789abcdef0" } else { "d-0123456789ab" };
                return Ok(sample.to_owned());
            }
            let default = parameter.attributes.get("Default").map(|value| self.text(value));
            return default.unwrap_or_else(|| Err(Unresolved(format!("parameter `{id}`"))));
        }
        let Some(resource) = self.template.resources.get(id) else {
            return Err(Unresolved(format!("`{id}`, which is not in the template")));
        };
        self.name(id, resource)
            .ok_or_else(|| Unresolved(format!("Ref of {} `{id}`", resource.kind)))
    }

    /// What `Ref` gives for a resource.
    fn name(&self, id: &LogicalId, resource: &ResourceEntry) -> Option<String> {
        let named =
            |property| resource.properties.get(property).and_then(|value| self.text(value).ok());
        match resource.kind.as_ref() {
            "AWS::Athena::WorkGroup"
            | "AWS::Glue::Crawler"
            | "AWS::Glue::Job"
            | "AWS::Glue::SecurityConfiguration"
            | "AWS::Glue::Trigger"
            | "AWS::SSM::Parameter" => named("Name"),
            "AWS::S3::Bucket" => named("BucketName"),
            "AWS::IAM::Role" => named("RoleName"),
            "AWS::CodeCommit::Repository" => Some(SAMPLE_UUID.to_owned()),
            "AWS::KMS::Key" => Some(self.key_id(id)),
            "AWS::KMS::Alias" => named("AliasName"),
            "AWS::Logs::LogGroup" => named("LogGroupName"),
            "AWS::Glue::Database" => resource
                .properties
                .get("DatabaseInput")
                .and_then(Value::as_map)
                .and_then(|input| input.get("Name"))
                .and_then(|name| self.text(name).ok()),
            "AWS::IAM::ManagedPolicy" => {
                Some(self.arn("iam", "", &format!("policy/{}", named("ManagedPolicyName")?)))
            }
            "AWS::EC2::VPC" => Some(sample_id("vpc", id)),
            "AWS::EC2::Subnet" => Some(sample_id("subnet", id)),
            "AWS::EC2::SecurityGroup" => Some(sample_id("sg", id)),
            "AWS::EC2::RouteTable" => Some(sample_id("rtb", id)),
            "AWS::SageMaker::Domain" => Some("d-0123456789ab".to_owned()),
            "AWS::CloudWatch::Alarm" => named("AlarmName"),
            "AWS::CodeBuild::Project" | "AWS::CodePipeline::Pipeline" | "AWS::Events::EventBus" => {
                named("Name")
            }
            "AWS::QuickSight::Group" => named("GroupName"),
            "AWS::StepFunctions::StateMachine" => Some(self.arn(
                "states",
                &self.place.region,
                &format!("stateMachine:{}", named("StateMachineName")?),
            )),
            "AWS::SNS::Topic" => Some(self.arn("sns", &self.place.region, &named("TopicName")?)),
            "AWS::SQS::Queue" => Some(format!(
                "https://sqs.{}.{}/{}/{}",
                self.place.region,
                url_suffix(self.place.partition()),
                self.place.account,
                named("QueueName")?
            )),
            _ => None,
        }
    }

    fn attribute(&self, id: &str, attribute: &str) -> Result<String, Unresolved> {
        let id = &LogicalId::parameter(id);
        let Some(resource) = self.template.resources.get(id) else {
            return Err(Unresolved(format!("`{id}`, which is not in the template")));
        };
        let region = self.place.region.as_str();
        let unknown = || Unresolved(format!("{}.{attribute} of `{id}`", resource.kind));
        let name = || self.name(id, resource).ok_or_else(unknown);
        let named = |property| {
            resource
                .properties
                .get(property)
                .and_then(|value| self.text(value).ok())
                .ok_or_else(unknown)
        };
        Ok(match (resource.kind.as_ref(), attribute) {
            ("AWS::S3::AccessPoint", "Arn") => {
                self.arn("s3", region, &format!("accesspoint/{}", named("Name")?))
            }
            ("AWS::S3::Bucket", "Arn") => {
                format!("arn:{}:s3:::{}", self.place.partition(), name()?)
            }
            ("AWS::IAM::Role", "Arn") => self.arn("iam", "", &format!("role/{}", name()?)),
            ("AWS::KMS::Key", "Arn") => self.arn("kms", region, &format!("key/{}", name()?)),
            ("AWS::EC2::SecurityGroup", "GroupId")
            | ("AWS::IAM::ManagedPolicy", "PolicyArn")
            | ("AWS::SNS::Topic", "TopicArn")
            | ("AWS::SageMaker::Domain", "DomainId")
            | ("AWS::StepFunctions::StateMachine", "Arn") => name()?,
            ("AWS::SQS::Queue", "Arn") => self.arn("sqs", region, &named("QueueName")?),
            ("AWS::Logs::LogGroup", "Arn") => {
                self.arn("logs", region, &format!("log-group:{}:*", name()?))
            }
            ("AWS::EC2::VPC", "CidrBlock") => named("CidrBlock")?,
            ("AWS::CodeBuild::Project", "Arn") => {
                self.arn("codebuild", region, &format!("project/{}", name()?))
            }
            ("AWS::CodeCommit::Repository", "Arn") => {
                self.arn("codecommit", region, &named("RepositoryName")?)
            }
            ("AWS::CodeCommit::Repository", "Name") => named("RepositoryName")?,
            ("AWS::Events::EventBus", "Arn") => {
                self.arn("events", region, &format!("event-bus/{}", name()?))
            }
            ("AWS::Events::Rule", "Arn") => {
                self.arn("events", region, &format!("rule/{}", named("Name")?))
            }
            ("AWS::QuickSight::Group", "Arn") => {
                self.arn("quicksight", region, &format!("group/default/{}", name()?))
            }
            ("AWS::StepFunctions::StateMachine", "Name") => named("StateMachineName")?,
            ("AWS::WAFv2::IPSet" | "AWS::WAFv2::WebACL", "Arn") => {
                let kind = if resource.kind.ends_with("IPSet") { "ipset" } else { "webacl" };
                let name = named("Name")?;
                self.arn("wafv2", region, &format!("regional/{kind}/{name}/{SAMPLE_UUID}"))
            }
            _ => return Err(unknown()),
        })
    }

    /// An id in the form of a key's, different for keys with different aliases.
    fn key_id(&self, id: &LogicalId) -> String {
        let is_its_alias = |resource: &&ResourceEntry| {
            resource.kind == "AWS::KMS::Alias"
                && matches!(
                    resource.properties.get("TargetKeyId").and_then(Value::as_intrinsic),
                    Some(Intrinsic::Ref(key) | Intrinsic::GetAtt(key, _)) if key == id
                )
        };
        let alias = self.template.resources.values().find(is_its_alias);
        let alias = alias.and_then(|alias| alias.properties.get("AliasName")?.as_text());
        let Place { account, region } = self.place;
        let name = format!("{account}/{region}/{}", alias.unwrap_or(id.as_str()));
        let hash = crate::digest::hex_prefix(name.as_bytes(), 32);
        let cut = |from, to| &hash[from..to];
        let parts = [cut(0, 8), cut(8, 12), cut(12, 16), cut(16, 20), cut(20, 32)];
        parts.join("-")
    }

    fn arn(&self, service: &str, region: &str, resource: &str) -> String {
        let Place { account, region: _ } = self.place;
        format!("arn:{}:{service}:{region}:{account}:{resource}", self.place.partition())
    }
}

fn url_suffix(partition: &str) -> &'static str {
    if partition == "aws-cn" { "amazonaws.com.cn" } else { "amazonaws.com" }
}

/// A plausible id of an EC2 resource, different for each resource of a template.
fn sample_id(prefix: &str, id: &LogicalId) -> String {
    format!("{prefix}-{}0", crate::digest::hex_prefix(id.as_str().as_bytes(), 16))
}

/// The form of generated ids.
const SAMPLE_UUID: &str = "01234567-89ab-cdef-0123-456789abcdef";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read;

    fn resolve(value: &str) -> Result<Option<Plain>, Unresolved> {
        let text = format!(
            "Metadata: {{v: {value}}}\nResources:\n  B: {{Type: AWS::S3::Bucket, Properties: {{BucketName: data}}}}\n  \
             K: {{Type: AWS::KMS::Key}}\n"
        );
        let template = read::template(&text).expect("a template");
        let place = Place { account: "111122223333".to_owned(), region: "eu-west-1".to_owned() };
        let resolver = Resolver::new(&template, &place, Branch::Then);
        let found = resolver.resolve(template.metadata.get("v").expect("the value"))?;
        Ok(found.map(Resolved::into_plain))
    }

    #[test]
    fn references_become_what_the_service_will_see() {
        for (value, expected) in [
            ("!Ref B", "data"),
            ("!GetAtt B.Arn", "arn:aws:s3:::data"),
            ("!Sub 's3://${B}/${!raw}/${AWS::AccountId}'", "s3://data/${raw}/111122223333"),
            ("!Join ['/', [!GetAtt B.Arn, '*']]", "arn:aws:s3:::data/*"),
            ("!Select [1, !Split ['-', a-b]]", "b"),
            ("!If [C, yes-it-is, no-it-is-not]", "yes-it-is"),
        ] {
            assert_eq!(resolve(value), Ok(Some(Plain::from(expected))), "{value}");
        }
        assert_eq!(resolve("!Ref AWS::NoValue"), Ok(None));
        let key = resolve("!GetAtt K.Arn").expect("known").expect("a value").to_string();
        assert!(key.starts_with("\"arn:aws:kms:eu-west-1:111122223333:key/"), "{key}");
    }

    #[test]
    fn what_is_not_known_is_an_error() {
        assert_eq!(
            resolve("!GetAtt B.WebsiteURL"),
            Err(Unresolved("AWS::S3::Bucket.WebsiteURL of `B`".to_owned()))
        );
        assert_eq!(resolve("!ImportValue x"), Err(Unresolved("Fn::ImportValue".to_owned())));
    }
}
