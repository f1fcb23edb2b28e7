//! What a bootstrap stack allows: all that the features of its account can need, and nothing for features that are
//! off.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use lakewright_manifest::SourceFile;
use lakewright_manifest::mesh::{Features, Mesh};
use lakewright_stacks::{Plan, Usage, offered};
use lakewright_template::Text;
use lakewright_template::{StackAddress, StackKind};

use crate::generate::{self, Size};
use crate::run::{BASE, EXAMPLES, example, lakewright, mesh, sources, synthesized, transcript};
use crate::table_tags;

pub(crate) const MESH: &str = include_str!("../once/mesh.yaml");
pub(crate) const WORK: &str = include_str!("../once/work.yaml");

const ALL: Features = Features {
    datasets: true,
    notebooks: true,
    ml_studio: true,
    pipelines: true,
    dashboards: true,
    worksheets: true,
    subscriptions: true,
};

/// For each feature, an action that only a resource type of this feature needs, according to CloudFormation's schemas
/// (`handlers.create.permissions`).
const OF_FEATURES: [(&str, &str); 7] = [
    ("dashboards", "quicksight:CreateDataSource"),
    ("datasets", "glue:CreateCrawler"),
    ("ml_studio", "sagemaker:CreateDomain"),
    ("notebooks", "sagemaker:CreateNotebookInstance"),
    ("pipelines", "codepipeline:CreatePipeline"),
    ("subscriptions", "sqs:CreateQueue"),
    ("worksheets", "athena:CreateWorkGroup"),
];

/// What the first mask of an account needs, which is not offered (ADR 16). Worksheets make workgroups as well.
const OF_VIEWS: [&str; 2] = ["AWS::Athena::WorkGroup", ONLY_OF_VIEWS[0]];
const ONLY_OF_VIEWS: [&str; 1] = ["AWS::Glue::Connection"];

/// The meshes of other tests that have every kind of stack.
fn meshes() -> Vec<Mesh> {
    let mut all: Vec<Mesh> = EXAMPLES.iter().map(|name| mesh(&sources(&example(name)))).collect();
    let generated = generate::mesh(Size { environments: 3, teams: 6, datasets: 30 });
    let generated = generated.into_iter().map(|(path, text)| SourceFile { path, text });
    all.push(mesh(&generated.collect::<Vec<_>>()));
    all.push(mesh(&table_tags::many()));
    all
}

/// What each bootstrap stack allows, by its address.
fn offers(plan: &Plan<'_>) -> BTreeMap<StackAddress, Usage> {
    let mut offers: BTreeMap<StackAddress, Usage> = BTreeMap::new();
    for stack in plan.stacks.iter().filter(|stack| stack.kind() == StackKind::Environment) {
        let mut environments = plan.mesh.environments.values();
        let environment = environments.find(|one| one.header.id.as_str() == stack.id());
        let environment = environment.expect("the stack's environment");
        let offer = offered(environment, environment.features);
        offers.entry(stack.bootstrap_address()).or_default().merge(&offer);
    }
    offers
}

#[test]
fn stacks_of_environments_make_what_is_offered_and_nothing_else() {
    let mut made: BTreeSet<Text> = BTreeSet::new();
    let mut listed: BTreeSet<Text> = BTreeSet::new();
    for mesh in meshes() {
        let plan = Plan::of(&mesh, None);
        let offers = offers(&plan);
        for stack in plan.stacks.iter().filter(|stack| !stack.kind().is_central()) {
            let usage = stack.synthesize().expect("a valid mesh synthesizes").usage();
            let offer = &offers[&stack.bootstrap_address()];
            let more = usage.kinds.difference(&offer.kinds);
            let more: Vec<_> = more.filter(|kind| !OF_VIEWS.contains(&kind.as_ref())).collect();
            assert!(more.is_empty(), "{} makes {more:?}", stack.name());
            assert!(offer.reads_parameters || !usage.reads_parameters, "{}", stack.name());
            assert!(offer.shares_tables || !usage.shares_tables, "{}", stack.name());
            assert!(!usage.asks_for_zones, "{}", stack.name());
            let kinds = usage.kinds.into_iter();
            made.extend(kinds.filter(|kind| !ONLY_OF_VIEWS.contains(&kind.as_ref())));
        }
        let environments = mesh.environments.values();
        listed.extend(environments.flat_map(|environment| offered(environment, ALL).kinds));
    }
    assert_eq!(made, listed, "a type that no stack makes would be a right too many");
}

/// The bootstrap of the account with all features, as the command prints it.
fn bootstrap(folder: &Path, more: &[&str]) -> String {
    let path = folder.display().to_string();
    let place = ["--account", "222222222222", "--region", "eu-west-1"];
    let output = lakewright([&["bootstrap", &path][..], &place[..], more].concat());
    assert!(output.status.success(), "{}", transcript(&output));
    String::from_utf8(output.stdout).expect("text")
}

/// A mesh whose account has these features on and all others off.
fn with_features(on: &[&str]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let features = OF_FEATURES.map(|(feature, _)| format!("{feature}: {}", on.contains(&feature)));
    let features = features.join(", ");
    let context = "context:\n  default_vpc: { exists: false }\n  availability_zones: [euw1-az1, euw1-az2]\n  \
                   quicksight: { subscribed: true, identity_region: eu-west-1 }\n";
    let (before, _) = MESH.split_once("features:").expect("an environment with features");
    let text = format!("{before}features: {{ {features} }}\n{context}");
    fs::write(folder.path().join("mesh.yaml"), text).expect("a file");
    folder
}

/// The features whose actions a bootstrap contains.
fn found(template: &str) -> Vec<&'static str> {
    let found = OF_FEATURES.iter().filter(|(_, action)| template.contains(action));
    found.map(|(feature, _)| *feature).collect()
}

#[test]
fn a_feature_that_is_off_gives_no_right() {
    let all = OF_FEATURES.map(|(feature, _)| feature);
    assert_eq!(found(&bootstrap(with_features(&all).path(), &[])), all);
    assert_eq!(found(&bootstrap(with_features(&[]).path(), &[])), [""; 0]);
    for off in all {
        let on: Vec<&str> = all.into_iter().filter(|feature| *feature != off).collect();
        assert_eq!(found(&bootstrap(with_features(&on).path(), &[])), on, "without {off}");
    }
}

#[test]
fn a_bootstrap_is_for_the_features_that_are_named() {
    let all = OF_FEATURES.map(|(feature, _)| feature);
    let (everything, nothing) = (with_features(&all), with_features(&[]));
    for feature in all {
        assert_eq!(found(&bootstrap(nothing.path(), &["--for", feature])), [feature]);
        // What the environment's own stack uses is always included.
        let used = ["dashboards", "ml_studio", "subscriptions", "worksheets", feature];
        let used: std::collections::BTreeSet<&str> = used.into();
        let named = found(&bootstrap(everything.path(), &["--for", feature]));
        assert_eq!(named, used.into_iter().collect::<Vec<_>>());
    }
    let named = bootstrap(everything.path(), &["--for", &all.join(",")]);
    assert_eq!(named, bootstrap(everything.path(), &[]), "as the environment says");
    // What the stacks use is included, whichever features are named.
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("mesh.yaml"), MESH).expect("a file");
    fs::write(folder.path().join("work.yaml"), WORK).expect("a file");
    let named = bootstrap(folder.path(), &["--for", "worksheets"]);
    let used = ["datasets", "ml_studio", "notebooks", "pipelines", "worksheets"];
    assert_eq!(found(&named), used);
    let path = folder.path().display().to_string();
    let place = ["--account", "222222222222", "--region", "eu-west-1", "--for", "datasets,notebok"];
    let unknown = lakewright([&["bootstrap", &path][..], &place[..]].concat());
    assert_eq!(unknown.status.code(), Some(2), "{}", transcript(&unknown));
    assert!(transcript(&unknown).contains("'notebooks'"), "{}", transcript(&unknown));
}

/// The handlers of a notebook, a security group, a domain and a profile list the same tagging actions (`handlers` in
/// CloudFormation's schemas). These actions apply to every taggable type of the service (`AddTags` of SageMaker and
/// `CreateTags` of EC2 in the service authorization reference).
#[test]
fn tags_are_put_on_what_a_feature_makes_and_on_nothing_else() {
    let of_studio = ["domain", "route-table", "user-profile", "vpc-endpoint", "vpc-flow-log"];
    let folder = with_features(&[]);
    let notebooks = bootstrap(folder.path(), &["--for", "notebooks"]);
    assert!(notebooks.contains("sagemaker:AddTags") && notebooks.contains("ec2:CreateTags"));
    assert!(notebooks.contains(":notebook-instance/lakewright-*"), "{notebooks}");
    for kind in of_studio {
        assert!(!notebooks.contains(&format!(":{kind}/")), "{kind}\n{notebooks}");
    }
    let studio = bootstrap(folder.path(), &["--for", "ml_studio"]);
    for kind in of_studio {
        assert!(studio.contains(&format!(":{kind}/")), "{kind}\n{studio}");
    }
    assert!(!studio.contains(":notebook-instance/"), "{studio}");
    let both = bootstrap(folder.path(), &["--for", "notebooks,ml_studio"]);
    assert!(both.contains(":domain/") && both.contains(":notebook-instance/"), "{both}");
}

/// "IAM and AWS STS quotas": a role can have ten managed policies of 6,144 characters each. Synthesis refuses more.
#[test]
fn everything_of_several_environments_fits_beside_the_platform() {
    let tenant = "home_region: eu-west-1\nresource_prefix: a-prefix-of-twenty-c\n";
    let mut text = BASE.replacen("home_region: eu-west-1\n", tenant, 1);
    for number in 0..4 {
        write!(
            text,
            "---\nkind: Environment\nid: e{number}\norganization: org\naccount: \"111111111111\"\nregion: eu-west-1\n\
             team: Owners{number}\npermissions_boundary: arn:aws:iam::111111111111:policy/a-boundary-of-the-owners-{number}\n\
             features: {{ notebooks: true, ml_studio: true, pipelines: true, dashboards: true, subscriptions: true }}\n\
             context:\n  default_vpc: {{ exists: false }}\n  availability_zones: [euw1-az1, euw1-az2]\n  \
             quicksight: {{ subscribed: true, identity_region: eu-west-1 }}\n"
        )
        .expect("a string takes all");
    }
    let stacks = synthesized(&mesh(&[SourceFile { path: "mesh.yaml".to_owned(), text }]));
    let bootstrap = stacks.iter().find(|stack| {
        stack.entry.kind == StackKind::Bootstrap && stack.entry.account == "111111111111"
    });
    let template = &bootstrap.expect("the central account's").json;
    assert_eq!(found(template).len(), OF_FEATURES.len());
    assert!(template.contains("states:CreateStateMachine"), "the platform's as well");
}
