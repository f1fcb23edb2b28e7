//! Compares what an old and a new bootstrap template allow and deny.

mod enough;

use std::collections::{BTreeMap, BTreeSet};

use lakewright_template::write::value_to_compact_json;
use lakewright_template::{Intrinsic, Map, Template, Value};

pub use enough::is_enough;

/// An action that policies allow or deny. A statement with `NotAction` has `everything but ..` as its action.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Said {
    /// Whether the action is denied.
    pub is_denied: bool,
    /// The action.
    pub action: String,
    /// The roles that have the policy, or the logical id of the resource that contains it.
    pub by: String,
}

/// The principals, resources and conditions of statements, each statement in a line.
pub type Rules = BTreeSet<String>;

/// The changes of one action.
#[derive(Debug, PartialEq, Eq)]
pub struct Change {
    /// The rules that only the old template has.
    pub lost: Rules,
    /// The rules that only the new template has.
    pub gained: Rules,
    /// Whether the old template has any rule, and whether the new one has.
    pub is_known: (bool, bool),
}

/// The differences between two templates.
#[derive(Debug, PartialEq, Eq)]
pub struct Difference {
    /// The changes of each action that is allowed or denied differently.
    pub said: BTreeMap<Said, Change>,
    /// The changes of attached policies and boundaries.
    pub attached: Change,
    /// The text that people read instead of [`Said::by`], if that is no name.
    pub named: BTreeMap<String, String>,
}

/// Compares the statements of two templates, action by action, and the attached policies and boundaries.
pub fn actions(old: &Template, new: &Template) -> Difference {
    let attached = Change::between(&attachments(old), &attachments(new));
    let named = names(old).chain(names(new)).collect();
    let (old, new) = (rules(old), rules(new));
    let none = Rules::new();
    let all: BTreeSet<&Said> = old.keys().chain(new.keys()).collect();
    let changes = all.into_iter().filter_map(|said| {
        let (before, after) = (old.get(said).unwrap_or(&none), new.get(said).unwrap_or(&none));
        (before != after).then(|| (said.clone(), Change::between(before, after)))
    });
    Difference { said: changes.collect(), attached, named }
}

/// The names of the roles that have each policy, by the text that [`holder`] returns.
fn names(template: &Template) -> impl Iterator<Item = (String, String)> + use<'_> {
    template.resources.iter().filter_map(|(id, resource)| {
        let properties = &resource.properties;
        // The statements of a role resource include its trust policy, so its logical id names them.
        if properties.get("AssumeRolePolicyDocument").is_some() {
            return None;
        }
        let whom = properties.get("Roles").or_else(|| properties.get("RoleName"))?;
        let roles = whom.as_list().unwrap_or(std::slice::from_ref(whom));
        let roles: Vec<&str> =
            roles.iter().map(|role| role_name(template, role)).collect::<Option<_>>()?;
        Some((holder(id.as_str(), properties), format!("by role {}", roles.join(", "))))
    })
}

/// The name of a role that is given as text, or as a reference within the template.
fn role_name<'t>(template: &'t Template, role: &'t Value) -> Option<&'t str> {
    let Some(Intrinsic::Ref(target)) = role.as_intrinsic() else { return role.as_text() };
    let mut resources = template.resources.iter();
    let (id, resource) = resources.find(|(id, _)| id.as_str() == target.as_str())?;
    let name = resource.properties.get("RoleName").and_then(Value::as_text);
    Some(name.unwrap_or(id.as_str()))
}

impl Change {
    fn between(before: &Rules, after: &Rules) -> Self {
        Self {
            lost: before.difference(after).cloned().collect(),
            gained: after.difference(before).cloned().collect(),
            is_known: (!before.is_empty(), !after.is_empty()),
        }
    }
}

/// Each action that policies allow or deny, with the statements' rules.
fn rules(template: &Template) -> BTreeMap<Said, Rules> {
    let mut rules: BTreeMap<Said, Rules> = BTreeMap::new();
    for (id, resource) in &template.resources {
        for (_, value) in resource.properties.iter() {
            value.walk(&mut |value| {
                let Some(statement) = value.as_map() else { return };
                let is_denied = match statement.get("Effect").and_then(Value::as_text) {
                    Some("Allow") => false,
                    Some("Deny") => true,
                    _ => return,
                };
                for action in actions_of(statement) {
                    let said =
                        Said { is_denied, action, by: holder(id.as_str(), &resource.properties) };
                    rules.entry(said).or_default().insert(rule(statement));
                }
            });
        }
    }
    rules
}

/// The roles that have a policy, or else the logical id. Comparing by role ignores how a role's policies are split and
/// named.
fn holder(id: &str, properties: &Map) -> String {
    let whom = properties.get("Roles").or_else(|| properties.get("RoleName"));
    let is_role = properties.get("AssumeRolePolicyDocument").is_some();
    match whom.filter(|_| !is_role) {
        Some(whom) => format!("by {}", value_to_compact_json(whom)),
        None => format!("in {id}"),
    }
}

/// The policies and boundaries that are attached to resources.
fn attachments(template: &Template) -> Rules {
    let mut attached = Rules::new();
    for (id, resource) in &template.resources {
        for property in ["ManagedPolicyArns", "PermissionsBoundary", "Roles"] {
            if let Some(value) = resource.properties.get(property) {
                let value = value_to_compact_json(value);
                attached.insert(format!("{property} of {id}: {value}"));
            }
        }
    }
    attached
}

fn actions_of(statement: &Map) -> Vec<String> {
    let names = |element: &str| {
        let mut names = Vec::new();
        if let Some(value) = statement.get(element) {
            value.walk(&mut |value| names.extend(value.as_text().map(str::to_owned)));
        }
        names
    };
    let others = names("NotAction");
    if others.is_empty() {
        return names("Action");
    }
    vec![format!("everything but {}", others.join(", "))]
}

/// The resources, principals and conditions of a statement, in one line.
fn rule(statement: &Map) -> String {
    let elements = [
        ("on ", "Resource"),
        ("on everything but ", "NotResource"),
        ("for ", "Principal"),
        ("for everybody but ", "NotPrincipal"),
        ("when ", "Condition"),
    ];
    let parts = elements.iter().filter_map(|(word, element)| {
        let value = statement.get(element)?;
        let text = value.as_text().map_or_else(|| value_to_compact_json(value), str::to_owned);
        Some(format!("{word}{text}"))
    });
    parts.collect::<Vec<_>>().join(" ")
}

impl Difference {
    /// Whether the new template only removes access: no new permissions, no fewer denials, nothing newly attached, no
    /// boundary detached.
    pub fn only_removes(&self) -> bool {
        let is_less = |said: &Said, change: &Change| {
            if said.is_denied { change.lost.is_empty() } else { change.gained.is_empty() }
        };
        self.said.iter().all(|(said, change)| is_less(said, change))
            && self.attached.gained.is_empty()
            && !self.attached.lost.iter().any(|line| line.starts_with("PermissionsBoundary"))
    }

    /// The changes of allowed or of denied actions with this `is_known`: newly allowed or denied, no longer, or under
    /// other rules.
    pub fn part(&self, is_denied: bool, is_known: (bool, bool)) -> Vec<(&Said, &Change)> {
        let part = self
            .said
            .iter()
            .filter(|(said, change)| said.is_denied == is_denied && change.is_known == is_known);
        part.collect()
    }
}
