//! The page of each code has one sample that shows the finding and one that does not.

use lakewright_manifest::resolve::{check_change, expired_shares, placeholders};
use lakewright_manifest::{Code, Date, Report, SourceFile};

use crate::run::{BASE, BASE_DATASET, resolved};

/// Codes whose samples cannot be shown as text, each with the test that covers it.
const WITHOUT_SAMPLE: [(Code, &str); 5] = [
    (Code::EmptyMesh, "hostile::folders_without_a_mesh_are_explained"),
    (Code::Guardrail, "stacks' what_breaks_a_guardrail_is_an_error_at_its_line"),
    (Code::NotUtf8, "hostile::folders_without_a_mesh_are_explained"),
    (Code::SchemaViolation, "template's planted_faults_are_found"),
    (Code::Unreadable, "hostile::folders_without_a_mesh_are_explained"),
];

fn sample(page: &str, title: &str) -> String {
    let (_, section) = page.split_once(&format!("\n## {title}\n")).expect("a section");
    let (_, rest) = section.split_once("```yaml\n").expect("a sample");
    rest.split_once("```").expect("its end").0.to_owned()
}

/// The findings of a sample added to the base mesh.
fn findings(code: Code, sample: &str) -> Report {
    let base = SourceFile { path: "base.yaml".to_owned(), text: BASE.to_owned() };
    let dataset = SourceFile { path: "sales.yaml".to_owned(), text: BASE_DATASET.to_owned() };
    let own = SourceFile { path: "sample.yaml".to_owned(), text: sample.to_owned() };
    if code == Code::ImmutableField {
        let before = resolved(&[base.clone(), dataset]).0.expect("the base is right");
        let after = resolved(&[base, own]).0.expect("the sample is right by itself");
        return check_change(&before, &after, None);
    }
    if code == Code::LeftAsWritten {
        return placeholders(&resolved(&[own]).0.expect("the sample is a mesh by itself"));
    }
    let sources = [base, dataset, own];
    let (mesh, mut report) = resolved(&sources);
    if let Some(mesh) = &mesh {
        let day = Date::parse("2026-12-01").expect("a day");
        report.extend(expired_shares(mesh, &day));
        report.extend(lakewright_stacks::Plan::of(mesh, None).report);
    }
    report
}

#[test]
fn the_wrong_sample_shows_the_finding_and_the_right_one_nothing() {
    for code in Code::ALL {
        if WITHOUT_SAMPLE.iter().any(|(without, _)| without == code) {
            continue;
        }
        let wrong = findings(*code, &sample(code.page(), "Wrong"));
        let found: Vec<&str> = wrong.iter().map(|diagnostic| diagnostic.code.as_str()).collect();
        assert!(found.contains(&code.as_str()), "{}: wrong sample gave {found:?}", code.as_str());
        let right = findings(*code, &sample(code.page(), "Right"));
        let found: Vec<String> = right
            .iter()
            .map(|diagnostic| format!("{}: {}", diagnostic.code.as_str(), diagnostic.message))
            .collect();
        assert!(found.is_empty(), "{}: right sample gave {found:?}", code.as_str());
    }
}

#[test]
fn what_was_approved_stays_as_it_was_approved() {
    let mesh = |status: &str, more: &str| {
        let approved = if status == "approved" { "approved_by: Owners\n" } else { "" };
        let share = format!(
            "kind: Share\nid: extra\ndataset: sales\nenvironment: dev\nteam: Readers\n\
             items:\n  - table: orders\nstatus: {status}\n{approved}{more}"
        );
        let sources = [("base.yaml", BASE), ("sales.yaml", BASE_DATASET), ("share.yaml", &share)]
            .map(|(path, text)| SourceFile { path: path.to_owned(), text: text.to_owned() });
        let (mesh, report) = resolved(&sources);
        mesh.unwrap_or_else(|| panic!("{report:?}"))
    };
    let messages = |base: (&str, &str), head: (&str, &str)| -> Vec<String> {
        let report = check_change(&mesh(base.0, base.1), &mesh(head.0, head.1), None);
        report.iter().map(|diagnostic| diagnostic.message.clone()).collect()
    };
    let write = "permissions: [read, write]\n";
    let refused = ["`permissions` of share `extra` cannot change while it is approved"];
    assert_eq!(messages(("approved", ""), ("approved", write)), refused);
    assert!(messages(("approved", ""), ("draft", write)).is_empty());
    assert!(messages(("submitted", ""), ("approved", write)).is_empty());
    // The expiry date is not part of the approval, and policies can change it in place.
    assert!(messages(("approved", ""), ("approved", "expires: 2030-01-31\n")).is_empty());
    assert_eq!(messages(("draft", ""), ("approved", "")).len(), 1);
}

/// data.all deletes a share item only if its access was revoked: see its share state machine.
#[test]
fn a_live_share_is_revoked_before_it_is_removed() {
    let mesh = |share: &str| {
        let sources = [("base.yaml", BASE), ("sales.yaml", BASE_DATASET), ("share.yaml", share)]
            .map(|(path, text)| SourceFile { path: path.to_owned(), text: text.to_owned() });
        let (mesh, report) = resolved(&sources);
        mesh.unwrap_or_else(|| panic!("{report:?}"))
    };
    let share = |status: &str| {
        format!(
            "kind: Share\nid: extra\ndataset: sales\nenvironment: dev\nteam: Readers\n\
             items:\n  - table: orders\nstatus: {status}\n"
        )
    };
    let gone = mesh("# no share\n");
    let approved = mesh(&format!("{}approved_by: Owners\n", share("approved")));
    let report = check_change(&approved, &gone, None);
    let found: Vec<&str> = report.iter().map(|one| one.code.as_str()).collect();
    assert_eq!(found, ["share-life-cycle"]);
    for status in ["draft", "submitted"] {
        assert!(check_change(&mesh(&share(status)), &gone, None).is_empty(), "{status}");
    }
    // As the page of `share-expired` advises: an expired share gives no access, so nothing is left to revoke.
    let expired = mesh(&format!("{}approved_by: Owners\nexpires: 2026-01-31\n", share("approved")));
    for (day, findings) in [("2026-01-31", 1), ("2026-02-01", 0)] {
        let day = Date::parse(day).expect("a day");
        assert_eq!(check_change(&expired, &gone, Some(&day)).iter().count(), findings, "{day:?}");
    }
    let revoked = share("approved").replace("orders", "orders\n    status: revoked");
    let revoked = mesh(&format!("{revoked}approved_by: Owners\n"));
    assert!(check_change(&revoked, &gone, None).is_empty());
}

#[test]
fn what_the_mesh_makes_cannot_be_imported() {
    let found = |text: &str| -> Vec<String> {
        let sources = [("base.yaml", BASE), ("more.yaml", text)]
            .map(|(path, text)| SourceFile { path: path.to_owned(), text: text.to_owned() });
        let (_, report) = resolved(&sources);
        report.iter().map(|one| format!("{}: {}", one.code.as_str(), one.message)).collect()
    };
    let dataset = |import: &str| {
        found(&format!(
            "kind: Dataset\nid: extra\nenvironment: dev\nteam: Owners\ntopics: [T]\nkeywords: [k]\nimport: {{ {import} }}\n"
        ))
    };
    let role = |name: &str| {
        found(&format!(
            "kind: ConsumptionRole\nid: extra\nenvironment: dev\nteam: Owners\n\
             role_arn: arn:aws:iam::222222222222:role/{name}\n"
        ))
    };
    for own in [
        dataset("bucket: lakewright-templates-abc"),
        dataset("bucket: ours, glue_database: lakewright_sales_abc"),
        dataset("bucket: ours, kms_key_alias: lakewright-sales-abc"),
        role("lakewright-deploy-eu-west-1"),
        role("some/path/lakewright-readers-abc"),
    ] {
        assert!(own.len() == 1 && own[0].starts_with("imported-own: "), "{own:?}");
    }
    assert_eq!(dataset("bucket: lakewrights-own, glue_database: sales"), Vec::<String>::new());
    assert_eq!(role("Reporting"), Vec::<String>::new());
}

#[test]
fn a_team_is_found_again_in_every_environment_of_a_place() {
    let environment = |id: &str, prefix: &str, team: &str| {
        format!(
            "---\nkind: Environment\nid: {id}\norganization: org\naccount: \"333333333333\"\nregion: eu-west-1\n\
             resource_prefix: {prefix}\nteam: {team}\n"
        )
    };
    let found = |last: &str| {
        let text = environment("a", "one", "Owners")
            + &environment("b", "two", "Owners")
            + &environment("c", last, "Owners");
        let sources = [("base.yaml", BASE.to_owned()), ("more.yaml", text)]
            .map(|(path, text)| SourceFile { path: path.to_owned(), text });
        let (_, report) = resolved(&sources);
        report.iter().filter(|one| one.code == Code::AmbiguousTeam).count()
    };
    assert_eq!([found("one"), found("two"), found("three")], [1, 1, 0]);
}

#[test]
fn a_misspelt_key_is_the_only_finding_of_its_document() {
    let sample =
        "kind: Dataset\nid: extra\nenvironmnt: dev\nteam: Owners\ntopics: [T]\nkeyword: [k]\n";
    let report = findings(Code::UnknownKey, sample);
    let found: Vec<&str> = report.iter().map(|diagnostic| diagnostic.code.as_str()).collect();
    assert_eq!(found, ["unknown-key", "unknown-key"]);
    // The intended keys are already set, so no replacement is suggested.
    let twice = "kind: Dataset\nid: extra\nenvironment: dev\nenvironmnt: other\nteam: Owners\ntopics: [T]\nkeywords: [k]\n";
    let found: Vec<String> =
        findings(Code::UnknownKey, twice).iter().map(|one| one.message.clone()).collect();
    assert_eq!(found, ["unknown key `environmnt`"]);
}

/// Meshes that AWS would refuse, each with the source.
#[test]
fn what_aws_refuses_in_a_mesh_is_an_error_at_its_line() {
    let found = |text: &str| -> Vec<(&'static str, u32)> {
        let sources = [("base.yaml", BASE), ("more.yaml", text)]
            .map(|(path, text)| SourceFile { path: path.to_owned(), text: text.to_owned() });
        let (_, report) = resolved(&sources);
        let line = |label: &lakewright_manifest::diagnostic::Label| label.origin.span.line;
        report.iter().map(|one| (one.code.as_str(), one.primary.as_ref().map_or(0, line))).collect()
    };
    let import = |id: &str, environment: &str, import: &str| {
        format!(
            "---\nkind: Dataset\nid: {id}\nenvironment: {environment}\nteam: Owners\ntopics: [T]\nkeywords: [k]\n\
             import: {{ bucket: theirs, {import} }}\n"
        )
    };
    let other = "---\nkind: Environment\nid: far\norganization: org\naccount: \"333333333333\"\nregion: eu-west-1\n\
                 team: Owners\n";
    // dataall issues #306 and #321; Lake Formation API, RegisterResource: AlreadyExistsException.
    let (first, second) =
        (import("a", "dev", "registered: true"), import("b", "dev", "register_location: true"));
    assert_eq!(found(&format!("{first}{second}")), [("registered-twice", 10)]);
    let elsewhere = import("b", "dev", "register_location: false");
    assert_eq!(found(&format!("{first}{elsewhere}")), []);
    let nowhere = import("b", "dev", "registered: false");
    assert_eq!(found(&format!("{first}{nowhere}")), [("registered-twice", 10)]);
    // Each account and region has its own catalog and its own registrations.
    assert_eq!(found(&format!("{first}{}{other}", import("b", "far", "registered: true"))), []);
    // rebuy-de/aws-nuke #49 and #1028: IAM answers UnmodifiableEntity for both paths.
    let role = |path: &str, managed: bool| {
        format!(
            "kind: ConsumptionRole\nid: r\nenvironment: dev\nteam: Owners\nmanaged: {managed}\n\
             role_arn: arn:aws:iam::222222222222:role/{path}\n"
        )
    };
    let reserved = "aws-reserved/sso.amazonaws.com/eu-west-1/AWSReservedSSO_Read_0123456789abcdef";
    let linked = "aws-service-role/ec2.amazonaws.com/AWSServiceRoleForEC2Spot";
    assert_eq!(found(&role(reserved, true)), [("protected-role", 6)]);
    assert_eq!(found(&role(linked, true)), [("protected-role", 6)]);
    assert_eq!(found(&role(reserved, false)), []);
    // IAM user guide, "IAM and AWS STS quotas": names are unique within an account, ignoring case.
    let two = |other: &str| {
        format!("{}---\n{}", role("a/Reader", true), role(other, true).replace("id: r", "id: q"))
    };
    assert_eq!(found(&two("a/Reader")), []);
    for other in ["Reader", "b/Reader", "a/reader"] {
        assert_eq!(found(&two(other)).len(), 1, "{other}");
    }
    // IAM user guide, "Date condition operators": dates in ISO 8601.
    let share = "kind: Share\nid: s\ndataset: a\nenvironment: dev\nteam: Readers\nitems: [{ bucket: true }]\n";
    assert_eq!(found(&format!("{share}expires: 2026-02-30\n{first}")), [("invalid-value", 7)]);
}

#[test]
fn trusted_roles_are_roles_of_the_central_account() {
    // The trust policy names the central account, so a role of another account could never assume it.
    for (role, more) in [
        ("arn:aws:iam::222222222222:role/platform", ""),
        (
            "arn:aws:iam::111111111111:role/platform",
            "deployment: { trusted_roles: [\"arn:aws:iam::333333333333:role/ci\"] }\n",
        ),
    ] {
        let text = BASE.replace("arn:aws:iam::111111111111:role/platform", role);
        let text =
            text.replace("permissions:\n  Limited", &format!("{more}permissions:\n  Limited"));
        let source = SourceFile { path: "base.yaml".to_owned(), text };
        let (_, report) = resolved(&[source]);
        let found: Vec<Code> = report.iter().map(|one| one.code).collect();
        assert_eq!(found, [Code::InvalidValue], "{role} {more}: {report:?}");
    }
}

#[test]
fn privileges_are_a_closed_list() {
    let found = |privileges: &str| -> Vec<(String, Option<String>)> {
        let text = format!(
            "kind: AccessPolicy\nid: extra\nactors: {{ all_users: true }}\nprivileges: [{privileges}]\n"
        );
        let sources = [("base.yaml", BASE), ("more.yaml", &text)]
            .map(|(path, text)| SourceFile { path: path.to_owned(), text: text.to_owned() });
        let (_, report) = resolved(&sources);
        let wrong = report.iter().filter(|one| one.code == Code::InvalidValue);
        wrong.map(|one| (one.message.clone(), one.help.clone())).collect()
    };
    let wrong = |name: &str, meant: &str| {
        (format!("`{name}` is not a privilege"), Some(format!("did you mean `{meant}`?")))
    };
    assert_eq!(
        found("metadata.edit_tagz, platform.manage_polices"),
        [
            wrong("metadata.edit_tagz", "metadata.edit_tags"),
            wrong("platform.manage_polices", "platform.manage_policies"),
        ]
    );
    for word in ["all", "data", "*", "data.readd.x", "metadata.dataset.*.x", "platform."] {
        assert_eq!(found(&format!("\"{word}\"")).len(), 1, "{word}");
    }
    // PoliciesConfig.java of DataHub at 01e93c1, data.all's tenant permissions, and Atlan's domain policies.
    let good = "data.read, \"metadata.*\", metadata.dataset.edit_column_tags, metadata.domain.create_products, \
                platform.manage_structured_properties, platform.manage_datasets, platform.get_platform_events";
    assert_eq!(found(good), []);
}

#[test]
fn empty_never_means_everything() {
    let found = |base: &str, text: &str| -> Vec<String> {
        let sources = [("base.yaml", base), ("more.yaml", text), ("sales.yaml", BASE_DATASET)]
            .map(|(path, text)| SourceFile { path: path.to_owned(), text: text.to_owned() });
        let (_, report) = resolved(&sources);
        let line = |label: &lakewright_manifest::diagnostic::Label| label.origin.span.line;
        let place = |one: &lakewright_manifest::Diagnostic| one.primary.as_ref().map_or(0, line);
        report.iter().map(|one| format!("{}:{}", one.code.as_str(), place(one))).collect()
    };
    let share = "kind: Share\nid: s\ndataset: sales\nenvironment: dev\nteam: Readers\nstatus: approved\napproved_by: Owners\n";
    let items = "items: [{ table: orders }]\n";
    for (text, expected) in [
        (format!("{share}{items}expires:\n"), "missing-field:9"),
        (format!("{share}{items}expires: ~\n"), "missing-field:9"),
        (format!("{share}{items}permissions: []\n"), "share-item:9"),
        (format!("{share}{items}permissions:\n"), "missing-field:9"),
        (format!("{share}{items}permissions: [read, ]\nexpires: null\n"), "missing-field:10"),
        (format!("{share}items:\n  - table: orders\n    columns:\n"), "missing-field:10"),
        (format!("{share}items:\n  - table: orders\n    columns: []\n"), "share-item:10"),
        (format!("{share}items:\n  - table: orders\n    rows:\n"), "missing-field:10"),
        (format!("{share}items:\n  - table: orders\n    rows: ''\n"), "share-item:10"),
    ] {
        assert_eq!(found(BASE, &text), [expected], "{text}");
    }
    // Empty denials, and empty lists for the firewall and for deployers.
    let tenant = |more: &str| BASE.replace("permissions:\n", &format!("{more}permissions:\n"));
    let denial = BASE.replace("Limited: { allow: [manage_datasets] }", "Limited:");
    assert_eq!(found(&denial, ""), ["missing-field:9"]);
    let denial = BASE.replace("Limited: { allow: [manage_datasets] }", "Limited: { deny: }");
    assert_eq!(found(&denial, ""), ["missing-field:9"]);
    for waf in ["allowed_geo_list: []", "allowed_ip_list: []"] {
        assert_eq!(found(&tenant(&format!("waf: {{ {waf} }}\n")), ""), ["invalid-value:8"]);
    }
    let deployers = tenant("deployment: { trusted_roles: [] }\n");
    assert_eq!(found(&deployers, ""), ["invalid-value:8"]);
}

/// The documents that the cases edit.
const EDITED: &str = r#"kind: Environment
id: lab
organization: org
account: "333333333333"
region: eu-west-1
team: Owners
iam_role_arn: arn:aws:iam::333333333333:role/own
features: { notebooks: true, ml_studio: true, pipelines: true }
ml_studio: { vpc_id: vpc-0123456789abcdef0, subnet_ids: [subnet-0123456789abcdef0] }
teams: [{ team: Others, permissions: [create_pipeline, run_athena_query, create_studio_profile, create_notebook] }]
---
kind: Network
id: net
environment: lab
team: Owners
vpc_id: vpc-0aaaaaaaaaaaaaaa0
subnet_ids: [subnet-0aaaaaaaaaaaaaaa0]
---
kind: Notebook
id: book
environment: lab
team: Owners
network: net
instance_type: ml.t3.medium
---
kind: Worksheet
id: sheet
environment: lab
team: Owners
query: SELECT 1
---
kind: StudioProfile
id: profile
environment: lab
team: Owners
---
kind: Pipeline
id: line
environment: lab
team: Owners
strategy: trunk
stages: [{ stage: prod, environment: lab, team: Others }]
---
kind: ConsumptionRole
id: outside
environment: lab
team: Owners
role_arn: arn:aws:iam::333333333333:role/outside
---
kind: Dataset
id: theirs
environment: lab
team: Owners
topics: [T]
keywords: [k]
import: { bucket: their-bucket, glue_database: their_database }
tables: [{ name: orders, location: raw/orders }]
folders: [{ id: exports, prefix: exports/ }]
---
kind: Share
id: given
dataset: theirs
environment: dev
team: Readers
items: [{ table: orders }, { folder: exports }]
status: approved
approved_by: Owners
"#;

#[test]
fn what_cannot_be_edited_is_refused_at_the_change() {
    let mesh = |base: &str, text: &str| {
        let sources = [("base.yaml", base), ("more.yaml", text)]
            .map(|(path, text)| SourceFile { path: path.to_owned(), text: text.to_owned() });
        let (mesh, report) = resolved(&sources);
        mesh.unwrap_or_else(|| panic!("{report:?}"))
    };
    let before = mesh(BASE, EDITED);
    let fields = |after: &lakewright_manifest::Mesh| -> Vec<String> {
        let report = check_change(&before, after, None);
        assert!(report.iter().all(|one| one.code == Code::ImmutableField), "{report:?}");
        let field = |message: &str| message.split('`').nth(1).unwrap_or_default().to_owned();
        report.iter().map(|one| field(&one.message)).collect()
    };
    assert_eq!(fields(&before), Vec::<String>::new());
    // DA-7, DA-12, DA-17, DA-22 and DA-28 of data.all's rules, and properties whose change replaces the resource.
    let book = "kind: Notebook\nid: book\nenvironment: lab\nteam: Owners";
    let moved = book.replace("Owners", "Others");
    for (from, to, expected) in [
        ("vpc-0123456789abcdef0", "vpc-0bbbbbbbbbbbbbbb0", "ml_studio"),
        ("role/own", "role/other", "iam_role_arn"),
        ("iam_role_arn: arn:aws:iam::333333333333:role/own\n", "", "iam_role_arn"),
        // The subnet belongs to the network, which is the field.
        ("subnet-0aaaaaaaaaaaaaaa0", "subnet-0bbbbbbbbbbbbbbb0", "network"),
        ("ml.t3.medium", "ml.t3.large", "instance_type"),
        (book, moved.as_str(), "team"),
        ("team: Owners\nquery", "team: Others\nquery", "team"),
        (
            "id: profile\nenvironment: lab\nteam: Owners",
            "id: profile\nenvironment: lab\nteam: Others",
            "team",
        ),
        ("team: Owners\nstrategy", "team: Others\nstrategy", "team"),
        ("role/outside", "role/elsewhere", "role_arn"),
        ("their_database", "her_database", "import.glue_database"),
        ("raw/orders", "raw/all", "location"),
        ("prefix: exports/", "prefix: more/", "prefix"),
    ] {
        assert_eq!(fields(&mesh(BASE, &EDITED.replace(from, to))), [expected], "{from}");
    }
    let elsewhere = BASE.replace("111111111111", "999999999999");
    assert_eq!(fields(&mesh(&elsewhere, EDITED)), ["central_account"]);
    // Stacks carry the tenant's id, so another id is another mesh.
    assert_eq!(fields(&mesh(&BASE.replace("id: base", "id: bass"), EDITED)), ["id"]);
    // A folder that is not shared any more may move.
    let draft = EDITED.replace("status: approved\napproved_by: Owners", "status: draft");
    let report = check_change(&before, &mesh(BASE, &draft.replace("raw/orders", "raw/all")), None);
    assert!(report.is_empty(), "{report:?}");
}

/// An item that gives no access is no error, so a share that AWS would refuse can still be revoked.
#[test]
fn what_must_not_be_shared_can_be_taken_back() {
    for code in [Code::AwsManagedKey, Code::ForeignCatalogShare] {
        let wrong = sample(code.page(), "Wrong");
        let (before, _) = wrong.split_once("items:").expect("a share at the end");
        let share = |end: &str| -> Vec<&'static str> {
            findings(code, &format!("{before}{end}")).iter().map(|one| one.code.as_str()).collect()
        };
        let status = |status: &str| format!("items: [{{ table: orders }}]\nstatus: {status}\n");
        let item = |state: &str| {
            format!(
                "items: [{{ table: orders, status: {state} }}]\nstatus: approved\napproved_by: Owners\n"
            )
        };
        for over in [&status("revoked"), &status("rejected"), &item("revoked"), &item("rejected")] {
            assert_eq!(share(over), Vec::<&str>::new(), "{over}");
        }
        for wanted in [&status("submitted"), &item("pending"), &item("approved")] {
            assert_eq!(share(wanted), [code.as_str()], "{wanted}");
        }
    }
}

#[test]
fn items_of_a_share_come_and_go_by_themselves() {
    let mesh = |items: &str| {
        let share = format!(
            "kind: Share\nid: s\ndataset: wide\nenvironment: dev\nteam: Readers\nstatus: approved\napproved_by: Owners\n\
             items: [{items}]\n---\nkind: Dataset\nid: wide\nenvironment: dev\nteam: Owners\ntopics: [T]\nkeywords: [k]\n\
             tables: [{{ name: a, columns: [{{ name: x, type: int }}] }}, {{ name: b }}]\n"
        );
        let sources = [("base.yaml", BASE), ("share.yaml", &share)]
            .map(|(path, text)| SourceFile { path: path.to_owned(), text: text.to_owned() });
        let (mesh, report) = resolved(&sources);
        mesh.unwrap_or_else(|| panic!("{report:?}"))
    };
    let moves = |from: &str, to: &str| check_change(&mesh(from), &mesh(to), None).iter().count();
    let with = |status: &str| format!("{{ table: a }}, {{ table: b, status: {status} }}");
    let pending = with("pending");
    // DA-21: items are pending, then approved or rejected; approved ones are revoked. DA-22: no deletion while shared.
    let [approved, rejected, revoked] = ["approved", "rejected", "revoked"].map(with);
    let changes: [(&str, &str, usize); 13] = [
        ("{ table: a }", &pending, 0),
        (&pending, &approved, 0),
        (&pending, &rejected, 0),
        (&approved, &revoked, 0),
        (&revoked, "{ table: a }", 0),
        (&rejected, &pending, 0),
        (&pending, "{ table: a }", 0),
        ("{ table: a }", "{ table: a }, { table: b }", 1),
        ("{ table: a }, { table: b }", "{ table: a }", 1),
        (&rejected, &approved, 1),
        (&revoked, &approved, 1),
        (&pending, &revoked, 1),
        // A role has one set of permissions on a table, so the new part would conflict with the old one.
        (
            "{ table: a }, { table: a, columns: [x], status: pending }",
            "{ table: a, status: revoked }, { table: a, columns: [x] }",
            1,
        ),
    ];
    for (from, to, refused) in changes {
        assert_eq!(moves(from, to), refused, "{from} -> {to}");
    }
    let live = mesh(&pending);
    let share = live.shares.values().next().expect("the share");
    assert_eq!((share.items.len(), share.states.len(), share.is_live(None)), (1, 2, true));
    assert!(
        !mesh("{ table: a, status: revoked }").shares.values().any(|share| share.is_live(None))
    );
}

#[test]
fn a_draft_may_be_empty_and_states_fit_their_share() {
    let found = |more: &str| -> Vec<&'static str> {
        let share =
            format!("kind: Share\nid: s\ndataset: sales\nenvironment: dev\nteam: Readers\n{more}");
        let sources = [("base.yaml", BASE), ("sales.yaml", BASE_DATASET), ("share.yaml", &share)]
            .map(|(path, text)| SourceFile { path: path.to_owned(), text: text.to_owned() });
        resolved(&sources).1.iter().map(|one| one.code.as_str()).collect()
    };
    let none: [&str; 0] = [];
    assert_eq!(found("items: []\n"), none);
    assert_eq!(found(""), none);
    assert_eq!(found("items: [{ table: orders, status: pending }]\n"), none);
    assert_eq!(found("status: submitted\nitems: []\n"), ["share-item"]);
    assert_eq!(found("status: submitted\n"), ["missing-field"]);
    assert_eq!(found("items: [{ table: orders, status: approved }]\n"), ["share-life-cycle"]);
    assert_eq!(
        found("items: [{ table: orders, status: pending }, { table: orders }]\n"),
        ["share-item"]
    );
}

#[test]
fn what_cannot_be_read_makes_no_errors_elsewhere() {
    let found = |base: &str| -> Vec<&'static str> {
        let share = "kind: Share\nid: s\ndataset: sales\nenvironment: dev\nteam: Readers\nitems: [{ table: orders }]\n";
        let sources = [("base.yaml", base), ("sales.yaml", BASE_DATASET), ("share.yaml", share)]
            .map(|(path, text)| SourceFile { path: path.to_owned(), text: text.to_owned() });
        resolved(&sources).1.iter().map(|one| one.code.as_str()).collect()
    };
    assert_eq!(found(BASE), Vec::<&str>::new());
    for (from, to, code) in [
        // One missing line is one finding.
        ("---\nkind: Organization", "kind: Organization", "duplicate-key"),
        ("---\nkind: Environment", "kind: Environment", "duplicate-key"),
        ("kind: Environment", "kind: Enviroment", "unknown-kind"),
        ("kind: Environment\n", "", "missing-field"),
        ("id: dev", "id: Dev", "invalid-value"),
        ("id: org", "id: Org", "invalid-value"),
        ("- team: Readers", "- team: \"Readers*\"", "invalid-value"),
        ("create_share", "create_shares", "invalid-value"),
        (
            "Limited: { allow: [manage_datasets] }",
            "Owners: { allow: [manage_dataset] }",
            "invalid-value",
        ),
        ("region: eu-west-1\nteam", "region: eu-west-11\nteam", "invalid-value"),
        ("  - team: Readers", "  - team: 'Readers", "yaml-syntax"),
        ("---\nkind: Environment", "--- kind: Environment", "yaml-syntax"),
    ] {
        assert_eq!(found(&BASE.replace(from, to)), [code], "{from} -> {to}");
    }
}

/// `ddk.json` lists the CI/CD account as `cicd` beside the stages, as data.all's file does.
#[test]
fn no_stage_is_called_cicd() {
    let base = BASE.replace("{ notebooks: true }", "{ pipelines: true }");
    let pipeline = |stage: &str| {
        format!(
            "kind: Pipeline\nid: p\nenvironment: dev\nteam: Owners\nstrategy: trunk\nstages:\n  - {{ stage: {stage}, environment: dev, team: Owners }}\n"
        )
    };
    let codes = |stage: &str| -> Vec<Code> {
        let files = [("base.yaml", base.clone()), ("p.yaml", pipeline(stage))];
        let files = files.map(|(path, text)| SourceFile { path: path.to_owned(), text });
        resolved(&files).1.iter().map(|diagnostic| diagnostic.code).collect()
    };
    assert_eq!(codes("cicd"), [Code::InvalidValue]);
    assert!(codes("ci").is_empty());
}
