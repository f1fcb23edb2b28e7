//! Users, teams, roles, privileges and resources as Cedar entities.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr as _;

use cedar_policy::entities_errors::EntitiesError;
use cedar_policy::{
    Entities, Entity, EntityAttrEvaluationError, EntityId, EntityTypeName, EntityUid,
    RestrictedExpression, Schema,
};

use crate::actor::Actor;
use crate::kind::ResourceKind;
use crate::schema::{NAMESPACE, group_of};
use crate::universe::{Resource, Universe};

/// Entities that Cedar does not accept.
#[derive(Debug, thiserror::Error)]
pub enum EntityError {
    /// An attribute cannot be evaluated.
    #[error(transparent)]
    Attribute(#[from] Box<EntityAttrEvaluationError>),
    /// Entities do not fit together, or not to the schema.
    #[error(transparent)]
    Together(#[from] Box<EntitiesError>),
}

/// The name of an entity. The id is any text.
pub(crate) fn uid(kind: &str, id: &str) -> EntityUid {
    let name = EntityTypeName::from_str(&format!("{NAMESPACE}::{kind}"));
    let name = name.expect("the names of our entity types are names of Cedar");
    EntityUid::from_type_name_and_id(name, EntityId::new(id))
}

/// The entity of a resource's name.
pub(crate) fn resource_uid(resource: &Resource) -> EntityUid {
    uid(resource.kind.entity_type(), &resource.id)
}

/// The entities that a request needs: the user with teams and roles, the privilege with its group, and the resource.
pub(crate) fn of_request(
    actor: &Actor,
    privilege: &str,
    resource: &Resource,
) -> Result<Entities, EntityError> {
    let mut all: BTreeMap<String, Entity> = BTreeMap::new();
    for entity in of_action(privilege) {
        all.insert(entity.uid().to_string(), entity);
    }
    let target = of_resource(resource)?;
    all.insert(target.uid().to_string(), target);
    for entity in of_actor(actor) {
        // A team or a user can be the resource as well. Neither has attributes, and the actor's entity has parents.
        all.insert(entity.uid().to_string(), entity);
    }
    Ok(Entities::from_entities(all.into_values(), None).map_err(Box::new)?)
}

/// Every entity of a mesh, for the whole of Cedar's own evaluation.
///
/// # Errors
///
/// Cedar does not accept an entity: none that a mesh can hold.
pub fn of_universe(
    universe: &Universe,
    actors: &[Actor],
    schema: &Schema,
) -> Result<Entities, EntityError> {
    let mut all: BTreeMap<String, Entity> = BTreeMap::new();
    for resource in universe.resources.values() {
        let entity = of_resource(resource)?;
        all.insert(entity.uid().to_string(), entity);
    }
    for entity in actors.iter().flat_map(of_actor) {
        all.insert(entity.uid().to_string(), entity);
    }
    Ok(Entities::from_entities(all.into_values(), Some(schema)).map_err(Box::new)?)
}

fn of_actor(actor: &Actor) -> Vec<Entity> {
    let teams = actor.teams.iter().map(|team| uid("Team", team));
    let roles = actor.roles.iter().map(|role| uid("Role", role));
    let parents: BTreeSet<EntityUid> = teams.chain(roles).collect();
    let mut all: Vec<Entity> = parents.iter().map(|uid| Entity::with_uid(uid.clone())).collect();
    let user = uid("User", &actor.user);
    all.push(Entity::new_no_attrs(user, parents.into_iter().collect()));
    all
}

fn of_action(privilege: &str) -> Vec<Entity> {
    let group = group_of(privilege).map(|group| uid("Action", group));
    let mut all: Vec<Entity> = group.iter().cloned().map(Entity::with_uid).collect();
    all.push(Entity::new_no_attrs(uid("Action", privilege), group.into_iter().collect()));
    all
}

fn of_resource(resource: &Resource) -> Result<Entity, EntityError> {
    let facts = &resource.facts;
    let text = |text: &String| RestrictedExpression::new_string(text.clone());
    let mut attributes: BTreeMap<String, RestrictedExpression> = BTreeMap::new();
    for (relation, teams) in &facts.relations {
        let teams = teams.keys().map(|team| uid("Team", team));
        let teams = RestrictedExpression::new_set(teams.map(RestrictedExpression::new_entity_uid));
        attributes.insert(relation.attribute().to_owned(), teams);
    }
    attributes.extend(facts.environment.as_ref().map(|id| ("environment".to_owned(), text(id))));
    attributes.extend(facts.domain.as_ref().map(|id| ("domain".to_owned(), text(id))));
    if !facts.tags.is_empty() {
        let tags = RestrictedExpression::new_set(facts.tags.iter().map(text));
        attributes.insert("tags".to_owned(), tags);
    }
    let attributes = attributes.into_iter().collect();
    let entity = Entity::new(resource_uid(resource), attributes, std::iter::empty().collect());
    Ok(entity.map_err(Box::new)?)
}

/// Whether a resource of a kind can be named although the mesh does not: every user can be asked about.
pub(crate) fn is_open(kind: ResourceKind) -> bool {
    kind == ResourceKind::User
}
