//! Deploys from the command line. Only this module and those below it are async.

mod allow;
mod deploying;
mod drift;
mod dry_run;
mod ends;
mod invitations;
mod live;
mod lock;
mod looking;
mod outputs;
mod owners;
mod pace;
mod prune;
pub(crate) mod refresh;
pub(crate) mod removal;
mod request;
mod review;
mod saved;
mod seen;
mod select;
mod show;
mod signals;
mod status;
mod stop;
mod taken;
mod trace;
mod verdicts;
mod view;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};

use clap::Args;
use lakewright_analysis::assembly::recorded::closest_first;
use lakewright_analysis::mesh::earlier;
use lakewright_analysis::synthesis::Found;
use lakewright_analysis::words::count;
use lakewright_deployer::aws::Aws;
use lakewright_deployer::aws::caller::Settings;
use lakewright_deployer::cloud::{Access, CloudError, Site, Stack};
use lakewright_deployer::driver::{Driver, Stop, Summary};
use lakewright_deployer::duties::Duties;
use lakewright_deployer::lease::Lease;
use lakewright_deployer::leftovers::{Receivers, receivers};
use lakewright_deployer::record::Shelf;
use lakewright_fleet::event::{Change, Event};
use lakewright_fleet::machine::Outcome;
use lakewright_fleet::plan::{Action, Observed, Plan};
use lakewright_manifest::{Mesh, RegionName, SourceFile};
use lakewright_stacks::{DeployTarget, Names};
use lakewright_template::assembly::StackEntry;
use lakewright_template::{Place, StackAddress, StackKind, Template};
use tokio::runtime::Runtime;

pub(crate) use self::drift::DriftRequest;
pub(crate) use self::looking::{Looking, facts, look};
use self::pace::Pace;
pub(crate) use self::request::Choices;
pub(crate) use self::review::AllDeployed;
use self::seen::Seen;
use self::show::{Lines, Made};
pub(crate) use self::status::Filter;
pub(crate) use self::stop::Progress;
use crate::exit::{Exit, Failure};
use crate::ui::Ui;

/// How deployments are done.
#[derive(Debug, Clone, Args)]
pub(crate) struct Options {
    /// Go on without asking for confirmation
    #[arg(long, short)]
    yes: bool,
    /// The AWS profile with the credentials; it takes precedence over credentials in the environment
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,
    /// The region of the first request, and of profiles without one; by default the mesh's home region
    #[arg(long, value_parser = RegionName::parse)]
    region: Option<RegionName>,
    /// Bootstrap other accounts as this role of their owners, such as `OrganizationAccountAccessRole`, which may do
    /// everything there; without it, only the account of the credentials is bootstrapped
    #[arg(long, value_name = "NAME")]
    owner_role: Option<String>,
    /// An earlier version of the mesh: stacks that it left are also looked for in its accounts, not only in those that
    /// the record of deployments names
    #[arg(long, value_name = "MESH")]
    pub(crate) base: Option<PathBuf>,
    #[command(flatten)]
    pace: Pace,
}

impl Options {
    /// The options of a command that only looks at what is deployed.
    pub(crate) fn looking(
        profile: Option<String>,
        region: Option<RegionName>,
        owner_role: Option<String>,
    ) -> Self {
        Self { yes: false, profile, region, owner_role, base: None, pace: Pace::default() }
    }
}

/// A mesh that is to be deployed.
pub(crate) struct Wanted<'m> {
    pub(crate) mesh: &'m Mesh,
    pub(crate) found: Vec<Found>,
    /// Instead of `found`: the folder of an assembly, and its stacks. Their templates are read when they are needed.
    pub(crate) listed: Option<(PathBuf, Vec<(StackEntry, DeployTarget)>)>,
    /// The bootstrap templates with only the permissions that the stacks use, by address.
    pub(crate) needed: BTreeMap<StackAddress, Template>,
    /// The roles used to read the stacks of an earlier version, by address.
    pub(crate) base: BTreeMap<StackAddress, DeployTarget>,
    pub(crate) sources: &'m [SourceFile],
}

/// The roles used to read the stacks of an earlier version of a mesh, by address. They include accounts and regions
/// that the mesh no longer has and that no other source names.
///
/// Fails if the earlier version cannot be read or is another mesh.
pub(crate) fn base(
    mesh: &Mesh,
    base: Option<&Path>,
) -> Result<BTreeMap<StackAddress, DeployTarget>, Failure> {
    let Some(path) = base else { return Ok(BTreeMap::new()) };
    let base = earlier(path)?;
    let (own, other) = (&mesh.tenant.header.id, &base.tenant.header.id);
    if own != other {
        let message = format!("{} is mesh `{other}`; expected an earlier `{own}`", path.display());
        return Err(Failure::usage(message));
    }
    let plan = lakewright_stacks::Plan::of(&base, None);
    Ok(plan.stacks.iter().map(|stack| (stack.address(), stack.target())).collect())
}

/// The stacks of a mesh, ready to be deployed.
pub(crate) struct Deployment<'m> {
    mesh: &'m Mesh,
    /// The mesh's files.
    sources: &'m [SourceFile],
    /// The mesh's id.
    id: String,
    stacks: BTreeMap<StackAddress, Stack>,
    /// The folder of the assembly with the templates, if they are not in `stacks`.
    folder: Option<PathBuf>,
    /// The bootstrap templates with only the permissions that the stacks use, by address.
    needed: BTreeMap<StackAddress, Template>,
    /// The roles used to deploy each stack, and to read the stacks that the mesh no longer has.
    targets: BTreeMap<StackAddress, DeployTarget>,
    /// The location of the record of places with stacks.
    shelf: Shelf,
    /// The stack with the record's bucket and the role that accesses the record.
    keeper: StackAddress,
    /// The lease of this run, under which it may change the mesh.
    lease: Lease,
    /// The settings for connections to AWS.
    settings: Settings,
    lines: Lines,
    progress: Progress,
    options: Options,
    runtime: Runtime,
    aws: Aws,
}

impl<'m> Deployment<'m> {
    /// Connects to AWS with the caller's credentials, which must be of the central account.
    pub(crate) fn connect(
        Wanted { mesh, found, listed, needed, base, sources }: Wanted<'m>,
        options: &Options,
        import_existing: bool,
        progress: Progress,
    ) -> Result<Self, Failure> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| Failure::unexpected(error.to_string()))?;
        let id = mesh.tenant.header.id.to_string();
        let (shelf, keeper) = shelf(mesh);
        let lease = Lease::new(shelf.clone(), &id);
        let home_region = || mesh.tenant.home_region.to_string();
        let settings = Settings {
            profile: options.profile.clone(),
            region: options.region.as_ref().map_or_else(home_region, ToString::to_string),
            imports_existing: import_existing,
            run: Some(lease.id().to_owned()),
            mesh: Some(id.clone()),
        };
        let aws = runtime.block_on(Aws::connect(&settings)).map_err(|error| unreachable(&error))?;
        is_central(&aws, mesh)?;
        let mut stacks = BTreeMap::new();
        let mut targets = base;
        let mut lines = Lines::new();
        let site_of = |entry: &StackEntry, target: &DeployTarget| {
            let access = if entry.kind == StackKind::Bootstrap {
                Access::Owner { role: options.owner_role.clone().unwrap_or_default() }
            } else {
                deployer(target)
            };
            Site { place: entry.place(), access }
        };
        let (folder, listed) = listed.unzip();
        for (entry, target) in listed.unwrap_or_default() {
            let (address, site) = (entry.address(), site_of(&entry, &target));
            targets.insert(address.clone(), target);
            let (template, assets) = (String::new(), BTreeMap::new());
            stacks.insert(address, Stack { entry, template, assets, site });
        }
        for Found { mut stack, target } in found {
            let entry = stack.entry;
            lines.insert(entry.address(), closest_first(&mut stack.lowered, sources));
            let site = site_of(&entry, &target);
            let assets = stack.assets.into_iter();
            let assets = assets.map(|asset| (asset.entry.path, asset.bytes.into_owned())).collect();
            let address = entry.address();
            targets.insert(address.clone(), target);
            stacks.insert(address, Stack { entry, template: stack.json, assets, site });
        }
        let options = options.clone();
        Ok(Self {
            mesh,
            sources,
            id,
            stacks,
            folder,
            needed,
            targets,
            shelf,
            keeper,
            lease,
            settings,
            lines,
            progress,
            options,
            runtime,
            aws,
        })
    }

    /// Why a plan cannot be executed: stacks of another mesh, and accounts that only their owners bootstrap.
    fn refusals(
        &self,
        plan: &Plan,
        observed: &BTreeMap<StackAddress, Observed>,
        owned: &[&StackAddress],
    ) -> Vec<String> {
        let foreign = plan.steps.iter().filter(|step| step.action == Action::Foreign);
        let foreign = foreign.map(|step| {
            let tags = observed.get(&step.address).map(|stack| &stack.tags);
            let other =
                tags.and_then(|tags| tags.get("lakewright:mesh")).map_or("?", String::as_str);
            format!(
                "{} is the mesh `{other}`'s, as its tag says, and is not changed; give this mesh another `resource_prefix`",
                step.address
            )
        });
        let mut refusals: Vec<String> = foreign.collect();
        if self.options.owner_role.is_none() {
            refusals.extend(owned.iter().map(|address| {
                format!(
                    "{address} must be deployed by the account's owner: {}",
                    self.owners(&address.place, Some(&address.name))
                )
            }));
        }
        refusals
    }

    /// Checks the stacks that need no change.
    fn look_again(&self, plan: &Plan, seen: &mut Seen, ui: &mut Ui) -> Summary {
        let mut shower = show::Shower::new(plan, &self.lines, &self.progress, ui);
        let stop = Stop::default();
        let report = |event: Event| shower.event(&event);
        let ask = |_: &StackAddress, _: &[Change]| false;
        let driver = Driver::new(&self.aws, report, ask, &self.lease, &stop);
        let driver = driver.with_policy(self.policy());
        self.held(&mut seen.record, driver.look_again(plan, &self.stacks))
    }

    /// Notes alarm topics whose receivers are missing or unconfirmed. E-mail is the only notification of failures, and
    /// each address must first be confirmed.
    fn mails(&self, ui: &mut Ui) {
        for stack in self.stacks.values().filter(|stack| stack.entry.kind == StackKind::Platform) {
            let topics = match Duties::of(&stack.template, &stack.entry.place()) {
                Ok(duties) => duties.topics,
                Err(error) => {
                    ui.note(&format!("who gets alarms is not known: {error}"));
                    continue;
                }
            };
            for topic in topics {
                let counted = self.runtime.block_on(receivers(&self.aws, &stack.site, &topic));
                match counted {
                    Ok(Receivers { confirmed: 0, pending: 0 }) => {
                        ui.note(&format!("alarms of {topic} reach nobody"));
                    }
                    Ok(Receivers { confirmed, pending }) if pending > 0 => {
                        ui.note(&format!(
                            "alarms of {topic} reach {}, and {} not confirmed the mail yet",
                            count(usize::try_from(confirmed).unwrap_or(usize::MAX), "receiver"),
                            match pending {
                                1 => "1 has".to_owned(),
                                several => format!("{several} have"),
                            }
                        ));
                    }
                    Ok(_) => {}
                    Err(error) => ui.note(&format!("who gets alarms is not known: {error}")),
                }
            }
        }
    }

    /// Notes the tables that this run shared with other accounts, which may have to accept an invitation. Earlier
    /// shares cause no new invitation, even if their dataset's stack changed.
    fn invitations(&self, summary: &Summary, made: &Made, ui: &mut Ui) {
        let is_changed = |(_, outcome): &(&StackAddress, &Outcome)| {
            matches!(outcome, Outcome::Created | Outcome::Updated | Outcome::NeedsAttention(_))
        };
        let changed = summary.outcomes.iter().filter(is_changed);
        let stacks = changed
            .filter_map(|(address, _)| self.stacks.get(address).zip(made.get(address)))
            .filter(|(stack, _)| stack.entry.kind == StackKind::Dataset);
        let mut shared = BTreeSet::new();
        for (stack, made) in stacks {
            let place = stack.entry.place();
            match invitations::of(&stack.template, &place, made) {
                Ok(found) => shared.extend(found),
                Err(error) => ui.note(&format!(
                    "what {} shares with other accounts is not known: {error}",
                    stack.entry.address()
                )),
            }
        }
        for sharing in shared {
            ui.note(&sharing.note());
        }
    }

    /// The address of a deployed stack, from its name or address. Fails if no stack or several stacks match.
    fn find(&self, name: &str, seen: &Seen) -> Result<StackAddress, Failure> {
        let found: Vec<&StackAddress> = seen
            .observed
            .iter()
            .filter(|(address, stack)| {
                self.is_ours(address, stack)
                    && (address.name == name || address.to_string() == name)
            })
            .map(|(address, _)| address)
            .collect();
        match found.as_slice() {
            [one] => Ok((*one).clone()),
            [] => {
                let mut said = vec![if name
                    .parse::<Place>()
                    .is_ok_and(|place| seen.sites.contains_key(&place))
                {
                    format!(
                        "`{name}` is an account and region, and `--stack` takes a stack of it, as `lakewright destroy MESH --all --plan` \
                         lists them; only with `--keep-stack`, and where nobody may look any more, it takes a place, to forget it"
                    )
                } else {
                    format!("no stack `{name}` of this mesh is deployed")
                }];
                said.extend(self.unknown(seen));
                Err(Failure::usage(said.join("\n")))
            }
            several => {
                let several: Vec<String> = several.iter().map(ToString::to_string).collect();
                let several = several.join(", ");
                Err(Failure::usage(format!("`{name}` is in several places: {several}")))
            }
        }
    }

    fn confirm(&self, question: &str, ui: &mut Ui) -> bool {
        self.confirm_by(ask, question, ui)
    }

    /// Whether a person confirms. `ask` asks the question.
    fn confirm_by(&self, ask: fn(&str) -> bool, question: &str, ui: &mut Ui) -> bool {
        if self.options.yes {
            return true;
        }
        if !std::io::stdin().is_terminal() {
            ui.error(
                "not a terminal, so nobody can confirm: pass `--yes` to go on without confirmation",
            );
            return false;
        }
        ask(question)
    }
}

/// Checks that the credentials are of the central account. Deploy roles trust only that account and would refuse others
/// one by one.
fn is_central(aws: &Aws, mesh: &Mesh) -> Result<(), Failure> {
    let central = mesh.tenant.central_account.as_str();
    if aws.caller() == central {
        return Ok(());
    }
    let message = format!(
        "the credentials are of account {}, and the mesh's `central_account` is {central}; use credentials of that account, as with `--profile NAME` or AWS_PROFILE",
        aws.caller()
    );
    Err(Failure { exit: Exit::Unreachable, message })
}

/// The location of the record of places with stacks, and the stack with its bucket and the role that may access it.
fn shelf(mesh: &Mesh) -> (Shelf, StackAddress) {
    let names = Names::new(mesh);
    let place = names.central_place();
    let target = DeployTarget::of(mesh, &mesh.tenant.resource_prefix, &place);
    let site = Site { place, access: deployer(&target) };
    let shelf = Shelf { site, bucket: target.template_bucket, key: names.record_key() };
    (shelf, target.bootstrap)
}

/// How the stacks of a place are deployed.
pub(crate) fn deployer(target: &DeployTarget) -> Access {
    Access::Deployer {
        role: target.deploy_role.clone(),
        external_id: target.external_id.clone(),
        execution_role: target.execution_role.clone(),
        template_bucket: target.template_bucket.clone(),
    }
}

fn ask(question: &str) -> bool {
    matches!(answer(question, "[y/N]").as_deref(), Some("y" | "Y" | "yes"))
}

/// Asks a question to which only the whole word agrees.
fn ask_in_full(question: &str) -> bool {
    answer(question, "[yes/N]").as_deref() == Some("yes")
}

fn answer(question: &str, answers: &str) -> Option<String> {
    let mut answer = String::new();
    drop(write!(std::io::stderr().lock(), "{question} {answers} "));
    let is_read = std::io::stdin().read_line(&mut answer).is_ok();
    is_read.then(|| answer.trim().to_owned())
}

fn unreachable(error: &CloudError) -> Failure {
    let exit = match error {
        CloudError::Access { .. } | CloudError::Network { .. } | CloudError::Throttled { .. } => {
            Exit::Unreachable
        }
        CloudError::Refused { .. } | CloudError::Full { .. } => Exit::RolledBack,
        CloudError::Overtaken { .. } => Exit::Declined,
    };
    Failure { exit, message: error.to_string() }
}

/// The exit for the worst outcome.
fn exit(summary: &Summary) -> Exit {
    let has = |wanted: fn(&Outcome) -> bool| summary.outcomes.values().any(wanted);
    if has(|outcome| matches!(outcome, Outcome::NeedsAttention(_))) {
        Exit::Attention
    } else if has(|outcome| matches!(outcome, Outcome::Unreachable(_))) {
        Exit::Unreachable
    } else if has(|outcome| matches!(outcome, Outcome::RolledBack | Outcome::Refused(_))) {
        Exit::RolledBack
    } else if has(|outcome| matches!(outcome, Outcome::Declined | Outcome::Overtaken(_))) {
        Exit::Declined
    } else {
        Exit::Done
    }
}

/// The word for an action in a list.
fn verb(action: Action) -> &'static str {
    match action {
        Action::Create => "create",
        Action::Update => "update",
        Action::Delete => "delete",
        Action::Keep => "keep",
        Action::Orphan => "not in the mesh",
        Action::Foreign => "another mesh's",
    }
}
