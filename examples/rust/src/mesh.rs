//! The mesh: an environment with two teams, a dataset that one shares with the other, and what the teams work with.

use std::error::Error;

use lakewright::prelude::*;

pub(crate) fn build() -> Result<Built, Box<dyn Error>> {
    let analysts: TeamName = "Analysts".parse()?;
    let science: TeamName = "Science".parse()?;

    let platform: RoleArn = "arn:aws:iam::111111111111:role/lakewright-platform".parse()?;
    let tenant = Tenant::new(
        "acme".parse()?,
        "111111111111".parse()?,
        "eu-west-1".parse()?,
        PivotRole::new("a-text-that-nobody-can-guess", platform),
    );
    let organization = Organization::new("analytics".parse()?, analysts.clone());

    let vpc = Vpc::new("vpc-0123456789abcdef0".parse()?, "subnet-0123456789abcdef0".parse()?);
    let environment = Environment::new(
        "dev".parse()?,
        &organization,
        "222222222222".parse()?,
        "eu-west-1".parse()?,
        analysts.clone(),
    )
    .on(Feature::Notebooks)
    .on(Feature::Pipelines)
    .ml_studio(StudioVpc::Given(vpc.clone()))
    .team(
        InvitedTeam::new(science.clone())
            .may(EnvironmentPermission::CreateShare)
            .may(EnvironmentPermission::CreateNotebook)
            .may(EnvironmentPermission::CreateStudioProfile)
            .may(EnvironmentPermission::RunAthenaQuery),
    );

    let orders = Table::new("orders".parse()?)
        .column("id".parse()?, "bigint")
        .with_column(Column::new("amount".parse()?, "decimal(10,2)").description("In euros"))
        .partition("day".parse()?, "date");
    let dataset = Dataset::new("sales".parse()?, &environment, analysts.clone())
        .topic("Finance")
        .keyword("orders")
        .table(orders)
        .folder(Folder::new("exports".parse()?, "exports/".parse()?));
    let share = Share::new("sales-to-science".parse()?, &dataset, &environment, science.clone())
        .item(SharedTable::new("orders".parse()?))
        .item(Item::Folder("exports".parse()?))
        .decision(Decision::ApprovedBy(analysts.clone()));

    let network = Network::new("lab".parse()?, &environment, analysts.clone(), vpc);
    let pipeline = Pipeline::new(
        "ingest".parse()?,
        &environment,
        analysts.clone(),
        Strategy::Trunk,
        Stage::new("dev".parse()?, &environment, analysts),
    );
    let workbench = Workbench {
        notebook: Notebook::new(
            "forecast".parse()?,
            &environment,
            science.clone(),
            NotebookNetwork::of(&network),
        ),
        profile: StudioProfile::new("science".parse()?, &environment, science),
    };

    let built = MeshBuilder::new(tenant)
        .with(organization)
        .with(environment)
        .with(network)
        .with(dataset)
        .with(share)
        .with(pipeline)
        .with(workbench)
        .build()?;
    Ok(built)
}

/// What each team of scientists gets.
struct Workbench {
    notebook: Notebook,
    profile: StudioProfile,
}

impl Part for Workbench {
    fn add_to(self, mesh: &mut MeshBuilder) {
        mesh.add(self.notebook);
        mesh.add(self.profile);
    }
}
