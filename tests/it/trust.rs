//! The trust policies of teams' roles fit into IAM's quota. If one does not, the finding says where, and how to solve it.
//!
//! A trust policy can have 2,048 characters without white space, and up to 8,192 on request: "IAM and AWS STS quotas" in the
//! IAM user guide.

use std::fmt::Write as _;

use lakewright_manifest::SourceFile;
use lakewright_stacks::{Plan, Runway, Synthesized, runway};
use lakewright_template::StackKind;
use serde_json::Value;

use crate::run::{example, lakewright, mesh, sources, synthesized, transcript, write_mesh};

const QUOTA: usize = 2_048;

/// An environment with all features. Tests append more lines of the tenant.
const MESH: &str = r#"kind: Organization
id: commerce
team: Owners
---
kind: Environment
id: here
organization: commerce
account: "222222222222"
region: eu-west-1
team: Owners
features: { notebooks: true, ml_studio: true, pipelines: true, dashboards: true, subscriptions: true }
context:
  default_vpc: { exists: false }
  availability_zones: [euw1-az1, euw1-az2]
  quicksight: { subscribed: true, identity_region: eu-west-1 }
teams:
  - team: Guests
    permissions: [create_pipeline]
---
kind: Tenant
id: trust
central_account: "111111111111"
home_region: eu-west-1
pivot_role:
  external_id: trust-0123456789
  trusted_roles: ["arn:aws:iam::111111111111:role/platform"]
"#;

const IDENTITY_CENTER: &str = "access:
  identity_center: { region: eu-west-1 }
  teams:
    Owners: { permission_set: Owners }
";
const SAML: &str = "access:
  saml: { provider: corp }
  teams:
    Owners: { groups: [data-owners] }
";
const OIDC: &str = r#"access:
  oidc: { provider: "https://id.example.com/data", audience: lakewright }
  teams:
    Owners: { members: ["248289761001"] }
"#;
const BROKER: &str = r#"access:
  broker: { role_arn: "arn:aws:iam::111111111111:role/people" }
  teams:
    Owners: {}
"#;

/// A pipeline of `Owners`, whose stages deploy with the roles of these teams.
fn pipeline(id: &str, stages: &[(&str, &str)]) -> String {
    let mut text = format!(
        "kind: Pipeline\nid: {id}\nenvironment: here\nteam: Owners\nstrategy: trunk\nstages:\n"
    );
    for (stage, team) in stages {
        writeln!(text, "  - {{ stage: {stage}, environment: here, team: {team} }}")
            .expect("a string takes all");
    }
    text
}

/// The files of a mesh. Pipelines come first, so their findings do too.
fn files(tenant: &str, pipelines: &[String]) -> Vec<SourceFile> {
    [("a.yaml", pipelines.join("---\n")), ("b.yaml", format!("{MESH}{tenant}"))]
        .map(|(path, text)| SourceFile { path: path.to_owned(), text })
        .into()
}

/// The sizes of the trust policies of teams' roles, in characters as IAM counts them.
fn lengths(stacks: &[Synthesized]) -> Vec<usize> {
    let mut lengths = Vec::new();
    for stack in stacks.iter().filter(|stack| stack.entry.kind == StackKind::Team) {
        let template: Value = serde_json::from_str(&stack.json).expect("JSON");
        let resources = template["Resources"].as_object().expect("resources").values();
        for role in resources.filter(|one| one["Type"] == "AWS::IAM::Role") {
            lengths.push(role["Properties"]["AssumeRolePolicyDocument"].to_string().len());
        }
    }
    lengths
}

/// Names of stages, of equal length.
fn many_stages() -> Vec<String> {
    (10..30).map(|number| format!("s{number}")).collect()
}

#[test]
fn each_way_in_fits_beside_all_features_and_two_stages() {
    let stages = [("dev", "Owners"), ("test", "Owners")];
    for access in [IDENTITY_CENTER, SAML, OIDC, BROKER] {
        let stacks = synthesized(&mesh(&files(access, &[pipeline("etl", &stages)])));
        let longest = lengths(&stacks).into_iter().max().expect("roles");
        assert!((1_000..=QUOTA).contains(&longest), "{longest}: {access}");
    }
}

#[test]
fn the_lab_fits_with_a_broker() {
    let mut files = sources(&example("lab"));
    let broker = "  CostCenter: lab
access:
  broker: { role_arn: \"arn:aws:iam::111111111111:role/people\" }
  teams: { DataPlatformAdmin: {}, DataScienceAdmin: {}, TeamA: {}, TeamB: {} }
";
    for file in &mut files {
        file.text = file.text.replace("  CostCenter: lab\n", broker);
    }
    let longest = lengths(&synthesized(&mesh(&files))).into_iter().max().expect("roles");
    assert!((1_500..=QUOTA).contains(&longest), "{longest}");
}

#[test]
fn a_trust_policy_that_is_too_long_says_what_takes_most_and_what_helps() {
    let names = many_stages();
    let stages: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "Owners")).collect();
    let files = files(BROKER, &[pipeline("etl", &stages)]);
    let mesh = mesh(&files);
    let plan = Plan::of(&mesh, None);
    let reports: Vec<_> = plan.stacks.iter().filter_map(|stack| stack.synthesize().err()).collect();
    let [report] = reports.as_slice() else { unreachable!("one role: {reports:?}") };
    let found = report.iter().next().expect("a finding");
    assert_eq!(found.code.as_str(), "limit-exceeded");
    let line = |label: &lakewright_manifest::diagnostic::Label| {
        let file = usize::try_from(label.origin.file.0).expect("a number");
        let line = usize::try_from(label.origin.span.line).expect("a line");
        files[file].text.lines().nth(line - 1).expect("the line").to_owned()
    };
    let primary = found.primary.as_ref().expect("a place");
    assert!(primary.text.ends_with("the 20 stages that deploy as the team"), "{}", primary.text);
    assert!(line(primary).contains("stage: s10"), "{}", line(primary));
    let texts: Vec<&str> = found.related.iter().map(|label| label.text.as_str()).collect();
    let [people, services] = texts.as_slice() else { unreachable!("two more: {texts:?}") };
    assert!(people.ends_with("the people of `access`"), "{people}");
    assert!(services.ends_with("the 8 services of the features"), "{services}");
    let help = found.help.as_deref().expect("help");
    for part in ["\"Role trust policy length\"", "8192", "`trust_policy_characters`"] {
        assert!(help.contains(part), "{part}: {help}");
    }
    for part in ["fewer stages", "`iam_role_arn`"] {
        assert!(help.contains(part), "{part}: {help}");
    }
    assert!(!help.contains("more documents"), "{help}");
}

#[test]
fn the_last_line_names_an_error_although_a_warning_comes_first() {
    let names = many_stages();
    let mut stages = vec![("far", "Guests")];
    stages.extend(names.iter().map(|name| (name.as_str(), "Owners")));
    let folder = tempfile::tempdir().expect("a folder");
    let files = files(BROKER, &[pipeline("etl", &stages)]);
    let files: Vec<_> = files.into_iter().map(|SourceFile { path, text }| (path, text)).collect();
    write_mesh(folder.path(), &files);
    let text = transcript(&lakewright(["check".as_ref(), folder.path().as_os_str()]));
    let place = |what: &str| text.find(what).unwrap_or_else(|| unreachable!("{what}: {text}"));
    assert!(place("warning[pipeline-other-team]") < place("error[limit-exceeded]"), "{text}");
    place("1 error, 2 warnings; `lakewright explain limit-exceeded` says more");
    let page = transcript(&lakewright(["explain", "limit-exceeded"]));
    assert!(page.contains("Role trust policy length"), "{page}");
}

/// The runway's line about pipelines; `None` if a stack cannot be synthesized.
fn pipelines_runway(count: usize) -> Option<Runway> {
    let pipelines: Vec<String> = (10..10 + count)
        .map(|number| pipeline(&format!("p{number}"), &[("dev", "Owners")]))
        .collect();
    let mesh = mesh(&files("", &pipelines));
    if Plan::of(&mesh, None).stacks.iter().any(|stack| stack.synthesize().is_err()) {
        return None;
    }
    let stacks = synthesized(&mesh);
    let lines = runway(&mesh, &stacks.iter().collect::<Vec<_>>());
    lines
        .into_iter()
        .find(|line| line.environment.as_deref() == Some("here") && line.what == "pipeline")
}

/// Ids of equal length give role names of equal length, so each pipeline needs the same room.
#[test]
fn exactly_as_many_more_pipelines_fit_as_the_runway_says() {
    for count in [1, 3] {
        let line = pipelines_runway(count).expect("a line");
        assert_eq!(line.before, "the trust policy of team/here/Owners");
        assert!(line.more > 5, "{line:?}");
        let full = pipelines_runway(count + line.more).expect("they fit");
        assert_eq!(full.more, 0, "{full:?}");
        assert!(full.used <= QUOTA, "{full:?}");
        assert_eq!(pipelines_runway(count + line.more + 1), None, "one more does not fit");
    }
}
