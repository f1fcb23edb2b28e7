//! What the types of the documents do not say by themselves: what YAML makes of text, and rules within one document.
//!
//! Validators refuse what they do not know: Ajv 8 formats such as `uint16`, and Python's expressions `\p{L}`.

use serde_json::{Map, Value, json};

/// What a definition is called: messages of validators name it, and its readers know the kinds of documents.
pub(super) fn name(of_type: &str) -> String {
    let mut name = String::new();
    for letter in of_type.strip_suffix("Document").unwrap_or(of_type).chars() {
        if letter.is_ascii_uppercase() && !name.is_empty() {
            name.push('-');
        }
        name.push(letter.to_ascii_lowercase());
    }
    name
}

/// Goes through a schema: references by the new names, no formats, and scalars as YAML has them.
pub(super) fn definition(schema: &mut Value) {
    match schema {
        Value::Object(map) => {
            // A table has a property of this name.
            if map.get("format").is_some_and(Value::is_string) {
                map.remove("format");
            }
            let target = map.get("$ref").and_then(Value::as_str);
            if let Some(target) = target.and_then(|text| text.strip_prefix("#/definitions/")) {
                let target = format!("#/definitions/{}", name(target));
                map.insert("$ref".to_owned(), Value::String(target));
            }
            if map.get("type").is_some_and(|kind| kind == "string") {
                scalar(map);
            }
            for value in map.values_mut() {
                definition(value);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(definition),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Text that is not quoted can be a number or a boolean to a validator, and is text here all the same.
fn scalar(map: &mut Map<String, Value>) {
    if map.contains_key("const") || map.contains_key("enum") {
        return;
    }
    let pattern = map.get("pattern").and_then(Value::as_str);
    let others: &[&str] = match pattern {
        None => &["string", "number", "boolean"],
        Some("^[0-9]{12}$") => &["string", "integer"],
        // Norway is false to YAML 1.1, which PyYAML reads.
        Some("^[A-Z]{2}$") => &["string", "boolean"],
        // A day that is not quoted is a date to PyYAML, and no type of JSON.
        Some(pattern) if pattern.starts_with("^[0-9]{4}-") => {
            map.remove("type");
            let types = ["array", "boolean", "null", "number", "object"];
            map.insert("not".to_owned(), json!({ "type": types }));
            return;
        }
        Some("^[a-z]{2}(-[a-z]+)+-[0-9]$") => {
            map.remove("pattern");
            let regions: Vec<&String> = lakewright_template::schema::regions().keys().collect();
            map.insert("enum".to_owned(), json!(regions));
            return;
        }
        Some(_) => return,
    };
    if others.contains(&"integer") {
        map.insert("minimum".to_owned(), json!(0));
        map.insert("maximum".to_owned(), json!(999_999_999_999_u64));
    }
    map.insert("type".to_owned(), json!(others));
}

/// Lists that must hold something: a definition and its property.
const NOT_EMPTY: [(&str, &str); 16] = [
    ("access-policy", "privileges"),
    ("dataset", "keywords"),
    ("dataset", "topics"),
    ("deployment", "trusted_roles"),
    ("domain", "owners"),
    ("network", "subnet_ids"),
    ("pipeline", "stages"),
    ("pivot-role", "trusted_roles"),
    ("share", "permissions"),
    ("share-item", "columns"),
    ("table", "columns"),
    ("team-access", "groups"),
    ("team-access", "members"),
    ("tenant-permissions", "deny"),
    ("waf", "allowed_geo_list"),
    ("waf", "allowed_ip_list"),
];

/// What people read and search by is not empty.
fn words(properties: &mut Value) {
    let Some(properties) = properties.as_object_mut() else { return };
    // Every kind of document has these, and nothing else has all of them.
    if !properties.contains_key("glossary") || !properties.contains_key("label") {
        return;
    }
    for name in ["glossary", "keywords", "topics"] {
        if let Some(list) = properties.get_mut(name) {
            list["items"]["minLength"] = json!(1);
        }
    }
    if let Some(label) = properties.get_mut("label") {
        label["minLength"] = json!(1);
    }
}

/// Rules within one document.
pub(super) fn rules(definitions: &mut Value) {
    for (definition, property) in NOT_EMPTY {
        definitions[definition]["properties"][property]["minItems"] = json!(1);
    }
    for definition in ["actors", "resources", "waf"] {
        definitions[definition]["minProperties"] = json!(1);
    }
    definitions["tenant"]["properties"]["permissions"]["minProperties"] = json!(1);
    for definition in definitions.as_object_mut().into_iter().flat_map(Map::values_mut) {
        if let Some(properties) = definition.get_mut("properties") {
            words(properties);
        }
    }
    if let Some(required) = definitions["dataset"]["required"].as_array_mut() {
        required.extend([json!("topics"), json!("keywords")]);
    }
    let item = &mut definitions["share-item"];
    item["properties"]["bucket"] = json!({ "const": true, "description": "The whole bucket." });
    item["oneOf"] = json!([
        { "required": ["table"] }, { "required": ["folder"] }, { "required": ["bucket"] }
    ]);
    // One way for people, and no more.
    definitions["access"]["oneOf"] = json!([
        { "required": ["identity_center"] },
        { "required": ["saml"] },
        { "required": ["oidc"] },
        { "required": ["broker"] },
    ]);
    let volume = &mut definitions["notebook"]["properties"]["volume_size"];
    volume["enum"] = json!([32, 64, 128, 256]);
    // YAML 1.1, which many validators read, takes `off` for false.
    if let Some(cases) = definitions["maintenance"]["oneOf"].as_array_mut() {
        cases.push(json!({ "const": false, "description": "Everything works." }));
    }
}
