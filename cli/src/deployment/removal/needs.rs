//! Dependencies between deployed stacks. Those of the mesh's stacks are known; those of stacks that left the mesh are
//! read from their templates.

use std::collections::BTreeSet;

use lakewright_deployer::at_once::by_place;
use lakewright_deployer::cloud::{Cloud as _, CloudError, Site};
use lakewright_deployer::teardown::{Kinds, Needs, add_by_kind};
use lakewright_fleet::plan::kind_of;
use lakewright_fleet::status::{Standing, standing};
use lakewright_stacks::{Mentions, makers};
use lakewright_template::{StackAddress, StackKind, read};

use super::super::seen::Seen;
use super::super::{Deployment, unreachable};
use crate::exit::Failure;

impl Deployment<'_> {
    /// The kinds of the mesh's deployed stacks, by address.
    pub(in crate::deployment) fn kinds(&self, seen: &Seen) -> Kinds {
        let ours = seen.observed.iter().filter(|(address, stack)| self.is_ours(address, stack));
        let kinds = ours.filter_map(|(address, stack)| {
            if stack.tags.contains_key("lakewright:kind") {
                return Some((address.clone(), kind_of(&stack.tags)));
            }
            self.bootstrap(address).map(|_| (address.clone(), Some(StackKind::Bootstrap)))
        });
        kinds.collect()
    }

    /// The stacks that each deployed stack depends on.
    pub(in crate::deployment) fn needs(&self, seen: &Seen) -> Result<Needs, Failure> {
        let kinds = self.kinds(seen);
        let mut needs = Needs::new();
        for (address, stack) in &self.stacks {
            if kinds.contains_key(address) {
                needs.insert(address.clone(), stack.entry.depends_on.iter().cloned().collect());
            }
        }
        let left: BTreeSet<StackAddress> =
            kinds.keys().filter(|address| !self.stacks.contains_key(*address)).cloned().collect();
        add_by_kind(&mut needs, &kinds, &left);
        if left.is_empty() {
            return Ok(needs);
        }
        let reading = kinds.keys();
        let reading = reading.map(|address| (&address.place, self.mentions(address, seen)));
        let found = self.runtime.block_on(by_place(reading));
        let mut mentions: Vec<(&StackAddress, Mentions)> = Vec::with_capacity(kinds.len());
        for (address, found) in kinds.keys().zip(found) {
            mentions.push((address, found?));
        }
        let made_by = makers(&mentions.iter().map(|(_, one)| one).collect::<Vec<_>>());
        for ((address, _), makers) in mentions.iter().zip(made_by) {
            let makers = makers.into_iter().filter_map(|number| mentions.get(number));
            // Dependencies between stacks of the mesh are known.
            let makers =
                makers.filter(|(maker, _)| left.contains(*address) || left.contains(*maker));
            let makers: Vec<StackAddress> = makers.map(|(maker, _)| (*maker).clone()).collect();
            needs.entry((*address).clone()).or_default().extend(makers);
        }
        Ok(needs)
    }

    /// The resources that a stack creates and mentions, from the mesh or else from the deployed template.
    async fn mentions(&self, address: &StackAddress, seen: &Seen) -> Result<Mentions, Failure> {
        let StackAddress { place, name } = address;
        let deployed;
        let text = match (self.stacks.get(address), seen.observed.get(address)) {
            (Some(stack), _) => &stack.template,
            // A stack that was never created has no resources.
            (None, Some(stack)) if standing(&stack.status) == Standing::Absent => {
                return Ok(Mentions::default());
            }
            (None, _) => {
                let site = self.site_of(address).or_else(|| seen.sites.get(place).cloned());
                let site = site.ok_or_else(|| {
                    Failure::usage(format!("{address} is in no place of the mesh"))
                })?;
                let reading = self.deployed(&site, name).await;
                deployed = reading.map_err(|error| unreachable(&error))?;
                &deployed
            }
        };
        let template = read::template(text).map_err(|error| {
            Failure::unexpected(format!(
                "what {address} needs is not known, as its template cannot be read: {error}; `--keep-stack` forgets the stack"
            ))
        })?;
        Ok(Mentions::of(&template, place))
    }

    /// The deployed template of a stack, read as the account's owner if the deploy role may not and `owner` allows it.
    pub(super) async fn deployed(&self, site: &Site, name: &str) -> Result<String, CloudError> {
        match self.aws.template(site, name).await {
            Err(error @ CloudError::Access { .. }) => match self.owner(site) {
                Some(owner) => self.aws.template(&owner, name).await,
                None => Err(error),
            },
            other => other,
        }
    }
}
