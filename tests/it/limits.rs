//! Meshes that are large in one direction: within the limits, or an error that names line and limit.

use std::fmt::Write as _;

use lakewright_manifest::SourceFile;
use lakewright_stacks::Plan;

use crate::run::{BASE, mesh, synthesized};

fn with(extra: String) -> Vec<SourceFile> {
    [("base.yaml", BASE.to_owned()), ("extra.yaml", extra)]
        .map(|(path, text)| SourceFile { path: path.to_owned(), text })
        .into()
}

fn environment(teams: usize) -> String {
    let mut text = "kind: Environment\nid: big\norganization: org\naccount: \"333333333333\"\nregion: eu-west-1\n\
                    team: Owners\nfeatures: { subscriptions: true, ml_studio: true, notebooks: true }\n\
                    context: { default_vpc: { exists: false } }\nteams:\n"
        .to_owned();
    for team in 0..teams {
        writeln!(
            text,
            "  - {{ team: A team with a rather long name number {team}, permissions: [create_dataset, \
             create_studio_profile, create_notebook, run_athena_query] }}"
        )
        .expect("a string takes all");
    }
    text
}

#[test]
fn sixty_teams_fit_into_one_environment() {
    let stacks = synthesized(&mesh(&with(environment(60))));
    assert_eq!(stacks.iter().filter(|stack| stack.entry.kind == "team").count(), 61 + 3);
}

#[test]
fn labels_of_any_length_and_script_give_names_within_the_limits() {
    for label in ["x".repeat(120), "長".repeat(120), "é ".repeat(60)] {
        let id = "a".repeat(40);
        let extra = format!(
            "kind: Environment\nid: {id}\nlabel: {label}\norganization: org\naccount: \"333333333333\"\nregion: eu-west-1\n\
             resource_prefix: a-prefix-of-twenty-c\nteam: Owners\nfeatures: {{ subscriptions: true, ml_studio: true }}\n\
             context: {{ default_vpc: {{ exists: false }} }}\nteams:\n  - team: {}\n    permissions: [create_dataset]\n---\n\
             kind: Dataset\nid: {id}\nlabel: {label}\nenvironment: {id}\nteam: Owners\ntopics: [T]\nkeywords: [k]\n\
             profiling: {{ schedule: cron(0 1 * * ? *) }}\n",
            "T".repeat(128)
        );
        // Every name is checked against its schema on the way.
        assert!(synthesized(&mesh(&with(extra))).len() >= 6);
    }
}

fn imported(count: usize) -> String {
    let mut text = String::new();
    for number in 0..count {
        write!(
            text,
            "kind: Dataset\nid: d{number}\nenvironment: dev\nteam: Owners\ntopics: [T]\nkeywords: [k]\n\
             import: {{ bucket: a-bucket-with-a-rather-long-name-{number:08}, kms_key_alias: imported/key-{number} }}\n---\n"
        )
        .expect("a string takes all");
    }
    text
}

#[test]
fn a_team_can_own_more_imported_datasets_than_before() {
    // data.all's inline policy ends at about 42 (reference: 33,617 of 10,240 characters with 150).
    let stacks = synthesized(&mesh(&with(imported(100))));
    assert_eq!(stacks.iter().filter(|stack| stack.entry.kind == "dataset").count(), 100);
}

#[test]
fn what_breaks_a_limit_is_an_error_at_its_line() {
    let sources = with(imported(1_000));
    let mesh = mesh(&sources);
    let plan = Plan::of(&mesh, None);
    let reports: Vec<_> = plan.stacks.iter().filter_map(|stack| stack.synthesize().err()).collect();
    let [report] = reports.as_slice() else { unreachable!("one stack is too large: {reports:?}") };
    let diagnostic = report.iter().next().expect("a finding");
    assert_eq!(diagnostic.code.as_str(), "limit-exceeded");
    assert!(
        diagnostic.message.contains("managed policies are needed, and 4 may be attached"),
        "{}",
        diagnostic.message
    );
    assert!(diagnostic.primary.is_some(), "it names a line");
}

#[test]
fn four_hundred_shares_of_one_team_are_accepted() {
    let mut text = String::new();
    for number in 0..400 {
        write!(
            text,
            "kind: Dataset\nid: d{number}\nenvironment: dev\nteam: Owners\ntopics: [T]\nkeywords: [k]\n---\n\
             kind: Share\nid: s{number}\ndataset: d{number}\nenvironment: dev\nteam: Readers\nstatus: approved\n\
             approved_by: Owners\nitems: [{{ bucket: true }}]\n---\n"
        )
        .expect("a string takes all");
    }
    let mesh = mesh(&with(text));
    let stacks = synthesized(&mesh);
    // The reader's own stack does not grow with what is shared with it.
    let reader =
        stacks.iter().find(|stack| stack.entry.id == "dev/Readers").expect("the team's stack");
    assert!(reader.entry.bytes < 40_000, "{} bytes", reader.entry.bytes);
}
