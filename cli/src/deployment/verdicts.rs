//! What CloudFormation's own change sets say of the stacks that differ from the mesh.

use lakewright_deployer::cloud::Stack;
use lakewright_deployer::verdicts::{Asked, Verdict, ask_all};
use lakewright_diff::disagreement::{Service, ServiceAnswer, ServiceChange, ServiceTarget};
use lakewright_fleet::event::{Change, Target};
use serde_json::Value;

use super::{AllDeployed, Deployment};

impl Deployment<'_> {
    /// Asks CloudFormation about each stack whose deployed template is not the mesh's. No change set is left behind: Ctrl-C
    /// waits until they are deleted.
    pub(crate) fn ask_service(&self, deployed: &mut AllDeployed) {
        let differs = |stack: &&Stack| {
            let there = deployed.template(&stack.entry.address());
            !there.is_some_and(|there| is_same(there, &stack.template))
        };
        let stacks: Vec<&Stack> = self.stacks.values().filter(differs).collect();
        self.progress.tidies(true);
        let asking = ask_all(&self.aws, &stacks, self.lease.id(), || self.progress.is_stopped());
        let answers = self.runtime.block_on(asking);
        self.progress.tidies(false);
        self.progress.hold();
        for (stack, Asked { verdict, left }) in stacks.into_iter().zip(answers) {
            let address = stack.entry.address().to_string();
            match answer(verdict) {
                Ok(answer) => deployed.services.push(Service { stack: address, answer }),
                Err(reason) => deployed.notes.push(format!(
                    "what CloudFormation's own change set says of {address} is not known: {reason}"
                )),
            }
            deployed.notes.extend(left);
        }
    }
}

/// Whether two templates in JSON are equal, apart from spaces and the order of keys.
fn is_same(one: &str, other: &str) -> bool {
    let read = |text: &str| serde_json::from_str::<Value>(text).ok();
    one == other || read(one).is_some_and(|one| read(other) == Some(one))
}

/// The answer to compare the review with; the reason if there is none.
fn answer(verdict: Verdict) -> Result<ServiceAnswer, String> {
    match verdict {
        Verdict::Changes(changes) => {
            Ok(ServiceAnswer::Changes(changes.into_iter().map(change).collect()))
        }
        Verdict::Nothing => Ok(ServiceAnswer::Nothing),
        Verdict::Refused(reason) => Ok(ServiceAnswer::Refused(reason)),
        Verdict::Unknown(reason) => Err(reason),
    }
}

fn change(change: Change) -> ServiceChange {
    let Change { action, logical_id, kind, replacement, policy_action, targets } = change;
    ServiceChange {
        logical_id,
        resource_type: kind,
        action,
        replacement,
        policy_action,
        targets: targets.into_iter().map(target).collect(),
    }
}

fn target(target: Target) -> ServiceTarget {
    let Target { attribute, name, path, recreation, is_dynamic, before, after } = target;
    ServiceTarget { attribute, name, path, recreation, is_dynamic, before, after }
}
