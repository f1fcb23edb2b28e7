//! Deletes many stacks at once.

use futures_util::stream::{FuturesUnordered, StreamExt as _};
use lakewright_fleet::machine::Outcome;
use lakewright_fleet::plan::{Plan, Step};
use lakewright_fleet::schedule::{Because, Next, Schedule};
use lakewright_template::StackAddress;

use crate::driver::{Policy, Summary, is_good};

/// Deletes the stacks of a plan with `remove`, each as soon as the stacks before it are deleted. If a deletion fails, the
/// steps that come after it are skipped, and no others. If another run changes a stack, this run deletes nothing more.
/// `skipped` is told of each step that is skipped.
pub async fn remove_all(
    plan: &Plan,
    policy: &Policy,
    skipped: impl Fn(&StackAddress, &Because),
    remove: impl AsyncFn(&Step) -> Outcome,
) -> Summary {
    let mut schedule = Schedule::new(plan, policy.limits);
    let mut summary = Summary::default();
    let mut failures = 0;
    let mut under_way = FuturesUnordered::new();
    loop {
        match schedule.next_step() {
            Some(Next::Start(index)) => {
                let (step, remove) = (&plan.steps[index], &remove);
                under_way.push(async move { (index, remove(step).await) });
                continue;
            }
            Some(Next::Skip(index, because)) => {
                let address = &plan.steps[index].address;
                skipped(address, &because);
                summary.skipped.insert(address.clone(), because);
                continue;
            }
            // A plan in one wave has no gates.
            Some(Next::Gate) => {
                schedule.open();
                continue;
            }
            None => {}
        }
        let Some((index, outcome)) = under_way.next().await else { break };
        let address = &plan.steps[index].address;
        schedule.done(index, is_good(&outcome));
        failures += usize::from(!is_good(&outcome));
        if policy.failures.is_some_and(|most| failures > most) {
            schedule.stop("more stacks failed than this run may lose");
        }
        if matches!(outcome, Outcome::Overtaken(_)) {
            schedule.overtaken(address);
        }
        summary.outcomes.insert(address.clone(), outcome);
    }
    summary
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use lakewright_fleet::plan::Action;

    use super::*;

    fn at(name: &str) -> StackAddress {
        StackAddress::parse(&format!("111111111111/eu-west-1/{name}")).expect("an address")
    }

    fn step(name: &str, after: &[&str]) -> Step {
        let after = after.iter().map(|other| at(other)).collect();
        Step { address: at(name), kind: None, action: Action::Delete, after }
    }

    /// Deletes `share`, `other`, then `dataset` and at last `bootstrap`. Returns the order of the beginnings, the largest
    /// number at once, and the result.
    async fn run(outcome: impl Fn(&str) -> Outcome) -> (Vec<String>, usize, Summary) {
        let plan = Plan {
            steps: vec![
                step("share", &[]),
                step("other", &[]),
                step("dataset", &["share"]),
                step("bootstrap", &["dataset", "other"]),
            ],
        };
        let begun = RefCell::new(Vec::new());
        let under_way = RefCell::new((0_usize, 0_usize));
        let remove = async |step: &Step| {
            begun.borrow_mut().push(step.address.name.clone());
            {
                let mut counts = under_way.borrow_mut();
                counts.0 += 1;
                counts.1 = counts.1.max(counts.0);
            }
            tokio::task::yield_now().await;
            under_way.borrow_mut().0 -= 1;
            outcome(&step.address.name)
        };
        let summary = remove_all(&plan, &Policy::default(), |_, _| (), remove).await;
        let most = under_way.borrow().1;
        (begun.into_inner(), most, summary)
    }

    fn wait<T>(work: impl Future<Output = T>) -> T {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        runtime.block_on(work)
    }

    #[test]
    fn what_does_not_depend_on_each_other_goes_at_once() {
        let (begun, most, summary) = wait(run(|_| Outcome::Deleted));
        assert_eq!(begun[..2], ["share", "other"]);
        assert_eq!(begun[2..], ["dataset", "bootstrap"]);
        assert_eq!(most, 2);
        assert_eq!(summary.outcomes.len(), 4);
    }

    #[test]
    fn only_what_a_stack_that_stays_needs_is_skipped() {
        let (begun, _, summary) = wait(run(|name| match name {
            "dataset" => Outcome::Refused("no".to_owned()),
            _ => Outcome::Deleted,
        }));
        assert_eq!(begun, ["share", "other", "dataset"]);
        let skipped: Vec<_> = summary.skipped.into_iter().collect();
        assert_eq!(skipped, [(at("bootstrap"), Because::Stack(at("dataset")))]);
    }

    #[test]
    fn after_another_run_nothing_more_is_deleted() {
        let (begun, _, summary) = wait(run(|name| match name {
            "other" => Outcome::Overtaken("another run".to_owned()),
            _ => Outcome::Deleted,
        }));
        assert!(!begun.contains(&"bootstrap".to_owned()), "{begun:?}");
        assert!(summary.skipped.contains_key(&at("bootstrap")), "{summary:?}");
    }
}
