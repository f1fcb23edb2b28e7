//! What the JSON Schema of the format says about a place: its keys, its values, and what they mean.

use std::sync::LazyLock;

use lakewright_manifest::document::Kind;
use lakewright_manifest::schema::json_schema;
use serde_json::Value;

use crate::names::Step;

static SCHEMA: LazyLock<Value> = LazyLock::new(json_schema);

/// A word that may stand at a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Word {
    /// The word.
    pub(crate) text: String,
    /// What it means; empty if the schema does not say it.
    pub(crate) meaning: String,
    /// Whether the document is wrong without it.
    pub(crate) is_required: bool,
    /// What its value is.
    pub(crate) shape: Shape,
}

/// What the value of a key is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// A scalar.
    Scalar,
    /// A mapping.
    Mapping,
    /// A list.
    List,
}

/// The keys of the mapping at a place.
pub(crate) fn keys(kind: Option<Kind>, path: &[Step]) -> Vec<Word> {
    let mut words: Vec<Word> = Vec::new();
    for schema in schemas(kind, path) {
        let required: Vec<&str> = texts(&schema["required"]);
        for (key, value) in schema["properties"].as_object().into_iter().flatten() {
            if words.iter().all(|word| word.text != *key) {
                words.push(Word {
                    text: key.clone(),
                    meaning: meaning(value),
                    is_required: required.contains(&key.as_str()),
                    shape: shape(value),
                });
            }
        }
    }
    // What must be there comes first.
    words.sort_by(|one, other| {
        other.is_required.cmp(&one.is_required).then_with(|| one.text.cmp(&other.text))
    });
    words
}

/// The values that the schema lists for a place.
pub(crate) fn values(kind: Option<Kind>, path: &[Step]) -> Vec<Word> {
    let mut words = Vec::new();
    let mut push = |text: &str, meaning: String| {
        words.push(Word {
            text: text.to_owned(),
            meaning,
            is_required: false,
            shape: Shape::Scalar,
        });
    };
    for schema in schemas(kind, path) {
        for text in texts(&schema["enum"]) {
            push(text, String::new());
        }
        if let Some(text) = schema["const"].as_str() {
            push(text, meaning(schema));
        }
        if schema["type"] == "boolean" {
            push("true", String::new());
            push("false", String::new());
        }
    }
    words
}

/// What a key means; `None` if the schema does not know it.
pub(crate) fn describe(kind: Option<Kind>, path: &[Step]) -> Option<String> {
    let texts = schemas(kind, path).into_iter().map(meaning);
    texts.into_iter().find(|text| !text.is_empty())
}

/// The schemas of a place: several, if a value may have several forms.
fn schemas(kind: Option<Kind>, path: &[Step]) -> Vec<&'static Value> {
    let root = kind.and_then(of_kind);
    let mut found = Vec::new();
    // Before the kind is written, only `kind` is known.
    open(root.unwrap_or(&SCHEMA), &mut found);
    for step in path {
        let mut next = Vec::new();
        for schema in found {
            let child = match step {
                Step::Item => &schema["items"],
                Step::Key(key) => match &schema["properties"][key] {
                    Value::Null => &schema["additionalProperties"],
                    known => known,
                },
            };
            open(child, &mut next);
        }
        found = next;
    }
    found
}

/// A schema and those that it refers to.
fn open(schema: &'static Value, found: &mut Vec<&'static Value>) {
    if !schema.is_object() {
        return;
    }
    found.push(schema);
    if let Some(name) = schema["$ref"].as_str().and_then(|text| text.strip_prefix("#/definitions/"))
    {
        open(&SCHEMA["definitions"][name], found);
    }
    for list in ["allOf", "anyOf", "oneOf"] {
        schema[list].as_array().into_iter().flatten().for_each(|one| open(one, found));
    }
}

fn of_kind(kind: Kind) -> Option<&'static Value> {
    let cases = SCHEMA["allOf"].as_array()?;
    let case = cases.iter().find(|case| case["if"]["properties"]["kind"]["const"] == kind.as_str());
    case.map(|case| &case["then"])
}

fn texts(value: &'static Value) -> Vec<&'static str> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

/// The description in one paragraph.
fn meaning(schema: &'static Value) -> String {
    schema["description"].as_str().unwrap_or_default().replace('\n', " ")
}

fn shape(schema: &'static Value) -> Shape {
    let mut found = Vec::new();
    open(schema, &mut found);
    let is = |wanted: &str| found.iter().any(|one| one["type"] == wanted);
    if is("object") {
        Shape::Mapping
    } else if is("array") && !is("string") {
        Shape::List
    } else {
        Shape::Scalar
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(words: &[Word]) -> Vec<&str> {
        words.iter().map(|word| word.text.as_str()).collect()
    }

    #[test]
    fn the_keys_of_a_part_are_those_of_its_type() {
        let path = [Step::Key("teams".to_owned()), Step::Item];
        let keys = keys(Some(Kind::Environment), &path);
        assert_eq!(words(&keys), ["team", "forms", "iam_role_arn", "permissions"]);
        assert!(keys[0].is_required && !keys[2].is_required);
        assert_eq!(keys[3].shape, Shape::List);
    }

    #[test]
    fn the_values_of_a_choice_are_listed_with_their_meaning() {
        let path = [Step::Key("confidentiality".to_owned())];
        let values = values(Some(Kind::Dataset), &path);
        assert_eq!(words(&values), ["unclassified", "official", "secret"]);
        assert_eq!(values[2].meaning, "For named teams.");
    }

    #[test]
    fn without_a_kind_only_the_kind_is_known() {
        assert_eq!(words(&keys(None, &[])), ["kind"]);
        let kinds = values(None, &[Step::Key("kind".to_owned())]);
        assert_eq!(kinds.len(), Kind::ALL.len());
    }
}
