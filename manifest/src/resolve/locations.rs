//! Each location is registered with Lake Formation only once.
//!
//! An account and region can register a location once: a second `RegisterResource` returns
//! `AlreadyExistsException`, and the second stack fails. Source: Lake Formation API reference, RegisterResource;
//! data-dot-all/dataall issues #306 and #321.

use std::collections::BTreeMap;

use super::Context;
use crate::Code;
use crate::diagnostic::Diagnostic;
use crate::mesh::{Dataset, Environment, Location};
use crate::name::Id;

impl Context {
    /// No two datasets of one account and region may register the same bucket, and none may register a bucket for which
    /// another dataset has `registered: false`.
    pub(super) fn locations_are_registered_once(
        &mut self,
        datasets: &BTreeMap<Id, Dataset>,
        environments: &BTreeMap<Id, Environment>,
    ) {
        // By account, region and bucket.
        let mut buckets: BTreeMap<[&str; 3], Vec<(&Dataset, Location)>> = BTreeMap::new();
        for dataset in datasets.values() {
            let environment = environments.get(dataset.environment.id());
            let (Some(import), Some(environment)) = (&dataset.import, environment) else {
                continue;
            };
            let place =
                [environment.account.as_str(), environment.region.as_str(), import.bucket.as_str()];
            buckets.entry(place).or_default().push((dataset, import.location));
        }
        for ([_, _, bucket], mut here) in buckets {
            here.sort_by_key(|(dataset, _)| dataset.header.origin);
            let mut registering = here.iter().filter(|(_, location)| *location == Location::Here);
            let Some((first, _)) = registering.next() else { continue };
            for (second, _) in registering {
                let message = format!(
                    "datasets `{}` and `{}` both register bucket `{bucket}` with Lake Formation",
                    first.header.id, second.header.id
                );
                let help = "a location is registered once: set `register_location: false` in the `import` of one of them";
                self.registered(&message, second, first, help);
            }
            let denying = here.iter().filter(|(_, location)| *location == Location::Nowhere);
            for (second, _) in denying {
                let message = format!(
                    "dataset `{}` says that nobody registers bucket `{bucket}`, and dataset `{}` registers it",
                    second.header.id, first.header.id
                );
                let help = "set `register_location: false` in the place of `registered: false`, or `registered: false` in both";
                self.registered(&message, second, first, help);
            }
        }
    }

    fn registered(&mut self, message: &str, second: &Dataset, first: &Dataset, help: &str) {
        let diagnostic = Diagnostic::new(Code::RegisteredTwice, message)
            .at(second.header.origin, "this dataset")
            .and(first.header.origin, "the one that registers it")
            .help(help);
        self.report.push(diagnostic);
    }
}
