//! The table of what decides an update of a resource, for every resource type of the package.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use super::parse;
use crate::codegen::strings;
use crate::run::Result;

/// The first lines of the table.
const HEAD: &str = "\
# What decides an update of a resource, for each resource type of the package in PROVENANCE: one type in a line, sorted.
# TYPE | HANDLERS | CREATE-ONLY | CONDITIONALLY CREATE-ONLY | PRIMARY IDENTIFIER
# HANDLERS: the first letters of create, read, update and delete, or - if the schema has no `handlers`; then
# `delete-first` if a replacement deletes the old resource before it creates the new one. The rest are JSON pointers.
";

/// The text of `template/data/updates.txt`. `providers` has the name of the schema of each type.
pub(super) fn table(schemas: &Path, providers: &Value) -> Result<String> {
    let names = providers.as_object().ok_or("a list of providers is an object")?;
    let names: BTreeMap<&String, &Value> = names.iter().collect();
    let mut text = HEAD.to_owned();
    for (kind, name) in names {
        let name = name.as_str().ok_or_else(|| format!("{kind} has no schema"))?;
        let schema = parse(&schemas.join(format!("resources/{name}.json")))?;
        text.push_str(&line(kind, &schema)?);
        text.push('\n');
    }
    Ok(text)
}

/// The line of a type.
fn line(kind: &str, schema: &Value) -> Result<String> {
    let mut provisioning = handlers(schema);
    if provisioning.is_empty() {
        return Err(format!("{kind} has no known handler"));
    }
    if schema["replacementStrategy"] == "delete_then_create" {
        provisioning.push_str(" delete-first");
    }
    let columns = [
        kind.to_owned(),
        provisioning,
        sorted(pointers(kind, schema, "createOnlyProperties")?).join(" "),
        sorted(pointers(kind, schema, "conditionalCreateOnlyProperties")?).join(" "),
        // The order is that in which an import takes the values.
        pointers(kind, schema, "primaryIdentifier")?.join(" "),
    ];
    Ok(columns.join(" | "))
}

/// The first letters of the handlers that a schema names; `-` if it names none.
fn handlers(schema: &Value) -> String {
    let Some(handlers) = schema["handlers"].as_object() else { return "-".to_owned() };
    let known = ["create", "read", "update", "delete"].into_iter();
    known
        .filter(|handler| handlers.contains_key(*handler))
        .filter_map(|handler| handler.chars().next())
        .collect()
}

/// The JSON pointers in a list of the schema, below `Properties`.
fn pointers<'s>(kind: &str, schema: &'s Value, key: &str) -> Result<Vec<&'s str>> {
    let below = |pointer: &'s str| {
        let rest = pointer.strip_prefix("/properties");
        rest.filter(|rest| rest.starts_with('/') && !rest.contains([' ', '|']))
            .ok_or_else(|| format!("{kind}: `{pointer}` in {key} is no pointer of a property"))
    };
    strings(&schema[key]).map(below).collect()
}

fn sorted(mut pointers: Vec<&str>) -> Vec<&str> {
    pointers.sort_unstable();
    pointers.dedup();
    pointers
}
