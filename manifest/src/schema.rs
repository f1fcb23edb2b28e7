//! The JSON Schema of the mesh format, for editors.

mod tidy;

use std::sync::LazyLock;

use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use crate::document::{self, Kind, every_kind};

/// The schema of one document: `kind` determines which other keys are allowed.
pub fn json_schema() -> Value {
    let mut generator = SchemaSettings::draft07().into_generator();
    let mut cases = Vec::new();
    for kind in Kind::ALL {
        macro_rules! of_kind {
            ($($count:ident {
                $($(#[$doc:meta])* $kind:ident $noun:literal $list:ident $document:ident,)*
            })*) => {
                match kind {
                    $($(Kind::$kind => generator.subschema_for::<document::$document>(),)*)*
                }
            };
        }
        let reference = every_kind!(of_kind);
        cases.push(json!({
            "if": {
                "type": "object",
                "properties": { "kind": { "const": kind.as_str() } },
                "required": ["kind"],
            },
            "then": reference,
        }));
    }
    let mut definitions = Map::new();
    for (name, mut definition) in generator.take_definitions(true) {
        // Unknown keys are errors, so editors mark them as well.
        if definition["type"] == "object" && definition["properties"].is_object() {
            definition["additionalProperties"] = Value::Bool(false);
        }
        tidy::definition(&mut definition);
        definitions.insert(tidy::name(&name), definition);
    }
    let mut definitions = Value::Object(definitions);
    tidy::rules(&mut definitions);
    for case in &mut cases {
        tidy::definition(case);
    }
    let mut schema = json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "A document of a Lakewright mesh",
        // The document after a last `---` is empty.
        "type": ["object", "null"],
        "required": ["kind", "id"],
        "properties": {
            "kind": { "enum": Kind::ALL.map(Kind::as_str), "description": "The kind of document." },
        },
        "allOf": cases,
        "definitions": definitions,
    });
    // With Cedar in the program, objects keep the order in which they are written.
    schema.sort_all_objects();
    schema
}

/// Whether a key is required in a document or a part of one, given the name of its type.
pub(crate) fn requires(of_type: &str, key: &str) -> bool {
    static DEFINITIONS: LazyLock<Value> = LazyLock::new(|| json_schema()["definitions"].take());
    let required = DEFINITIONS[tidy::name(of_type)]["required"].as_array();
    required.into_iter().flatten().any(|one| one.as_str() == Some(key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn validators_of_others_know_every_word() {
        let schema = json_schema();
        let text = schema.to_string();
        // Ajv 8 rejects unknown formats, and Python's regular expressions have no Unicode classes.
        for unknown in ["uint16", "uint32", "\\\\p{", "Document"] {
            assert!(!text.contains(unknown), "{unknown}");
        }
        let definitions = schema["definitions"].as_object().expect("definitions");
        for reference in text.split("#/definitions/").skip(1) {
            let name = reference.split('"').next().unwrap_or_default();
            assert!(definitions.contains_key(name), "{name}");
        }
        assert!(definitions["table"]["properties"]["format"].is_object());
        assert_eq!(definitions["dataset"]["properties"]["topics"]["minItems"], 1);
        let account = &definitions["environment"]["properties"]["account"];
        assert_eq!(account["type"], json!(["string", "integer"]));
        let empty: Vec<&String> = definitions
            .iter()
            .filter(|(_, one)| {
                one["type"].is_null() && one["oneOf"].is_null() && one["enum"].is_null()
            })
            .map(|(name, _)| name)
            .collect();
        assert!(empty.is_empty(), "made by a misspelt name: {empty:?}");
    }
}
