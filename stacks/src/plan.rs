//! The plan: the stacks that a mesh needs, where they are deployed, and in which order.

mod apart;
pub(crate) mod edges;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use lakewright_manifest::mesh::{Environment, EnvironmentTeam, Features, Link, Pipeline};
use lakewright_manifest::{Code, Date, Diagnostic, Mesh, Report, ResourcePrefix};
use lakewright_template::{AccountId, Place, StackAddress};

use crate::bootstrap::{Account, Offer, Usage, offered};
use crate::handout::Handout;
use crate::share::{self, LiveShare};
use crate::stack::{
    BootstrapStack, DashboardsStack, DatasetStack, EnvironmentStack, GovernanceStack,
    NotebookStack, PipelineStack, PivotRoleStack, PlatformStack, ShareStack, StackPlan,
    StudioProfileStack, TeamStack, bootstrap_address,
};
use crate::{Names, dashboards, pipeline, team, worksheets};
pub use edges::{Mentions, connect, makers, order};

/// Every stack of a mesh.
#[derive(Debug)]
#[non_exhaustive]
pub struct Plan<'m> {
    /// The mesh.
    pub mesh: &'m Mesh,
    /// All stacks except the bootstrap stacks, sorted by account, region and name.
    pub stacks: Vec<StackPlan<'m>>,
    /// Policies that owners of imported resources add themselves.
    pub handouts: Vec<Handout>,
    /// Findings for the mesh's author.
    pub report: Report,
    /// The accounts that the plan is limited to.
    within: Option<BTreeSet<AccountId>>,
}

impl<'m> Plan<'m> {
    /// Plans the stacks of a mesh. With `as_of`, shares that expired before this date grant no access.
    pub fn of(mesh: &'m Mesh, as_of: Option<&Date>) -> Self {
        let mut stacks = Vec::new();
        let shares = share::live(mesh, as_of);
        let mut report = apart::check(mesh);
        report.extend(share::too_many(mesh, &shares));
        report.extend(share::not_there_yet(&shares));
        report.extend(worksheets::unknown_databases(mesh));
        let mut belongings = team::belongings(mesh, &shares);
        let mut imported = Vec::new();
        for environment in mesh.environments.values().map(Arc::as_ref) {
            stacks.push(EnvironmentStack::new(mesh, environment).plan());
            stacks.extend(PivotRoleStack::new(mesh, environment).map(PivotRoleStack::plan));
            for team in &environment.teams {
                report.extend(imported_role(environment, team));
                let key = (&environment.header.id, &team.team);
                let belongings = belongings.remove(&key).unwrap_or_default();
                if team.iam_role_arn.is_some() {
                    imported.push((environment, team, belongings.clone()));
                }
                let own = TeamStack::with(mesh, environment, team, belongings);
                stacks.extend(own.map(TeamStack::plan));
                let dashboards = DashboardsStack::new(mesh, environment, team);
                stacks.extend(dashboards.map(DashboardsStack::plan));
            }
        }
        let mut of_dataset: BTreeMap<_, Vec<LiveShare<'m>>> = BTreeMap::new();
        for live in &shares {
            of_dataset.entry(&live.dataset.header.id).or_default().push(*live);
            stacks.extend(ShareStack::with(mesh, *live).into_iter().map(ShareStack::plan));
        }
        for dataset in mesh.datasets.values() {
            // A dataset without shares has no entry.
            let shares = of_dataset.remove(&dataset.header.id).unwrap_or_default();
            stacks.push(DatasetStack::with(mesh, dataset, shares).plan());
        }
        for notebook in mesh.notebooks.values() {
            stacks.push(NotebookStack::new(mesh, notebook).plan());
        }
        for profile in mesh.studio_profiles.values() {
            stacks.push(StudioProfileStack::new(mesh, profile).plan());
        }
        for pipeline in mesh.pipelines.values() {
            report.extend(other_teams(pipeline));
            stacks.push(PipelineStack::new(mesh, pipeline).plan());
        }
        match GovernanceStack::all(mesh) {
            Ok(parts) => stacks.extend(parts.into_iter().map(GovernanceStack::plan)),
            Err(findings) => report.extend(findings),
        }
        stacks.push(PlatformStack::new(mesh).plan());
        stacks.sort_by_cached_key(StackPlan::address);
        let names = Names::new(mesh);
        let of_shares = shares.iter().map(|live| share::handouts(names, live));
        let of_teams =
            imported.iter().map(|(place, team, own)| team::handouts(mesh, place, team, own));
        let of_pipelines = mesh.pipelines.values().map(|one| pipeline::handouts(names, one));
        let of_dashboards = mesh.dashboards.values().map(|one| dashboards::handouts(names, one));
        let mut handouts = Vec::new();
        for (files, findings) in of_shares.chain(of_teams).chain(of_pipelines).chain(of_dashboards)
        {
            handouts.extend(files);
            report.extend(findings);
        }
        Self { mesh, stacks, handouts, report, within: None }
    }

    /// The plan of the stacks in some accounts. Their templates are the same as in the whole plan: the stacks that a
    /// bootstrap stack depends on are in its own account.
    #[must_use]
    pub fn within(mut self, accounts: BTreeSet<AccountId>) -> Self {
        self.stacks.retain(|stack| accounts.contains(&stack.place().account));
        self.within = Some(accounts);
        self
    }

    /// The bootstrap stacks: one for each account, region and prefix. Their policies are derived from what the
    /// other stacks use, given by the address of the bootstrap stack, and from what the features of the
    /// environments can use.
    pub fn bootstraps(&self, usage: BTreeMap<StackAddress, Usage>) -> Vec<StackPlan<'m>> {
        self.bootstraps_with(usage, Offer::Environments)
    }

    /// The bootstrap stacks with another offer than the features of the environments.
    pub fn bootstraps_with(
        &self,
        mut usage: BTreeMap<StackAddress, Usage>,
        offer: Offer,
    ) -> Vec<StackPlan<'m>> {
        let mut accounts: BTreeMap<(Place, ResourcePrefix), Vec<&'m Environment>> = BTreeMap::new();
        let tenant = &self.mesh.tenant;
        let central = Names::new(self.mesh).central_place();
        accounts.entry((central, tenant.resource_prefix.clone())).or_default();
        for environment in self.mesh.environments.values() {
            let place = Names::place(environment);
            let key = (place, environment.resource_prefix.clone());
            accounts.entry(key).or_default().push(environment);
        }
        let is_within = |place: &Place| {
            self.within.as_ref().is_none_or(|accounts| accounts.contains(&place.account))
        };
        accounts
            .into_iter()
            .filter(|((place, _), _)| is_within(place))
            .map(|((place, prefix), environments)| {
                let address = bootstrap_address(&place, &prefix);
                let mut usage = usage.remove(&address).unwrap_or_default();
                let mut features: Vec<Features> =
                    environments.iter().map(|environment| environment.features).collect();
                for environment in &environments {
                    if let Some(on) = offer.features(environment) {
                        usage.merge(&offered(environment, on));
                        features.push(on);
                    }
                }
                let is_here = |link: &Link<Environment>| {
                    environments.iter().any(|one| one.header.id == *link.id())
                };
                let managed_roles = self.mesh.consumption_roles.values().map(Arc::as_ref);
                let managed_roles =
                    managed_roles.filter(|role| role.managed && is_here(&role.environment));
                let removable = self.mesh.pipelines.values().map(Arc::as_ref);
                let removable =
                    removable.filter(|one| !one.retain_on_delete && is_here(&one.environment));
                let account = Account {
                    managed_roles: managed_roles.collect(),
                    removable: removable.collect(),
                    place,
                    prefix,
                    environments,
                    usage,
                    features,
                    looks_for_drift: offer != Offer::Nothing,
                };
                BootstrapStack::new(self.mesh, account).plan()
            })
            .collect()
    }

    /// What synthesized stacks use, by the address of the bootstrap stack that they need.
    pub fn usage<'s>(
        synthesized: impl IntoIterator<Item = (&'s StackPlan<'s>, &'s Usage)>,
    ) -> BTreeMap<StackAddress, Usage> {
        let mut all: BTreeMap<StackAddress, Usage> = BTreeMap::new();
        for (stack, usage) in synthesized {
            all.entry(stack.bootstrap_address()).or_default().merge(usage);
        }
        all
    }
}

/// Reports that a team's role is imported: its owner attaches the permissions.
fn imported_role(environment: &Environment, team: &EnvironmentTeam) -> Report {
    let mut report = Report::new();
    if let Some(arn) = &team.iam_role_arn
        && !team.permissions.is_empty()
    {
        // A role of IAM Identity Center is changed only through its permission set.
        let gives = if arn.is_reserved() {
            "who looks after its permission set adds the permissions"
        } else {
            "its owner attaches the permissions"
        };
        let message = format!(
            "team `{}` uses the imported role {} in environment `{}`; {gives}",
            team.team,
            arn.role_name(),
            environment.header.id
        );
        let diagnostic =
            Diagnostic::new(Code::ImportedRolePolicy, message).at(team.origin, "this team").help(
                "Lakewright never changes imported roles: `synth` writes the policies to attach under `assets/team-policies`; datasets that the mesh creates are accessible without them",
            );
        report.push(diagnostic);
    }
    report
}

/// Reports stages that deploy code of the pipeline's team as another team.
fn other_teams(pipeline: &Pipeline) -> Report {
    let mut report = Report::new();
    let author = &pipeline.team;
    for stage in pipeline.stages.iter().filter(|stage| stage.team != *author) {
        let team = &stage.team;
        let message = format!(
            "stage `{}` of pipeline `{}` deploys as team `{team}` what team `{author}` writes",
            stage.id(),
            pipeline.header.id
        );
        let diagnostic = Diagnostic::new(Code::PipelineOtherTeam, message)
            .at(stage.origin, "another team than the pipeline's")
            .help(format!(
                "whoever may push to the pipeline's repository can act as `{team}`; if that is not meant, deploy the stage as `{author}` or give `{team}` a pipeline of its own"
            ));
        report.push(diagnostic);
    }
    report
}

#[cfg(test)]
mod tests {
    use lakewright_manifest::mesh::PivotMode;
    use lakewright_template::StackKind;

    use super::*;
    use crate::testing::{
        ALL_ON, DEV, LAB, LOADER, SALES, TENANT, delivery, environment, member, mesh, pipeline,
        planned, share, with_permissions,
    };

    fn codes(report: &Report) -> Vec<&'static str> {
        report.iter().map(|one| one.code.as_str()).collect()
    }

    // The first paragraph of each page in `docs/stacks/`.

    #[test]
    fn a_small_mesh_has_these_stacks_and_no_others() {
        let mut stacks = planned(&mesh(&[TENANT, DEV, SALES]));
        stacks.sort();
        let expected = [
            (StackKind::PivotRole, "dev"),
            (StackKind::Environment, "dev"),
            (StackKind::Team, "dev/Owners"),
            (StackKind::Team, "dev/Readers"),
            (StackKind::Dataset, "sales"),
            (StackKind::Platform, "base"),
        ];
        assert_eq!(stacks, expected.map(|(kind, id)| (kind, id.to_owned())));
    }

    #[test]
    fn a_document_adds_one_stack_of_its_own_kind() {
        let dev = with_permissions(DEV, "create_notebook, create_studio_profile, create_pipeline");
        let dev = dev + ALL_ON;
        let of = |kind: &str, more: &str| {
            format!("kind: {kind}\nid: one\nenvironment: dev\nteam: Readers\n{more}")
        };
        let before = planned(&mesh(&[TENANT, &dev]));
        let stages =
            "strategy: trunk\nstages: [{ stage: prod, environment: dev, team: Readers }]\n";
        for (kind, text) in [
            (StackKind::Notebook, of("Notebook", "internet_access: true\n")),
            (StackKind::StudioProfile, of("StudioProfile", "")),
            (StackKind::Pipeline, of("Pipeline", stages)),
        ] {
            let mut after = planned(&mesh(&[TENANT, &dev, &text]));
            after.retain(|stack| !before.contains(stack));
            assert_eq!(after, [(kind, "one".to_owned())]);
        }
    }

    #[test]
    fn an_owner_who_makes_the_pivot_role_gets_no_stack_for_it() {
        let mut mesh = mesh(&[TENANT, DEV]);
        mesh.tenant.pivot_role.mode = PivotMode::Manual;
        assert!(planned(&mesh).iter().all(|(kind, _)| *kind != StackKind::PivotRole));
    }

    #[test]
    fn the_stacks_of_a_share_end_with_its_last_day() {
        let text =
            share("s", "lab", "Scientists", "expires: 2099-12-31\nitems: [{ folder: exports }]");
        let mesh = mesh(&[TENANT, DEV, LAB, SALES, &text]);
        let shares = |day: &str| {
            let day = Date::parse(day).expect("a day");
            let plan = Plan::of(&mesh, Some(&day));
            plan.stacks.iter().filter(|stack| stack.kind() == StackKind::Share).count()
        };
        assert_eq!((shares("2099-12-31"), shares("2100-01-01")), (1, 0));
    }

    #[test]
    fn each_account_region_and_prefix_is_bootstrapped_once() {
        let other = LAB.replace("id: lab", "id: other").replace("eu-west-1", "eu-north-1");
        let prefixed = DEV.replace("id: dev", "id: pre") + "resource_prefix: pre\n";
        let mesh = mesh(&[TENANT, DEV, LAB, &other, &prefixed]);
        let plan = Plan::of(&mesh, None);
        let names: Vec<String> = plan
            .bootstraps(BTreeMap::new())
            .iter()
            .map(|stack| format!("{} {}", stack.place(), stack.prefix()))
            .collect();
        let expected = [
            "111111111111/eu-west-1 lakewright",
            "222222222222/eu-west-1 lakewright",
            "222222222222/eu-west-1 pre",
            "333333333333/eu-north-1 lakewright",
            "333333333333/eu-west-1 lakewright",
        ];
        assert_eq!(names, expected);
    }

    #[test]
    fn a_stage_that_deploys_as_another_team_is_told() {
        let mesh = delivery(&[LOADER]);
        let told = codes(&other_teams(pipeline(&mesh, "loader")));
        assert_eq!(told, ["pipeline-other-team", "pipeline-other-team"]);
        let own = LOADER
            .replace("team: Readers", "team: Owners")
            .replace("team: Scientists", "team: Owners");
        let mesh = delivery(&[&own]);
        assert!(other_teams(pipeline(&mesh, "loader")).is_empty());
    }

    #[test]
    fn an_imported_role_is_told_where_its_owner_has_something_to_attach() {
        let imported = DEV.replace(
            "team: Readers,",
            "team: Readers, iam_role_arn: \"arn:aws:iam::222222222222:role/Existing\",",
        );
        let told = |text: &str| {
            let mesh = mesh(&[TENANT, text]);
            let dev = environment(&mesh, "dev");
            codes(&imported_role(dev, member(dev, "Readers")))
        };
        assert_eq!(told(&imported), ["imported-role-policy"]);
        assert!(told(&with_permissions(&imported, "")).is_empty());
        assert!(told(DEV).is_empty());
    }
}
