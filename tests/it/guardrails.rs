//! Guardrails on templates when they are written: documents of known good shapes are not checked again, and nothing
//! is missed.

use std::collections::BTreeSet;
use std::fs;

use lakewright_access::world::{OnUnresolved, Piece, StackTemplate, World};
use lakewright_guardrails::{Breach, Guardrail, check, emitted};
use lakewright_template::place::Place;
use lakewright_template::{Map, Template, Value};

use crate::run::{EXAMPLES, example, lakewright, mesh, sources, synthesized, transcript};

/// The findings with and without the list of known shapes. Findings that need other templates are left out.
fn both(template: &Template, place: &Place) -> [Vec<Breach>; 2] {
    let unresolved = OnUnresolved::Fail;
    let stack = StackTemplate { address: "a/b/c", place, template, unresolved };
    // A managed policy without a role may be a boundary of roles elsewhere, and is checked as one.
    let is_boundary = |id: &str| {
        template.resources.iter().any(|(one, resource)| {
            one.as_str() == id
                && resource.kind == "AWS::IAM::ManagedPolicy"
                && resource.properties.get("Roles").is_none()
        })
    };
    let of_one = |mut breaches: Vec<Breach>| {
        breaches.retain(|breach| {
            let needs_others =
                [Guardrail::CodeOfOthers, Guardrail::RoleTag, Guardrail::WriteAndAttach];
            // Our templates must not have idle resources; in the templates of others they do no harm.
            let is_idle = breach.message.starts_with("none of the actions is about");
            !is_idle
                && !needs_others.contains(&breach.rule)
                && !is_boundary(&breach.origin.logical_id)
        });
        breaches
    };
    let world = World::of(vec![Piece::of(stack).expect("a template of ours")]);
    [of_one(emitted("a/b/c", place, template).expect("a template of ours")), of_one(check(&world))]
}

/// The properties that hold policy documents.
const DOCUMENTS: [&str; 4] = ["AssumeRolePolicyDocument", "KeyPolicy", "Policy", "PolicyDocument"];

fn statements(document: &mut Value) -> Option<&mut Vec<Value>> {
    let Value::Map(document) = document else { return None };
    let Value::List(statements) = document.get_mut("Statement")? else { return None };
    Some(statements)
}

/// The first text of an element, for changing it.
fn first<'v>(statement: &'v mut Map, element: &str) -> Option<&'v mut Value> {
    match statement.get_mut(element)? {
        Value::List(items) => items.first_mut(),
        one => Some(one),
    }
}

/// A mistake that somebody could make in a statement. `None` if it does not apply to the statement.
type Mistake = fn(&mut Map, &[String]) -> Option<()>;

const MISTAKES: [Mistake; 16] = [
    |statement, _| set(statement, "Action", "s3:GetSomething"),
    |statement, _| set(statement, "Action", "kms:*"),
    |statement, _| set(statement, "Action", "iam:PassRole"),
    |statement, _| set(statement, "Action", "iam:PutRolePolicy"),
    |statement, _| set(statement, "Action", "lambda:CreateFunction"),
    |statement, _| set(statement, "Action", "sagemaker:AddTags"),
    |statement, _| set(statement, "Resource", "*"),
    |statement, _| set(statement, "Resource", "arn:aws:s3:::*/*"),
    |statement, roles| set(statement, "Resource", roles.first()?),
    |statement, roles| set(statement, "Resource", &roles.first()?.replace("role/", "rule/")),
    |statement, roles| {
        let role = roles.last()?;
        set(statement, "Resource", &format!("{}*", &role[..role.len() - 3]))
    },
    |statement, _| {
        let resource = first(statement, "Resource")?;
        let cut = resource.as_text()?.rsplit_once('/')?.0.to_owned();
        *resource = format!("{cut}x*").into();
        Some(())
    },
    |statement, _| set(statement, "Principal", "*"),
    |statement, _| {
        statement.insert("Principal", Map::new().with("Service", "glue.amazonaws.com"));
        Some(())
    },
    |statement, _| statement.remove("Condition").map(|_| ()),
    |statement, _| {
        let names = Map::new().with("aws:TagKeys", "Team");
        statement.insert("Condition", Map::new().with("ForAllValues:StringEquals", names));
        Some(())
    },
];

fn set(statement: &mut Map, element: &str, text: &str) -> Option<()> {
    *first(statement, element)? = text.to_owned().into();
    Some(())
}

/// The ARNs of a template's roles.
fn roles(template: &Template, place: &Place) -> Vec<String> {
    let roles = template.resources.values().filter(|resource| resource.kind == "AWS::IAM::Role");
    let names = roles.filter_map(|role| role.properties.get("RoleName")?.as_text());
    names.map(|name| format!("arn:aws:iam::{}:role/{name}", place.account)).collect()
}

#[test]
fn what_is_known_to_be_fine_hides_no_mistake() {
    // Only every seventh mistake is tried, because each takes two checks.
    const STEP: usize = 7;
    let (mut tried, mut found) = (0, 0);
    let mut broken = BTreeSet::new();
    for name in EXAMPLES {
        let stacks = synthesized(&mesh(&sources(&example(name))));
        for stack in &stacks {
            let entry = &stack.entry;
            let place = Place { account: entry.account.clone(), region: entry.region.clone() };
            let template = &stack.lowered.template;
            let [known, read] = both(template, &place);
            assert_eq!((known.len(), read.len()), (0, 0), "{name} {}: {known:?}", entry.name);
            let roles = roles(template, &place);
            for (id, resource) in &template.resources {
                let property =
                    DOCUMENTS.into_iter().find(|one| resource.properties.get(one).is_some());
                let Some(property) = property else { continue };
                let mut document = resource.properties.get(property).cloned().expect("a document");
                let count = statements(&mut document).map_or(0, |statements| statements.len());
                for (number, mistake) in (0..count).flat_map(|one| MISTAKES.map(|two| (one, two))) {
                    tried += 1;
                    let mut document = document.clone();
                    let statements = statements(&mut document).expect("statements");
                    let Some(Value::Map(statement)) = statements.get_mut(number) else { continue };
                    if tried % STEP != 0 || mistake(statement, &roles).is_none() {
                        continue;
                    }
                    let mut template = template.clone();
                    let changed = template.resources.get_mut(id).expect("the resource");
                    changed.properties.insert(property, document);
                    let [known, read] = both(&template, &place);
                    assert_eq!(known, read, "{name} {} {id} {property} {number}", entry.name);
                    found += usize::from(!known.is_empty());
                    broken.extend(known.iter().map(|breach| breach.rule));
                }
            }
        }
    }
    assert!(found > 1_500 && broken.len() >= 10, "{found} of {tried}: {broken:?}");
}

#[test]
fn templates_alone_are_looked_at_in_the_accounts_that_they_are_for() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("out");
    let (out_text, lab) = (out.to_str().expect("text"), example("lab"));
    let synth = lakewright(["synth", lab.to_str().expect("text"), "--out", out_text]);
    assert_eq!(synth.status.code(), Some(0));
    // Without our list of stacks, the CDK's manifest gives the account and region of each template.
    fs::remove_file(out.join("assembly.json")).expect("the list");
    let check = transcript(&lakewright(["check", "--assembly", out_text]));
    assert!(check.starts_with("exit: 0\n"), "{check}");
    // Without both, the account is known from the key policies.
    fs::remove_file(out.join("manifest.json")).expect("the manifest");
    let check = transcript(&lakewright(["check", "--assembly", out_text]));
    assert!(!check.contains("key-lockout"), "{check}");
}
