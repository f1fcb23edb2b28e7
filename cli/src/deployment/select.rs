//! The stacks that a deployment is limited to with `--only` and `--exclude`. Pure.

use std::collections::{BTreeMap, BTreeSet};

use clap::Args;
use lakewright_analysis::decision::nearest;
use lakewright_fleet::plan::{Action, Plan, Step};
use lakewright_template::StackAddress;
use serde::{Deserialize, Serialize};

/// The stacks that a deployment is limited to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Args, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Selection {
    /// Deploy only these stacks: a name, an address, an account, `ACCOUNT/REGION`, the id of a document, or
    /// `kind:dataset`; `*` stands for any text
    #[arg(long, value_name = "PATTERN")]
    pub(super) only: Vec<String>,
    /// Leave these stacks as they are; takes the patterns of `--only`
    #[arg(long, value_name = "PATTERN")]
    pub(super) exclude: Vec<String>,
    /// With `--only` or `--exclude`: also deploy the stacks that the chosen ones depend on
    #[arg(long)]
    pub(super) with_dependencies: bool,
}

impl Selection {
    fn is_everything(&self) -> bool {
        self.only.is_empty() && self.exclude.is_empty()
    }
}

/// A plan that is divided by a selection.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Selected {
    /// The chosen steps, in their order.
    pub(super) plan: Plan,
    /// The other steps.
    pub(super) left: Vec<Step>,
}

/// Why the stacks of a selection cannot be deployed.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum SelectError {
    /// A pattern matches no stack.
    #[error(
        "`{option} {pattern}` matches no stack{}; expected a stack's name, ACCOUNT/REGION/NAME, ACCOUNT, ACCOUNT/REGION, the id of a \
         document, or `kind:KIND`, as `lakewright ls MESH` lists them",
        suggested(.like.as_deref())
    )]
    NoMatch {
        /// The option with the pattern.
        option: &'static str,
        /// The pattern.
        pattern: String,
        /// A similar text that matches.
        like: Option<String>,
    },
    /// Chosen stacks need changes of others.
    #[error(
        "the chosen stacks need changes of stacks that are not chosen: {}; {advice}",
        listed(.stacks)
    )]
    NotChosen {
        /// The other stacks.
        stacks: BTreeSet<StackAddress>,
        /// What to do.
        advice: &'static str,
    },
}

fn suggested(like: Option<&str>) -> String {
    like.map(|like| format!(", did you mean `{like}`?")).unwrap_or_default()
}

fn listed(stacks: &BTreeSet<StackAddress>) -> String {
    stacks.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// Divides a plan. `ids` has the id of the document of each stack.
pub(super) fn select(
    plan: Plan,
    ids: &BTreeMap<StackAddress, String>,
    selection: &Selection,
) -> Result<Selected, SelectError> {
    if selection.is_everything() {
        return Ok(Selected { plan, left: Vec::new() });
    }
    let only = matching(&plan, ids, "--only", &selection.only)?;
    let excluded = matching(&plan, ids, "--exclude", &selection.exclude)?;
    let addresses = plan.steps.iter().map(|step| &step.address);
    let mut chosen: BTreeSet<StackAddress> = addresses
        .filter(|address| selection.only.is_empty() || only.contains(*address))
        .filter(|address| !excluded.contains(*address))
        .cloned()
        .collect();
    let mut missing = needed(&plan, &chosen);
    if selection.with_dependencies {
        let (stay, taken) = missing.into_iter().partition(|address| excluded.contains(address));
        missing = stay;
        chosen.extend(taken);
    }
    if !missing.is_empty() {
        let advice = if selection.with_dependencies {
            "take them out of `--exclude`"
        } else {
            "`--with-dependencies` deploys them as well"
        };
        return Err(SelectError::NotChosen { stacks: missing, advice });
    }
    let (steps, left) = plan.steps.into_iter().partition(|step| chosen.contains(&step.address));
    Ok(Selected { plan: Plan { steps }, left })
}

/// The stacks that change, are needed by chosen stacks that change, and are not chosen. A stack of another mesh counts,
/// because it has the name of one that is needed.
fn needed(plan: &Plan, chosen: &BTreeSet<StackAddress>) -> BTreeSet<StackAddress> {
    let steps: BTreeMap<&StackAddress, &Step> =
        plan.steps.iter().map(|step| (&step.address, step)).collect();
    let is_change = |address: &StackAddress| steps.get(address).is_some_and(|one| one.is_change());
    let mut open: Vec<&StackAddress> = chosen.iter().filter(|address| is_change(address)).collect();
    let mut seen: BTreeSet<&StackAddress> = open.iter().copied().collect();
    while let Some(address) = open.pop() {
        let Some(step) = steps.get(address) else { continue };
        for other in &step.after {
            if seen.insert(other) {
                open.push(other);
            }
        }
    }
    let is_foreign = |address: &StackAddress| {
        steps.get(address).is_some_and(|one| one.action == Action::Foreign)
    };
    let needed = seen.into_iter().filter(|address| !chosen.contains(*address));
    needed.filter(|address| is_change(address) || is_foreign(address)).cloned().collect()
}

/// The stacks that match one of some patterns. Each pattern has to match one.
fn matching(
    plan: &Plan,
    ids: &BTreeMap<StackAddress, String>,
    option: &'static str,
    patterns: &[String],
) -> Result<BTreeSet<StackAddress>, SelectError> {
    let mut found = BTreeSet::new();
    for pattern in patterns {
        let is_meant = |step: &&Step| texts(step, ids).iter().any(|text| fits(pattern, text));
        let meant: Vec<&Step> = plan.steps.iter().filter(is_meant).collect();
        if meant.is_empty() {
            return Err(no_match(plan, ids, option, pattern));
        }
        found.extend(meant.into_iter().map(|step| step.address.clone()));
    }
    Ok(found)
}

fn no_match(
    plan: &Plan,
    ids: &BTreeMap<StackAddress, String>,
    option: &'static str,
    pattern: &str,
) -> SelectError {
    let known: BTreeSet<String> = plan.steps.iter().flat_map(|step| texts(step, ids)).collect();
    let like = nearest(pattern, known.iter().map(String::as_str)).map(str::to_owned);
    SelectError::NoMatch { option, pattern: pattern.to_owned(), like }
}

/// The texts that a pattern for a stack may match.
fn texts(step: &Step, ids: &BTreeMap<StackAddress, String>) -> Vec<String> {
    let StackAddress { place, name } = &step.address;
    let account = place.account.to_string();
    let mut texts = vec![name.clone(), step.address.to_string(), account, place.to_string()];
    let id = ids.get(&step.address);
    texts.extend(id.cloned());
    if let Some(kind) = step.kind {
        texts.push(format!("kind:{kind}"));
        texts.extend(id.map(|id| format!("{kind}/{id}")));
    }
    texts
}

/// Whether a text matches a pattern, in which `*` stands for any text.
fn fits(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| text.strip_prefix(first)) else {
        return false;
    };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else { return rest.is_empty() };
    for part in parts {
        let Some((_, after)) = rest.split_once(part) else { return false };
        rest = after;
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use lakewright_template::{Place, StackKind};

    use super::*;

    fn at(account: char, name: &str) -> StackAddress {
        let account: String = std::iter::repeat_n(account, 12).collect();
        StackAddress::new(Place::parse(&account, "eu-west-1").expect("a place"), name)
    }

    fn step(
        address: &StackAddress,
        kind: StackKind,
        action: Action,
        after: &[&StackAddress],
    ) -> Step {
        let after = after.iter().map(|other| (*other).clone()).collect();
        Step { address: address.clone(), kind: Some(kind), action, after }
    }

    /// A team and its dataset in one account, and a dataset in another one, each with its environment.
    fn plan() -> (Plan, BTreeMap<StackAddress, String>) {
        let (one, two) = (at('1', "p-environment-dev"), at('2', "p-environment-prod"));
        let (team, sales, orders) =
            (at('1', "p-team-dev-t"), at('1', "p-dataset-sales"), at('2', "p-dataset-orders"));
        let steps = vec![
            step(&one, StackKind::Environment, Action::Update, &[]),
            step(&two, StackKind::Environment, Action::Keep, &[]),
            step(&team, StackKind::Team, Action::Keep, &[&one]),
            step(&sales, StackKind::Dataset, Action::Create, &[&team]),
            step(&orders, StackKind::Dataset, Action::Create, &[&two]),
        ];
        let ids =
            [(&one, "dev"), (&two, "prod"), (&team, "T"), (&sales, "sales"), (&orders, "orders")];
        let ids = ids.map(|(address, id)| (address.clone(), id.to_owned()));
        (Plan { steps }, ids.into())
    }

    fn selection(only: &[&str], exclude: &[&str], with_dependencies: bool) -> Selection {
        let owned = |list: &[&str]| list.iter().map(|one| (*one).to_owned()).collect();
        Selection { only: owned(only), exclude: owned(exclude), with_dependencies }
    }

    /// The names of the chosen stacks, or the error.
    fn chosen(selection: &Selection) -> Result<Vec<String>, SelectError> {
        let (plan, ids) = plan();
        let all = plan.steps.len();
        let Selected { plan, left } = select(plan, &ids, selection)?;
        assert_eq!(plan.steps.len() + left.len(), all);
        Ok(plan.steps.into_iter().map(|step| step.address.name).collect())
    }

    #[test]
    fn each_form_of_a_pattern_names_its_stacks() {
        for (pattern, names) in [
            ("p-dataset-orders", &["p-dataset-orders"] as &[&str]),
            ("222222222222/eu-west-1/p-dataset-orders", &["p-dataset-orders"]),
            ("222222222222", &["p-environment-prod", "p-dataset-orders"]),
            ("222222222222/eu-west-1", &["p-environment-prod", "p-dataset-orders"]),
            ("kind:environment", &["p-environment-dev", "p-environment-prod"]),
            ("orders", &["p-dataset-orders"]),
            ("dataset/orders", &["p-dataset-orders"]),
            ("p-*-orders", &["p-dataset-orders"]),
            ("2*", &["p-environment-prod", "p-dataset-orders"]),
        ] {
            let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
            assert_eq!(chosen(&selection(&[pattern], &[], false)), Ok(names), "{pattern}");
        }
        let all = chosen(&Selection::default()).expect("everything");
        assert_eq!(all.len(), 5);
        assert_eq!(chosen(&selection(&["*"], &[], false)), Ok(all));
    }

    #[test]
    fn what_is_excluded_stays_out() {
        let found = chosen(&selection(&["kind:dataset"], &["sales"], false));
        assert_eq!(found, Ok(vec!["p-dataset-orders".to_owned()]));
    }

    /// The environment changes, and the team between it and the dataset does not.
    #[test]
    fn changes_that_a_chosen_stack_needs_are_named_or_taken_in() {
        let error =
            chosen(&selection(&["sales"], &[], false)).expect_err("it needs more").to_string();
        assert!(error.contains("111111111111/eu-west-1/p-environment-dev;"), "{error}");
        assert!(error.contains("`--with-dependencies`") && !error.contains("p-team"), "{error}");
        let taken = chosen(&selection(&["sales"], &[], true)).expect("with what it needs");
        assert_eq!(taken, ["p-environment-dev", "p-dataset-sales"]);
        let error =
            chosen(&selection(&["sales"], &["dev"], true)).expect_err("it is excluded").to_string();
        assert!(error.ends_with("take them out of `--exclude`"), "{error}");
        // A dataset whose environment does not change needs nothing else.
        assert!(chosen(&selection(&["orders"], &[], false)).is_ok());
    }

    #[test]
    fn a_pattern_that_matches_nothing_is_an_error_with_a_suggestion() {
        let error =
            chosen(&selection(&["p-dataset-order"], &[], false)).expect_err("no stack").to_string();
        assert!(error.contains("did you mean `p-dataset-orders`?"), "{error}");
        let error = chosen(&selection(&[], &["zzz"], false)).expect_err("no stack").to_string();
        assert!(error.starts_with("`--exclude zzz` matches no stack;"), "{error}");
    }

    #[test]
    fn a_star_stands_for_any_text() {
        for (pattern, text) in
            [("*", ""), ("a*", "a"), ("a*c", "abc"), ("*b*", "abc"), ("a**c", "ac")]
        {
            assert!(fits(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in
            [("", "a"), ("a", "ab"), ("a*a", "a"), ("*b", "bc"), ("a*b*c", "acb")]
        {
            assert!(!fits(pattern, text), "{pattern} {text}");
        }
    }
}
