//! The functions that the fuzz targets (`fuzz/`) and the bounded runs of the tests call with arbitrary
//! input.

use std::collections::BTreeSet;

use lakewright_access::action::Action;
use lakewright_access::request::{Context, Principal, Request};
use lakewright_access::world::{
    OnUnresolved, OrganizationPolicy, Outside, Piece, StackTemplate, World,
};
use lakewright_manifest::diagnostic::FileId;
use lakewright_manifest::parse::{Documents, parse};
use lakewright_manifest::render::{Style, human};
use lakewright_manifest::resolve::resolve;
use lakewright_manifest::{Mesh, Report, SourceFile};
use lakewright_proof::matrix::Index;
use lakewright_stacks::Plan;
use lakewright_template::place::Place;
use lakewright_template::read;

/// A mesh to which the text is added, so that the text has something to refer to.
const BASE: &str = include_str!("base.yaml");

/// Parses, resolves and renders a text; nothing may panic.
pub(crate) fn parse_anything(text: &str) {
    let source = SourceFile { path: "fuzz.yaml".to_owned(), text: text.to_owned() };
    let (_, report) = resolved(std::slice::from_ref(&source));
    // Rendering must not panic for any span.
    human(&report, &[source], Style::Plain);
}

/// Reads a text as a policy and as a template, and decides requests with it; nothing may panic.
pub(crate) fn decide_anything(text: &str) {
    let place = Place::parse("111122223333", "eu-west-1").expect("a place");
    let wrapped = format!(
        "Resources: {{R: {{Type: AWS::IAM::Role, Properties: {{RoleName: r, AssumeRolePolicyDocument: {text}, \
         Policies: [{{PolicyName: p, PolicyDocument: {text}}}]}}}}}}"
    );
    for text in [text, &wrapped] {
        let Ok(template) = read::template(text) else { continue };
        let unresolved = OnUnresolved::Placeholder;
        let stack =
            StackTemplate { address: "a/b/c", place: &place, template: &template, unresolved };
        let Ok(piece) = Piece::of(stack) else { continue };
        let mut world = World::of(vec![piece]);
        lakewright_guardrails::check(&world);
        lakewright_guardrails::across(&world);
        // Policies from elsewhere may contain anything as well.
        let document = world.roles().values().find_map(|role| role.identity.first().cloned());
        if let Some(document) = document {
            let policy = OrganizationPolicy {
                level: "root".to_owned(),
                accounts: BTreeSet::new(),
                document: (*document).clone(),
            };
            let parts = world.parts_mut();
            parts.organization.scps.push(policy.clone());
            parts.organization.rcps.push(policy);
            *parts.session = Some((*document).clone());
        }
        ask_anything(&world, text);
        let index = Index::of(&world);
        let principal = Principal::role("arn:aws:iam::111122223333:role/r");
        let context = Context::new().with("aws:RequestTag/t", ["v"]);
        for arn in world.roles().keys().chain(world.resources().keys()) {
            index.cells(arn);
            for action in ["sts:AssumeRole", "s3:GetObject", "kms:Decrypt"] {
                let action = Action::new(action);
                let request =
                    Request { principal: &principal, action, resource: arn, context: &context };
                world.decide(&request, Outside::Unknown);
            }
        }
    }
}

/// Asks requests made of the words of a text: any principal, action, resource and condition.
fn ask_anything(world: &World, text: &str) {
    let is_mark = |one: char| one.is_whitespace() || "\"',{}[]".contains(one);
    let words: Vec<&str> = text.split(is_mark).filter(|word| !word.is_empty()).collect();
    for five in words.windows(5).take(12) {
        let [who, action, resource, key, value] = five else { continue };
        let principals = [
            Principal::role(*who),
            Principal::User((*who).to_owned()),
            Principal::Service((*who).to_owned()),
            Principal::Anonymous,
            Principal::role("arn:aws:iam::111122223333:role/r"),
        ];
        let context = Context::new().with(key, [*value, *who]);
        for principal in &principals {
            for action in [*action, "s3:GetObject"] {
                let action = Action::new(action);
                let request = Request { principal, action, resource, context: &context };
                world.decide(&request, Outside::Unknown);
                world.decide(&request, Outside::Allows);
            }
        }
    }
}

/// Synthesizes all stacks if the text is a mesh. All written files must be readable.
pub(crate) fn synthesize_anything(text: &str) {
    let sources = [("base.yaml", BASE), ("fuzz.yaml", text)]
        .map(|(path, text)| SourceFile { path: path.to_owned(), text: text.to_owned() });
    let (mesh, _) = resolved(&sources);
    let Some(mesh) = mesh else { return };
    for stack in Plan::of(&mesh, None).stacks {
        if let Ok(synthesized) = stack.synthesize() {
            read::template(&synthesized.json).expect("what is written can be read");
        }
    }
}

fn resolved(sources: &[SourceFile]) -> (Option<Mesh>, Report) {
    let mut files = Vec::new();
    let mut report = Report::new();
    for (number, source) in (0..).zip(sources) {
        let parsed = parse(FileId(number), source);
        files.push(parsed.documents);
        report.extend(parsed.report);
    }
    resolve(&Documents::of_files(files), report)
}
