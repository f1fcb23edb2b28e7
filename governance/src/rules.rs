//! The rules of a mesh: what its access policies say, and what it implies without them.

use std::collections::BTreeSet;

use lakewright_manifest::Mesh;
use lakewright_manifest::diagnostic::Origin;
use lakewright_manifest::mesh::{
    AccessPolicy, Effect, EnvironmentPermission, Maintenance, PolicyState, TenantPermission,
};

use crate::kind::ResourceKind;
use crate::privilege::{GROUPS, Privilege, Privileges, permitted};
use crate::relation::Relation;
use crate::universe::Resource;

/// Reading data.
const READ_DATA: [&str; 5] =
    ["data.list_entities", "data.preview", "data.query", "data.read", "data.read_only"];
/// Reading metadata in the catalog.
const CATALOG: [&str; 3] = ["metadata.read", "metadata.search", "metadata.view_entity_page"];
/// The kinds of the catalog.
const IN_CATALOG: [ResourceKind; 4] = ResourceKind::WITH_DATA;
/// Reading a glossary.
pub(crate) const READ_GLOSSARY: [&str; 6] = [
    "metadata.exists_entity",
    "metadata.get_entity",
    "metadata.glossary.read",
    "metadata.read",
    "metadata.search",
    "metadata.view_entity_page",
];

/// Where a rule comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Source {
    /// An access policy of the mesh.
    Document,
    /// Built in, and replaced by an access policy with its id.
    Default,
    /// Built in: neither changed nor deactivated.
    BuiltIn,
    /// The rights that other documents imply.
    Implied,
}

/// A rule: who has, or has not, which privileges on which resources.
#[derive(Debug, Clone)]
pub struct Rule {
    /// The stable id of the Cedar policy.
    pub id: String,
    /// Where it comes from.
    pub source: Source,
    /// The line of an access policy; for other rules the tenant's.
    pub origin: Origin,
    /// Whether it allows or denies.
    pub effect: Effect,
    /// Whether it applies.
    pub is_active: bool,
    /// The actors.
    pub actors: RuleActors,
    /// The privileges and groups, as they are written.
    pub names: Vec<String>,
    /// Every privilege that the rule is about, implied ones included.
    pub privileges: BTreeSet<Privilege>,
    /// The resources.
    pub resources: RuleResources,
}

/// The actors of a rule: everyone in at least one of the lists, and in none of the exceptions.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct RuleActors {
    /// All users.
    pub everyone: bool,
    /// Members of these teams.
    pub teams: Vec<String>,
    /// These users.
    pub users: Vec<String>,
    /// Users with these roles.
    pub roles: Vec<String>,
    /// Members of teams that have one of these relations to the resource.
    pub relations: Vec<Relation>,
    /// Not members of these teams.
    pub except_teams: Vec<String>,
    /// Not these users.
    pub except_users: Vec<String>,
    /// Not users with these roles.
    pub except_roles: Vec<String>,
}

/// The resources of a rule: those that match every list; an empty list matches all.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct RuleResources {
    /// Kinds.
    pub kinds: Vec<ResourceKind>,
    /// Names such as `dataset/january`.
    pub names: Vec<String>,
    /// Domains.
    pub domains: Vec<String>,
    /// Tags.
    pub tags: Vec<String>,
    /// Environments.
    pub environments: Vec<String>,
}

impl Rule {
    /// Whether the rule is about a privilege on a kind of resource.
    pub(crate) fn is_about(
        &self,
        privilege: Privilege,
        kind: ResourceKind,
        known: &Privileges,
    ) -> bool {
        let is_readable = self.effect == Effect::Deny
            && kind.is_always_readable()
            && READ_GLOSSARY.contains(&known.name(privilege));
        self.privileges.contains(&privilege)
            && known.about(privilege).contains(&kind)
            && !is_readable
    }

    /// Whether a resource is one of those of the rule.
    pub(crate) fn selects(&self, resource: &Resource) -> bool {
        let RuleResources { kinds, names, domains, tags, environments } = &self.resources;
        let facts = &resource.facts;
        (kinds.is_empty() || kinds.contains(&resource.kind))
            && (names.is_empty() || names.contains(&resource.name()))
            && (domains.is_empty() || facts.domain.as_ref().is_some_and(|id| domains.contains(id)))
            && (tags.is_empty() || tags.iter().any(|tag| facts.tags.contains(tag)))
            && (environments.is_empty()
                || facts.environment.as_ref().is_some_and(|id| environments.contains(id)))
    }
}

/// All rules of a mesh.
pub(crate) fn rules(mesh: &Mesh, known: &Privileges) -> Vec<Rule> {
    let mut all: Vec<Rule> = built_in(mesh, known);
    for (rule, id) in defaults(mesh, known) {
        if !mesh.access_policies.keys().any(|other| other.as_str() == id) {
            all.push(rule);
        }
    }
    all.extend(mesh.access_policies.values().map(|policy| of_document(policy, known)));
    all
}

/// The rule that an access policy states.
pub(crate) fn of_document(policy: &AccessPolicy, known: &Privileges) -> Rule {
    let actors = &policy.actors;
    let switches = [
        (actors.owners, Relation::Owner),
        (actors.stewards, Relation::Steward),
        (actors.connection_admins, Relation::ConnectionAdmin),
    ];
    let relations = switches.into_iter().filter(|(is_on, _)| *is_on);
    let texts = |teams: &[lakewright_manifest::TeamName]| -> Vec<String> {
        teams.iter().map(|team| team.as_str().to_owned()).collect()
    };
    let ids = |ids: &[lakewright_manifest::Id]| -> Vec<String> {
        ids.iter().map(|id| id.as_str().to_owned()).collect()
    };
    let resources = &policy.resources;
    Rule {
        id: format!("policy/{}", policy.header.id),
        source: Source::Document,
        origin: policy.header.origin,
        effect: policy.effect,
        is_active: policy.state == PolicyState::Active,
        actors: RuleActors {
            everyone: actors.all_users,
            teams: texts(&actors.teams),
            users: actors.users.clone(),
            roles: actors.roles.clone(),
            relations: relations.map(|(_, relation)| relation).collect(),
            except_teams: texts(&actors.except.teams),
            except_users: actors.except.users.clone(),
            except_roles: actors.except.roles.clone(),
        },
        privileges: expanded(policy.effect, &policy.privileges, known),
        names: policy.privileges.clone(),
        resources: RuleResources {
            kinds: resources.types.iter().filter_map(|name| ResourceKind::named(name)).collect(),
            names: resources.ids.clone(),
            domains: ids(&resources.domains),
            tags: resources.tags.clone(),
            environments: ids(&resources.environments),
        },
    }
}

fn expanded(effect: Effect, names: &[String], known: &Privileges) -> BTreeSet<Privilege> {
    match effect {
        Effect::Allow => known.granted(names),
        Effect::Deny => known.denied(names),
    }
}

/// Makes the rules that no document states.
struct Maker<'a> {
    known: &'a Privileges,
    origin: Origin,
}

impl Maker<'_> {
    fn rule(
        &self,
        id: &str,
        source: Source,
        actors: RuleActors,
        names: &[&str],
        kinds: &[ResourceKind],
    ) -> Rule {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        Rule {
            id: id.to_owned(),
            source,
            origin: self.origin,
            effect: Effect::Allow,
            is_active: true,
            actors,
            privileges: expanded(Effect::Allow, &names, self.known),
            names,
            resources: RuleResources { kinds: kinds.to_vec(), ..RuleResources::default() },
        }
    }

    /// Rights of teams that have a relation to the resource.
    fn implied(
        &self,
        id: &str,
        relations: &[Relation],
        names: &[&str],
        kinds: &[ResourceKind],
    ) -> Rule {
        let actors = RuleActors { relations: relations.to_vec(), ..RuleActors::default() };
        self.rule(&format!("implied/{id}"), Source::Implied, actors, names, kinds)
    }
}

fn everyone() -> RuleActors {
    RuleActors { everyone: true, ..RuleActors::default() }
}

/// What holds until an access policy with the same id replaces it.
fn defaults(mesh: &Mesh, known: &Privileges) -> [(Rule, &'static str); 2] {
    let maker = Maker { known, origin: mesh.tenant.header.origin };
    // The two privileges of DataHub's newer boot files; older ones give all eight platform privileges.
    let platform = ["platform.generate_personal_access_tokens", "platform.view_analytics"];
    let users = maker.rule(
        "default/all-users",
        Source::Default,
        everyone(),
        &platform,
        &[ResourceKind::Tenant],
    );
    // DA-11: the metadata of a dataset is visible to everybody in the catalog.
    let catalog = maker.rule("default/catalog", Source::Default, everyone(), &CATALOG, &IN_CATALOG);
    [(users, "all-users"), (catalog, "catalog")]
}

/// What no document changes.
fn built_in(mesh: &Mesh, known: &Privileges) -> Vec<Rule> {
    let maker = Maker { known, origin: mesh.tenant.header.origin };
    let admins = vec![mesh.tenant.admin_team.as_str().to_owned()];
    let superuser = RuleActors { teams: admins.clone(), ..RuleActors::default() };
    // The superuser administers the platform and reaches no data (DA-11).
    let of_superuser = [
        "lifecycle.create_organization",
        "lifecycle.edit_consumption_role",
        "lifecycle.set_tenant_permissions",
        "metadata.*",
        "platform.*",
    ];
    let mut all = vec![
        maker.rule("superuser", Source::BuiltIn, superuser, &of_superuser, &[]),
        // AT-7: reading glossaries is always allowed.
        maker.rule(
            "glossaries",
            Source::BuiltIn,
            everyone(),
            &READ_GLOSSARY,
            &[ResourceKind::Glossary, ResourceKind::Term],
        ),
    ];
    all.extend(maintenance(mesh, &maker, &admins));
    all.extend(of_owners(&maker));
    all.extend(of_life_cycle(&maker));
    all.extend(EnvironmentPermission::ALL.into_iter().map(|permission| {
        let name = permitted(permission);
        let relation = Relation::Permitted(permission);
        let id = format!("environment-{}", permission.as_str());
        maker.implied(&id, &[relation], &[&name], &[ResourceKind::Environment])
    }));
    all.extend(TenantPermission::ALL.into_iter().map(|permission| {
        let mut names = vec![format!("platform.{}", permission.as_str())];
        if permission == TenantPermission::ManageOrganizations {
            names.push("lifecycle.create_organization".to_owned());
        }
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let id = format!("tenant-{}", permission.as_str());
        maker.implied(&id, &[Relation::Holder(permission)], &names, &[ResourceKind::Tenant])
    }));
    all
}

/// Owners, connection admins, dataset-level access and shares.
fn of_owners(maker: &Maker<'_>) -> Vec<Rule> {
    let data = &ResourceKind::WITH_DATA;
    vec![
        maker.implied("owners", &[Relation::Owner], &["metadata.*"], &[]),
        maker.implied("data-owners", &[Relation::Owner], &["data.*"], data),
        maker.implied("connection-admins", &[Relation::ConnectionAdmin], &["metadata.*"], &[]),
        maker.implied("domain-owners", &[Relation::DomainOwner], &["data.*", "metadata.*"], data),
        maker.implied("domain-readers", &[Relation::DomainReader], &READ_DATA, data),
        maker.implied("readers", &[Relation::Reader], &READ_DATA, data),
        maker.implied("writers", &[Relation::Writer], &["data.write"], data),
    ]
}

/// What data.all decides at run time.
fn of_life_cycle(maker: &Maker<'_>) -> Vec<Rule> {
    let owner = [Relation::Owner];
    vec![
        maker.implied(
            "organization-owners",
            &owner,
            &["lifecycle.archive_organization", "lifecycle.edit_organization"],
            &[ResourceKind::Organization],
        ),
        maker.implied(
            "organization-admins",
            &[Relation::Linker],
            &["lifecycle.link_environment"],
            &[ResourceKind::Organization],
        ),
        // DA-9: invited teams do not reach the environment's stack, tags and subscriptions.
        maker.implied(
            "environment-owners",
            &owner,
            &["lifecycle.edit_environment", "lifecycle.manage_stack"],
            &[ResourceKind::Environment],
        ),
        maker.implied(
            "environment-members",
            &[Relation::Member],
            &["lifecycle.view_environment"],
            &[ResourceKind::Environment],
        ),
        maker.implied(
            "consumption-role-owners",
            &owner,
            &["lifecycle.edit_consumption_role"],
            &[ResourceKind::ConsumptionRole],
        ),
        maker.implied(
            "dataset-owners",
            &owner,
            &["lifecycle.edit_dataset"],
            &[ResourceKind::Dataset],
        ),
        maker.implied(
            "share-approvers",
            &[Relation::Approver],
            &["lifecycle.approve_share", "lifecycle.reject_share", "lifecycle.revoke_share"],
            &[ResourceKind::Share],
        ),
        // DA-23: either side may revoke.
        maker.implied(
            "share-requesters",
            &[Relation::Requester],
            &["lifecycle.revoke_share", "lifecycle.submit_share"],
            &[ResourceKind::Share],
        ),
        maker.implied(
            "dashboard-owners",
            &owner,
            &["lifecycle.share_dashboard"],
            &[ResourceKind::Dashboard],
        ),
        maker.implied(
            "dashboard-viewers",
            &[Relation::Viewer],
            &["lifecycle.view_dashboard"],
            &[ResourceKind::Dashboard],
        ),
        maker.implied(
            "domain-access-givers",
            &owner,
            &["lifecycle.give_domain_access"],
            &[ResourceKind::Domain],
        ),
    ]
}

/// DA-26: with `read_only` only administrators make changes, with `no_access` only they have access. One rule for each
/// group of privileges, because all of them together are too large for a policy store.
fn maintenance(mesh: &Mesh, maker: &Maker<'_>, admins: &[String]) -> Vec<Rule> {
    let known = maker.known;
    let is_only_reading = match mesh.tenant.maintenance {
        Maintenance::Off => return Vec::new(),
        Maintenance::ReadOnly => true,
        Maintenance::NoAccess => false,
    };
    let mut all = Vec::new();
    for group in GROUPS {
        let prefix = group.trim_end_matches('*');
        let changing = known.all().filter(|privilege| !known.only_reads(*privilege));
        let changing = changing.map(|privilege| known.name(privilege));
        let changing: Vec<&str> = changing.filter(|name| name.starts_with(prefix)).collect();
        let names = if is_only_reading { changing } else { vec![group] };
        let actors = RuleActors { except_teams: admins.to_vec(), ..everyone() };
        let id = format!("maintenance/{}", prefix.trim_end_matches('.'));
        let rule = maker.rule(&id, Source::BuiltIn, actors, &names, &[]);
        let privileges = known.denied(&rule.names);
        all.push(Rule { effect: Effect::Deny, privileges, ..rule });
    }
    all
}
