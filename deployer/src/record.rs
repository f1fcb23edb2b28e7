//! The record of where a mesh has stacks. Stacks of a removed environment may be in an account and region that the
//! mesh no longer names.
//!
//! It is one object in the central account, written before the first change of a run and after its last one. In
//! between it holds the run's lease ([`crate::lease`]), so the second of two concurrent deployments is refused.

use std::collections::{BTreeMap, BTreeSet};

use lakewright_template::place::PlaceError;
use lakewright_template::{Place, StackAddress};
use serde_json::{Value, json};

use crate::cloud::{Cloud, CloudError, Site, Stack};
use crate::driver::{Driver, Summary, failure, is_good};
use crate::lease::{Run, RunError};
use lakewright_fleet::event::{Change, Event};
use lakewright_fleet::plan::Plan;
use lakewright_fleet::schedule::Because;

/// The version of the record's format. A record of another version is refused, because a newer program wrote it.
const VERSION: u64 = 1;
/// How often reading the record is tried with a role that was just created, with up to five seconds between tries.
const TRIES: u32 = 12;

/// Where a record is stored, and the role used to access it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shelf {
    /// The central account's home region.
    pub site: Site,
    /// The bucket.
    pub bucket: String,
    /// The object's key.
    pub key: String,
}

/// An account and region with stacks whose names begin with a prefix.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Spot {
    /// The account and the region.
    pub place: Place,
    /// How the names of the stacks begin.
    pub prefix: String,
}

impl Spot {
    /// Whether a stack is one of these.
    pub fn holds(&self, address: &StackAddress) -> bool {
        let name = address.name.strip_prefix(&self.prefix);
        address.place == self.place && name.is_some_and(|rest| rest.starts_with('-'))
    }
}

/// A record as it was read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Record {
    /// Where the mesh had stacks.
    pub spots: BTreeSet<Spot>,
    /// The current run, or the last one; `None` in a record of a version without runs.
    pub run: Option<Run>,
    /// The object's version, its ETag; `None` if the record does not exist yet.
    pub version: Option<String>,
}

/// Why a record cannot be used: an unreadable entry would hide stacks.
#[derive(Debug, thiserror::Error)]
enum RecordError {
    /// It is no JSON.
    #[error("it is no JSON: {0}")]
    NoJson(#[from] serde_json::Error),
    /// It is of another version of the format.
    #[error("it is of version {0}, and expected was {known}; a newer `lakewright` reads it", known = VERSION)]
    Version(Value),
    /// It is of another mesh.
    #[error("it is of mesh {got}, and expected was `{expected}`")]
    Mesh {
        /// The mesh that it names.
        got: Value,
        /// The mesh whose record is read.
        expected: String,
    },
    /// It does not say where stacks are.
    #[error("it has no list `stacks_in`")]
    NoList,
    /// An entry lacks a field.
    #[error("an entry of `stacks_in` has no text `{name}`: {entry}")]
    NoField {
        /// The field.
        name: &'static str,
        /// The entry.
        entry: Value,
    },
    /// An entry is of no place.
    #[error("an entry of `stacks_in` is wrong: {0}")]
    Place(#[from] PlaceError),
    /// What it says of a run is wrong.
    #[error(transparent)]
    Run(#[from] RunError),
}

/// A record that can be read only after the stack with its bucket has been created or changed.
#[derive(Debug)]
pub struct Opening<'a> {
    /// Where the record is stored.
    pub shelf: &'a Shelf,
    /// The mesh's id.
    pub mesh: &'a str,
    /// The stack that creates the bucket and grants access to it.
    pub keeper: &'a StackAddress,
    /// Where the mesh will have stacks.
    pub spots: &'a BTreeSet<Spot>,
}

/// Reads the record of a mesh. A record that does not exist yet is empty.
pub async fn read(cloud: &impl Cloud, shelf: &Shelf, mesh: &str) -> Result<Record, CloudError> {
    let Shelf { site, bucket, key } = shelf;
    let Some((text, version)) = cloud.read_object(site, bucket, key).await? else {
        return Ok(Record::default());
    };
    let (spots, run) = parse(&text, mesh).map_err(|error| CloudError::Refused {
        what: format!("read where the mesh has stacks, from s3://{bucket}/{key}"),
        message: error.to_string(),
    })?;
    Ok(Record { spots, run, version: Some(version) })
}

/// Writes where the mesh has stacks and the run's entry, if the record still has the version that was read.
pub(crate) async fn write(
    cloud: &impl Cloud,
    shelf: &Shelf,
    mesh: &str,
    record: &mut Record,
    (spots, run): (BTreeSet<Spot>, Run),
) -> Result<(), CloudError> {
    let Shelf { site, bucket, key } = shelf;
    let text = to_text(mesh, &spots, &run);
    let was = record.version.as_deref();
    let version = cloud.replace_object(site, bucket, key, text, was).await?;
    *record = Record { spots, run: Some(run), version: Some(version) };
    Ok(())
}

impl<C: Cloud, R: FnMut(Event), A: FnMut(&StackAddress, &[Change]) -> bool> Driver<'_, C, R, A> {
    /// Runs a plan when the record cannot be read yet: first the stack with its bucket, then the record, then all
    /// others. If one of the first two fails, no other stack is started.
    pub async fn run_with_record(
        &self,
        plan: &Plan,
        stacks: &BTreeMap<StackAddress, Stack>,
        sites: &BTreeMap<Place, Site>,
        opening: &Opening<'_>,
        record: &mut Record,
    ) -> Summary {
        let (first, others) = plan.apart(opening.keeper);
        let mut summary = self.run(&first, stacks, sites).await;
        let mut goes_on = summary.outcomes.values().all(is_good);
        if goes_on && let Err(error) = self.open(opening, record).await {
            goes_on = false;
            let (address, outcome) = (opening.keeper.clone(), failure(&error));
            self.tell(Event::Finished { address: address.clone(), outcome: outcome.clone() });
            summary.outcomes.insert(address, outcome);
        }
        if goes_on {
            let (lease, cloud) = (self.lease, self.cloud);
            let running = Box::pin(self.run(&others, stacks, sites));
            let Summary { outcomes, skipped } = lease.during(cloud, record, running).await;
            summary.outcomes.extend(outcomes);
            summary.skipped.extend(skipped);
            return summary;
        }
        for step in others.steps.iter().filter(|step| step.is_change()) {
            let (address, because) = (step.address.clone(), Because::Stack(opening.keeper.clone()));
            summary.skipped.insert(address.clone(), because.clone());
            self.tell(Event::Skipped { address, because });
        }
        summary
    }

    /// Reads the record as soon as the role may do so, then takes the lease and adds where the mesh will have stacks.
    async fn open(&self, opening: &Opening<'_>, record: &mut Record) -> Result<(), CloudError> {
        let Opening { shelf, mesh, keeper, spots } = opening;
        let mut tries = 0;
        *record = loop {
            match read(self.cloud, shelf, mesh).await {
                Err(CloudError::Access { .. }) if tries < TRIES => {
                    self.cloud.pause(tries).await;
                    tries += 1;
                }
                other => break other?,
            }
        };
        let all = record.spots.union(spots).cloned().collect();
        if let Some(text) = self.lease.take(self.cloud, record, all).await? {
            self.tell(Event::Note { address: (*keeper).clone(), text });
        }
        Ok(())
    }
}

fn to_text(mesh: &str, spots: &BTreeSet<Spot>, run: &Run) -> String {
    let spots = spots.iter().map(|Spot { place, prefix }| {
        json!({ "account": place.account, "region": place.region, "resource_prefix": prefix })
    });
    let spots: Vec<Value> = spots.collect();
    let run = run.to_json();
    let record = json!({ "version": VERSION, "mesh": mesh, "stacks_in": spots, "run": run });
    format!("{record:#}\n")
}

/// Parses a record.
fn parse(text: &str, mesh: &str) -> Result<(BTreeSet<Spot>, Option<Run>), RecordError> {
    let value: Value = serde_json::from_str(text)?;
    if value["version"] != VERSION {
        return Err(RecordError::Version(value["version"].clone()));
    }
    if value["mesh"] != mesh {
        let got = value["mesh"].clone();
        return Err(RecordError::Mesh { got, expected: mesh.to_owned() });
    }
    let listed = value["stacks_in"].as_array().ok_or(RecordError::NoList)?;
    let spots = listed.iter().map(spot).collect::<Result<_, _>>()?;
    Ok((spots, Run::parse(&value["run"])?))
}

fn spot(entry: &Value) -> Result<Spot, RecordError> {
    let field = |name: &'static str| {
        let text = entry[name].as_str().map(str::to_owned);
        text.ok_or_else(|| RecordError::NoField { name, entry: entry.clone() })
    };
    let place = Place::parse(&field("account")?, &field("region")?)?;
    Ok(Spot { place, prefix: field("resource_prefix")? })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(account: &str) -> Spot {
        let place = Place::parse(account, "eu-west-1").expect("a place");
        Spot { place, prefix: "lakewright".to_owned() }
    }

    #[test]
    fn what_was_written_is_read_again() {
        let spots = BTreeSet::from([at("111111111111"), at("222222222222")]);
        let run = Run { id: "a".to_owned(), begun: 0, heard: 60, has_ended: false };
        let text = to_text("acme", &spots, &run);
        assert_eq!(parse(&text, "acme").expect("a record"), (spots, Some(run)));
        // The format before runs were added.
        let before = r#"{"version": 1, "mesh": "acme", "stacks_in": []}"#;
        assert_eq!(parse(before, "acme").expect("a record"), (BTreeSet::new(), None));
    }

    #[test]
    fn what_cannot_be_read_is_not_taken_for_nothing() {
        let no = |text: &str| parse(text, "acme").expect_err("no record").to_string();
        assert!(no("").contains("no JSON"));
        assert!(no(r#"{"version": 2, "mesh": "acme", "stacks_in": []}"#).contains("version 2"));
        assert!(no(r#"{"version": 1, "mesh": "other", "stacks_in": []}"#).contains("\"other\""));
        assert!(no(r#"{"version": 1, "mesh": "acme"}"#).contains("stacks_in"));
        let half = r#"{"version": 1, "mesh": "acme", "stacks_in": [{"account": "111111111111"}]}"#;
        assert!(no(half).contains("`region`"), "{}", no(half));
        let run = r#"{"version": 1, "mesh": "acme", "stacks_in": [], "run": {"id": "a"}}"#;
        assert!(no(run).contains("`run`"), "{}", no(run));
    }

    #[test]
    fn a_spot_holds_the_stacks_of_its_prefix() {
        let spot = at("111111111111");
        let address = |text: &str| StackAddress::parse(text).expect("an address");
        assert!(spot.holds(&address("111111111111/eu-west-1/lakewright-team-x")));
        for other in ["eu-west-1/lakewrights-team", "us-east-1/lakewright-team"] {
            assert!(!spot.holds(&address(&format!("111111111111/{other}"))), "{other}");
        }
    }
}
