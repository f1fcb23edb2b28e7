//! The subject of a stack, which is also its input.

use lakewright_manifest::diagnostic::Origin;
use lakewright_manifest::mesh::{
    Dataset, Environment, EnvironmentTeam, Notebook, Pipeline, StudioProfile,
};
use lakewright_synth::Scope;
use lakewright_template::StackKind;

use crate::asset::Asset;
use crate::bootstrap::{self, Account};
use crate::dataset::{Reached, TablesBy};
use crate::share::{self, LiveShare, Side};
use crate::{
    Names, dashboards, dataset, environment, governance, notebook, pipeline, pivot_role, platform,
    studio_profile, team,
};

/// The subject of a stack. Together with the names of the mesh, it contains all inputs of the
/// stack.
#[derive(Debug, Clone, Hash)]
pub(super) enum Subject<'m> {
    Bootstrap(Box<Account<'m>>),
    PivotRole(&'m Environment),
    /// The environment, and all environments in the same account and region.
    Environment(&'m Environment, Vec<&'m Environment>),
    Team(&'m Environment, &'m EnvironmentTeam, team::Belongings<'m>),
    Dashboards(&'m Environment, &'m EnvironmentTeam),
    Dataset(&'m Dataset, Reached<'m>),
    Share(LiveShare<'m>, Side),
    Notebook(&'m Notebook),
    StudioProfile(&'m StudioProfile),
    Pipeline(&'m Pipeline),
    Governance(governance::Part),
    /// All environments.
    Platform(Vec<&'m Environment>),
}

impl Subject<'_> {
    pub(super) fn kind(&self) -> StackKind {
        match self {
            Self::Bootstrap(_) => StackKind::Bootstrap,
            Self::PivotRole(_) => StackKind::PivotRole,
            Self::Environment(..) => StackKind::Environment,
            Self::Team(..) => StackKind::Team,
            Self::Dashboards(..) => StackKind::Dashboards,
            Self::Dataset(..) => StackKind::Dataset,
            Self::Share(..) => StackKind::Share,
            Self::Notebook(_) => StackKind::Notebook,
            Self::StudioProfile(_) => StackKind::StudioProfile,
            Self::Pipeline(_) => StackKind::Pipeline,
            Self::Governance(_) => StackKind::Governance,
            Self::Platform(_) => StackKind::Platform,
        }
    }

    /// The manifest line that asks for the stack.
    pub(super) fn origin(&self, names: Names<'_>) -> Origin {
        match self {
            Self::Bootstrap(_) | Self::Platform(_) => names.tenant().header.origin,
            Self::Governance(_) => {
                let tenant = names.tenant();
                tenant.governance.as_ref().map_or(tenant.header.origin, |settings| settings.origin)
            }
            Self::PivotRole(environment) | Self::Environment(environment, _) => {
                environment.header.origin
            }
            Self::Team(_, team, _) | Self::Dashboards(_, team) => team.origin,
            Self::Dataset(dataset, _) => dataset.header.origin,
            Self::Share(live, _) => live.share.header.origin,
            Self::Notebook(notebook) => notebook.header.origin,
            Self::StudioProfile(profile) => profile.header.origin,
            Self::Pipeline(pipeline) => pipeline.header.origin,
        }
    }

    /// The environment that the stack belongs to; `None` for the stacks of an account and of the platform.
    pub(super) fn environment(&self) -> Option<&Environment> {
        match self {
            Self::Bootstrap(_) | Self::Governance(_) | Self::Platform(_) => None,
            Self::PivotRole(environment)
            | Self::Environment(environment, _)
            | Self::Team(environment, ..)
            | Self::Dashboards(environment, _) => Some(environment),
            Self::Dataset(dataset, _) => Some(&dataset.environment),
            Self::Share(live, side) => Some(live.environment_of(*side)),
            Self::Notebook(notebook) => Some(&notebook.environment),
            Self::StudioProfile(profile) => Some(&profile.environment),
            Self::Pipeline(pipeline) => Some(&pipeline.environment),
        }
    }

    /// Declares the stack's resources, and returns the files that it needs.
    pub(super) fn build(
        &self,
        scope: &mut Scope<'_>,
        names: Names<'_>,
        tables_by: TablesBy,
    ) -> Vec<Asset> {
        match self {
            Self::Bootstrap(account) => bootstrap::build(scope, names, account),
            Self::PivotRole(place) => pivot_role::build(scope, names, place),
            Self::Environment(place, _) => environment::build(scope, names, place),
            Self::Team(place, team, belongings) => {
                team::build(scope, names, place, team, belongings);
            }
            Self::Dashboards(place, team) => dashboards::build(scope, names, place, team),
            Self::Dataset(dataset, reached) => {
                return dataset::build(scope, names, dataset, reached, tables_by);
            }
            Self::Share(live, side) => share::build(scope, names, live, *side),
            Self::Notebook(notebook) => notebook::build(scope, names, notebook),
            Self::StudioProfile(profile) => studio_profile::build(scope, names, profile),
            Self::Pipeline(pipeline) => return pipeline::build(scope, names, pipeline),
            Self::Governance(part) => governance::build(scope, names, part),
            Self::Platform(_) => platform::build(scope, names),
        }
        Vec::new()
    }
}
