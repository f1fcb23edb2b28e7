//! The deployed stacks before a run: in the places of the mesh, and in its former places. Those are known from the
//! record of deployments, and from the earlier mesh if it is given.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;

use lakewright_deployer::cloud::{Cloud as _, CloudError, Site};
use lakewright_deployer::driver::list_all;
use lakewright_deployer::record::{self, Record, Spot};
use lakewright_fleet::plan::{Observed, Plan};
use lakewright_fleet::status::{Standing, standing};
use lakewright_manifest::{NameError, RegionName, ResourcePrefix};
use lakewright_stacks::DeployTarget;
use lakewright_template::{Place, StackAddress, StackKind};

use super::stop::Leaving;
use super::{Deployment, deployer, unreachable};
use crate::exit::{Exit, Failure};
use crate::ui::Ui;

/// The state of the record of places with stacks.
#[derive(Debug)]
pub(super) enum Known {
    /// The record was read; it is empty if it was never written.
    Read(Record),
    /// The record can be read only after its stack has been created or changed. The reason is `None` if the stack was
    /// never created.
    Later(Option<String>),
}

/// Deleted stacks, by address, each with the resources that it left behind.
pub(super) type Gone = BTreeMap<StackAddress, Vec<String>>;

/// The findings before a run.
#[derive(Debug)]
pub(super) struct Seen {
    /// Every deployed stack, by address.
    pub(super) observed: BTreeMap<StackAddress, Observed>,
    /// The role that can read each account and region.
    pub(super) sites: BTreeMap<Place, Site>,
    /// The places and prefixes of present and former stacks of the mesh.
    pub(super) spots: BTreeSet<Spot>,
    /// Former accounts and regions of the mesh that no role can read any more, each with the reason.
    pub(super) unseen: BTreeMap<Place, String>,
    /// The record.
    pub(super) record: Known,
}

impl Seen {
    /// The stacks that a plan changes and that do not exist.
    pub(super) fn absent(&self, plan: &Plan) -> BTreeSet<StackAddress> {
        let changed = plan.steps.iter().filter(|step| step.is_change()).map(|step| &step.address);
        changed.filter(|address| !self.observed.contains_key(*address)).cloned().collect()
    }
}

impl Deployment<'_> {
    /// Lists the stacks of each account and region. Fails if a place of the mesh cannot be read; a former place is
    /// recorded in `unseen` instead.
    pub(super) fn observe(&mut self) -> Result<Seen, Failure> {
        let mut sites: BTreeMap<Place, Site> = BTreeMap::new();
        for (spot, site) in self.places(|address| self.stacks.contains_key(address)) {
            sites.entry(spot.place).or_insert(site);
        }
        let mut observed = BTreeMap::new();
        let lists = list_all(&self.aws, sites.values());
        for (site, listed) in sites.values().zip(self.runtime.block_on(lists)) {
            let listed = match listed {
                // An account has no deploy role before it is bootstrapped.
                Err(error @ CloudError::Access { .. }) => self.list_as_owner(site, &error)?,
                other => other.map_err(|error| unreachable(&error))?,
            };
            observed.extend(addressed(site, listed));
        }
        let record = self.read_record(&observed)?;
        if let Known::Read(record) = &record {
            for spot in &record.spots {
                let target = self.target_of(spot)?;
                self.targets.entry(target.bootstrap.clone()).or_insert(target);
            }
        }
        let mut unseen = BTreeMap::new();
        let places = self.places(|_| true);
        for (spot, site) in &places {
            let place = &spot.place;
            if sites.contains_key(place) {
                continue;
            }
            match self.list_former(site) {
                Ok(listed) => {
                    observed.extend(addressed(site, listed));
                    unseen.remove(place);
                    sites.insert(place.clone(), site.clone());
                }
                Err(error @ CloudError::Access { .. }) => {
                    unseen.insert(place.clone(), error.to_string());
                }
                Err(error) => return Err(unreachable(&error)),
            }
        }
        Ok(Seen { observed, sites, spots: places.into_keys().collect(), unseen, record })
    }

    /// The places and prefixes of stacks whose address `is_meant` accepts, each with its deploy role.
    fn places(&self, is_meant: impl Fn(&StackAddress) -> bool) -> BTreeMap<Spot, Site> {
        let meant = self.targets.iter().filter(|(address, _)| is_meant(address));
        let places = meant.map(|(address, target)| {
            let place = address.place.clone();
            let spot = Spot { place: place.clone(), prefix: target.prefix.to_string() };
            (spot, Site { place, access: deployer(target) })
        });
        places.collect()
    }

    /// The deploy role for a stack, even if the stack is no longer in the mesh.
    pub(super) fn site_of(&self, address: &StackAddress) -> Option<Site> {
        let places = self.places(|_| true).into_iter();
        let holding = places.filter(|(spot, _)| spot.holds(address));
        // One prefix may begin with another one: the longest matches.
        holding.max_by_key(|(spot, _)| spot.prefix.len()).map(|(_, site)| site)
    }

    /// Lists the stacks of a former place, as the account's owner if the deploy role may not and `owner` allows it.
    fn list_former(&self, site: &Site) -> Result<BTreeMap<String, Observed>, CloudError> {
        match self.runtime.block_on(self.aws.list(site)) {
            Err(error @ CloudError::Access { .. }) => match self.owner(site) {
                Some(owner) => self.runtime.block_on(self.aws.list(&owner)),
                None => Err(error),
            },
            other => other,
        }
    }

    /// Reads the record. The stack with the record also has the role that may read it.
    fn read_record(&self, observed: &BTreeMap<StackAddress, Observed>) -> Result<Known, Failure> {
        let wanted = self.stacks.get(&self.keeper).map(|stack| &stack.entry.revision);
        let there = observed.get(&self.keeper);
        let is_first = there.is_none_or(|stack| {
            matches!(standing(&stack.status), Standing::Absent | Standing::Undone)
        });
        let there = there.filter(|stack| standing(&stack.status) == Standing::Whole);
        let there = there.and_then(|stack| stack.revision.as_ref());
        let is_kept = wanted.is_some() && wanted == there;
        match self.runtime.block_on(record::read(&self.aws, &self.shelf, &self.id)) {
            Ok(record) => Ok(Known::Read(record)),
            Err(error) if !is_kept && is_not_made(&error) => {
                Ok(Known::Later((!is_first).then(|| error.to_string())))
            }
            Err(error) => Err(unreachable(&error)),
        }
    }

    /// The roles used to read a place of the record. The record is validated as strictly as a mesh, because the roles
    /// that it names are assumed.
    fn target_of(&self, spot: &Spot) -> Result<DeployTarget, Failure> {
        let broken = |error: NameError| {
            let (bucket, key) = (&self.shelf.bucket, &self.shelf.key);
            Failure::unexpected(format!("s3://{bucket}/{key} is not as it was written: {error}"))
        };
        RegionName::parse(&spot.place.region).map_err(broken)?;
        let prefix = ResourcePrefix::parse(&spot.prefix).map_err(broken)?;
        Ok(DeployTarget::of(self.mesh, &prefix, &spot.place))
    }

    /// Notes on what is unknown about former places of the mesh.
    pub(super) fn unknown(&self, seen: &Seen) -> Vec<String> {
        let unseen = seen.unseen.iter().map(|(place, reason)| {
            format!(
                "{place} had stacks of the mesh, and what is left there is not known: {reason}; `--owner-role NAME` looks as a \
                 role of the account's owner, and `lakewright destroy MESH --keep-stack --stack {place}` forgets the place"
            )
        });
        let later = match &seen.record {
            Known::Read(_) => None,
            Known::Later(None) => Some(format!(
                "there is no record of deployments yet, as before a first deployment: it is created with {}",
                self.keeper
            )),
            Known::Later(Some(reason)) => Some(format!(
                "what places the mesh had before is looked up when {} is deployed: {reason}",
                self.keeper
            )),
        };
        let keepers = self.former_keepers(seen).map(|address| {
            format!(
                "{address} may have kept the record when the tenant had its `resource_prefix`; `--base` with that mesh looks at the \
                 places in it"
            )
        });
        let unmarked = seen.observed.iter().filter(|(address, stack)| {
            !self.stacks.contains_key(*address)
                && self.is_ours(address, stack)
                && self.is_unmarked(address, stack)
        });
        let unmarked = unmarked.map(|(address, _)| {
            format!(
                "{address} has the name of a bootstrap of the mesh and none of its tags: `lakewright destroy` knows it by its name"
            )
        });
        unseen.chain(later).chain(keepers).chain(unmarked).collect()
    }

    /// Former bootstrap stacks of the mesh in the account and region of the record.
    fn former_keepers<'s>(&'s self, seen: &'s Seen) -> impl Iterator<Item = &'s StackAddress> {
        let place = &self.shelf.site.place;
        let has = |stack: &Observed, tag: &str, value: &str| {
            stack.tags.get(tag).is_some_and(|found| found == value)
        };
        let bootstraps = seen.observed.iter().filter(move |(address, stack)| {
            address.place == *place
                && has(stack, "lakewright:kind", StackKind::Bootstrap.as_str())
                && has(stack, "lakewright:mesh", &self.id)
                && stack.status != "DELETE_COMPLETE"
                && !self.stacks.contains_key(*address)
        });
        bootstraps.map(|(address, _)| address)
    }

    /// Fails if another run changes the mesh, according to the record.
    pub(super) fn is_free(&self, seen: &Seen) -> Result<(), Failure> {
        let Known::Read(record) = &seen.record else { return Ok(()) };
        self.lease.check(record).map(drop).map_err(|error| before(&error))
    }

    /// The note of a plan if another run changes the mesh.
    pub(super) fn busy(&self, seen: &Seen) -> Option<String> {
        let Known::Read(record) = &seen.record else { return None };
        self.lease.check(record).err().map(|error| error.to_string())
    }

    /// Records this run and its places before anything is changed. If the record cannot be written yet, CloudFormation
    /// prevents two runs from changing one stack.
    pub(super) fn begin_record(&self, seen: &mut Seen, ui: &mut Ui) -> Result<(), Failure> {
        self.progress.leaves(Leaving {
            settings: self.settings.clone(),
            shelf: self.shelf.clone(),
            mesh: self.id.clone(),
            run: self.lease.id().to_owned(),
        });
        let Known::Read(record) = &mut seen.record else { return Ok(()) };
        let spots = record.spots.union(&seen.spots).cloned().collect();
        let taking = self.lease.take(&self.aws, record, spots);
        if let Some(text) = self.runtime.block_on(taking).map_err(|error| before(&error))? {
            ui.note(&text);
        }
        Ok(())
    }

    /// Does some work while the lease in the record is renewed.
    pub(super) fn held<T>(&self, record: &mut Known, work: impl Future<Output = T>) -> T {
        match record {
            Known::Read(record) => {
                self.runtime.block_on(self.lease.during(&self.aws, record, work))
            }
            Known::Later(_) => self.runtime.block_on(work),
        }
    }

    /// Records the end of this run, and changes nothing else in the record.
    pub(super) fn leave_record(&self, seen: &mut Seen, ui: &mut Ui) {
        let Known::Read(record) = &mut seen.record else { return };
        let spots = record.spots.clone();
        let leaving = self.lease.release(&self.aws, record, spots);
        if let Err(error) = self.runtime.block_on(leaving) {
            ui.note(&format!(
                "the record of places with stacks still says that this run goes on: {error}"
            ));
        }
    }

    /// Records the places with stacks after a run, and prints notes on them.
    pub(super) fn close_record(&self, seen: &mut Seen, gone: &Gone, ui: &mut Ui) {
        for text in self.closed_record(seen, gone) {
            ui.note(&text);
        }
    }

    /// Like [`Self::close_record`], but returns the notes. A former place stays in the record while stacks remain there
    /// or it cannot be read.
    pub(super) fn closed_record(&self, seen: &mut Seen, gone: &Gone) -> Vec<String> {
        let Seen { observed, spots, unseen, record, .. } = seen;
        let Known::Read(record) = record else { return Vec::new() };
        let wanted = self.places(|address| self.stacks.contains_key(address));
        let is_there = |spot: &Spot| {
            observed.iter().any(|(address, stack)| {
                spot.holds(address) && !gone.contains_key(address) && self.is_ours(address, stack)
            })
        };
        let is_left = |spot: &Spot| {
            wanted.contains_key(spot) || unseen.contains_key(&spot.place) || is_there(spot)
        };
        let mut said = Vec::new();
        let mut left: BTreeSet<Spot> = spots.iter().filter(|spot| is_left(spot)).cloned().collect();
        for spot in record.spots.difference(spots) {
            let place = &spot.place;
            said.push(format!("{place} had stacks of the mesh as well; a later run looks there"));
            left.insert(spot.clone());
        }
        said.extend(record.spots.difference(&left).map(|spot| off(spot, gone)));
        let leaving = self.lease.release(&self.aws, record, left);
        match self.runtime.block_on(leaving) {
            Ok(()) => said,
            Err(error) => vec![format!(
                "the record of places with stacks could not be written, and is as it was when this run began: {error}"
            )],
        }
    }

    /// Removes a place that no role can read any more from the record.
    pub(super) fn forget_place(
        &self,
        place: &Place,
        seen: &mut Seen,
        ui: &mut Ui,
    ) -> Result<Exit, Failure> {
        if matches!(seen.record, Known::Later(_)) {
            return Err(Failure::usage(self.unknown(seen).join("\n")));
        }
        if !self.confirm(&format!("Forget whatever the mesh left in {place}?"), ui) {
            ui.note("nothing was changed");
            return Ok(Exit::Declined);
        }
        self.begin_record(seen, ui)?;
        if let Known::Read(record) = &mut seen.record {
            let spots = record.spots.iter().filter(|spot| spot.place != *place).cloned().collect();
            let leaving = self.lease.release(&self.aws, record, spots);
            self.runtime.block_on(leaving).map_err(|error| unreachable(&error))?;
        }
        ui.note(&format!(
            "what the mesh left in {place} is not deleted, and is not looked for any more"
        ));
        Ok(Exit::Done)
    }
}

/// The failure if a run does not begin.
pub(super) fn before(error: &CloudError) -> Failure {
    Failure { message: format!("{error}; nothing was changed"), ..unreachable(error) }
}

/// The note for a place that is removed from the record. Resources that earlier deletions left behind are unknown.
fn off(spot: &Spot, gone: &Gone) -> String {
    let stays = gone.iter().filter(|(address, _)| spot.holds(address)).flat_map(|(_, names)| names);
    let stays: Vec<&str> = stays.map(String::as_str).collect();
    let place = &spot.place;
    let what = if stays.is_empty() { String::new() } else { format!(": {}", stays.join(", ")) };
    format!(
        "{place} is off the record, as no stack of the mesh is left there; data that its stacks left behind is not deleted, and \
         nothing looks for it any more{what}"
    )
}

/// The stacks of a place, by address.
fn addressed(
    site: &Site,
    listed: BTreeMap<String, Observed>,
) -> impl Iterator<Item = (StackAddress, Observed)> {
    listed.into_iter().map(|(name, stack)| (site.address(&name), stack))
}

/// Whether reading the record fails because the role or the bucket does not exist yet, or the role lacks the
/// permission.
fn is_not_made(error: &CloudError) -> bool {
    match error {
        CloudError::Access { .. } => true,
        CloudError::Refused { message, .. } => message.starts_with("NoSuchBucket"),
        CloudError::Network { .. }
        | CloudError::Throttled { .. }
        | CloudError::Full { .. }
        | CloudError::Overtaken { .. } => false,
    }
}
