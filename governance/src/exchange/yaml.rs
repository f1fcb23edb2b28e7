//! Access policies as YAML.

use std::fmt::Write as _;

use lakewright_manifest::mesh::{
    AccessPolicy, Actors, Effect, Exceptions, Mask, Masking, PolicyResources, PolicyState,
};

use super::{Draft, Imported};

impl Imported {
    /// The documents, with `---` between them.
    pub fn to_yaml(&self) -> String {
        self.policies.iter().map(Draft::to_yaml).collect::<Vec<_>>().join("---\n")
    }
}

impl Draft {
    /// The document, with its origin and what was left out as comments before it.
    pub fn to_yaml(&self) -> String {
        let Self { policy, from, notes } = self;
        let mut text = String::new();
        comment(&mut text, &format!("From {from}"));
        for note in notes {
            comment(&mut text, note);
        }
        document(&mut text, policy);
        text
    }
}

/// A comment takes one line, whatever the text.
fn comment(text: &mut String, note: &str) {
    let note: String = note.chars().map(|c| if is_break(c) { ' ' } else { c }).collect();
    line(text, &format!("# {note}"));
}

/// Whether YAML, of any version, or a terminal could take a character for more than text.
fn is_break(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')
}

fn line(text: &mut String, line: &str) {
    text.push_str(line);
    text.push('\n');
}

fn document(text: &mut String, policy: &AccessPolicy) {
    let AccessPolicy { header, state, effect, actors, privileges, resources, masking, rows } =
        policy;
    line(text, "kind: AccessPolicy");
    line(text, &format!("id: {}", header.id));
    if header.label != header.id.as_str() {
        line(text, &format!("label: {}", scalar(&header.label)));
    }
    if !header.description.is_empty() {
        line(text, &format!("description: {}", scalar(&header.description)));
    }
    if *state == PolicyState::Inactive {
        line(text, "state: inactive");
    }
    if *effect == Effect::Deny {
        line(text, "effect: deny");
    }
    line(text, "actors:");
    actors_lines(text, actors);
    line(text, "privileges:");
    for privilege in privileges {
        line(text, &format!("  - {}", scalar(privilege)));
    }
    resources_lines(text, resources);
    match masking {
        Masking::Nothing => {}
        Masking::Selected(mask) => line(text, &format!("mask: {}", word(*mask))),
        Masking::Columns(masks) => {
            line(text, "masks:");
            for (column, mask) in masks {
                let column = scalar(column.as_str());
                line(text, &format!("  - {{ column: {column}, mask: {} }}", word(*mask)));
            }
        }
    }
    if let Some(rows) = rows {
        line(text, &format!("rows: {}", scalar(&rows.text)));
    }
}

fn word(mask: Mask) -> &'static str {
    match mask {
        Mask::ShowFirst4 => "show_first4",
        Mask::ShowLast4 => "show_last4",
        Mask::Hash => "hash",
        Mask::Nullify => "nullify",
        Mask::Redact => "redact",
    }
}

fn actors_lines(text: &mut String, actors: &Actors) {
    let Actors { teams, users, all_users, roles, owners, stewards, connection_admins, except } =
        actors;
    list(text, 1, "teams", teams.iter().map(lakewright_manifest::TeamName::as_str));
    list(text, 1, "users", users.iter().map(String::as_str));
    list(text, 1, "roles", roles.iter().map(String::as_str));
    let switches = [
        ("all_users", all_users),
        ("owners", owners),
        ("stewards", stewards),
        ("connection_admins", connection_admins),
    ];
    for (name, _) in switches.into_iter().filter(|(_, is_on)| **is_on) {
        line(text, &format!("  {name}: true"));
    }
    let Exceptions { teams, users, roles } = except;
    if !(teams.is_empty() && users.is_empty() && roles.is_empty()) {
        line(text, "  except:");
        list(text, 2, "teams", teams.iter().map(lakewright_manifest::TeamName::as_str));
        list(text, 2, "users", users.iter().map(String::as_str));
        list(text, 2, "roles", roles.iter().map(String::as_str));
    }
}

fn resources_lines(text: &mut String, resources: &PolicyResources) {
    if *resources == PolicyResources::default() {
        return;
    }
    let PolicyResources { types, ids, domains, tags, environments } = resources;
    line(text, "resources:");
    list(text, 1, "types", types.iter().map(String::as_str));
    list(text, 1, "ids", ids.iter().map(String::as_str));
    list(text, 1, "domains", domains.iter().map(lakewright_manifest::Id::as_str));
    list(text, 1, "tags", tags.iter().map(String::as_str));
    list(text, 1, "environments", environments.iter().map(lakewright_manifest::Id::as_str));
}

fn list<'a>(text: &mut String, depth: usize, name: &str, items: impl Iterator<Item = &'a str>) {
    let items: Vec<String> = items.map(scalar).collect();
    if !items.is_empty() {
        let indent = "  ".repeat(depth);
        line(text, &format!("{indent}{name}: [{}]", items.join(", ")));
    }
}

/// A text as YAML reads it back: as it is, if it is a name with a dot, a slash or several words of letters; else in
/// double quotes, escaped.
fn scalar(text: &str) -> String {
    let is_name = text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "_./-".contains(c));
    let is_word = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"]
        .contains(&text.to_ascii_lowercase().as_str());
    if is_name && !is_word {
        return text.to_owned();
    }
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            '\r' => quoted.push_str("\\r"),
            '\u{feff}' => quoted.push_str("\\ufeff"),
            c if is_break(c) => {
                write!(quoted, "\\u{:04x}", u32::from(c)).expect("a string takes all");
            }
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}
