//! Meshes that are large in one dimension: within the limits, or with an error that names the line and the limit.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use lakewright_manifest::SourceFile;
use lakewright_stacks::{Plan, runway};
use lakewright_template::StackKind;
use lakewright_template::limits::{ALL, Limit, Raised};

use crate::run::{BASE, lakewright, mesh, root, synthesized, transcript, write_mesh};

/// The base mesh with more documents.
pub(crate) fn with(extra: String) -> Vec<SourceFile> {
    [("base.yaml", BASE.to_owned()), ("extra.yaml", extra)]
        .map(|(path, text)| SourceFile { path: path.to_owned(), text })
        .into()
}

fn environment(teams: usize) -> String {
    let mut text = "kind: Environment\nid: big\norganization: org\naccount: \"333333333333\"\nregion: eu-west-1\n\
                    team: Owners\nfeatures: { subscriptions: true, ml_studio: true, notebooks: true }\n\
                    context: { default_vpc: { exists: false }, availability_zones: [euw1-az1, euw1-az2] }\nteams:\n"
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
    assert_eq!(stacks.iter().filter(|stack| stack.entry.kind == StackKind::Team).count(), 61 + 3);
}

#[test]
fn labels_of_any_length_and_script_give_names_within_the_limits() {
    for label in ["x".repeat(120), "長".repeat(120), "é ".repeat(60)] {
        let id = "a".repeat(40);
        let extra = format!(
            "kind: Environment\nid: {id}\nlabel: {label}\norganization: org\naccount: \"333333333333\"\nregion: eu-west-1\n\
             resource_prefix: a-prefix-of-twenty-c\nteam: Owners\nfeatures: {{ subscriptions: true, ml_studio: true }}\n\
             context: {{ default_vpc: {{ exists: false }}, availability_zones: [euw1-az1, euw1-az2] }}\nteams:\n  - team: {}\n    permissions: [create_dataset]\n---\n\
             kind: Dataset\nid: {id}\nlabel: {label}\nenvironment: {id}\nteam: Owners\ntopics: [T]\nkeywords: [k]\n\
             profiling: {{ schedule: cron(0 1 * * ? *) }}\n",
            "T".repeat(128)
        );
        // Synthesis checks every name against its schema.
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
    assert_eq!(stacks.iter().filter(|stack| stack.entry.kind == StackKind::Dataset).count(), 100);
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

/// The base mesh with quotas and more documents.
fn with_quotas(quotas: &str, extra: String) -> Vec<SourceFile> {
    let base = BASE.replacen("permissions:\n", &format!("quotas: {quotas}\npermissions:\n"), 1);
    [("base.yaml", base), ("extra.yaml", extra)]
        .map(|(path, text)| SourceFile { path: path.to_owned(), text })
        .into()
}

/// Datasets, each shared with one consumption role of another account, to which the policies are attached.
fn attached(count: usize) -> String {
    let mut text = "kind: Environment\nid: big\norganization: org\naccount: \"333333333333\"\nregion: eu-west-1\n\
                    team: Owners\nteams:\n  - { team: Reader, permissions: [create_share, add_consumption_roles] }\n\
                    ---\nkind: ConsumptionRole\nid: warehouse\nenvironment: big\nteam: Reader\n\
                    role_arn: arn:aws:iam::333333333333:role/Warehouse\n"
        .to_owned();
    for number in 10..10 + count {
        write!(
            text,
            "---\nkind: Dataset\nid: d{number}\nenvironment: dev\nteam: Owners\ntopics: [T]\nkeywords: [k]\n\
             ---\nkind: Share\nid: s{number}\ndataset: d{number}\nenvironment: big\nteam: Reader\n\
             consumption_role: warehouse\nstatus: approved\napproved_by: Owners\nitems: [{{ bucket: true }}]\n"
        )
        .expect("a string takes all");
    }
    text
}

/// A role can have ten managed policies by default, and twenty once AWS has raised the quota: "How can I increase the
/// default managed policy or character size limit for an IAM role or user?" in AWS's knowledge center. One is reserved for
/// the role's owner.
#[test]
fn what_is_attached_to_a_role_of_others_leaves_room_for_a_policy_of_theirs() {
    let errors = |quota: usize, count: usize| -> Vec<(String, u32)> {
        let quotas = format!("{{ managed_policies_per_role: {quota} }}");
        let mesh = mesh(&with_quotas(&quotas, attached(count)));
        let report = Plan::of(&mesh, None).report;
        let place = |one: &lakewright_manifest::Diagnostic| {
            one.primary.as_ref().expect("it names a line").origin.span.line
        };
        report.iter().map(|one| (one.message.clone(), place(one))).collect()
    };
    assert!(errors(10, 9).is_empty());
    assert!(errors(20, 19).is_empty());
    let lines_before = attached(9).lines().count();
    for (quota, count) in [(10, 10), (20, 20)] {
        let found = errors(quota, count);
        let [(message, line)] = found.as_slice() else { unreachable!("one finding: {found:?}") };
        assert!(message.contains(&format!("{count} shares attach a policy")), "{message}");
        let line = usize::try_from(*line).expect("a line");
        assert!(line > lines_before, "line {line} is of the first share that is too much");
    }
}

/// Environments, each in its own account.
pub(crate) fn environments(count: usize) -> String {
    let mut text = String::new();
    for number in 0..count {
        write!(
            text,
            "kind: Environment\nid: e{number}\norganization: org\naccount: \"{:012}\"\nregion: eu-west-1\n\
             team: Owners\n---\n",
            400_000_000_000_usize + number
        )
        .expect("a string takes all");
    }
    text
}

/// "Event bus policy size: 10,240, adjustable", in "Amazon EventBridge quotas".
#[test]
fn the_policy_of_the_bus_for_failures_is_counted() {
    let platform = |quota: usize, count: usize| {
        let quotas = format!("{{ event_bus_policy_characters: {quota} }}");
        let mesh = mesh(&with_quotas(&quotas, environments(count)));
        let plan = Plan::of(&mesh, None);
        let mut stacks = plan.stacks.iter().filter(|stack| stack.kind().as_str() == "platform");
        stacks.next().expect("the platform's stack").synthesize().err()
    };
    // Each account adds 33 characters to the policy: `"arn:aws:iam::400000000000:root",`.
    assert_eq!(platform(10_240, 290), None);
    let report = platform(10_240, 320).expect("a policy that EventBridge would refuse");
    let diagnostic = report.iter().next().expect("a finding");
    assert_eq!(diagnostic.code.as_str(), "limit-exceeded");
    assert!(diagnostic.message.contains("the limit is 10240"), "{}", diagnostic.message);
    let help = diagnostic.help.as_deref().unwrap_or_default();
    assert!(help.contains("`organization_id`"), "{help}");
    assert!(help.contains("\"Event bus policy size\" on request"), "{help}");
    assert!(diagnostic.primary.is_some(), "it names a line");
    assert_eq!(platform(20_480, 320), None);
}

/// The inline policies of a role can have 10,240 characters ("IAM and AWS STS quotas"). With one role per account, the
/// updater's policy would reach that at some 180 accounts.
#[test]
fn what_the_updater_may_does_not_grow_with_the_accounts() {
    let policies = |count: usize| -> Vec<String> {
        let quotas = "{ event_bus_policy_characters: 65536 }";
        let mesh = mesh(&with_quotas(quotas, environments(count)));
        let plan = Plan::of(&mesh, None);
        let mut stacks = plan.stacks.iter().filter(|stack| stack.kind().as_str() == "platform");
        let platform = stacks.next().expect("the platform's stack").synthesize();
        let template: serde_json::Value =
            serde_json::from_str(&platform.expect("it fits").json).expect("JSON");
        let resources = template["Resources"].as_object().expect("resources").values();
        let policies = resources.filter(|one| one["Type"] == "AWS::IAM::RolePolicy");
        policies.map(|policy| policy["Properties"]["PolicyDocument"].to_string()).collect()
    };
    let (few, many) = (policies(2), policies(1_000));
    assert!(few.iter().any(|policy| policy.contains("arn:aws:iam::*:role/")), "{few:?}");
    assert_eq!(few, many);
}

/// The page of limits shows the same table as the code.
#[test]
fn the_page_of_limits_is_fresh() {
    const MARK: &str = "<!-- table -->\n";
    let path = root().join("docs/limits.md");
    let page = fs::read_to_string(&path).expect("the page");
    let (before, _) = page.split_once(MARK).expect("the mark of the table");
    let mut fresh = format!(
        "{before}{MARK}\n| what | how much | AWS's name | AWS raises it | under `quotas` | AWS says so in |\n\
         | --- | ---: | --- | --- | --- | --- |\n"
    );
    for limit in ALL {
        let Limit { what, value, quota, raised, source } = limit;
        let (to, setting) = match raised {
            Raised::Never => ("never".to_owned(), None),
            Raised::OnRequest { to, setting } => {
                (to.map_or_else(|| "on request".to_owned(), |to| format!("to {to}")), *setting)
            }
        };
        let setting = setting.map(|setting| format!("`{setting}`")).unwrap_or_default();
        writeln!(fresh, "| {what} | {value} | {quota} | {to} | {setting} | {source} |")
            .expect("a string takes all");
    }
    if std::env::var_os("INSTA_UPDATE").is_some_and(|update| update == "always") {
        fs::write(&path, &fresh).expect("the page is written");
    }
    let page = fs::read_to_string(&path).expect("the page");
    assert_eq!(page, fresh, "run with INSTA_UPDATE=always to write {} anew", path.display());
    // The mesh can state raised quotas for exactly the adjustable limits.
    let schema = fs::read_to_string(root().join("docs/mesh.schema.json")).expect("the schema");
    let schema: serde_json::Value = serde_json::from_str(&schema).expect("JSON");
    let settings = schema["definitions"]["quotas"]["properties"].as_object();
    let said: BTreeSet<&str> = settings.expect("the quotas").keys().map(String::as_str).collect();
    let setting = |limit: &Limit| match limit.raised {
        Raised::Never => None,
        Raised::OnRequest { setting, .. } => setting,
    };
    assert_eq!(ALL.iter().filter_map(setting).collect::<BTreeSet<_>>(), said);
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
    // The stack of the reader does not grow with the number of shares.
    let reader =
        stacks.iter().find(|stack| stack.entry.id == "dev/Readers").expect("the team's stack");
    assert!(reader.entry.bytes < 40_000, "{} bytes", reader.entry.bytes);
}

/// A dataset and its shares with this number of teams of another account, each with its own lines.
pub(crate) fn shares(count: usize, dataset: &str, lines: impl Fn(usize) -> String) -> String {
    let mut text = format!(
        "kind: Dataset\nid: popular\nenvironment: dev\nteam: Owners\ntopics: [T]\nkeywords: [k]\n{dataset}---\n"
    );
    let mut environment = "kind: Environment\nid: big\norganization: org\naccount: \"333333333333\"\nregion: eu-west-1\n\
                           team: Owners\nteams:\n"
        .to_owned();
    for number in 0..count {
        writeln!(
            environment,
            "  - {{ team: Reader{number}, permissions: [create_share, run_athena_query] }}"
        )
        .expect("a string takes all");
        write!(
            text,
            "kind: Share\nid: s{number}\ndataset: popular\nenvironment: big\nteam: Reader{number}\n\
             status: approved\napproved_by: Owners\n{}---\n",
            lines(number)
        )
        .expect("a string takes all");
    }
    text + &environment
}

/// A dataset's whole bucket, shared with many teams.
fn bucket_shares(count: usize) -> String {
    shares(count, "", |_| "items: [{ bucket: true }]\n".to_owned())
}

/// Each of a dataset's three folders, shared with many teams.
fn folder_shares(count: usize) -> String {
    let folders = "folders:\n  - { id: a, prefix: a/ }\n  - { id: b, prefix: b/ }\n  - { id: c, prefix: c/ }\n";
    shares(count, folders, |number| {
        let folder = ["a", "b", "c"][number % 3];
        let permissions = if number % 2 == 0 { "read" } else { "read, write" };
        let month = 1 + number % 9;
        format!(
            "expires: 2027-0{month}-01\nitems: [{{ folder: {folder} }}]\npermissions: [{permissions}]\n"
        )
    })
}

#[test]
fn as_many_more_fit_as_the_runway_says() {
    let runway_of = |count| {
        let mesh = mesh(&with(bucket_shares(count)));
        let stacks = synthesized(&mesh);
        let lines = runway(&mesh, &stacks.iter().collect::<Vec<_>>());
        lines
            .into_iter()
            .find(|line| line.environment.as_deref() == Some("dev") && line.what == "share")
            .expect("a line")
    };
    let line = runway_of(3);
    assert!((20..200).contains(&line.more), "{line:?}");
    let later = runway_of(3 + line.more);
    assert_eq!(later.before, line.before);
    assert!(later.used <= later.limit, "{later:?}");
    assert!(later.used > line.used && later.more < line.more, "{line:?} {later:?}");
}

#[test]
fn the_runway_heeds_the_tenants_quotas() {
    let of = |quotas: &str| {
        let base = BASE.replacen("permissions:\n", &format!("quotas: {quotas}\npermissions:\n"), 1);
        let sources = [("base.yaml", base), ("extra.yaml", bucket_shares(1))]
            .map(|(path, text)| SourceFile { path: path.to_owned(), text });
        let mesh = mesh(&sources);
        let stacks = synthesized(&mesh);
        let lines = runway(&mesh, &stacks.iter().collect::<Vec<_>>());
        lines.into_iter().find(|line| line.what == "dataset").expect("a line").more
    };
    let (usual, raised) =
        (of("{ managed_policies_per_role: 10 }"), of("{ roles_per_account: 3000 }"));
    assert!(usual > 900 && usual < 1_000, "{usual}");
    assert!(raised > usual, "{raised} with more roles than {usual}");
}

#[test]
fn a_full_bucket_policy_leaves_the_decision_to_the_access_points() {
    let text_of = |count| {
        let mesh = mesh(&with(folder_shares(count)));
        let stacks = synthesized(&mesh);
        let stack = stacks.into_iter().find(|stack| stack.entry.kind == StackKind::Dataset);
        stack.expect("the dataset's stack").json
    };
    let few = text_of(5);
    assert!(few.contains("FolderThrough") && !few.contains("FolderThroughAny"), "each by itself");
    let (many, more) = (text_of(60), text_of(90));
    let bucket_policy = |text: &str| {
        let template: serde_json::Value = serde_json::from_str(text).expect("JSON");
        let resources = template["Resources"].as_object().expect("resources").values();
        let mut policies = resources.filter(|one| one["Type"] == "AWS::S3::BucketPolicy");
        policies.next().expect("the bucket's policy")["Properties"]["PolicyDocument"].clone()
    };
    assert!(many.contains("FolderThroughAny"));
    assert_eq!(
        bucket_policy(&many),
        bucket_policy(&more),
        "it grows with folders, not with shares"
    );
}

#[test]
fn what_is_left_to_access_points_is_proven_and_closed_to_others() {
    let folder = tempfile::tempdir().expect("a folder");
    write_mesh(
        folder.path(),
        &[("base.yaml".to_owned(), BASE.to_owned()), ("extra.yaml".to_owned(), folder_shares(60))],
    );
    let path = folder.path().to_str().expect("text");
    let proof = transcript(&lakewright(["prove", path]));
    assert!(proof.starts_with("exit: 0\n"), "{proof}");
    let can = |team: &str, prefix: &str, share: &str| {
        let stacks = synthesized(&mesh(&with(folder_shares(60))));
        let share = stacks
            .iter()
            .find(|stack| stack.entry.kind == StackKind::Share && stack.entry.id == share);
        let share: serde_json::Value =
            serde_json::from_str(&share.expect("the share's stack").json).expect("JSON");
        let mut resources = share["Resources"].as_object().expect("resources").values();
        let point = resources.find(|one| one["Type"] == "AWS::S3::AccessPoint");
        let properties = &point.expect("an access point")["Properties"];
        let text = |property: &str| properties[property].as_str().expect("text").to_owned();
        let arn = format!("arn:aws:s3:eu-west-1:222222222222:accesspoint/{}", text("Name"));
        let output = lakewright([
            "can".to_owned(),
            path.to_owned(),
            "--principal".to_owned(),
            format!("team/big/{team}"),
            "--action".to_owned(),
            "s3:GetObject".to_owned(),
            "--resource".to_owned(),
            format!("arn:aws:s3:::{}/{prefix}x", text("Bucket")),
            "--context".to_owned(),
            format!("s3:DataAccessPointArn={arn}"),
            "--context".to_owned(),
            "aws:CurrentTime=2026-01-01T00:00:00Z".to_owned(),
        ]);
        output.status.code()
    };
    assert_eq!(can("Reader0", "a/", "s0"), Some(0), "its own folder through its own access point");
    assert_eq!(can("Reader0", "b/", "s0"), Some(4), "not another folder");
    assert_eq!(can("Reader0", "a/", "s3"), Some(4), "not through another's access point");
}

#[test]
fn a_full_key_policy_knows_roles_by_their_tag() {
    let folder = tempfile::tempdir().expect("a folder");
    let extra = folder_shares(420);
    let stacks = synthesized(&mesh(&with(extra.clone())));
    let dataset =
        stacks.iter().find(|stack| stack.entry.kind == StackKind::Dataset).expect("the stack");
    assert!(dataset.json.contains("aws:PrincipalTag/lakewright:role"), "the key's policy was full");
    write_mesh(
        folder.path(),
        &[("base.yaml".to_owned(), BASE.to_owned()), ("extra.yaml".to_owned(), extra)],
    );
    let path = folder.path().to_str().expect("text");
    let proof = transcript(&lakewright(["prove", path]));
    assert!(proof.starts_with("exit: 0\n"), "{proof}");
    let check = transcript(&lakewright(["check", path]));
    assert!(check.starts_with("exit: 0\n"), "{check}");
    // The matrix still shows a reader whose access is granted in another way.
    let asked = ["access", path, "--principal", "team/big/Reader0", "--format", "csv"];
    let access = transcript(&lakewright(asked));
    for reached in [" key/", "/object/a/*"] {
        assert!(access.contains(reached), "{reached}: {access}");
    }
    // Without these conditions, principals of other accounts with the tag would have access that nobody asked for.
    let out = folder.path().join("out").to_str().expect("text").to_owned();
    let synth = lakewright(["synth", path, "--out", &out]);
    assert_eq!(synth.status.code(), Some(0));
    let template = Path::new(&out).join(&dataset.entry.template);
    let account = "\"arn:aws:iam::222222222222:root\"";
    assert!(dataset.json.contains(account), "{}", dataset.json);
    for wider in ["accounts", "aws:PrincipalTag/lakewright:role", "s3:DataAccessPointArn"] {
        let json = match wider {
            "accounts" => dataset.json.replace(account, "\"*\""),
            _ => dataset.json.clone(),
        };
        let mut value: serde_json::Value = serde_json::from_str(&json).expect("JSON");
        without(&mut value, wider);
        fs::write(&template, value.to_string()).expect("a template");
        let proof = transcript(&lakewright(["prove", "--assembly", &out]));
        assert!(proof.starts_with("exit: 4\n") && proof.contains("too much"), "{wider}: {proof}");
    }
}

/// Removes a key everywhere in a value.
fn without(value: &mut serde_json::Value, key: &str) {
    match value {
        serde_json::Value::Array(items) => items.iter_mut().for_each(|item| without(item, key)),
        serde_json::Value::Object(map) => {
            map.remove(key);
            map.values_mut().for_each(|item| without(item, key));
        }
        _ => {}
    }
}
