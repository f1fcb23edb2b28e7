//! Where CloudFormation's own change sets say something else than the review: the words that all forms share.

use lakewright_diff::disagreement::{Disagreement, DisagreementKind};
use serde_json::{Value, json};

use super::Shown;
use super::sentences::{Sentence, because};

/// The title of these findings.
pub(super) const TITLE: &str = "Where CloudFormation's change sets say something else";

/// The id of a finding.
pub(super) fn id(one: &Disagreement) -> String {
    let resource = one.resource.as_ref().map_or("", |(logical_id, _)| logical_id.as_str());
    super::id(&["disagreement", &one.stack, resource, word(one.kind)])
}

/// The word of a kind in JSON.
const fn word(kind: DisagreementKind) -> &'static str {
    match kind {
        DisagreementKind::OnlyServiceDeletes => "only-service-deletes",
        DisagreementKind::OnlyServiceReplaces => "only-service-replaces",
        DisagreementKind::ServiceRefuses => "service-refuses",
        DisagreementKind::OnlyInService => "only-in-service",
        DisagreementKind::OnlyReviewDeletes => "only-review-deletes",
        DisagreementKind::OnlyReviewReplaces => "only-review-replaces",
        DisagreementKind::OnlyInReview => "only-in-review",
        DisagreementKind::AnotherAction => "another-action",
    }
}

/// What the change set and the review say.
pub(super) fn sentence(one: &Disagreement, shown: &Shown<'_>) -> Sentence {
    let (before, after) = match one.kind {
        DisagreementKind::OnlyServiceDeletes => {
            ("the change set deletes ", "; the review says that CloudFormation keeps it")
        }
        DisagreementKind::OnlyServiceReplaces => (
            "the change set replaces ",
            "; the review says that CloudFormation updates it in place",
        ),
        DisagreementKind::ServiceRefuses => {
            ("CloudFormation refuses the change of ", "; the review has no update that fails")
        }
        DisagreementKind::OnlyInService => ("the change set changes ", "; the review does not"),
        DisagreementKind::OnlyReviewDeletes => {
            ("the change set keeps ", "; the review says that CloudFormation deletes it")
        }
        DisagreementKind::OnlyReviewReplaces => (
            "the change set updates ",
            " in place; the review says that CloudFormation replaces it",
        ),
        DisagreementKind::OnlyInReview => ("the change set does not change ", "; the review does"),
        DisagreementKind::AnotherAction => {
            ("the change set does something else with ", " than the review says")
        }
    };
    let mut sentence = Sentence::new(before);
    if let Some((logical_id, resource_type)) = &one.resource {
        sentence = sentence.name(logical_id).words(" (").name(resource_type).words(") in ");
    }
    because(sentence.name(&shown.stack(&one.stack)).words(after), &one.lines)
}

/// The finding for programs.
pub(super) fn document(one: &Disagreement, shown: &Shown<'_>) -> Value {
    let resource = one.resource.as_ref();
    json!({
        "finding": id(one),
        "stack": one.stack,
        "id": resource.map(|(logical_id, _)| logical_id),
        "type": resource.map(|(_, resource_type)| resource_type),
        "kind": word(one.kind),
        "says": sentence(one, shown).to_string(),
        "details": one.details,
        "lines": one.lines,
    })
}
