//! The stacks of a data.all account, read from templates and from what CloudFormation's describe calls answered.

use std::collections::{BTreeMap, BTreeSet};

use lakewright_template::{LogicalId, Map, Place, ResourceEntry, Template, Value, read};
use serde_json::Value as Json;

use crate::literal::{fixed, fixed_map};
use crate::{Gap, Source};

/// What a stack of data.all is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum OldKind {
    /// An environment: buckets, team roles, workgroups, the ML Studio domain.
    Environment,
    /// A dataset.
    Dataset,
    /// A notebook instance.
    Notebook,
    /// A user profile of ML Studio.
    Studio,
    /// A pipeline with CodePipeline.
    Pipeline,
    /// A pipeline that data.all generated as a CDK application.
    CdkPipeline,
    /// The pivot role, nested in an environment's stack or deployed by hand.
    PivotRole,
}

impl OldKind {
    const NAMED: [(&'static str, Self); 6] = [
        ("environment", Self::Environment),
        ("dataset", Self::Dataset),
        ("notebook", Self::Notebook),
        ("mlstudio", Self::Studio),
        ("pipeline", Self::Pipeline),
        ("cdkpipeline", Self::CdkPipeline),
    ];

    /// The word in data.all's stack names.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Environment => "environment",
            Self::Dataset => "dataset",
            Self::Notebook => "notebook",
            Self::Studio => "mlstudio",
            Self::Pipeline => "pipeline",
            Self::CdkPipeline => "cdkpipeline",
            Self::PivotRole => "pivot role",
        }
    }
}

/// A stack of data.all.
#[derive(Debug, Clone, PartialEq)]
pub struct OldStack {
    /// Its name in CloudFormation.
    pub name: String,
    /// Its account and region.
    pub place: Place,
    /// Its template.
    pub template: Template,
    /// What it is for.
    pub kind: OldKind,
    /// The beginning of its names: data.all's resource prefix. Empty for a pivot role.
    pub prefix: String,
    /// data.all's id of the object: 8 letters and digits. Empty for a pivot role.
    pub uri: String,
    /// What people call it.
    pub label: String,
    /// What it is for, in people's words.
    pub description: String,
    /// data.all's tags and the object's own.
    pub tags: BTreeMap<String, String>,
    /// The role that CloudFormation changes it with, if `describe-stacks` was read.
    pub role_arn: Option<String>,
    /// The physical ids that `describe-stack-resources` told, by logical id.
    described: BTreeMap<String, String>,
    /// The values of parameters that `describe-stacks` told.
    parameters: BTreeMap<String, String>,
}

/// All stacks that were read, and what was not.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Deployed {
    /// The stacks, sorted by account, region and name.
    pub stacks: Vec<OldStack>,
    /// The files and stacks that could not be used.
    pub gaps: Vec<Gap>,
}

/// Files in which there is nothing to import.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// No stack of data.all was found.
    #[error(
        "no stack of data.all among {files} files: expected templates of stacks called PREFIX-environment-ID, PREFIX-dataset-ID and \
         the like, as `aws cloudformation get-template --stack-name NAME > NAME.json` writes them{first}",
        first = .gaps.first().map(|gap| format!("; {}: {}", gap.subject, gap.unknown)).unwrap_or_default()
    )]
    NoStack {
        /// The number of files that were read.
        files: usize,
        /// Why each of them is no stack.
        gaps: Vec<Gap>,
    },
}

/// What the describe calls told about a stack.
#[derive(Debug, Clone, Default)]
struct Told {
    place: Option<Place>,
    tags: BTreeMap<String, String>,
    role_arn: Option<String>,
    resources: BTreeMap<String, String>,
    parameters: BTreeMap<String, String>,
}

/// What CloudFormation shows in place of a parameter that is a secret.
///
/// Source: `NoEcho` in "Parameters" of the CloudFormation template reference.
const HIDDEN: &str = "****";

impl Deployed {
    /// Reads templates in JSON or YAML, the answers of `get-template`, `describe-stacks` and `describe-stack-resources`.
    /// A template's stack is named by its file, up to the first dot.
    ///
    /// # Errors
    ///
    /// No file is a stack of data.all.
    pub fn read(sources: &[Source]) -> Result<Self, ReadError> {
        let mut told: BTreeMap<String, Told> = BTreeMap::new();
        let mut templates = Vec::new();
        let mut deployed = Self::default();
        for source in sources {
            match serde_json::from_str::<Json>(&source.text) {
                Ok(json) if json.get("Stacks").is_some() => learn_stacks(&json, &mut told),
                Ok(json) if json.get("StackResources").is_some() => {
                    learn_resources(&json, &mut told);
                }
                Ok(json) => {
                    let text = match json.get("TemplateBody") {
                        Some(Json::String(body)) => body.clone(),
                        Some(body) => body.to_string(),
                        None => source.text.clone(),
                    };
                    templates.push((source, text));
                }
                Err(_) => templates.push((source, source.text.clone())),
            }
        }
        for (source, text) in templates {
            match stack(source, &text, &told) {
                Ok(stack) => deployed.stacks.push(stack),
                Err(gap) => deployed.gaps.push(gap),
            }
        }
        deployed.stacks.sort_by(|a, b| (&a.place, &a.name).cmp(&(&b.place, &b.name)));
        deployed.drop_repeated();
        if deployed.stacks.iter().all(|stack| stack.kind == OldKind::PivotRole) {
            return Err(ReadError::NoStack { files: sources.len(), gaps: deployed.gaps });
        }
        Ok(deployed)
    }

    fn drop_repeated(&mut self) {
        let mut seen = BTreeSet::new();
        let gaps = &mut self.gaps;
        self.stacks.retain(|stack| {
            let is_new = seen.insert((stack.place.clone(), stack.name.clone()));
            if !is_new {
                gaps.push(Gap::new(
                    stack.address(),
                    "two files have a template of this stack; the second one was not used",
                    "keep the template that is deployed now",
                ));
            }
            is_new
        });
    }

    /// The stacks of a kind.
    pub(crate) fn of_kind(&self, kind: OldKind) -> impl Iterator<Item = &OldStack> {
        self.stacks.iter().filter(move |stack| stack.kind == kind)
    }
}

fn learn_stacks(json: &Json, told: &mut BTreeMap<String, Told>) {
    for one in json["Stacks"].as_array().into_iter().flatten() {
        let Some(name) = one["StackName"].as_str() else { continue };
        let entry = told.entry(name.to_owned()).or_default();
        entry.place = entry.place.take().or_else(|| place_of(one["StackId"].as_str()?));
        entry.role_arn = one["RoleARN"].as_str().map(str::to_owned);
        for tag in one["Tags"].as_array().into_iter().flatten() {
            if let (Some(key), Some(value)) = (tag["Key"].as_str(), tag["Value"].as_str()) {
                entry.tags.insert(key.to_owned(), value.to_owned());
            }
        }
        for one in one["Parameters"].as_array().into_iter().flatten() {
            // The value of a parameter of the type `AWS::SSM::Parameter::Value` is a name; the value that counts is beside it.
            let value = one["ResolvedValue"].as_str().or_else(|| one["ParameterValue"].as_str());
            if let (Some(key), Some(value)) = (one["ParameterKey"].as_str(), value)
                && value != HIDDEN
            {
                entry.parameters.insert(key.to_owned(), value.to_owned());
            }
        }
    }
}

fn learn_resources(json: &Json, told: &mut BTreeMap<String, Told>) {
    for one in json["StackResources"].as_array().into_iter().flatten() {
        let Some(name) = one["StackName"].as_str() else { continue };
        let entry = told.entry(name.to_owned()).or_default();
        entry.place = entry.place.take().or_else(|| place_of(one["StackId"].as_str()?));
        let id = (one["LogicalResourceId"].as_str(), one["PhysicalResourceId"].as_str());
        if let (Some(logical), Some(physical)) = id {
            entry.resources.insert(logical.to_owned(), physical.to_owned());
        }
    }
}

/// The account and region in the ARN of a stack.
fn place_of(stack_id: &str) -> Option<Place> {
    let mut parts = stack_id.split(':').skip(3);
    let (region, account) = (parts.next()?, parts.next()?);
    Place::parse(account, region).ok()
}

/// The account and region among the folders of a path.
fn place_in(path: &str) -> Option<Place> {
    let parts: Vec<&str> = path.split(['/', '\\']).collect();
    parts.windows(2).find_map(|pair| Place::parse(pair.first()?, pair.get(1)?).ok())
}

fn stack(source: &Source, text: &str, told: &BTreeMap<String, Told>) -> Result<OldStack, Gap> {
    let gap = |unknown: String, todo: &str| Gap::new(source.path.clone(), unknown, todo);
    let template = read::template(text).map_err(|error| {
        gap(
            format!("it is no template ({error}) and no answer of a describe call"),
            "nothing, if it is no stack of data.all",
        )
    })?;
    let file = source.path.rsplit(['/', '\\']).next().unwrap_or_default();
    let name = file.split('.').next().unwrap_or_default().to_owned();
    // Names and ids become commands and names of files.
    let is_name = |text: &str| {
        text.starts_with(|c: char| c.is_ascii_alphabetic())
            && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
    };
    if let Some(id) = template.resources.keys().find(|id| !is_name(id.as_str())) {
        return Err(gap(
            format!("`{id}` is no logical id: CloudFormation takes letters and digits"),
            "save the template again",
        ));
    }
    let known = told.get(&name).cloned().unwrap_or_default();
    let Some(place) = known.place.or_else(|| place_in(&source.path)) else {
        return Err(gap(
            "its account and region are unknown".to_owned(),
            "put the answer of `aws cloudformation describe-stacks` beside it, or the file into ACCOUNT/REGION/",
        ));
    };
    let description = template.description.as_deref().unwrap_or_default().to_owned();
    let identity = identity(&name, &template, &known.parameters).filter(|_| is_name(&name));
    let Some((kind, prefix, uri)) = identity else {
        return Err(gap(
            format!("`{name}` is no name of a stack of data.all"),
            "name the file after its stack, such as dataall-dataset-ab12cd34.json",
        ));
    };
    let (label, description) = told_of(&description);
    let mut stack = OldStack {
        label: if label.is_empty() { name.clone() } else { label },
        name,
        place,
        template,
        kind,
        prefix,
        uri,
        description,
        tags: BTreeMap::new(),
        role_arn: known.role_arn,
        described: known.resources,
        parameters: known.parameters,
    };
    stack.tags = stack.tags_of_resources();
    stack.tags.extend(known.tags);
    Ok(stack)
}

/// What a stack is for, its prefix, and the id of its object. data.all names stacks PREFIX-TYPE-ID.
fn identity(
    name: &str,
    template: &Template,
    parameters: &BTreeMap<String, String>,
) -> Option<(OldKind, String, String)> {
    let named = name.rsplit_once('-').and_then(|(rest, uri)| {
        let (prefix, word) = rest.rsplit_once('-')?;
        let (_, kind) = OldKind::NAMED.iter().find(|(known, _)| *known == word)?;
        let is_uri = uri.len() == 8
            && uri.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
        is_uri.then(|| (*kind, prefix.to_owned(), uri.to_owned()))
    });
    let has_pivot = template.resources.values().any(|entry| {
        let name = entry
            .properties
            .get("RoleName")
            .map(|name| fixed(name, &|id, _| parameters.get(id).cloned()));
        let name = name.as_ref().and_then(Value::as_text).unwrap_or_default();
        entry.kind == "AWS::IAM::Role" && name.starts_with("dataallPivotRole")
    });
    named.or_else(|| has_pivot.then(|| (OldKind::PivotRole, String::new(), String::new())))
}

/// Label and description in the description of a stack of data.all.
fn told_of(text: &str) -> (String, String) {
    let Some((label, rest)) = text
        .strip_prefix("Cloud formation stack of ")
        .and_then(|rest| rest.split_once(": "))
        .and_then(|(_, rest)| rest.split_once("; URI: "))
    else {
        return (String::new(), String::new());
    };
    let description = rest.split_once("; DESCRIPTION: ").map_or("", |(_, text)| text);
    (label.trim().to_owned(), description.trim().to_owned())
}

impl OldStack {
    /// `ACCOUNT/REGION/NAME`.
    pub fn address(&self) -> String {
        format!("{}/{}", self.place, self.name)
    }

    /// The tags of the first resource that has data.all's.
    fn tags_of_resources(&self) -> BTreeMap<String, String> {
        let all = self.template.resources.values().map(|entry| self.tags_of(entry));
        all.into_iter().find(|tags| tags.contains_key("Target")).unwrap_or_default()
    }

    /// The tags of a resource.
    pub(crate) fn tags_of(&self, entry: &ResourceEntry) -> BTreeMap<String, String> {
        let text = |value: Option<&Value>| self.text(value?);
        let pair = |item: &Value| {
            let map = item.as_map()?;
            Some((text(map.get("Key"))?, text(map.get("Value"))?))
        };
        match entry.properties.get("Tags") {
            Some(Value::List(items)) => items.iter().filter_map(pair).collect(),
            Some(Value::Map(map)) => map
                .iter()
                .filter_map(|(key, value)| Some((key.to_string(), self.text(value)?)))
                .collect(),
            _ => BTreeMap::new(),
        }
    }

    /// The resources of a type, by logical id.
    pub(crate) fn of_type<'s>(
        &'s self,
        kind: &'s str,
    ) -> impl Iterator<Item = (&'s LogicalId, &'s ResourceEntry)> {
        self.template.resources.iter().filter(move |(_, entry)| entry.kind == kind)
    }

    /// The value with everything in it that is known as text.
    pub(crate) fn fixed(&self, value: &Value) -> Value {
        fixed(value, &|id, attribute| self.known(id, attribute))
    }

    /// The properties with everything in them that is known as text.
    pub(crate) fn properties(&self, entry: &ResourceEntry) -> Map {
        fixed_map(&entry.properties, &|id, attribute| self.known(id, attribute))
    }

    /// The text that a value is, if all of it is known.
    pub(crate) fn text(&self, value: &Value) -> Option<String> {
        match self.fixed(value) {
            Value::Text(text) => Some(text.into_owned()),
            Value::Integer(number) => Some(number.to_string()),
            Value::Bool(flag) => Some(flag.to_string()),
            _ => None,
        }
    }

    /// The text at a path of properties.
    pub(crate) fn text_at(&self, entry: &ResourceEntry, path: &[&str]) -> Option<String> {
        let (last, above) = path.split_last()?;
        let mut map = &entry.properties;
        for name in above {
            map = map.get(name)?.as_map()?;
        }
        self.text(map.get(last)?)
    }

    /// A pseudo parameter, the default of a parameter, or a resource.
    pub(crate) fn known(&self, id: &str, attribute: Option<&str>) -> Option<String> {
        match id {
            "AWS::AccountId" => return Some(self.place.account.to_string()),
            "AWS::Region" => return Some(self.place.region.to_string()),
            "AWS::Partition" => return Some(self.place.partition().to_owned()),
            "AWS::URLSuffix" => return Some(self.place.url_suffix().to_owned()),
            "AWS::StackName" => return Some(self.name.clone()),
            _ => {}
        }
        if let Some(told) = self.parameters.get(id) {
            return Some(told.clone());
        }
        if let Some(parameter) = self.template.parameters.get(id) {
            let is_looked_up = parameter.attributes.get("Type").and_then(Value::as_text);
            if is_looked_up.is_some_and(|kind| kind.starts_with("AWS::SSM::")) {
                return None;
            }
            return parameter.attributes.get("Default").and_then(Value::as_text).map(str::to_owned);
        }
        self.of_resource(id, attribute)
    }

    /// What `Ref` or an attribute gives for a resource, if its physical id is known.
    pub(crate) fn of_resource(&self, id: &str, attribute: Option<&str>) -> Option<String> {
        let entry = self.template.resources.get(&LogicalId::parameter(id))?;
        let physical = self.physical(id)?;
        let Some(attribute) = attribute else { return Some(physical) };
        match (entry.kind.as_ref(), attribute) {
            ("AWS::IAM::Role", "Arn") => {
                let path = self.text_at(entry, &["Path"]).unwrap_or_else(|| "/".to_owned());
                let path = path.trim_start_matches('/');
                Some(self.place.role_arn(&format!("{path}{physical}")))
            }
            ("AWS::S3::Bucket", "Arn") => Some(self.place.partition_arn("s3", &physical)),
            ("AWS::KMS::Key", "Arn") => Some(self.place.arn("kms", &format!("key/{physical}"))),
            ("AWS::SQS::Queue", "Arn") => {
                let name = physical.rsplit('/').next()?;
                Some(self.place.arn("sqs", name))
            }
            ("AWS::SQS::Queue", "QueueName") => physical.rsplit('/').next().map(str::to_owned),
            ("AWS::KMS::Key", "KeyId")
            | ("AWS::EC2::SecurityGroup", "GroupId")
            | ("AWS::SageMaker::Domain", "DomainId") => Some(physical),
            ("AWS::CodeCommit::Repository", "Name") => self.text_at(entry, &["RepositoryName"]),
            ("AWS::CodeCommit::Repository", "Arn") => {
                Some(self.place.arn("codecommit", &self.text_at(entry, &["RepositoryName"])?))
            }
            ("AWS::Lambda::Function", "Arn") => {
                Some(self.place.arn("lambda", &format!("function:{physical}")))
            }
            _ => None,
        }
    }

    /// The physical id of a resource: as described, or its explicit name where that is the physical id.
    pub fn physical(&self, id: &str) -> Option<String> {
        if let Some(described) = self.described.get(id) {
            return Some(described.clone());
        }
        let entry = self.template.resources.get(&LogicalId::parameter(id))?;
        let name = match entry.kind.as_ref() {
            "AWS::S3::Bucket" => "BucketName",
            "AWS::S3::BucketPolicy" => "Bucket",
            "AWS::IAM::Role" => "RoleName",
            "AWS::KMS::Alias" => "AliasName",
            "AWS::Athena::WorkGroup"
            | "AWS::Glue::Crawler"
            | "AWS::Glue::Job"
            | "AWS::Glue::Trigger"
            | "AWS::CodePipeline::Pipeline"
            | "AWS::SSM::Parameter" => "Name",
            "AWS::Logs::LogGroup" => "LogGroupName",
            "AWS::Lambda::Function" => "FunctionName",
            _ => return None,
        };
        self.text(entry.properties.get(name)?)
    }

    /// Whether `describe-stack-resources` was read for the stack.
    pub fn is_described(&self) -> bool {
        !self.described.is_empty()
    }

    /// The team of data.all that owns the object.
    pub(crate) fn team(&self) -> Option<&str> {
        self.tags.get("Team").map(String::as_str)
    }

    /// data.all's id in a tag such as `Environment`, whose value is `NAME_ID`.
    pub(crate) fn tagged_uri(&self, key: &str) -> Option<(&str, &str)> {
        self.tags.get(key)?.rsplit_once('_')
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(path: &str, text: &str) -> Source {
        Source { path: path.to_owned(), text: text.to_owned() }
    }

    const DATASET: &str = r#"{"TemplateBody": {"Description":
        "Cloud formation stack of DATASET: Orders: all; URI: ab12cd34; DESCRIPTION: of the shop",
        "Resources": {"DatasetKmsKey": {"Type": "AWS::KMS::Key", "Properties": {"Tags": [
            {"Key": "Target", "Value": "S3Dataset_ab12cd34"}, {"Key": "Team", "Value": "Shop"}]}}}}}"#;

    #[test]
    fn a_stack_is_told_by_its_name_and_its_place_by_the_describe_call_or_the_folder() {
        let described = r#"{"StackResources": [{"StackName": "my-dataall-dataset-ab12cd34",
            "StackId": "arn:aws:cloudformation:eu-west-1:222222222222:stack/x/1",
            "LogicalResourceId": "DatasetKmsKey", "PhysicalResourceId": "11-22"}]}"#;
        let file = source("x/my-dataall-dataset-ab12cd34.json", DATASET);
        let read = Deployed::read(&[file, source("x/resources.json", described)]).unwrap();
        let stack = &read.stacks[0];
        assert_eq!(
            (stack.kind, stack.prefix.as_str(), stack.uri.as_str()),
            (OldKind::Dataset, "my-dataall", "ab12cd34")
        );
        assert_eq!(
            (stack.label.as_str(), stack.description.as_str()),
            ("Orders: all", "of the shop")
        );
        assert_eq!(stack.address(), "222222222222/eu-west-1/my-dataall-dataset-ab12cd34");
        assert_eq!(
            stack.known("DatasetKmsKey", Some("Arn")).unwrap(),
            "arn:aws:kms:eu-west-1:222222222222:key/11-22"
        );
        assert_eq!(stack.team(), Some("Shop"));
        let file = source("222222222222/us-east-1/dataall-dataset-ab12cd34.json", DATASET);
        let read = Deployed::read(&[file]).unwrap();
        assert_eq!(read.stacks[0].place.to_string(), "222222222222/us-east-1");
        assert!(!read.stacks[0].is_described());
    }

    #[test]
    fn what_cannot_be_used_is_said() {
        let good = source("222222222222/us-east-1/dataall-dataset-ab12cd34.json", DATASET);
        let other = source("222222222222/us-east-1/CDKToolkit.json", "{\"Resources\": {}}");
        let broken = source("a/notes.txt", "- just\n- a list");
        let nowhere = source("dataall-dataset-zz12cd34.json", DATASET);
        let read = Deployed::read(&[good.clone(), good, other.clone(), broken, nowhere]).unwrap();
        let subjects: Vec<&str> = read.gaps.iter().map(|gap| gap.subject.as_str()).collect();
        assert_eq!(read.stacks.len(), 1);
        assert_eq!(
            subjects,
            [
                "222222222222/us-east-1/CDKToolkit.json",
                "a/notes.txt",
                "dataall-dataset-zz12cd34.json",
                "222222222222/us-east-1/dataall-dataset-ab12cd34",
            ]
        );
        let error = Deployed::read(&[other]).unwrap_err().to_string();
        assert!(error.contains("`CDKToolkit` is no name of a stack of data.all"), "{error}");
    }
}
