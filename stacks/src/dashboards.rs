//! The `dashboards` stack: the data source of a team's dashboards, and the group of its authors.

use lakewright_constructs::cfn::quicksight;
use lakewright_manifest::mesh::{Environment, EnvironmentPermission, EnvironmentTeam};
use lakewright_synth::{Options, Scope};
use lakewright_template::Expr;

use crate::Names;
use crate::team::has_workgroup;

/// Whether a team has dashboards: only where the account is subscribed to QuickSight.
pub(crate) fn has_stack(environment: &Environment, team: &EnvironmentTeam) -> bool {
    environment.features.dashboards
        && environment.quicksight.is_subscribed
        && has_workgroup(environment, team)
        && team.permissions.contains(&EnvironmentPermission::CreateDashboard)
        && team.iam_role_arn.is_none()
}

/// The data source of the team's dashboards: Athena in the team's workgroup, as the team's role. So
/// a dashboard shows what the team may read. Whoever may use the source asks what they like as that role, so
/// only the team's own group of authors may; who looks at dashboards needs no right on it.
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

/// What makes datasets of a data source. Source: "PutDataSourcePermissions" in QuickSight's API.
const DATA_SOURCE_USE: [&str; 3] = [
    "quicksight:DescribeDataSource",
    "quicksight:DescribeDataSourcePermissions",
    "quicksight:PassDataSource",
];
