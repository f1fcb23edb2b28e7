//! An access policy that another system had, as a document of a mesh.

use std::collections::BTreeSet;

use lakewright_manifest::Id;
use lakewright_manifest::diagnostic::Origin;
use lakewright_manifest::mesh::{AccessPolicy, Header};

use super::Losses;
use crate::limits;
use crate::policy::policy;
use crate::privilege::Privileges;
use crate::rules::of_document;

/// An access policy to be written as a document.
#[derive(Debug, Clone, PartialEq)]
pub struct Draft {
    /// The policy.
    pub policy: AccessPolicy,
    /// What the other system calls it.
    pub from: String,
    /// Comments about what was left out.
    pub notes: Vec<String>,
}

/// The ids of the policies so far. Those of policies that a mesh has without a document belong to the mesh.
#[derive(Debug)]
pub(crate) struct Ids(BTreeSet<String>);

impl Ids {
    pub(crate) fn new() -> Self {
        Self(["superuser", "all-users", "catalog"].map(str::to_owned).into())
    }

    /// The id of a policy that the mesh has without a document, which the imported one replaces; else that of a text.
    pub(crate) fn built_in(&mut self, id: Option<&str>, text: &str) -> Id {
        // Taken away, it is free once.
        if let Some(id) = id.filter(|id| self.0.remove(*id)) {
            return self.of(id);
        }
        self.of(text)
    }

    /// The text as an id: as it is, if it is one; else with `p-` before it, if that is one; else of its letters and
    /// digits. A number behind it makes it unique.
    pub(crate) fn of(&mut self, text: &str) -> Id {
        let prefixed = format!("p-{text}");
        let as_it_is = [text, prefixed.as_str()].into_iter().find(|text| Id::parse(text).is_ok());
        let base = as_it_is.map_or_else(|| plain(text), str::to_owned);
        let numbered = (2..).map(|number| {
            let end = format!("-{number}");
            format!("{}{end}", &base[..base.len().min(LONGEST - end.len())])
        });
        let free = std::iter::once(base.clone()).chain(numbered);
        let mut parsed =
            free.filter(|id| !self.0.contains(id)).filter_map(|id| Id::parse(&id).ok());
        let id = parsed.next().unwrap_or_else(|| Id::parse("policy").expect("an id"));
        self.0.insert(id.to_string());
        id
    }
}

/// The characters of an id.
const LONGEST: usize = 40;

/// Lower-case letters and digits of a text, with hyphens for the rest.
fn plain(text: &str) -> String {
    let mut id = String::from("p");
    for letter in text.chars() {
        if letter.is_ascii_alphanumeric() {
            id.push(letter.to_ascii_lowercase());
        } else if !id.ends_with('-') {
            id.push('-');
        }
    }
    id.truncate(LONGEST);
    id.trim_end_matches('-').to_owned()
}

/// The header of a policy. Text that no document may have, such as a dynamic reference, is left out.
pub(crate) fn header(
    id: Id,
    path: &str,
    (label, description): (&str, &str),
    losses: &mut Losses<'_>,
) -> Header {
    let mut kept = |text: &str, name: &str| {
        let is_control = |c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t');
        if text.contains(is_control) || text.contains("{{resolve:") {
            losses.part(path, format!("its {name}, which no document of a mesh may have"));
            return String::new();
        }
        text.trim().to_owned()
    };
    let label = kept(label, "name");
    Header {
        label: if label.is_empty() { id.to_string() } else { label },
        description: kept(description, "description"),
        id,
        tags: std::collections::BTreeMap::new(),
        topics: Vec::new(),
        keywords: Vec::new(),
        glossary: Vec::new(),
        origin: Origin::default(),
    }
}

/// The policy as a draft. `None` if it names nobody or nothing, would never apply, or is too large: `check` would
/// refuse it.
pub(crate) fn checked(
    policy_document: AccessPolicy,
    from: &str,
    path: &str,
    mut losses: Losses<'_>,
) -> Option<Draft> {
    let known = Privileges::known();
    let actors = &policy_document.actors;
    let is_nobody = actors.teams.is_empty()
        && actors.users.is_empty()
        && actors.roles.is_empty()
        && ![actors.all_users, actors.owners, actors.stewards, actors.connection_admins]
            .contains(&true);
    let rule = of_document(&policy_document, &known);
    if is_nobody {
        losses.leave_out(path, "it names no actor that a mesh can name");
    } else if policy_document.privileges.is_empty() {
        losses.leave_out(path, "it names no privilege that a mesh can name");
    } else {
        match policy(&rule, &known) {
            Ok(cedar) => {
                if let Some(problem) = limits::too_large(&rule, &cedar) {
                    losses.leave_out(path, problem.message);
                }
            }
            Err(error) => losses.leave_out(path, error.to_string()),
        }
    }
    let notes = losses.into_notes()?;
    Some(Draft { policy: policy_document, from: from.to_owned(), notes })
}
