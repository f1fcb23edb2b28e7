//! The intended access of each kind of document, stated a second time directly from the mesh, and compared with the access
//! that the templates grant.
//!
//! `prove` compares the templates with `grants.json`, and the same constructs write both: a wrong grant is wrong in both, so
//! `prove` does not see it. This test reads no grants, and the expected access does not depend on the code that makes
//! stacks. The ids of the mesh say which principal may reach what (`meant.rs`, in the words of docs/mesh.md and
//! docs/stacks). From the templates come only the ARNs of resources, by stack and resource type (`principals.rs`,
//! `asked.rs`). Every principal requests to read, write and delete every resource; for objects of datasets, also to get
//! their attributes.

mod asked;
mod meant;
mod principals;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use lakewright_access::action::Action;
use lakewright_access::document::{Origin, PrincipalEntry};
use lakewright_access::evaluate::Decision;
use lakewright_access::request::{Principal, Request};
use lakewright_access::world::{
    Code, ExternalFacts, More, Outside, PublicAccessBlock, Resource, Role, World,
};
use lakewright_manifest::document::Kind;
use lakewright_manifest::mesh::{Dataset, Import, Share, ShareStatus};
use lakewright_manifest::{Date, Mesh, SourceFile};
use lakewright_stacks::Synthesized;

use crate::run::{EXAMPLES, example, mesh, sources, synthesized_on, world};
use asked::Ask;
use meant::{Intent, Stated, intent_of, stated};
use principals::{Policies, Someone};

/// A principal, by the ids of the mesh.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Who {
    /// The environment and the team.
    Team(String, String),
    ConsumptionRole(String),
    /// A dataset's own role.
    DatasetRole(String),
    /// The role with whose rights the views of a dataset read.
    Definer(String),
    /// The pivot role of an environment.
    PivotRole(String),
    /// A role of the central account that may assume pivot roles, by ARN.
    Platform(String),
    /// The broker, a role of the central account that acts for people, by ARN.
    Broker(String),
    /// A role of a pipeline: `run`, `start`, `update` or `branches`.
    PipelineRole(String, &'static str),
    /// A role of a pipeline's stage: `build` or `approve`.
    StageRole(String, String, &'static str),
    /// A role that deploys, by ARN.
    Deployer(String),
    /// Any other role that a template creates, by ARN.
    Other(String),
}

/// The requested resource, by the ids of the mesh.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum What {
    /// An object of a dataset, inside a folder or outside of all; directly, or through the access point of a share.
    Object {
        dataset: String,
        folder: Option<String>,
        through: Option<String>,
    },
    /// A table, or some of its rows and columns.
    Table {
        dataset: String,
        table: String,
        cells: Option<String>,
    },
    /// The views of a table that a team has.
    View {
        dataset: String,
        table: String,
        team: String,
    },
    /// The key that a dataset's stack creates, used through S3 or directly.
    Key {
        dataset: String,
        is_through_s3: bool,
    },
    /// A role to assume.
    Role(Box<Who>),
    /// A team's role, to be assumed for [`asked::SOMEBODY`] with the team's tag.
    RoleForSomebody(Box<Who>),
    /// The query results of a team, by environment and team.
    Results(String, String),
    /// The workgroup of a team.
    Workgroup(String, String),
    /// The folder for a team's Glue jobs.
    Assets(String, String),
    /// The topic on which a team announces the data that it produces.
    Producers(String, String),
    /// The data source of a team's dashboards.
    DataSource(String, String),
    /// The topic of an environment's consumers.
    Consumers(String),
    /// The queues of an environment.
    Queue(String),
    /// The queue for events of a dataset's bucket.
    Events(String),
    Worksheet(String),
    Notebook(String),
    StudioProfile(String),
    Pipeline(String),
    /// The repository that a pipeline's stack creates.
    Repository(String),
    /// The artifacts that the actions of a pipeline exchange.
    Artifacts(String),
    /// The approval of a pipeline's stage.
    Approval(String, String),
    Dashboard(String),
}

/// The kind of request. For resources that are not data, `Read` also means to open, run or assume, and `Write` to change or
/// answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum How {
    Read,
    Write,
    Delete,
    /// Getting an object's size, checksum and parts.
    Attributes,
}

impl What {
    /// The dataset that the resource is data of.
    fn dataset(&self) -> Option<&str> {
        let (Self::Object { dataset, .. }
        | Self::Table { dataset, .. }
        | Self::View { dataset, .. }
        | Self::Key { dataset, .. }) = self
        else {
            return None;
        };
        Some(dataset)
    }

    /// Whether the roles that deploy must have no access to it. Their access to other resources is tested in
    /// `execution_role.rs` and `lifecycle.rs`.
    fn is_none_of_deployment(&self) -> bool {
        match self {
            Self::Object { .. }
            | Self::Table { .. }
            | Self::View { .. }
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

/// The intended decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Meant {
    Given,
    /// The mesh grants it, and an external owner must allow it as well. The decision is a denial if the owner's policies
    /// allow nothing, and unknown if these policies are unknown.
    WithOwner,
    Denied,
}

/// The decisions on one request: `alone` if the policies of external owners allow nothing, `plain` if these policies are
/// unknown.
struct Decided {
    someone: usize,
    ask: usize,
    alone: Decision,
    plain: Decision,
}

/// The templates of a mesh on a date, and the decisions on all requests.
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
        // Only the mesh says which account owns an imported bucket; no template does.
        let imports = mesh.datasets.values().filter_map(|one| Some((one, one.import.as_ref()?)));
        let owner = |(dataset, import): (&Arc<Dataset>, &Import)| {
            let account = dataset.environment.account.to_string();
            (format!("arn:aws:s3:::{}", import.bucket), account)
        };
        let owners = imports.map(owner).collect();
        world.add(ExternalFacts { owners, ..ExternalFacts::default() });
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

    /// The decisions that differ from the intended ones.
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
                // Across accounts, a role needs a policy of its own, whatever an owner's policy allows. So the answer is
                // never unknown.
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

    /// Whether the decision may be unknown ("Unknown is never allow" in docs/proof.md). This holds for buckets, databases
    /// and dashboards that the mesh does not create. It also holds for an external role's requests in its own account, if
    /// the role's own policies alone can allow them.
    fn may_be_unknown(&self, someone: &Someone, ask: &Ask) -> bool {
        let is_of_others = self.is_imported(&ask.what) || matches!(ask.what, What::Dashboard(_));
        let has_own_say = matches!(
            ask.what,
            What::Table { .. }
                | What::View { .. }
                | What::Key { .. }
                | What::Role(_)
                | What::RoleForSomebody(_)
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

    /// Whether an external owner must allow the request as well. This holds for a role whose policies the mesh does not
    /// write, unless the resource policy is enough, and for an imported bucket in another account (docs/stacks/share.md,
    /// "What others must do").
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

/// The access model as if external owners allowed nothing: their roles have only the policies of the mesh, their buckets
/// have no policy, only Lake Formation controls their databases, and everybody is opted in. So each decision depends on the
/// mesh alone.
fn alone(mesh: &Mesh, stacks: &[Synthesized], plain: &World, principals: &[Someone]) -> World {
    let mut world = plain.clone();
    let trust = plain.roles().values().next().expect("a role").trust.clone();
    let parts = world.parts_mut();
    for someone in principals {
        let role = parts.roles.entry(someone.arn.clone()).or_insert_with(|| {
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
        let account = dataset.environment.account.to_string();
        parts.resources.entry(arn.clone()).or_insert_with(|| Resource {
            arn,
            kind: "AWS::S3::Bucket".to_owned(),
            account,
            tags: BTreeMap::new(),
            policy: None,
            code: Code::default(),
            parts: Vec::new(),
            origin: Origin::default(),
            block: PublicAccessBlock::default(),
        });
        parts.lake.closed.insert(asked::database_arn(stacks, dataset));
    }
    parts.lake.hybrid.clear();
    world
}

/// The purpose-built mesh.
fn purpose_built() -> Mesh {
    let text = include_str!("intent/mesh.yaml").to_owned();
    mesh(&[SourceFile { path: "mesh.yaml".to_owned(), text }])
}

/// An example without the permissions boundaries that its owners write. With them, every allowed request would be unknown.
fn example_mesh(name: &str) -> Mesh {
    let mut sources = sources(&example(name));
    for source in &mut sources {
        let lines = source.text.split_inclusive('\n');
        source.text =
            lines.filter(|line| !line.trim_start().starts_with("permissions_boundary:")).collect();
    }
    mesh(&sources)
}

/// Compares the templates of a mesh on a date with their intent. Returns the number of allowed requests.
fn compare(mesh: Mesh, day: &str) -> usize {
    let answers = Answers::of(mesh, day);
    let wrong = answers.wrong(&intent_of(&answers.mesh, &answers.day));
    let shown: Vec<&String> = wrong.iter().take(40).collect();
    assert!(wrong.is_empty(), "{} of {}: {shown:#?}", wrong.len(), answers.decided.len());
    answers.nobody_else_is_let_in();
    answers.decided.iter().filter(|one| one.alone == Decision::Allow).count()
}

impl Answers {
    /// Checks that all principals with access are tested: policies of datasets' buckets and access points name only tested
    /// roles, and Lake Formation grants nothing to others.
    fn nobody_else_is_let_in(&self) {
        let known: BTreeSet<&str> = self.principals.iter().map(|one| one.arn.as_str()).collect();
        let unasked = self.world.roles().keys().filter(|arn| !known.contains(arn.as_str()));
        assert_eq!(unasked.collect::<Vec<_>>(), Vec::<&String>::new());
        let grantees = self.world.lake().grants.keys().filter(|arn| !known.contains(arn.as_str()));
        assert_eq!(grantees.collect::<Vec<_>>(), Vec::<&String>::new());
        let is_of_dataset = |resource: &&Resource| {
            let target = resource.tags.get("Target").map(String::as_str).unwrap_or_default();
            resource.kind == "AWS::S3::AccessPoint"
                || (resource.kind == "AWS::S3::Bucket" && target.starts_with("dataset/"))
        };
        let mut named = 0;
        for resource in self.world.resources().values().filter(is_of_dataset) {
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

/// A date on which a share of `examples/full` has expired.
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

/// The comparison can fail: if a document's part of the intent is removed, there is an unexpected grant; if only the intent
/// has it, a grant is missing.
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
            Arc::make_mut(share).status = ShareStatus::Approved;
            let wrong = answers.wrong(&intent_of(&more, &answers.day));
            assert!(!wrong.is_empty(), "{id}");
        }
    }
}

/// A share of one resource is not a share of a neighbour, nor one for a team with a similar name.
#[test]
fn a_share_of_something_else_or_for_somebody_else_is_seen() {
    let answers = Answers::of(purpose_built(), "2026-06-30");
    let see = |id: &str, change: &dyn Fn(&mut Share)| {
        let mut mesh = answers.mesh.clone();
        let mut shares = mesh.shares.values_mut();
        change(Arc::make_mut(shares.find(|one| one.header.id.as_str() == id).expect("the share")));
        let wrong = answers.wrong(&intent_of(&mesh, &answers.day));
        let has = |meant: &str| wrong.iter().any(|line| line.contains(meant));
        assert!(has("meant Denied") && has("meant Given"), "{id}: {wrong:#?}");
    };
    let of = |id: &str| {
        let mut shares = answers.mesh.shares.values();
        Share::clone(shares.find(|one| one.header.id.as_str() == id).expect("the share"))
    };
    let private = of("private-for-far");
    see("exports-for-readers", &|share| share.items = private.items.clone());
    see("exports-for-readers", &|share| share.environment = private.environment.clone());
    let other = of("all-for-warehouse");
    see("private-for-far", &|share| share.dataset = other.dataset.clone());
}

/// Each new kind of document must state its intended access here, or that it grants nothing by itself.
#[test]
fn no_kind_of_document_is_without_its_meaning() {
    let answers = Answers::of(purpose_built(), "2026-06-30");
    for kind in Kind::ALL {
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
