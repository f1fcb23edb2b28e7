//! A review as one web page, which needs no network and can be searched.

use handlebars::Handlebars;
use lakewright_analysis::graph::Access;
use lakewright_analysis::words::count;
use lakewright_diff::change::{PropertyChange, ResourceChange, StackChange};
use lakewright_diff::decisions::DecisionChange;
use lakewright_diff::disagreement::Disagreement;
use lakewright_diff::review::StackRefactoring;
use serde_json::{Value, json};

use super::alike::AlikeAccess;
use super::decisions::AlikeDecisions;
use super::picture::picture;
use super::sentences::{self, Piece, Sentence};
use super::{
    How, Sections, Shown, ShownStack, decisions, disagreements, glyph, glyph_of_kind, id_of_access,
    id_of_other, id_of_resource, kind, moves, update,
};
use crate::exit::Failure;

/// The page's template. Handlebars escapes all values.
const PAGE: &str = include_str!("page.html.hbs");
/// The number of stacks up to which all of them are open at first.
const OPEN: usize = 12;
/// The maximum length of a value, in characters.
const VALUE: usize = 4_000;

/// Renders the page. `stays` is the access that stays, of the principals whose access differs, if it is known.
pub(crate) fn page(shown: &Shown<'_>, stays: Option<&[Access]>) -> Result<String, Failure> {
    let rendered = Handlebars::new().render_template(PAGE, &document(shown, stays));
    rendered.map_err(|error| Failure::unexpected(error.to_string()))
}

fn document(shown: &Shown<'_>, stays: Option<&[Access]>) -> Value {
    let Sections { gained, data, replaced, lost, others } = shown.sections();
    let accessed = |entries: &[AlikeAccess<'_>]| -> Vec<Value> {
        entries.iter().map(|one| access(one, shown)).collect()
    };
    let resources = |list: &[super::InStack<'_>]| -> Vec<Value> {
        list.iter().map(|(stack, one)| resource_of(*stack, one, shown)).collect()
    };
    let disagreeing = shown.review.disagreements.iter();
    let disagreeing = disagreeing.map(|one| disagreement(one, shown)).collect::<Vec<_>>();
    let decided =
        decisions::grouped(shown).map(|list| list.iter().map(decision).collect::<Vec<_>>());
    let [allowed, denied] = decided;
    let sections = [
        ("gained", "Access gained", accessed(&gained)),
        ("allowed", decisions::TITLES[0], allowed),
        ("data", "Data that could be lost", resources(&data)),
        ("replaced", "Replacements and updates that fail", resources(&replaced)),
        ("disagreements", disagreements::TITLE, disagreeing),
        ("lost", "Access lost", accessed(&lost)),
        ("denied", decisions::TITLES[1], denied),
    ];
    let sections = sections.into_iter().filter(|(_, _, findings)| !findings.is_empty());
    let sections = sections
        .map(|(id, title, findings)| json!({ "id": id, "title": title, "findings": findings }));
    let is_open = others.len() <= OPEN;
    let stacks = others.iter().map(|(stack, resources)| group(*stack, resources, is_open, shown));
    let picture = picture(shown, stays);
    json!({
        "before": sentences::printable(shown.before),
        "after": sentences::printable(shown.after),
        "summary": shown.summary(),
        "has_access": !shown.review.access.is_empty(),
        "picture": picture,
        "sections": sections.collect::<Vec<_>>(),
        "stacks": stacks.collect::<Vec<_>>(),
        "moves": shown.review.moves.iter().map(|one| json!({
            "pieces": pieces(&sentences::moved(one, shown)),
            "obstacles": one.obstacles,
        })).collect::<Vec<_>>(),
        "refactorings": shown.review.refactorings.iter().map(|one| refactoring(one, shown)).collect::<Vec<_>>(),
        "detours_title": moves::DETOURS,
        "detours": shown.review.detours,
        "notes": shown.review.notes,
    })
}

/// A stack refactoring with its whole request.
fn refactoring(one: &StackRefactoring, shown: &Shown<'_>) -> Value {
    json!({
        "pieces": pieces(&moves::refactoring(one, shown)),
        "command": moves::command(one),
        "request": moves::request(one),
        "policy": moves::STACK_POLICY,
    })
}

/// A list of those that are alike, which opens. `null` if there are none.
fn alike(noun: &str, names: &[String]) -> Value {
    if names.is_empty() {
        return Value::Null;
    }
    let names: Vec<_> = names.iter().map(|name| sentences::printable(name)).collect();
    json!({ "says": format!("{} more {noun} alike", names.len()), "names": names })
}

/// A stack with its changes.
fn group(
    stack: ShownStack<'_>,
    resources: &[&ResourceChange],
    is_open: bool,
    shown: &Shown<'_>,
) -> Value {
    let StackChange { stack: address, kind: change, others, .. } = stack.change;
    let of_resource = |one: &ResourceChange| resource(address, one, &sentences::resource(one));
    let mut findings: Vec<Value> = resources.iter().map(|one| of_resource(one)).collect();
    findings.extend(others.iter().map(|one| other(address, one)));
    json!({
        "glyph": glyph_of_kind(*change),
        "name": sentences::printable(&shown.stack(address)),
        "alike": alike("stacks", &shown.names_of_alike(stack)),
        "says": format!("{}, {}", kind(*change), count(findings.len(), "change")),
        "open": is_open,
        "findings": findings,
    })
}

fn access(one: &AlikeAccess<'_>, shown: &Shown<'_>) -> Value {
    let AlikeAccess { entry, others } = one;
    let others: Vec<String> =
        others.iter().map(|other| sentences::one_alike(other, shown.named)).collect();
    let (sign, class) = match entry.how {
        How::Gained => ("+", "gained"),
        How::Unknown => ("?", "unknown"),
        How::Lost => ("-", "lost"),
    };
    let reach = entry.reach;
    let example = reach.map(|reach| pieces(&sentences::example(reach)));
    let statements = reach.into_iter().flat_map(|reach| &reach.statements);
    let statements = statements.map(|one| pieces(&sentences::deciding(one, shown)));
    let details: Vec<Value> = example.into_iter().chain(statements).collect();
    // What is lost was asked for before the change.
    let lines = reach.map_or(&[][..], |reach| reach.because.as_slice());
    let (before, after) = if entry.how == How::Lost { (lines, &[][..]) } else { (&[][..], lines) };
    json!({
        "id": id_of_access(entry.change),
        "glyph": sign,
        "class": class,
        "pieces": pieces(&sentences::accesses(one, shown.named)),
        "alike": alike("principals", &others),
        "details": details,
        "actions": reach.map_or(&[][..], |reach| reach.actions.as_slice()),
        "lines_before": before,
        "lines_after": after,
        "values": [],
    })
}

/// A resource that is shown apart from its stack.
fn resource_of(stack: ShownStack<'_>, one: &ResourceChange, shown: &Shown<'_>) -> Value {
    let sentence = sentences::resource_of(stack, one, shown);
    let mut finding = resource(&stack.change.stack, one, &sentence);
    finding["alike"] = alike("stacks", &shown.names_of_alike(stack));
    finding
}

fn resource(stack: &str, one: &ResourceChange, sentence: &Sentence) -> Value {
    let class = match glyph(&one.outcome) {
        "+" => "gained",
        "-" | "-/+" => "lost",
        _ => "changed",
    };
    let reasons = one.outcome.reasons.iter();
    let reasons = reasons.map(|reason| pieces(&Sentence::default().name(reason)));
    json!({
        "id": id_of_resource(stack, one),
        "glyph": glyph(&one.outcome),
        "class": class,
        "pieces": pieces(sentence),
        "details": reasons.collect::<Vec<_>>(),
        "values": one.properties.iter().chain(&one.attributes).map(value).collect::<Vec<_>>(),
        "lines_before": one.lines_before,
        "lines_after": one.lines_after,
    })
}

/// A decision of access governance that differs.
fn decision(one: &AlikeDecisions<'_>) -> Value {
    let DecisionChange { privileges, resources, lines, .. } = one.change;
    let (glyph, class) = decisions::sign(one.change);
    let all = |words: &'static str, names: &[String]| {
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        Sentence::new(words).name(&sentences::shortened(&names.join(", "), VALUE))
    };
    let lists = [all("privileges: ", privileges), all("resources: ", resources)];
    let details = decisions::details(one.change).into_iter().chain(lists);
    json!({
        "id": decisions::id(one.change),
        "glyph": glyph,
        "class": class,
        "pieces": pieces(&decisions::sentence_of(one)),
        "alike": alike("findings", &decisions::others(one)),
        "details": details.map(|detail| pieces(&detail)).collect::<Vec<_>>(),
        "values": [],
        "lines_before": lines[0],
        "lines_after": lines[1],
    })
}

fn disagreement(one: &Disagreement, shown: &Shown<'_>) -> Value {
    let details = one.details.iter().map(|detail| pieces(&Sentence::default().name(detail)));
    json!({
        "id": disagreements::id(one),
        "glyph": "?",
        "class": "unknown",
        "pieces": pieces(&disagreements::sentence(one, shown)),
        "details": details.collect::<Vec<_>>(),
        "values": [],
        "lines_before": [],
        "lines_after": one.lines,
    })
}

fn other(stack: &str, change: &PropertyChange) -> Value {
    json!({
        "id": id_of_other(stack, change),
        "glyph": "~",
        "class": "changed",
        "pieces": pieces(&sentences::other(change)),
        "details": [],
        "lines_before": [],
        "lines_after": [],
        "values": [value(change)],
    })
}

/// A value before and after the change.
fn value(change: &PropertyChange) -> Value {
    let side = |value: Option<&lakewright_template::Value>| {
        sentences::shortened(&sentences::value(value), VALUE).into_owned()
    };
    json!({
        "path": sentences::printable(&change.path),
        "before": side(change.before.as_ref()),
        "after": side(change.after.as_ref()),
        "update": update(change.update),
    })
}

/// A sentence with its names marked.
fn pieces(sentence: &Sentence) -> Value {
    let pieces = sentence.pieces().iter().map(|piece| match piece {
        Piece::Words(words) => json!({ "is_name": false, "text": words }),
        Piece::Number(number) => json!({ "is_name": false, "text": number.to_string() }),
        Piece::Name(name) => json!({ "is_name": true, "text": name }),
    });
    pieces.collect()
}

#[cfg(test)]
mod tests {
    use lakewright_diff::review::Review;

    use super::super::tests::{sample, shown};
    use super::*;

    fn rendered(review: &Review) -> String {
        page(&shown(review), None).map_err(|error| error.message).expect("a page")
    }

    #[test]
    fn texts_of_users_are_escaped_everywhere() {
        let hostile = "</script><script>alert(1)</script>\"'><img src=x onerror=alert(1)>";
        let mut review = sample();
        for stack in &mut review.stacks {
            hostile.clone_into(&mut stack.stack);
            stack.resources[0].outcome.reasons = vec![hostile.to_owned()];
            stack.resources[0].lines_after = vec![hostile.to_owned()];
        }
        review.access[0].principal = hostile.to_owned();
        let reach = &mut review.access[0].gained[0];
        hostile.clone_into(&mut reach.reason);
        hostile.clone_into(&mut reach.resource);
        reach.because = vec![hostile.to_owned()];
        reach.actions = vec![hostile.to_owned()];
        reach.witness.context = vec![(hostile.to_owned(), vec![hostile.to_owned()])];
        review.notes = vec![hostile.to_owned()];
        review.moves[0].obstacles = vec![hostile.to_owned()];
        let text = page(&Shown { before: hostile, after: hostile, ..shown(&review) }, None);
        let text = text.map_err(|error| error.message).expect("a page");
        let plain = rendered(&sample());
        // The page has the tags of its template and no other ones.
        for tag in ["<script", "</script", "<img"] {
            assert_eq!(text.matches(tag).count(), usize::from(tag != "<img"), "{tag}");
            assert_eq!(plain.matches(tag).count(), usize::from(tag != "<img"), "{tag}");
        }
        assert!(text.contains("&lt;img src"), "{text}");
    }

    #[test]
    fn the_page_asks_no_network_and_its_script_has_no_data() {
        let script = |text: &str| -> String {
            let start = text.find("<script>").expect("a script");
            text[start..].to_owned()
        };
        let text = rendered(&sample());
        assert_eq!(script(&text), script(&rendered(&Review::default())));
        for part in ["http://", "https://", "@import", "url(", " src=", "<link"] {
            assert!(!text.contains(part), "{part}");
        }
        assert!(text.contains("default-src 'none'"), "{text}");
    }

    #[test]
    fn the_picture_has_a_line_for_each_change_of_access() {
        let review = sample();
        let drawn = picture(&shown(&review), None).expect("a picture");
        let lines = drawn["lines"].as_array().expect("lines");
        let said: Vec<(&str, &str)> = lines
            .iter()
            .map(|line| {
                let label = line["label"]["whole"].as_str().expect("a label");
                (line["kind"].as_str().expect("a kind"), label)
            })
            .collect();
        // In the order of the principals' names: the role without a name, then the team.
        assert_eq!(said, [("lost", "loses: write objects"), ("gained", "gains: read objects")]);
        let text = rendered(&review);
        assert!(text.contains("class=\"line gained\"") && text.contains("class=\"line lost\""));
        assert!(picture(&shown(&Review::default()), None).is_none());
    }

    #[test]
    fn access_that_stays_has_quiet_lines_as_far_as_they_can_be_read() {
        let review = sample();
        let team =
            super::super::picture::known_as(&review.access[0].principal, shown(&review).named);
        let stays = |number: usize| -> Vec<Access> {
            let one = |number: usize| Access {
                principal: team.clone(),
                target: format!("dataset/{number:03}"),
                label: "read".to_owned(),
            };
            (0..number).map(one).collect()
        };
        let drawn = |stays: &[Access]| {
            let drawn = picture(&shown(&review), Some(stays)).expect("a picture");
            let lines = drawn["lines"].as_array().expect("lines");
            let kept = lines.iter().filter(|line| line["kind"] == "kept");
            let labels = kept.map(|line| line["label"]["whole"].as_str().expect("text").to_owned());
            (labels.collect::<Vec<_>>(), drawn["stays"].as_str().expect("text").to_owned())
        };
        let (labels, caption) = drawn(&stays(2));
        assert_eq!(labels, ["keeps: read", "keeps: read"]);
        assert_eq!(caption, "Thin and grey: stays.");
        let (labels, caption) = drawn(&stays(45));
        assert_eq!(labels.len(), 40);
        assert_eq!(
            caption,
            "Thin and grey: stays; 5 more lines of access that stays are not drawn."
        );
        // Nobody else's access is drawn.
        let other = Access { principal: "team/other".to_owned(), ..stays(1)[0].clone() };
        assert_eq!(drawn(&[other]).0, [""; 0]);
    }
}
