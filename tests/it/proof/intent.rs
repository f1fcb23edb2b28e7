//! What each kind of document is to give, stated a second time and straight from the mesh, and compared with what the
//! templates give.
//!
//! `prove` compares the templates with `grants.json`, and the same constructs write both: a grant that is wrong is
//! wrong in both, and `prove` sees nothing. Here nothing is read of grants, and no code that makes stacks is called for
//! what is meant. Ids of the mesh say who is to reach what (`meant.rs`, by the words of docs/mesh.md and docs/stacks). Of the
//! templates come only the ARNs of things, by the stack that makes them and the resource type (`principals.rs`, `asked.rs`).
//! Every principal is asked about every thing, reading, writing and deleting; about objects of datasets also for their
//! attributes.

mod asked;
mod meant;
mod principals;

use std::collections::{BTreeMap, BTreeSet};

use lakewright_manifest::document::Kind;
use lakewright_manifest::mesh::{Dataset, Import, Share, ShareStatus};
use lakewright_manifest::{Date, Mesh, SourceFile};
use lakewright_proof::action::Action;
use lakewright_proof::document::{Origin, PrincipalEntry};
use lakewright_proof::evaluate::Decision;
use lakewright_proof::request::{Principal, Request};
use lakewright_proof::world::{Code, More, Outside, Resource, Role, World};
use lakewright_stacks::Synthesized;

use crate::run::{EXAMPLES, example, mesh, sources, synthesized_on, world};
use asked::Ask;
use meant::{Intent, Stated, intent_of, stated};
use principals::{Policies, Someone};

/// Who asks, by the ids of the mesh.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Who {
    /// The environment and the team.
    Team(String, String),
    ConsumptionRole(String),
    /// A dataset's own role.
    DatasetRole(String),
    /// The pivot role of an environment.
    PivotRole(String),
    /// A role of the central account that may assume pivot roles, by ARN.
    Platform(String),
    /// The role of the central account that acts for people, by ARN.
    Broker(String),
    /// A role of a pipeline: `run`, `start`, `update` or `branches`.
    PipelineRole(String, &'static str),
    /// A role of a pipeline's stage: `build` or `approve`.
    StageRole(String, String, &'static str),
    /// What deploys, by ARN.
    Deployer(String),
    /// Any other role that a template makes, by ARN.
    Other(String),
}

/// What is asked for, by the ids of the mesh.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum What {
    /// An object of a dataset: in a folder, or in none; through the access point of a share, or directly.
    Object {
        dataset: String,
        folder: Option<String>,
        through: Option<String>,
    },
    /// A table, or some rows and columns of it.
    Table {
        dataset: String,
        table: String,
        cells: Option<String>,
    },
    /// The key that a dataset's stack makes, through S3 or directly.
    Key {
        dataset: String,
        is_through_s3: bool,
    },
    /// A role to assume.
    Role(Box<Who>),
    /// A team's role to assume for [`asked::SOMEBODY`], with the team's tag.
    RoleForSomebody(Box<Who>),
    /// Results of a team's queries, by environment and team.
    Results(String, String),
    /// The workgroup of a team.
    Workgroup(String, String),
    /// The folder for a team's Glue jobs.
    Assets(String, String),
    /// The topic to which a team tells what it produces.
    Producers(String, String),
    /// The data source of a team's dashboards.
    DataSource(String, String),
    /// The topic of an environment's consumers.
    Consumers(String),
    /// The queues of an environment.
    Queue(String),
    /// The queue of the events of a dataset's bucket.
    Events(String),
    Worksheet(String),
    Notebook(String),
    StudioProfile(String),
    Pipeline(String),
    /// The repository that a pipeline's stack makes.
    Repository(String),
    /// What the actions of a pipeline hand on.
    Artifacts(String),
    /// The approval of a pipeline's stage.
    Approval(String, String),
    Dashboard(String),
}

/// What is done with it. Of what is no data: to open, run or assume it, and to change or answer it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum How {
    Read,
    Write,
    Delete,
    /// To ask for an object's size, checksum and parts.
    Attributes,
}

impl What {
    /// The dataset whose data it is.
    fn dataset(&self) -> Option<&str> {
        let (Self::Object { dataset, .. }
        | Self::Table { dataset, .. }
        | Self::Key { dataset, .. }) = self
        else {
            return None;
        };
        Some(dataset)
    }

    /// Whether the roles that deploy have nothing to do with it. What they make, look at and change besides is stated in
    /// `execution_role.rs` and `lifecycle.rs`.
    fn is_none_of_deployment(&self) -> bool {
        match self {
            Self::Object { .. }
            | Self::Table { .. }
            | Self::Key { .. }
            | Self::Role(_)
            | Self::RoleForSomebody(_)
            | Self::Results(..)
            | Self::Assets(..)
            | Self::Repository(_)
            | Self::Artifacts(_) => true,
            Self::Workgroup(..)
            | Self::Producers(..)
            | Self::DataSource(..)
            | Self::Consumers(_)
            | Self::Queue(_)
            | Self::Events(_)
            | Self::Worksheet(_)
            | Self::Notebook(_)
            | Self::StudioProfile(_)
            | Self::Pipeline(_)
            | Self::Approval(..)
            | Self::Dashboard(_) => false,
        }
    }
}

/// What is meant by the mesh.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Meant {
    Given,
    /// Given by the mesh, and an owner outside of it has to allow it as well. It is denied when they say nothing, and not when it
    /// is unknown what they say.
    WithOwner,
    Denied,
}

/// How the templates decide one request: as if what others own said nothing, and with what others own unknown.
struct Decided {
    someone: usize,
    ask: usize,
    alone: Decision,
    plain: Decision,
}

/// The templates of a mesh on a day, asked everything.
struct Answers {
    mesh: Mesh,
    day: Date,
    world: World,
    principals: Vec<Someone>,
    asks: Vec<Ask>,
    decided: Vec<Decided>,
}

impl Answers {
    fn of(mesh: Mesh, day: &str) -> Self {
        let day = Date::parse(day).expect("a day");
        let stacks = synthesized_on(&mesh, Some(&day));
        let mut world = world(&stacks);
        // In whose account an imported bucket lies is in the mesh, and in no template.
        let imports = mesh.datasets.values().filter_map(|one| Some((one, one.import.as_ref()?)));
        let owner = |(dataset, import): (&Dataset, &Import)| {
            let account = mesh.environments[&dataset.environment].account.to_string();
            (format!("arn:aws:s3:::{}", import.bucket), account)
        };
        world.owners = imports.map(owner).collect();
        let principals = principals::all(&mesh, &stacks, &world);
        let mut asks = asked::all(&mesh, &stacks, &world, &principals);
        for ask in &mut asks {
            ask.context.set("aws:CurrentTime", [format!("{day}T12:00:00Z")]);
        }
        let alone = alone(&mesh, &stacks, &world, &principals);
        let mut decided = Vec::new();
        for (number, someone) in principals.iter().enumerate() {
            for (place, ask) in asks.iter().enumerate() {
                let is_deployer = matches!(someone.who, Who::Deployer(_));
                // A deployment empties the buckets of artifacts before it deletes them (docs/stacks/pipeline.md).
                let is_emptying = matches!(ask.what, What::Artifacts(_)) && ask.how == How::Delete;
                if is_deployer && (is_emptying || !ask.what.is_none_of_deployment()) {
                    continue;
                }
                let (alone, plain) = (decide(&alone, someone, ask), decide(&world, someone, ask));
                decided.push(Decided { someone: number, ask: place, alone, plain });
            }
        }
        Self { mesh, day, world, principals, asks, decided }
    }

    /// What is decided otherwise than it is meant.
    fn wrong(&self, intent: &Intent) -> Vec<String> {
        let wrong = self.decided.iter().filter_map(|one| {
            let (someone, ask) = (&self.principals[one.someone], &self.asks[one.ask]);
            let is_given = intent.gives(&someone.who, &ask.what, ask.how);
            let meant = if is_given && self.needs_others(someone, ask) {
                Meant::WithOwner
            } else if is_given {
                Meant::Given
            } else {
                Meant::Denied
            };
            let is_denied = |decision: Decision| {
                matches!(decision, Decision::ExplicitDeny | Decision::ImplicitDeny)
            };
            let is_unknown = one.plain == Decision::Unknown && self.may_be_unknown(someone, ask);
            let is_right = match meant {
                Meant::Given => {
                    one.alone == Decision::Allow && (one.plain == Decision::Allow || is_unknown)
                }
                Meant::WithOwner => is_denied(one.alone) && one.plain == Decision::Unknown,
                // Across accounts nothing is reached without a policy of one's own, whatever an owner says.
                Meant::Denied => {
                    let is_open = matches!(ask.what, What::Object { .. })
                        && someone.policies == Policies::Ours
                        && someone.account != ask.account;
                    is_denied(one.alone) && (is_denied(one.plain) || is_unknown && !is_open)
                }
            };
            let decisions = [one.alone.as_str(), one.plain.as_str()];
            let line = || {
                format!(
                    "{:?} {:?} {:?} ({} {}): meant {meant:?}, got {decisions:?}",
                    someone.who, ask.how, ask.what, ask.action, ask.resource
                )
            };
            (!is_right).then(line)
        });
        wrong.collect()
    }

    /// Whether it may be unknown what is decided ("Unknown is never allow" in docs/proof.md): buckets, databases and
    /// dashboards that the mesh does not make, and in its own account what a role of others asks for whose policies alone can
    /// allow it.
    fn may_be_unknown(&self, someone: &Someone, ask: &Ask) -> bool {
        let is_of_others = self.is_imported(&ask.what) || matches!(ask.what, What::Dashboard(_));
        let has_own_say = matches!(
            ask.what,
            What::Table { .. } | What::Key { .. } | What::Role(_) | What::RoleForSomebody(_)
        );
        let is_here = someone.account == ask.account;
        is_of_others || (someone.policies != Policies::Ours && is_here && !has_own_say)
    }

    fn is_imported(&self, what: &What) -> bool {
        let mut datasets = self.mesh.datasets.values();
        what.dataset().is_some_and(|id| {
            datasets.any(|one| one.header.id.as_str() == id && one.import.is_some())
        })
    }

    /// Whether an owner outside of the mesh has to allow it as well: of a role whose policies the mesh does not write, unless
    /// the thing's own policy is enough, and of an imported bucket in another account (docs/stacks/share.md, "What others must do").
    fn needs_others(&self, someone: &Someone, ask: &Ask) -> bool {
        let is_here = someone.account == ask.account;
        let is_imported = self.is_imported(&ask.what);
        let is_open = matches!(ask.what, What::Object { .. } | What::Key { .. }) && !is_imported;
        let is_enough = is_here && (is_open || matches!(ask.what, What::Role(_)));
        let is_object = matches!(ask.what, What::Object { .. });
        (someone.policies == Policies::Others && !is_enough)
            || (is_object && is_imported && !is_here)
    }
}

fn decide(world: &World, someone: &Someone, ask: &Ask) -> Decision {
    let principal = Principal::role(someone.arn.as_str());
    let action = Action::new(ask.action);
    let request =
        Request { principal: &principal, action, resource: &ask.resource, context: &ask.context };
    world.decide(&request, Outside::Unknown).decision
}

/// The world as if what others own said nothing: their roles have no policies but the mesh's, their buckets none, their
/// databases are Lake Formation's alone, and everybody has opted in. So each decision is the mesh's own.
fn alone(mesh: &Mesh, stacks: &[Synthesized], plain: &World, principals: &[Someone]) -> World {
    let mut world = plain.clone();
    let trust = plain.roles.values().next().expect("a role").trust.clone();
    for someone in principals {
        let role = world.roles.entry(someone.arn.clone()).or_insert_with(|| {
            let mut trust = trust.clone();
            trust.origin = Origin::default();
            trust.statements.clear();
            Role {
                arn: someone.arn.clone(),
                account: someone.account.clone(),
                tags: BTreeMap::new(),
                boundary: None,
                identity: Vec::new(),
                managed: BTreeMap::new(),
                has_foreign_policies: false,
                foreign_policies: Vec::new(),
                more: More::default(),
                trust,
            }
        });
        role.has_foreign_policies = false;
    }
    for dataset in mesh.datasets.values() {
        let Some(import) = &dataset.import else { continue };
        let arn = format!("arn:aws:s3:::{}", import.bucket);
        let account = mesh.environments[&dataset.environment].account.to_string();
        world.resources.entry(arn.clone()).or_insert_with(|| Resource {
            arn,
            kind: "AWS::S3::Bucket".to_owned(),
            account,
            tags: BTreeMap::new(),
            policy: None,
            code: Code::default(),
            parts: Vec::new(),
            origin: Origin::default(),
        });
        world.lake.closed.insert(asked::database_arn(mesh, stacks, dataset));
    }
    world.lake.hybrid.clear();
    world
}

/// The purpose-built mesh.
fn purpose_built() -> Mesh {
    let text = include_str!("intent/mesh.yaml").to_owned();
    mesh(&[SourceFile { path: "mesh.yaml".to_owned(), text }])
}

/// An example, without the boundaries that its owners write: with them everything that is allowed is unknown.
fn example_mesh(name: &str) -> Mesh {
    let mut mesh = mesh(&sources(&example(name)));
    mesh.tenant.permissions_boundary = None;
    for environment in mesh.environments.values_mut() {
        environment.permissions_boundary = None;
    }
    mesh
}

/// Compares the templates of a mesh on a day with what it means, and gives how many requests were allowed.
fn compare(mesh: Mesh, day: &str) -> usize {
    let answers = Answers::of(mesh, day);
    let wrong = answers.wrong(&intent_of(&answers.mesh, &answers.day));
    let shown: Vec<&String> = wrong.iter().take(40).collect();
    assert!(wrong.is_empty(), "{} of {}: {shown:#?}", wrong.len(), answers.decided.len());
    answers.nobody_else_is_let_in();
    answers.decided.iter().filter(|one| one.alone == Decision::Allow).count()
}

impl Answers {
    /// Who is not asked has nothing: policies of datasets' buckets and their access points let in nobody but roles that are
    /// asked, and Lake Formation gives nobody else anything.
    fn nobody_else_is_let_in(&self) {
        let known: BTreeSet<&str> = self.principals.iter().map(|one| one.arn.as_str()).collect();
        let unasked = self.world.roles.keys().filter(|arn| !known.contains(arn.as_str()));
        assert_eq!(unasked.collect::<Vec<_>>(), Vec::<&String>::new());
        let grantees = self.world.lake.grants.keys().filter(|arn| !known.contains(arn.as_str()));
        assert_eq!(grantees.collect::<Vec<_>>(), Vec::<&String>::new());
        let is_of_dataset = |resource: &&Resource| {
            let target = resource.tags.get("Target").map(String::as_str).unwrap_or_default();
            resource.kind == "AWS::S3::AccessPoint"
                || (resource.kind == "AWS::S3::Bucket" && target.starts_with("dataset/"))
        };
        let mut named = 0;
        for resource in self.world.resources.values().filter(is_of_dataset) {
            let statements = resource.policy.iter().flat_map(|policy| &policy.statements);
            for statement in statements.filter(|statement| statement.is_allow) {
                let principals = statement.principals.as_ref().expect("a resource's policy");
                assert!(!principals.is_not, "{statement:?}");
                for entry in &principals.entries {
                    let PrincipalEntry::Arn(arn) = entry else {
                        unreachable!("{}: {entry:?} of {statement:?}", resource.arn)
                    };
                    assert!(known.contains(arn.as_str()), "{}: {statement:?}", resource.arn);
                    named += 1;
                }
            }
        }
        assert!(named > 0, "no dataset lets anybody in");
    }
}

#[test]
fn the_examples_give_what_their_documents_mean() {
    for name in EXAMPLES {
        let allowed = compare(example_mesh(name), "2026-05-01");
        assert!(allowed > 20, "{name}: {allowed}");
    }
}

/// A day on which a share of `examples/full` is over.
#[test]
fn what_is_over_gives_nothing() {
    compare(example_mesh("full"), "2026-07-01");
}

#[test]
fn documents_of_every_kind_give_what_they_mean_and_nothing_of_what_is_called_alike() {
    let live = compare(purpose_built(), "2026-06-30");
    let over = compare(purpose_built(), "2026-07-01");
    assert!(live > over && over > 200, "{live} and {over}");
}

/// The comparison can fail: a document whose part in the intent is left out is a grant too much, and one that only the
/// intent has is a grant that is missing.
#[test]
fn a_share_too_much_or_too_little_is_seen() {
    let answers = Answers::of(purpose_built(), "2026-06-30");
    let ids: Vec<_> = answers.mesh.shares.keys().cloned().collect();
    for id in ids {
        let mut less = answers.mesh.clone();
        let share = less.shares.remove(&id).expect("a share");
        let wrong = answers.wrong(&intent_of(&less, &answers.day));
        assert_eq!(wrong.is_empty(), !share.is_live(Some(&answers.day)), "{id}: {wrong:#?}");
        let is_given = |line: &String| line.contains("meant Denied");
        assert!(wrong.iter().all(is_given), "{id}: {wrong:#?}");
        if !share.is_live(Some(&answers.day)) {
            let mut more = answers.mesh.clone();
            let share = more.shares.get_mut(&id).expect("a share");
            share.status = ShareStatus::Approved;
            let wrong = answers.wrong(&intent_of(&more, &answers.day));
            assert!(!wrong.is_empty(), "{id}");
        }
    }
}

/// A share of one thing is not one of its neighbour, nor one for a team that is called alike.
#[test]
fn a_share_of_something_else_or_for_somebody_else_is_seen() {
    let answers = Answers::of(purpose_built(), "2026-06-30");
    let see = |id: &str, change: &dyn Fn(&mut Share)| {
        let mut mesh = answers.mesh.clone();
        let mut shares = mesh.shares.values_mut();
        change(shares.find(|one| one.header.id.as_str() == id).expect("the share"));
        let wrong = answers.wrong(&intent_of(&mesh, &answers.day));
        let has = |meant: &str| wrong.iter().any(|line| line.contains(meant));
        assert!(has("meant Denied") && has("meant Given"), "{id}: {wrong:#?}");
    };
    let of = |id: &str| {
        let mut shares = answers.mesh.shares.values();
        shares.find(|one| one.header.id.as_str() == id).expect("the share").clone()
    };
    let private = of("private-for-far");
    see("exports-for-readers", &|share| share.items = private.items.clone());
    see("exports-for-readers", &|share| share.environment = private.environment.clone());
    let other = of("all-for-warehouse");
    see("private-for-far", &|share| share.dataset = other.dataset.clone());
}

/// Whoever adds a kind of document says here what it gives, or that it gives nothing by itself.
#[test]
fn no_kind_of_document_is_without_its_meaning() {
    let answers = Answers::of(purpose_built(), "2026-06-30");
    // Nothing is made of a dashboard's document yet, so no mesh has one (`dashboard-without-effect`).
    for kind in Kind::ALL.into_iter().filter(|kind| *kind != Kind::Dashboard) {
        assert!(meant::count(&answers.mesh, kind) > 0, "the mesh has no {}", kind.noun());
        let mut others = Intent::default();
        for other in Kind::ALL.into_iter().filter(|other| *other != kind) {
            if let Stated::Gives(give) = stated(other) {
                give(&answers.mesh, &answers.day, &mut others);
            }
        }
        let wrong = answers.wrong(&others);
        match stated(kind) {
            Stated::Gives(_) => assert!(!wrong.is_empty(), "nobody would miss {}", kind.noun()),
            Stated::Nothing(words) => {
                assert!(words.len() > 20 && wrong.is_empty(), "{}: {wrong:#?}", kind.noun());
            }
        }
    }
}
