//! Steps that only the owners of accounts can do: bootstraps, by themselves or through a role of theirs.

use std::collections::BTreeMap;

use lakewright_analysis::review::bootstrap::{is_enough, only_narrows};
use lakewright_deployer::at_once::by_place;
use lakewright_deployer::cloud::{Access, Cloud as _, CloudError, Site};
use lakewright_fleet::plan::{Action, Observed, Plan};
use lakewright_template::assembly::StackEntry;
use lakewright_template::{Place, StackAddress, StackKind, Template, read};

use super::seen::Seen;
use super::{Deployment, unreachable};
use crate::exit::{Exit, Failure};
use crate::owner;

impl Deployment<'_> {
    /// The bootstraps that only the owners of other accounts may deploy.
    pub(super) fn of_owners<'p>(&self, plan: &'p Plan) -> Vec<&'p StackAddress> {
        let bootstraps = plan.steps.iter().filter(|step| {
            step.kind == Some(StackKind::Bootstrap)
                && matches!(step.action, Action::Create | Action::Update)
        });
        let is_others = |address: &&StackAddress| {
            self.stacks.get(*address).is_some_and(|stack| stack.entry.account != self.aws.caller())
        };
        bootstraps.map(|step| &step.address).filter(is_others).collect()
    }

    /// Notes on the role that deploys these bootstraps, because it is the most powerful role of a deployment.
    pub(super) fn owner_notes(&self, owned: &[&StackAddress]) -> Vec<String> {
        let Some(role) = &self.options.owner_role else { return Vec::new() };
        let note = |address: &&StackAddress| {
            format!("{address} is deployed as role `{role}` of the account's owner")
        };
        owned.iter().map(note).collect()
    }

    /// Moves bootstraps that only lose permissions to the end of the plan, because deletions of this run still need the
    /// permissions.
    pub(super) fn narrow_last(
        &self,
        plan: &mut Plan,
        sites: &BTreeMap<Place, Site>,
    ) -> Result<(), Failure> {
        let updates: Vec<StackAddress> = plan
            .steps
            .iter()
            .filter(|step| step.kind == Some(StackKind::Bootstrap) && step.action == Action::Update)
            .map(|step| step.address.clone())
            .collect();
        let reading =
            updates.iter().map(|address| (&address.place, self.before_and_after(address, sites)));
        let both = self.runtime.block_on(by_place(reading));
        for (address, both) in updates.into_iter().zip(both) {
            let Some((old, new)) = both? else { continue };
            // A policy that cannot be read may allow anything.
            if only_narrows(&address, &old, &new).unwrap_or(false) {
                plan.postpone(&address);
            }
        }
        Ok(())
    }

    /// Keeps outdated bootstraps of other accounts that allow everything that the stacks use, so that nothing has to
    /// wait for the owners who deploy them. Bootstraps without the mesh's tags count as well, because a deployment
    /// needs only the template's resources. Returns a note for each.
    pub(super) fn leave_enough(
        &self,
        plan: &mut Plan,
        seen: &Seen,
    ) -> Result<Vec<String>, Failure> {
        let mut notes = Vec::new();
        if self.options.owner_role.is_some() {
            return Ok(notes);
        }
        let owned: Vec<StackAddress> = self.of_owners(plan).into_iter().cloned().collect();
        let with_stack = owned.into_iter().filter_map(|address| {
            let there = seen.observed.get(&address).filter(|stack| is_whole(stack))?;
            Some((address, there))
        });
        let owned: Vec<(StackAddress, &Observed)> = with_stack.collect();
        let reading = owned
            .iter()
            .map(|(address, _)| (&address.place, self.before_and_after(address, &seen.sites)));
        let both = self.runtime.block_on(by_place(reading));
        for ((address, there), both) in owned.into_iter().zip(both) {
            let Some((old, new)) = both? else { continue };
            let Some(needed) = self.needed.get(&address) else { continue };
            if is_enough(&address, &old, &new, needed).unwrap_or(false) {
                plan.keep(&address);
                notes.push(self.left(&address, there));
            }
        }
        Ok(notes)
    }

    /// The note for a bootstrap that is sufficient and stays unchanged.
    fn left(&self, address: &StackAddress, there: &Observed) -> String {
        let entry = self.stacks.get(address).map(|stack| &stack.entry);
        let is_new = entry.is_some_and(|entry| there.revision.as_ref() == Some(&entry.revision));
        let wanted = entry.into_iter().flat_map(|entry| &entry.tags);
        let missing = wanted.filter(|(key, value)| there.tags.get(*key) != Some(*value));
        let missing: Vec<&str> = missing.map(|(key, _)| key.as_str()).collect();
        let how = self.owners(&address.place, Some(&address.name));
        if is_new && !missing.is_empty() {
            return format!(
                "{address} stays as it is, and nothing has to be done now: it allows all that the stacks use. It lacks the mesh's \
                 tags ({}), by which teams' roles are kept from changing it and `destroy` knows it; its owner may add them: {how}",
                missing.join(", ")
            );
        }
        format!(
            "{address} stays as it is, and nothing has to be done now: it allows all that the stacks use, though the mesh's \
             features ask for another one. Its owner may bring it when it suits: {how}"
        )
    }

    /// A note on the accounts and regions whose deploy roles were assumed without session tags.
    pub(super) fn untagged(&self) -> Option<String> {
        let places: Vec<String> = self.aws.untagged().iter().map(ToString::to_string).collect();
        (!places.is_empty()).then(|| {
            format!(
                "this run has no session tags in {}: the trust policy of the deploy role there, or the caller's own policy, does not \
                 allow `sts:TagSession` yet. CloudTrail shows the run by the name of its sessions",
                places.join(", ")
            )
        })
    }

    /// The deployed template of a stack, and its new one. None if nobody may look, or if the deployed one cannot be read:
    /// such a bootstrap stack is updated like one that does not allow enough.
    async fn before_and_after(
        &self,
        address: &StackAddress,
        sites: &BTreeMap<Place, Site>,
    ) -> Result<Option<(Template, Template)>, Failure> {
        let (Some(site), Some(new)) = (sites.get(&address.place), self.stacks.get(address)) else {
            return Ok(None);
        };
        let old = self.aws.template(site, &address.name).await;
        let old = old.map_err(|error| unreachable(&error))?;
        let new = read::template(&new.template).map_err(|error| {
            Failure::unexpected(format!("the template of {address} cannot be read: {error}"))
        })?;
        Ok(read::template(&old).ok().map(|old| (old, new)))
    }

    /// Lists the stacks of a place as the account's owner: the caller, or the role of `--owner-role`.
    pub(super) fn list_as_owner(
        &self,
        site: &Site,
        error: &CloudError,
    ) -> Result<BTreeMap<String, Observed>, Failure> {
        let place = &site.place;
        // Trying again does not help: the owner must grant access or bootstrap.
        let failure = |error: &CloudError| Failure {
            exit: match error {
                CloudError::Access { .. } => Exit::No,
                other => unreachable(other).exit,
            },
            message: format!(
                "{error}\n{place} may not be bootstrapped: {}",
                self.owners(place, None)
            ),
        };
        let owner = self.owner(site).ok_or_else(|| failure(error))?;
        self.runtime.block_on(self.aws.list(&owner)).map_err(|error| failure(&error))
    }

    /// A site with the credentials of its account's owner: the caller, or the role of `--owner-role`. `None` if neither
    /// applies.
    pub(super) fn owner(&self, site: &Site) -> Option<Site> {
        let role = match &self.options.owner_role {
            Some(role) => role.clone(),
            None if self.aws.caller() == site.place.account => String::new(),
            None => return None,
        };
        Some(Site { access: Access::Owner { role }, ..site.clone() })
    }

    /// How another account's owner bootstraps it, in words. `name` selects one of several bootstrap stacks.
    pub(super) fn owners(&self, place: &Place, name: Option<&str>) -> String {
        let Place { account, region } = place;
        let bootstraps = self.stacks.values().map(|stack| &stack.entry);
        let mut bootstraps = bootstraps.filter(|entry| {
            entry.kind == StackKind::Bootstrap
                && entry.account == *account
                && entry.region == *region
        });
        let is_it = |entry: &&StackEntry| name.is_none_or(|name| entry.name == name);
        let deployed = bootstraps.find(is_it).map(owner::deploying);
        let deployed = deployed.map_or_else(String::new, |command| {
            format!(", which the owner saves as {} and deploys by `{command}`", owner::FILE)
        });
        format!(
            "`lakewright bootstrap MESH --account {account} --region {region}` prints the template{deployed}; \
             to deploy it from here, pass `--owner-role OrganizationAccountAccessRole`, or another role of the owner's that you may \
             assume"
        )
    }
}

/// Whether the last change of a stack succeeded.
fn is_whole(stack: &Observed) -> bool {
    matches!(stack.status.as_str(), "CREATE_COMPLETE" | "UPDATE_COMPLETE" | "IMPORT_COMPLETE")
}
