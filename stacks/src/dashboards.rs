//! The `dashboards` stack: the data source of a team's dashboards, and the group of its authors.

mod handout;

use lakewright_constructs::cfn::quicksight;
use lakewright_manifest::mesh::{Environment, EnvironmentPermission, EnvironmentTeam};
use lakewright_synth::{Options, Scope};
use lakewright_template::Expr;

use crate::Names;
use crate::team::has_workgroup;
pub(crate) use handout::handouts;

/// Whether a team has dashboards: only where the account is subscribed to QuickSight.
pub(crate) fn has_stack(environment: &Environment, team: &EnvironmentTeam) -> bool {
    environment.features.dashboards
        && environment.quicksight.is_subscribed
        && has_workgroup(environment, team)
        && team.permissions.contains(&EnvironmentPermission::CreateDashboard)
        && team.iam_role_arn.is_none()
}

/// The data source of the team's dashboards: Athena in the team's workgroup, as the team's role. So a
/// dashboard shows what the team may read. Users of the data source can run any query as that role, so only
/// the team's authors group may use it. Readers of dashboards need no permission on it.
pub(crate) fn build(
    scope: &mut Scope<'_>,
    names: Names<'_>,
    environment: &Environment,
    team: &EnvironmentTeam,
) {
    let place = Names::place(environment);
    let name = names.team(environment, &team.team);
    let authors = Names::has_dashboard_groups(environment).then(|| {
        let group = quicksight::Group {
            group_name: Some(name.clone().into()),
            namespace: Some("default".into()),
            description: Some(format!("Authors of dashboards of team {}", team.team).into()),
        };
        scope.child("DashboardAuthors").resource(group, Options::default())
    });
    let athena = quicksight::DataSourceAthenaParameters {
        work_group: Some(name.clone().into()),
        role_arn: Some(Expr::known_arn(names.team_role_arn(environment, team))),
        ..quicksight::DataSourceAthenaParameters::default()
    };
    let source = quicksight::DataSource {
        aws_account_id: Some(place.account.clone().into()),
        data_source_id: Some(name.clone().into()),
        name: Some(name.into()),
        kind: Some("ATHENA".into()),
        data_source_parameters: Some(quicksight::DataSourceDataSourceParameters {
            athena_parameters: Some(athena),
            ..quicksight::DataSourceDataSourceParameters::default()
        }),
        permissions: authors.map(|group| {
            vec![quicksight::DataSourceResourcePermission {
                principal: Some(group.attribute(&quicksight::Group::ARN).into()),
                actions: Some(DATA_SOURCE_USE.map(Into::into).to_vec()),
                resource: None,
            }]
        }),
        ..quicksight::DataSource::default()
    };
    scope.child("DashboardSource").resource(source, Options::default());
}

/// Actions to create datasets from a data source. Source: "PutDataSourcePermissions" in QuickSight's API.
const DATA_SOURCE_USE: [&str; 3] = [
    "quicksight:DescribeDataSource",
    "quicksight:DescribeDataSourcePermissions",
    "quicksight:PassDataSource",
];

#[cfg(test)]
mod tests {
    use lakewright_template::{StackKind, Value};

    use super::*;
    use crate::testing::{
        DEV, TENANT, environment, lowered, member, mesh, resources, with_permissions,
    };

    const ON: &str = "features: { dashboards: true }
context: { quicksight: { subscribed: true, identity_region: eu-west-1 } }
";
    const BOTH: &str = "create_dashboard, run_athena_query";

    fn has(permissions: &str, lines: &str) -> bool {
        let mesh = mesh(&[TENANT, &(with_permissions(DEV, permissions) + lines)]);
        let dev = environment(&mesh, "dev");
        has_stack(dev, member(dev, "Readers"))
    }

    // The first paragraph of `docs/stacks/dashboards.md`.

    #[test]
    fn dashboards_take_both_permissions_the_feature_and_the_subscription() {
        assert!(has(BOTH, ON));
        assert!(!has("create_dashboard", ON), "without a workgroup nothing is asked");
        assert!(!has("run_athena_query", ON));
        assert!(!has(BOTH, ""), "the feature is off unless it is switched on");
        assert!(!has(BOTH, &ON.replace("dashboards: true", "dashboards: true, worksheets: false")));
        let without =
            "features: { dashboards: true }\ncontext: { quicksight: { subscribed: false } }\n";
        assert!(!has(BOTH, without));
    }

    #[test]
    fn a_team_with_an_imported_role_has_no_dashboards() {
        let role = "team: Readers, iam_role_arn: \"arn:aws:iam::222222222222:role/Existing\",";
        let dev = with_permissions(DEV, BOTH).replace("team: Readers,", role) + ON;
        let mesh = mesh(&[TENANT, &dev]);
        let dev = environment(&mesh, "dev");
        assert!(!has_stack(dev, member(dev, "Readers")));
        assert!(has_stack(dev, member(dev, "Owners")));
    }

    #[test]
    fn a_data_source_asks_as_its_team_and_opens_to_nobody_outside_the_identity_region() {
        let mesh = mesh(&[TENANT, &(with_permissions(DEV, BOTH) + ON)]);
        let template = lowered(&mesh, StackKind::Dashboards, "dev/Readers").template;
        let source = resources(&template, "AWS::QuickSight::DataSource")[0];
        let parameters = source.properties.get("DataSourceParameters").and_then(Value::as_map);
        let athena = parameters.and_then(|map| map.get("AthenaParameters")).and_then(Value::as_map);
        let role = athena.and_then(|map| map.get("RoleArn")).and_then(Value::as_text);
        let dev = environment(&mesh, "dev");
        let own = Names::new(&mesh).team_role_arn(dev, member(dev, "Readers"));
        // "AthenaParameters" in the QuickSight API reference: without a role it asks as the account-wide one.
        assert_eq!(role, Some(own.as_str()));
        assert!(source.properties.get("Permissions").is_none());
        assert!(resources(&template, "AWS::QuickSight::Group").is_empty());
    }
}
