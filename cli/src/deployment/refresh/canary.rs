//! The canaries of a run: what begins before all other stacks, and which alarms have to be OK then.

use std::collections::{BTreeMap, BTreeSet};

use lakewright_analysis::words::count;
use lakewright_fleet::plan::Plan;
use lakewright_fleet::schedule::Waves;
use lakewright_manifest::Mesh;
use lakewright_template::Place;

use super::part::Where;
use crate::exit::Failure;

/// How many stacks a sentence names.
const NAMED: usize = 20;

/// The accounts and regions that canaries name, of those where a mesh has stacks.
pub(super) fn places<'p>(
    canaries: &[Where],
    all: impl Iterator<Item = &'p Place>,
) -> Result<BTreeSet<Place>, Failure> {
    if canaries.is_empty() {
        return Ok(BTreeSet::new());
    }
    let all: BTreeSet<&Place> = all.collect();
    for canary in canaries {
        if !all.iter().any(|place| canary.holds(place)) {
            return Err(Failure::usage(format!(
                "`--canary {canary}`: the mesh has no stack there, so nothing would be tried before the other stacks"
            )));
        }
    }
    let named = all.into_iter().filter(|place| canaries.iter().any(|canary| canary.holds(place)));
    Ok(named.cloned().collect())
}

/// What is said of the first wave before a run begins; `None` without canaries.
pub(super) fn said(waves: &Waves) -> Option<String> {
    let (first, drawn, later) = (waves.first().len(), waves.drawn(), waves.later());
    if !waves.has_canaries() || first + later == 0 {
        return None;
    }
    if first == 0 {
        return Some(format!(
            "no stack of the canaries changes, so nothing is tried before {}",
            match later {
                1 => "the 1 stack that changes".to_owned(),
                several => format!("the {several} stacks that change"),
            }
        ));
    }
    let own = count(first - drawn.len(), "stack");
    let others = if drawn.is_empty() {
        String::new()
    } else {
        let named = drawn.iter().take(NAMED).map(|(one, of)| format!("{one} (for {of})"));
        let mut named: Vec<String> = named.collect();
        if drawn.len() > NAMED {
            named.push(format!("and {} more", drawn.len() - NAMED));
        }
        format!(
            ", and with {} of other accounts or regions, which these wait for: {}",
            count(drawn.len(), "stack"),
            named.join(", ")
        )
    };
    let rest = match later {
        0 if drawn.is_empty() => "no other stack changes".to_owned(),
        0 => "no stack is left for a second wave, so the canaries protect none".to_owned(),
        1 => "1 other stack follows in wave 2".to_owned(),
        several => format!("{several} other stacks follow in wave 2"),
    };
    Some(format!("begins with {own} of the canaries{others}; {rest}"))
}

/// The alarms that are looked at after the first wave: those of the environments in the canaries, if the plan has stacks there,
/// and in other accounts and regions with a change in the first wave.
pub(super) fn alarms(
    plan: &Plan,
    canaries: &BTreeSet<Place>,
    waves: &Waves,
    mesh: &Mesh,
) -> BTreeMap<Place, Vec<String>> {
    let steps = plan.steps.iter().map(|step| &step.address.place);
    let of_canaries = steps.filter(|place| canaries.contains(*place));
    let watched: BTreeSet<&Place> =
        of_canaries.chain(waves.drawn().keys().map(|address| &address.place)).collect();
    let mut all: BTreeMap<Place, Vec<String>> = BTreeMap::new();
    for environment in mesh.environments.values() {
        let (account, region) = (environment.account.clone(), environment.region.clone());
        let place = Place { account, region };
        let named: Vec<String> =
            environment.alarms.all().into_iter().map(ToString::to_string).collect();
        if watched.contains(&place) && !named.is_empty() {
            all.entry(place).or_default().extend(named);
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use lakewright_fleet::plan::{Action, Step};
    use lakewright_template::StackAddress;

    use super::*;

    const A: &str = "111111111111/eu-west-1";
    const B: &str = "222222222222/eu-west-1";

    fn step(place: &str, name: &str, after: &[&str]) -> Step {
        let parse = |text: &str| StackAddress::parse(text).expect("an address");
        Step {
            address: parse(&format!("{place}/{name}")),
            kind: None,
            action: Action::Update,
            after: after.iter().map(|other| parse(other)).collect(),
        }
    }

    fn said_of(steps: &[Step]) -> Option<String> {
        let canaries = BTreeSet::from([A.parse().expect("a place")]);
        said(&Waves::of(&Plan { steps: steps.to_vec() }, &canaries))
    }

    #[test]
    fn what_the_canaries_wait_for_is_named_and_what_they_do_not_protect() {
        let sales = step(A, "sales", &[]);
        let (team, shared) = (step(B, "team", &[]), step(A, "shared", &[&format!("{B}/team")]));
        let logs = step(B, "logs", &[]);
        assert_eq!(
            said_of(&[sales.clone(), logs.clone()]).as_deref(),
            Some("begins with 1 stack of the canaries; 1 other stack follows in wave 2")
        );
        assert_eq!(
            said_of(&[team.clone(), sales.clone(), shared.clone(), logs.clone()]).as_deref(),
            Some(
                "begins with 2 stacks of the canaries, and with 1 stack of other accounts or regions, which these wait for: \
                 222222222222/eu-west-1/team (for 111111111111/eu-west-1/shared); 1 other stack follows in wave 2"
            )
        );
        let all = said_of(&[team, shared]).expect("a text");
        assert!(
            all.ends_with("; no stack is left for a second wave, so the canaries protect none")
        );
        assert_eq!(
            said_of(&[logs]).as_deref(),
            Some(
                "no stack of the canaries changes, so nothing is tried before the 1 stack that changes"
            )
        );
        assert_eq!(
            said_of(&[sales]).as_deref(),
            Some("begins with 1 stack of the canaries; no other stack changes")
        );
        assert_eq!(said_of(&[]), None);
        assert_eq!(said(&Waves::default()), None);
    }

    #[test]
    fn of_many_stacks_the_first_are_named() {
        let teams: Vec<Step> =
            (10..35).map(|number| step(B, &format!("team{number}"), &[])).collect();
        let names: Vec<String> = teams.iter().map(|step| step.address.to_string()).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let steps: Vec<Step> = teams.into_iter().chain([step(A, "shared", &names)]).collect();
        let text = said_of(&steps).expect("a text");
        assert!(text.contains("with 25 stacks of other accounts"), "{text}");
        assert!(text.contains("/team29 ") && !text.contains("/team30 "), "{text}");
        assert!(text.contains(", and 5 more; "), "{text}");
    }

    #[test]
    fn a_canary_without_stacks_is_refused() {
        let all: Vec<Place> = [A, B].iter().map(|place| place.parse().expect("a place")).collect();
        let of = |text: &str| super::super::part::parse(text).expect("a canary");
        let found = places(&[of("222222222222")], all.iter()).expect("places");
        assert_eq!(found, BTreeSet::from([all[1].clone()]));
        let error = places(&[of(A), of("333333333333")], all.iter()).expect_err("no stack");
        assert!(error.message.contains("`--canary 333333333333`"), "{error:?}");
    }
}
