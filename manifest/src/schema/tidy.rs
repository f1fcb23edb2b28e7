//! Adds to the schema what the types of the documents do not state: how YAML reads text, and rules within one document.
//!
//! Validators reject what they do not know: Ajv 8 rejects formats such as `uint16`, and Python rejects
//! `\p{L}` in regular expressions.

use serde_json::{Map, Value, json};

use crate::resolve::{RESERVED, other_names_of_types};

/// The name of a definition. Validators show it in messages, so it is the name of the kind of document.
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

/// Converts a schema: renames references, removes formats, and allows the types that YAML gives to scalars.
pub(super) fn definition(schema: &mut Value) {
    match schema {
        Value::Object(map) => {
            // A table also has a property of this name.
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

/// Allows the types that validators see: text without quotes can be a number or a boolean to
/// them, but is text in a mesh.
fn scalar(map: &mut Map<String, Value>) {
    if map.contains_key("const") || map.contains_key("enum") {
        return;
    }
    let pattern = map.get("pattern").and_then(Value::as_str);
    let others: &[&str] = match pattern {
        None => &["string", "number", "boolean"],
        Some("^[0-9]{12}$") => &["string", "integer"],
        // YAML 1.1, which PyYAML reads, takes `NO` (Norway) for false.
        Some("^[A-Z]{2}$") => &["string", "boolean"],
        // PyYAML reads a day without quotes as a date, which is no JSON type.
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

/// Lists that must not be empty, as a definition and its property.
const NOT_EMPTY: [(&str, &str); 34] = [
    ("access-policy", "masks"),
    ("access-policy", "privileges"),
    ("actors", "roles"),
    ("actors", "teams"),
    ("actors", "users"),
    ("cognito", "client_ids"),
    ("dataset", "keywords"),
    ("dataset", "topics"),
    ("deployment", "trusted_roles"),
    ("domain", "owners"),
    ("exceptions", "roles"),
    ("exceptions", "teams"),
    ("exceptions", "users"),
    ("form-field", "values"),
    ("governance", "callers"),
    ("metadata-form", "about"),
    ("metadata-form", "fields"),
    ("network", "subnet_ids"),
    ("open-id", "audiences"),
    ("pipeline", "stages"),
    ("pivot-role", "trusted_roles"),
    ("resources", "domains"),
    ("resources", "environments"),
    ("resources", "ids"),
    ("resources", "tags"),
    ("resources", "types"),
    ("share", "permissions"),
    ("share-item", "columns"),
    ("table", "columns"),
    ("team-access", "groups"),
    ("team-access", "members"),
    ("tenant-permissions", "deny"),
    ("waf", "allowed_geo_list"),
    ("waf", "allowed_ip_list"),
];

/// Texts that people read and search for are not empty.
fn words(properties: &mut Value) {
    let Some(properties) = properties.as_object_mut() else { return };
    // Every kind of document has both of these properties, and no other definition has both.
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

/// Rules for texts that their types do not state.
fn texts(definitions: &mut Value) {
    // Source: `externalId` of `AssumeRole` in the AWS STS API reference.
    definitions["pivot-role"]["properties"]["external_id"]["minLength"] = json!(2);
    definitions["share-item"]["properties"]["rows"]["minLength"] = json!(1);
    definitions["access-policy"]["properties"]["rows"]["minLength"] = json!(1);
    // Source: "VPC CIDR blocks" in the VPC user guide.
    definitions["context-vpc"]["properties"]["cidr"]["pattern"] =
        json!("^[0-9.]+/(1[6-9]|2[0-8])$");
    // The names that other systems use for Hive's types.
    let otherwise: Vec<&str> = other_names_of_types().collect();
    definitions["column"]["properties"]["type"]["not"] = json!({ "enum": otherwise });
    for definition in definitions.as_object_mut().into_iter().flat_map(Map::values_mut) {
        let tags =
            definition.get_mut("properties").and_then(|properties| properties.get_mut("tags"));
        let Some(tags) = tags.filter(|tags| tags["type"] == "object") else { continue };
        // In any case of letters, because AWS ignores the case of tag keys when it compares them.
        let reserved: Vec<String> = RESERVED.iter().map(|key| any_case(key)).collect();
        let pattern = format!("^(?!({})$)(?!{})", reserved.join("|"), any_case("lakewright:"));
        tags["propertyNames"] = json!({ "pattern": pattern });
    }
}

/// A regular expression for a word in any case of letters. Flags differ between validators.
fn any_case(word: &str) -> String {
    let mut out = String::new();
    for letter in word.chars() {
        if letter.is_ascii_alphabetic() {
            out.extend(['[', letter.to_ascii_uppercase(), letter.to_ascii_lowercase(), ']']);
        } else {
            out.push(letter);
        }
    }
    out
}

/// Forms: what fills them in, and which types of fields have a list of values.
fn forms(definitions: &mut Value) {
    for definition in ["access-policy", "metadata-form", "tenant"] {
        if let Some(properties) = definitions[definition]["properties"].as_object_mut() {
            properties.remove("forms");
        }
    }
    let scope = &mut definitions["form-scope"];
    scope["oneOf"] = json!([
        { "required": ["organization"] }, { "required": ["environment"] }, { "required": ["team"] }
    ]);
    let field = &mut definitions["form-field"];
    field["if"] = json!({ "required": ["type"], "properties": { "type": { "const": "choice" } } });
    field["then"] = json!({ "required": ["values"] });
    field["else"] = json!({
        "if": {
            "required": ["type"],
            "properties": { "type": { "enum": ["boolean", "string"] } },
        },
        "then": { "properties": { "values": false } },
    });
}

/// Rules within one document.
pub(super) fn rules(definitions: &mut Value) {
    for (definition, property) in NOT_EMPTY {
        definitions[definition]["properties"][property]["minItems"] = json!(1);
    }
    for definition in ["actors", "exceptions", "resources", "waf"] {
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
    texts(definitions);
    forms(definitions);
    definitions["tenant-permissions"]["oneOf"] =
        json!([{ "required": ["allow"] }, { "required": ["deny"] }]);
    // A share that is not a draft must state its items.
    let share = &mut definitions["share"];
    share["if"] = json!({
        "required": ["status"],
        "properties": { "status": { "not": { "const": "draft" } } },
    });
    share["then"] = json!({ "required": ["items"], "properties": { "items": { "minItems": 1 } } });
    let item = &mut definitions["share-item"];
    item["properties"]["bucket"] = json!({ "const": true, "description": "The whole bucket." });
    item["oneOf"] = json!([
        { "required": ["table"] }, { "required": ["folder"] }, { "required": ["bucket"] }
    ]);
    // Exactly one way for people.
    definitions["access"]["oneOf"] = json!([
        { "required": ["identity_center"] },
        { "required": ["saml"] },
        { "required": ["oidc"] },
        { "required": ["broker"] },
    ]);
    // Source: "RollbackConfiguration" in the CloudFormation API reference.
    let alarms = &mut definitions["environment-deployment"]["properties"];
    alarms["rollback_alarms"]["maxItems"] = json!(5);
    alarms["monitoring_minutes"]["maximum"] = json!(180);
    definitions["identity-provider"]["oneOf"] =
        json!([{ "required": ["cognito"] }, { "required": ["oidc"] }]);
    definitions["identity-provider"]["properties"]["roles"]["minProperties"] = json!(1);
    let volume = &mut definitions["notebook"]["properties"]["volume_size"];
    volume["enum"] = json!([32, 64, 128, 256]);
    // YAML 1.1, which many validators read, reads `off` as false.
    if let Some(cases) = definitions["maintenance"]["oneOf"].as_array_mut() {
        cases.push(json!({ "const": false, "description": "Everything works." }));
    }
}
