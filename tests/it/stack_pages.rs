//! The pages about the stack kinds, with diagrams of real templates, and the comparison with data.all.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;

use lakewright_stacks::Synthesized;
use lakewright_template::StackKind;
use lakewright_template::{Intrinsic, Map, Template, Value};

use crate::run::{example, mesh, root, sources, synthesized};

/// The example and the stack whose template is drawn for a kind.
const fn drawn_for(kind: StackKind) -> (&'static str, &'static str) {
    match kind {
        StackKind::Bootstrap => ("minimal", "lakewright-bootstrap-222222222222-eu-west-1"),
        StackKind::PivotRole => ("minimal", "lakewright-pivot-role-dev"),
        StackKind::Environment => ("lab", "lab-environment-platform"),
        StackKind::Team => ("lab", "lab-team-science-teamb-"),
        StackKind::Dashboards => ("full", "full-mesh-dashboards-finance-eu-analysts-"),
        StackKind::Dataset => ("lab", "lab-dataset-teama"),
        StackKind::Share => ("full", "full-mesh-share-ledger-for-interns"),
        StackKind::Notebook => ("full", "full-mesh-notebook-scratch"),
        StackKind::StudioProfile => ("full", "full-mesh-studio-profile-forecasts"),
        StackKind::Pipeline => ("full", "full-mesh-pipeline-nightly"),
        StackKind::Governance => ("governance", "lakewright-governance-airline"),
        StackKind::Platform => ("lab", "lab-platform-lab"),
    }
}

/// The marker before a diagram in a page.
const MARK: &str = "<!-- diagram -->\n";

#[test]
fn each_kind_has_a_page_with_a_diagram_of_its_template() {
    for kind in StackKind::ALL {
        let (name, stack) = drawn_for(kind);
        let stacks = synthesized(&mesh(&sources(&example(name))));
        let found =
            stacks.iter().find(|one| one.entry.kind == kind && one.entry.name.starts_with(stack));
        let found = found.expect("the stack of the example");
        let path = root().join(format!("docs/stacks/{}.md", kind.as_str()));
        let page = fs::read_to_string(&path).expect("the page of the kind");
        for title in ["What it creates", "Who may do what, and why", "What it costs to keep"] {
            assert!(page.contains(&format!("\n## {title}\n")), "{}: {title}", path.display());
        }
        let (before, rest) = page.split_once(MARK).expect("the mark of the diagram");
        let after = match rest.split_once("```mermaid\n") {
            Some((_, rest)) => rest.split_once("```\n").map_or("", |(_, after)| after),
            None => rest,
        };
        let drawn = format!(
            "{before}{MARK}\nFrom the template of `{}` in `examples/{name}`; an arrow leads from what refers to what is referred to.\n\n```mermaid\n{}```\n{after}",
            found.entry.name,
            diagram(&found.lowered.template)
        );
        if std::env::var_os("INSTA_UPDATE").is_some_and(|update| update == "always") {
            fs::write(&path, &drawn).expect("the page is written");
        }
        let page = fs::read_to_string(&path).expect("the page");
        assert_eq!(page, drawn, "run with INSTA_UPDATE=always to draw {} anew", path.display());
    }
}

/// The resources of a template and their references. The chain of Lake Formation permissions is drawn as
/// one node.
fn diagram(template: &Template) -> String {
    let mut text = String::from("graph LR\n");
    let mut nodes: BTreeMap<String, String> = BTreeMap::new();
    let mut edges: BTreeSet<(String, String)> = BTreeSet::new();
    let permissions = "AWS::LakeFormation::PrincipalPermissions";
    let node = |id: &str| -> String {
        match template.resources.iter().find(|(one, _)| one.as_str() == id) {
            Some((_, resource)) if resource.kind == permissions => "Permissions".to_owned(),
            // A logical id ends in eight digits of a hash.
            _ => id[..id.len().saturating_sub(8)].to_owned(),
        }
    };
    for (id, resource) in &template.resources {
        let from = node(id.as_str());
        nodes.insert(from.clone(), resource.kind.replace("AWS::", "").replace("::", " "));
        let mut referred = Vec::new();
        for (_, value) in resource.properties.iter() {
            value.walk(&mut |value| {
                let target = match value.as_intrinsic() {
                    Some(Intrinsic::Ref(id) | Intrinsic::GetAtt(id, _)) => id.as_str(),
                    _ => return,
                };
                if template.resources.keys().any(|one| one.as_str() == target) {
                    referred.push(target.to_owned());
                }
            });
        }
        let edge = |target: String| (from.clone(), node(&target));
        edges.extend(referred.into_iter().map(edge).filter(|(from, to)| from != to));
    }
    for (id, kind) in nodes {
        writeln!(text, "  {id}[\"{id}<br/>{kind}\"]").expect("a string takes all");
    }
    for (from, to) in edges {
        writeln!(text, "  {from} --> {to}").expect("a string takes all");
    }
    text
}

/// One claim of `docs/parity.md` about the templates of `examples/full`.
#[derive(Debug)]
enum Claim<'a> {
    Has(&'a str, Option<(&'a str, &'a str)>),
    No(&'a str),
    Allows(&'a str),
    Never(&'a str),
    Sid(&'a str),
}

impl<'a> Claim<'a> {
    fn parse(text: &'a str) -> Self {
        let (word, rest) = text.split_once(' ').expect("a claim is a word and what it is about");
        match word {
            "has" => match rest.split_once('=') {
                // Types contain no dot, so the path starts after the first one.
                Some((path, value)) => {
                    let (kind, path) = path.split_once('.').expect("a property's path");
                    Self::Has(kind, Some((path, value)))
                }
                None => Self::Has(rest, None),
            },
            "no" => Self::No(rest),
            "allows" => Self::Allows(rest),
            "never" => Self::Never(rest),
            "sid" => Self::Sid(rest),
            other => unreachable!("`{other}` is no kind of claim: {text}"),
        }
    }

    fn holds(&self, stacks: &[&Synthesized]) -> bool {
        let resources =
            || stacks.iter().flat_map(|stack| stack.lowered.template.resources.values());
        let statements = || stacks.iter().flat_map(|stack| statements(&stack.lowered.template));
        let allows = |action: &str| {
            statements().any(|statement| {
                statement.get("Effect") == Some(&Value::from("Allow"))
                    && texts(statement.get("Action")).iter().any(|one| one == action)
            })
        };
        match self {
            Self::Has(kind, None) => resources().any(|resource| resource.kind == *kind),
            Self::Has(kind, Some((path, value))) => resources()
                .filter(|resource| resource.kind == *kind)
                .any(|resource| has_value(&Value::from(resource.properties.clone()), path, value)),
            Self::No(kind) => resources().all(|resource| resource.kind != *kind),
            Self::Allows(action) => allows(action),
            Self::Never(action) => !allows(action),
            Self::Sid(name) => statements().any(|statement| {
                statement
                    .get("Sid")
                    .and_then(Value::as_text)
                    .is_some_and(|sid| sid.starts_with(name))
            }),
        }
    }
}

fn statements(template: &Template) -> Vec<&Map> {
    let mut found = Vec::new();
    for resource in template.resources.values() {
        for (_, value) in resource.properties.iter() {
            collect(value, &mut found);
        }
    }
    found
}

fn collect<'v>(value: &'v Value, found: &mut Vec<&'v Map>) {
    match value {
        Value::Map(map) => {
            if map.get("Effect").is_some() {
                found.push(map);
            }
            map.iter().for_each(|(_, value)| collect(value, found));
        }
        Value::List(items) => items.iter().for_each(|item| collect(item, found)),
        Value::Null
        | Value::Bool(_)
        | Value::Integer(_)
        | Value::Decimal(_)
        | Value::Text(_)
        | Value::Intrinsic(_) => {}
    }
}

fn texts(value: Option<&Value>) -> Vec<String> {
    let mut found = Vec::new();
    if let Some(value) = value {
        value.walk(&mut |value| found.extend(value.as_text().map(str::to_owned)));
    }
    found
}

/// Whether the value at a path equals the wanted one. In a list, one item must match.
fn has_value(value: &Value, path: &str, wanted: &str) -> bool {
    match value {
        Value::List(items) => items.iter().any(|item| has_value(item, path, wanted)),
        Value::Map(map) if !path.is_empty() => {
            // A key may contain dots, so each dot is tried as the end of the first key.
            let ends = path.match_indices('.').map(|(end, _)| end).chain([path.len()]);
            ends.into_iter().any(|end| {
                let rest = path.get(end + 1..).unwrap_or_default();
                map.get(&path[..end]).is_some_and(|inner| has_value(inner, rest, wanted))
            })
        }
        Value::Text(text) => path.is_empty() && text == wanted,
        Value::Bool(value) => path.is_empty() && value.to_string() == wanted,
        Value::Integer(number) => path.is_empty() && number.to_string() == wanted,
        Value::Map(_) | Value::Null | Value::Decimal(_) | Value::Intrinsic(_) => false,
    }
}

#[test]
fn the_comparison_with_data_all_is_true() {
    let page = fs::read_to_string(root().join("docs/parity.md")).expect("the page");
    let mut stacks = synthesized(&mesh(&sources(&example("full"))));
    let others = synthesized(&mesh(&sources(&example("governance")))).into_iter();
    stacks.extend(others.filter(|stack| stack.entry.kind == StackKind::Governance));
    let mut rows = 0;
    let mut wrong = Vec::new();
    let mut sections = BTreeSet::new();
    for (number, line) in (1..).zip(page.lines()) {
        if let Some(title) = line.strip_prefix("## ") {
            sections.extend(title.split('.').next().and_then(|number| number.parse::<u32>().ok()));
        }
        let cells: Vec<&str> = line.trim().trim_matches('|').split(" | ").map(str::trim).collect();
        let [theirs, here, how, kind, evidence] = cells.as_slice() else { continue };
        if *here == "here" || here.starts_with("--") {
            continue;
        }
        rows += 1;
        assert!(!theirs.is_empty() && !how.is_empty(), "line {number}: an empty cell");
        assert!(
            ["same", "tighter", "other", "left out", "fixed"].contains(here),
            "line {number}: `{here}`"
        );
        if *evidence == "-" {
            assert!(["deployer", "-"].contains(kind), "line {number} has no evidence");
            continue;
        }
        let of_kind: Vec<&Synthesized> = stacks
            .iter()
            .filter(|stack| ["*", "-"].contains(kind) || stack.entry.kind.as_str() == *kind)
            .collect();
        assert!(!of_kind.is_empty(), "line {number}: no stack of kind `{kind}`");
        for claim in evidence.split("; ") {
            if !Claim::parse(claim.trim()).holds(&of_kind) {
                wrong.push(format!("line {number}, {kind}: {claim} ({theirs})"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(rows > 500, "{rows} rows");
    let all: BTreeSet<u32> = [3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 16, 18].into();
    assert_eq!(sections, all, "each section of the reference has its table");
}
