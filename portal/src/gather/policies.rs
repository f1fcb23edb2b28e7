//! Access governance: what each policy does, and what each actor holds.

use lakewright_governance::Source;
use lakewright_governance::analysis::{Example, Use, uses};
use lakewright_governance::holdings::holdings;
use lakewright_manifest::mesh::Effect;

use super::Input;
use crate::model::{Governed, Held, Policy};

/// The policies with what each does, and what each actor holds.
pub(super) fn governed(input: &Input<'_>) -> Governed {
    let governance = input.governance;
    let policies = governance.rules.iter().zip(uses(governance)).map(|(rule, found)| Policy {
        id: rule.id.clone(),
        effect: word(rule.effect),
        is_document: rule.source == Source::Document,
        line: input.line(rule.origin),
        says: in_words(&found),
        privileges: rule.names.clone(),
    });
    let holdings = holdings(governance).into_iter();
    let holdings = holdings.map(|held| {
        Held(held.actor, held.rule, word(held.effect), held.privileges, held.resources)
    });
    Governed { policies: policies.collect(), holdings: holdings.collect() }
}

const fn word(effect: Effect) -> &'static str {
    match effect {
        Effect::Allow => "allows",
        Effect::Deny => "denies",
    }
}

fn in_words(found: &Use) -> String {
    match found {
        Use::Inactive => "Inactive.".to_owned(),
        Use::MatchesNothing => "Matches nothing of this mesh.".to_owned(),
        Use::Effective(Example { actor, privilege, resource }) => {
            let teams = actor.teams.iter().map(|team| format!(" of {team}"));
            let roles = actor.roles.iter().map(|role| format!(" as {role}"));
            let who: String = teams.chain(roles).collect();
            format!(
                "Decides, for example, about user {}{who}: {privilege} on {resource}.",
                actor.user
            )
        }
        Use::Shadowed(by) => format!("Everything is denied by {}.", by.join(", ")),
        Use::Implied(by) => format!("Changes nothing beside {}.", by.join(", ")),
        Use::DeniesNothing => "Denies what nothing allows.".to_owned(),
        Use::Undecided => "Not decided: too many exceptions combine.".to_owned(),
    }
}
