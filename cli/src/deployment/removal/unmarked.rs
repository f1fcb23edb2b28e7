//! Bootstraps without the mesh's tags: an owner who deployed one manually may have left them out. The mesh knows their
//! names. Their roles can be assumed until the bootstraps are deleted.

use lakewright_fleet::plan::Observed;
use lakewright_stacks::DeployTarget;
use lakewright_template::{StackAddress, Value, read};

use super::super::Deployment;
use super::super::seen::Seen;
use crate::owner;

impl Deployment<'_> {
    /// The roles that deploy stacks through this bootstrap, if it is one of the mesh's.
    pub(in crate::deployment) fn bootstrap(&self, address: &StackAddress) -> Option<&DeployTarget> {
        self.targets.values().find(|target| target.bootstrap == *address)
    }

    /// Whether a stack has the name of one of the mesh's bootstraps, and no mesh's tag.
    pub(in crate::deployment) fn is_unmarked(
        &self,
        address: &StackAddress,
        stack: &Observed,
    ) -> bool {
        !stack.tags.contains_key("lakewright:mesh") && self.bootstrap(address).is_some()
    }

    /// Whether a stack exists and is the mesh's, by its tag or as one of its bootstraps.
    pub(in crate::deployment) fn is_ours(&self, address: &StackAddress, stack: &Observed) -> bool {
        stack.status != "DELETE_COMPLETE"
            && (stack.tags.get("lakewright:mesh") == Some(&self.id)
                || self.is_unmarked(address, stack))
    }

    /// The reason for which a bootstrap without tags is not deleted: its template is not of this mesh, judged by the
    /// names of its roles and by the mesh's external id.
    pub(super) fn stranger(&self, address: &StackAddress, seen: &Seen) -> Option<String> {
        let observed = seen.observed.get(address)?;
        let target = self.bootstrap(address).filter(|_| self.is_unmarked(address, observed))?;
        let StackAddress { place, name } = address;
        let said = |why: &str| {
            format!(
                "it has the name of the mesh's bootstrap and none of its tags, and {why}: it stays, and who deployed it deletes \
                 it: `{}`",
                owner::deleting(&place.region, name)
            )
        };
        let site = seen.sites.get(place);
        let deployed = site.map(|site| self.runtime.block_on(self.deployed(site, name)));
        let deployed = match deployed {
            Some(Ok(deployed)) => deployed,
            Some(Err(error)) => {
                return Some(said(&format!("its template cannot be read: {error}")));
            }
            None => return Some(said("nobody may look at its template")),
        };
        if makes_roles(&deployed, target) {
            None
        } else {
            Some(said("its template is not one of the mesh's bootstraps"))
        }
    }
}

/// Whether a template creates the two roles of a bootstrap, and contains the mesh's external id.
fn makes_roles(text: &str, target: &DeployTarget) -> bool {
    let Ok(template) = read::template(text) else { return false };
    let makes = |arn: &str| {
        let wanted = arn.rsplit('/').next();
        template.resources.values().any(|one| {
            let name = one.properties.get("RoleName").and_then(Value::as_text);
            one.kind == "AWS::IAM::Role" && name.is_some() && name == wanted
        })
    };
    makes(&target.deploy_role)
        && makes(&target.execution_role)
        && text.contains(target.external_id.as_str())
}
