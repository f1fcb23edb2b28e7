//! Fetches the facts that only accounts know.

use lakewright_analysis::context::{Fact, Wanted};
use lakewright_deployer::aws::Aws;
use lakewright_deployer::aws::caller::Settings;
use lakewright_deployer::cloud::{Access, CloudError, Site};
use lakewright_deployer::context::{Subscription, Vpc, blocks, default_vpc, subscription, zones};
use lakewright_template::Place;
use tokio::runtime::Runtime;

use crate::deployment::unreachable;
use crate::exit::Failure;

/// The facts of an environment.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub(crate) facts: Vec<Fact>,
    /// What is not known, each in a sentence.
    pub(crate) unknown: Vec<String>,
}

/// Somebody who looks into accounts.
pub(crate) struct Looker {
    aws: Aws,
    runtime: Runtime,
    owner_role: Option<String>,
}

impl Looker {
    /// Connects to AWS with the caller's credentials.
    pub(crate) fn connect(
        profile: Option<&str>,
        owner_role: Option<&str>,
        first: &Place,
    ) -> Result<Self, Failure> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| Failure::unexpected(error.to_string()))?;
        let settings = Settings {
            profile: profile.map(str::to_owned),
            region: first.region.to_string(),
            imports_existing: false,
            run: None,
            mesh: None,
        };
        let aws = runtime.block_on(Aws::connect(&settings)).map_err(|error| unreachable(&error))?;
        Ok(Self { aws, runtime, owner_role: owner_role.map(str::to_owned) })
    }

    /// The facts that an environment needs. Fails without a network.
    pub(crate) fn facts(&self, wanted: &Wanted) -> Result<Found, Failure> {
        let mut found = Found::default();
        let needs_some =
            wanted.needs_default_vpc || wanted.needs_quicksight || !wanted.vpcs.is_empty();
        if !needs_some {
            return Ok(found);
        }
        let role = match &self.owner_role {
            Some(role) => role.clone(),
            None if self.aws.caller() == wanted.place.account.as_str() => String::new(),
            None => {
                found.unknown.push(format!(
                    "the credentials are of account {}; `--owner-role NAME` looks as a role of the owner of account {}",
                    self.aws.caller(),
                    wanted.place.account
                ));
                return Ok(found);
            }
        };
        let site = Site { place: wanted.place.clone(), access: Access::Owner { role } };
        if wanted.needs_default_vpc {
            let vpc = self.runtime.block_on(default_vpc(&self.aws, &site));
            if let Some(vpc) = found.known(vpc)? {
                found.facts.push(of_default_vpc(vpc.as_ref()));
                if vpc.is_none() {
                    let zones = self.runtime.block_on(zones(&self.aws, &site));
                    let zones = found.known(zones)?;
                    found.facts.extend(zones.map(|zones| of_zones(&zones)));
                }
            }
        }
        let mut vpcs = Vec::new();
        let before = found.unknown.len();
        for vpc in &wanted.vpcs {
            let blocks = self.runtime.block_on(blocks(&self.aws, &site, vpc));
            let blocks = found.known(blocks)?.into_iter().flatten();
            vpcs.extend(blocks.map(|block| format!("{{vpc_id: {vpc}, cidr: {block}}}")));
        }
        // A part of them would hide the others.
        if !vpcs.is_empty() && found.unknown.len() == before {
            found.facts.push(Fact { key: "vpcs", value: format!("[{}]", vpcs.join(", ")) });
        }
        if wanted.needs_quicksight {
            let subscription = self.runtime.block_on(subscription(&self.aws, &site));
            match found.known(subscription)? {
                None => {}
                Some(Subscription::Yes { identity_region: Err(reason) }) => found.unknown.push(format!(
                    "the account is subscribed to QuickSight, and the identity region is not known: {reason}"
                )),
                Some(subscription) => found.facts.extend(of_quicksight(&subscription)),
            }
        }
        Ok(found)
    }
}

impl Found {
    /// An answer; `None` if AWS refused it, which is noted.
    fn known<T>(&mut self, answer: Result<T, CloudError>) -> Result<Option<T>, Failure> {
        match answer {
            Ok(answer) => Ok(Some(answer)),
            Err(error @ (CloudError::Access { .. } | CloudError::Refused { .. })) => {
                self.unknown.push(error.to_string());
                Ok(None)
            }
            Err(error) => Err(unreachable(&error)),
        }
    }
}

fn of_default_vpc(vpc: Option<&Vpc>) -> Fact {
    let value = vpc.map_or_else(
        || "{exists: false}".to_owned(),
        |Vpc { id, subnets }| {
            format!("{{exists: true, vpc_id: {id}, subnet_ids: [{}]}}", subnets.join(", "))
        },
    );
    Fact { key: "default_vpc", value }
}

/// The first two zones: a network that a stack makes has two.
fn of_zones(zones: &[String]) -> Fact {
    let two: Vec<&str> = zones.iter().take(2).map(String::as_str).collect();
    Fact { key: "availability_zones", value: format!("[{}]", two.join(", ")) }
}

fn of_quicksight(subscription: &Subscription) -> Option<Fact> {
    let value = match subscription {
        Subscription::No => "{subscribed: false}".to_owned(),
        Subscription::Yes { identity_region } => {
            let region = identity_region.as_ref().ok()?;
            format!("{{subscribed: true, identity_region: {region}}}")
        }
    };
    Some(Fact { key: "quicksight", value })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The keys of `context` in `docs/mesh.md`.
    #[test]
    fn facts_are_written_as_the_mesh_takes_them() {
        let vpc = Vpc { id: "vpc-1".to_owned(), subnets: vec!["subnet-1".to_owned()] };
        assert_eq!(
            of_default_vpc(Some(&vpc)).value,
            "{exists: true, vpc_id: vpc-1, subnet_ids: [subnet-1]}"
        );
        assert_eq!(of_default_vpc(None).value, "{exists: false}");
        let zones = ["use1-az1", "use1-az2", "use1-az4"].map(str::to_owned);
        assert_eq!(of_zones(&zones).value, "[use1-az1, use1-az2]");
        let known = Subscription::Yes { identity_region: Ok("eu-west-1".to_owned()) };
        let value = of_quicksight(&known).map(|fact| fact.value);
        assert_eq!(value.as_deref(), Some("{subscribed: true, identity_region: eu-west-1}"));
        let unknown = Subscription::Yes { identity_region: Err("denied".to_owned()) };
        assert_eq!(of_quicksight(&unknown), None);
    }
}
