//! Checks before a stack changes.

use std::collections::{BTreeMap, BTreeSet};

use lakewright_fleet::event::{Change, Event};
use lakewright_template::{Place, StackAddress};

use super::Driver;
use crate::cloud::{Cloud, CloudError, Site, Stack};
use crate::duties::Duties;
use crate::{lakeformation, preflight};

impl<C: Cloud, R: FnMut(Event), A: FnMut(&StackAddress, &[Change]) -> bool> Driver<'_, C, R, A> {
    /// Checks before a stack changes. Returns the reason why it cannot: administrators that no longer exist, or
    /// missing roles that its policies name. Closes the defaults of Lake Formation before the first database.
    pub(super) async fn before(
        &self,
        stack: &Stack,
        duties: &Duties,
        sites: &BTreeMap<Place, Site>,
    ) -> Result<Option<String>, CloudError> {
        let site = &stack.site;
        if !duties.administrators.is_empty() {
            let dead = lakeformation::dead_administrators(self.cloud, site).await?;
            if !dead.is_empty() {
                return Ok(Some(format!(
                    "administrators of Lake Formation in account {} do not exist any more, and with one of them in the \
                     list it takes no change: {}; take them out under \"Administrative roles and tasks\"",
                    site.place.account,
                    dead.join(", ")
                )));
            }
        }
        if !duties.databases.is_empty() {
            self.close_defaults(stack).await?;
        }
        // IAM may not show a role at once that an earlier stack of this run created.
        let mut missing: BTreeSet<String> =
            duties.principals.difference(&self.roles.borrow()).cloned().collect();
        for tries in 0..5 {
            let left = match preflight::missing_roles(self.cloud, sites, &missing).await {
                Ok(left) => left,
                // The other account may not allow the check yet. CloudFormation reports a missing role then.
                Err(
                    error @ (CloudError::Access { .. }
                    | CloudError::Network { .. }
                    | CloudError::Throttled { .. }),
                ) => {
                    self.note(stack, format!("whether its roles exist is not known: {error}"));
                    return Ok(None);
                }
                Err(error) => return Err(error),
            };
            let left = left.into_iter().collect();
            self.roles.borrow_mut().extend(missing.difference(&left).cloned());
            missing = left;
            if missing.is_empty() {
                return Ok(None);
            }
            self.cloud.pause(tries).await;
        }
        let missing: Vec<String> = missing.into_iter().collect();
        Ok(Some(format!(
            "its policies name roles that do not exist, which AWS refuses: {}",
            missing.join(", ")
        )))
    }
}
