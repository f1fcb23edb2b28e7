//! Names that a change set would create, and that something else has already.
//!
//! CloudFormation's own validation finds names within the account for types that it does not list. It does not see the name of
//! a Glue database, which stands inside of another property, nor a bucket of another account.

use futures_util::future::join_all;
use lakewright_fleet::event::{Change, Event, Rejection};
use lakewright_template::{StackAddress, read};

use super::Driver;
use crate::cloud::{Access, Cloud, CloudError, Existence, Site, Stack};
use crate::taken;

/// How often a resource that exists is looked for again: one that was just deleted may still be shown.
const LOOKS: u32 = 3;

/// What the name of a resource is checked by, as it is told.
const CHECK: &str = "name lookup";

impl<C: Cloud, R: FnMut(Event), A: FnMut(&StackAddress, &[Change]) -> bool> Driver<'_, C, R, A> {
    /// Looks for the names of what a change set would create. Returns why it is not executed, if a name is in use.
    pub(super) async fn taken(&self, stack: Option<&Stack>, changes: &[Change]) -> Option<String> {
        let stack = stack?;
        // The permissions of an account's owner are used for its bootstrap stack only.
        if matches!(stack.site.access, Access::Owner { .. }) {
            return None;
        }
        let made: Vec<&Change> = changes
            .iter()
            .filter(|change| change.action == "Add" && taken::LOOKED_FOR.contains(&&*change.kind))
            .collect();
        if made.is_empty() {
            return None;
        }
        // A template that cannot be read has failed before.
        let template = read::template(&stack.template).ok()?;
        let named = made
            .into_iter()
            .filter_map(|change| Some((change, taken::own_name(&template, &change.logical_id)?)));
        let looks = named.map(|(change, name)| self.look_for(&stack.site, change, name));
        let found: Vec<Rejection> = join_all(looks).await.into_iter().flatten().collect();
        let (unsure, taken): (Vec<Rejection>, Vec<Rejection>) =
            found.into_iter().partition(|one| one.is_warning);
        let region = &stack.site.place.region;
        let help = taken::help(&stack.template, region, &taken, self.policy.imports_existing);
        let what = match taken.len() {
            0 => None,
            1 => Some("the name of 1 resource is in use".to_owned()),
            several => Some(format!("the names of {several} resources are in use")),
        };
        for rejection in unsure.into_iter().chain(taken) {
            self.tell(Event::Rejected { address: stack.entry.address(), rejection });
        }
        what.map(|what| format!("{what}, as said above{help}"))
    }

    /// Looks for one name; `None` if it is free.
    async fn look_for(&self, site: &Site, change: &Change, name: &str) -> Option<Rejection> {
        let Change { logical_id, kind, .. } = change;
        let mut tries = 0;
        let (reason, is_warning) = loop {
            match self.cloud.existence(site, kind, name).await {
                Ok(Existence::Free) => return None,
                Ok(Existence::Here) if tries < LOOKS => {
                    self.cloud.pause(tries).await;
                    tries += 1;
                }
                Ok(Existence::Here) => break (format!("{name} already exists"), false),
                Ok(Existence::Unsure(why)) => {
                    break (format!("{name} may exist already: {why}"), true);
                }
                Err(error) => break (unknown(name, &error), true),
            }
        };
        Some(Rejection {
            logical_id: logical_id.clone(),
            kind: kind.clone(),
            reason,
            name: Some(CHECK.to_owned()),
            path: None,
            is_warning,
        })
    }
}

fn unknown(name: &str, error: &CloudError) -> String {
    format!("whether {name} exists already is not known: {error}")
}
