//! One stack of a plan: what it is for, what it waits for, and its synthesis.

use std::collections::{BTreeMap, BTreeSet};

use lakewright_manifest::diagnostic::Origin;
use lakewright_manifest::mesh::{
    Dataset, Environment, EnvironmentTeam, Header, Notebook, Pipeline, PivotMode, StudioProfile,
};
use lakewright_manifest::{Mesh, Report, ResourcePrefix, TeamName};
use lakewright_synth::{Finished, Lowered, NEAR_PERCENT, Stack, StackSpec, SynthError};
use lakewright_template::assembly::StackEntry;
use lakewright_template::limits::RESOURCES;
use lakewright_template::place::Place;
use lakewright_template::revision::Sealed;
use lakewright_template::{StackAddress, StackKind, Template};

use super::{Dependencies, Mentions};
use crate::asset::Asset;
use crate::bootstrap::{self, Account, Usage};
use crate::dataset::TablesBy;
use crate::diagnose::{cause, diagnose, is_trust_policy};
use crate::share::{self, LiveShare, Side};
use crate::tags::{central_tags, resource_tags};
use crate::{
    Names, dashboards, dataset, environment, guardrails, notebook, pipeline, pivot_role, platform,
    studio_profile, team,
};

/// One stack of a plan.
#[derive(Debug)]
pub struct StackPlan<'m> {
    mesh: &'m Mesh,
    subject: Subject<'m>,
    spec: StackSpec,
    prefix: ResourcePrefix,
    id: String,
    depends_on: Dependencies,
    retain: bool,
}

/// What a stack is for.
#[derive(Debug, Clone)]
pub(super) enum Subject<'m> {
    Bootstrap(Box<Account<'m>>),
    PivotRole(&'m Environment),
    Environment(&'m Environment),
    Team(&'m Environment, &'m EnvironmentTeam, team::Belongings<'m>),
    Dashboards(&'m Environment, &'m EnvironmentTeam),
    Dataset(&'m Environment, &'m Dataset, Vec<LiveShare<'m>>),
    Share(LiveShare<'m>, Side),
    Notebook(&'m Environment, &'m EnvironmentTeam, &'m Notebook),
    StudioProfile(&'m Environment, &'m EnvironmentTeam, &'m StudioProfile),
    Pipeline(&'m Environment, &'m Pipeline),
    Platform,
}

/// A synthesized stack: everything that the assembly keeps of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Synthesized {
    /// The entry in the assembly.
    pub entry: StackEntry,
    /// The template, the intended access, and why each part is there.
    pub lowered: Lowered,
    /// The template's canonical JSON.
    pub json: String,
    /// The files that the stack needs in S3.
    pub assets: Vec<Asset>,
    /// What it makes and what it names: [`connect`](crate::connect) says what it waits for.
    pub mentions: Mentions,
    /// How the names of the stack's account begin.
    prefix: String,
}

/// With whose help a stack is deployed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeployTarget {
    /// The role to assume in the stack's account.
    pub deploy_role: String,
    /// The external id to give.
    pub external_id: String,
    /// The role that CloudFormation runs the stack as.
    pub execution_role: String,
    /// The bucket for large templates.
    pub template_bucket: String,
    /// The stack that makes these.
    pub bootstrap: StackAddress,
    /// How the names of the stack and of these begin.
    pub prefix: ResourcePrefix,
}

impl DeployTarget {
    /// The roles and the bucket used to deploy the stacks with this prefix in an account and region. They are the
    /// same for places that are no longer in the mesh.
    pub fn of(mesh: &Mesh, prefix: &ResourcePrefix, place: &Place) -> Self {
        let arn = |name: &str| lakewright_constructs::role::role_arn(place, name);
        Self {
            deploy_role: arn(&Names::deploy_role(prefix, &place.region)),
            external_id: mesh.tenant.pivot_role.external_id.clone(),
            execution_role: arn(&Names::execution_role(prefix, &place.region)),
            template_bucket: Names::new(mesh).template_bucket(prefix, place),
            bootstrap: bootstrap_address(place, prefix),
            prefix: prefix.clone(),
        }
    }
}

pub(super) fn report(errors: &[SynthError]) -> Report {
    let mut report = Report::new();
    errors.iter().map(diagnose).for_each(|diagnostic| report.push(diagnostic));
    report
}

/// What most stacks have in common: they belong to a document of an environment.
struct Common<'a> {
    kind: StackKind,
    header: &'a Header,
    team: &'a TeamName,
    retain: bool,
}

impl<'m> StackPlan<'m> {
    fn of_document(
        mesh: &'m Mesh,
        environment: &'m Environment,
        common: &Common<'_>,
        subject: Subject<'m>,
    ) -> Self {
        let Common { kind, header, team, retain } = common;
        let is_of_environment = matches!(kind, StackKind::Environment | StackKind::PivotRole);
        let own = (!is_of_environment).then_some(*header);
        let target = format!("{kind}/{}", header.id);
        let tags = resource_tags(mesh, environment, own, team, &target);
        let name = Names::stack(environment, *kind, &header.id);
        let description = describe(*kind, &header.label, &header.description);
        Self {
            mesh,
            subject,
            spec: spec(mesh, Names::place(environment), name, description, tags),
            prefix: environment.resource_prefix.clone(),
            id: header.id.to_string(),
            depends_on: BTreeSet::from([environment_address(environment)]),
            retain: *retain,
        }
    }

    fn needs(mut self, addresses: impl IntoIterator<Item = StackAddress>) -> Self {
        self.depends_on.extend(addresses);
        self
    }

    fn instead(mut self, addresses: impl IntoIterator<Item = StackAddress>) -> Self {
        self.depends_on = addresses.into_iter().collect();
        self
    }

    pub(super) fn pivot_role(mesh: &'m Mesh, environment: &'m Environment) -> Self {
        let header = &environment.header;
        let team = &environment.team;
        let common = Common { kind: StackKind::PivotRole, header, team, retain: false };
        let bootstrap = bootstrap_address(&Names::place(environment), &environment.resource_prefix);
        Self::of_document(mesh, environment, &common, Subject::PivotRole(environment))
            .instead([bootstrap])
    }

    pub(super) fn environment(mesh: &'m Mesh, environment: &'m Environment) -> Self {
        let Environment { header, team, retain_on_delete, .. } = environment;
        let common =
            Common { kind: StackKind::Environment, header, team, retain: *retain_on_delete };
        let bootstrap = bootstrap_address(&Names::place(environment), &environment.resource_prefix);
        let is_auto = mesh.tenant.pivot_role.mode == PivotMode::Auto;
        let pivot_role = is_auto.then(|| {
            address(environment, Names::stack(environment, StackKind::PivotRole, &header.id))
        });
        // Whoever owns the settings of Lake Formation here comes first.
        let owner = environment::owner_of_settings(mesh, &Names::place(environment))
            .filter(|owner| owner.header.id != header.id && environment.features.datasets)
            .map(environment_address);
        let before = std::iter::once(bootstrap).chain(pivot_role).chain(owner);
        Self::of_document(mesh, environment, &common, Subject::Environment(environment))
            .instead(before)
    }

    pub(super) fn team(
        mesh: &'m Mesh,
        environment: &'m Environment,
        team: &'m EnvironmentTeam,
        belongings: team::Belongings<'m>,
    ) -> Self {
        let id = format!("{}/{}", environment.header.id, team.team);
        let name = Names::new(mesh).team_stack(environment, &team.team);
        let mut tags = resource_tags(mesh, environment, None, &team.team, &format!("team/{id}"));
        tags.insert("group".to_owned(), team.team.to_string());
        let description = describe(StackKind::Team, team.team.as_str(), &environment.header.label);
        Self {
            mesh,
            subject: Subject::Team(environment, team, belongings),
            spec: spec(mesh, Names::place(environment), name, description, tags),
            prefix: environment.resource_prefix.clone(),
            id,
            depends_on: BTreeSet::from([environment_address(environment)]),
            retain: false,
        }
    }

    /// A stack of its own, as QuickSight may refuse what the team can do without.
    pub(super) fn dashboards(
        mesh: &'m Mesh,
        environment: &'m Environment,
        team: &'m EnvironmentTeam,
    ) -> Self {
        let id = format!("{}/{}", environment.header.id, team.team);
        let target = format!("dashboards/{id}");
        let tags = resource_tags(mesh, environment, None, &team.team, &target);
        let description =
            describe(StackKind::Dashboards, team.team.as_str(), &environment.header.label);
        let name = Names::new(mesh).dashboards_stack(environment, &team.team);
        Self {
            mesh,
            subject: Subject::Dashboards(environment, team),
            spec: spec(mesh, Names::place(environment), name, description, tags),
            prefix: environment.resource_prefix.clone(),
            id,
            depends_on: BTreeSet::from([environment_address(environment)]),
            retain: false,
        }
        .needs(team_address(mesh, environment, &team.team))
    }

    pub(super) fn dataset(
        mesh: &'m Mesh,
        environment: &'m Environment,
        dataset: &'m Dataset,
        shares: Vec<LiveShare<'m>>,
    ) -> Self {
        let Dataset { header, team, retain_on_delete, .. } = dataset;
        let common = Common { kind: StackKind::Dataset, header, team, retain: *retain_on_delete };
        // Policies of the dataset name these teams' roles, which must exist before.
        let teams = std::iter::once(team).chain(&dataset.stewards);
        let mut others: Vec<StackAddress> =
            teams.filter_map(|team| team_address(mesh, environment, team)).collect();
        others.extend(shares.iter().filter_map(|live| live.consumer_address(mesh)));
        let subject = Subject::Dataset(environment, dataset, shares);
        let mut plan = Self::of_document(mesh, environment, &common, subject).needs(others);
        let classification = dataset.confidentiality.as_str().to_owned();
        plan.spec.tags.insert("Classification".to_owned(), classification);
        plan
    }

    pub(super) fn share(mesh: &'m Mesh, live: LiveShare<'m>, side: Side) -> Self {
        let environment = if side == Side::Consumer { live.consumer } else { live.producer };
        let team = &live.share.team;
        let header = &live.share.header;
        let common = Common { kind: StackKind::Share, header, team, retain: false };
        let subject = Subject::Share(live, side);
        let mut others: Vec<StackAddress> = live.consumer_address(mesh).into_iter().collect();
        // The dataset's stack gives what the share's leads to.
        let name = Names::stack(live.producer, StackKind::Dataset, &live.dataset.header.id);
        others.push(address(live.producer, name));
        Self::of_document(mesh, environment, &common, subject).needs(others)
    }

    pub(super) fn notebook(
        mesh: &'m Mesh,
        environment: &'m Environment,
        team: &'m EnvironmentTeam,
        notebook: &'m Notebook,
    ) -> Self {
        let header = &notebook.header;
        let common = Common { kind: StackKind::Notebook, header, team: &team.team, retain: false };
        let subject = Subject::Notebook(environment, team, notebook);
        Self::of_document(mesh, environment, &common, subject).needs(team_address(
            mesh,
            environment,
            &team.team,
        ))
    }

    pub(super) fn studio_profile(
        mesh: &'m Mesh,
        environment: &'m Environment,
        team: &'m EnvironmentTeam,
        profile: &'m StudioProfile,
    ) -> Self {
        let header = &profile.header;
        let common =
            Common { kind: StackKind::StudioProfile, header, team: &team.team, retain: false };
        let subject = Subject::StudioProfile(environment, team, profile);
        Self::of_document(mesh, environment, &common, subject).needs(team_address(
            mesh,
            environment,
            &team.team,
        ))
    }

    pub(super) fn pipeline(
        mesh: &'m Mesh,
        environment: &'m Environment,
        pipeline: &'m Pipeline,
    ) -> Self {
        let Pipeline { header, team, retain_on_delete, .. } = pipeline;
        let common = Common { kind: StackKind::Pipeline, header, team, retain: *retain_on_delete };
        Self::of_document(mesh, environment, &common, Subject::Pipeline(environment, pipeline))
    }

    pub(super) fn platform(mesh: &'m Mesh) -> Self {
        let tenant = &mesh.tenant;
        let place = Names::new(mesh).central_place();
        let bootstrap = bootstrap_address(&place, &tenant.resource_prefix);
        let name = format!("{}-platform-{}", tenant.resource_prefix, tenant.header.id);
        let description =
            describe(StackKind::Platform, &tenant.header.label, &tenant.header.description);
        let tags = central_tags(mesh, &format!("platform/{}", tenant.header.id));
        Self {
            mesh,
            subject: Subject::Platform,
            spec: spec(mesh, place, name, description, tags),
            prefix: tenant.resource_prefix.clone(),
            id: tenant.header.id.to_string(),
            depends_on: BTreeSet::from([bootstrap]),
            retain: false,
        }
    }

    pub(super) fn bootstrap(mesh: &'m Mesh, account: Account<'m>) -> Self {
        let Place { account: number, region } = account.place.clone();
        let id = format!("{number}-{region}");
        let description = format!(
            "Lakewright bootstrap: account {number}, {region}. Deployed by the account's owner"
        );
        let tags = central_tags(mesh, &format!("bootstrap/{id}"));
        let name = bootstrap_name(&account.place, &account.prefix);
        Self {
            mesh,
            spec: spec(mesh, account.place.clone(), name, description, tags),
            prefix: account.prefix.clone(),
            id,
            depends_on: BTreeSet::new(),
            retain: true,
            subject: Subject::Bootstrap(Box::new(account)),
        }
    }

    /// What a template of the stack uses, for the execution role's policy.
    pub fn usage_of(&self, template: &Template) -> Usage {
        Usage::of(template, &self.spec.place.account, self.prefix.as_str())
    }

    /// The id of what the stack is for, as in the assembly.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The stack's kind.
    pub fn kind(&self) -> StackKind {
        match &self.subject {
            Subject::Bootstrap(_) => StackKind::Bootstrap,
            Subject::PivotRole(_) => StackKind::PivotRole,
            Subject::Environment(_) => StackKind::Environment,
            Subject::Team(..) => StackKind::Team,
            Subject::Dashboards(..) => StackKind::Dashboards,
            Subject::Dataset(..) => StackKind::Dataset,
            Subject::Share(..) => StackKind::Share,
            Subject::Notebook(..) => StackKind::Notebook,
            Subject::StudioProfile(..) => StackKind::StudioProfile,
            Subject::Pipeline(..) => StackKind::Pipeline,
            Subject::Platform => StackKind::Platform,
        }
    }

    /// The stack's name.
    pub fn name(&self) -> &str {
        &self.spec.name
    }

    /// Where the stack lies.
    pub fn place(&self) -> &Place {
        &self.spec.place
    }

    /// How the names of the stack's account begin.
    pub fn prefix(&self) -> &ResourcePrefix {
        &self.prefix
    }

    /// The stack's address in the assembly.
    pub fn address(&self) -> StackAddress {
        StackAddress::new(self.spec.place.clone(), self.spec.name.clone())
    }

    /// The address of the bootstrap stack that lets this one be deployed.
    pub fn bootstrap_address(&self) -> StackAddress {
        bootstrap_address(&self.spec.place, &self.prefix)
    }

    /// With whose help the stack is deployed.
    pub fn target(&self) -> DeployTarget {
        DeployTarget::of(self.mesh, &self.prefix, &self.spec.place)
    }

    /// Where the stack is asked for.
    pub fn origin(&self) -> Origin {
        match &self.subject {
            Subject::Bootstrap(_) | Subject::Platform => self.mesh.tenant.header.origin,
            Subject::PivotRole(environment) | Subject::Environment(environment) => {
                environment.header.origin
            }
            Subject::Team(_, team, _) | Subject::Dashboards(_, team) => team.origin,
            Subject::Dataset(_, dataset, _) => dataset.header.origin,
            Subject::Share(live, _) => live.share.header.origin,
            Subject::Notebook(_, _, notebook) => notebook.header.origin,
            Subject::StudioProfile(_, _, profile) => profile.header.origin,
            Subject::Pipeline(_, pipeline) => pipeline.header.origin,
        }
    }

    /// Synthesizes the stack, or says everything that is wrong with it at manifest lines.
    pub fn synthesize(&self) -> Result<Synthesized, Report> {
        let (stack, assets) = self.build();
        let Finished { lowered, sealed } = stack.finish().map_err(|errors| self.report(&errors))?;
        guardrails::check(&self.address().to_string(), self.place(), &lowered)?;
        Ok(Synthesized {
            entry: self.entry(&lowered.template, &sealed, &assets),
            mentions: Mentions::of(&lowered.template, self.place()),
            lowered,
            json: sealed.json,
            assets,
            prefix: self.prefix.to_string(),
        })
    }

    /// The stack's template and intended access, for those who deploy nothing: see [`Stack::lower`].
    pub fn lower(&self) -> Result<Lowered, Report> {
        self.build().0.lower().map_err(|errors| self.report(&errors))
    }

    /// What is wrong. That a team's trust policy is too long is found at what takes the most of it.
    fn report(&self, errors: &[SynthError]) -> Report {
        let mut report = Report::new();
        for error in errors {
            let found = diagnose(error);
            if let Subject::Team(environment, team, belongings) = &self.subject
                && is_trust_policy(error)
            {
                report.push(team::too_long(found, self.mesh, environment, team, belongings));
            } else {
                report.push(found);
            }
        }
        report
    }

    /// The stack with everything declared, and the files that it needs. Where it is nearly full, tables are
    /// shared by tags, if that takes fewer resources.
    fn build(&self) -> (Stack, Vec<Asset>) {
        let built = self.build_with(TablesBy::Name);
        let is_dataset = matches!(self.subject, Subject::Dataset(..));
        if !is_dataset || built.0.resource_count() <= RESOURCES / 100 * NEAR_PERCENT {
            return built;
        }
        let tagged = self.build_with(TablesBy::Tag);
        if tagged.0.resource_count() < built.0.resource_count() { tagged } else { built }
    }

    fn build_with(&self, tables_by: TablesBy) -> (Stack, Vec<Asset>) {
        let mut stack = Stack::new(self.spec.clone());
        let names = Names::new(self.mesh);
        let mut root = stack.root(cause(self.origin()));
        let scope = &mut root;
        let mut assets = Vec::new();
        match &self.subject {
            Subject::Bootstrap(account) => bootstrap::build(scope, self.mesh, names, account),
            Subject::PivotRole(place) => pivot_role::build(scope, self.mesh, names, place),
            Subject::Environment(place) => environment::build(scope, self.mesh, names, place),
            Subject::Team(place, team, belongings) => {
                team::build(scope, self.mesh, names, place, team, belongings);
            }
            Subject::Dashboards(place, team) => dashboards::build(scope, names, place, team),
            Subject::Dataset(place, dataset, shares) => {
                assets = dataset::build(scope, names, place, dataset, shares, tables_by);
            }
            Subject::Share(live, side) => share::build(scope, names, live, *side),
            Subject::Notebook(place, team, notebook) => {
                notebook::build(scope, names, place, team, notebook);
            }
            Subject::StudioProfile(place, team, profile) => {
                studio_profile::build(scope, names, place, team, profile);
            }
            Subject::Pipeline(place, pipeline) => {
                assets = pipeline::build(scope, self.mesh, names, place, pipeline);
            }
            Subject::Platform => platform::build(scope, self.mesh, names),
        }
        (stack, assets)
    }

    fn entry(&self, template: &Template, sealed: &Sealed, assets: &[Asset]) -> StackEntry {
        let names_roles =
            template.resources.values().any(|resource| resource.kind.starts_with("AWS::IAM::"));
        let place = &self.spec.place;
        let mut tags = self.spec.tags.clone();
        tags.insert("lakewright:id".to_owned(), self.id.clone());
        tags.insert("lakewright:kind".to_owned(), self.kind().as_str().to_owned());
        StackEntry {
            name: self.spec.name.clone(),
            kind: self.kind(),
            id: self.id.clone(),
            account: place.account.clone(),
            region: place.region.clone(),
            template: StackEntry::template_path(&self.address()),
            digest: sealed.digest.clone(),
            revision: sealed.revision.clone(),
            bytes: sealed.json.len(),
            depends_on: self.depends_on.iter().cloned().collect(),
            capabilities: names_roles
                .then(|| "CAPABILITY_NAMED_IAM".to_owned())
                .into_iter()
                .collect(),
            tags,
            retain: self.retain,
            assets: assets.iter().map(|asset| asset.entry.clone()).collect(),
        }
    }
}

impl Synthesized {
    /// What the stack uses, for the execution role's policy.
    pub fn usage(&self) -> Usage {
        Usage::of(&self.lowered.template, &self.entry.account, &self.prefix)
    }
}

impl LiveShare<'_> {
    /// The stack that makes the consumer's role, when one does.
    fn consumer_address(&self, mesh: &Mesh) -> Option<StackAddress> {
        if self.role.is_some() {
            return None;
        }
        team_address(mesh, self.consumer, &self.share.team)
    }
}

pub(super) fn spec(
    mesh: &Mesh,
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
        managed_policies_per_role: mesh.tenant.quotas.managed_policies_per_role,
        trust_policy_characters: mesh.tenant.quotas.trust_policy_characters,
        event_bus_policy_characters: mesh.tenant.quotas.event_bus_policy_characters,
    }
}

fn describe(kind: StackKind, label: &str, description: &str) -> String {
    let text = if description.is_empty() {
        format!("Lakewright {kind}: {label}")
    } else {
        format!("Lakewright {kind}: {label}. {description}")
    };
    // A description is never substituted, but readers and linters take `${` for a variable.
    text.split_whitespace().collect::<Vec<_>>().join(" ").replace("${", "$ {")
}

fn bootstrap_name(place: &Place, prefix: &ResourcePrefix) -> String {
    format!("{prefix}-bootstrap-{}-{}", place.account, place.region)
}

pub(super) fn bootstrap_address(place: &Place, prefix: &ResourcePrefix) -> StackAddress {
    StackAddress::new(place.clone(), bootstrap_name(place, prefix))
}

fn team_address(mesh: &Mesh, environment: &Environment, team: &TeamName) -> Option<StackAddress> {
    let member = environment.team_named(team)?;
    team::has_stack(environment, member)
        .then(|| address(environment, Names::new(mesh).team_stack(environment, team)))
}

fn environment_address(environment: &Environment) -> StackAddress {
    address(environment, Names::stack(environment, StackKind::Environment, &environment.header.id))
}

fn address(environment: &Environment, name: String) -> StackAddress {
    StackAddress::new(Names::place(environment), name)
}

#[cfg(test)]
mod tests;
