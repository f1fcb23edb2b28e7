//! Answers about sessions, about actions that need no permission, about every missing permission, and about
//! resources from before the mesh. The mesh has a read-only share of a folder and an imported database.

use std::fs;

use serde_json::Value;
use tempfile::TempDir;

use crate::portal::data_of_page;
use crate::run::{example, lakewright, transcript};

const MESH: &str = r#"kind: Tenant
id: acme
label: Acme
central_account: "111111111111"
home_region: eu-west-1
pivot_role:
  external_id: acme-4f1c6c2e
  trusted_roles: ["arn:aws:iam::111111111111:role/platform"]
---
kind: Organization
id: all
label: All
team: Owners
---
kind: Environment
id: here
label: Here
organization: all
account: "222222222222"
region: eu-west-1
team: Owners
teams:
  - team: Readers
    permissions: [create_share, run_athena_query]
  - team: Others
    permissions: [run_athena_query]
---
kind: Dataset
id: sales
label: Sales
environment: here
team: Owners
topics: [Sales]
keywords: [sales]
folders:
  - id: exports
    prefix: exports/
---
kind: Dataset
id: before
label: Before
environment: here
team: Owners
topics: [Sales]
keywords: [sales]
import:
  bucket: a-bucket-of-before
  glue_database: a_database_of_before
  register_location: false
---
kind: Share
id: exports
dataset: sales
environment: here
team: Readers
items:
  - folder: exports
permissions: [read]
status: approved
approved_by: Owners
"#;

fn mesh(text: &str) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("mesh.yaml"), text).expect("a file");
    folder
}

/// The answer to a question, given as principal, action and resource.
fn ask(folder: &TempDir, [principal, action, resource]: [&str; 3], more: &[&str]) -> String {
    let path = folder.path().to_str().expect("text");
    let asked = ["can", path, "--principal", principal, "--action", action, "--resource", resource];
    transcript(&lakewright(asked.iter().chain(more)))
}

/// Sources: AWS STS API Reference, GetCallerIdentity: "No permissions are required to perform this operation", also
/// when a policy "explicitly denies access"; IAM User Guide, "Permissions for GetSessionToken".
#[test]
fn no_policy_decides_what_needs_no_permission() {
    let folder = mesh(MESH);
    let beside = tempfile::tempdir().expect("a folder");
    let scp = beside.path().join("scp.json");
    let document = r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"},
        {"Effect": "Deny", "Action": "sts:*", "Resource": "*"}]}"#;
    fs::write(&scp, document).expect("a file");
    let scp = ["--scp", scp.to_str().expect("text")];
    let who = ["team/here/Owners", "sts:GetCallerIdentity", "*"];
    for more in [&[][..], &scp] {
        let text = ask(&folder, who, more);
        assert!(text.starts_with("exit: 0\n") && text.contains("needs no permission"), "{text}");
    }
    let text = ask(&folder, ["team/here/Owners", "sts:GetSessionToken", "*"], &[]);
    assert!(text.starts_with("exit: 4\n") && text.contains("only a user"), "{text}");
}

#[test]
fn a_question_can_be_asked_in_a_session() {
    let folder = mesh(MESH);
    let owner = ["team/here/Owners", "s3:GetObject", "dataset/sales"];
    let service = ["service/glue.amazonaws.com", "s3:GetObject", "dataset/sales"];
    for (question, session, expected, says) in [
        (owner, "alice@example.com", "exit: 0\n", "allowed"),
        // Source: AWS STS API Reference, AssumeRole, RoleSessionName: 2 to 64 characters.
        (owner, "a", "exit: 2\n", "2 to 64"),
        (owner, "a/b", "exit: 2\n", "2 to 64"),
        (service, "alice", "exit: 2\n", "only roles have sessions"),
    ] {
        let text = ask(&folder, question, &["--session", session]);
        assert!(text.starts_with(expected) && text.contains(says), "{session}: {text}");
    }
}

/// Source: "Pass session tags in AWS STS" in the IAM user guide: the trust policy must allow `sts:TagSession`.
#[test]
fn session_tags_take_a_permission_of_their_own() {
    let folder = mesh(MESH);
    let assume = ["arn:aws:iam::111111111111:role/platform", "sts:AssumeRole", "pivot-role/here"];
    let known = ["--context", "sts:ExternalId=acme-4f1c6c2e"];
    let text = ask(&folder, assume, &known);
    assert!(!text.starts_with("exit: 4\n"), "{text}");
    let tagged = [&known[..], &["--context", "aws:RequestTag/Team=a"]].concat();
    let text = ask(&folder, assume, &tagged);
    assert!(text.starts_with("exit: 4\n") && text.contains("sts:TagSession"), "{text}");
}

#[test]
fn a_denial_names_every_side_and_the_share_that_would_allow_it() {
    let folder = mesh(MESH);
    let question = ["team/here/Others", "s3:GetObject", "dataset/sales/folder/exports"];
    let text = ask(&folder, question, &[]);
    assert!(text.starts_with("exit: 4\n"), "{text}");
    for says in [
        "and because kms:Decrypt on the dataset's key is denied",
        "dataset: sales, environment: here, team: Others, items: [{folder: exports}], permissions: [read]",
        "the dataset is declared at mesh.yaml:28:1",
    ] {
        assert!(text.contains(says), "{says}: {text}");
    }
    // Across accounts, both sides must allow it.
    let lab = example("lab").display().to_string();
    let table = "dataset/dpdataset/table/mydpdata";
    let of_lab = |action: &str, resource: &str| {
        let asked = ["can", &lab, "--principal", "team/science/TeamB", "--action", action];
        transcript(&lakewright(asked.into_iter().chain(["--resource", resource])))
    };
    let text = of_lab("s3:GetObject", "dataset/dpdataset");
    for says in ["the principal's own policies", "and because the resource's own policy", "Share"] {
        assert!(text.contains(says), "{says}: {text}");
    }
    // The same holds for the key, and the answer names each missing side.
    let of_key = "and because kms:Decrypt on the dataset's key is denied: ";
    for why in ["in another account, the principal's own", "the key's own policy does not allow"] {
        assert!(text.contains(&format!("{of_key}{why}")), "{why}: {text}");
    }
    let text = of_lab("lakeformation:SELECT", table);
    assert!(text.contains("items: [{table: mydpdata}], permissions: [read]"), "{text}");
    assert!(text.contains("datasets.yaml:2:1"), "{text}");
}

/// The answer does not advise a share that is impossible or already requested. Source: "Share" in docs/mesh.md.
#[test]
fn a_denial_says_what_became_of_the_share_that_was_asked_for() {
    let tables = MESH.replace(
        "folders:\n  - id: exports",
        "tables: [{ name: orders, columns: [{ name: id, type: int }] }, { name: customers }]\nfolders:\n  - id: exports",
    );
    let item = "  - folder: exports\npermissions: [read]";
    let ask_for = |items: &str, more: &str, question: [&str; 2]| {
        let text = tables.replace(item, &format!("{items}permissions: [read]{more}"));
        let folder = mesh(&text);
        let day = ["--as-of", "2026-12-01"];
        ask(&folder, ["team/here/Readers", question[0], question[1]], &day)
    };
    let orders = ["lakeformation:SELECT", "dataset/sales/table/orders"];
    for (items, more, question, says) in [
        (
            "  - folder: exports\n  - table: orders\n    status: revoked\n",
            "",
            orders,
            "share `exports` has {table: orders} at mesh.yaml:59:12, and the item is revoked",
        ),
        (
            "  - table: orders\n",
            "\nexpires: 2026-11-30",
            orders,
            "and the share's last day 2026-11-30 is over",
        ),
        (
            "  - table: orders\n",
            "",
            ["lakeformation:INSERT", "dataset/sales/table/orders"],
            "with the permissions [read], and [read, write] would allow it",
        ),
        // A request for a folder names the share's own access point.
        (
            "  - folder: exports\n",
            "",
            ["s3:PutObject", "dataset/sales/folder/exports"],
            "has {folder: exports} at mesh.yaml:58:13 with the permissions [read], and [read, write] would allow it",
        ),
        (
            "  - table: orders\n",
            "",
            ["lakeformation:SELECT", "dataset/sales/table/order"],
            "dataset `sales` declares no table `order`; did you mean `orders`?",
        ),
        (
            "  - table: orders\n",
            "",
            ["lakeformation:SELECT", "dataset/sales/table/xyz"],
            "it declares customers, orders",
        ),
    ] {
        let text = ask_for(items, more, question);
        assert!(text.starts_with("exit: 4\n") && text.contains(says), "{says}: {text}");
        assert!(!text.contains("a Share would allow it"), "{text}");
    }
    // The answer names the access that the team already has to the dataset.
    let text = ask_for(
        "  - table: orders\n",
        "",
        ["lakeformation:SELECT", "dataset/sales/table/customers"],
    );
    assert!(text.contains("items: [{table: customers}]"), "{text}");
    assert!(text.contains("team/here/Readers may already read table/"), "{text}");
}

#[test]
fn why_gives_the_reasons_that_can_gives() {
    let folder = mesh(MESH);
    let path = folder.path().to_str().expect("text");
    let said = |command: &str| -> Vec<String> {
        let question = ["--principal", "team/here/Others", "--action", "s3:GetObject"];
        let resource = ["--resource", "dataset/sales/folder/exports"];
        let output = lakewright([command, path].into_iter().chain(question).chain(resource));
        let text = transcript(&output);
        let reasons = text.lines().filter(|line| {
            line.trim_start().starts_with("because ") || line.contains("and because ")
        });
        reasons.map(str::to_owned).collect()
    };
    let reasons = said("can");
    assert!(reasons.len() > 1 && reasons[0].starts_with("  because "), "{reasons:?}");
    assert_eq!(said("why"), reasons);
}

/// Source: "Changing the default settings for your data lake" in the Lake Formation developer guide: older
/// databases and tables keep the permissions of everybody.
#[test]
fn nobody_knows_what_everybody_had_on_an_imported_database() {
    let select = ["pivot-role/here", "lakeformation:SELECT", "dataset/before/table/orders"];
    let folder = mesh(MESH);
    let text = ask(&folder, select, &[]);
    assert!(text.starts_with("exit: 5\n") && text.contains("IAMAllowedPrincipals"), "{text}");
    let database = "arn:aws:glue:eu-west-1:222222222222:database/a_database_of_before";
    let prove = |folder: &TempDir| {
        let path = folder.path().to_str().expect("text");
        transcript(&lakewright(["prove", path]))
    };
    let text = prove(&folder);
    assert!(text.starts_with("exit: 0\n"), "{text}");
    assert!(text.contains(&format!("taken for granted of {database}")), "{text}");
    // A principal without IAM permissions gains nothing from them.
    for stranger in ["arn:aws:iam::333333333333:role/r", "team/here/Others"] {
        assert!(ask(&folder, [stranger, select[1], select[2]], &[]).starts_with("exit: 4\n"));
    }
    // With `hybrid_access: closed` the owner states that everybody has no permission there, and the deployment
    // checks it.
    let folder = mesh(&MESH.replace("register_location: false", "hybrid_access: closed"));
    let text = ask(&folder, select, &[]);
    assert!(text.starts_with("exit: 4\n"), "{text}");
    assert!(!prove(&folder).contains(database));
}

#[test]
fn the_matrix_sums_up_data_and_keys_apart() {
    let folder = mesh(MESH);
    let path = folder.path().to_str().expect("text");
    let access = |more: &[&str]| {
        let asked = ["access", path, "--principal", "team/here/Readers"];
        String::from_utf8(lakewright(asked.iter().chain(more)).stdout).expect("text")
    };
    // AWS counts decryption as writing, but with read-only access to the folder the team writes no data.
    let text = access(&[]);
    let line = text.lines().find(|line| line.contains("dataset/sales")).expect("the dataset");
    assert!(line.ends_with("read, key: use"), "{text}");
    let matrix = data_of_page(&access(&["--format", "html"]))["matrix"].clone();
    let sales = matrix["targets"].as_array().expect("targets").iter();
    let sales = sales.clone().position(|target| target == "dataset/sales").expect("the dataset");
    let cells: Vec<u64> =
        matrix["cells"].as_array().expect("cells").iter().filter_map(Value::as_u64).collect();
    let cell = cells.chunks(4).find(|cell| usize::try_from(cell[1]).ok() == Some(sales));
    // List and read on data; read, and write, which is to use, on keys.
    assert_eq!(cell.map(|cell| [cell[2], cell[3]]), Some([0b011, 0b110]), "{matrix:#}");
    for more in [&[][..], &["--detail"]] {
        let text = access(more);
        assert!(text.contains("team/here/Readers") && text.contains("dataset/sales"), "{text}");
        let widest = text.lines().map(|line| line.chars().count()).max().expect("lines");
        assert!(widest <= 100, "{widest}: {text}");
    }
}
