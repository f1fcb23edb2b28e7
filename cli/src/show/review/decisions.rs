//! Decisions of access governance that differ: the words that all forms share.

use std::collections::BTreeMap;

use lakewright_diff::decisions::{DecisionChange, DecisionExample, DecisionKind};
use serde_json::{Value, json};

use super::sentences::{Sentence, because, listed};
use super::{Rule, Shown};

/// The titles of what is newly allowed, and of what is no longer allowed.
pub(super) const TITLES: [&str; 2] =
    ["Newly allowed by access governance", "No longer allowed by access governance"];
/// The number of findings that say the same but for names from which one of them stands for all.
const ALIKE: usize = 3;

/// A finding, and the others that say the same of other actors and resources.
#[derive(Debug, Clone)]
pub(super) struct AlikeDecisions<'r> {
    pub(super) change: &'r DecisionChange,
    pub(super) others: Vec<&'r DecisionChange>,
}

/// The findings: what is or may be newly allowed, and what is no longer allowed.
pub(super) fn grouped<'r>(shown: &Shown<'r>) -> [Vec<AlikeDecisions<'r>>; 2] {
    let mut groups: BTreeMap<_, Vec<&DecisionChange>> = BTreeMap::new();
    for one in all(shown) {
        let DecisionChange { kind, but_not, privileges, policies, .. } = one;
        groups.entry((kind, but_not, privileges, policies)).or_default().push(one);
    }
    let mut found = [Vec::new(), Vec::new()];
    for ((kind, ..), members) in groups {
        let list = &mut found[usize::from(*kind == DecisionKind::Lost)];
        match members.split_first() {
            Some((change, others)) if members.len() >= ALIKE => {
                list.push(AlikeDecisions { change, others: others.to_vec() });
            }
            _ => list.extend(
                members.into_iter().map(|change| AlikeDecisions { change, others: Vec::new() }),
            ),
        }
    }
    for list in &mut found {
        list.sort_by_key(|one| (one.change.kind, &one.change.actor, &one.change.resources));
    }
    found
}

/// All findings, in the order of the review.
pub(super) fn all<'r>(shown: &Shown<'r>) -> impl Iterator<Item = &'r DecisionChange> {
    shown.review.decisions.iter().flatten()
}

/// The number of findings of a kind.
pub(super) fn number(shown: &Shown<'_>, kind: DecisionKind) -> usize {
    all(shown).filter(|one| one.kind == kind).count()
}

/// The end of the summary; empty if no decision differs.
pub(super) fn summary(shown: &Shown<'_>) -> String {
    let kinds = [DecisionKind::Gained, DecisionKind::Unknown, DecisionKind::Lost];
    let [gained, unknown, lost] = kinds.map(|kind| number(shown, kind));
    if gained + unknown + lost == 0 {
        return String::new();
    }
    let unknown =
        if unknown == 0 { String::new() } else { format!(", {unknown} may be newly allowed") };
    format!("; access governance: {gained} newly allowed{unknown}, {lost} no longer allowed")
}

/// The id of a finding.
pub(super) fn id(one: &DecisionChange) -> String {
    let DecisionChange { kind, actor, privileges, resources, .. } = one;
    let first = |list: &[String]| list.first().cloned().unwrap_or_default();
    let actor = actor.join(" ");
    super::id(&["decision", word(*kind), &actor, &first(privileges), &first(resources)])
}

pub(super) const fn rule(one: &DecisionChange) -> Rule {
    match one.kind {
        DecisionKind::Gained => Rule::DecisionGained,
        DecisionKind::Unknown => Rule::DecisionUnknown,
        DecisionKind::Lost => Rule::DecisionLost,
    }
}

/// The sign and the class of a finding.
pub(super) const fn sign(one: &DecisionChange) -> (&'static str, &'static str) {
    match one.kind {
        DecisionKind::Gained => ("+", "gained"),
        DecisionKind::Unknown => ("?", "unknown"),
        DecisionKind::Lost => ("-", "lost"),
    }
}

const fn word(kind: DecisionKind) -> &'static str {
    match kind {
        DecisionKind::Gained => "gained",
        DecisionKind::Unknown => "unknown",
        DecisionKind::Lost => "lost",
    }
}

/// Who may newly do what, and why.
pub(super) fn sentence(one: &DecisionChange) -> Sentence {
    let DecisionChange { kind, actor, but_not, privileges, resources, lines, .. } = one;
    let mut sentence = who(actor);
    if !but_not.is_empty() {
        sentence = sentence.words(", except ").then(listed(but_not)).words(",");
    }
    let verb = match kind {
        DecisionKind::Gained => " may now ",
        DecisionKind::Unknown => " perhaps may now, and before may not, ",
        DecisionKind::Lost => " may no longer ",
    };
    sentence = sentence.words(verb).then(listed(privileges)).words(" on ").then(listed(resources));
    // A loss has its reason before the change, unless a policy after it denies the request.
    let is_before = *kind == DecisionKind::Lost && lines[1].is_empty();
    because(sentence, &lines[usize::from(!is_before)])
}

/// The sentence with the number of other findings that say the same.
pub(super) fn sentence_of(one: &AlikeDecisions<'_>) -> Sentence {
    let sentence = sentence(one.change);
    match one.others.len() {
        0 => sentence,
        others => sentence.words(", and ").number(others).words(" more alike"),
    }
}

/// A request, and what decides it on each side.
pub(super) fn details(one: &DecisionChange) -> Vec<Sentence> {
    let DecisionExample { user, member_of, roles, privilege, resource } = &one.example;
    let mut example = Sentence::new("for example: ").name(&format!("user:{user}"));
    if !member_of.is_empty() {
        example = example.words(" of ").then(listed(member_of));
    }
    if !roles.is_empty() {
        example = example.words(" with the role ").then(listed(roles));
    }
    let example = example.words(", ").name(privilege).words(" on ").name(resource);
    let sides = ["before the change: ", "after the change: "].into_iter().enumerate();
    let decided = sides.map(|(side, words)| {
        let is_allowed = (side == 1) == (one.kind == DecisionKind::Gained);
        let by = match (one.kind, is_allowed, one.policies[side].is_empty()) {
            (_, _, true) => return Sentence::new(words).words("no policy allows it"),
            (DecisionKind::Unknown, ..) => "not decided among ",
            (_, true, false) => "allowed by ",
            (_, false, false) => "denied by ",
        };
        let sentence = Sentence::new(words).words(by).then(listed(&one.policies[side]));
        because(sentence, &one.lines[side])
    });
    std::iter::once(example).chain(decided).collect()
}

/// What a finding is about, among others that say the same.
pub(super) fn name(one: &DecisionChange) -> String {
    format!("{} on {}", who(&one.actor), listed(&one.resources))
}

/// The names of the others.
pub(super) fn others(one: &AlikeDecisions<'_>) -> Vec<String> {
    one.others.iter().map(|other| name(other)).collect()
}

fn who(actor: &[String]) -> Sentence {
    let of = |kind: &str| -> Vec<String> {
        let parts = actor.iter().filter_map(|part| part.split_once('/'));
        parts.filter(|(of, _)| *of == kind).map(|(_, name)| name.to_owned()).collect()
    };
    let (users, teams, roles) = (of("user"), of("team"), of("role"));
    let mut sentence = match (users.first(), teams.is_empty()) {
        (Some(user), true) => Sentence::new("user ").name(user),
        (Some(user), false) => {
            Sentence::new("user ").name(user).words(" as a member of ").then(listed(&teams))
        }
        (None, false) => Sentence::new("members of ").then(listed(&teams)),
        (None, true) if roles.is_empty() => Sentence::new("all users"),
        (None, true) => Sentence::new("users"),
    };
    if !roles.is_empty() {
        sentence = sentence.words(" with the role ").then(listed(&roles));
    }
    sentence
}

/// The finding for programs.
pub(super) fn document(one: &DecisionChange) -> Value {
    let DecisionChange { kind, actor, but_not, privileges, resources, example, policies, lines } =
        one;
    let DecisionExample { user, member_of, roles, privilege, resource } = example;
    json!({
        "finding": id(one),
        "kind": word(*kind),
        "actor": actor,
        "butNot": but_not,
        "privileges": privileges,
        "resources": resources,
        "example": {
            "actor": format!("user:{user}"),
            "memberOf": member_of,
            "roles": roles,
            "privilege": privilege,
            "resource": resource,
        },
        "policies": { "before": policies[0], "after": policies[1] },
        "lines": { "before": lines[0], "after": lines[1] },
        "sentence": sentence(one).to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::{decision, sample, shown};
    use super::*;

    #[test]
    fn sentences_say_who_what_and_why() {
        let mut one = decision(DecisionKind::Gained, &["team/Analysts"], "dataset/january");
        assert_eq!(
            sentence(&one).to_string(),
            "members of Analysts may now metadata.edit_tags on dataset/january because of policies.yaml:3"
        );
        let said: Vec<String> = details(&one).iter().map(ToString::to_string).collect();
        assert_eq!(
            said,
            [
                "for example: user:somebody of Analysts, metadata.edit_tags on dataset/january",
                "before the change: no policy allows it",
                "after the change: allowed by policy/one because of policies.yaml:3",
            ]
        );
        one.actor = vec!["role/Editor".to_owned(), "user/jo".to_owned()];
        one.but_not = vec!["team/Guests".to_owned()];
        let text = sentence(&one).to_string();
        assert!(
            text.starts_with("user jo with the role Editor, except team/Guests, may"),
            "{text}"
        );
        one.actor.clear();
        assert!(sentence(&one).to_string().starts_with("all users, except"));
    }

    #[test]
    fn findings_that_say_the_same_of_others_are_one() {
        let mut review = sample();
        let teams = ["team/a", "team/b", "team/c"];
        let alike = teams.map(|team| decision(DecisionKind::Lost, &[team], "dataset/x"));
        review.decisions = Some(alike.to_vec());
        let [allowed, denied] = grouped(&shown(&review));
        assert_eq!((allowed.len(), denied.len()), (0, 1));
        assert_eq!(denied[0].others.len(), 2);
        assert_eq!(others(&denied[0])[0], "members of b on dataset/x");
        assert!(sentence_of(&denied[0]).to_string().ends_with("and 2 more alike"));
        assert_eq!(
            summary(&shown(&review)),
            "; access governance: 0 newly allowed, 3 no longer allowed"
        );
    }
}
