//! Values with every intrinsic function replaced by its result.
//!
//! Schemas check lengths and patterns, so a template is validated as CloudFormation
//! will see it: names are taken from the template, and generated ids get a
//! plausible form. A function whose result is not known is an error, never a guess.
//!
//! In templates of others, many values are known only at deployment. There an
//! unknown part of a text is [`UNKNOWN`], and the rest is unchanged.

mod choice;
mod names;
mod others;

use std::borrow::Cow;
use std::cell::Cell;

use serde_json::Value as Plain;

use choice::Choice;
pub use others::{Neighbour, Others};

use crate::intrinsic::SubPart;
use crate::place::Place;
use crate::{Intrinsic, LogicalId, Map, Template, Value};

/// Replaces a text that is known only at deployment. No name or ARN has braces.
pub const UNKNOWN: &str = "{unknown}";

/// The end of a secret's ARN, after the secret's name: AWS appends a hyphen and six characters, which these represent.
/// Source: "Secret" of `CreateSecret` in the Secrets Manager API reference.
pub const SECRET_ENDS: &str = "-Zz9Yy8";

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

/// A value with every function resolved. Text is borrowed from the template unless a function produced it.
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

    /// The text, or an empty text.
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

    /// The value under a key; null if there is none.
    pub fn get(&self, key: &str) -> &Self {
        let found = self.as_map().and_then(|map| map.iter().find(|(other, _)| *other == key));
        found.map_or(&Self::Null, |(_, value)| value)
    }

    /// The value with its texts owned.
    fn into_owned<'o>(self) -> Resolved<'o> {
        match self {
            Self::Null => Resolved::Null,
            Self::Bool(value) => Resolved::Bool(value),
            Self::Number(number) => Resolved::Number(number),
            Self::Text(text) => Resolved::Text(text.into_owned().into()),
            Self::List(items) => Resolved::List(items.into_iter().map(Self::into_owned).collect()),
            // Mappings contain no objects.
            Self::Map(_) => Resolved::Text(UNKNOWN.into()),
        }
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

/// How values are resolved that the template alone does not determine.
#[derive(Debug, Clone)]
enum Reading<'a> {
    /// Every condition has the same result, and an unknown value is an error.
    Strict(Branch),
    /// The values of one way to deploy the template; an unknown value is [`UNKNOWN`]. The scope distinguishes the names
    /// that CloudFormation generates for this template from those for other templates.
    Open { scope: &'a str, others: &'a Others, choice: Choice },
}

/// Resolves the values of one template.
#[derive(Debug)]
pub struct Resolver<'a> {
    /// The template.
    pub template: &'a Template,
    /// Where it is deployed.
    pub place: &'a Place,
    reading: Reading<'a>,
    /// Whether a value that depends on a condition was resolved.
    has_met_condition: Cell<bool>,
}

impl<'a> Resolver<'a> {
    /// A resolver for the values of a template; unknown values are errors.
    pub fn new(template: &'a Template, place: &'a Place, branch: Branch) -> Self {
        let reading = Reading::Strict(branch);
        Self { template, place, reading, has_met_condition: Cell::new(false) }
    }

    /// A resolver for any template: values that are known only at deployment are [`UNKNOWN`]. The scope must differ
    /// for each stack that is examined; `others` are the stacks of its folder.
    pub fn open(
        template: &'a Template,
        place: &'a Place,
        scope: &'a str,
        others: &'a Others,
    ) -> Self {
        let reading = Reading::Open { scope, others, choice: Choice::default() };
        Self { template, place, reading, has_met_condition: Cell::new(false) }
    }

    /// The possible values of a value, one for each way to deploy the template; `None` for `AWS::NoValue`.
    pub fn alternatives<'v>(&self, value: &'v Value) -> Vec<Option<Resolved<'v>>> {
        let Reading::Open { scope, others, .. } = self.reading else {
            return self.resolve(value).into_iter().collect();
        };
        let mut found: Vec<Option<Resolved<'v>>> = Vec::new();
        for choice in choice::choices(self, value) {
            let reading = Reading::Open { scope, others, choice };
            let resolver = Self { reading, has_met_condition: Cell::new(false), ..*self };
            // An open resolver returns no errors.
            let one = resolver.resolve(value).unwrap_or_default();
            if !found.contains(&one) {
                found.push(one);
            }
        }
        found
    }

    fn is_open(&self) -> bool {
        matches!(self.reading, Reading::Open { .. })
    }

    /// Replaces an unknown text by [`UNKNOWN`] if that is not an error.
    fn or_unknown(&self, text: Result<String, Unresolved>) -> Result<String, Unresolved> {
        if self.is_open() { Ok(text.unwrap_or_else(|_| UNKNOWN.to_owned())) } else { text }
    }

    /// Whether a value that was resolved so far depends on a condition, so that it can differ in the other branch.
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
            Value::Text(text) if self.is_open() => Resolved::Text(without_references(text)),
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
            Value::Intrinsic(call) => {
                return match self.call(call) {
                    Err(_) if self.is_open() => Ok(Some(Resolved::Text(UNKNOWN.into()))),
                    resolved => resolved,
                };
            }
        }))
    }

    fn call<'v>(&self, call: &'v Intrinsic) -> Result<Option<Resolved<'v>>, Unresolved> {
        let text = match call {
            Intrinsic::Ref(id) if id.as_str() == "AWS::NoValue" => return Ok(None),
            Intrinsic::Ref(id) => {
                let text = self.reference(id)?;
                if self.is_list(id) {
                    // Empty items are left out.
                    let items = text.split(',').map(|item| item.trim().to_owned());
                    let items = items.filter(|item| !item.is_empty());
                    let items = items.map(|item| Resolved::Text(item.into()));
                    return Ok(Some(Resolved::List(items.collect())));
                }
                text
            }
            Intrinsic::GetAtt(id, attribute) => self.attribute(id.as_str(), attribute)?,
            Intrinsic::Sub { parts, variables } => self.substituted(parts, variables)?,
            Intrinsic::Join { delimiter, values } => self.texts(values)?.join(delimiter),
            Intrinsic::If { condition, then, otherwise } => {
                self.has_met_condition.set(true);
                let is_true = match &self.reading {
                    Reading::Strict(branch) => *branch == Branch::Then,
                    Reading::Open { choice, .. } => self.is_true(choice, condition),
                };
                return self.resolve(if is_true { then } else { otherwise });
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
            Intrinsic::FindInMap { map, top, second, default } if self.is_open() => {
                return self.find_in_map(call, [map, top, second], default.as_ref());
            }
            Intrinsic::ImportValue(name) if self.is_open() => {
                let name = self.text(name)?;
                self.of_others("Fn::ImportValue", |others| others.export(self.place, &name))?
            }
            Intrinsic::GetStackOutput(call) if self.is_open() => {
                self.of_others("Fn::GetStackOutput", |others| others.output(self, call))?
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
        // A dynamic reference may also result from joining texts.
        if self.is_open() {
            return Ok(Some(Resolved::Text(without_references(&text).into_owned().into())));
        }
        Ok(Some(Resolved::Text(text.into())))
    }

    /// An attribute of a resource of the template, if it is known.
    pub fn attribute_of(&self, id: &LogicalId, attribute: &str) -> Option<String> {
        self.attribute(id.as_str(), attribute).ok()
    }

    /// The text of `Fn::Sub`.
    fn substituted(&self, parts: &[SubPart], variables: &Map) -> Result<String, Unresolved> {
        let mut text = String::new();
        for part in parts {
            match part {
                SubPart::Literal(literal) => text.push_str(literal),
                SubPart::Variable(name) => {
                    let value = match (variables.get(name), name.split_once('.')) {
                        (Some(value), _) => self.text(value),
                        (None, Some((id, attribute))) => self.attribute(id, attribute),
                        (None, None) => self.reference(&LogicalId::parameter(name)),
                    };
                    text.push_str(&self.or_unknown(value)?);
                }
            }
        }
        Ok(text)
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
            Some(Resolved::Text(text)) if self.is_open() => Ok(vec![text.into_owned()]),
            _ => Err(Unresolved("a value that is no list".to_owned())),
        }
    }

    /// A value from another stack of the folder.
    fn of_others(
        &self,
        function: &str,
        value: impl FnOnce(&Others) -> Option<String>,
    ) -> Result<String, Unresolved> {
        let known = match &self.reading {
            Reading::Strict(_) => None,
            Reading::Open { others, .. } => value(others),
        };
        known.ok_or_else(|| Unresolved(function.to_owned()))
    }

    /// An entry of a mapping: the named one, or the one of the present choice.
    fn find_in_map<'v>(
        &self,
        call: &Intrinsic,
        [map, top, second]: [&'v Value; 3],
        default: Option<&'v Value>,
    ) -> Result<Option<Resolved<'v>>, Unresolved> {
        let unknown = || Unresolved("Fn::FindInMap".to_owned());
        let chosen = match &self.reading {
            Reading::Open { choice, .. } => choice.entry(call),
            Reading::Strict(_) => None,
        };
        let (top, second) = match chosen {
            Some((top, second)) => (top.to_owned(), second.to_owned()),
            None => (self.text(top)?, self.text(second)?),
        };
        let map = self.template.mappings.get(&self.text(map)?).and_then(Value::as_map);
        let entry = map.and_then(|map| map.get(&top)?.as_map()?.get(&second));
        match (entry, default) {
            // The mapping belongs to the template, which outlives the call.
            (Some(entry), _) => Ok(self.resolve(entry)?.map(Resolved::into_owned)),
            (None, Some(default)) => self.resolve(default),
            (None, None) => Err(unknown()),
        }
    }
}

/// A text in which each dynamic reference, such as `{{resolve:ssm:name}}`, is replaced by [`UNKNOWN`]. A reference
/// without an end is none, or is a part of one that functions join.
fn without_references(text: &str) -> Cow<'_, str> {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{resolve:") {
        // A name within it may be unknown as well; the braces of [`UNKNOWN`] are not the end.
        let masked = after.replace(UNKNOWN, &" ".repeat(UNKNOWN.len()));
        let Some(end) = masked.find("}}") else { break };
        out.push_str(before);
        out.push_str(UNKNOWN);
        rest = &after[end + 2..];
    }
    if out.is_empty() { text.into() } else { (out + rest).into() }
}

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
        let place = Place::parse("111122223333", "eu-west-1").expect("a place");
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
    fn pseudo_parameters_are_of_the_partition() {
        let template = read::template("Resources: {}").expect("a template");
        for (region, values) in [
            (
                "eu-west-1",
                ["aws", "amazonaws.com", "arn:aws:cloudformation:eu-west-1:111122223333:"],
            ),
            (
                "cn-north-1",
                [
                    "aws-cn",
                    "amazonaws.com.cn",
                    "arn:aws-cn:cloudformation:cn-north-1:111122223333:",
                ],
            ),
        ] {
            let place = Place::parse("111122223333", region).expect("a place");
            let resolver = Resolver::new(&template, &place, Branch::Then);
            for (name, value) in ["Partition", "URLSuffix", "StackId"].into_iter().zip(values) {
                let id = LogicalId::parameter(&format!("AWS::{name}"));
                let found = resolver.reference(&id).expect("a value");
                assert!(found.starts_with(value), "{region} {name}: {found}");
            }
        }
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
