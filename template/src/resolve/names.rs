//! Names and attributes of parameters, pseudo parameters and resources: the results of `Ref` and `Fn::GetAtt`.

use super::choice::Choice;
use super::{Place, Reading, Resolver, SECRET_ENDS, UNKNOWN, Unresolved};
use crate::{Intrinsic, LogicalId, Parameter, ResourceEntry, Value};

impl Resolver<'_> {
    pub(super) fn reference(&self, id: &LogicalId) -> Result<String, Unresolved> {
        let pseudo = match id.as_str() {
            "AWS::AccountId" => Some(self.place.account.to_string()),
            "AWS::Region" => Some(self.place.region.to_string()),
            "AWS::Partition" => Some(self.place.partition().to_owned()),
            "AWS::URLSuffix" => Some(self.place.url_suffix().to_owned()),
            "AWS::StackName" => Some(self.stack_name()),
            "AWS::StackId" => Some(
                self.place
                    .arn("cloudformation", &format!("stack/{}/{SAMPLE_UUID}", self.stack_name())),
            ),
            _ => None,
        };
        if let Some(value) = pseudo {
            return Ok(value);
        }
        if let Some(parameter) = self.template.parameters.get(id.as_str()) {
            if let Reading::Open { scope, others, choice } = &self.reading {
                if let Some(given) = others.parameter(scope, id.as_str()) {
                    return given.clone().ok_or_else(|| Unresolved(format!("parameter `{id}`")));
                }
                return self.chosen(id, parameter, choice);
            }
            // The default is the path of an SSM parameter, whose value is known only in the account.
            // Lakewright's stacks use such parameters for ids of domains and of their VPCs.
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

    /// The result of `Ref` for a resource.
    fn name(&self, id: &LogicalId, resource: &ResourceEntry) -> Option<String> {
        let place = self.place;
        let named = |property| self.named(id, resource, property);
        match resource.kind.as_ref() {
            "AWS::Athena::WorkGroup"
            | "AWS::Glue::Crawler"
            | "AWS::Glue::Job"
            | "AWS::Glue::SecurityConfiguration"
            | "AWS::Glue::Trigger"
            | "AWS::SSM::Parameter" => named("Name"),
            "AWS::DynamoDB::Table" => named("TableName"),
            "AWS::Lambda::Function" => named("FunctionName"),
            "AWS::S3::Bucket" => named("BucketName"),
            "AWS::IAM::Role" => named("RoleName"),
            "AWS::CodeCommit::Repository" => Some(SAMPLE_UUID.to_owned()),
            "AWS::KMS::Key" => Some(self.key_id(id)),
            "AWS::KMS::ReplicaKey" => Some(self.replica_id(id, resource)),
            "AWS::KMS::Alias" => named("AliasName"),
            "AWS::Logs::LogGroup" => named("LogGroupName"),
            "AWS::Glue::Database" => self.named_in(resource, "DatabaseInput"),
            // Source: "Return values" of AWS::Glue::Table in the CloudFormation template reference.
            "AWS::Glue::Table" => self.named_in(resource, "TableInput"),
            "AWS::IAM::ManagedPolicy" => {
                Some(place.global_arn("iam", &format!("policy/{}", named("ManagedPolicyName")?)))
            }
            // Its ARN. Source: "Return values" of AWS::SecretsManager::Secret in the CloudFormation template reference.
            "AWS::SecretsManager::Secret" => Some(
                place.arn("secretsmanager", &format!("secret:{}{SECRET_ENDS}", named("Name")?)),
            ),
            "AWS::IAM::OIDCProvider" => {
                // Without the scheme. Source: "Request parameters" of CreateOpenIDConnectProvider in the IAM API reference.
                let url = named("Url")?;
                let host = url.split_once("://").map_or(url.as_str(), |(_, host)| host);
                Some(place.global_arn("iam", &format!("oidc-provider/{host}")))
            }
            "AWS::IAM::SAMLProvider" => {
                Some(place.global_arn("iam", &format!("saml-provider/{}", named("Name")?)))
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
            "AWS::VerifiedPermissions::PolicyStore" => Some(sample_id("PS", id)),
            "AWS::StepFunctions::StateMachine" => {
                Some(place.arn("states", &format!("stateMachine:{}", named("StateMachineName")?)))
            }
            "AWS::SNS::Topic" => Some(place.arn("sns", &named("TopicName")?)),
            "AWS::SQS::Queue" => Some(format!(
                "https://sqs.{}.{}/{}/{}",
                place.region,
                place.url_suffix(),
                place.account,
                named("QueueName")?
            )),
            _ => None,
        }
    }

    /// The name within a property.
    fn named_in(&self, resource: &ResourceEntry, property: &str) -> Option<String> {
        let input = resource.properties.get(property).and_then(Value::as_map)?;
        self.text(input.get("Name")?).ok()
    }

    pub(super) fn attribute(&self, id: &str, attribute: &str) -> Result<String, Unresolved> {
        let Some((id, resource)) = self.template.resources.get_key_value(id) else {
            return Err(Unresolved(format!("`{id}`, which is not in the template")));
        };
        let place = self.place;
        let unknown = || Unresolved(format!("{}.{attribute} of `{id}`", resource.kind));
        let name = || self.name(id, resource).ok_or_else(unknown);
        let named = |property| self.named(id, resource, property).ok_or_else(unknown);
        Ok(match (resource.kind.as_ref(), attribute) {
            ("AWS::CloudFormation::Stack" | "AWS::Serverless::Application", _) => {
                let Reading::Open { scope, others, .. } = &self.reading else {
                    return Err(unknown());
                };
                let output = attribute.strip_prefix("Outputs.").ok_or_else(unknown)?;
                others.nested_output(scope, id.as_str(), output).ok_or_else(unknown)?
            }
            ("AWS::DynamoDB::Table", "Arn") => place.arn("dynamodb", &format!("table/{}", name()?)),
            ("AWS::Lambda::Function", "Arn") => {
                place.arn("lambda", &format!("function:{}", name()?))
            }
            ("AWS::S3::AccessPoint", "Arn") => {
                place.arn("s3", &format!("accesspoint/{}", named("Name")?))
            }
            ("AWS::S3::Bucket", "Arn") => place.partition_arn("s3", &name()?),
            ("AWS::IAM::Role", "Arn") => {
                let path = resource.properties.get("Path").and_then(|path| self.text(path).ok());
                let path = path.unwrap_or_else(|| "/".to_owned());
                place.global_arn("iam", &format!("role{path}{}", name()?))
            }
            ("AWS::KMS::Key" | "AWS::KMS::ReplicaKey", "Arn") => {
                place.arn("kms", &format!("key/{}", name()?))
            }
            // Its ARN has no region. Source: the service authorization reference of Verified Permissions.
            ("AWS::VerifiedPermissions::PolicyStore", "Arn") => {
                place.global_arn("verifiedpermissions", &format!("policy-store/{}", name()?))
            }
            ("AWS::EC2::SecurityGroup", "GroupId")
            | ("AWS::VerifiedPermissions::PolicyStore", "PolicyStoreId")
            | ("AWS::IAM::ManagedPolicy", "PolicyArn")
            | ("AWS::SNS::Topic", "TopicArn")
            | ("AWS::SageMaker::Domain", "DomainId")
            | ("AWS::SecretsManager::Secret", "Id")
            | (
                "AWS::IAM::OIDCProvider"
                | "AWS::IAM::SAMLProvider"
                | "AWS::StepFunctions::StateMachine",
                "Arn",
            ) => name()?,
            ("AWS::SQS::Queue", "Arn") => place.arn("sqs", &named("QueueName")?),
            ("AWS::Logs::LogGroup", "Arn") => {
                place.arn("logs", &format!("log-group:{}:*", name()?))
            }
            ("AWS::EC2::VPC", "CidrBlock") => named("CidrBlock")?,
            ("AWS::CodeBuild::Project", "Arn") => {
                place.arn("codebuild", &format!("project/{}", name()?))
            }
            ("AWS::CodeCommit::Repository", "Arn") => {
                place.arn("codecommit", &named("RepositoryName")?)
            }
            ("AWS::CodeCommit::Repository", "Name") => named("RepositoryName")?,
            ("AWS::Events::EventBus", "Arn") => {
                place.arn("events", &format!("event-bus/{}", name()?))
            }
            ("AWS::Events::Rule", "Arn") => {
                place.arn("events", &format!("rule/{}", named("Name")?))
            }
            ("AWS::QuickSight::Group", "Arn") => {
                place.arn("quicksight", &format!("group/default/{}", name()?))
            }
            ("AWS::StepFunctions::StateMachine", "Name") => named("StateMachineName")?,
            ("AWS::WAFv2::IPSet" | "AWS::WAFv2::WebACL", "Arn") => {
                let kind = if resource.kind.ends_with("IPSet") { "ipset" } else { "webacl" };
                let name = named("Name")?;
                place.arn("wafv2", &format!("regional/{kind}/{name}/{SAMPLE_UUID}"))
            }
            _ => return Err(unknown()),
        })
    }

    /// The value of a parameter under the present choice.
    fn chosen(
        &self,
        id: &LogicalId,
        parameter: &Parameter,
        choice: &Choice,
    ) -> Result<String, Unresolved> {
        let attribute = |name| parameter.attributes.get(name);
        let unknown = || Unresolved(format!("parameter `{id}`"));
        let kind = attribute("Type").and_then(Value::as_text).unwrap_or_default();
        // The default of such a parameter is the path of its value.
        if kind.starts_with("AWS::SSM::Parameter::Value<") {
            return Err(unknown());
        }
        match choice.parameter(id.as_str()) {
            Some(chosen) => chosen.clone().ok_or_else(unknown),
            None => attribute("Default").map_or_else(|| Err(unknown()), |value| self.text(value)),
        }
    }

    /// Whether `Ref` of a parameter returns a list.
    pub(super) fn is_list(&self, id: &LogicalId) -> bool {
        let parameter = self.template.parameters.get(id.as_str());
        let kind = parameter.and_then(|parameter| parameter.attributes.get("Type")?.as_text());
        kind.is_some_and(|kind| kind == "CommaDelimitedList" || kind.contains("List<"))
    }

    /// A name for a resource that has no name of its own. In an open resolver no other stack has the same one.
    pub fn unique(&self, id: &LogicalId) -> String {
        match &self.reading {
            Reading::Strict(_) => id.to_string(),
            Reading::Open { scope, .. } => generated(scope, id),
        }
    }

    /// The name if it is known, else one that is unique to the stack.
    pub fn name_or_unique(&self, id: &LogicalId, name: Option<String>) -> String {
        name.filter(|name| !name.contains(UNKNOWN)).unwrap_or_else(|| self.unique(id))
    }

    /// The text of a property. An open resolver returns a name as CloudFormation would generate it if the
    /// property is missing or unknown.
    fn named(&self, id: &LogicalId, resource: &ResourceEntry, property: &str) -> Option<String> {
        let text = resource.properties.get(property).and_then(|value| self.text(value).ok());
        match &self.reading {
            Reading::Strict(_) => text,
            Reading::Open { .. } => Some(self.name_or_unique(id, text)),
        }
    }

    fn stack_name(&self) -> String {
        match &self.reading {
            Reading::Strict(_) => "sample-stack".to_owned(),
            Reading::Open { scope, others, .. } => match others.name(scope) {
                Some(name) => name.to_owned(),
                None => format!("stack-{}", crate::digest::hex_prefix(scope.as_bytes(), 8)),
            },
        }
    }

    /// An id in the form of key ids, different for keys with different aliases.
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
        let alias = alias.map_or_else(|| self.unique(id), str::to_owned);
        let name = format!("{account}/{region}/{alias}");
        let hash = crate::digest::hex_prefix(name.as_bytes(), 32);
        let cut = |from, to| &hash[from..to];
        let parts = [cut(0, 8), cut(8, 12), cut(12, 16), cut(16, 20), cut(20, 32)];
        parts.join("-")
    }

    /// The id of a replica, which equals the id of its primary key. Source: "Multi-Region keys in AWS KMS" in
    /// the AWS KMS developer guide.
    fn replica_id(&self, id: &LogicalId, resource: &ResourceEntry) -> String {
        let primary = resource.properties.get("PrimaryKeyArn");
        let primary = primary.and_then(|value| self.text(value).ok());
        let primary = primary.filter(|arn| !arn.contains(UNKNOWN)).unwrap_or_default();
        match primary.split_once(":key/") {
            Some((_, key)) => key.to_owned(),
            None => self.key_id(id),
        }
    }
}

/// A name as CloudFormation generates it: with the logical id, and different in each stack.
fn generated(scope: &str, id: &LogicalId) -> String {
    format!("{id}-{}", crate::digest::hex_prefix(format!("{scope} {id}").as_bytes(), 12))
}

/// A plausible id of an EC2 resource, different for each resource of a template.
fn sample_id(prefix: &str, id: &LogicalId) -> String {
    format!("{prefix}-{}0", crate::digest::hex_prefix(id.as_str().as_bytes(), 16))
}

/// The form of generated ids.
const SAMPLE_UUID: &str = "01234567-89ab-cdef-0123-456789abcdef";
