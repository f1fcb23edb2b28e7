//! The examples: golden templates, linters, and properties of every template.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use lakewright_deployer::leftovers::stays;
use lakewright_policies::size::characters;
use lakewright_stacks::Synthesized;
use lakewright_template::StackKind;
use lakewright_template::limits::{
    BUCKET_POLICY_BYTES, INLINE_POLICY_CHARACTERS, KEY_POLICY_BYTES, MANAGED_POLICY_CHARACTERS,
    RESOURCES, TEMPLATE_BYTES,
};
use lakewright_template::{Template, Value, holds_data, read};

use crate::run::{EXAMPLES, example, lakewright, mesh, root, sources, synthesized, transcript};

/// One golden file for each stack of each example.
#[test]
fn templates_are_golden() {
    let mut settings = insta::Settings::new();
    settings.set_snapshot_path(root().join("snapshots"));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| {
        for name in EXAMPLES {
            for stack in synthesized(&mesh(&sources(&example(name)))) {
                insta::assert_snapshot!(golden(name, &stack), stack.json);
            }
        }
    });
    let stacks: BTreeSet<String> = EXAMPLES
        .iter()
        .flat_map(|name| {
            let stacks = synthesized(&mesh(&sources(&example(name))));
            stacks.into_iter().map(move |stack| format!("{}.snap", golden(name, &stack)))
        })
        .collect();
    for entry in std::fs::read_dir(root().join("snapshots")).expect("the golden files") {
        let name = entry.expect("an entry").file_name().to_string_lossy().into_owned();
        assert!(
            stacks.contains(&name)
                || name == "portal.minimal.snap"
                || name == "stateful.ids"
                || name == "answers"
                || name == "manual"
                || name == "screens"
                || name.contains(".snap.new"),
            "snapshots/{name} belongs to no stack"
        );
    }
}

/// The name of a golden file. The two sides of a share have stacks of the same name in two places, so the place is added.
fn golden(example: &str, stack: &Synthesized) -> String {
    let entry = &stack.entry;
    if entry.kind == StackKind::Share {
        format!("{example}.{}.{}", entry.name, entry.account)
    } else {
        format!("{example}.{}", entry.name)
    }
}

/// Logical ids of stateful resources are pinned: a change would replace the resource.
#[test]
fn ids_of_stateful_resources_are_pinned() {
    let mut lines = Vec::new();
    for name in EXAMPLES {
        for stack in synthesized(&mesh(&sources(&example(name)))) {
            for (id, resource) in &stack.lowered.template.resources {
                if holds_data(&resource.kind) {
                    lines.push(format!("{name} {} {} {id}\n", stack.entry.name, resource.kind));
                }
            }
        }
    }
    let path = root().join("snapshots/stateful.ids");
    if std::env::var_os("INSTA_UPDATE").is_some_and(|update| update == "always") {
        std::fs::write(&path, lines.concat()).expect("the pinned ids are written");
    }
    let pinned = std::fs::read_to_string(&path).expect("the pinned ids");
    assert_eq!(lines.concat(), pinned, "a moved id replaces data; see CONTRIBUTING.md");
}

/// What a stack leaves behind when it is deleted is what holds data, so a change that loses it is asked about. A key's
/// alias stays with its key, and Lake Formation's settings belong to the account.
#[test]
fn what_stays_holds_data() {
    let others = ["AWS::KMS::Alias", "AWS::LakeFormation::DataLakeSettings"];
    let mut kept = 0;
    for name in EXAMPLES {
        for stack in synthesized(&mesh(&sources(&example(name)))) {
            let resources = stack.lowered.template.resources.values();
            for resource in resources.filter(|resource| stays(resource.deletion_policy)) {
                let kind: &str = &resource.kind;
                assert!(holds_data(kind) || others.contains(&kind), "{}: {kind}", stack.entry.name);
                kept += 1;
            }
        }
    }
    assert!(kept > 0);
}

/// `cfn-lint`, pinned by `cargo xtask test`, finds nothing, not even warnings.
#[test]
fn the_linter_is_silent() {
    let linter = root().join("target/python/bin/cfn-lint");
    assert!(linter.exists(), "run `cargo xtask test`, which installs the linter");
    for name in EXAMPLES {
        let out = tempfile::tempdir().expect("a folder");
        let target = out.path().join("out");
        let output = lakewright([
            "synth".as_ref(),
            example(name).as_os_str(),
            "--quiet".as_ref(),
            "--out".as_ref(),
            target.as_os_str(),
        ]);
        assert!(output.status.success(), "{}", transcript(&output));
        let mut by_region: BTreeMap<String, Vec<std::path::PathBuf>> = BTreeMap::new();
        for path in crate::run::files(&target).keys().filter(|path| path.starts_with("templates/"))
        {
            let region = path.split('/').nth(2).expect("templates/account/region/stack").to_owned();
            by_region.entry(region).or_default().push(target.join(path));
        }
        for (region, templates) in by_region {
            let output = Command::new(&linter)
                .args([
                    "--regions",
                    &region,
                    "--include-checks",
                    "I",
                    "--ignore-checks",
                    "I3042",
                    "W3037",
                    "--",
                ])
                .args(&templates)
                .output()
                .expect("the linter runs");
            // I3042 wants pseudo parameters in ARNs; our names are literal on purpose (ADR 2). W3037 compares actions with a list
            // that lacks those of stack aliases; `policies` compares them with the service authorization reference.
            assert!(output.status.success(), "{name} in {region}\n{}", transcript(&output));
        }
    }
}

/// AWS's own validator finds nothing fatal and no errors. It warns of account ids in ARNs, which are literal on purpose (ADR
/// 2).
#[test]
fn the_validator_of_aws_finds_no_error() {
    let validate = |folder: &std::path::Path| {
        let python = root().join("target/python/bin/python");
        assert!(python.exists(), "run `cargo xtask test`, which installs the validator");
        let script = root().join("tests/validate_templates.py");
        transcript(&Command::new(python).arg(script).arg(folder).output().expect("Python runs"))
    };
    let out = tempfile::tempdir().expect("a folder");
    for name in EXAMPLES {
        let assembly = tempfile::tempdir().expect("a folder");
        let target = assembly.path().join("out");
        let output = lakewright([
            "synth".as_ref(),
            example(name).as_os_str(),
            "--quiet".as_ref(),
            "--out".as_ref(),
            target.as_os_str(),
        ]);
        assert!(output.status.success(), "{}", transcript(&output));
        std::fs::rename(target.join("templates"), out.path().join(name)).expect("the templates");
    }
    let count = crate::run::files(out.path()).len();
    let text = validate(out.path());
    assert!(text.starts_with(&format!("exit: 0\n--- stdout\n{count} templates\n")), "{text}");
    // The validator does find errors in a wrong template, so its silence means something.
    let wrong = "Resources: { B: { Type: AWS::S3::Bucket, Properties: { Colour: blue } } }\n";
    let bad = tempfile::tempdir().expect("a folder");
    std::fs::write(bad.path().join("wrong.yaml"), wrong).expect("a file");
    let text = validate(bad.path());
    assert!(text.starts_with("exit: 1\n") && text.contains("FATAL F3002"), "{text}");
}

fn templates() -> Vec<(String, Template)> {
    EXAMPLES
        .iter()
        .flat_map(|name| {
            let stacks = synthesized(&mesh(&sources(&example(name))));
            stacks
                .into_iter()
                .map(move |stack| (format!("{name}/{}", stack.entry.name), stack.lowered.template))
        })
        .collect()
}

#[test]
fn reading_a_template_back_gives_the_same_bytes() {
    for (name, template) in templates() {
        let json = lakewright_template::write::template_to_json(&template);
        let again = read::template(&json).expect("what was written can be read");
        assert_eq!(lakewright_template::write::template_to_json(&again), json, "{name}");
        let yaml = lakewright_template::write::template_to_yaml(&template);
        assert_eq!(read::template(&yaml).as_ref(), Ok(&again), "{name} as YAML");
    }
}

#[test]
fn no_template_exceeds_half_of_a_limit() {
    for (name, template) in templates() {
        let bytes = lakewright_template::write::template_to_json(&template).len();
        assert!(bytes * 2 <= TEMPLATE_BYTES, "{name}: {bytes} bytes");
        assert!(
            template.resources.len() * 2 <= RESOURCES,
            "{name}: {} resources",
            template.resources.len()
        );
        let mut managed = (0, 0);
        for (id, resource) in &template.resources {
            let size = |property: &str| resource.properties.get(property).map_or(0, characters);
            match resource.kind.as_ref() {
                "AWS::S3::BucketPolicy" => {
                    assert!(size("PolicyDocument") * 2 <= BUCKET_POLICY_BYTES, "{name}: {id}");
                }
                "AWS::KMS::Key" => {
                    assert!(size("KeyPolicy") * 2 <= KEY_POLICY_BYTES, "{name}: {id}");
                }
                "AWS::IAM::RolePolicy" => {
                    assert!(size("PolicyDocument") * 2 <= INLINE_POLICY_CHARACTERS, "{name}: {id}");
                }
                // The policies for imported datasets grow with their number, which the mesh determines.
                "AWS::IAM::ManagedPolicy" if !id.as_str().starts_with("Data") => {
                    managed = (managed.0 + 1, managed.1 + size("PolicyDocument"));
                }
                _ => {}
            }
        }
        // Stable packing fills some policies and leaves room in others, so the limit is checked on the room of all policies
        // of a role.
        let room = MANAGED_POLICY_CHARACTERS * 10;
        // A team with every feature uses slightly more than half of the room.
        assert!(
            managed.0 <= 10 && managed.1 * 100 <= room * 55,
            "{name}: {managed:?} of 10 policies and {room} characters"
        );
    }
}

#[test]
fn nothing_is_a_custom_resource_and_nobody_is_a_full_administrator() {
    for (name, template) in templates() {
        for (id, resource) in &template.resources {
            let kind = resource.kind.as_ref();
            assert!(
                !kind.starts_with("Custom::") && !kind.starts_with("AWS::Lambda::"),
                "{name}: {id} is {kind}"
            );
            for (_, value) in resource.properties.iter() {
                value.walk(&mut |value| {
                    let Some(statement) = value.as_map().filter(|map| map.get("Effect").is_some())
                    else {
                        return;
                    };
                    // A boundary grants nothing: it lists the services that policies may name.
                    if !id.as_str().starts_with("Boundary") {
                        check_statement(&name, id.as_str(), statement);
                    }
                });
            }
        }
    }
}

fn check_statement(name: &str, id: &str, statement: &lakewright_template::Map) {
    for element in ["NotAction", "NotResource", "NotPrincipal"] {
        assert!(statement.get(element).is_none(), "{name}: {id} has {element}");
    }
    if statement.get("Effect") != Some(&Value::from("Allow")) {
        return;
    }
    let texts = |element: &str| -> Vec<String> {
        let mut found = Vec::new();
        if let Some(value) = statement.get(element) {
            value.walk(&mut |value| found.extend(value.as_text().map(str::to_owned)));
        }
        found
    };
    for action in texts("Action") {
        assert!(!action.contains('*'), "{name}: {id} allows {action}");
    }
    let has_condition = statement.get("Condition").is_some();
    let principals = texts("Principal");
    assert!(!principals.contains(&"*".to_owned()), "{name}: {id} allows everybody");
    let is_service = principals.iter().any(|principal| principal.ends_with("amazonaws.com"));
    assert!(!is_service || has_condition, "{name}: {id} trusts {principals:?} for any account");
}

#[test]
fn teams_get_only_what_their_permissions_and_features_give() {
    let actions_of = |stack: &str| {
        let (_, template) = templates()
            .into_iter()
            .find(|(name, _)| name.starts_with(stack))
            .expect("the team's stack");
        let mut actions = BTreeSet::new();
        for resource in template.resources.values().filter(|r| r.kind == "AWS::IAM::ManagedPolicy")
        {
            for (_, value) in resource.properties.iter() {
                value.walk(&mut |value| {
                    let list = value.as_map().and_then(|map| map.get("Action"));
                    if let Some(list) = list {
                        list.walk(&mut |action| {
                            actions.extend(action.as_text().map(str::to_owned));
                        });
                    }
                });
            }
        }
        actions
    };
    let interns = actions_of("full/full-mesh-team-finance-eu-interns");
    assert!(interns.contains("athena:StartQueryExecution"));
    for absent in [
        "sagemaker:CreatePresignedNotebookInstanceUrl",
        "codepipeline:StartPipelineExecution",
        "quicksight:CreateDashboard",
    ] {
        assert!(!interns.contains(absent), "{absent}");
    }
    let admins = actions_of("full/full-mesh-team-finance-eu-financeadmins");
    for present in [
        "sagemaker:CreatePresignedNotebookInstanceUrl",
        "codepipeline:StartPipelineExecution",
        "quicksight:CreateDashboard",
    ] {
        assert!(admins.contains(present), "{present}");
    }
    // The lab has no dashboards, so even the environment's own team gets nothing for them.
    let lab = actions_of("lab/lab-team-platform-dataplatformadmin");
    assert!(lab.iter().all(|action| !action.starts_with("quicksight:")));
}

#[test]
fn lake_formation_permissions_run_one_after_the_other() {
    for (name, template) in templates() {
        let permissions: BTreeSet<_> = template
            .resources
            .iter()
            .filter(|(_, resource)| resource.kind == "AWS::LakeFormation::PrincipalPermissions")
            .map(|(id, _)| id.clone())
            .collect();
        let waits_for = |id: &lakewright_template::LogicalId| {
            template.resources[id]
                .depends_on
                .iter()
                .filter(|other| permissions.contains(*other))
                .count()
        };
        let first = permissions.iter().filter(|id| waits_for(id) == 0).count();
        assert!(permissions.is_empty() || first == 1, "{name}: {first} begin at once");
        assert!(permissions.iter().all(|id| waits_for(id) <= 1), "{name}");
    }
}
