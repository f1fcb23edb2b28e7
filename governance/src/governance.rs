//! The access governance of one mesh.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use cedar_policy::{Policy, PolicySet, Schema, ValidationMode, ValidationWarning, Validator};
use lakewright_manifest::diagnostic::Origin;
use lakewright_manifest::mesh::Effect;
use lakewright_manifest::{Date, Mesh};

use crate::actor::Actor;
use crate::decide::{PreparedActor, PreparedResource, QuestionError, lines};
use crate::entities::is_open;
use crate::index::{Index, Place};
use crate::kind::ResourceKind;
use crate::limits;
use crate::policy::{PolicyError, policy, split};
use crate::privilege::{Privilege, Privileges};
use crate::relation::Relation;
use crate::rules::{Rule, RuleActors, RuleResources, of_document, rules};
use crate::schema;
use crate::universe::{Facts, Resource, Universe};

/// Something about a rule that makes the whole of no use.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("access policy `{rule}`: {message}")]
pub struct Problem {
    /// The id of the rule.
    pub rule: String,
    /// The line that it comes from.
    pub origin: Origin,
    /// What is wrong.
    pub message: String,
}

/// The rules of a mesh, as Cedar policies and in an index.
#[derive(Debug)]
pub struct Governance {
    /// The privileges.
    pub privileges: Privileges,
    /// The resources.
    pub universe: Universe,
    /// The rules.
    pub rules: Vec<Rule>,
    /// The Cedar policy of each rule that applies.
    pub(crate) policies: Vec<Option<Policy>>,
    pub(crate) index: Index,
    pub(crate) places: BTreeMap<String, Place>,
    /// The place of a resource that the mesh does not name, by kind.
    elsewhere: BTreeMap<ResourceKind, Place>,
}

impl Governance {
    /// The problems of the access policies of a mesh: those that can never apply, and those that are too large for Amazon
    /// Verified Permissions.
    pub fn problems(mesh: &Mesh) -> Vec<Problem> {
        let privileges = Privileges::known();
        let documents = mesh.access_policies.values();
        let rules = documents.map(|document| of_document(document, &privileges));
        rules
            .filter_map(|rule| match policy(&rule, &privileges) {
                Ok(policy) => limits::too_large(&rule, &policy),
                Err(error) => Some(problem(&rule, &error)),
            })
            .collect()
    }

    /// The access governance of a mesh. Shares that expired before `as_of` give nothing.
    ///
    /// # Errors
    ///
    /// A policy can never apply, or is too large for Amazon Verified Permissions.
    pub fn of(mesh: &Mesh, as_of: Option<&Date>) -> Result<Self, Vec<Problem>> {
        let privileges = Privileges::known();
        let universe = Universe::of(mesh, as_of);
        let rules = rules(mesh, &privileges);
        let mut policies = Vec::new();
        let mut problems = Vec::new();
        for rule in &rules {
            match policy(rule, &privileges) {
                Ok(policy) => {
                    problems.extend(limits::too_large(rule, &policy));
                    policies.push(rule.is_active.then_some(policy));
                }
                Err(error) => problems.push(problem(rule, &error)),
            }
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        let (mut index, places) = Index::of(&rules, &privileges, &universe);
        let elsewhere = ResourceKind::ALL.into_iter().map(|kind| {
            let nameless = Resource { kind, id: String::new(), facts: Facts::default() };
            (kind, index.place(&rules, &nameless, &mut BTreeMap::new()))
        });
        let elsewhere = elsewhere.collect();
        Ok(Self { privileges, universe, rules, policies, index, places, elsewhere })
    }

    /// The Cedar schema.
    ///
    /// # Errors
    ///
    /// Cedar does not accept the schema. It is the same for every mesh, and a test shows that Cedar accepts it.
    pub fn schema(&self) -> Result<Schema, String> {
        schema::read(&self.privileges).map_err(|error| error.to_string())
    }

    /// The Cedar policies of the rules that apply.
    ///
    /// # Errors
    ///
    /// Two rules have the same id, which ids of documents cannot have.
    pub fn policy_set(&self) -> Result<PolicySet, String> {
        let policies = self.policies.iter().flatten().cloned();
        PolicySet::from_policies(policies).map_err(|error| error.to_string())
    }

    /// Validates the policies strictly, as a policy store does. A policy that can never apply, of which Cedar only warns,
    /// counts as an error. Names in several scripts are what an identity provider makes of them.
    ///
    /// Cedar's types depend on the kinds that a policy names and not on the ids, so of policies that differ in ids only
    /// one is validated.
    ///
    /// # Errors
    ///
    /// What Cedar's validator says.
    pub fn validate(&self) -> Result<(), String> {
        let mut shapes = BTreeMap::new();
        for (rule, policy) in self.rules.iter().zip(&self.policies) {
            if let Some(policy) = policy {
                shapes.entry(Shape::of(rule)).or_insert_with(|| policy.clone());
            }
        }
        let policies = PolicySet::from_policies(shapes.into_values());
        self.validate_set(&policies.map_err(|error| error.to_string())?)
    }

    /// Validates policies strictly.
    pub(crate) fn validate_set(&self, policies: &PolicySet) -> Result<(), String> {
        let result = Validator::new(self.schema()?).validate(policies, ValidationMode::Strict);
        let errors = result.validation_errors().map(ToString::to_string);
        let never = result
            .validation_warnings()
            .filter(|warning| matches!(warning, ValidationWarning::ImpossiblePolicy(_)));
        let all: Vec<String> = errors.chain(never.map(ToString::to_string)).collect();
        if all.is_empty() { Ok(()) } else { Err(all.join("\n")) }
    }

    /// The privilege with a name.
    ///
    /// # Errors
    ///
    /// There is none.
    pub fn privilege(&self, name: &str) -> Result<Privilege, QuestionError> {
        let found = self.privileges.named(name);
        found.ok_or_else(|| QuestionError::Privilege(name.to_owned()))
    }

    /// The resource with a name such as `dataset/january`. Every user is a resource, whether the mesh names it or not.
    ///
    /// # Errors
    ///
    /// There is none.
    pub fn resource(&self, name: &str) -> Result<Cow<'_, Resource>, QuestionError> {
        if let Some(resource) = self.universe.resources.get(name) {
            return Ok(Cow::Borrowed(resource));
        }
        match split(name) {
            (Some(kind), id) if is_open(kind) && !id.is_empty() => {
                Ok(Cow::Owned(Resource { kind, id: id.to_owned(), facts: Facts::default() }))
            }
            (Some(_) | None, _) => Err(QuestionError::Resource(name.to_owned())),
        }
    }

    /// Prepares an actor for questions.
    pub fn actor(&self, actor: Actor) -> PreparedActor {
        let known = self.index.actor(&actor);
        PreparedActor { actor, known }
    }

    /// Prepares a resource for questions.
    pub fn target<'a>(&'a self, resource: &'a Resource) -> PreparedResource<'a> {
        PreparedResource { resource, place: self.place(resource.kind, &resource.name()) }
    }

    /// The place of a resource with a kind and a name.
    pub(crate) fn place(&self, kind: ResourceKind, name: &str) -> &Place {
        self.places.get(name).unwrap_or(&self.elsewhere[&kind])
    }

    /// The positions in the mesh that a rule stands on, for one actor and one resource.
    pub fn lines(&self, rule: usize, actor: &Actor, resource: &Resource) -> Vec<Origin> {
        lines(self, rule, actor, resource)
    }

    pub(crate) fn not_about(&self, privilege: Privilege, resource: &Resource) -> QuestionError {
        let kinds = self.privileges.about(privilege).iter().map(|kind| kind.as_str());
        QuestionError::NotAbout {
            privilege: self.privileges.name(privilege).to_owned(),
            kind: resource.kind.as_str(),
            expected: kinds.collect::<Vec<&str>>().join(", "),
        }
    }
}

fn problem(rule: &Rule, error: &PolicyError) -> Problem {
    Problem { rule: rule.id.clone(), origin: rule.origin, message: error.to_string() }
}

/// What Cedar's types can tell of a rule: everything but the ids.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Shape {
    is_denial: bool,
    /// Which lists of actors, exceptions and selectors are set.
    lists: [bool; 10],
    relations: Vec<Relation>,
    groups: Vec<String>,
    privileges: BTreeSet<Privilege>,
    kinds: Vec<ResourceKind>,
    named: BTreeSet<Option<ResourceKind>>,
}

impl Shape {
    pub(crate) fn of(rule: &Rule) -> Self {
        let RuleActors {
            everyone,
            teams,
            users,
            roles,
            relations,
            except_teams,
            except_users,
            except_roles,
        } = &rule.actors;
        let RuleResources { kinds, names, domains, tags, environments } = &rule.resources;
        let lists = [
            *everyone,
            !teams.is_empty(),
            !users.is_empty(),
            !roles.is_empty(),
            !except_teams.is_empty(),
            !except_users.is_empty(),
            !except_roles.is_empty(),
            !domains.is_empty(),
            !tags.is_empty(),
            !environments.is_empty(),
        ];
        let groups = rule.names.iter().filter(|name| name.ends_with('*'));
        Self {
            is_denial: rule.effect == Effect::Deny,
            lists,
            relations: relations.clone(),
            groups: groups.cloned().collect(),
            privileges: rule.privileges.clone(),
            kinds: kinds.clone(),
            named: names.iter().map(|name| split(name).0).collect(),
        }
    }
}
