//! The resources of a mesh with the facts that policies look at.

use std::collections::{BTreeMap, BTreeSet};

use lakewright_manifest::diagnostic::Origin;
use lakewright_manifest::mesh::{
    Dataset, Domain, Environment, GovernedBy, Header, Share, ShareItem, SharePermission,
    TenantPermission,
};
use lakewright_manifest::{Date, Mesh, TeamName};

use crate::kind::ResourceKind;
use crate::relation::Relation;

/// The one glossary that all terms of a mesh are in.
const GLOSSARY: &str = "glossary";

/// A resource that a request can be about.
#[derive(Debug, Clone)]
pub struct Resource {
    /// The kind.
    pub kind: ResourceKind,
    /// The id without the kind, such as `january/sales` of a table.
    pub id: String,
    /// What policies look at.
    pub facts: Facts,
}

impl Resource {
    /// The name on the command line, such as `table/january/sales`.
    pub fn name(&self) -> String {
        name(self.kind, &self.id)
    }
}

fn name(kind: ResourceKind, id: &str) -> String {
    format!("{}/{id}", kind.as_str())
}

/// What policies look at.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// The domain that the resource belongs to.
    pub domain: Option<String>,
    /// The environment that the resource is in.
    pub environment: Option<String>,
    /// Keywords and column tags.
    pub tags: BTreeSet<String>,
    /// The teams with a relation to the resource, each with the documents that say so.
    pub relations: BTreeMap<Relation, BTreeMap<String, BTreeSet<Origin>>>,
}

impl Facts {
    fn of(header: &Header) -> Self {
        Self { tags: header.keywords.iter().cloned().collect(), ..Self::default() }
    }

    fn relate<'a>(
        &mut self,
        relation: Relation,
        teams: impl IntoIterator<Item = &'a TeamName>,
        origin: Origin,
    ) {
        for team in teams {
            let known = self.relations.entry(relation).or_default();
            known.entry(team.as_str().to_owned()).or_default().insert(origin);
        }
    }

    fn in_environment(&mut self, environment: &Environment) {
        self.environment = Some(environment.header.id.to_string());
        let team = [&environment.team];
        self.relate(Relation::ConnectionAdmin, team, environment.header.origin);
    }
}

/// All resources of a mesh, by name, and all teams that the mesh names.
#[derive(Debug)]
pub struct Universe {
    /// The resources by name.
    pub resources: BTreeMap<String, Resource>,
    /// The teams of the mesh.
    pub teams: BTreeSet<String>,
}

impl Universe {
    /// The resources of a mesh. Shares that expired before `as_of` give nothing.
    pub fn of(mesh: &Mesh, as_of: Option<&Date>) -> Self {
        let teams = teams(mesh);
        let mut universe = Self { resources: BTreeMap::new(), teams };
        universe.tenant(mesh);
        universe.places(mesh);
        universe.domains(mesh);
        for dataset in mesh.datasets.values() {
            universe.dataset(mesh, dataset);
        }
        for share in mesh.shares.values() {
            universe.share(mesh, share, as_of);
        }
        universe.work(mesh);
        universe.words(mesh);
        universe
    }

    fn add(&mut self, kind: ResourceKind, id: &str, facts: Facts) {
        let resource = Resource { kind, id: id.to_owned(), facts };
        self.resources.insert(resource.name(), resource);
    }

    fn tenant(&mut self, mesh: &Mesh) {
        let tenant = &mesh.tenant;
        let mut facts = Facts::of(&tenant.header);
        for permission in TenantPermission::ALL {
            let holders: Vec<TeamName> = self
                .teams
                .iter()
                .filter_map(|team| TeamName::parse(team).ok())
                .filter(|team| may(mesh, team, permission))
                .collect();
            facts.relate(Relation::Holder(permission), &holders, tenant.header.origin);
        }
        self.add(ResourceKind::Tenant, tenant.header.id.as_str(), facts);
    }

    fn places(&mut self, mesh: &Mesh) {
        for organization in mesh.organizations.values() {
            let mut facts = Facts::of(&organization.header);
            let origin = organization.header.origin;
            facts.relate(Relation::Owner, [&organization.team], origin);
            let linkers = [&organization.team].into_iter().chain(&organization.admins);
            let linkers =
                linkers.filter(|team| may(mesh, team, TenantPermission::ManageEnvironments));
            facts.relate(Relation::Linker, linkers, origin);
            self.add(ResourceKind::Organization, organization.header.id.as_str(), facts);
        }
        for environment in mesh.environments.values() {
            let mut facts = Facts::of(&environment.header);
            let origin = environment.header.origin;
            facts.relate(Relation::Owner, [&environment.team], origin);
            facts.relate(Relation::ConnectionAdmin, [&environment.team], origin);
            for member in &environment.teams {
                facts.relate(Relation::Member, [&member.team], member.origin);
                for permission in &member.permissions {
                    facts.relate(Relation::Permitted(*permission), [&member.team], member.origin);
                }
            }
            self.add(ResourceKind::Environment, environment.header.id.as_str(), facts);
        }
    }

    fn domains(&mut self, mesh: &Mesh) {
        for domain in mesh.domains.values() {
            let mut facts = Facts::of(&domain.header);
            facts.relate(Relation::Owner, &domain.owners, domain.header.origin);
            self.add(ResourceKind::Domain, domain.header.id.as_str(), facts);
        }
    }

    fn dataset(&mut self, mesh: &Mesh, dataset: &Dataset) {
        let id = dataset.header.id.as_str();
        let common = of_dataset(mesh, dataset);
        let tagged =
            |words: &[String]| Facts { tags: words.iter().cloned().collect(), ..common.clone() };
        self.add(ResourceKind::Dataset, id, tagged(&dataset.header.keywords));
        for (table, content) in &dataset.tables {
            let path = format!("{id}/{}", table.as_str());
            self.add(ResourceKind::Table, &path, tagged(&content.about.keywords));
            for column in content.all_columns() {
                let words = [column.about.keywords.as_slice(), column.tags.as_slice()].concat();
                let path = format!("{path}/{}", column.name.as_str());
                self.add(ResourceKind::Column, &path, tagged(&words));
            }
        }
        for (folder, content) in &dataset.folders {
            let path = format!("{id}/{}", folder.as_str());
            self.add(ResourceKind::Folder, &path, tagged(&content.about.keywords));
        }
    }

    fn share(&mut self, mesh: &Mesh, share: &Share, as_of: Option<&Date>) {
        let mut facts = Facts::of(&share.header);
        let dataset: &Dataset = &share.dataset;
        let approvers = [&dataset.team].into_iter().chain(&dataset.stewards);
        let approvers = approvers.filter(|team| may(mesh, team, TenantPermission::ManageShares));
        facts.relate(Relation::Approver, approvers, dataset.header.origin);
        let requesters = [&share.team]
            .into_iter()
            .filter(|team| may(mesh, team, TenantPermission::ManageShares));
        facts.relate(Relation::Requester, requesters, share.header.origin);
        self.add(ResourceKind::Share, share.header.id.as_str(), facts);
        // A consumption role is no user: whoever may assume it acts as the role.
        if share.consumption_role.is_some() || !share.is_live(as_of) {
            return;
        }
        let names: Vec<String> =
            share.items.iter().flat_map(|item| shared(dataset, item)).collect();
        for name in names {
            let Some(resource) = self.resources.get_mut(&name) else { continue };
            let origin = share.header.origin;
            for permission in &share.permissions {
                // Whoever writes also reads (docs/stacks/share.md, "What `permissions` mean").
                resource.facts.relate(Relation::Reader, [&share.team], origin);
                match permission {
                    SharePermission::Read => {}
                    SharePermission::Write | SharePermission::Modify => {
                        resource.facts.relate(Relation::Writer, [&share.team], origin);
                    }
                }
            }
        }
    }

    fn work(&mut self, mesh: &Mesh) {
        macro_rules! owned {
            ($($list:ident $kind:ident)*) => {
                $(for document in mesh.$list.values() {
                    let mut facts = Facts::of(&document.header);
                    facts.in_environment(&document.environment);
                    facts.relate(Relation::Owner, [&document.team], document.header.origin);
                    self.add(ResourceKind::$kind, document.header.id.as_str(), facts);
                })*
            };
        }
        owned!(
            networks Network
            consumption_roles ConsumptionRole
            worksheets Worksheet
            notebooks Notebook
            studio_profiles StudioProfile
            pipelines Pipeline
        );
        for dashboard in mesh.dashboards.values() {
            let mut facts = Facts::of(&dashboard.header);
            facts.in_environment(&dashboard.environment);
            let origin = dashboard.header.origin;
            facts.relate(Relation::Owner, [&dashboard.team], origin);
            let viewers = [&dashboard.team].into_iter().chain(&dashboard.shared_with);
            facts.relate(Relation::Viewer, viewers, origin);
            self.add(ResourceKind::Dashboard, dashboard.header.id.as_str(), facts);
        }
    }

    /// Tags, glossary terms, teams, and the users that policies name.
    fn words(&mut self, mesh: &Mesh) {
        let tags: BTreeSet<String> =
            self.resources.values().flat_map(|resource| resource.facts.tags.clone()).collect();
        for tag in tags {
            self.add(ResourceKind::Tag, &tag, Facts::default());
        }
        self.add(ResourceKind::Glossary, GLOSSARY, Facts::default());
        for term in terms(mesh) {
            self.add(ResourceKind::Term, &term, Facts::default());
        }
        for team in self.teams.clone() {
            self.add(ResourceKind::Team, &team, Facts::default());
        }
        let actors = mesh.access_policies.values().map(|policy| &policy.actors);
        let users: BTreeSet<&String> =
            actors.flat_map(|actors| actors.users.iter().chain(&actors.except.users)).collect();
        for user in users {
            self.add(ResourceKind::User, user, Facts::default());
        }
    }
}

/// What a dataset and all its parts have in common. Domains are looked up by id, as policies name them.
fn of_dataset(mesh: &Mesh, dataset: &Dataset) -> Facts {
    let mut facts = Facts::default();
    let origin = dataset.header.origin;
    facts.in_environment(&dataset.environment);
    facts.relate(Relation::Owner, [&dataset.team], origin);
    facts.relate(Relation::Steward, &dataset.stewards, origin);
    // Stewards of other environments approve shares, and read nothing.
    let readers =
        dataset.stewards.iter().filter(|team| dataset.environment.team_named(team).is_some());
    facts.relate(Relation::Reader, readers, origin);
    if let Some(link) = &dataset.domain {
        facts.domain = Some(link.id().to_string());
        if let Some(domain) = mesh.domains.get(link.id()).filter(|one| covers(one, dataset)) {
            domain_access(&mut facts, domain);
        }
    }
    facts
}

/// Whether dataset-level access covers a dataset of the domain: of those that others govern in Lake Formation the ones
/// that existed when it was given, and none that others govern with LF-tags (DLA-6, DLA-7).
fn covers(domain: &Domain, dataset: &Dataset) -> bool {
    match dataset.import.as_ref().and_then(|import| import.governed_by) {
        None => true,
        Some(GovernedBy::LakeFormation) => {
            domain.lake_formation_datasets.contains(&dataset.header.id)
        }
        Some(GovernedBy::LfTags) => false,
    }
}

/// Dataset-level access: its type is that of the access to the domain (DLA-1).
fn domain_access(facts: &mut Facts, domain: &Domain) {
    let origin = domain.header.origin;
    let (full, others): (Vec<_>, Vec<_>) =
        domain.dataset_level_access.iter().partition(|team| domain.owners.contains(team));
    facts.relate(Relation::DomainOwner, full, origin);
    let readers = others.into_iter().filter(|team| domain.readers.contains(team));
    facts.relate(Relation::DomainReader, readers, origin);
}

/// The names of the resources that an item of a share is about.
fn shared(dataset: &Dataset, item: &ShareItem) -> Vec<String> {
    let id = dataset.header.id.as_str();
    let columns_of = |table: &str| -> Vec<String> {
        let found = dataset.tables.iter().find(|(name, _)| name.as_str() == table);
        let columns = found.into_iter().flat_map(|(_, content)| content.all_columns());
        columns.map(|column| column.name.as_str().to_owned()).collect()
    };
    match item {
        ShareItem::Folder(folder) => vec![name(ResourceKind::Folder, &format!("{id}/{folder}"))],
        ShareItem::Table(table) => {
            let path = format!("{id}/{}", table.name.as_str());
            let is_whole = table.columns.is_empty();
            let columns = if is_whole {
                columns_of(table.name.as_str())
            } else {
                table.columns.iter().map(|column| column.as_str().to_owned()).collect()
            };
            let columns = columns.iter().map(|column| format!("{path}/{column}"));
            let columns = columns.map(|path| name(ResourceKind::Column, &path));
            // Reading a table means reading all its rows and columns.
            let whole =
                (is_whole && table.rows.is_none()).then(|| name(ResourceKind::Table, &path));
            whole.into_iter().chain(columns).collect()
        }
        ShareItem::Bucket => {
            let folders = dataset.folders.keys();
            let folders =
                folders.map(|folder| name(ResourceKind::Folder, &format!("{id}/{folder}")));
            std::iter::once(name(ResourceKind::Dataset, id)).chain(folders).collect()
        }
    }
}

/// Whether a team has a permission of the tenant. A team without an entry has all.
fn may(mesh: &Mesh, team: &TeamName, permission: TenantPermission) -> bool {
    let allowed = mesh.tenant.permissions.get(team);
    allowed.is_none_or(|allowed| allowed.contains(&permission))
}

/// The teams that are onboarded: those that documents make administrators, owners or members.
fn teams(mesh: &Mesh) -> BTreeSet<String> {
    let mut all: Vec<&TeamName> = vec![&mesh.tenant.admin_team];
    for organization in mesh.organizations.values() {
        all.push(&organization.team);
        all.extend(&organization.admins);
    }
    for environment in mesh.environments.values() {
        all.extend(environment.teams.iter().map(|member| &member.team));
    }
    for domain in mesh.domains.values() {
        all.extend(domain.owners.iter().chain(&domain.readers));
    }
    all.into_iter().map(|team| team.as_str().to_owned()).collect()
}

/// The glossary terms that documents and their parts use.
fn terms(mesh: &Mesh) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    macro_rules! of_headers {
        ($($list:ident)*) => {
            $(for document in mesh.$list.values() {
                all.extend(document.header.glossary.iter().cloned());
            })*
        };
    }
    of_headers!(
        organizations environments networks consumption_roles domains datasets shares worksheets
        notebooks studio_profiles pipelines dashboards
    );
    all.extend(mesh.tenant.header.glossary.iter().cloned());
    for dataset in mesh.datasets.values() {
        for table in dataset.tables.values() {
            all.extend(table.about.glossary.iter().cloned());
            all.extend(table.all_columns().flat_map(|column| column.about.glossary.clone()));
        }
        all.extend(dataset.folders.values().flat_map(|folder| folder.about.glossary.clone()));
    }
    all
}
