//! The phases of synthesis in one process and one thread.

#[path = "../generate.rs"]
mod generate;

use divan::Bencher;
use divan::counter::ItemsCount;
use generate::Size;
use lakewright_manifest::diagnostic::FileId;
use lakewright_manifest::parse::{Documents, parse};
use lakewright_manifest::render::{self, Style};
use lakewright_manifest::resolve::resolve;
use lakewright_manifest::{Mesh, Report, Severity, SourceFile};
use lakewright_policies::catalogue;
use lakewright_stacks::Plan;
use lakewright_template::read;

const SIZE: Size = Size { environments: 2, teams: 10, datasets: 100 };

fn main() {
    divan::main();
}

fn sources() -> Vec<SourceFile> {
    generate::mesh(SIZE).into_iter().map(|(path, text)| SourceFile { path, text }).collect()
}

fn documents() -> Documents {
    let sources = sources();
    let files = (0..).zip(&sources).map(|(number, source)| parse(FileId(number), source).documents);
    Documents::of_files(files.collect())
}

fn mesh() -> Mesh {
    resolve(&documents(), Report::new()).0.expect("the generated mesh is valid")
}

/// Reads the largest service of the action catalogue, once per process. divan runs benchmarks in alphabetical order,
/// and later ones find this service already read.
#[divan::bench(sample_count = 1, sample_size = 1)]
fn a_catalogue_of_a_service() -> Option<usize> {
    catalogue::service("ec2").map(|service| service.actions().count())
}

/// Reads all other services, once per process.
#[divan::bench(sample_count = 1, sample_size = 1)]
fn a_catalogue_of_all_services() -> usize {
    let services = catalogue::services().filter_map(catalogue::service);
    services.map(|service| service.actions().count()).sum()
}

/// Reads the ARN formats of all resource types. This does not read any service of the catalogue.
#[divan::bench]
fn a_catalogue_of_all_forms() -> usize {
    catalogue::forms().map(str::len).sum()
}

#[divan::bench]
fn parse_100_datasets(bencher: Bencher<'_, '_>) {
    let sources = sources();
    bencher
        .counter(ItemsCount::new(SIZE.datasets))
        .bench(|| sources.iter().map(|source| parse(FileId(0), source)).collect::<Vec<_>>());
}

#[divan::bench]
fn resolve_100_datasets(bencher: Bencher<'_, '_>) {
    let documents = documents();
    bencher.counter(ItemsCount::new(SIZE.datasets)).bench(|| resolve(&documents, Report::new()));
}

#[divan::bench]
fn synthesize_100_datasets(bencher: Bencher<'_, '_>) {
    let mesh = mesh();
    let plan = Plan::of(&mesh, None);
    bencher.counter(ItemsCount::new(plan.stacks.len())).bench(|| {
        plan.stacks.iter().map(lakewright_stacks::StackPlan::synthesize).collect::<Vec<_>>()
    });
}

#[divan::bench]
fn read_a_template(bencher: Bencher<'_, '_>) {
    let mesh = mesh();
    let plan = Plan::of(&mesh, None);
    let json = plan.stacks[0].synthesize().expect("a stack of a valid mesh").json;
    bencher.bench(|| read::template(&json));
}

/// Shows findings. An index of the file's lines finds each one, so the time per finding does not grow with the file.
#[divan::bench(args = [1_000, 4_000, 16_000])]
fn show_findings(bencher: Bencher<'_, '_>, count: usize) {
    let text = "kind: Worksheet\nid: w\nenvironmnt: dev\n---\n".repeat(count);
    let sources = [SourceFile { path: "mesh.yaml".to_owned(), text }];
    let report = parse(FileId(0), &sources[0]).report.sorted();
    assert!(report.count(Severity::Error) >= count, "one finding for each document");
    bencher
        .counter(ItemsCount::new(count))
        .bench(|| render::human(&report, &sources, Style::Plain));
}
