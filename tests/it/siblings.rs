//! Access to a resource does not extend to resources whose names begin with the same characters.
//!
//! "A prefix is a string of characters at the beginning of the object key name" ("Organizing objects using prefixes" in the
//! Amazon S3 user guide), and a wildcard in a policy's resource stands for any characters ("IAM JSON policy elements:
//! Resource"): `exports*` also matches `exports-private/`.

use std::fmt::Write as _;

use lakewright_access::action::Action;
use lakewright_access::evaluate::Decision;
use lakewright_access::request::{Context, Principal, Request};
use lakewright_access::world::{Outside, World};
use lakewright_manifest::mesh::{Dataset, Environment, Mesh};
use lakewright_manifest::{Code, Diagnostic, TeamName};
use lakewright_stacks::{Names, Plan};

use crate::limits::with;
use crate::run::{mesh, resolved, synthesized, world};

const DATASETS: [&str; 3] = ["a", "ab", "a-b"];
const FOLDERS: [(&str, &str); 4] = [("a", "a/"), ("ab", "ab/"), ("a-b", "a-b/"), ("a--b", "a_b/")];
const TABLES: [&str; 4] = ["a", "ab", "a-b", "a_b"];
/// One in the datasets' own account, and one in another account.
const ENVIRONMENTS: [(&str, &str); 2] = [("near", "222222222222"), ("far", "333333333333")];

/// A part of a dataset that can be shared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Item {
    Folder { id: &'static str, prefix: &'static str },
    Table(&'static str),
    Bucket,
}

/// A shared resource. In each environment, one team has a share of it and nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Thing {
    dataset: &'static str,
    item: Item,
}

impl Thing {
    fn all() -> Vec<Self> {
        let of = |dataset: &'static str| {
            let folders = FOLDERS.map(|(id, prefix)| Item::Folder { id, prefix });
            let items = folders.into_iter().chain(TABLES.map(Item::Table)).chain([Item::Bucket]);
            items.map(move |item| Self { dataset, item })
        };
        DATASETS.into_iter().flat_map(of).collect()
    }

    fn team(self) -> String {
        let dataset = self.dataset;
        match self.item {
            Item::Folder { id, .. } => format!("{dataset}.folder.{id}"),
            Item::Table(name) => format!("{dataset}.table.{name}"),
            Item::Bucket => format!("{dataset}.bucket"),
        }
    }

    fn share(self, environment: &str) -> String {
        let team = self.team().replace('_', "--").replace('.', "-");
        format!("{environment}-{team}")
    }

    fn yaml(self) -> String {
        match self.item {
            Item::Folder { id, .. } => format!("{{ folder: {id} }}"),
            Item::Table(name) => format!("{{ table: {name} }}"),
            Item::Bucket => "{ bucket: true }".to_owned(),
        }
    }
}

/// Datasets, folders, tables and teams with similar names. Each resource is shared with a team of its own.
fn text() -> String {
    let mut text = String::new();
    let tables = TABLES.map(|name| format!("  - {{ name: {name}, location: tables/{name} }}\n"));
    let folders = FOLDERS.map(|(id, prefix)| format!("  - {{ id: {id}, prefix: {prefix} }}\n"));
    for dataset in DATASETS {
        writeln!(
            text,
            "kind: Dataset\nid: {dataset}\nenvironment: dev\nteam: Owners\ntopics: [T]\nkeywords: [k]\n\
             tables:\n{}folders:\n{}---",
            tables.concat(),
            folders.concat()
        )
        .expect("a string takes all");
    }
    for (environment, account) in ENVIRONMENTS {
        for thing in Thing::all() {
            writeln!(
                text,
                "kind: Share\nid: {}\ndataset: {}\nenvironment: {environment}\nteam: {}\nitems: [{}]\n\
                 status: approved\napproved_by: Owners\n---",
                thing.share(environment),
                thing.dataset,
                thing.team(),
                thing.yaml()
            )
            .expect("a string takes all");
        }
        writeln!(
            text,
            "kind: Environment\nid: {environment}\norganization: org\naccount: \"{account}\"\n\
             region: eu-west-1\nteam: Linkers\nteams:"
        )
        .expect("a string takes all");
        for thing in Thing::all() {
            let team = thing.team();
            writeln!(text, "  - {{ team: {team}, permissions: [create_share, run_athena_query] }}")
                .expect("a string takes all");
        }
        text.push_str("---\n");
    }
    text.trim_end_matches("---\n").to_owned()
}

/// A request, and whether it must be allowed.
struct Ask {
    action: &'static str,
    resource: String,
    context: Context,
    is_given: bool,
}

impl Ask {
    fn new(action: &'static str, resource: String, is_given: bool) -> Self {
        Self { action, resource, context: Context::new(), is_given }
    }

    fn with(mut self, key: &str, value: &str) -> Self {
        self.context.set(key, [value]);
        self
    }
}

/// The mesh, and the access model of its templates.
struct Deployed {
    mesh: Mesh,
    world: World,
}

impl Deployed {
    fn of(text: String) -> Self {
        let mesh = mesh(&with(text));
        let world = world(&synthesized(&mesh));
        Self { mesh, world }
    }

    fn names(&self) -> Names<'_> {
        Names::new(&self.mesh)
    }

    fn environment(&self, id: &str) -> &Environment {
        let mut all = self.mesh.environments.values();
        all.find(|one| one.header.id.as_str() == id).expect("an environment")
    }

    fn dataset(&self, id: &str) -> &Dataset {
        let mut all = self.mesh.datasets.values();
        all.find(|one| one.header.id.as_str() == id).expect("a dataset")
    }

    fn role(&self, environment: &str, thing: Thing) -> String {
        let environment = self.environment(environment);
        let mut teams = environment.teams.iter();
        let team = teams.find(|one| one.team.as_str() == thing.team()).expect("a team");
        self.names().team_role_arn(environment, team)
    }

    fn bucket(&self, dataset: &str) -> String {
        let name = self.names().dataset_bucket(self.environment("dev"), self.dataset(dataset));
        format!("arn:aws:s3:::{name}")
    }

    fn key(&self, dataset: &str) -> String {
        let name = self.names().dataset_alias(self.environment("dev"), self.dataset(dataset));
        let alias = format!("arn:aws:kms:eu-west-1:222222222222:alias/{name}");
        self.world.aliases().get(&alias).expect("the dataset's key").clone()
    }

    fn table(&self, dataset: &str, table: &str) -> String {
        let name = self.names().dataset_database(self.environment("dev"), self.dataset(dataset));
        format!("arn:aws:glue:eu-west-1:222222222222:table/{name}/{table}")
    }

    fn access_point(&self, environment: &str, thing: Thing) -> String {
        let mut shares = self.mesh.shares.values();
        let share = shares.find(|one| one.header.id.as_str() == thing.share(environment));
        let id = &share.expect("the share").header.id;
        let name = self.names().access_point(self.environment("dev"), id);
        format!("arn:aws:s3:eu-west-1:222222222222:accesspoint/{name}")
    }

    /// All ways in which the team of one resource could access another, or the same one.
    fn ways(&self, environment: &str, who: Thing, what: Thing) -> Vec<Ask> {
        let bucket = self.bucket(what.dataset);
        let has_bucket = who.item == Item::Bucket && who.dataset == what.dataset;
        let is_it = who == what;
        match what.item {
            Item::Bucket => {
                vec![Ask::new("s3:GetObject", format!("{bucket}/loose"), has_bucket)]
            }
            Item::Table(name) => {
                let table = self.table(what.dataset, name);
                vec![
                    Ask::new("lakeformation:SELECT", table.clone(), is_it),
                    Ask::new("glue:GetTable", table, is_it),
                    Ask::new("s3:GetObject", format!("{bucket}/tables/{name}/part"), has_bucket),
                ]
            }
            Item::Folder { prefix, .. } => {
                let mut ways =
                    vec![Ask::new("s3:GetObject", format!("{bucket}/{prefix}key"), has_bucket)];
                let mut points = vec![self.access_point(environment, what)];
                // An access point of another dataset belongs to another bucket.
                if matches!(who.item, Item::Folder { .. }) && who.dataset == what.dataset {
                    points.push(self.access_point(environment, who));
                }
                for point in points {
                    let through = format!("{point}/object/{prefix}key");
                    ways.push(Ask::new("s3:GetObject", through, is_it));
                    let list = Ask::new("s3:ListBucket", point.clone(), is_it);
                    ways.push(list.with("s3:prefix", prefix));
                    let behind = format!("{bucket}/{prefix}key");
                    let behind = Ask::new("s3:GetObject", behind, is_it);
                    ways.push(behind.with("s3:DataAccessPointArn", &point));
                }
                ways
            }
        }
    }

    /// A decision that differs from the expected one. Unknown counts as wrong.
    fn wrong(&self, role: &str, ask: &Ask) -> Option<String> {
        let Ask { action, resource, context, is_given } = ask;
        let principal = Principal::role(role);
        let request =
            Request { principal: &principal, action: Action::new(action), resource, context };
        let decision = self.world.decide(&request, Outside::Unknown).decision;
        let is_right = match decision {
            Decision::Allow => *is_given,
            Decision::ExplicitDeny | Decision::ImplicitDeny => !is_given,
            Decision::Unknown => false,
        };
        (!is_right).then(|| format!("{role} {action} {resource}: {}", decision.as_str()))
    }
}

#[test]
fn a_share_of_one_thing_gives_none_of_its_siblings() {
    let deployed = Deployed::of(text());
    let mut wrong = Vec::new();
    for (environment, _) in ENVIRONMENTS {
        for who in Thing::all() {
            let role = deployed.role(environment, who);
            let mut asks: Vec<Ask> = Thing::all()
                .into_iter()
                .flat_map(|what| deployed.ways(environment, who, what))
                .collect();
            for dataset in DATASETS {
                // For tables, Lake Formation decrypts, so the team needs no access to the key.
                let is_given = who.dataset == dataset && !matches!(who.item, Item::Table(_));
                let key = Ask::new("kms:Decrypt", deployed.key(dataset), is_given);
                asks.push(key.with("kms:ViaService", "s3.eu-west-1.amazonaws.com"));
            }
            wrong.extend(asks.iter().filter_map(|ask| deployed.wrong(&role, ask)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_datasets_role_reaches_none_of_its_siblings() {
    let deployed = Deployed::of(text());
    let names = deployed.names();
    let dev = deployed.environment("dev");
    let results = format!("arn:aws:s3:::{}/profiling/results", names.environment_bucket(dev));
    let logs = "arn:aws:logs:eu-west-1:222222222222:log-group:/aws-glue/jobs/logs-v2-";
    let name = |dataset: &str| names.dataset_role(dev, deployed.dataset(dataset));
    let mut wrong = Vec::new();
    for own in DATASETS {
        let role = format!("arn:aws:iam::222222222222:role/{}", name(own));
        for other in DATASETS {
            let is_own = own == other;
            let uri = names.dataset_uri(dev, deployed.dataset(other));
            let group = format!("{logs}{}-x:log-stream:y", name(other));
            let asks = [
                Ask::new("s3:GetObject", format!("{}/a/key", deployed.bucket(other)), is_own),
                Ask::new("kms:Decrypt", deployed.key(other), is_own),
                Ask::new("lakeformation:SELECT", deployed.table(other, "a"), is_own),
                Ask::new("logs:PutLogEvents", group, is_own),
                Ask::new("s3:GetObject", format!("{results}/{uri}/x"), is_own),
            ];
            wrong.extend(asks.iter().filter_map(|ask| deployed.wrong(&role, ask)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_teams_results_are_none_of_its_siblings() {
    let deployed = Deployed::of(text());
    let near = deployed.environment("near");
    let bucket = deployed.names().results_bucket(near);
    let mut wrong = Vec::new();
    for own in Thing::all() {
        let role = deployed.role("near", own);
        for other in Thing::all() {
            let team = TeamName::parse(&other.team()).expect("a team");
            let folder = deployed.names().team(near, &team);
            let object = format!("arn:aws:s3:::{bucket}/athenaqueries/{folder}/result");
            let ask = Ask::new("s3:GetObject", object, own == other);
            wrong.extend(deployed.wrong(&role, &ask));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The intended grants are not derived from the patterns in the templates, and they end at a slash as well.
#[test]
fn what_is_meant_by_a_share_ends_at_a_slash() {
    let stacks = synthesized(&mesh(&with(text())));
    let mut seen = 0;
    for (record, _) in stacks.iter().flat_map(|stack| &stack.lowered.records) {
        let is_data = matches!(record.access, "list" | "read" | "write");
        let arns = record.resources.iter().filter(|arn| arn.starts_with("arn:aws:s3:"));
        for arn in arns.filter(|_| is_data && record.principal.starts_with("team/")) {
            let before_star = arn.split('*').rev().skip(1);
            assert!(before_star.clone().all(|part| part.ends_with('/')), "{record:?}");
            seen += before_star.count();
        }
    }
    assert!(seen > 50, "{seen} patterns");
}

/// A dataset with these lines; its keywords are on line 6.
fn dataset(id: &str, lines: &str) -> String {
    format!(
        "kind: Dataset\nid: {id}\nenvironment: dev\nteam: Owners\ntopics: [T]\nkeywords: [k]\n{lines}"
    )
}

fn found(text: String) -> Vec<Diagnostic> {
    resolved(&with(text)).1.iter().cloned().collect()
}

#[test]
fn an_open_prefix_is_an_error_at_its_line_with_the_fix() {
    let lines = "folders:\n  - id: exports\n    prefix: exports\n  - id: private\n    prefix: exports-private/\n";
    let found = found(dataset("d", lines));
    let [open] = found.as_slice() else { unreachable!("{found:?}") };
    assert_eq!(open.code, Code::OpenPrefix);
    assert_eq!(open.help.as_deref(), Some("write `exports/`"));
    assert_eq!(open.primary.as_ref().map(|label| label.origin.span.line), Some(9));
}

#[test]
fn paths_that_go_up_or_match_others_are_refused() {
    for path in [
        "../a/",
        "a/../b/",
        "./a/",
        "/a/",
        "a//b/",
        "//",
        "a*/",
        "\"*\"",
        "a?/",
        "\"${x}/\"",
        ".",
        "..",
    ] {
        let folder = format!("folders:\n  - {{ id: f, prefix: {path} }}\n");
        let table = format!("tables:\n  - {{ name: t, location: {path} }}\n");
        for lines in [folder, table] {
            let found = found(dataset("d", &lines));
            let codes: Vec<Code> = found.iter().map(|one| one.code).collect();
            assert_eq!(codes, [Code::InvalidValue], "{lines}");
        }
    }
}

#[test]
fn places_in_one_bucket_lie_apart() {
    let places = |folders: &[&str], tables: &[(&str, &str)]| {
        let folders = folders.iter().enumerate();
        let folders: Vec<String> = folders
            .map(|(number, prefix)| format!("  - {{ id: f{number}, prefix: {prefix} }}\n"))
            .collect();
        let tables: Vec<String> = tables
            .iter()
            .map(|(name, location)| format!("  - {{ name: {name}{location} }}\n"))
            .collect();
        let list = |name: &str, lines: Vec<String>| {
            if lines.is_empty() { String::new() } else { format!("{name}:\n{}", lines.concat()) }
        };
        list("folders", folders) + &list("tables", tables)
    };
    let codes = |text: String| -> Vec<Code> { found(text).iter().map(|one| one.code).collect() };
    let of = |lines: &str| codes(dataset("d", lines));
    // Separate folders, however similar their names.
    let apart = places(&["a/", "ab/", "a-b/", "a_b/"], &[("t", ""), ("tt", ""), ("t-t", "")]);
    assert_eq!(of(&apart), Vec::<Code>::new());
    for (folders, tables) in [
        (vec!["a/", "a/b/"], vec![]),
        (vec!["a/b/c/", "a/"], vec![]),
        (vec!["a/", "a/"], vec![]),
        (vec!["t/"], vec![("t", "")]),
        (vec!["a/"], vec![("t", ", location: a/t")]),
        (vec!["a/b/"], vec![("t", ", location: a")]),
        (vec![], vec![("t", ", location: a"), ("u", ", location: a/u/")]),
        (vec![], vec![("t", ", location: a"), ("u", ", location: a/")]),
    ] {
        assert_eq!(of(&places(&folders, &tables)), [Code::OverlappingPlaces], "{folders:?}");
    }
    // Datasets that import the same bucket share its keys; datasets with separate buckets do not.
    let import = "import: { bucket: theirs, register_location: false }\n";
    let two = |import: &str, second: &str| {
        let first = dataset("d", &format!("{import}{}", places(&["a/"], &[])));
        let second = dataset("e", &format!("{import}{}", places(&[second], &[])));
        codes(format!("{first}---\n{second}"))
    };
    assert_eq!(two(import, "a/b/"), [Code::OverlappingPlaces]);
    assert_eq!(two(import, "ab/"), Vec::<Code>::new());
    assert_eq!(two("", "a/b/"), Vec::<Code>::new());
}

#[test]
fn no_name_goes_on_where_the_name_of_a_team_or_a_dataset_ends() {
    let first = mesh(&with(dataset("d", "")));
    let names = Names::new(&first);
    let dev = first.environments.values().next().expect("the environment");
    let dataset_name = names.dataset_role(dev, first.datasets.values().next().expect("it"));
    let readers = TeamName::parse("Readers").expect("a team");
    for name in [dataset_name, names.team(dev, &readers)] {
        let id = name.strip_prefix("lakewright-").expect("the prefix");
        for (id, is_found) in
            [(format!("{id}-x"), true), (id.to_owned(), true), (format!("x-{id}"), false)]
        {
            let text = format!("{}---\n{}", dataset("d", ""), dataset(&id, ""));
            let mesh = mesh(&with(text));
            let report = Plan::of(&mesh, None).report;
            let codes: Vec<Code> = report.iter().map(|one| one.code).collect();
            let expected: &[Code] = if is_found { &[Code::NestedPrefix] } else { &[] };
            assert_eq!(codes, expected, "{id}");
        }
    }
}
