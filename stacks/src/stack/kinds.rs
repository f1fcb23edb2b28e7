//! One type for each kind of stack: its inputs, and the [`StackPlan`] built from them.
//!
//! Documents and mesh belong together: a type takes documents of the mesh that it takes. What a document leaves out has
//! been set when the mesh was resolved, so nothing here is optional but the day.

use std::collections::{BTreeMap, BTreeSet};

use lakewright_manifest::mesh::{
    Dataset, Environment, EnvironmentTeam, Header, Notebook, Pipeline, PivotMode, Share,
    StudioProfile, Tenant,
};
use lakewright_manifest::{Date, Mesh, Report, ResourcePrefix, TeamName};
use lakewright_synth::StackSpec;
use lakewright_template::{Place, StackAddress, StackKind};

use super::StackPlan;
use super::subject::Subject;
use crate::bootstrap::Account;
use crate::dataset::Reached;
use crate::share::{LiveShare, Side};
use crate::tags::{central_tags, resource_tags};
use crate::team::Belongings;
use crate::{Names, dashboards, environment, governance, share, team};

/// The stack of the role that the platform assumes in an environment.
#[derive(Debug, Clone, Copy)]
pub struct PivotRoleStack<'m> {
    names: Names<'m>,
    environment: &'m Environment,
}

impl<'m> PivotRoleStack<'m> {
    /// The stack of an environment's pivot role. `None` if the accounts' owners create these roles themselves.
    pub fn new(mesh: &'m Mesh, environment: &'m Environment) -> Option<Self> {
        let is_auto = mesh.tenant.pivot_role.mode == PivotMode::Auto;
        is_auto.then(|| Self { names: Names::new(mesh), environment })
    }

    /// The plan of the stack.
    pub fn plan(self) -> StackPlan<'m> {
        let Environment { header, team, resource_prefix, .. } = self.environment;
        let common = Common { kind: StackKind::PivotRole, header, team, retain: false };
        let bootstrap = bootstrap_address(&Names::place(self.environment), resource_prefix);
        let subject = Subject::PivotRole(self.environment);
        of_document(self.names, self.environment, &common, subject).instead([bootstrap])
    }
}

/// The stack of the resources that the teams of an environment share.
#[derive(Debug, Clone, Copy)]
pub struct EnvironmentStack<'m> {
    names: Names<'m>,
    environment: &'m Environment,
}

impl<'m> EnvironmentStack<'m> {
    /// The stack of an environment.
    pub fn new(mesh: &'m Mesh, environment: &'m Environment) -> Self {
        Self { names: Names::new(mesh), environment }
    }

    /// The plan of the stack.
    pub fn plan(self) -> StackPlan<'m> {
        let Self { names, environment } = self;
        let Environment { header, team, retain_on_delete, .. } = environment;
        let common =
            Common { kind: StackKind::Environment, header, team, retain: *retain_on_delete };
        let place = Names::place(environment);
        let bootstrap = bootstrap_address(&place, &environment.resource_prefix);
        let is_auto = names.tenant().pivot_role.mode == PivotMode::Auto;
        let pivot_role = is_auto.then(|| {
            address(environment, Names::stack(environment, StackKind::PivotRole, &header.id))
        });
        // The environment that owns the Lake Formation settings is deployed first.
        let owner = environment::owner_of_settings(names, &place)
            .filter(|owner| owner.header.id != header.id && environment.features.datasets)
            .map(environment_address);
        let before = std::iter::once(bootstrap).chain(pivot_role).chain(owner);
        let here = names.environments().filter(|other| Names::place(other) == place).collect();
        let subject = Subject::Environment(environment, here);
        of_document(names, environment, &common, subject).instead(before)
    }
}

/// The stack of a team's role and workgroup.
#[derive(Debug, Clone)]
pub struct TeamStack<'m> {
    names: Names<'m>,
    environment: &'m Environment,
    team: &'m EnvironmentTeam,
    belongings: Belongings<'m>,
}

impl<'m> TeamStack<'m> {
    /// The stack of a team in an environment, with its documents in the mesh and its shares on this date; without a
    /// date no share has expired. `None` if the team's role is imported and the team needs no other resources.
    pub fn new(
        mesh: &'m Mesh,
        environment: &'m Environment,
        team: &'m EnvironmentTeam,
        as_of: Option<&Date>,
    ) -> Option<Self> {
        let mut all = team::belongings(mesh, &share::live(mesh, as_of));
        let own = all.remove(&(&environment.header.id, &team.team)).unwrap_or_default();
        Self::with(mesh, environment, team, own)
    }

    pub(crate) fn with(
        mesh: &'m Mesh,
        environment: &'m Environment,
        team: &'m EnvironmentTeam,
        belongings: Belongings<'m>,
    ) -> Option<Self> {
        let names = Names::new(mesh);
        team::has_stack(environment, team).then_some(Self { names, environment, team, belongings })
    }

    /// The plan of the stack.
    pub fn plan(self) -> StackPlan<'m> {
        let Self { names, environment, team, belongings } = self;
        let mut plan = of_team(
            names,
            (environment, team),
            StackKind::Team,
            names.team_stack(environment, &team.team),
            Subject::Team(environment, team, belongings),
        );
        plan.spec.tags.insert("group".to_owned(), team.team.to_string());
        plan
    }
}

/// The stack of a team's dashboards. It is separate because QuickSight may reject it, and the team can work without
/// it.
#[derive(Debug, Clone, Copy)]
pub struct DashboardsStack<'m> {
    names: Names<'m>,
    environment: &'m Environment,
    team: &'m EnvironmentTeam,
}

impl<'m> DashboardsStack<'m> {
    /// The stack of a team's dashboards. `None` if the team has no dashboards in the environment.
    pub fn new(
        mesh: &'m Mesh,
        environment: &'m Environment,
        team: &'m EnvironmentTeam,
    ) -> Option<Self> {
        let names = Names::new(mesh);
        dashboards::has_stack(environment, team).then_some(Self { names, environment, team })
    }

    /// The plan of the stack.
    pub fn plan(self) -> StackPlan<'m> {
        let Self { names, environment, team } = self;
        let name = names.dashboards_stack(environment, &team.team);
        let subject = Subject::Dashboards(environment, team);
        of_team(names, (environment, team), StackKind::Dashboards, name, subject)
            .needs(team_address(names, environment, &team.team))
    }
}

/// The stack of a dataset.
#[derive(Debug, Clone)]
pub struct DatasetStack<'m> {
    names: Names<'m>,
    dataset: &'m Dataset,
    reached: Reached<'m>,
}

impl<'m> DatasetStack<'m> {
    /// The stack of a dataset, with the shares that grant access on this date; without a date no share has expired.
    pub fn new(mesh: &'m Mesh, dataset: &'m Dataset, as_of: Option<&Date>) -> Self {
        let shares = share::live(mesh, as_of).into_iter();
        let own = shares.filter(|live| live.dataset.header.id == dataset.header.id);
        Self::with(mesh, dataset, own.collect())
    }

    pub(crate) fn with(mesh: &'m Mesh, dataset: &'m Dataset, shares: Vec<LiveShare<'m>>) -> Self {
        let standings = mesh.data_access.standings.get(&dataset.header.id);
        Self { names: Names::new(mesh), dataset, reached: Reached { shares, standings } }
    }

    /// The plan of the stack.
    pub fn plan(self) -> StackPlan<'m> {
        let Self { names, dataset, reached } = self;
        let Dataset { header, environment, team, retain_on_delete, .. } = dataset;
        let common = Common { kind: StackKind::Dataset, header, team, retain: *retain_on_delete };
        // Policies of the dataset name these teams' roles, which must exist before.
        let teams = std::iter::once(team).chain(&dataset.stewards);
        let mut others: Vec<StackAddress> =
            teams.filter_map(|team| team_address(names, environment, team)).collect();
        others.extend(reached.shares.iter().filter_map(|live| consumer_address(names, live)));
        let subject = Subject::Dataset(dataset, reached);
        let mut plan = of_document(names, environment, &common, subject).needs(others);
        let classification = dataset.confidentiality.as_str().to_owned();
        plan.spec.tags.insert("Classification".to_owned(), classification);
        plan
    }
}

/// The stack of a share, or of one side of it.
#[derive(Debug, Clone, Copy)]
pub struct ShareStack<'m> {
    names: Names<'m>,
    live: LiveShare<'m>,
    side: Side,
}

impl<'m> ShareStack<'m> {
    /// The stacks of a share: none, one, or two, in the dataset's account and region and in the consumer's. A share
    /// that grants no access on this date has none; without a date no share has expired.
    pub fn of(mesh: &'m Mesh, share: &'m Share, as_of: Option<&Date>) -> Vec<Self> {
        let live = share::connected(mesh, share, as_of);
        live.map(|live| Self::with(mesh, live)).unwrap_or_default()
    }

    pub(crate) fn with(mesh: &'m Mesh, live: LiveShare<'m>) -> Vec<Self> {
        let names = Names::new(mesh);
        live.sides().into_iter().map(|side| Self { names, live, side }).collect()
    }

    /// The plan of the stack.
    pub fn plan(self) -> StackPlan<'m> {
        let Self { names, live, side } = self;
        let environment = if side == Side::Consumer { live.consumer } else { live.producer };
        let Share { header, team, .. } = live.share;
        let common = Common { kind: StackKind::Share, header, team, retain: false };
        // The dataset's stack grants access to what the share's stack links to.
        let name = Names::stack(live.producer, StackKind::Dataset, &live.dataset.header.id);
        let before =
            consumer_address(names, &live).into_iter().chain([address(live.producer, name)]);
        of_document(names, environment, &common, Subject::Share(live, side)).needs(before)
    }
}

/// The stack of a notebook instance.
#[derive(Debug, Clone, Copy)]
pub struct NotebookStack<'m> {
    names: Names<'m>,
    notebook: &'m Notebook,
}

impl<'m> NotebookStack<'m> {
    /// The stack of a notebook.
    pub fn new(mesh: &'m Mesh, notebook: &'m Notebook) -> Self {
        Self { names: Names::new(mesh), notebook }
    }

    /// The plan of the stack.
    pub fn plan(self) -> StackPlan<'m> {
        let Notebook { header, environment, team, .. } = self.notebook;
        let common = Common { kind: StackKind::Notebook, header, team, retain: false };
        of_document(self.names, environment, &common, Subject::Notebook(self.notebook))
            .needs(team_address(self.names, environment, team))
    }
}

/// The stack of an ML Studio user profile.
#[derive(Debug, Clone, Copy)]
pub struct StudioProfileStack<'m> {
    names: Names<'m>,
    profile: &'m StudioProfile,
}

impl<'m> StudioProfileStack<'m> {
    /// The stack of a user profile.
    pub fn new(mesh: &'m Mesh, profile: &'m StudioProfile) -> Self {
        Self { names: Names::new(mesh), profile }
    }

    /// The plan of the stack.
    pub fn plan(self) -> StackPlan<'m> {
        let StudioProfile { header, environment, team } = self.profile;
        let common = Common { kind: StackKind::StudioProfile, header, team, retain: false };
        of_document(self.names, environment, &common, Subject::StudioProfile(self.profile))
            .needs(team_address(self.names, environment, team))
    }
}

/// The stack of a pipeline.
#[derive(Debug, Clone, Copy)]
pub struct PipelineStack<'m> {
    names: Names<'m>,
    pipeline: &'m Pipeline,
}

impl<'m> PipelineStack<'m> {
    /// The stack of a pipeline.
    pub fn new(mesh: &'m Mesh, pipeline: &'m Pipeline) -> Self {
        Self { names: Names::new(mesh), pipeline }
    }

    /// The plan of the stack.
    pub fn plan(self) -> StackPlan<'m> {
        let Pipeline { header, environment, team, retain_on_delete, .. } = self.pipeline;
        let common = Common { kind: StackKind::Pipeline, header, team, retain: *retain_on_delete };
        of_document(self.names, environment, &common, Subject::Pipeline(self.pipeline))
    }
}

/// A stack of the policy store, in the central account: that of the store itself, or one with access policies.
#[derive(Debug, Clone)]
pub struct GovernanceStack<'m> {
    names: Names<'m>,
    part: governance::Part,
}

impl<'m> GovernanceStack<'m> {
    /// The stacks of a mesh's policy store: none, if the mesh has no policy store.
    ///
    /// # Errors
    ///
    /// What a policy store does not take, at manifest lines.
    pub fn all(mesh: &'m Mesh) -> Result<Vec<Self>, Report> {
        let names = Names::new(mesh);
        let parts = governance::parts(mesh)?;
        Ok(parts.into_iter().map(|part| Self { names, part }).collect())
    }

    /// The plan of the stack.
    pub fn plan(self) -> StackPlan<'m> {
        let Self { names, part } = self;
        let Tenant { header, resource_prefix, .. } = names.tenant();
        let place = names.central_place();
        let number = part.number.map(|number| format!("/{number}")).unwrap_or_default();
        let id = format!("{}{number}", header.id);
        let description = describe(StackKind::Governance, &header.label, &header.description);
        let tags = central_tags(names.tenant(), &format!("{}/{id}", StackKind::Governance));
        let before = bootstrap_address(&place, resource_prefix);
        let store = part.number.map(|_| names.governance_stack(None));
        let store = store.map(|name| StackAddress::new(place.clone(), name));
        let name = names.governance_stack(part.number);
        StackPlan {
            names,
            subject: Subject::Governance(part),
            depends_on: std::iter::once(before).chain(store).collect(),
            spec: spec(names.tenant(), place, name, description, tags),
            prefix: resource_prefix.clone(),
            id,
            retain: false,
        }
    }
}

/// The stack of the platform itself, in the central account.
#[derive(Debug, Clone, Copy)]
pub struct PlatformStack<'m> {
    names: Names<'m>,
}

impl<'m> PlatformStack<'m> {
    /// The platform's stack.
    pub fn new(mesh: &'m Mesh) -> Self {
        Self { names: Names::new(mesh) }
    }

    /// The plan of the stack.
    pub fn plan(self) -> StackPlan<'m> {
        let names = self.names;
        let Tenant { header, resource_prefix, .. } = names.tenant();
        let place = names.central_place();
        let name = format!("{resource_prefix}-platform-{}", header.id);
        let description = describe(StackKind::Platform, &header.label, &header.description);
        let tags = central_tags(names.tenant(), &format!("platform/{}", header.id));
        StackPlan {
            names,
            subject: Subject::Platform(names.environments().collect()),
            depends_on: BTreeSet::from([bootstrap_address(&place, resource_prefix)]),
            spec: spec(names.tenant(), place, name, description, tags),
            prefix: resource_prefix.clone(),
            id: header.id.to_string(),
            retain: false,
        }
    }
}

/// The stack that bootstraps an account and region for the stacks with a prefix.
#[derive(Debug, Clone)]
pub(crate) struct BootstrapStack<'m> {
    names: Names<'m>,
    account: Account<'m>,
}

impl<'m> BootstrapStack<'m> {
    pub(crate) fn new(mesh: &'m Mesh, account: Account<'m>) -> Self {
        Self { names: Names::new(mesh), account }
    }

    pub(crate) fn plan(self) -> StackPlan<'m> {
        let Self { names, account } = self;
        let Place { account: number, region } = account.place.clone();
        let id = format!("{number}-{region}");
        let description = format!(
            "Lakewright bootstrap: account {number}, {region}. Deployed by the account's owner"
        );
        let tags = central_tags(names.tenant(), &format!("bootstrap/{id}"));
        let name = bootstrap_name(&account.place, &account.prefix);
        StackPlan {
            names,
            spec: spec(names.tenant(), account.place.clone(), name, description, tags),
            prefix: account.prefix.clone(),
            id,
            depends_on: BTreeSet::new(),
            retain: true,
            subject: Subject::Bootstrap(Box::new(account)),
        }
    }
}

/// The common part of stacks that belong to a document of an environment.
struct Common<'a> {
    kind: StackKind,
    header: &'a Header,
    team: &'a TeamName,
    retain: bool,
}

fn of_document<'m>(
    names: Names<'m>,
    environment: &'m Environment,
    common: &Common<'_>,
    subject: Subject<'m>,
) -> StackPlan<'m> {
    let Common { kind, header, team, retain } = common;
    let is_of_environment = matches!(kind, StackKind::Environment | StackKind::PivotRole);
    let own = (!is_of_environment).then_some(*header);
    let target = format!("{kind}/{}", header.id);
    let tags = resource_tags(names.tenant(), environment, own, team, &target);
    let name = Names::stack(environment, *kind, &header.id);
    let description = describe(*kind, &header.label, &header.description);
    StackPlan {
        names,
        subject,
        spec: spec(names.tenant(), Names::place(environment), name, description, tags),
        prefix: environment.resource_prefix.clone(),
        id: header.id.to_string(),
        depends_on: BTreeSet::from([environment_address(environment)]),
        retain: *retain,
    }
}

/// The plan of a team's stack in an environment. Such a stack has no document of its own.
fn of_team<'m>(
    names: Names<'m>,
    (environment, team): (&'m Environment, &'m EnvironmentTeam),
    kind: StackKind,
    name: String,
    subject: Subject<'m>,
) -> StackPlan<'m> {
    let id = format!("{}/{}", environment.header.id, team.team);
    let tags =
        resource_tags(names.tenant(), environment, None, &team.team, &format!("{kind}/{id}"));
    let description = describe(kind, team.team.as_str(), &environment.header.label);
    StackPlan {
        names,
        subject,
        spec: spec(names.tenant(), Names::place(environment), name, description, tags),
        prefix: environment.resource_prefix.clone(),
        id,
        depends_on: BTreeSet::from([environment_address(environment)]),
        retain: false,
    }
}

impl StackPlan<'_> {
    fn needs(mut self, addresses: impl IntoIterator<Item = StackAddress>) -> Self {
        self.depends_on.extend(addresses);
        self
    }

    fn instead(mut self, addresses: impl IntoIterator<Item = StackAddress>) -> Self {
        self.depends_on = addresses.into_iter().collect();
        self
    }
}

pub(crate) fn spec(
    tenant: &Tenant,
    place: Place,
    name: String,
    description: String,
    tags: BTreeMap<String, String>,
) -> StackSpec {
    StackSpec {
        name,
        place,
        description,
        tags,
        managed_policies_per_role: tenant.quotas.managed_policies_per_role,
        trust_policy_characters: tenant.quotas.trust_policy_characters,
        event_bus_policy_characters: tenant.quotas.event_bus_policy_characters,
    }
}

pub(super) fn describe(kind: StackKind, label: &str, description: &str) -> String {
    let text = if description.is_empty() {
        format!("Lakewright {kind}: {label}")
    } else {
        format!("Lakewright {kind}: {label}. {description}")
    };
    // CloudFormation does not substitute variables in descriptions, but readers and linters take `${` for a variable.
    text.split_whitespace().collect::<Vec<_>>().join(" ").replace("${", "$ {")
}

fn bootstrap_name(place: &Place, prefix: &ResourcePrefix) -> String {
    format!("{prefix}-bootstrap-{}-{}", place.account, place.region)
}

pub(crate) fn bootstrap_address(place: &Place, prefix: &ResourcePrefix) -> StackAddress {
    StackAddress::new(place.clone(), bootstrap_name(place, prefix))
}

/// The address of the stack that creates a team's role, if there is one.
fn team_address(
    names: Names<'_>,
    environment: &Environment,
    team: &TeamName,
) -> Option<StackAddress> {
    let member = environment.team_named(team)?;
    team::has_stack(environment, member)
        .then(|| address(environment, names.team_stack(environment, team)))
}

/// The address of the stack that creates the role of a share's consumer, if there is one.
fn consumer_address(names: Names<'_>, live: &LiveShare<'_>) -> Option<StackAddress> {
    if live.role.is_some() {
        return None;
    }
    team_address(names, live.consumer, &live.share.team)
}

fn environment_address(environment: &Environment) -> StackAddress {
    let name = Names::stack(environment, StackKind::Environment, &environment.header.id);
    address(environment, name)
}

fn address(environment: &Environment, name: String) -> StackAddress {
    StackAddress::new(Names::place(environment), name)
}
