//! Access governance: decisions of `authorize --batch` beside a loop over Cedar's own `is_authorized`, what each policy does,
//! and the part that it has of `synth` of a mesh without policies.

#[path = "../generate.rs"]
mod generate;

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use cedar_policy::{
    Authorizer, Context, Entities, EntityId, EntityTypeName, EntityUid, PolicySet, Request,
};
use generate::Size;
use lakewright_analysis::mesh::load;
use lakewright_governance::entities::of_universe;
use lakewright_governance::store::Store;
use lakewright_governance::{Actor, Decider, Decision, Governance, ResourceKind};
use lakewright_manifest::Mesh;
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike as _;

const USERS: usize = 1_000;
const TEAMS: usize = 200;
const POLICIES: usize = 500;
const DATASETS: usize = 10_000;
/// The requests of a batch, and of the loop over Cedar.
const BATCH: usize = 1_000_000;
const LOOP: usize = 2_000;
const RUNS: usize = 5;
/// The mesh whose `synth` is measured.
const SYNTH: Size = Size { environments: 20, teams: 100, datasets: 1_000 };

fn main() {
    let memory = Path::new("/dev/shm");
    let parent = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
    let folder = tempfile::tempdir_in(parent).expect("a temporary folder");
    let path = folder.path().join("mesh.yaml");
    fs::write(&path, governed()).expect("a file");
    let mesh = load(&path).expect("files").mesh.expect("a mesh without errors");
    let governance = Governance::of(&mesh, None).expect("no problem");
    say("| what | median | rate |\n| --- | ---: | ---: |");
    let questions = questions(&governance, BATCH);
    let batch = batches(&path, folder.path(), &questions);
    let cedar = cedar(&governance, &questions[..LOOP]);
    say(&format!("\n`authorize --batch` decides {:.1} times as many", batch / cedar));
    let (wall, _) = measured(|| run(Command::new(PROGRAM).arg("policies").arg(&path)));
    say(&format!("`policies`: {} ms (goal: 3,000 ms)", wall.as_millis()));
    share_of_synth(folder.path());
}

const PROGRAM: &str = env!("CARGO_BIN_EXE_lakewright");

/// The mesh: each dataset has an owner, a domain and a tag; each policy is for one team.
fn governed() -> String {
    let mut text = String::from(
        "kind: Tenant\nid: lab\ncentral_account: \"111111111111\"\nhome_region: eu-west-1\npivot_role:\n  \
         external_id: lab-0123456789\n  trusted_roles: [\"arn:aws:iam::111111111111:role/platform\"]\n---\n\
         kind: Organization\nid: org\nteam: T0\n---\nkind: Environment\nid: dev\norganization: org\n\
         account: \"222222222222\"\nregion: eu-west-1\nteam: T0\nteams:\n",
    );
    let mut add = |more: std::fmt::Arguments<'_>| text.write_fmt(more).expect("a string");
    for team in 1..TEAMS {
        add(format_args!("  - {{ team: T{team}, permissions: [create_dataset] }}\n"));
    }
    for domain in 0..20 {
        add(format_args!("---\nkind: Domain\nid: d{domain}\nowners: [T{domain}]\n"));
    }
    for number in 0..DATASETS {
        add(format_args!(
            "---\nkind: Dataset\nid: s{number}\nenvironment: dev\nteam: T{}\ndomain: d{}\ntopics: [t]\n\
             keywords: [k{}]\n",
            number % TEAMS,
            number % 20,
            number % 50
        ));
    }
    let privileges =
        ["edit_tags", "edit_links", "edit_owners", "delete", "edit_entity", "add_tags"];
    for number in 0..POLICIES {
        let effect = if number % 10 == 0 { "deny" } else { "allow" };
        let what = match number % 3 {
            0 => format!("domains: [d{}]", number % 20),
            1 => format!("tags: [k{}]", number % 50),
            _ => format!("ids: [dataset/s{}]", number % DATASETS),
        };
        add(format_args!(
            "---\nkind: AccessPolicy\nid: p{number}\neffect: {effect}\nactors: {{ teams: [T{}] }}\n\
             privileges: [metadata.{}]\nresources: {{ {what} }}\n",
            number % TEAMS,
            privileges[number % privileges.len()]
        ));
    }
    text
}

/// A user with the teams, a privilege and a dataset.
struct Question {
    actor: Actor,
    privilege: String,
    dataset: String,
}

/// Questions about all users, datasets and privileges of metadata, mixed.
fn questions(governance: &Governance, count: usize) -> Vec<Question> {
    let known = &governance.privileges;
    let privileges: Vec<&str> = known
        .all()
        .filter(|one| known.about(*one).contains(&ResourceKind::Dataset))
        .map(|one| known.name(one))
        .filter(|name| name.starts_with("metadata."))
        .collect();
    let actors: Vec<Actor> = (0..USERS)
        .map(|user| {
            let teams = (0..3).map(|team| format!("T{}", (user * 7 + team * 31) % TEAMS));
            teams.fold(Actor::new(format!("u{user}")), Actor::member_of)
        })
        .collect();
    let question = |number: usize| {
        let mixed = number.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        Question {
            actor: actors[(mixed >> 7) % USERS].clone(),
            privilege: privileges[(mixed >> 41) % privileges.len()].to_owned(),
            dataset: format!("s{}", (mixed >> 23) % DATASETS),
        }
    };
    (0..count).map(question).collect()
}

/// Decisions of `authorize --batch` per second of CPU time, without the time in which the mesh is read.
fn batches(mesh: &Path, folder: &Path, questions: &[Question]) -> f64 {
    let lines = |questions: &[Question]| -> String {
        let mut text = String::new();
        for Question { actor, privilege, dataset } in questions {
            let teams: Vec<String> = actor.teams.iter().map(|team| format!("\"{team}\"")).collect();
            writeln!(
                text,
                "{{\"actor\": \"user:{}\", \"member_of\": [{}], \"privilege\": \"{privilege}\", \"resource\": \
                 \"dataset/{dataset}\"}}",
                actor.user,
                teams.join(", ")
            )
            .expect("a string");
        }
        text
    };
    let [one, all] = ["one.jsonl", "all.jsonl"].map(|name| folder.join(name));
    fs::write(&one, lines(&questions[..1])).expect("a file");
    fs::write(&all, lines(questions)).expect("a file");
    let ask = |batch: &Path| {
        run(Command::new(PROGRAM).arg("authorize").arg(mesh).arg("--batch").arg(batch));
    };
    let (_, reading) = measured(|| ask(&one));
    let (wall, whole) = measured(|| ask(&all));
    let rate = per_second(questions.len(), whole.saturating_sub(reading));
    say(&format!("| read the mesh, one decision | {} ms CPU | |", reading.as_millis()));
    say(&format!(
        "| `authorize --batch`, {BATCH} decisions | {} ms, {} ms CPU | {rate:.0}/s |",
        wall.as_millis(),
        whole.as_millis()
    ));
    rate
}

/// Decisions of Cedar per second, with all policies and the entities of the whole mesh. Each decision is that of the decider.
fn cedar(governance: &Governance, questions: &[Question]) -> f64 {
    let schema = governance.schema().expect("a schema");
    let policies = governance.policy_set().expect("policies");
    let actors: Vec<Actor> = questions.iter().map(|question| question.actor.clone()).collect();
    let entities = of_universe(&governance.universe, &actors, &schema).expect("entities");
    let from = Instant::now();
    let answers: Vec<bool> =
        questions.iter().map(|one| is_allowed(one, &policies, &entities)).collect();
    let took = from.elapsed();
    let mut decider = Decider::new(governance);
    for (question, is_allowed) in questions.iter().zip(answers) {
        let resource = governance.resource(&format!("dataset/{}", question.dataset));
        let resource = resource.expect("a resource");
        let privilege = governance.privilege(&question.privilege).expect("a privilege");
        let actor = governance.actor(question.actor.clone());
        let verdict = decider.decide(&actor, privilege, governance.target(&resource));
        assert_eq!(verdict.expect("an answer").decision == Decision::Allow, is_allowed);
    }
    let rate = per_second(questions.len(), took);
    say(&format!(
        "| Cedar's `is_authorized`, {LOOP} decisions | {} ms | {rate:.0}/s |",
        took.as_millis()
    ));
    rate
}

fn is_allowed(question: &Question, policies: &PolicySet, entities: &Entities) -> bool {
    let uid = |kind: &str, id: &str| {
        let kind: EntityTypeName = format!("Lakewright::{kind}").parse().expect("a name");
        EntityUid::from_type_name_and_id(kind, EntityId::new(id))
    };
    let request = Request::new(
        uid("User", &question.actor.user),
        uid("Action", &question.privilege),
        uid("Dataset", &question.dataset),
        Context::empty(),
        None,
    );
    let response =
        Authorizer::new().is_authorized(&request.expect("a request"), policies, entities);
    response.decision() == cedar_policy::Decision::Allow
}

/// What governance adds to `synth` of a mesh without policies: its problems, and its policy store.
fn share_of_synth(folder: &Path) {
    let mesh = folder.join("plain");
    for (path, text) in generate::mesh(SYNTH) {
        let path = mesh.join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, text).expect("a file");
    }
    let (_, synth) = measured(|| {
        let out = folder.join("out");
        run(Command::new(PROGRAM).arg("synth").arg(&mesh).args(["--quiet", "--out"]).arg(&out));
        fs::remove_dir_all(out).expect("the output");
    });
    let read: Mesh = load(&mesh).expect("files").mesh.expect("a mesh");
    assert!(read.access_policies.is_empty());
    let (governance, _) = measured(|| {
        assert!(Governance::problems(&read).is_empty());
        assert!(Store::of(&read).is_none());
    });
    say(&format!(
        "`synth` of {} datasets without policies: {} ms CPU, of them governance {:.2} ms: {:.1} % (goal: 10 %)",
        SYNTH.datasets,
        synth.as_millis(),
        1e3 * governance.as_secs_f64(),
        100.0 * governance.as_secs_f64() / synth.as_secs_f64()
    ));
}

/// The medians of wall time, and of the CPU time of the processes that were started.
fn measured(mut work: impl FnMut()) -> (Duration, Duration) {
    let mut runs: Vec<(Duration, Duration)> = (0..RUNS)
        .map(|_| {
            let (before, start) = (cpu(), Instant::now());
            work();
            (start.elapsed(), cpu().saturating_sub(before))
        })
        .collect();
    runs.sort_unstable();
    let wall = runs[RUNS / 2].0;
    runs.sort_unstable_by_key(|(_, cpu)| *cpu);
    (wall, runs[RUNS / 2].1)
}

/// Runs the program. A batch with denied requests exits with 4.
fn run(command: &mut Command) {
    let status = command.stdout(Stdio::null()).status().expect("the program runs");
    assert!(matches!(status.code(), Some(0 | 4)), "{status}");
}

fn cpu() -> Duration {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).expect("the system counts");
    let micros = usage.user_time().num_microseconds() + usage.system_time().num_microseconds();
    Duration::from_micros(u64::try_from(micros).unwrap_or_default())
}

fn per_second(count: usize, took: Duration) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX)) / took.as_secs_f64()
}

fn say(line: &str) {
    writeln!(std::io::stdout(), "{line}").expect("somebody reads");
}
