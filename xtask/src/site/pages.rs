//! Pages that are generated: commands from the program's help, kinds of documents and shapes of output from their schemas.

use std::path::Path;

use serde_json::Value;

use super::files;
use crate::run::{Result, output, read, write};

/// Pages of the site: path and title.
type Pages = Vec<(String, String)>;

/// A page for each command, with its help.
pub(super) fn commands(program: &str, source: &Path) -> Result<Pages> {
    let help = output(program, &["--help"])?;
    // Commands stand two spaces from the margin, and their second lines further in.
    let words = help.lines().filter_map(|line| line.strip_prefix("  ")?.split_once("  "));
    let names = words.map(|(name, _)| name).filter(|name| {
        name.starts_with(|first: char| first.is_ascii_lowercase()) && !name.contains(' ')
    });
    let mut pages = Pages::new();
    for name in names {
        let text = output(program, &[name, "--help"])?;
        let path = format!("commands/{name}.md");
        write(&source.join(&path), &format!("# lakewright {name}\n\n```text\n{text}```\n"))?;
        pages.push((path, name.to_owned()));
    }
    if pages.len() < 20 {
        return Err(format!(
            "the help of the program lists {} commands, expected at least 20",
            pages.len()
        ));
    }
    Ok(pages)
}

/// A page for each kind of document, with its fields.
pub(super) fn kinds(source: &Path) -> Result<Pages> {
    let schema = json(&source.join("mesh.schema.json"))?;
    let mut pages = Pages::new();
    for rule in schema["allOf"].as_array().into_iter().flatten() {
        let kind = rule["if"]["properties"]["kind"]["const"].as_str();
        let name = rule["then"]["$ref"].as_str().and_then(|at| at.rsplit('/').next());
        let (Some(kind), Some(name)) = (kind, name) else {
            return Err(format!("the schema of the mesh has a rule without a kind: {rule}"));
        };
        let path = format!("kinds/{name}.md");
        let definition = &schema["definitions"][name];
        let text = format!(
            "# {kind}\n\n{}\n\nDefaults and examples are in [the mesh format](../mesh.md#{}).\n\n{}",
            literal(definition["description"].as_str().unwrap_or_default()),
            kind.to_ascii_lowercase(),
            fields(&schema, definition, 0)
        );
        write(&source.join(&path), &text)?;
        pages.push((path, kind.to_owned()));
    }
    if pages.is_empty() {
        return Err("the schema of the mesh names no kind of document".to_owned());
    }
    Ok(pages)
}

/// The fields of a definition, as a list with lists inside.
fn fields(schema: &Value, definition: &Value, depth: usize) -> String {
    let mut text = String::new();
    let required: Vec<&str> =
        definition["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    for (name, field) in definition["properties"].as_object().into_iter().flatten() {
        let must = if required.contains(&name.as_str()) { " (required)" } else { "" };
        let meant = field["description"].as_str().unwrap_or_default();
        let indent = "  ".repeat(depth);
        let line = [&indent, "- `", name, "`", must, ": ", &literal(meant), &values(field), "\n"];
        text.push_str(&line.concat());
        let inner = [field, &field["items"], &field["additionalProperties"]]
            .into_iter()
            .find_map(|one| one["$ref"].as_str()?.rsplit('/').next());
        // Definitions do not contain themselves; three levels are the deepest that a reader follows.
        if let Some(inner) = inner.filter(|_| depth < 3) {
            text.push_str(&fields(schema, &schema["definitions"][inner], depth + 1));
        }
    }
    text
}

/// The values that a field takes, if they are listed.
fn values(field: &Value) -> String {
    let listed = [&field["enum"], &field["items"]["enum"]].into_iter().find_map(Value::as_array);
    let listed: Vec<String> = listed
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .map(|value| format!("`{value}`"))
        .collect();
    if listed.is_empty() { String::new() } else { format!(" One of {}.", listed.join(", ")) }
}

/// A text with nothing that Markdown or HTML would read as markup, except code between backticks.
fn literal(text: &str) -> String {
    let escape = |(number, part): (usize, &str)| {
        // Every second part is between backticks.
        let is_code = number % 2 == 1;
        if is_code {
            return part.to_owned();
        }
        let part = part.replace('&', "&amp;").replace('<', "&lt;");
        part.replace('[', "\\[").replace('*', "\\*")
    };
    text.split('`').enumerate().map(escape).collect::<Vec<_>>().join("`")
}

/// A page for each shape of JSON that a command writes.
pub(super) fn shapes(source: &Path) -> Result<Pages> {
    let mut pages = Pages::new();
    for file in files(&source.join("output"))? {
        let file_name = file.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let Some(name) = file_name.strip_suffix(".schema.json") else { continue };
        let schema = json(&file)?;
        let title = schema["title"].as_str().unwrap_or(name);
        let meant = schema["description"].as_str().unwrap_or_default();
        let pretty = serde_json::to_string_pretty(&schema).map_err(|error| error.to_string())?;
        let path = format!("output/{name}.md");
        let text = format!("# {title}\n\n{meant}\n\n```json\n{pretty}\n```\n");
        write(&source.join(&path), &text)?;
        pages.push((path, name.to_owned()));
    }
    Ok(pages)
}

/// The pages that a folder has, with their titles.
pub(super) fn existing(source: &Path, folder: &str) -> Result<Pages> {
    let paths = files(&source.join(folder))?;
    let pages = paths.iter().filter(|path| path.extension().is_some_and(|end| end == "md"));
    pages
        .map(|path| {
            let below = path.strip_prefix(source).map_err(|error| error.to_string())?;
            Ok((below.display().to_string(), title(path)?))
        })
        .collect()
}

/// The lines of the table of contents for pages that it does not have yet.
pub(super) fn others(source: &Path, summary: &str) -> Result<String> {
    let missing: Pages = existing(source, "")?
        .into_iter()
        .filter(|(path, _)| !summary.contains(&format!("({path})")))
        .collect();
    Ok(if missing.is_empty() { String::new() } else { super::section("More", &missing) })
}

/// The first heading of a page.
fn title(path: &Path) -> Result<String> {
    let text = read(path)?;
    let heading = text.lines().find_map(|line| line.strip_prefix("# "));
    heading.map(str::to_owned).ok_or_else(|| format!("{} has no heading", path.display()))
}

fn json(path: &Path) -> Result<Value> {
    serde_json::from_str(&read(path)?).map_err(|error| format!("{}: {error}", path.display()))
}
