//! What a new bootstrap template allows and denies that the old one does not, and the other way round.

mod enough;

use std::collections::{BTreeMap, BTreeSet};

use lakewright_template::write::value_to_compact_json;
use lakewright_template::{Intrinsic, Map, Template, Value};

pub use enough::is_enough;

/// An action that a resource's policies allow or deny; `everything but ..` for a statement about others.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Said {
    /// Whether it is denied.
    pub is_denied: bool,
    /// The action.
    pub action: String,
    /// Whose rights or resource it is: a role, or the logical id of what has the policy.
    pub by: String,
}

/// For whom, on what and when.
pub type Rules = BTreeSet<String>;

/// What changes of one action.
#[derive(Debug, PartialEq, Eq)]
pub struct Change {
    /// What the new template no longer says.
    pub lost: Rules,
    /// What the old template did not say.
    pub gained: Rules,
    /// Whether the old template knew the action, and whether the new one does.
    pub is_known: (bool, bool),
}

/// The actions that two templates allow or deny in different ways.
#[derive(Debug, PartialEq, Eq)]
pub struct Difference {
    /// What they say of each action.
    pub said: BTreeMap<Said, Change>,
    /// Which policies and boundaries are attached to what.
    pub attached: Change,
    /// What people read instead of [`Said::by`], where that is no name.
    pub named: BTreeMap<String, String>,
}

/// Compares what the statements of two templates allow and deny, action by action, and what is attached.
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

/// The names of the roles that policies are for, by what [`holder`] gives.
fn names(template: &Template) -> impl Iterator<Item = (String, String)> + use<'_> {
    template.resources.iter().filter_map(|(id, resource)| {
        let properties = &resource.properties;
        // What stands in a role is its trust policy as well.
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

/// The name of a role that is named, or referred to in its own template.
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

/// Each action that a policy allows or denies, with the rules under which it does.
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

/// Whom a policy is for: the roles that have it, so that it may be split or named anew.
fn holder(id: &str, properties: &Map) -> String {
    let whom = properties.get("Roles").or_else(|| properties.get("RoleName"));
    let is_role = properties.get("AssumeRolePolicyDocument").is_some();
    match whom.filter(|_| !is_role) {
        Some(whom) => format!("by {}", value_to_compact_json(whom)),
        None => format!("in {id}"),
    }
}

/// The policies and boundaries that resources have.
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

/// The rest of a statement in one line.
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
    /// Whether nothing new is allowed, nothing denied no longer, and nothing attached in another way.
    pub fn only_removes(&self) -> bool {
        let is_less = |said: &Said, change: &Change| {
            if said.is_denied { change.lost.is_empty() } else { change.gained.is_empty() }
        };
        self.said.iter().all(|(said, change)| is_less(said, change))
            && self.attached.gained.is_empty()
            && !self.attached.lost.iter().any(|line| line.starts_with("PermissionsBoundary"))
    }

    /// What is allowed, or denied, and was not; is no longer; or is in another way.
    pub fn part(&self, is_denied: bool, is_known: (bool, bool)) -> Vec<(&Said, &Change)> {
        let part = self
            .said
            .iter()
            .filter(|(said, change)| said.is_denied == is_denied && change.is_known == is_known);
        part.collect()
    }
}
