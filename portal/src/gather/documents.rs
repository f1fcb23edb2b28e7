//! The documents of all kinds but datasets. A new kind of document gets its page here: its facts, and nothing else.

use lakewright_manifest::Mesh;
use lakewright_manifest::document::Kind;
use lakewright_manifest::mesh::{
    ConsumptionRole, Dashboard, Database, Domain, Environment, EnvironmentPermission, Features,
    Maintenance, Network, Notebook, Organization, Pipeline, PivotMode, Share, StudioProfile,
    StudioVpc, Tenant, Vpc, Worksheet,
};

use super::Input;
use super::drawings;
use super::head::{Addresses, fact, facts, head, leads, said, stacks_of, teams, to};
use crate::model::{Document, Drawing, Fact, Said};

/// All documents but datasets and access policies, by kind and id.
pub(super) fn documents(input: &Input<'_>, addresses: &Addresses) -> Vec<Document> {
    let Mesh {
        tenant,
        organizations,
        environments,
        networks,
        consumption_roles,
        domains,
        // Datasets have files of their own, access policies a page for all.
        datasets: _,
        shares,
        worksheets,
        notebooks,
        studio_profiles,
        pipelines,
        dashboards,
        access_policies: _,
        // Data access is what datasets and policies say, and forms decide nothing.
        data_access: _,
        metadata_forms: _,
        filled_forms: _,
    } = input.mesh;
    let maker = Maker { input, addresses };
    let mut all = vec![maker.tenant(tenant)];
    all.extend(organizations.values().map(|one| maker.organization(one)));
    all.extend(environments.values().map(|one| maker.environment(one)));
    all.extend(networks.values().map(|one| maker.network(one)));
    all.extend(consumption_roles.values().map(|one| maker.consumption_role(one)));
    all.extend(domains.values().map(|one| maker.domain(one)));
    all.extend(shares.values().map(|one| maker.share(one)));
    all.extend(worksheets.values().map(|one| maker.worksheet(one)));
    all.extend(notebooks.values().map(|one| maker.notebook(one)));
    all.extend(studio_profiles.values().map(|one| maker.studio_profile(one)));
    all.extend(pipelines.values().map(|one| maker.pipeline(one)));
    all.extend(dashboards.values().map(|one| maker.dashboard(one)));
    all.sort_by(|one, other| (one.head.kind, &one.head.id).cmp(&(other.head.kind, &other.head.id)));
    all
}

struct Maker<'a, 'i> {
    input: &'a Input<'i>,
    addresses: &'a Addresses,
}

/// The facts that each document of an environment has.
fn placed(environment: &Environment, team: &lakewright_manifest::TeamName) -> Vec<Fact> {
    vec![
        fact("Team", to("team", team.as_str())),
        fact("Environment", to("environment", environment.header.id.as_str())),
        fact("Account", said(&*environment.account)),
        fact("Region", said(&*environment.region)),
    ]
}

fn yes(name: &'static str, is: bool) -> Fact {
    fact(name, said(if is { "yes" } else { "no" }))
}

impl Maker<'_, '_> {
    fn make(
        &self,
        kind: Kind,
        header: &lakewright_manifest::mesh::Header,
        facts: Vec<Fact>,
        stacks: Vec<String>,
        drawing: Option<Drawing>,
    ) -> Document {
        Document { head: head(self.input, kind, header, facts, stacks), drawing }
    }

    fn stacks(&self, kind: &str, id: &str) -> Vec<String> {
        stacks_of(self.addresses, kind, id)
    }

    fn tenant(&self, tenant: &Tenant) -> Document {
        let mode = match tenant.pivot_role.mode {
            PivotMode::Auto => "created by Lakewright",
            PivotMode::Manual => "created by the owners of the accounts",
        };
        let maintenance = match tenant.maintenance {
            Maintenance::Off => "off",
            Maintenance::ReadOnly => "only the admin team changes anything",
            Maintenance::NoAccess => "only the admin team does anything",
        };
        let updater = &tenant.updater;
        let schedule = format!("{} ({})", updater.schedule, updater.timezone);
        let boundary = tenant.permissions_boundary.iter().map(|arn| said(arn.to_string()));
        let all = vec![
            fact("Admin team", to("team", tenant.admin_team.as_str())),
            fact("Central account", said(&*tenant.central_account)),
            fact("Home region", said(&*tenant.home_region)),
            fact("Prefix of names", said(tenant.resource_prefix.to_string())),
            fact("Pivot role", said(mode)),
            fact("Maintenance", said(maintenance)),
            facts("Permissions boundary", boundary),
            facts("Nightly refresh", updater.enabled.then(|| said(schedule))),
        ];
        let id = tenant.header.id.as_str();
        self.make(Kind::Tenant, &tenant.header, all, self.stacks("platform", id), None)
    }

    fn organization(&self, one: &Organization) -> Document {
        let environments = self.input.mesh.environments.values();
        let own = environments.filter(|other| other.organization.id() == &one.header.id);
        let all = vec![
            fact("Owner", to("team", one.team.as_str())),
            teams("May link environments", &one.admins),
            facts("Archived", one.archived.then(|| said("yes"))),
            facts("Environments", own.map(|one| to("environment", one.header.id.as_str()))),
        ];
        self.make(Kind::Organization, &one.header, all, Vec::new(), None)
    }

    fn environment(&self, one: &Environment) -> Document {
        let id = one.header.id.as_str();
        let mut stacks = self.stacks("environment", id);
        stacks.extend(self.stacks("pivot-role", id));
        let mut all = vec![
            fact("Organization", to("organization", one.organization.id().as_str())),
            fact("Owner", to("team", one.team.as_str())),
            fact("Account", said(&*one.account)),
            fact("Region", said(&*one.region)),
            fact("Prefix of names", said(one.resource_prefix.to_string())),
            facts("Features", features(one.features)),
            facts("VPC of ML Studio", one.studio_vpc.iter().map(studio)),
            facts(
                "Permissions boundary",
                one.permissions_boundary.iter().map(|arn| said(arn.to_string())),
            ),
            yes("Buckets stay when it is removed", one.retain_on_delete),
        ];
        all.extend(one.teams.iter().map(|member| {
            let permissions = member.permissions.iter();
            let permissions: Vec<&str> =
                permissions.map(|one| EnvironmentPermission::as_str(*one)).collect();
            let text = match (permissions.is_empty(), member.team == one.team) {
                (_, true) => "all permissions".to_owned(),
                (true, false) => "no permissions".to_owned(),
                (false, false) => permissions.join(", ").replace('_', " "),
            };
            facts("Team", [to("team", member.team.as_str()), said(text)])
        }));
        let drawing = Drawing::Environment(drawings::environment(self.input, one));
        self.make(Kind::Environment, &one.header, all, stacks, Some(drawing))
    }

    fn network(&self, one: &Network) -> Document {
        let mut all = placed(&one.environment, &one.team);
        all.push(facts("VPC", vpc(&one.vpc)));
        self.make(Kind::Network, &one.header, all, Vec::new(), None)
    }

    fn consumption_role(&self, one: &ConsumptionRole) -> Document {
        let mut all = placed(&one.environment, &one.team);
        all.push(fact("Role", said(one.role_arn.to_string())));
        all.push(yes("Lakewright attaches its policy", one.managed));
        self.make(Kind::ConsumptionRole, &one.header, all, Vec::new(), None)
    }

    fn domain(&self, one: &Domain) -> Document {
        let datasets = self.input.mesh.datasets.values();
        let in_it =
            |domain: &lakewright_manifest::mesh::Link<Domain>| domain.id() == &one.header.id;
        let number = datasets.filter(|dataset| dataset.domain.as_ref().is_some_and(in_it)).count();
        let all = vec![
            teams("Owners", &one.owners),
            teams("Readers", &one.readers),
            teams("Access to every dataset", &one.dataset_level_access),
            fact("Datasets", said(number.to_string())),
        ];
        self.make(Kind::Domain, &one.header, all, Vec::new(), None)
    }

    fn share(&self, one: &Share) -> Document {
        let permissions = drawings::permissions(one);
        let role = one.consumption_role.as_ref();
        let mut all = vec![
            fact("Dataset", to("dataset", one.dataset.id().as_str())),
            fact("For team", to("team", one.team.as_str())),
            facts("Through role", role.map(|role| to("consumption-role", role.id().as_str()))),
            fact("In environment", to("environment", one.environment.id().as_str())),
            fact("Status", said(one.status.as_str())),
            yes("Grants access", one.is_live(self.input.day)),
            facts("Approved by", one.approved_by.iter().map(|team| to("team", team.as_str()))),
            facts("Last day", one.expires.iter().map(|day| said(day.to_string()))),
            fact("Permissions", said(permissions)),
            facts("Purpose", (!one.purpose.is_empty()).then(|| said(&one.purpose))),
        ];
        all.extend(one.states.iter().map(|(item, status)| {
            let (kind, name) = drawings::item(item);
            let line = one.items_at.get(item).map(|origin| said(self.input.line(*origin)));
            let text = format!("{kind} {name}");
            let values = [said(text.trim_end()), said(status.as_str())].into_iter().chain(line);
            facts("Item", values)
        }));
        let stacks = self.stacks("share", one.header.id.as_str());
        let drawing = Drawing::Share(drawings::share(self.input, one));
        self.make(Kind::Share, &one.header, all, stacks, Some(drawing))
    }

    fn worksheet(&self, one: &Worksheet) -> Document {
        let mut all = placed(&one.environment, &one.team);
        let database = one.database.as_ref().map(|database| match database {
            Database::Dataset(dataset) => to("dataset", dataset.id().as_str()),
            Database::Share(share) => to("share", share.id().as_str()),
            Database::Named(name) => said(name.to_string()),
        });
        all.push(facts("Database", database));
        all.push(fact("Query", said(&one.query)));
        self.make(Kind::Worksheet, &one.header, all, Vec::new(), None)
    }

    fn notebook(&self, one: &Notebook) -> Document {
        let mut all = placed(&one.environment, &one.team);
        let network =
            one.vpc.iter().flat_map(|(vpc, subnet)| [vpc.to_string(), subnet.to_string()]);
        all.extend([
            fact("Instance type", said(one.instance_type.as_str())),
            fact("Volume", said(format!("{} GiB", one.volume_size))),
            facts("Network", network.map(said)),
            yes("Reaches the internet directly", one.internet_access),
            yes("Root access", one.root_access),
        ]);
        let stacks = self.stacks("notebook", one.header.id.as_str());
        self.make(Kind::Notebook, &one.header, all, stacks, None)
    }

    fn studio_profile(&self, one: &StudioProfile) -> Document {
        let stacks = self.stacks("studio-profile", one.header.id.as_str());
        let all = placed(&one.environment, &one.team);
        self.make(Kind::StudioProfile, &one.header, all, stacks, None)
    }

    fn pipeline(&self, one: &Pipeline) -> Document {
        let mut all = placed(&one.environment, &one.team);
        let source = one.source.as_ref();
        all.extend([
            fact("Strategy", said(drawings::strategy(one.strategy))),
            facts("Repository", source.map(|source| said(source.repository.to_string()))),
            yes("Repository and artifacts stay when it is removed", one.retain_on_delete),
        ]);
        all.extend(one.stages.iter().map(|stage| {
            let id = stage.environment.id().as_str();
            let team = leads(stage.team.to_string(), format!("team/{}", stage.team));
            facts("Stage", [said(stage.id()), to("environment", id), team])
        }));
        let stacks = self.stacks("pipeline", one.header.id.as_str());
        let drawing = Drawing::Pipeline(drawings::pipeline(one));
        self.make(Kind::Pipeline, &one.header, all, stacks, Some(drawing))
    }

    fn dashboard(&self, one: &Dashboard) -> Document {
        let mut all = placed(&one.environment, &one.team);
        all.push(fact("QuickSight's id", said(&one.dashboard_id)));
        all.push(teams("Shared with", &one.shared_with));
        self.make(Kind::Dashboard, &one.header, all, Vec::new(), None)
    }
}

fn features(features: Features) -> Vec<Said> {
    let Features {
        datasets,
        notebooks,
        ml_studio,
        pipelines,
        dashboards,
        worksheets,
        subscriptions,
    } = features;
    let all = [
        (datasets, "datasets"),
        (notebooks, "notebooks"),
        (ml_studio, "ML Studio"),
        (pipelines, "pipelines"),
        (dashboards, "dashboards"),
        (worksheets, "worksheets"),
        (subscriptions, "subscriptions"),
    ];
    all.into_iter().filter(|(is_on, _)| *is_on).map(|(_, name)| said(name)).collect()
}

fn vpc(vpc: &Vpc) -> Vec<Said> {
    let Vpc { vpc_id, subnet_ids } = vpc;
    let subnets = subnet_ids.iter().map(ToString::to_string);
    std::iter::once(vpc_id.to_string()).chain(subnets).map(said).collect()
}

fn studio(vpc: &StudioVpc) -> Said {
    match vpc {
        StudioVpc::Given(vpc) => said(vpc.vpc_id.to_string()),
        StudioVpc::Default(vpc) => said(format!("the default VPC, {}", vpc.vpc_id)),
        StudioVpc::Created => said("created by the environment's stack"),
    }
}
