//! The day that decides which shares have expired.

use lakewright_manifest::Date;

use crate::exit::Failure;

/// The day on which shares are looked at.
#[derive(Debug, clap::Args)]
pub(crate) struct Day {
    /// Treat shares that expired before this date as revoked [default: no share has expired; `deploy` and `refresh`: today]
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = Date::parse)]
    pub(crate) as_of: Option<Date>,
}

impl Day {
    /// The given day, or today in UTC. Fails if the clock has no valid date.
    pub(crate) fn or_today(&self) -> Result<Date, Failure> {
        if let Some(day) = &self.as_of {
            return Ok(day.clone());
        }
        let today = lakewright_deployer::day::today();
        let today = today.ok_or_else(|| Failure::unexpected("the clock tells no day"))?;
        Date::parse(&today).map_err(|error| Failure::unexpected(error.to_string()))
    }
}
