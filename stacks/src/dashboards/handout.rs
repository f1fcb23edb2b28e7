//! Who may see a dashboard. CloudFormation changes only the permissions of dashboards that it made, so the request is
//! handed out.

use std::collections::BTreeSet;

use lakewright_manifest::mesh::{Dashboard, Environment};
use lakewright_manifest::{Code, Diagnostic, Report, TeamName};
use lakewright_template::{Map, Value};

use super::has_stack;
use crate::Names;
use crate::handout::{Handout, text};

/// Actions to see a dashboard. Source: "UpdateDashboardPermissions" in the QuickSight developer guide, its example.
const VIEW: [&str; 3] = [
    "quicksight:DescribeDashboard",
    "quicksight:ListDashboardVersions",
    "quicksight:QueryDashboard",
];

/// The request that gives a dashboard to its owner and to the teams that it is shared with.
pub(crate) fn handouts(names: Names<'_>, dashboard: &Dashboard) -> (Vec<Handout>, Report) {
    let environment = &*dashboard.environment;
    let teams: BTreeSet<&TeamName> =
        std::iter::once(&dashboard.team).chain(&dashboard.shared_with).collect();
    let mut groups = BTreeSet::new();
    let mut unknown = Vec::new();
    for team in teams {
        let found = groups_of(names, environment, team);
        if found.is_empty() {
            unknown.push(format!("`{team}`"));
        }
        groups.extend(found);
    }
    let id = &dashboard.header.id;
    let path = format!("assets/dashboard-permissions/{id}.json");
    let Environment { account, region, .. } = environment;
    let command = format!(
        "aws quicksight update-dashboard-permissions --region {region} --cli-input-json file://{path}"
    );
    let (mut handouts, mut report) = (Vec::new(), Report::new());
    let message = if groups.is_empty() {
        format!("nobody is given dashboard `{id}`")
    } else {
        let viewers = groups.iter().cloned().map(|group| {
            let actions = VIEW.map(Value::from).to_vec();
            Value::Map(Map::new().with("Actions", Value::List(actions)).with("Principal", group))
        });
        let request = Map::new()
            .with("AwsAccountId", account.to_string())
            .with("DashboardId", dashboard.dashboard_id.clone())
            .with("GrantPermissions", Value::List(viewers.collect()));
        handouts.push(Handout {
            path,
            task: format!("in account {account}, give dashboard {id} to its teams: {command}"),
            json: text(&Value::Map(request)),
        });
        format!("dashboard `{id}` is given to its teams with a command")
    };
    let mut help = Vec::new();
    if !groups.is_empty() {
        help.push(format!("in account {account}, run `{command}` on what `synth` writes"));
    }
    if !unknown.is_empty() {
        help.push(format!(
            "no QuickSight group is known of team {}: an administrator of QuickSight gives these people the dashboard",
            unknown.join(", ")
        ));
    }
    let diagnostic = Diagnostic::new(Code::DashboardPermissions, message)
        .at(dashboard.header.origin, "this dashboard")
        .help(help.join("; "));
    report.push(diagnostic);
    (handouts, report)
}

/// The groups of a team's authors in an account. Groups are those of the account's identity region.
fn groups_of(names: Names<'_>, environment: &Environment, team: &TeamName) -> Vec<String> {
    let here = names.environments().filter(|other| other.account == environment.account);
    let here = here.filter(|other| Names::has_dashboard_groups(other));
    let with_group =
        here.filter(|other| other.team_named(team).is_some_and(|member| has_stack(other, member)));
    let arns = with_group.map(|other| {
        let group = format!("group/default/{}", names.team(other, team));
        Names::place(other).arn("quicksight", &group)
    });
    arns.collect()
}

#[cfg(test)]
mod tests {
    use lakewright_manifest::Mesh;

    use crate::Plan;
    use crate::testing::{DEV, TENANT, mesh, with_permissions};

    /// CloudFormation makes groups of QuickSight in us-east-1 only (`template/data/regions.json`).
    const ON: &str = "features: { dashboards: true }
context: { quicksight: { subscribed: true, identity_region: us-east-1 } }
";
    const BOARD: &str = "kind: Dashboard
id: figures
environment: dev
team: Owners
dashboard_id: 6f1c2a3b
";

    fn board(more: &str, on: &str) -> Mesh {
        let dev = with_permissions(DEV, "create_dashboard, run_athena_query") + on;
        let dev = dev.replace("\nregion: eu-west-1", "\nregion: us-east-1");
        mesh(&[TENANT, &dev, &format!("{BOARD}{more}")])
    }

    fn handed(mesh: &Mesh) -> Vec<(String, serde_json::Value)> {
        let plan = Plan::of(mesh, None);
        let boards = plan.handouts.into_iter();
        let boards = boards.filter(|one| one.path.starts_with("assets/dashboard-permissions/"));
        boards.map(|one| (one.task, serde_json::from_str(&one.json).expect("JSON"))).collect()
    }

    #[test]
    fn the_owner_and_the_teams_that_it_is_shared_with_may_see_it_and_nobody_else() {
        let principals = |mesh: &Mesh| -> Vec<String> {
            let [(_, request)] = handed(mesh).try_into().expect("one request");
            let given = request["GrantPermissions"].as_array().expect("a list").clone();
            let names =
                given.iter().map(|one| one["Principal"].as_str().expect("an ARN").to_owned());
            names.collect()
        };
        let alone = principals(&board("", ON));
        let shared = principals(&board("shared_with: [Readers]\n", ON));
        assert_eq!((alone.len(), shared.len()), (1, 2));
        assert!(shared.contains(&alone[0]));
        let form = "arn:aws:quicksight:us-east-1:222222222222:group/default/";
        assert!(shared.iter().all(|one| one.starts_with(form)), "{shared:?}");
    }

    #[test]
    fn the_request_is_that_of_the_api() {
        // "UpdateDashboardPermissions" in the QuickSight developer guide: what lets a user see a dashboard.
        let [(task, request)] = handed(&board("", ON)).try_into().expect("one request");
        assert_eq!(request["AwsAccountId"], "222222222222");
        assert_eq!(request["DashboardId"], "6f1c2a3b");
        let actions = serde_json::json!([
            "quicksight:DescribeDashboard",
            "quicksight:ListDashboardVersions",
            "quicksight:QueryDashboard",
        ]);
        assert_eq!(request["GrantPermissions"][0]["Actions"], actions);
        let command = "aws quicksight update-dashboard-permissions --region us-east-1 --cli-input-json \
                       file://assets/dashboard-permissions/figures.json";
        assert!(task.ends_with(command), "{task}");
    }

    #[test]
    fn a_team_without_a_group_is_told_and_given_nothing() {
        let elsewhere = ON.replace("identity_region: us-east-1", "identity_region: eu-central-1");
        let mesh = board("shared_with: [Readers]\n", &elsewhere);
        assert!(handed(&mesh).is_empty());
        let plan = Plan::of(&mesh, None);
        let told = plan.report.iter().find(|one| one.code.as_str() == "dashboard-permissions");
        let help = told.and_then(|one| one.help.as_deref()).expect("help");
        assert!(help.contains("`Owners`, `Readers`"), "{help}");
    }
}
