//! The one canonical writer: the same template gives the same bytes.
//!
//! JSON is indented by two spaces and ends with one newline; objects of one or
//! two plain values, such as tags and references, are on one line. Sections and
//! resource attributes are in CloudFormation's documented order, everything
//! else in the order of its keys. YAML is for human readers.

mod yaml;

use std::fmt::Write as _;

use crate::intrinsic::SubPart;
use crate::{Intrinsic, LogicalId, Map, Output, ResourceEntry, Template, Text, Value};

pub use yaml::template_to_yaml;

/// The template as canonical JSON.
pub fn template_to_json(template: &Template) -> String {
    let mut out = Json { text: String::with_capacity(16 * 1024), depth: 0 };
    out.template(template);
    out.text.push('\n');
    out.text
}

/// JSON without the white space between its tokens.
pub fn minified(json: &str) -> String {
    let mut text = String::with_capacity(json.len() / 2);
    let (mut is_string, mut is_escaped) = (false, false);
    for character in json.chars() {
        if is_string || !character.is_whitespace() {
            text.push(character);
        }
        if is_string {
            is_string = is_escaped || character != '"';
            is_escaped = character == '\\' && !is_escaped;
        } else {
            is_string = character == '"';
        }
    }
    text
}

/// A value as JSON without white space, which is the form in which IAM counts characters.
pub fn value_to_compact_json(value: &Value) -> String {
    let mut text = String::new();
    push_compact_json(&mut text, value);
    text
}

/// Appends a value as JSON without white space.
pub fn push_compact_json(text: &mut String, value: &Value) {
    let object = |text: &mut String, entries: &mut dyn Iterator<Item = (&Text, &Value)>| {
        text.push('{');
        for (place, (key, item)) in entries.enumerate() {
            text.push_str(if place == 0 { "" } else { "," });
            push_json_string(text, key);
            text.push(':');
            push_compact_json(text, item);
        }
        text.push('}');
    };
    match value {
        Value::Null => text.push_str("null"),
        Value::Bool(value) => text.push_str(if *value { "true" } else { "false" }),
        Value::Integer(number) => text.push_str(&number.to_string()),
        Value::Decimal(number) => text.push_str(number),
        Value::Text(string) => push_json_string(text, string),
        Value::List(items) => {
            text.push('[');
            for (place, item) in items.iter().enumerate() {
                text.push_str(if place == 0 { "" } else { "," });
                push_compact_json(text, item);
            }
            text.push(']');
        }
        Value::Map(map) => object(text, &mut map.iter()),
        Value::Intrinsic(call) => match call.as_ref() {
            // As in `Json::intrinsic`.
            Intrinsic::Ref(id) => {
                text.push_str("{\"Ref\":");
                push_json_string(text, id.as_str());
                text.push('}');
            }
            Intrinsic::GetAtt(id, attribute) => {
                text.push_str("{\"Fn::GetAtt\":[");
                push_json_string(text, id.as_str());
                text.push(',');
                push_json_string(text, attribute);
                text.push_str("]}");
            }
            call => {
                let (name, argument) = function_form(call);
                object(text, &mut [(&name, &argument)].into_iter());
            }
        },
    }
}

struct Json {
    text: String,
    depth: usize,
}

impl Json {
    fn template(&mut self, template: &Template) {
        let mut object = self.open('{');
        object.field(self, "AWSTemplateFormatVersion");
        self.string("2010-09-09");
        if let Some(description) = &template.description {
            object.field(self, "Description");
            self.string(description);
        }
        self.optional_map(&mut object, "Metadata", &template.metadata);
        if !template.parameters.is_empty() {
            object.field(self, "Parameters");
            let mut section = self.open('{');
            for (name, parameter) in &template.parameters {
                section.field(self, name);
                self.map(&parameter.attributes);
            }
            self.include(&mut section, template, "Parameters");
            section.close(self, '}');
        }
        self.optional_map(&mut object, "Rules", &template.rules);
        self.optional_map(&mut object, "Mappings", &template.mappings);
        if !template.conditions.is_empty() {
            object.field(self, "Conditions");
            let mut section = self.open('{');
            for (name, condition) in &template.conditions {
                section.field(self, name);
                self.value(condition);
            }
            self.include(&mut section, template, "Conditions");
            section.close(self, '}');
        }
        if let Some(transform) = &template.transform {
            object.field(self, "Transform");
            self.value(transform);
        }
        self.optional_map(&mut object, "Globals", &template.globals);
        self.optional_map(&mut object, "Hooks", &template.hooks);
        if let Some(include) = template.includes.get("") {
            object.field(self, "Fn::Transform");
            self.value(include);
        }
        object.field(self, "Resources");
        let mut section = self.open('{');
        for (id, resource) in &template.resources {
            section.field(self, id.as_str());
            self.resource(resource);
        }
        self.include(&mut section, template, "Resources");
        section.close(self, '}');
        if !template.outputs.is_empty() {
            object.field(self, "Outputs");
            let mut section = self.open('{');
            for (name, output) in &template.outputs {
                section.field(self, name);
                self.output(output);
            }
            self.include(&mut section, template, "Outputs");
            section.close(self, '}');
        }
        object.close(self, '}');
    }

    fn include(&mut self, section: &mut Layout, template: &Template, name: &str) {
        if let Some(include) = template.includes.get(name) {
            section.field(self, "Fn::Transform");
            self.value(include);
        }
    }

    fn resource(&mut self, resource: &ResourceEntry) {
        let mut object = self.open('{');
        object.field(self, "Type");
        self.string(&resource.kind);
        if let Some(condition) = &resource.condition {
            object.field(self, "Condition");
            self.string(condition);
        }
        match resource.depends_on.as_slice() {
            [] => {}
            [one] => {
                object.field(self, "DependsOn");
                self.string(one.as_str());
            }
            several => {
                object.field(self, "DependsOn");
                let mut list = self.open('[');
                for id in several {
                    list.item(self);
                    self.string(id.as_str());
                }
                list.close(self, ']');
            }
        }
        if let Some(policy) = resource.deletion_policy {
            object.field(self, "DeletionPolicy");
            self.string(policy.as_str());
        }
        if let Some(policy) = resource.update_replace_policy {
            object.field(self, "UpdateReplacePolicy");
            self.string(policy.as_str());
        }
        for (key, value) in resource.other.iter() {
            object.field(self, key);
            self.value(value);
        }
        self.optional_map(&mut object, "Metadata", &resource.metadata);
        self.optional_map(&mut object, "Properties", &resource.properties);
        object.close(self, '}');
    }

    fn output(&mut self, output: &Output) {
        let mut object = self.open('{');
        if let Some(description) = &output.description {
            object.field(self, "Description");
            self.string(description);
        }
        if let Some(condition) = &output.condition {
            object.field(self, "Condition");
            self.string(condition);
        }
        object.field(self, "Value");
        self.value(&output.value);
        if let Some(export) = &output.export {
            object.field(self, "Export");
            let mut inner = self.open('{');
            inner.field(self, "Name");
            self.value(export);
            inner.close(self, '}');
        }
        object.close(self, '}');
    }

    fn optional_map(&mut self, object: &mut Layout, key: &str, map: &Map) {
        if !map.is_empty() {
            object.field(self, key);
            self.map(map);
        }
    }

    fn value(&mut self, value: &Value) {
        match value {
            Value::Null => self.text.push_str("null"),
            Value::Bool(true) => self.text.push_str("true"),
            Value::Bool(false) => self.text.push_str("false"),
            Value::Integer(number) => self.text.push_str(&number.to_string()),
            Value::Decimal(number) => self.text.push_str(number),
            Value::Text(text) => self.string(text),
            Value::List(items) => self.list(items),
            Value::Map(map) => self.map(map),
            Value::Intrinsic(call) => self.intrinsic(call),
        }
    }

    /// A small object on one line, so that a tag or a reference is one line of a diff.
    fn line<'v>(&mut self, entries: impl Iterator<Item = (&'v Text, &'v Value)>) {
        self.text.push('{');
        for (place, (key, value)) in entries.enumerate() {
            self.text.push_str(if place == 0 { " " } else { ", " });
            self.string(key);
            self.text.push_str(": ");
            self.value(value);
        }
        if !self.text.ends_with('{') {
            self.text.push(' ');
        }
        self.text.push('}');
    }

    fn list(&mut self, items: &[Value]) {
        let mut list = self.open('[');
        for item in items {
            list.item(self);
            self.value(item);
        }
        list.close(self, ']');
    }

    fn map(&mut self, map: &Map) {
        if map.len() <= 2 && map.iter().all(|(_, value)| is_leaf(value)) {
            return self.line(map.iter());
        }
        let mut object = self.open('{');
        for (key, value) in map.iter() {
            object.field(self, key);
            self.value(value);
        }
        object.close(self, '}');
    }

    fn intrinsic(&mut self, call: &Intrinsic) {
        // The two most frequent functions are written without a value that is made of them.
        match call {
            Intrinsic::Ref(id) => {
                self.text.push_str("{ \"Ref\": ");
                self.string(id.as_str());
                return self.text.push_str(" }");
            }
            Intrinsic::GetAtt(id, attribute) => {
                self.text.push_str("{ \"Fn::GetAtt\": [");
                self.string(id.as_str());
                self.text.push_str(", ");
                self.string(attribute);
                return self.text.push_str("] }");
            }
            _ => {}
        }
        let (name, argument) = function_form(call);
        if is_leaf(&argument) {
            return self.line([(&name, &argument)].into_iter());
        }
        let mut object = self.open('{');
        object.field(self, &name);
        self.value(&argument);
        object.close(self, '}');
    }

    fn string(&mut self, text: &str) {
        push_json_string(&mut self.text, text);
    }

    fn open(&mut self, bracket: char) -> Layout {
        self.text.push(bracket);
        self.depth += 1;
        Layout { is_empty: true }
    }

    fn newline(&mut self) {
        const SPACES: &str = "                                ";
        self.text.push('\n');
        let mut left = self.depth * 2;
        while left > 0 {
            let some = left.min(SPACES.len());
            self.text.push_str(&SPACES[..some]);
            left -= some;
        }
    }
}

/// Whether a value is written without a line break.
fn is_leaf(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(_) | Value::Integer(_) | Value::Decimal(_) | Value::Text(_) => {
            true
        }
        Value::List(_) | Value::Map(_) | Value::Intrinsic(_) => false,
    }
}

/// An object or list that is being written.
struct Layout {
    is_empty: bool,
}

impl Layout {
    fn item(&mut self, out: &mut Json) {
        if !self.is_empty {
            out.text.push(',');
        }
        self.is_empty = false;
        out.newline();
    }

    fn field(&mut self, out: &mut Json, key: &str) {
        self.item(out);
        out.string(key);
        out.text.push_str(": ");
    }

    fn close(self, out: &mut Json, bracket: char) {
        out.depth -= 1;
        if !self.is_empty {
            out.newline();
        }
        out.text.push(bracket);
    }
}

/// Appends `text` as a JSON string.
pub fn push_json_string(out: &mut String, text: &str) {
    out.push('"');
    // Most text needs no escapes. A loop over all bytes without an early exit checks many bytes at once.
    let needs_escape = |byte: u8| u8::from(byte < 0x20 || byte == b'"' || byte == b'\\');
    if text.bytes().fold(0, |any, byte| any | needs_escape(byte)) == 0 {
        out.push_str(text);
        out.push('"');
        return;
    }
    let mut start = 0;
    for (place, byte) in text.bytes().enumerate() {
        let escape = match byte {
            b'"' => "\\\"",
            b'\\' => "\\\\",
            b'\n' => "\\n",
            b'\r' => "\\r",
            b'\t' => "\\t",
            0..=0x1f => "",
            _ => continue,
        };
        out.push_str(&text[start..place]);
        if escape.is_empty() {
            write!(out, "\\u{byte:04x}").expect("a string takes all");
        } else {
            out.push_str(escape);
        }
        start = place + 1;
    }
    out.push_str(&text[start..]);
    out.push('"');
}

/// The function's name and its argument in the long form.
pub(crate) fn function_form(call: &Intrinsic) -> (Text, Value) {
    let text = |id: &LogicalId| Value::text(id.as_str().to_owned());
    match call {
        Intrinsic::And(items) => ("Fn::And".into(), Value::List(items.clone())),
        Intrinsic::Base64(item) => ("Fn::Base64".into(), item.clone()),
        Intrinsic::Cidr { block, count, bits } => {
            let arguments = [block, count].into_iter().chain(bits);
            ("Fn::Cidr".into(), Value::List(arguments.cloned().collect()))
        }
        Intrinsic::Condition(name) => ("Condition".into(), Value::Text(name.clone())),
        Intrinsic::Equals(left, right) => {
            ("Fn::Equals".into(), Value::List(vec![left.clone(), right.clone()]))
        }
        Intrinsic::FindInMap { map, top, second, default } => {
            let mut arguments = vec![map.clone(), top.clone(), second.clone()];
            arguments.extend(
                default.iter().map(|value| Map::new().with("DefaultValue", value.clone()).into()),
            );
            ("Fn::FindInMap".into(), Value::List(arguments))
        }
        Intrinsic::GetAtt(id, attribute) => {
            ("Fn::GetAtt".into(), Value::List(vec![text(id), Value::Text(attribute.clone())]))
        }
        Intrinsic::GetAzs(region) => ("Fn::GetAZs".into(), region.clone()),
        Intrinsic::GetStackOutput(map) => ("Fn::GetStackOutput".into(), map.clone().into()),
        Intrinsic::If { condition, then, otherwise } => (
            "Fn::If".into(),
            Value::List(vec![Value::Text(condition.clone()), then.clone(), otherwise.clone()]),
        ),
        Intrinsic::ImportValue(name) => ("Fn::ImportValue".into(), name.clone()),
        Intrinsic::Join { delimiter, values } => {
            ("Fn::Join".into(), Value::List(vec![Value::Text(delimiter.clone()), values.clone()]))
        }
        Intrinsic::Not(item) => ("Fn::Not".into(), Value::List(vec![item.clone()])),
        Intrinsic::Or(items) => ("Fn::Or".into(), Value::List(items.clone())),
        Intrinsic::Other(name, argument) => (name.clone(), argument.clone()),
        Intrinsic::Ref(id) => ("Ref".into(), text(id)),
        Intrinsic::Select { index, values } => {
            ("Fn::Select".into(), Value::List(vec![index.clone(), values.clone()]))
        }
        Intrinsic::Split { delimiter, source } => {
            ("Fn::Split".into(), Value::List(vec![Value::Text(delimiter.clone()), source.clone()]))
        }
        Intrinsic::Sub { parts, variables } => ("Fn::Sub".into(), sub_argument(parts, variables)),
        Intrinsic::ToJsonString(item) => ("Fn::ToJsonString".into(), item.clone()),
    }
}

fn sub_argument(parts: &[SubPart], variables: &Map) -> Value {
    let text = Value::text(Intrinsic::sub_text(parts));
    if variables.is_empty() { text } else { Value::List(vec![text, variables.clone().into()]) }
}

#[cfg(test)]
mod tests;
