//! Random small meshes: `authorize` and the templates agree, and what is revoked leaves no trace.
//!
//! A long run: `PROPTEST_CASES=1024 cargo test --release -p lakewright-cli --test it -- data_policies::agreement`.

use std::collections::BTreeSet;

use lakewright_governance::{Actor, Decider, Decision as Decided, Governance};
use lakewright_manifest::Mesh;
use proptest::prelude::{ProptestConfig, Strategy, any, prop};
use proptest::test_runner::RngSeed;
use proptest::{prop_assert, prop_assert_eq, proptest};

use super::{DATASETS, Data, How, TEAMS, dataset, domain, policy, templates, two_datasets, with};
use crate::run::{mesh, resolved, synthesized};

/// What access governance answers to a person who is a member of one team.
pub(super) struct Rules<'g> {
    governance: &'g Governance,
    decider: Decider<'g>,
}

impl<'g> Rules<'g> {
    pub(super) fn of(governance: &'g Governance) -> Self {
        Self { governance, decider: Decider::new(governance) }
    }

    fn decided(&mut self, team: &str, privilege: &str, resource: &str) -> (Decided, bool) {
        let actor = self.governance.actor(Actor::new("jo").member_of(team));
        let resource = self.governance.resource(resource).expect("a resource");
        let privilege = self.governance.privilege(privilege).expect("a privilege");
        let target = self.governance.target(&resource);
        let verdict = self.decider.decide(&actor, privilege, target).expect("an answer");
        (verdict.decision, verdict.rules.is_empty())
    }

    pub(super) fn allows(&mut self, team: &str, privileges: &[&str], resource: &str) -> bool {
        privileges.iter().any(|one| self.decided(team, one, resource).0 == Decided::Allow)
    }

    /// Whether nothing denies it.
    fn leaves(&mut self, team: &str, privilege: &str, resource: &str) -> bool {
        let (decision, is_by_default) = self.decided(team, privilege, resource);
        decision == Decided::Allow || is_by_default
    }
}

/// The privileges that read objects, and those that read tables (docs/governance.md, "Data").
const READ_OBJECTS: [&str; 2] = ["data.read", "data.read_only"];
const READ_TABLES: [&str; 3] = ["data.read", "data.read_only", "data.query"];

/// Compares both sides for a dataset and a team. Whoever has the bucket has its folders, whoever has a table its columns,
/// as far as nothing denies them.
fn differences(data: &Data<'_>, rules: &mut Rules<'_>, team: &str, id: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut compare = |what: &str, granted: bool, decided: bool| {
        if granted != decided {
            wrong.push(format!("{team}: {what} of {id}: templates {granted}, policies {decided}"));
        }
    };
    let (bucket, folder) = (format!("dataset/{id}"), format!("folder/{id}/exports"));
    for (how, privileges, privilege) in [
        (How::Read, &READ_OBJECTS[..], "data.read"),
        (How::Write, &["data.write"][..], "data.write"),
    ] {
        let whole = rules.allows(team, privileges, &bucket);
        compare(&format!("{how:?} objects"), data.object(team, id, "any", how), whole);
        let part = rules.allows(team, privileges, &folder)
            || (whole && rules.leaves(team, privilege, &folder));
        compare(&format!("{how:?} folder"), data.object(team, id, "exports/x", how), part);
    }
    for (table, columns) in [("orders", &["id", "email"][..]), ("sums", &["total"][..])] {
        let name = format!("table/{id}/{table}");
        let reads = rules.allows(team, &READ_TABLES, &name);
        let mut every_column = true;
        for column in columns {
            let part = format!("column/{id}/{table}/{column}");
            let is_read = rules.allows(team, &READ_TABLES, &part)
                || (reads && rules.leaves(team, "data.read", &part));
            every_column &= is_read;
            let granted = data.table(team, id, table, &[column], How::Read);
            compare(&format!("Read {table}.{column}"), granted, is_read);
        }
        let granted = data.table(team, id, table, &[], How::Read);
        compare(&format!("Read {table}"), granted, reads && every_column);
        let writes = rules.allows(team, &["data.write"], &name);
        compare(&format!("Write {table}"), data.table(team, id, table, &[], How::Write), writes);
    }
    wrong
}

pub(super) fn all_differences(mesh: &Mesh) -> Vec<String> {
    let data = Data::of(mesh);
    let governance = Governance::of(mesh, None).expect("policies that apply");
    let mut rules = Rules::of(&governance);
    let mut wrong = Vec::new();
    for team in TEAMS {
        for id in DATASETS {
            wrong.extend(differences(&data, &mut rules, team, id));
        }
    }
    wrong
}

/// One document that gives or denies data, from numbers.
fn drawn(number: usize, [kind, who, what, which, how]: [usize; 5]) -> String {
    if kind % 5 == 4 {
        let items = [
            "[{ bucket: true }]",
            "[{ table: orders }, { folder: exports }]",
            "[{ table: orders, columns: [id] }]",
            "[{ table: sums }]",
        ][what % 4];
        let permissions = if what % 4 == 2 { "read" } else { ["read", "write", "modify"][how % 3] };
        let (environment, team) =
            [("dev", "Near"), ("lab", "Far"), ("dev", "Both"), ("lab", "Both")][who % 4];
        let dataset = DATASETS[which % 2];
        return format!(
            "kind: Share\nid: s{number}-{dataset}\ndataset: {dataset}\nenvironment: {environment}\nteam: {team}\nitems: {items}\npermissions: [{permissions}]\nstatus: approved\napproved_by: Owners\n"
        );
    }
    let effect = if kind % 5 < 3 { "allow" } else { "deny" };
    let who = [
        "teams: [Near]",
        "teams: [Far, Both]",
        "all_users: true, except: { teams: [Owners, Keepers] }",
        "stewards: true",
        "owners: true",
        "connection_admins: true",
        "teams: [Both]",
    ][who % 7];
    let one = DATASETS[which % 2];
    let resources = [
        "domains: [things]".to_owned(),
        format!("ids: [dataset/{one}]"),
        format!("ids: [table/{one}/orders, column/{one}/orders/id, column/{one}/orders/email]"),
        "types: [table, column]".to_owned(),
        "tags: [pii]".to_owned(),
        format!("ids: [folder/{one}/exports]"),
        "types: [dataset, folder], environments: [dev]".to_owned(),
        format!("ids: [column/{one}/orders/id, table/{one}/sums, column/{one}/sums/total]"),
    ];
    let resources = &resources[what % resources.len()];
    let privileges = if effect == "deny" {
        ["\"data.*\"", "data.read, data.write", "data.write"][how % 3]
    } else {
        ["data.read", "data.read, data.write", "data.query, data.preview", "data.read_only"]
            [how % 4]
    };
    policy(
        &format!("p{number}"),
        &format!(
            "effect: {effect}\nactors: {{ {who} }}\nprivileges: [{privileges}]\nresources: {{ {resources} }}"
        ),
    )
}

fn draws(most: usize) -> impl Strategy<Value = Vec<[usize; 5]>> {
    prop::collection::vec(prop::array::uniform5(any::<u16>().prop_map(usize::from)), 1..=most)
}

/// The documents that can stand together: each is added unless it is an error beside the others.
fn accepted(of_domain: &str, drawn_ones: &[[usize; 5]]) -> (Vec<String>, usize) {
    let mut all = vec![domain(of_domain), dataset("one"), dataset("two")];
    let mut refused = 0;
    for (number, from) in drawn_ones.iter().enumerate() {
        all.push(drawn(number, *from));
        if resolved(&with(&all)).0.is_none() {
            all.pop();
            refused += 1;
        }
    }
    (all, refused)
}

fn config(cases: u32) -> ProptestConfig {
    let default = ProptestConfig::default();
    let is_long = std::env::var_os("PROPTEST_CASES").is_some();
    ProptestConfig {
        cases: if is_long { default.cases } else { cases },
        rng_seed: if is_long { default.rng_seed } else { RngSeed::Fixed(1) },
        failure_persistence: None,
        ..default
    }
}

const OF_DOMAIN: [&str; 4] = [
    "",
    "dataset_level_access: [Near]\n",
    "dataset_level_access: [Far]\n",
    "dataset_level_access: [Both, Far, Owners]\n",
];

proptest! {
    #![proptest_config(config(24))]

    /// `authorize` and the templates agree on who reads and writes what.
    #[test]
    fn policies_decide_as_the_templates_do(level in 0..4_usize, from in draws(5)) {
        let (documents, _) = accepted(OF_DOMAIN[level], &from);
        let mesh = mesh(&with(&documents));
        let wrong = all_differences(&mesh);
        prop_assert!(wrong.is_empty(), "{}\n{wrong:#?}", documents[3..].join("---\n"));
    }

    /// What is revoked leaves no trace: after each step of giving and revoking, the templates are those of a mesh in which
    /// the revoked documents never stood, byte for byte.
    #[test]
    fn what_is_revoked_leaves_no_trace(level in 0..4_usize, from in draws(5), order in draws(6)) {
        let before = templates(&synthesized(&two_datasets("", &[])));
        let (documents, _) = accepted(OF_DOMAIN[level], &from);
        let given = &documents[3..];
        let mut active: BTreeSet<usize> = BTreeSet::new();
        let mut of_domain = "";
        for [which, ..] in order {
            let was = (active.clone(), of_domain);
            match which % (given.len() + 1) {
                0 => of_domain = if of_domain.is_empty() { OF_DOMAIN[level] } else { "" },
                other => {
                    if !active.insert(other - 1) {
                        active.remove(&(other - 1));
                    }
                }
            }
            let shown = |number: usize, text: &String| {
                if active.contains(&number) { text.clone() } else { revoked(text) }
            };
            let all: Vec<String> = given.iter().enumerate().map(|(at, text)| shown(at, text)).collect();
            let only: Vec<String> = active.iter().map(|at| given[*at].clone()).collect();
            // Without what else is given, a denial can be of a part of an access.
            if !stands(of_domain, &all) {
                (active, of_domain) = was;
                continue;
            }
            let with_revoked = templates(&synthesized(&two_datasets(of_domain, &all)));
            let without = templates(&synthesized(&two_datasets(of_domain, &only)));
            prop_assert_eq!(with_revoked, without);
        }
        let all: Vec<String> = given.iter().map(|text| revoked(text)).collect();
        prop_assert_eq!(templates(&synthesized(&two_datasets("", &all))), before);
    }
}

/// A document whose access is taken back, as the pages of its kind say.
fn revoked(text: &str) -> String {
    if text.starts_with("kind: Share") {
        return text.replace("status: approved\n", "status: revoked\n");
    }
    text.replacen("kind: AccessPolicy\n", "kind: AccessPolicy\nstate: inactive\n", 1)
}

fn stands(of_domain: &str, more: &[String]) -> bool {
    let mut all = vec![domain(of_domain), dataset("one"), dataset("two")];
    all.extend(more.iter().cloned());
    resolved(&with(&all)).0.is_some()
}
