//! The Cedar schema: the same for every mesh.

use cedar_policy::{Schema, SchemaError};
use serde_json::{Map, Value, json};

use crate::kind::ResourceKind;
use crate::privilege::{GROUPS, Privileges};
use crate::relation::Relation;

/// The one namespace of the schema. Amazon Verified Permissions takes one, and none called aws, amazon or cedar.
pub const NAMESPACE: &str = "Lakewright";

/// The schema in Cedar's JSON, as `Schema.CedarJson` of a policy store takes it.
pub fn to_json(known: &Privileges) -> Value {
    json!({ NAMESPACE: {
        "commonTypes": {
            "Teams": { "type": "Set", "element": { "type": "Entity", "name": "Team" } },
        },
        "entityTypes": entity_types(),
        "actions": actions(known),
    } })
}

/// The schema as Cedar reads it.
pub(crate) fn read(known: &Privileges) -> Result<Schema, Box<SchemaError>> {
    Schema::from_json_value(to_json(known)).map_err(Box::new)
}

/// The entity type of users.
pub fn users() -> String {
    format!("{NAMESPACE}::{}", ResourceKind::User.entity_type())
}

/// The entity type of teams, which users are members of.
pub fn teams() -> String {
    format!("{NAMESPACE}::{}", ResourceKind::Team.entity_type())
}

fn entity_types() -> Value {
    let mut types = Map::new();
    for kind in ResourceKind::ALL {
        let shape = json!({ "type": "Record", "attributes": attributes(kind) });
        let parents: &[&str] = match kind {
            ResourceKind::User => &["Role", "Team"],
            _ => &[],
        };
        types.insert(
            kind.entity_type().to_owned(),
            json!({ "memberOfTypes": parents, "shape": shape }),
        );
    }
    types.insert("Role".to_owned(), json!({}));
    Value::Object(types)
}

/// Every attribute is optional, so that a condition that does not ask for it with `has` is not valid.
fn attributes(kind: ResourceKind) -> Value {
    let mut attributes = Map::new();
    for relation in Relation::of(kind) {
        let teams = json!({ "type": "Teams", "required": false });
        attributes.insert(relation.attribute().to_owned(), teams);
    }
    if has_environment(kind) {
        attributes.insert("environment".to_owned(), json!({ "type": "String", "required": false }));
    }
    if has_domain(kind) {
        attributes.insert("domain".to_owned(), json!({ "type": "String", "required": false }));
    }
    if has_tags(kind) {
        let tags = json!({ "type": "Set", "element": { "type": "String" }, "required": false });
        attributes.insert("tags".to_owned(), tags);
    }
    Value::Object(attributes)
}

/// Whether resources of a kind can be in an environment.
pub(crate) fn has_environment(kind: ResourceKind) -> bool {
    Relation::ConnectionAdmin.is_of(kind) && kind != ResourceKind::Environment
}

/// Whether resources of a kind can belong to a domain.
pub(crate) fn has_domain(kind: ResourceKind) -> bool {
    ResourceKind::WITH_DATA.contains(&kind)
}

/// Whether resources of a kind can have keywords or column tags.
pub(crate) fn has_tags(kind: ResourceKind) -> bool {
    !matches!(
        kind,
        ResourceKind::Glossary
            | ResourceKind::Term
            | ResourceKind::Tag
            | ResourceKind::Team
            | ResourceKind::User
    )
}

fn actions(known: &Privileges) -> Value {
    let mut actions = Map::new();
    for group in GROUPS {
        actions.insert(group.to_owned(), json!({}));
    }
    for privilege in known.all() {
        let name = known.name(privilege);
        let kinds: Vec<&str> =
            known.about(privilege).iter().map(|kind| kind.entity_type()).collect();
        let groups: Vec<Value> =
            group_of(name).into_iter().map(|group| json!({ "id": group })).collect();
        let applies = json!({ "principalTypes": ["User"], "resourceTypes": kinds });
        actions.insert(name.to_owned(), json!({ "memberOf": groups, "appliesTo": applies }));
    }
    Value::Object(actions)
}

/// The group that a privilege belongs to.
pub(crate) fn group_of(name: &str) -> Option<&'static str> {
    GROUPS.into_iter().find(|group| name.starts_with(group.trim_end_matches('*')))
}
