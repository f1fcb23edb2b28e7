//! A review for programs. The shape is `docs/output/diff.schema.json`.

use lakewright_diff::access::{AccessChange, Deciding, Reach, Witness};
use lakewright_diff::change::{ChangeKind, PropertyChange, ResourceChange, StackChange};
use lakewright_diff::decisions::DecisionKind;
use lakewright_diff::review::{Alike, Move, StackRefactoring};
use lakewright_template::write::value_to_compact_json;
use serde_json::{Map, Value, json};

use super::alike::AlikeAccess;
use super::{
    DATA_EFFECTS, Entry, FATES, How, RELATIONS, Sections, Shown, answer, data, decisions,
    disagreements, fate, id_of_access, id_of_other, id_of_resource, kind, relation, sentences,
    update,
};
use crate::ui::sorted;

/// The document, with a line break at its end.
pub(crate) fn text(shown: &Shown<'_>) -> String {
    format!("{:#}\n", sorted(document(shown)))
}

pub(crate) fn document(shown: &Shown<'_>) -> Value {
    let review = shown.review;
    json!({
        "version": 1,
        "before": shown.before,
        "after": shown.after,
        "summary": summary(shown),
        "stacks": review.stacks.iter().map(|one| stack(one, shown)).collect::<Vec<_>>(),
        "classes": review.alike.iter().map(class).collect::<Vec<_>>(),
        "access": review.access.iter().map(|one| access(one, shown)).collect::<Vec<_>>(),
        "accessClasses": access_classes(shown),
        "decisions": review.decisions.as_ref().map(|list| {
            list.iter().map(decisions::document).collect::<Vec<_>>()
        }),
        "moves": review.moves.iter().map(moved).collect::<Vec<_>>(),
        "refactorings": review.refactorings.iter().map(refactoring).collect::<Vec<_>>(),
        "detours": review.detours,
        "disagreements":
            review.disagreements.iter().map(|one| disagreements::document(one, shown)).collect::<Vec<_>>(),
        "notes": review.notes,
    })
}

fn summary(shown: &Shown<'_>) -> Value {
    let review = shown.review;
    let stacks = |wanted: ChangeKind| review.stacks.iter().filter(|one| one.kind == wanted).count();
    let resources = || review.stacks.iter().flat_map(|one| &one.resources);
    let fates = FATES.iter().map(|word| {
        let number = resources().filter(|one| fate(one.outcome.fate) == *word).count();
        ((*word).to_owned(), json!(number))
    });
    let effects = DATA_EFFECTS.iter().map(|effect| {
        let number = resources().filter(|one| one.outcome.data == *effect).count();
        (data(*effect).to_owned(), json!(number))
    });
    let relations = RELATIONS.iter().map(|wanted| {
        let number = review.access.iter().filter(|one| one.relation == *wanted).count();
        (relation(*wanted).to_owned(), json!(number))
    });
    json!({
        "stacks": {
            "added": stacks(ChangeKind::Added),
            "removed": stacks(ChangeKind::Removed),
            "changed": stacks(ChangeKind::Changed),
            "equal": review.equal,
        },
        "fates": fates.collect::<Map<_, _>>(),
        "data": effects.collect::<Map<_, _>>(),
        "access": relations.collect::<Map<_, _>>(),
        "decisions": review.decisions.as_ref().map(|_| json!({
            "gained": decisions::number(shown, DecisionKind::Gained),
            "lost": decisions::number(shown, DecisionKind::Lost),
            "unknown": decisions::number(shown, DecisionKind::Unknown),
        })),
    })
}

fn stack(one: &StackChange, shown: &Shown<'_>) -> Value {
    let StackChange { stack, kind: change, resources, others } = one;
    let others = others.iter().map(|other| {
        let mut json = property(other);
        json["finding"] = json!(id_of_other(stack, other));
        json
    });
    json!({
        "stack": stack,
        "name": shown.named.stack(stack),
        "kind": kind(*change),
        "resources": resources.iter().map(|one| resource(stack, one)).collect::<Vec<_>>(),
        "others": others.collect::<Vec<_>>(),
    })
}

fn resource(stack: &str, one: &ResourceChange) -> Value {
    json!({
        "finding": id_of_resource(stack, one),
        "id": one.logical_id.as_str(),
        "type": one.resource_type,
        "kind": kind(one.kind),
        "fate": fate(one.outcome.fate),
        "data": data(one.outcome.data),
        "reasons": one.outcome.reasons,
        "properties": one.properties.iter().map(property).collect::<Vec<_>>(),
        "attributes": one.attributes.iter().map(property).collect::<Vec<_>>(),
        "lines": { "before": one.lines_before, "after": one.lines_after },
    })
}

fn property(one: &PropertyChange) -> Value {
    let PropertyChange { path, before, after, update: effect } = one;
    json!({
        "path": path,
        "before": before.as_ref().map(value),
        "after": after.as_ref().map(value),
        "update": update(*effect),
    })
}

/// A value of a template. One that `serde_json` cannot hold, such as a number beyond its range, is its text.
fn value(value: &lakewright_template::Value) -> Value {
    let text = value_to_compact_json(value);
    serde_json::from_str(&text).unwrap_or(Value::String(text))
}

fn access(one: &AccessChange, shown: &Shown<'_>) -> Value {
    let list = |how: How, list: &[Reach]| -> Vec<Value> {
        let entries =
            list.iter().map(|reach| (reach, Entry { change: one, reach: Some(reach), how }));
        entries.map(|(reach, entry)| requests(reach, &entry, shown)).collect()
    };
    json!({
        "finding": id_of_access(one),
        "principal": one.principal,
        "name": shown.named.principal(&one.principal),
        "relation": relation(one.relation),
        "gained": list(How::Gained, &one.gained),
        "lost": list(How::Lost, &one.lost),
        "unknown": list(How::Unknown, &one.unknown),
    })
}

fn requests(reach: &Reach, entry: &Entry<'_>, shown: &Shown<'_>) -> Value {
    let Reach { actions, resource, conditions, witness, decisions, statements, because, reason } =
        reach;
    let Witness { action, resource: example, context } = witness;
    let context: Map<String, Value> =
        context.iter().map(|(key, values)| (key.clone(), json!(values))).collect();
    json!({
        "actions": actions,
        "resource": resource,
        "conditions": conditions,
        "witness": { "action": action, "resource": example, "context": context },
        "before": answer(decisions.0),
        "after": answer(decisions.1),
        "statements": statements.iter().map(statement).collect::<Vec<_>>(),
        "because": because,
        "reason": reason,
        "sentence": sentences::access(entry, shown.named).to_string(),
    })
}

fn statement(one: &Deciding) -> Value {
    let Deciding { is_after, origin, sid, is_allow } = one;
    json!({
        "side": if *is_after { "after" } else { "before" },
        "stack": &*origin.stack,
        "logicalId": origin.logical_id,
        "property": origin.property,
        "sid": sid,
        "effect": if *is_allow { "Allow" } else { "Deny" },
    })
}

fn class(one: &Alike) -> Value {
    let Alike { representative, members } = one;
    json!({ "members": members, "representative": representative })
}

/// The groups of principals that gain or lose access alike.
fn access_classes(shown: &Shown<'_>) -> Vec<Value> {
    let member = |entry: &Entry<'_>| {
        json!({
            "finding": id_of_access(entry.change),
            "principal": entry.change.principal,
            "resource": entry.reach.map(|reach| &reach.resource),
        })
    };
    let Sections { gained, lost, .. } = shown.sections();
    let groups = gained.iter().chain(&lost).filter(|one| !one.others.is_empty());
    let class = |one: &AlikeAccess<'_>| {
        let members: Vec<Value> =
            std::iter::once(&one.entry).chain(&one.others).map(member).collect();
        json!({
            "how": match one.entry.how {
                How::Gained => "gained",
                How::Unknown => "unknown",
                How::Lost => "lost",
            },
            "members": members,
            "representative": one.entry.change.principal,
        })
    };
    groups.map(class).collect()
}

fn refactoring(one: &StackRefactoring) -> Value {
    let StackRefactoring { stacks, request } = one;
    json!({ "stacks": stacks, "request": value(&request.clone().into()) })
}

fn moved(one: &Move) -> Value {
    let Move { resource_type, from, to, obstacles } = one;
    json!({
        "type": resource_type,
        "from": { "stack": from.0, "id": from.1 },
        "to": { "stack": to.0, "id": to.1 },
        "obstacles": obstacles,
    })
}

#[cfg(test)]
mod tests {
    use lakewright_template::Intrinsic;

    use super::super::tests::{sample, shown};
    use super::*;

    #[test]
    fn a_review_has_the_shape_of_its_schema() {
        let schema = include_str!("../../../../docs/output/diff.schema.json");
        let schema: Value = serde_json::from_str(schema).expect("JSON");
        let validator = jsonschema::validator_for(&schema).expect("a valid schema");
        let review = sample();
        let document = document(&shown(&review));
        let errors: Vec<String> = validator
            .iter_errors(&document)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert_eq!(errors, [""; 0], "{document:#}");
        assert_eq!(document["summary"]["fates"]["replaced"], 1);
        assert_eq!(document["summary"]["stacks"]["equal"], 3);
        assert_eq!(document["stacks"][0]["resources"][0]["properties"][0]["before"], "old");
        // A form that is not described is refused.
        let mut other = document.clone();
        other["access"][0]["gained"][0]["one_more"] = json!(true);
        assert!(!validator.is_valid(&other));
    }

    #[test]
    fn values_are_written_as_cloudformation_reads_them() {
        let bucket = lakewright_template::LogicalId::parameter("Bucket");
        let call = Intrinsic::GetAtt(bucket, "Arn".into());
        assert_eq!(value(&call.into()), json!({ "Fn::GetAtt": ["Bucket", "Arn"] }));
        let huge = lakewright_template::Value::Decimal("1e999".into());
        assert_eq!(value(&huge), json!("1e999"));
    }
}
