//! The schema and the policies of a mesh, as a policy store of Amazon Verified Permissions holds them.
//!
//! In a policy store, users and teams are those of the identity source: their ids begin with its prefix, and users have groups
//! and no roles. So the policies name `prefix|team` instead of `team`, and the group of a role instead of the role.

use std::collections::BTreeMap;

use cedar_policy::{Policy, PolicySet, Schema, ValidationMode, ValidationWarning, Validator};
use lakewright_manifest::Mesh;
use lakewright_manifest::diagnostic::Origin;
use lakewright_manifest::mesh::{Effect, GovernanceSettings};
use lakewright_template::limits::{
    CEDAR_ENTITY_CHARACTERS, CEDAR_POLICY_BYTES, CEDAR_SCHEMA_BYTES,
};

use crate::governance::Shape;
use crate::kind::ResourceKind;
use crate::policy::{PolicyError, policy, split};
use crate::privilege::Privileges;
use crate::rules::{Rule, RuleActors, RuleResources, Source, rules};
use crate::schema;

/// What a policy store holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Store {
    /// The schema, in Cedar's JSON. It is the same for every mesh.
    pub schema: String,
    /// The policies that apply, by the order of their rules.
    pub policies: Vec<StoredPolicy>,
}

/// A policy of a policy store.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct StoredPolicy {
    /// The id of the rule, such as `policy/editors`.
    pub rule: String,
    /// Where the rule comes from.
    pub source: Source,
    /// The line that asks for it.
    pub origin: Origin,
    /// Whether it allows or denies.
    pub effect: Effect,
    /// The policy in Cedar.
    pub text: String,
}

impl StoredPolicy {
    /// The policy's name in the store: unique, and another one if the effect changes, because a policy's effect cannot be
    /// changed.
    ///
    /// Source: `UpdatePolicy` and `CreatePolicy` in the Verified Permissions API reference.
    pub fn name(&self) -> String {
        format!("name/{}/{}", self.effect_word(), self.rule)
    }

    /// Cedar's word for the effect.
    pub fn effect_word(&self) -> &'static str {
        match self.effect {
            Effect::Allow => "permit",
            Effect::Deny => "forbid",
        }
    }
}

/// Something that a policy store does not take.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// A policy could not be built or would never apply.
    #[error("access policy `{rule}`: {error}")]
    Policy {
        /// The rule.
        rule: String,
        /// Its line.
        origin: Origin,
        /// What is wrong.
        error: PolicyError,
    },
    /// Cedar's validator refuses a policy, or says that it can never apply.
    #[error("access policy `{rule}`: a policy store would refuse it: {message}")]
    Invalid {
        /// The rule.
        rule: String,
        /// Its line.
        origin: Origin,
        /// What the validator says.
        message: String,
    },
    /// A policy is too large.
    #[error("access policy `{rule}` has {bytes} bytes as a Cedar policy, and a policy store takes {most}", most = CEDAR_POLICY_BYTES)]
    TooLarge {
        /// The rule.
        rule: String,
        /// Its line.
        origin: Origin,
        /// The bytes of the policy.
        bytes: usize,
    },
    /// A policy names a user or a team whose id no request can contain.
    #[error(
        "access policy `{rule}` names `{name}`, and ids of entities have at most {most} characters in a request",
        most = CEDAR_ENTITY_CHARACTERS
    )]
    LongName {
        /// The rule.
        rule: String,
        /// Its line.
        origin: Origin,
        /// The id.
        name: String,
    },
    /// All policies together are too large.
    #[error(
        "{count} policies have {bytes} bytes together, and a policy store takes {limit} of policies that name no single resource; the largest is `{largest}`"
    )]
    TooLargeTogether {
        /// The tenant's section.
        origin: Origin,
        /// The number of policies.
        count: usize,
        /// Their bytes.
        bytes: usize,
        /// The limit.
        limit: usize,
        /// The largest policy.
        largest: String,
    },
    /// The schema is not accepted, which no mesh can cause.
    #[error("the schema of the policy store is not accepted: {message}")]
    Schema {
        /// The tenant's section.
        origin: Origin,
        /// What is wrong.
        message: String,
    },
}

impl StoreError {
    /// The line of the manifest.
    pub fn origin(&self) -> Origin {
        match self {
            Self::Policy { origin, .. }
            | Self::Invalid { origin, .. }
            | Self::TooLarge { origin, .. }
            | Self::LongName { origin, .. }
            | Self::TooLargeTogether { origin, .. }
            | Self::Schema { origin, .. } => *origin,
        }
    }

    /// Whether a limit of the service is exceeded.
    pub fn is_limit(&self) -> bool {
        match self {
            Self::TooLarge { .. } | Self::LongName { .. } | Self::TooLargeTogether { .. } => true,
            Self::Policy { .. } | Self::Invalid { .. } | Self::Schema { .. } => false,
        }
    }
}

impl Store {
    /// What the policy store of a mesh holds; `None` if the mesh has none.
    ///
    /// # Errors
    ///
    /// Everything that the service would not take: a policy that can err during evaluation or can never apply, and what exceeds
    /// its limits.
    pub fn of(mesh: &Mesh) -> Option<Result<Self, Vec<StoreError>>> {
        let settings = mesh.tenant.governance.as_ref()?;
        Some(Self::build(mesh, settings))
    }

    fn build(mesh: &Mesh, settings: &GovernanceSettings) -> Result<Self, Vec<StoreError>> {
        let known = Privileges::known();
        let mut built = Vec::new();
        let mut errors = Vec::new();
        for rule in rules(mesh, &known).iter().filter(|rule| rule.is_active) {
            let rule = renamed(rule, settings);
            errors.extend(long_names(&rule));
            match policy(&rule, &known) {
                Ok(policy) => built.push((rule, policy)),
                Err(error) => {
                    let (rule, origin) = (rule.id, rule.origin);
                    errors.push(StoreError::Policy { rule, origin, error });
                }
            }
        }
        let schema = self::schema(&known);
        match schema::read(&known) {
            Ok(_) if schema.len() > CEDAR_SCHEMA_BYTES => {
                let message = format!("it has {} bytes", schema.len());
                errors.push(StoreError::Schema { origin: settings.origin, message });
            }
            Ok(read) => errors.extend(invalid(read, &built)),
            Err(error) => {
                let message = error.to_string();
                errors.push(StoreError::Schema { origin: settings.origin, message });
            }
        }
        let policies: Vec<StoredPolicy> =
            built.iter().map(|(rule, policy)| stored(rule, policy)).collect();
        let limit = mesh.tenant.quotas.policy_bytes_per_resource;
        errors.extend(too_large(&policies, limit, settings.origin));
        if errors.is_empty() { Ok(Self { schema, policies }) } else { Err(errors) }
    }
}

/// The schema with sorted keys, as text.
fn schema(known: &Privileges) -> String {
    let mut schema = schema::to_json(known);
    schema.sort_all_objects();
    schema.to_string()
}

fn stored(rule: &Rule, policy: &Policy) -> StoredPolicy {
    StoredPolicy {
        rule: rule.id.clone(),
        source: rule.source,
        origin: rule.origin,
        effect: rule.effect,
        text: policy.to_cedar().unwrap_or_default(),
    }
}

/// The rule with the ids that the identity source gives to users and teams.
fn renamed(rule: &Rule, settings: &GovernanceSettings) -> Rule {
    let prefix = settings.provider.prefix();
    let id = |name: &str| format!("{prefix}|{name}");
    let users = |list: &[String]| -> Vec<String> { list.iter().map(|name| id(name)).collect() };
    let teams = |teams: &[String], roles: &[String]| -> Vec<String> {
        // Resolution refuses a role without a group.
        let groups = roles.iter().filter_map(|role| settings.roles.get(role));
        let mut all: Vec<String> = teams
            .iter()
            .map(|team| id(team))
            .chain(groups.map(|group| id(group.as_str())))
            .collect();
        all.sort();
        all.dedup();
        all
    };
    let actors = &rule.actors;
    let RuleResources { names, .. } = &rule.resources;
    let names = names.iter().map(|name| match split(name) {
        (Some(ResourceKind::Team | ResourceKind::User), own) => {
            let kind = name.len() - own.len();
            format!("{}{}", &name[..kind], id(own))
        }
        (Some(_) | None, _) => name.clone(),
    });
    Rule {
        actors: RuleActors {
            everyone: actors.everyone,
            teams: teams(&actors.teams, &actors.roles),
            users: users(&actors.users),
            roles: Vec::new(),
            relations: actors.relations.clone(),
            except_teams: teams(&actors.except_teams, &actors.except_roles),
            except_users: users(&actors.except_users),
            except_roles: Vec::new(),
        },
        resources: RuleResources { names: names.collect(), ..rule.resources.clone() },
        ..rule.clone()
    }
}

fn long_names(rule: &Rule) -> Vec<StoreError> {
    let RuleActors { teams, users, except_teams, except_users, .. } = &rule.actors;
    let own = rule.resources.names.iter().map(|name| split(name).1);
    let lists = [teams, users, except_teams, except_users].into_iter().flatten();
    let names = lists.map(String::as_str).chain(own);
    let long = names.filter(|name| name.chars().count() > CEDAR_ENTITY_CHARACTERS);
    let error = |name: &str| StoreError::LongName {
        rule: rule.id.clone(),
        origin: rule.origin,
        name: name.to_owned(),
    };
    long.map(error).collect()
}

/// The policies that strict validation refuses, or of which it says that they can never apply. What it accepts cannot err.
///
/// Cedar's types depend on the kinds that a policy names and not on the ids, so of policies that differ in ids only one is
/// validated.
fn invalid(schema: Schema, built: &[(Rule, Policy)]) -> Vec<StoreError> {
    let mut shapes: BTreeMap<Shape, &(Rule, Policy)> = BTreeMap::new();
    for one in built {
        shapes.entry(Shape::of(&one.0)).or_insert(one);
    }
    let origins: BTreeMap<&str, Origin> =
        shapes.values().map(|(rule, _)| (rule.id.as_str(), rule.origin)).collect();
    let error = |rule: &str, message: String| StoreError::Invalid {
        rule: rule.to_owned(),
        origin: origins.get(rule).copied().unwrap_or_default(),
        message,
    };
    let policies = match PolicySet::from_policies(shapes.values().map(|(_, policy)| policy.clone()))
    {
        Ok(policies) => policies,
        Err(wrong) => {
            let first = built.first().map_or("", |(rule, _)| rule.id.as_str());
            return vec![error(first, wrong.to_string())];
        }
    };
    let result = Validator::new(schema).validate(&policies, ValidationMode::Strict);
    let refused = result
        .validation_errors()
        .map(|wrong| error(&policy_of(wrong.policy_id()), wrong.to_string()));
    let never = result
        .validation_warnings()
        .filter(|warning| matches!(warning, ValidationWarning::ImpossiblePolicy(_)))
        .map(|warning| error(&policy_of(warning.policy_id()), warning.to_string()));
    refused.chain(never).collect()
}

fn policy_of(id: &cedar_policy::PolicyId) -> String {
    let id: &str = id.as_ref();
    id.to_owned()
}

/// No policy names a resource in its scope, so all count towards one limit.
fn too_large(policies: &[StoredPolicy], limit: usize, origin: Origin) -> Vec<StoreError> {
    let single = policies.iter().filter(|policy| policy.text.len() > CEDAR_POLICY_BYTES);
    let mut errors: Vec<StoreError> = single
        .map(|policy| StoreError::TooLarge {
            rule: policy.rule.clone(),
            origin: policy.origin,
            bytes: policy.text.len(),
        })
        .collect();
    let bytes = policies.iter().map(|policy| policy.text.len()).sum();
    if bytes > limit {
        let largest = policies.iter().max_by_key(|policy| policy.text.len());
        errors.push(StoreError::TooLargeTogether {
            origin,
            count: policies.len(),
            bytes,
            limit,
            largest: largest.map(|policy| policy.rule.clone()).unwrap_or_default(),
        });
    }
    errors
}
