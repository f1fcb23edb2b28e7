//! The part of a mesh that a run refreshes.

use std::fmt;

use clap::Args;
use lakewright_fleet::shard::Shard;
use lakewright_template::Place;
use lakewright_template::place::PlaceError;

use crate::exit::Failure;

/// An account, or an account and region.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Where {
    /// All regions of an account.
    Account(String),
    /// One account and region.
    Place(Place),
}

impl Where {
    /// Whether a place is one of these.
    pub(crate) fn holds(&self, place: &Place) -> bool {
        match self {
            Self::Account(account) => place.account == account.as_str(),
            Self::Place(one) => one == place,
        }
    }

    fn name(&self) -> String {
        match self {
            Self::Account(account) => account.clone(),
            Self::Place(Place { account, region }) => format!("{account}-{region}"),
        }
    }
}

impl fmt::Display for Where {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Account(account) => f.write_str(account),
            Self::Place(place) => place.fmt(f),
        }
    }
}

/// Reads `ACCOUNT` or `ACCOUNT/REGION`.
pub(super) fn parse(text: &str) -> Result<Where, PlaceError> {
    match text.split_once('/') {
        Some((account, region)) => Ok(Where::Place(Place::parse(account, region)?)),
        // The account is checked as that of any place.
        None => {
            Place::parse(text, "us-east-1").map(|place| Where::Account(place.account.to_string()))
        }
    }
}

/// Which part of the mesh is refreshed; all of it without an option.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct Part {
    /// Refresh only this account, or account and region
    #[arg(long, value_name = "ACCOUNT[/REGION]", value_parser = parse, conflicts_with = "shard")]
    place: Option<Where>,
    /// Refresh only part I of N; each account and region is in one part. In an array job of AWS Batch, the job's
    /// variables say which part it is
    #[arg(long, value_name = "I/N", conflicts_with = "shards")]
    shard: Option<String>,
    /// The number of parts, if the variable JOB_COMPLETION_INDEX of an indexed job of Kubernetes says which part it is
    #[arg(long, value_name = "N", conflicts_with = "place")]
    shards: Option<u32>,
    #[arg(skip)]
    found: Option<Shard>,
}

impl Part {
    /// This part, with what the machine's variables say.
    pub(crate) fn resolved(&self) -> Result<Self, Failure> {
        if self.place.is_some() {
            return Ok(self.clone());
        }
        let option = self.shards.map(|of| format!("/{of}")).or_else(|| self.shard.clone());
        let found = Shard::of_run(option.as_deref(), |name| std::env::var(name).ok());
        let found = found.map_err(|error| Failure::usage(error.to_string()))?;
        Ok(Self { found, ..self.clone() })
    }

    /// The shard, if it is one.
    pub(crate) fn shard(&self) -> Option<&Shard> {
        self.found.as_ref()
    }

    /// Whether it is the whole mesh.
    pub(crate) fn is_all(&self) -> bool {
        self.place.is_none() && self.found.is_none()
    }

    /// Whether a place belongs to it.
    pub(crate) fn holds(&self, place: &Place) -> bool {
        self.place.as_ref().is_none_or(|one| one.holds(place))
            && self.found.as_ref().is_none_or(|shard| shard.holds(place))
    }

    /// Its name in the key of its lease; `None` for the whole mesh.
    pub(crate) fn name(&self) -> Option<String> {
        let place = self.place.as_ref().map(Where::name);
        let shard = self.found.as_ref().map(|shard| format!("part-{shard}").replace('/', "-of-"));
        place.or(shard)
    }
}
