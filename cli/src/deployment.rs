//! Deploying from the command line: the one place of this crate that awaits.

mod show;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{IsTerminal as _, Write as _};

use clap::Args;
use lakewright_deployer::aws::Aws;
use lakewright_deployer::aws::caller::Settings;
use lakewright_deployer::cloud::{Access, CloudError, Site, Stack};
use lakewright_deployer::driver::{Driver, Summary};
use lakewright_deployer::duties::Duties;
use lakewright_deployer::event::{Change, Event};
use lakewright_deployer::lakeformation::remove_administrators;
use lakewright_deployer::leftovers::{Receivers, blockers, receivers};
use lakewright_deployer::machine::Outcome;
use lakewright_deployer::plan::{Action, Observed, Plan, plan};
use lakewright_deployer::renew::renew;
use lakewright_manifest::{Mesh, RegionName};
use lakewright_stacks::DeployTarget;
use lakewright_template::read;
use lakewright_template::resolve::Place;
use tokio::runtime::Runtime;

use crate::comparison;
use crate::exit::{Exit, Failure};
use crate::synthesis::Found;
use crate::ui::{Ui, count};

/// How deployments are done.
#[derive(Debug, Clone, Args)]
pub(crate) struct Options {
    /// Do it without asking
    #[arg(long, short)]
    yes: bool,
    /// The profile with the credentials, before those of the environment
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,
    /// The region of the first request, and of profiles without one; by default the mesh's home region
    #[arg(long, value_parser = RegionName::parse)]
    region: Option<RegionName>,
    /// The role of an account's owner, with which the account is bootstrapped
    #[arg(long, value_name = "NAME", default_value = "OrganizationAccountAccessRole")]
    owner_role: String,
}

/// What a deletion takes along.
#[derive(Default)]
struct Leaving {
    /// What would keep the stack from being deleted.
    blockers: Vec<String>,
    /// The ARNs of its roles.
    roles: BTreeSet<String>,
}

/// Everything that is there by address, and for each place somebody who may look.
type Observation = (BTreeMap<String, Observed>, BTreeMap<String, Site>);

/// The stacks of a mesh, ready to be deployed.
pub(crate) struct Deployment {
    mesh: String,
    stacks: BTreeMap<String, Stack>,
    targets: BTreeMap<String, DeployTarget>,
    options: Options,
    runtime: Runtime,
    aws: Aws,
}

impl Deployment {
    /// Finds the caller's credentials.
    pub(crate) fn connect(
        mesh: &Mesh,
        found: Vec<Found>,
        options: &Options,
        import_existing: bool,
    ) -> Result<Self, Failure> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| Failure::unexpected(error.to_string()))?;
        let region = options.region.as_ref().unwrap_or(&mesh.tenant.home_region);
        let settings = Settings {
            profile: options.profile.clone(),
            region: region.to_string(),
            imports_existing: import_existing,
        };
        let aws = runtime.block_on(Aws::connect(&settings)).map_err(|error| unreachable(&error))?;
        is_central(&aws, mesh)?;
        let mut stacks = BTreeMap::new();
        let mut targets = BTreeMap::new();
        for Found { stack, target } in found {
            let entry = stack.entry;
            let access = if entry.kind == "bootstrap" {
                Access::Owner { role: options.owner_role.clone() }
            } else {
                deployer(&target)
            };
            let site =
                Site { account: entry.account.clone(), region: entry.region.clone(), access };
            let assets = stack.assets.into_iter();
            let assets = assets.map(|asset| (asset.entry.path, asset.bytes.into_owned())).collect();
            let address = entry.address();
            targets.insert(address.clone(), target);
            stacks.insert(address, Stack { entry, template: stack.json, assets, site });
        }
        let mesh = mesh.tenant.header.id.to_string();
        Ok(Self { mesh, stacks, targets, options: options.clone(), runtime, aws })
    }

    /// Plans, asks and deploys.
    pub(crate) fn run(mut self, only_plan: bool, ui: &mut Ui) -> Result<Exit, Failure> {
        let (observed, sites) = self.observe()?;
        let entries: Vec<_> = self.stacks.values().map(|stack| stack.entry.clone()).collect();
        let mut plan = plan(&self.mesh, &entries, &observed);
        self.narrow_last(&mut plan, &sites)?;
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        let id = format!("lakewright-{}", now.map(|now| now.as_secs()).unwrap_or_default());
        let renewed = renew(&mut plan, &mut self.stacks, &id);
        show::plan(&plan, ui);
        if renewed > 0 {
            ui.note(&format!(
                "{} with policies that name a role which this run makes: they are put again, as AWS would keep the id of one that was there before",
                count(renewed, "stack")
            ));
        }
        if only_plan {
            return Ok(Exit::Done);
        }
        if plan.is_done() {
            let kept = if self.options.yes {
                self.look_again(&plan, ui)
            } else {
                ui.note("with `--yes`, files that are gone are uploaded and databases that were opened since are closed again");
                Summary::default()
            };
            self.mails(ui);
            return Ok(exit(&kept));
        }
        if !self.confirm("Deploy?", ui) {
            return Ok(Exit::Declined);
        }
        let kept = self.look_again(&plan, ui);
        let mut shower = show::Shower::new(&plan, ui);
        let (yes, is_terminal) = (self.options.yes, std::io::stdin().is_terminal());
        let mut summary = {
            let mut driver = Driver {
                cloud: &self.aws,
                report: |event: Event| shower.event(&event),
                ask: |address: &str, changes: &[Change]| {
                    yes || !show::is_destructive(changes)
                        || (is_terminal
                            && ask(&format!("{address}: data may be lost or taken in. Go on?")))
                },
                closed: BTreeSet::new(),
            };
            self.runtime.block_on(driver.run(&plan, &self.stacks, &sites))
        };
        shower.end(&summary);
        self.mails(ui);
        summary.outcomes.extend(kept.outcomes);
        Ok(exit(&summary))
    }

    /// Looks at what needs no change.
    fn look_again(&self, plan: &Plan, ui: &mut Ui) -> Summary {
        let mut shower = show::Shower::new(plan, ui);
        let mut driver = Driver {
            cloud: &self.aws,
            report: |event: Event| shower.event(&event),
            ask: |_: &str, _: &[Change]| false,
            closed: BTreeSet::new(),
        };
        self.runtime.block_on(driver.look_again(plan, &self.stacks))
    }

    /// Mails are the only way in which failures are told, and nobody gets one before the address is confirmed.
    fn mails(&self, ui: &mut Ui) {
        for stack in self.stacks.values().filter(|stack| stack.entry.kind == "platform") {
            let place =
                Place { account: stack.entry.account.clone(), region: stack.entry.region.clone() };
            for topic in Duties::of(&stack.template, &place).topics {
                let counted = self.runtime.block_on(receivers(&self.aws, &stack.site, &topic));
                match counted {
                    Ok(Receivers { confirmed, pending }) if confirmed == 0 || pending > 0 => {
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

    /// A bootstrap policy that only loses rights comes last: what goes in this run still needs them.
    fn narrow_last(&self, plan: &mut Plan, sites: &BTreeMap<String, Site>) -> Result<(), Failure> {
        let updates: Vec<String> = plan
            .steps
            .iter()
            .filter(|step| step.kind == "bootstrap" && step.action == Action::Update)
            .map(|step| step.address.clone())
            .collect();
        for address in updates {
            use lakewright_deployer::cloud::Cloud as _;
            let (place, name) = address.rsplit_once('/').unwrap_or(("", &address));
            let (Some(site), Some(new)) = (sites.get(place), self.stacks.get(&address)) else {
                continue;
            };
            let old = self.runtime.block_on(self.aws.template(site, name));
            let old = old.map_err(|error| unreachable(&error))?;
            let (Ok(old), Ok(new)) = (read::template(&old), read::template(&new.template)) else {
                continue;
            };
            if comparison::actions(&old, &new).only_removes() {
                plan.postpone(&address);
            }
        }
        Ok(())
    }

    /// Deletes one stack, or forgets it.
    pub(crate) fn destroy(
        self,
        name: &str,
        keep_stack: bool,
        ui: &mut Ui,
    ) -> Result<Exit, Failure> {
        let (observed, sites) = self.observe()?;
        let address = self.find(name, &observed)?;
        let dependants: Vec<&str> = self
            .stacks
            .iter()
            .filter(|(other, stack)| {
                observed.contains_key(*other) && stack.entry.depends_on.contains(&address)
            })
            .map(|(other, _)| other.as_str())
            .collect();
        if !dependants.is_empty() && !keep_stack {
            ui.error(&format!(
                "{address} is not deleted: {} there that depend on it: {}",
                if dependants.len() == 1 { "a stack is" } else { "stacks are" },
                dependants.join(", ")
            ));
            return Ok(Exit::No);
        }
        let place = address.rsplit_once('/').map_or("", |(place, _)| place);
        let stack = self.stacks.get(&address);
        let site = stack.map(|stack| &stack.site).or_else(|| sites.get(place));
        let site = site.ok_or_else(|| Failure::usage(format!("{address} is not in the mesh")))?;
        let question =
            if keep_stack { format!("Forget {address}?") } else { format!("Delete {address}?") };
        if !self.confirm(&question, ui) {
            return Ok(Exit::Declined);
        }
        let stack_name = address.rsplit('/').next().unwrap_or(&address);
        if keep_stack {
            use lakewright_deployer::cloud::Cloud as _;
            self.runtime
                .block_on(self.aws.forget(site, stack_name))
                .map_err(|error| unreachable(&error))?;
            ui.note(&format!("{address} and its resources stay; the mesh no longer knows it"));
            return Ok(Exit::Done);
        }
        let leaving = self.leaving(site, stack_name)?;
        if !leaving.blockers.is_empty() {
            let blockers = leaving.blockers.join("; ");
            ui.error(&format!("{address} is not deleted, as it could not be: {blockers}"));
            return Ok(Exit::No);
        }
        self.empty_artifacts(stack, site, ui)?;
        self.remove_administrators(site, &leaving.roles)?;
        let mut shower = show::Shower::new(&Plan::default(), ui);
        let outcome = {
            let mut driver = Driver {
                cloud: &self.aws,
                report: |event: Event| shower.event(&event),
                ask: |_: &str, _: &[Change]| true,
                closed: BTreeSet::new(),
            };
            self.runtime
                .block_on(driver.delete(site, &address))
                .map_err(|error| unreachable(&error))?
        };
        let summary = Summary {
            outcomes: BTreeMap::from([(address.clone(), outcome)]),
            skipped: BTreeMap::new(),
        };
        shower.end(&summary);
        if let Some(stack) = stack {
            let retained = show::retained(&stack.template);
            if !retained.is_empty() {
                ui.note(&format!("what the mesh retains stays: {}", retained.join(", ")));
            }
        }
        Ok(exit(&summary))
    }

    /// What goes with a stack that is deployed, and what would keep it from going.
    fn leaving(&self, site: &Site, name: &str) -> Result<Leaving, Failure> {
        use lakewright_deployer::cloud::Cloud as _;
        let deployed = self.runtime.block_on(self.aws.template(site, name));
        let deployed = deployed.map_err(|error| unreachable(&error))?;
        let Ok(template) = read::template(&deployed) else { return Ok(Leaving::default()) };
        let blockers = self.runtime.block_on(blockers(&self.aws, site, name, &template));
        let partition = lakewright_template::resolve::partition_of(&site.region);
        let roles = template.resources.values().filter(|one| one.kind == "AWS::IAM::Role");
        let roles = roles
            .filter_map(|role| role.properties.get("RoleName")?.as_text())
            .map(|name| format!("arn:{partition}:iam::{}:role/{name}", site.account));
        Ok(Leaving {
            blockers: blockers.map_err(|error| unreachable(&error))?,
            roles: roles.collect(),
        })
    }

    /// A role that goes leaves its entry among the administrators of Lake Formation, which then takes no change of the
    /// list. Only roles of the stack are taken out.
    fn remove_administrators(&self, site: &Site, roles: &BTreeSet<String>) -> Result<(), Failure> {
        let place = (site.account.as_str(), site.region.as_str());
        let is_deployer = matches!(site.access, Access::Deployer { .. });
        let deployer = self
            .targets
            .iter()
            .find(|(address, _)| address.starts_with(&format!("{}/{}/", place.0, place.1)))
            .map(|(_, target)| Site { access: deployer(target), ..site.clone() });
        let has_settings = self.stacks.values().any(|stack| {
            (stack.entry.account.as_str(), stack.entry.region.as_str()) == place
                && stack.template.contains("\"AWS::LakeFormation::DataLakeSettings\"")
        });
        let site = if is_deployer { Some(site.clone()) } else { deployer };
        let Some(site) = site.filter(|_| !roles.is_empty()) else { return Ok(()) };
        match self.runtime.block_on(remove_administrators(&self.aws, &site, roles)) {
            // Where the mesh has no data now, the role may no longer look; where it never had any, there is no entry.
            Err(CloudError::Access { .. }) if !has_settings => Ok(()),
            other => other.map_err(|error| unreachable(&error)),
        }
    }

    /// A bucket of artifacts that does not stay is emptied, as CloudFormation deletes none with
    /// objects in it. No other bucket is.
    fn empty_artifacts(
        &self,
        stack: Option<&Stack>,
        site: &Site,
        ui: &mut Ui,
    ) -> Result<(), Failure> {
        use lakewright_deployer::cloud::Cloud as _;
        for bucket in stack.map(|stack| show::artifact_buckets(&stack.template)).unwrap_or_default()
        {
            let emptied = self.runtime.block_on(self.aws.empty(site, &bucket));
            match emptied {
                Ok(objects) => ui.note(&format!("emptied {bucket}: {}", count(objects, "object"))),
                // It may not be there any more.
                Err(CloudError::Refused { message, .. }) if message.starts_with("NoSuchBucket") => {
                }
                Err(error) => return Err(unreachable(&error)),
            }
        }
        Ok(())
    }

    /// Looks into each account and region.
    fn observe(&self) -> Result<Observation, Failure> {
        let mut sites: BTreeMap<String, Site> = BTreeMap::new();
        for (address, target) in &self.targets {
            let place = address.rsplit_once('/').map_or("", |(place, _)| place);
            let Some((account, region)) = place.split_once('/') else { continue };
            sites.entry(place.to_owned()).or_insert_with(|| Site {
                account: account.to_owned(),
                region: region.to_owned(),
                access: deployer(target),
            });
        }
        let mut observed = BTreeMap::new();
        for site in sites.values() {
            use lakewright_deployer::cloud::Cloud as _;
            let listed = match self.runtime.block_on(self.aws.list(site)) {
                // An account that was never bootstrapped has no deploy role yet.
                Err(CloudError::Access { .. }) => {
                    let access = Access::Owner { role: self.options.owner_role.clone() };
                    let owner = Site { access, ..site.clone() };
                    self.runtime.block_on(self.aws.list(&owner)).map_err(|error| {
                        Failure {
                            exit: Exit::Unreachable,
                            message: format!(
                                "{error}\nAccount {} in {} may not be bootstrapped: `lakewright bootstrap \
                                 MESH --account {} --region {}` prints what its owner deploys",
                                site.account, site.region, site.account, site.region
                            ),
                        }
                    })?
                }
                other => other.map_err(|error| unreachable(&error))?,
            };
            for (name, stack) in listed {
                observed.insert(format!("{}/{}/{name}", site.account, site.region), stack);
            }
        }
        Ok((observed, sites))
    }

    /// The address of a stack, by its name or address.
    fn find(&self, name: &str, observed: &BTreeMap<String, Observed>) -> Result<String, Failure> {
        let is_ours = |stack: &Observed| stack.tags.get("lakewright:mesh") == Some(&self.mesh);
        let found: Vec<&String> = observed
            .iter()
            .filter(|(address, stack)| {
                is_ours(stack) && (*address == name || address.ends_with(&format!("/{name}")))
            })
            .map(|(address, _)| address)
            .collect();
        match found.as_slice() {
            [one] => Ok((*one).clone()),
            [] => Err(Failure::usage(format!("no stack `{name}` of this mesh is deployed"))),
            several => {
                let several: Vec<&str> = several.iter().map(|address| address.as_str()).collect();
                let several = several.join(", ");
                Err(Failure::usage(format!("`{name}` is in several places: {several}")))
            }
        }
    }

    fn confirm(&self, question: &str, ui: &mut Ui) -> bool {
        if self.options.yes {
            return true;
        }
        if !std::io::stdin().is_terminal() {
            ui.error("nobody can be asked here; `--yes` goes on without asking");
            return false;
        }
        ask(question)
    }
}

/// Deploy roles let in roles of the central account alone: other credentials would be refused account by account.
fn is_central(aws: &Aws, mesh: &Mesh) -> Result<(), Failure> {
    let central = mesh.tenant.central_account.as_str();
    if aws.caller() == central {
        return Ok(());
    }
    let message = format!(
        "the credentials are of account {}, and the mesh's `central_account` is {central}; use credentials of that          account, as with `--profile NAME` or AWS_PROFILE",
        aws.caller()
    );
    Err(Failure { exit: Exit::Unreachable, message })
}

fn deployer(target: &DeployTarget) -> Access {
    Access::Deployer {
        role: target.deploy_role.clone(),
        external_id: target.external_id.clone(),
        execution_role: target.execution_role.clone(),
        template_bucket: target.template_bucket.clone(),
    }
}

fn ask(question: &str) -> bool {
    let mut answer = String::new();
    drop(write!(std::io::stderr().lock(), "{question} [y/N] "));
    let is_read = std::io::stdin().read_line(&mut answer).is_ok();
    is_read && matches!(answer.trim(), "y" | "Y" | "yes")
}

fn unreachable(error: &CloudError) -> Failure {
    let exit = match error {
        CloudError::Access { .. } | CloudError::Network { .. } => Exit::Unreachable,
        CloudError::Refused { .. } => Exit::RolledBack,
        CloudError::Overtaken { .. } => Exit::Declined,
    };
    Failure { exit, message: error.to_string() }
}

/// The worst of all outcomes.
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
    }
}
