//! The names that people know, from the meshes of both sides.

use lakewright_analysis::review::Reviewed;
use lakewright_template::StackAddress;

use super::Named;

/// The names that people know, from the meshes of both sides.
pub(crate) struct Names<'r>(pub(crate) &'r Reviewed);

impl Named for Names<'_> {
    fn principal(&self, principal: &str) -> Option<String> {
        self.0.principals.get(principal).cloned()
    }

    fn stack(&self, stack: &str) -> Option<String> {
        let subject = self.0.stacks.get(stack).filter(|subject| *subject != stack)?;
        let StackAddress { place, .. } = StackAddress::parse(stack).ok()?;
        Some(format!("{subject} ({}, {})", place.account, place.region))
    }

    fn resource(&self, resource: &str) -> Option<String> {
        self.0.resources.get(resource).cloned()
    }
}
