//! The reader: templates in JSON, and in YAML with the short forms of functions.
//!
//! JSON is a subset of YAML, so both are read in the same way, and every error names its line.

mod loops;
mod quotes;

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use crate::intrinsic::is_function_name;
use crate::json;
use crate::yaml::{Budget, Node, NodeKind, Plain, Span, parse};
use crate::{
    DeletionPolicy, Intrinsic, LogicalId, Map, Output, Parameter, ResourceEntry, Template, Text,
    Value,
};

/// Text that is not a template.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {}: {message}", span.line)]
pub struct ReadError {
    /// What is wrong, and what was expected.
    pub message: String,
    /// Its position.
    pub span: Span,
}

/// Reads a template in JSON or YAML, in every form that CloudFormation accepts.
///
/// # Errors
///
/// The text is no template. The error says where.
pub fn template(text: &str) -> Result<Template, ReadError> {
    let root = root(text)?;
    if text.contains("Fn::ForEach::") { read(&loops::unrolled(&root)?) } else { read(&root) }
}

/// Reads a template that a program wrote. A repeated key is an error, because readers differ in which value they take.
pub fn written(text: &str) -> Result<Template, ReadError> {
    // Programs write JSON, which the reader of YAML reads into the same tree, and much more slowly.
    let root = match json::parse(text, &Budget::FILE) {
        Some(root) => root,
        None => root(text)?,
    };
    match repeated(&root) {
        Some((key, node)) => fail(node, format!("`{key}` stands twice in one mapping")),
        None => read(&root),
    }
}

/// Whether a text has the form of a template: resources by id, each with a type. `None` if the text is not
/// YAML, so that this is unknown.
pub fn is_template(text: &str) -> Option<bool> {
    let root = root(text).ok()?;
    let section = |name: &str| {
        let NodeKind::Mapping(entries) = &root.kind else { return None };
        let is_it = |(key, _): &&(Node, Node)| scalar(key).is_ok_and(|key| key == name);
        entries.iter().find(is_it).map(|(_, value)| value)
    };
    let has_type = |(_, resource): &(Node, Node)| match &resource.kind {
        NodeKind::Mapping(entries) => {
            entries.iter().any(|(key, _)| scalar(key).is_ok_and(|key| key == "Type"))
        }
        _ => false,
    };
    let has_resources = match section("Resources").map(|section| &section.kind) {
        Some(NodeKind::Mapping(resources)) => resources.iter().any(has_type),
        _ => false,
    };
    Some(has_resources || section("AWSTemplateFormatVersion").is_some())
}

/// The document of a text.
fn root(text: &str) -> Result<Node, ReadError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut stream = parse(text, &Budget::FILE);
    if stream.error.is_some() {
        let indented = quotes::indented(text);
        let again = parse(&indented, &Budget::FILE);
        // The first error is about the original text.
        if again.error.is_none() {
            stream = again;
        }
    }
    if let Some(error) = stream.error {
        return Err(ReadError { message: error.message, span: error.span });
    }
    let count = stream.documents.len();
    let mut documents = stream.documents.into_iter();
    if let (Some(root), None) = (documents.next(), documents.next()) {
        return Ok(root);
    }
    let message = format!("got {count} documents, expected one template");
    Err(ReadError { message, span: Span::default() })
}

fn read(root: &Node) -> Result<Template, ReadError> {
    let mut template = Template::default();
    for (key, node) in entries(root, "a template")? {
        // An empty section counts as missing.
        if is_null(node) {
            continue;
        }
        match key {
            "AWSTemplateFormatVersion" => {}
            "Description" => template.description = Some(scalar(node)?.to_owned().into()),
            "Metadata" => template.metadata = plain_map(node)?,
            "Rules" => template.rules = plain_map(node)?,
            "Mappings" => template.mappings = plain_map(node)?,
            "Transform" => template.transform = Some(value(node)?),
            "Globals" => template.globals = plain_map(node)?,
            "Hooks" => template.hooks = plain_map(node)?,
            "Parameters" => {
                for (name, item) in entries(node, "Parameters")? {
                    if name == TRANSFORM {
                        template.includes.insert("Parameters", value(item)?);
                        continue;
                    }
                    let parameter = Parameter { attributes: plain_map(item)? };
                    template.parameters.insert(name.to_owned().into(), parameter);
                }
            }
            "Conditions" => {
                for (name, item) in entries(node, "Conditions")? {
                    if name == TRANSFORM {
                        template.includes.insert("Conditions", value(item)?);
                        continue;
                    }
                    template.conditions.insert(name.to_owned().into(), value(item)?);
                }
            }
            "Resources" => {
                for (id, item) in entries(node, "Resources")? {
                    if id == TRANSFORM {
                        template.includes.insert("Resources", value(item)?);
                        continue;
                    }
                    template.resources.insert(LogicalId::new(id), resource(item)?);
                }
            }
            "Outputs" => {
                for (name, item) in entries(node, "Outputs")? {
                    if name == TRANSFORM {
                        template.includes.insert("Outputs", value(item)?);
                        continue;
                    }
                    template.outputs.insert(name.to_owned().into(), output(item)?);
                }
            }
            TRANSFORM => {
                template.includes.insert("", value(node)?);
            }
            other => return fail(node, format!("`{other}` is not a section of a template")),
        }
    }
    Ok(template)
}

/// A snippet that a macro or `AWS::Include` inserts at deployment.
const TRANSFORM: &str = "Fn::Transform";

fn is_null(node: &Node) -> bool {
    let is_null = |text: &str, is_plain: bool| Plain::of(text, is_plain) == Plain::Null;
    node.tag.is_none()
        && matches!(&node.kind, NodeKind::Scalar { text, is_plain } if is_null(text, *is_plain))
}

fn resource(node: &Node) -> Result<ResourceEntry, ReadError> {
    let mut resource = ResourceEntry::default();
    for (key, item) in entries(node, "a resource")? {
        let is_function = item.tag.is_some() || matches!(item.kind, NodeKind::Mapping(_));
        match key {
            "Properties" | "Metadata" | "DependsOn" if is_null(item) => {}
            "Type" => resource.kind = scalar(item)?.to_owned().into(),
            "Properties" => resource.properties = properties(item)?,
            // With the language extensions the value may be a function.
            "DeletionPolicy" | "UpdateReplacePolicy" if is_function => {
                resource.other.insert(key.to_owned(), value(item)?);
            }
            "Condition" => resource.condition = Some(scalar(item)?.to_owned().into()),
            "DeletionPolicy" => resource.deletion_policy = Some(deletion_policy(item)?),
            "UpdateReplacePolicy" => resource.update_replace_policy = Some(deletion_policy(item)?),
            "Metadata" => resource.metadata = plain_map(item)?,
            "DependsOn" => {
                resource.depends_on = match &item.kind {
                    NodeKind::Sequence(ids) => ids
                        .iter()
                        .map(|id| Ok(LogicalId::new(scalar(id)?)))
                        .collect::<Result<_, _>>()?,
                    NodeKind::Scalar { .. } | NodeKind::Mapping(_) => {
                        vec![LogicalId::new(scalar(item)?)]
                    }
                };
                resource.depends_on.sort();
            }
            other => {
                resource.other.insert(other.to_owned(), value(item)?);
            }
        }
    }
    if resource.kind.is_empty() {
        return fail(node, "a resource without `Type`".to_owned());
    }
    Ok(resource)
}

/// The properties of a resource, or the function that returns them.
fn properties(node: &Node) -> Result<Map, ReadError> {
    match value(node)? {
        Value::Map(map) => Ok(map),
        call @ Value::Intrinsic(_) => Ok(Map::new().with(TRANSFORM, call)),
        _ => plain_map(node),
    }
}

fn deletion_policy(node: &Node) -> Result<DeletionPolicy, ReadError> {
    let name = scalar(node)?;
    DeletionPolicy::parse(name).map_or_else(
        || fail(node, format!("`{name}` is not Delete, Retain, RetainExceptOnCreate or Snapshot")),
        Ok,
    )
}

fn output(node: &Node) -> Result<Output, ReadError> {
    let mut output =
        Output { value: Value::Null, description: None, condition: None, export: None };
    for (key, item) in entries(node, "an output")? {
        match key {
            "Value" => output.value = value(item)?,
            "Description" => output.description = Some(scalar(item)?.to_owned().into()),
            "Condition" => output.condition = Some(scalar(item)?.to_owned().into()),
            "Export" => {
                for (key, name) in entries(item, "Export")? {
                    if key == "Name" {
                        output.export = Some(value(name)?);
                    }
                }
            }
            other => return fail(item, format!("`{other}` is not an attribute of an output")),
        }
    }
    Ok(output)
}

/// A value, with functions in the long and short forms recognized.
pub fn value(node: &Node) -> Result<Value, ReadError> {
    if let Some(tag) = &node.tag {
        return short_form(tag, node);
    }
    match &node.kind {
        NodeKind::Scalar { text, is_plain } => Ok(match Plain::of(text, *is_plain) {
            Plain::Null => Value::Null,
            Plain::Bool(value) => Value::Bool(value),
            Plain::Integer(number) => Value::Integer(number),
            Plain::Decimal => Value::Decimal(text.clone().into()),
            Plain::Text => Value::text(text.clone()),
        }),
        NodeKind::Sequence(items) => {
            Ok(Value::List(items.iter().map(value).collect::<Result<_, _>>()?))
        }
        NodeKind::Mapping(entries) => {
            if let [(key, argument)] = entries.as_slice()
                && let NodeKind::Scalar { text, .. } = &key.kind
                && is_function_name(text)
            {
                // `Condition` is also an ordinary key, above all in IAM statements.
                if text != "Condition" || matches!(argument.kind, NodeKind::Scalar { .. }) {
                    return function(text, argument, value(argument)?);
                }
            }
            Ok(plain_map(node)?.into())
        }
    }
}

fn short_form(tag: &str, node: &Node) -> Result<Value, ReadError> {
    let name = tag.trim_start_matches('!');
    let untagged = Node { tag: None, ..node.clone() };
    let argument = value(&untagged)?;
    match name {
        "Ref" | "Condition" => function(name, node, argument),
        "GetAtt" => {
            let argument = match argument.as_text().and_then(|text| text.split_once('.')) {
                Some((id, attribute)) => {
                    Value::List(vec![id.to_owned().into(), attribute.to_owned().into()])
                }
                None => argument,
            };
            function("Fn::GetAtt", node, argument)
        }
        _ => function(&format!("Fn::{name}"), node, argument),
    }
}

fn function(name: &str, node: &Node, argument: Value) -> Result<Value, ReadError> {
    let items = |count: std::ops::RangeInclusive<usize>| match argument.as_list() {
        Some(items) if count.contains(&items.len()) => Ok(items.to_vec()),
        _ => fail(
            node,
            format!("{name} takes a list of {} to {} arguments", count.start(), count.end()),
        ),
    };
    let text = |value: &Value| match value {
        Value::Text(text) => Ok(text.clone()),
        Value::Integer(number) => Ok(Text::from(number.to_string())),
        _ => fail(node, format!("{name} takes a name here")),
    };
    if has_function_for_name(name, &argument) {
        return Ok(Intrinsic::Other(name.to_owned().into(), argument).into());
    }
    let call = match name {
        "Ref" => Intrinsic::Ref(LogicalId::new(&*text(&argument)?)),
        "Condition" => Intrinsic::Condition(text(&argument)?),
        "Fn::And" => Intrinsic::And(items(1..=10)?),
        "Fn::Or" => Intrinsic::Or(items(1..=10)?),
        "Fn::Not" => Intrinsic::Not(items(1..=1)?.remove(0)),
        "Fn::Base64" => Intrinsic::Base64(argument),
        "Fn::GetAZs" => Intrinsic::GetAzs(argument),
        "Fn::ImportValue" => Intrinsic::ImportValue(argument),
        "Fn::ToJsonString" => Intrinsic::ToJsonString(argument),
        "Fn::Cidr" => {
            let mut arguments = items(2..=3)?.into_iter();
            let (Some(block), Some(count)) = (arguments.next(), arguments.next()) else {
                return fail(node, "Fn::Cidr takes a block and a count".to_owned());
            };
            Intrinsic::Cidr { block, count, bits: arguments.next() }
        }
        "Fn::Equals" => {
            let [left, right] = pair(items(2..=2)?, node)?;
            Intrinsic::Equals(left, right)
        }
        "Fn::FindInMap" => {
            let mut arguments = items(3..=4)?;
            let default = if arguments.len() == 4 { arguments.pop() } else { None };
            let default = default.and_then(default_of_map);
            let [top, second] = pair(arguments.split_off(1), node)?;
            Intrinsic::FindInMap { map: arguments.remove(0), top, second, default }
        }
        "Fn::GetAtt" => {
            if let Value::Text(joined) = &argument {
                get_att(joined, node)?
            } else {
                let [id, attribute] = pair(items(2..=2)?, node)?;
                Intrinsic::GetAtt(LogicalId::new(&*text(&id)?), text(&attribute)?)
            }
        }
        "Fn::GetStackOutput" => match argument {
            Value::Map(map) => Intrinsic::GetStackOutput(map),
            _ => return fail(node, "Fn::GetStackOutput takes a mapping".to_owned()),
        },
        "Fn::If" => {
            let mut arguments = items(3..=3)?;
            let [then, otherwise] = pair(arguments.split_off(1), node)?;
            Intrinsic::If { condition: text(&arguments[0])?, then, otherwise }
        }
        "Fn::Join" => {
            let [delimiter, values] = pair(items(2..=2)?, node)?;
            Intrinsic::Join { delimiter: text(&delimiter)?, values }
        }
        "Fn::Select" => {
            let [index, values] = pair(items(2..=2)?, node)?;
            Intrinsic::Select { index, values }
        }
        "Fn::Split" => {
            let [delimiter, source] = pair(items(2..=2)?, node)?;
            Intrinsic::Split { delimiter: text(&delimiter)?, source }
        }
        "Fn::Sub" => {
            if let Some(template) = text_alone(&argument) {
                Intrinsic::Sub { parts: Intrinsic::parse_sub(template), variables: Map::new() }
            } else {
                let [template, variables] = pair(items(2..=2)?, node)?;
                let Value::Map(variables) = variables else {
                    return fail(node, "the second argument of Fn::Sub is a mapping".to_owned());
                };
                Intrinsic::Sub { parts: Intrinsic::parse_sub(&text(&template)?), variables }
            }
        }
        other => Intrinsic::Other(other.to_owned().into(), argument),
    };
    Ok(call.into())
}

/// The text of `Fn::Sub` without variables of its own. The serverless transform also accepts it as a list with one item.
fn text_alone(argument: &Value) -> Option<&str> {
    match argument.as_list() {
        Some([template]) => template.as_text(),
        _ => argument.as_text(),
    }
}

/// The default of `Fn::FindInMap`, from its fourth argument.
fn default_of_map(argument: Value) -> Option<Value> {
    match argument {
        Value::Map(mut map) => map.remove("DefaultValue"),
        other => Some(other),
    }
}

/// `Fn::GetAtt` of `LogicalId.Attribute`.
fn get_att(joined: &str, node: &Node) -> Result<Intrinsic, ReadError> {
    match joined.split_once('.') {
        Some((id, attribute)) => {
            Ok(Intrinsic::GetAtt(LogicalId::new(id), attribute.to_owned().into()))
        }
        None => fail(node, format!("`{joined}` is not `LogicalId.Attribute`")),
    }
}

/// Whether the argument has a function where CloudFormation requires a name without the language
/// extensions. The result is then known only at deployment.
fn has_function_for_name(name: &str, argument: &Value) -> bool {
    let is_call = |value: Option<&Value>| value.is_some_and(|one| one.as_intrinsic().is_some());
    let first = || argument.as_list().and_then(<[Value]>::first);
    match name {
        "Ref" | "Condition" | "Fn::Cidr" | "Fn::Equals" | "Fn::FindInMap" | "Fn::Select" => {
            is_call(Some(argument))
        }
        "Fn::GetAtt" => {
            is_call(Some(argument))
                || argument
                    .as_list()
                    .is_some_and(|items| items.iter().any(|one| is_call(Some(one))))
        }
        "Fn::If" | "Fn::Join" | "Fn::Split" | "Fn::Sub" => {
            is_call(Some(argument)) || is_call(first())
        }
        _ => false,
    }
}

fn pair(arguments: Vec<Value>, node: &Node) -> Result<[Value; 2], ReadError> {
    arguments.try_into().or_else(|_| fail(node, "expected two arguments".to_owned()))
}

fn entries<'a>(node: &'a Node, what: &str) -> Result<Vec<(&'a str, &'a Node)>, ReadError> {
    let NodeKind::Mapping(entries) = &node.kind else {
        return fail(node, format!("{what} is a mapping, got {}", node.description()));
    };
    let mut all: Vec<(&str, &Node)> = Vec::with_capacity(entries.len());
    let mut places: BTreeMap<&str, usize> = BTreeMap::new();
    for (key, item) in entries {
        let key = scalar(key)?;
        // CloudFormation uses the last value of a repeated key, in JSON and in YAML. Source: the
        // findings of github.com/aws-cloudformation/cloudformation-language-discussion, issue 96.
        match places.entry(key) {
            Entry::Occupied(place) => all[*place.get()].1 = item,
            Entry::Vacant(place) => {
                place.insert(all.len());
                all.push((key, item));
            }
        }
    }
    Ok(all)
}

/// The first key that is repeated in its mapping, at any depth.
fn repeated(node: &Node) -> Option<(&str, &Node)> {
    match &node.kind {
        NodeKind::Scalar { .. } => None,
        NodeKind::Sequence(items) => items.iter().find_map(repeated),
        NodeKind::Mapping(entries) => {
            let mut seen = BTreeSet::new();
            entries.iter().find_map(|(key, item)| {
                let name = scalar(key).ok()?;
                if seen.insert(name) { repeated(item) } else { Some((name, key)) }
            })
        }
    }
}

fn plain_map(node: &Node) -> Result<Map, ReadError> {
    let mut map = Map::new();
    for (key, item) in entries(node, "this")? {
        map.insert(key.to_owned(), value(item)?);
    }
    Ok(map)
}

fn scalar(node: &Node) -> Result<&str, ReadError> {
    match &node.kind {
        NodeKind::Scalar { text, .. } => Ok(text),
        NodeKind::Sequence(_) | NodeKind::Mapping(_) => {
            fail(node, format!("expected text, got {}", node.description()))
        }
    }
}

fn fail<T>(node: &Node, message: String) -> Result<T, ReadError> {
    Err(ReadError { message, span: node.span })
}

#[cfg(test)]
mod tests;
