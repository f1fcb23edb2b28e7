//! What a dataset's document says, from the mesh to the template.

use lakewright_manifest::SourceFile;
use lakewright_stacks::Synthesized;
use serde_json::Value;

use crate::run::{BASE, mesh, resolved, synthesized};

/// The base mesh with a dataset: its own lines, and other documents after it.
fn with(lines: &str, others: &str) -> Vec<SourceFile> {
    let dataset =
        "kind: Dataset\nid: data\nenvironment: dev\nteam: Owners\ntopics: [T]\nkeywords: [k]\n";
    let text = format!("{dataset}{lines}{others}");
    [("base.yaml", BASE.to_owned()), ("data.yaml", text)]
        .map(|(path, text)| SourceFile { path: path.to_owned(), text })
        .into()
}

/// What is found in a mesh, each with its code.
fn found(sources: &[SourceFile]) -> Vec<String> {
    let (_, report) = resolved(sources);
    report.iter().map(|one| format!("{}: {}", one.code.as_str(), one.message)).collect()
}

fn stack(sources: &[SourceFile]) -> Synthesized {
    let stacks = synthesized(&mesh(sources)).into_iter();
    let mut own = stacks.filter(|one| one.entry.kind == "dataset" && one.entry.id == "data");
    own.next().expect("the dataset's stack")
}

/// The properties of the resources of a type in the dataset's template.
fn properties(sources: &[SourceFile], kind: &str) -> Vec<Value> {
    let template: Value = serde_json::from_str(&stack(sources).json).expect("JSON");
    let resources = template["Resources"].as_object().expect("resources").values();
    let own = resources.filter(|one| one["Type"] == kind);
    own.map(|one| one["Properties"].clone()).collect()
}

const NOTHING: [&str; 0] = [];

/// A team of another environment, and one that only a domain names.
const OTHERS: &str = "---\nkind: Environment\nid: far\norganization: org\naccount: \"333333333333\"\nregion: eu-west-1\n\
                      team: Elsewhere\nlinked_by: Owners\n---\nkind: Domain\nid: finance\nowners: [Council]\n";

#[test]
fn any_teams_of_the_mesh_are_stewards() {
    for stewards in ["Readers", "[Readers]", "[Council, Elsewhere, Readers]"] {
        let lines = format!("stewards: {stewards}\n");
        assert_eq!(found(&with(&lines, OTHERS)), NOTHING, "{stewards}");
    }
    let share = |team: &str| {
        format!(
            "{OTHERS}---\nkind: Share\nid: all\ndataset: data\nenvironment: dev\nteam: Readers\n\
             items: [{{ bucket: true }}]\nstatus: approved\napproved_by: {team}\n"
        )
    };
    for team in ["Council", "Elsewhere", "Owners"] {
        let sources = with("stewards: [Council, Elsewhere]\n", &share(team));
        assert_eq!(found(&sources), NOTHING, "{team}");
    }
    assert_eq!(
        found(&with("stewards: [Council, Elsewhere]\n", &share("Readers"))),
        ["share-approval: team `Readers` may not approve shares of dataset `data`"]
    );
    assert_eq!(
        found(&with("stewards: [Readers, Readrs]\n", "")),
        ["unknown-reference: there is no team `Readrs` in the mesh"]
    );
    assert_eq!(
        found(&with("stewards: []\n", "")),
        ["invalid-value: dataset `data` has an empty list of stewards"]
    );
    assert_eq!(
        found(&with("stewards: { team: Readers }\n", "")),
        ["wrong-type: expected text, got a mapping"]
    );
}

/// The governance rules (DA-11): the content of a dataset is reachable by its stewards; of other environments they have no role here.
#[test]
fn stewards_of_the_environment_read_and_others_are_named_nowhere() {
    let sources = with("stewards: [Elsewhere, Limited, Readers]\n", OTHERS);
    let policies = properties(&sources, "AWS::S3::BucketPolicy");
    let readers = policies[0]["PolicyDocument"]["Statement"]
        .as_array()
        .expect("statements")
        .iter()
        .find(|one| one["Sid"].as_str().is_some_and(|sid| sid.starts_with("ReadData")))
        .expect("the stewards' statement")["Principal"]["AWS"]
        .as_array()
        .expect("two roles")
        .len();
    assert_eq!(readers, 2);
    let text = stack(&sources).json;
    assert!(!text.contains("333333333333") && !text.contains("elsewhere"), "{text}");
}
