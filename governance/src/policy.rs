//! Rules as Cedar policies. They are built as data, so no text of a mesh is ever read as Cedar. All conditions come from
//! the functions below: each asks with `has` before it reads an attribute, so no evaluation can fail.

use cedar_policy::{Policy, PolicyId};
use lakewright_manifest::mesh::Effect;
use serde_json::{Value, json};

use crate::kind::ResourceKind;
use crate::privilege::Privileges;
use crate::relation::Relation;
use crate::rules::{READ_GLOSSARY, Rule, RuleActors, RuleResources};
use crate::schema::{NAMESPACE, group_of, has_domain, has_environment, has_tags};

/// A policy that could not be built or would never apply.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// No privilege of the policy applies to a resource that it selects.
    #[error("no privilege of it applies to a resource that it names")]
    NeverApplies,
    /// Cedar does not accept the policy.
    #[error("Cedar does not accept it: {0}")]
    NotAccepted(String),
}

/// The policy of a rule.
pub(crate) fn policy(rule: &Rule, known: &Privileges) -> Result<Policy, PolicyError> {
    if !can_apply(rule, known) {
        return Err(PolicyError::NeverApplies);
    }
    let id = PolicyId::new(&rule.id);
    Policy::from_json(Some(id), to_json(rule, known))
        .map_err(|error| PolicyError::NotAccepted(error.to_string()))
}

/// Whether some request can match the rule, decided from the kinds of resources that its privileges, its selectors and
/// its actors are about.
fn can_apply(rule: &Rule, known: &Privileges) -> bool {
    kinds_of(rule)
        .into_iter()
        .any(|kind| rule.privileges.iter().any(|privilege| rule.is_about(*privilege, kind, known)))
}

/// The kinds of resources that every selector of a rule can match.
pub(crate) fn kinds_of(rule: &Rule) -> Vec<ResourceKind> {
    let RuleResources { kinds, names, domains, tags, environments } = &rule.resources;
    let RuleActors { everyone, teams, users, roles, relations, .. } = &rule.actors;
    let only_by_relation = !everyone && teams.is_empty() && users.is_empty() && roles.is_empty();
    let matches = |kind: &ResourceKind| {
        (kinds.is_empty() || kinds.contains(kind))
            && (names.is_empty() || names.iter().any(|name| split(name).0 == Some(*kind)))
            && (domains.is_empty() || has_domain(*kind))
            && (tags.is_empty() || has_tags(*kind))
            && (environments.is_empty() || has_environment(*kind))
            && (!only_by_relation || relations.iter().any(|relation| relation.is_of(*kind)))
    };
    ResourceKind::ALL.into_iter().filter(matches).collect()
}

/// A policy in Cedar's JSON. The scope is the same for every policy of an effect, except for the actions: in a policy store,
/// the principal and the resource of a policy's scope cannot change.
///
/// Source: `UpdatePolicy` in the Verified Permissions API reference.
pub(crate) fn to_json(rule: &Rule, known: &Privileges) -> Value {
    let effect = match rule.effect {
        Effect::Allow => "permit",
        Effect::Deny => "forbid",
    };
    let mut conditions = Vec::new();
    conditions.extend(actors(&rule.actors).map(|body| when(&body)));
    conditions.extend(resources(&rule.resources).map(|body| when(&body)));
    conditions.extend(exceptions(&rule.actors).map(|body| unless(&body)));
    conditions.extend(always_readable(rule, known).map(|body| unless(&body)));
    json!({
        "effect": effect,
        "principal": { "op": "is", "entity_type": type_name(ResourceKind::User) },
        "action": { "op": "in", "entities": action_list(rule, known) },
        "resource": { "op": "All" },
        "conditions": conditions,
    })
}

/// The groups that the rule names, and every other privilege that it is about.
fn action_list(rule: &Rule, known: &Privileges) -> Vec<Value> {
    let groups: Vec<&str> =
        rule.names.iter().map(String::as_str).filter(|name| name.ends_with('*')).collect();
    let others = rule.privileges.iter().map(|privilege| known.name(*privilege));
    let others = others.filter(|name| group_of(name).is_none_or(|group| !groups.contains(&group)));
    groups.iter().copied().chain(others).map(|name| entity("Action", name)).collect()
}

fn actors(actors: &RuleActors) -> Option<Value> {
    if actors.everyone {
        return None;
    }
    let listed = listed(&actors.teams, &actors.roles, &actors.users);
    let related = actors.relations.iter().map(|relation| related(*relation));
    any(listed.into_iter().chain(related))
}

fn exceptions(actors: &RuleActors) -> Option<Value> {
    any(listed(&actors.except_teams, &actors.except_roles, &actors.except_users))
}

/// Members of teams, users with roles, and users.
fn listed(teams: &[String], roles: &[String], users: &[String]) -> Vec<Value> {
    let principal = json!({ "Var": "principal" });
    let mut all = Vec::new();
    if !teams.is_empty() {
        all.push(json!({ "in": { "left": principal, "right": entities("Team", teams) } }));
    }
    if !roles.is_empty() {
        all.push(json!({ "in": { "left": principal, "right": entities("Role", roles) } }));
    }
    if !users.is_empty() {
        all.push(json!({ "contains": { "left": entities("User", users), "right": principal } }));
    }
    all
}

/// Members of the teams that have a relation to the resource.
fn related(relation: Relation) -> Value {
    let principal = json!({ "Var": "principal" });
    guarded(relation.attribute(), |teams| json!({ "in": { "left": principal, "right": teams } }))
}

fn resources(resources: &RuleResources) -> Option<Value> {
    let RuleResources { kinds, names, domains, tags, environments } = resources;
    let mut all = Vec::new();
    if !kinds.is_empty() {
        all.extend(any(kinds.iter().map(|kind| is(*kind))));
    }
    if !names.is_empty() {
        all.extend(any(names.iter().filter_map(|name| equals(name))));
    }
    let among = |attribute: &str, list: &[String]| {
        guarded(attribute, |value| json!({ "contains": { "left": texts(list), "right": value } }))
    };
    if !domains.is_empty() {
        all.push(among("domain", domains));
    }
    if !environments.is_empty() {
        all.push(among("environment", environments));
    }
    if !tags.is_empty() {
        all.push(guarded(
            "tags",
            |value| json!({ "containsAny": { "left": value, "right": texts(tags) } }),
        ));
    }
    all.into_iter().reduce(|left, right| json!({ "&&": { "left": left, "right": right } }))
}

/// AT-7: no denial is about reading a glossary.
fn always_readable(rule: &Rule, known: &Privileges) -> Option<Value> {
    let reading: Vec<&str> = READ_GLOSSARY
        .into_iter()
        .filter(|name| known.named(name).is_some_and(|known| rule.privileges.contains(&known)))
        .collect();
    if rule.effect == Effect::Allow || reading.is_empty() {
        return None;
    }
    let kinds = kinds_of(rule).into_iter().filter(|kind| kind.is_always_readable());
    let is_glossary = any(kinds.map(is))?;
    let action = json!({ "Var": "action" });
    let reading = json!({ "in": { "left": action, "right": entities("Action", &reading) } });
    Some(json!({ "&&": { "left": is_glossary, "right": reading } }))
}

fn is(kind: ResourceKind) -> Value {
    json!({ "is": { "left": { "Var": "resource" }, "entity_type": type_name(kind) } })
}

fn equals(name: &str) -> Option<Value> {
    let (kind, id) = split(name);
    let resource = value(&entity(kind?.entity_type(), id));
    Some(json!({ "==": { "left": { "Var": "resource" }, "right": resource } }))
}

/// A condition on an attribute, asked only of resources that have it.
fn guarded(attribute: &str, condition: impl FnOnce(Value) -> Value) -> Value {
    let resource = json!({ "Var": "resource" });
    let has = json!({ "has": { "left": resource, "attr": attribute } });
    let read = json!({ ".": { "left": resource, "attr": attribute } });
    json!({ "&&": { "left": has, "right": condition(read) } })
}

fn any(conditions: impl IntoIterator<Item = Value>) -> Option<Value> {
    conditions.into_iter().reduce(|left, right| json!({ "||": { "left": left, "right": right } }))
}

fn when(body: &Value) -> Value {
    json!({ "kind": "when", "body": body })
}

fn unless(body: &Value) -> Value {
    json!({ "kind": "unless", "body": body })
}

fn entities<T: AsRef<str>>(kind: &str, ids: &[T]) -> Value {
    let entities = ids.iter().map(|id| value(&entity(kind, id.as_ref())));
    json!({ "Set": entities.collect::<Vec<Value>>() })
}

fn texts(list: &[String]) -> Value {
    let values = list.iter().map(|text| json!({ "Value": text }));
    json!({ "Set": values.collect::<Vec<Value>>() })
}

fn entity(kind: &str, id: &str) -> Value {
    json!({ "type": format!("{NAMESPACE}::{kind}"), "id": id })
}

fn value(entity: &Value) -> Value {
    json!({ "Value": { "__entity": entity } })
}

fn type_name(kind: ResourceKind) -> String {
    format!("{NAMESPACE}::{}", kind.entity_type())
}

/// The kind and the id in a name such as `table/january/sales`.
pub(crate) fn split(name: &str) -> (Option<ResourceKind>, &str) {
    let (kind, id) = name.split_once('/').unwrap_or((name, ""));
    (ResourceKind::named(kind), id)
}
