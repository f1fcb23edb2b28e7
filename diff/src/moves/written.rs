//! Resources as texts, in which references have the names that the caller chooses. Resources with equal texts are alike.

use std::collections::BTreeMap;

use lakewright_template::digest::sha256;
use lakewright_template::intrinsic::SubPart;
use lakewright_template::write::push_json_string;
use lakewright_template::{Intrinsic, LogicalId, Map, ResourceEntry, Template, Value};

/// The name of what a reference refers to: a resource, a parameter or a pseudo parameter.
pub(super) type Names<'n> = dyn FnMut(&str) -> String + 'n;

/// The digests of a template's resources: of the type and the properties, with each reference to a resource as the
/// digest of that resource. So logical ids have no part in a digest.
pub(super) struct Digests<'t> {
    template: &'t Template,
    known: BTreeMap<&'t str, String>,
}

impl<'t> Digests<'t> {
    pub(super) fn of(template: &'t Template) -> Self {
        Self { template, known: BTreeMap::new() }
    }

    pub(super) fn digest(&mut self, id: &str) -> String {
        if let Some(known) = self.known.get(id) {
            return known.clone();
        }
        let template = self.template;
        let found = template.resources.get_key_value(&LogicalId::parameter(id));
        let Some((id, entry)) = found else { return format!("&{id}") };
        // Resources that refer to each other in a circle, which CloudFormation refuses, end here.
        self.known.insert(id.as_str(), "circle".to_owned());
        let mut text = entry.kind.to_string();
        push_map(&mut text, &entry.properties, &mut |name: &str| self.digest(name));
        let digest = sha256(text.as_bytes());
        self.known.insert(id.as_str(), digest.clone());
        digest
    }
}

/// Each property and each attribute of a resource as a text, by its name.
pub(super) fn parts(entry: &ResourceEntry, names: &mut Names<'_>) -> BTreeMap<String, String> {
    let mut parts = BTreeMap::from([("Type".to_owned(), entry.kind.to_string())]);
    for (name, value) in entry.properties.iter() {
        parts.insert(name.to_string(), value_text(value, names));
    }
    let mut depends_on: Vec<String> =
        entry.depends_on.iter().map(|id| names(id.as_str())).collect();
    depends_on.sort();
    let policies = [
        ("DeletionPolicy", entry.deletion_policy),
        ("UpdateReplacePolicy", entry.update_replace_policy),
    ];
    let mut attributes = vec![("DependsOn", depends_on.join(" "))];
    attributes.push(("Condition", entry.condition.as_deref().unwrap_or_default().to_owned()));
    attributes.extend(policies.map(|(name, policy)| {
        (name, policy.map(|policy| policy.as_str().to_owned()).unwrap_or_default())
    }));
    // A property may be named like an attribute.
    for (name, text) in attributes.into_iter().filter(|(_, text)| !text.is_empty()) {
        parts.insert(format!("{name} (attribute)"), text);
    }
    for (section, map) in [("Metadata", &entry.metadata), ("", &entry.other)] {
        for (name, value) in map.iter() {
            let path =
                if section.is_empty() { name.to_string() } else { format!("{section}/{name}") };
            parts.insert(format!("{path} (attribute)"), value_text(value, names));
        }
    }
    parts
}

fn value_text(value: &Value, names: &mut Names<'_>) -> String {
    let mut text = String::new();
    push(&mut text, value, names);
    text
}

fn push(out: &mut String, value: &Value, names: &mut Names<'_>) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        Value::Integer(number) => out.push_str(&number.to_string()),
        Value::Decimal(number) => out.push_str(number),
        Value::Text(text) => push_json_string(out, text),
        Value::List(items) => {
            out.push('[');
            for item in items {
                push(out, item, names);
                out.push(',');
            }
            out.push(']');
        }
        Value::Map(map) => push_map(out, map, names),
        Value::Intrinsic(call) => push_call(out, call, names),
    }
}

fn push_map(out: &mut String, map: &Map, names: &mut Names<'_>) {
    out.push('{');
    for (key, item) in map.iter() {
        push_json_string(out, key);
        out.push(':');
        push(out, item, names);
        out.push(',');
    }
    out.push('}');
}

fn push_call(out: &mut String, call: &Intrinsic, names: &mut Names<'_>) {
    out.push('!');
    out.push_str(word(call));
    out.push('(');
    match call {
        Intrinsic::Ref(id) => push_json_string(out, &names(id.as_str())),
        Intrinsic::GetAtt(id, attribute) => {
            push_json_string(out, &names(id.as_str()));
            push_json_string(out, attribute);
        }
        Intrinsic::Condition(text) | Intrinsic::Other(text, _) => push_json_string(out, text),
        Intrinsic::If { condition, .. } => push_json_string(out, condition),
        Intrinsic::Join { delimiter, .. } | Intrinsic::Split { delimiter, .. } => {
            push_json_string(out, delimiter);
        }
        Intrinsic::GetStackOutput(map) => push_map(out, map, names),
        Intrinsic::Sub { parts, variables } => {
            push_parts(out, parts, variables, names);
            push_map(out, variables, names);
        }
        _ => {}
    }
    // Maps are written with their keys above; their values come once more.
    call.arguments(&mut |item| {
        out.push(';');
        push(out, item, names);
    });
    out.push(')');
}

fn push_parts(out: &mut String, parts: &[SubPart], variables: &Map, names: &mut Names<'_>) {
    for part in parts {
        match part {
            SubPart::Literal(literal) => push_json_string(out, literal),
            SubPart::Variable(name) => {
                out.push('$');
                let (id, attribute) = name.split_once('.').unwrap_or((name.as_ref(), ""));
                let is_own = variables.get(name).is_some();
                push_json_string(out, &if is_own { id.to_owned() } else { names(id) });
                push_json_string(out, attribute);
            }
        }
    }
}

fn word(call: &Intrinsic) -> &'static str {
    match call {
        Intrinsic::And(_) => "And",
        Intrinsic::Base64(_) => "Base64",
        Intrinsic::Cidr { .. } => "Cidr",
        Intrinsic::Condition(_) => "Condition",
        Intrinsic::Equals(..) => "Equals",
        Intrinsic::FindInMap { .. } => "FindInMap",
        Intrinsic::GetAtt(..) => "GetAtt",
        Intrinsic::GetAzs(_) => "GetAZs",
        Intrinsic::GetStackOutput(_) => "GetStackOutput",
        Intrinsic::If { .. } => "If",
        Intrinsic::ImportValue(_) => "ImportValue",
        Intrinsic::Join { .. } => "Join",
        Intrinsic::Not(_) => "Not",
        Intrinsic::Or(_) => "Or",
        Intrinsic::Other(..) => "Other",
        Intrinsic::Ref(_) => "Ref",
        Intrinsic::Select { .. } => "Select",
        Intrinsic::Split { .. } => "Split",
        Intrinsic::Sub { .. } => "Sub",
        Intrinsic::ToJsonString(_) => "ToJsonString",
    }
}
