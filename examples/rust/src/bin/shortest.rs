//! The shortest program: a mesh with one dataset, and the proof of its access.
#![expect(clippy::print_stdout, reason = "a program prints")]

use std::error::Error;

use lakewright::prelude::*;

fn main() -> Result<(), Box<dyn Error>> {
    let team: TeamName = "Analysts".parse()?;
    let platform = "arn:aws:iam::111111111111:role/lakewright-platform".parse()?;
    let pivot_role = PivotRole::new("a-text-that-nobody-can-guess", platform);
    let (account, region) = ("111111111111".parse()?, "eu-west-1".parse()?);
    let tenant = Tenant::new("acme".parse()?, account, region, pivot_role);
    let organization = Organization::new("analytics".parse()?, team.clone());
    let (account, region) = ("222222222222".parse()?, "eu-west-1".parse()?);
    let environment =
        Environment::new("dev".parse()?, &organization, account, region, team.clone());
    let dataset =
        Dataset::new("sales".parse()?, &environment, team).topic("Finance").keyword("orders");

    let mesh = MeshBuilder::new(tenant).with(organization).with(environment).with(dataset);
    let built = mesh.build()?;
    println!("{}", prove(&built, None)?);
    Ok(())
}
