//! What is really there, compared with the templates as they were deployed.
//!
//! CloudFormation's drift detection does not see policies that somebody attached to a role or wrote into it, and not each
//! change of a key's policy (coverage-roadmap #936, #2489). So this module reads what gives access through the services
//! themselves: roles, keys with their grants, buckets, and Lake Formation. Whatever differs is put into the template of the
//! stack, on one side as it was deployed and on the other as it was found. A review of both sides says who gains and who
//! loses access.

mod bucket;
mod document;
mod key;
mod lake;
mod look;
mod role;
mod sides;
mod stated;

use std::collections::{BTreeMap, BTreeSet};

use lakewright_template::read::ReadError;
use lakewright_template::{StackAddress, Template, read};
use serde_json::Value;

use crate::at_once::by_place;
use crate::aws::Aws;
use crate::cloud::{Cloud, CloudError, Placed, Site};
pub use sides::Sides;
use stated::StatedStack;

/// A deployed stack.
#[derive(Debug, Clone)]
pub struct Deployed {
    /// Its address.
    pub address: StackAddress,
    /// The role that looks.
    pub site: Site,
    /// Its template.
    pub template: Template,
    /// Its resources.
    pub placed: Vec<Placed>,
    /// Whether its resources are looked at. The templates of the other stacks say what is right.
    pub is_looked_at: bool,
}

impl Deployed {
    /// A deployed stack, with its template in JSON or YAML.
    ///
    /// # Errors
    ///
    /// The text is not a template.
    pub fn of(
        address: &StackAddress,
        site: Site,
        text: &str,
        placed: Vec<Placed>,
        is_looked_at: bool,
    ) -> Result<Self, ReadError> {
        let template = read::template(text)?;
        Ok(Self { address: address.clone(), site, template, placed, is_looked_at })
    }
}

/// The result of CloudFormation's drift detection for a stack.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct StackDrift {
    /// The resources that drifted.
    pub resources: Vec<ResourceDrift>,
    /// What CloudFormation did not check, in its words.
    pub unknown: Vec<String>,
}

/// A resource that differs from its template.
#[derive(Debug, Clone, PartialEq)]
pub struct ResourceDrift {
    /// Its logical id.
    pub logical_id: String,
    /// What differs; `None` if the resource was deleted.
    pub differing: Option<Differing>,
}

/// The properties of a resource that differs.
#[derive(Debug, Clone, PartialEq)]
pub struct Differing {
    /// The paths of the properties that differ, such as `/PolicyDocument/Statement/0`.
    pub paths: Vec<String>,
    /// The properties that the template states.
    pub stated: Value,
    /// The properties that were found.
    pub found: Value,
}

/// Lets CloudFormation detect the drift of the stacks that are looked at.
pub async fn detect(
    aws: &Aws,
    stacks: &[Deployed],
) -> Vec<(StackAddress, Result<StackDrift, CloudError>)> {
    let wanted: Vec<&Deployed> = stacks.iter().filter(|stack| stack.is_looked_at).collect();
    let running = wanted
        .iter()
        .map(|stack| (&stack.address.place, aws.drift(&stack.site, &stack.address.name)));
    let found = by_place(running).await;
    wanted.iter().map(|stack| stack.address.clone()).zip(found).collect()
}

/// Compares what is really there with the templates. `own` has the result of CloudFormation's drift detection by stack.
pub async fn compare(
    cloud: &impl Cloud,
    stacks: &[Deployed],
    own: &BTreeMap<StackAddress, StackDrift>,
) -> Sides {
    let stated: Vec<StatedStack<'_>> = stacks.iter().map(StatedStack::of).collect();
    let mut sides = Sides::of(stacks);
    // The properties that the services themselves were asked about.
    let mut asked: BTreeSet<Asked> = BTreeSet::new();
    role::compare(cloud, &stated, &mut sides, &mut asked).await;
    key::compare(cloud, &stated, &mut sides, &mut asked).await;
    bucket::compare(cloud, &stated, &mut sides, &mut asked).await;
    lake::compare(cloud, &stated, &mut sides, &mut asked).await;
    for stack in &stated {
        if let Some(drift) = own.get(&stack.deployed.address) {
            sides.put_drift(stack, drift, &asked);
        }
    }
    sides
}

/// A property of a resource: the stack, the logical id, and the name.
type Asked = (StackAddress, String, &'static str);
