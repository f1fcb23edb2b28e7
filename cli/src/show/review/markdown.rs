//! A review as a comment on a pull request.
//!
//! Every text that comes from a user or a template is in a code span, in a fence or, in HTML, in `<code>` with escapes.
//! Inside of these GitHub and GitLab make no link, no mention and no reference of it.

use std::collections::BTreeSet;

use lakewright_analysis::words::count;
use lakewright_diff::change::{PropertyChange, ResourceChange};
use lakewright_diff::update::Update;

use super::alike::AlikeAccess;
use super::decisions::AlikeDecisions;
use super::sentences::{self, Piece, Sentence};
use super::{
    InStack, Sections, Shown, ShownStack, decisions, disagreements, glyph, glyph_of_kind,
    id_of_access, id_of_other, id_of_resource, kind, moves, update,
};

/// The first line, by which a later run finds its comment.
pub(crate) const MARKER: &str = "<!-- lakewright review -->";
/// The maximum length in characters. GitHub refuses comments of more than 65,536 characters.
const LIMIT: usize = 65_000;
/// The characters kept free for the last sentence.
const RESERVED: usize = 300;
/// The maximum length of a value, of a side's name and of a stack's name.
const VALUE: usize = 400;
/// The maximum number of stacks or principals that a list of those that are alike has.
const LISTED: usize = 50;

/// The review, at most [`LIMIT`] characters.
pub(crate) fn text(shown: &Shown<'_>) -> String {
    within(shown, LIMIT)
}

fn within(shown: &Shown<'_>, limit: usize) -> String {
    let mut page = Page {
        out: format!(
            "{MARKER}\n**{}**\n\nBefore: {}, after: {}\n",
            shown.summary(),
            code(&sentences::shortened(shown.before, VALUE)),
            code(&sentences::shortened(shown.after, VALUE)),
        ),
        limit: limit.saturating_sub(RESERVED),
        used: 0,
        shown: BTreeSet::new(),
        is_full: false,
    };
    page.used = page.out.chars().count();
    let Sections { gained, data, replaced, lost, others } = shown.sections();
    let [allowed, denied] = decisions::grouped(shown);
    page.access("Access gained", &gained, shown);
    page.section(decisions::TITLES[0], allowed.iter().map(decided_item));
    page.resources("Data that could be lost", &data, shown);
    page.resources("Replacements and updates that fail", &replaced, shown);
    page.section(disagreements::TITLE, disagreeing_items(shown));
    page.access("Access lost", &lost, shown);
    page.section(decisions::TITLES[1], denied.iter().map(decided_item));
    page.others(&others, shown);
    page.section("Moves", moved_items(shown).into_iter().map(|item| (None, item)));
    let notes = shown.review.notes.iter();
    page.section("Notes", notes.map(|note| (None, format!("- {}\n", code(note)))));
    page.end(shown)
}

/// The text so far.
struct Page {
    out: String,
    /// The maximum number of characters of everything but the last sentence.
    limit: usize,
    used: usize,
    /// The ids of the findings so far.
    shown: BTreeSet<String>,
    /// Whether an item did not fit. Then nothing follows: what follows is milder.
    is_full: bool,
}

impl Page {
    /// Adds a text if it fits.
    fn push(&mut self, text: &str) -> bool {
        let more = text.chars().count();
        self.is_full |= self.used + more > self.limit;
        if !self.is_full {
            self.out.push_str(text);
            self.used += more;
        }
        !self.is_full
    }

    /// Adds items under a heading, until one does not fit. A heading is added only together with its first item.
    fn section(
        &mut self,
        title: &'static str,
        items: impl Iterator<Item = (Option<String>, String)>,
    ) {
        let mut heading = format!("\n### {title}\n\n");
        for (id, item) in items {
            heading.push_str(&item);
            if !self.push(&heading) {
                return;
            }
            self.shown.extend(id);
            heading.clear();
        }
    }

    fn access(&mut self, title: &'static str, entries: &[AlikeAccess<'_>], shown: &Shown<'_>) {
        let items = entries.iter().map(|access| {
            let AlikeAccess { entry, others } = access;
            let id = id_of_access(entry.change);
            let mut item = item(&sentences::accesses(access, shown.named), &id);
            if let Some(reach) = entry.reach {
                item.push_str(&below(&sentences::example(reach)));
                for deciding in &reach.statements {
                    item.push_str(&below(&sentences::deciding(deciding, shown)));
                }
            }
            let names = others.iter().map(|one| sentences::one_alike(one, shown.named));
            item.push_str(&alike_below(names.collect()));
            (Some(id), item)
        });
        self.section(title, items);
    }

    fn resources(&mut self, title: &'static str, resources: &[InStack<'_>], shown: &Shown<'_>) {
        let items = resources.iter().map(|(stack, resource)| {
            let id = id_of_resource(&stack.change.stack, resource);
            let mut item = item(&sentences::resource_of(*stack, resource, shown), &id);
            for reason in &resource.outcome.reasons {
                item.push_str(&below(&Sentence::default().name(reason)));
            }
            for one in resource.properties.iter().chain(&resource.attributes) {
                item.push_str(&below(&property(one)));
            }
            item.push_str(&alike_below(shown.names_of_alike(*stack)));
            (Some(id), item)
        });
        self.section(title, items);
    }

    fn others(&mut self, stacks: &[(ShownStack<'_>, Vec<&ResourceChange>)], shown: &Shown<'_>) {
        let mut heading = "\n### Other changes\n";
        for (stack, resources) in stacks {
            if self.is_full {
                return;
            }
            let before = self.out.len();
            self.stack(heading, *stack, resources, shown);
            if self.out.len() > before {
                heading = "";
            }
        }
    }

    /// Adds a stack with as many of its changes as fit.
    fn stack(
        &mut self,
        heading: &str,
        stack: ShownStack<'_>,
        resources: &[&ResourceChange],
        shown: &Shown<'_>,
    ) {
        let items = lines_of(stack, resources);
        let texts = items.iter().map(|(_, text)| text.as_str());
        let fence = "`".repeat(texts.map(longest_run).max().unwrap_or_default().max(2) + 1);
        let name = shown.stack(&stack.change.stack);
        let alike = match stack.others() {
            0 => String::new(),
            number => format!(" and {number} more stacks alike"),
        };
        let open = format!(
            "{heading}\n<details><summary>{} <code>{}</code>{alike} ({}, {})</summary>\n\n{}{fence}diff\n",
            glyph_of_kind(stack.change.kind),
            escaped(&sentences::shortened(&sentences::printable(&name), VALUE)),
            kind(stack.change.kind),
            count(items.len(), "change"),
            alike_above(shown.names_of_alike(stack)),
        );
        let close = format!("{fence}\n\n</details>\n");
        let ends = close.chars().count();
        // The room for the end is kept free while items are added.
        self.limit = self.limit.saturating_sub(ends);
        let mut text = open;
        let mut is_open = false;
        if items.is_empty() {
            is_open = self.push(&text);
        }
        for (id, item) in items {
            text.push_str(&item);
            if !self.push(&text) {
                break;
            }
            is_open = true;
            self.shown.insert(id);
            text.clear();
        }
        self.limit += ends;
        if is_open {
            self.out.push_str(&close);
            self.used += ends;
        }
    }

    /// Ends the text, with the number of findings that were left out.
    fn end(mut self, shown: &Shown<'_>) -> String {
        let ids = shown.ids();
        let left_out = ids.difference(&self.shown).count();
        if left_out > 0 {
            let findings = count(left_out, "finding");
            let verb = if left_out == 1 { "is" } else { "are" };
            self.out.push_str(&[
                "\n**",
                &findings,
                "** of ",
                &ids.len().to_string(),
                " ",
                verb,
                " left out, because a comment cannot be longer. `lakewright diff` with `--format html` or `--format json` shows all of them.\n",
            ].concat());
        } else if self.is_full {
            self.out
                .push_str("\nMoves or notes are left out, because a comment cannot be longer.\n");
        }
        self.out
    }
}

/// The changes of a stack as lines of a diff, each with its id.
fn lines_of(stack: ShownStack<'_>, resources: &[&ResourceChange]) -> Vec<(String, String)> {
    let mut items = Vec::new();
    let address = &stack.change.stack;
    for resource in resources {
        let id = id_of_resource(address, resource);
        let sign = match glyph(&resource.outcome) {
            "+" => '+',
            "-" => '-',
            _ => ' ',
        };
        let sentence = sentences::resource(resource);
        let mut item = format!("{sign} {sentence}  {id}\n");
        for reason in &resource.outcome.reasons {
            item.push_str(&["  # ", &sentences::printable(reason), "\n"].concat());
        }
        for one in resource.properties.iter().chain(&resource.attributes) {
            item.push_str(&signed(one));
        }
        items.push((id, item));
    }
    for other in &stack.change.others {
        let id = id_of_other(address, other);
        let sentence = sentences::other(other);
        items.push((id.clone(), format!("  {sentence}  {id}\n{}", signed(other))));
    }
    items
}

/// A value as lines of a diff.
fn signed(change: &PropertyChange) -> String {
    let PropertyChange { path, before, after, update: effect } = change;
    let path = sentences::printable(path);
    let mut lines = String::new();
    for (sign, side) in [("-   ", before), ("+   ", after)] {
        if side.is_some() {
            let value = sentences::value(side.as_ref());
            let value = sentences::shortened(&value, VALUE);
            lines.push_str(&[sign, &path, ": ", &value, "\n"].concat());
        }
    }
    if !matches!(effect, Update::Nothing | Update::InPlace) {
        lines.push_str(&["    # ", update(*effect), "\n"].concat());
    }
    lines
}

/// A value in a sentence.
fn property(change: &PropertyChange) -> Sentence {
    let [before, after] = [&change.before, &change.after].map(|value| {
        let value = sentences::value(value.as_ref());
        sentences::shortened(&value, VALUE).into_owned()
    });
    let effect = update(change.update);
    let sentence = Sentence::default().name(&change.path).words(": ").name(&before);
    sentence.words(" → ").name(&after).words(" (").words(effect).words(")")
}

/// A decision of access governance that differs.
fn decided_item(one: &AlikeDecisions<'_>) -> (Option<String>, String) {
    let id = decisions::id(one.change);
    let mut item = item(&decisions::sentence_of(one), &id);
    for detail in decisions::details(one.change) {
        item.push_str(&below(&detail));
    }
    item.push_str(&alike_below(decisions::others(one)));
    (Some(id), item)
}

/// Where CloudFormation's own change sets say something else.
fn disagreeing_items<'r>(
    shown: &'r Shown<'r>,
) -> impl Iterator<Item = (Option<String>, String)> + 'r {
    shown.review.disagreements.iter().map(|one| {
        let id = disagreements::id(one);
        let mut item = item(&disagreements::sentence(one, shown), &id);
        for detail in &one.details {
            item.push_str(&below(&Sentence::default().name(detail)));
        }
        (Some(id), item)
    })
}

/// The moves, and how they are done.
fn moved_items(shown: &Shown<'_>) -> Vec<String> {
    let review = shown.review;
    let mut items: Vec<String> = review
        .moves
        .iter()
        .map(|one| {
            let mut item = ["- ", &inline(&sentences::moved(one, shown)), "\n"].concat();
            for obstacle in &one.obstacles {
                let sentence = Sentence::new("stack refactoring cannot move it: ").name(obstacle);
                item.push_str(&below(&sentence));
            }
            item
        })
        .collect();
    items.extend(review.refactorings.iter().map(|one| {
        let sentence = inline(&moves::refactoring(one, shown));
        let mut item = ["- ", &sentence, "\n"].concat();
        for text in [moves::command(one), moves::short_request(one)] {
            item.push_str(&below(&Sentence::default().name(&text)));
        }
        item.push_str(&["  - ", moves::STACK_POLICY, "\n"].concat());
        item
    }));
    if !review.detours.is_empty() {
        let mut item = ["- ", moves::DETOURS, "\n"].concat();
        for detour in &review.detours {
            item.push_str(&below(&Sentence::default().name(detour)));
        }
        items.push(item);
    }
    items
}

/// The names of those that are alike, each in a code span.
fn listed(names: Vec<String>) -> String {
    let more = names.len().saturating_sub(LISTED);
    let mut spans: Vec<String> = names
        .into_iter()
        .take(LISTED)
        .map(|name| code(&sentences::shortened(&name, VALUE)))
        .collect();
    if more > 0 {
        spans.push(format!("and {more} more"));
    }
    spans.join(", ")
}

/// A list of those that are alike, which opens, below an item. Nothing if there are none.
fn alike_below(names: Vec<String>) -> String {
    if names.is_empty() {
        return String::new();
    }
    let opened = ["  - <details><summary>alike</summary>\n\n    ", &listed(names)].concat();
    [&opened, "\n\n    </details>\n"].concat()
}

/// A paragraph with the stacks that change alike. Nothing if there are none.
fn alike_above(names: Vec<String>) -> String {
    if names.is_empty() { String::new() } else { format!("Alike: {}\n\n", listed(names)) }
}

/// An item of a list with the id of its finding.
fn item(sentence: &Sentence, id: &str) -> String {
    ["- ", &inline(sentence), " `", id, "`\n"].concat()
}

/// An item below an item.
fn below(sentence: &Sentence) -> String {
    ["  - ", &inline(sentence), "\n"].concat()
}

/// A sentence with its names in code spans.
fn inline(sentence: &Sentence) -> String {
    let pieces = sentence.pieces().iter().map(|piece| match piece {
        Piece::Words(words) => (*words).to_owned(),
        Piece::Number(number) => number.to_string(),
        Piece::Name(name) => code(name),
    });
    pieces.collect()
}

/// A text in a code span. Source: "Code spans" in the GitHub Flavored Markdown specification: the delimiters are longer
/// or shorter than every run of backticks in it, and one space on each side is taken away.
pub(crate) fn code(text: &str) -> String {
    let text = sentences::printable(text);
    if text.trim().is_empty() {
        return "(empty)".to_owned();
    }
    let ticks = "`".repeat(longest_run(&text) + 1);
    let is_padded = text.starts_with(['`', ' ']) || text.ends_with(['`', ' ']);
    let space = if is_padded { " " } else { "" };
    [&ticks, space, &text, space, &ticks].concat()
}

/// The length of the longest run of backticks.
fn longest_run(text: &str) -> usize {
    text.split(|character| character != '`').map(str::len).max().unwrap_or_default()
}

/// A text in HTML.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use lakewright_diff::review::Review;
    use lakewright_diff::update::{DataEffect, Fate};

    use super::super::tests::{property, resource, sample, shown};
    use super::*;

    #[test]
    fn the_marker_and_the_summary_come_first() {
        let review = sample();
        let text = text(&shown(&review));
        assert!(text.starts_with("<!-- lakewright review -->\n**2 stacks change"), "{text}");
        let access = text.find("### Access gained").expect("the section");
        let stacks = text.find("<details>").expect("a stack");
        assert!(access < stacks, "{text}");
        assert!(text.contains("- `team/science/TeamA` (role `arn:aws:iam::"), "{text}");
        assert!(!text.contains("are left out"), "{text}");
    }

    /// The examples follow "Code spans" in the GitHub Flavored Markdown specification.
    #[test]
    fn a_code_span_holds_any_text() {
        for (text, expected) in [
            ("@team", "`@team`"),
            ("[a](http://b)", "`[a](http://b)`"),
            ("a`b", "``a`b``"),
            ("`", "`` ` ``"),
            ("``x`", "``` ``x` ```"),
            ("a\n\n# b", "`a\\n\\n# b`"),
            ("", "(empty)"),
        ] {
            assert_eq!(code(text), expected);
        }
    }

    #[test]
    fn texts_of_users_become_no_markup() {
        let hostile = "</code></details>\n\n# x ```` @team <img src=x> [a](b)";
        let mut review = sample();
        for stack in &mut review.stacks {
            hostile.clone_into(&mut stack.stack);
            stack.resources[0].outcome.reasons = vec![hostile.to_owned()];
            stack.others = vec![property(hostile, None, Some(hostile.to_owned().into()))];
        }
        review.access[0].principal = hostile.to_owned();
        review.access[0].gained[0].reason = hostile.to_owned();
        review.notes = vec![hostile.to_owned()];
        review.moves[0].obstacles = vec![hostile.to_owned()];
        let text = text(&Shown { before: hostile, after: hostile, ..shown(&review) });
        let outside = outside_of_code(&text);
        for part in ["@team", "<img", "[a]", "</code></details>"] {
            assert!(!outside.contains(part), "{part}\n{outside}\n---\n{text}");
        }
        assert!(!text.contains("\n# x"), "{text}");
        // Each stack has a fence that its values do not end.
        assert_eq!(text.matches("\n`````diff\n").count(), 2, "{text}");
        assert_eq!(text.matches("\n`````\n").count(), 2, "{text}");
    }

    /// What a reader of the format takes for text and markup, by its rules for fences and code spans.
    fn outside_of_code(text: &str) -> String {
        let mut outside = String::new();
        let mut fence: Option<String> = None;
        for line in text.lines() {
            let ticks = line.len() - line.trim_start_matches('`').len();
            if let Some(open) = &fence {
                if line == open {
                    fence = None;
                }
                continue;
            }
            if ticks >= 3 && line.ends_with("diff") {
                fence = Some("`".repeat(ticks));
                continue;
            }
            let mut rest = line;
            // In a line of HTML, what `<code>` holds is text.
            if let Some((start, code)) = line.split_once("<code>") {
                outside.push_str(start);
                rest = code.split_once("</code>").expect("the end of the code").1;
            }
            while let Some(start) = rest.find('`') {
                outside.push_str(&rest[..start]);
                let after = rest[start..].trim_start_matches('`');
                let ticks = rest.len() - start - after.len();
                let end = closing(after, ticks).expect("a code span ends in its line");
                rest = &after[end + ticks..];
            }
            outside.push_str(rest);
            outside.push('\n');
        }
        outside
    }

    /// Where a run of exactly so many backticks begins.
    fn closing(text: &str, ticks: usize) -> Option<usize> {
        let mut from = 0;
        while let Some(start) = text[from..].find('`').map(|start| from + start) {
            let run = text[start..].len() - text[start..].trim_start_matches('`').len();
            if run == ticks {
                return Some(start);
            }
            from = start + run;
        }
        None
    }

    /// A review with so many more stacks.
    fn large(stacks: usize) -> Review {
        let mut review = sample();
        let stack = review.stacks[0].clone();
        for number in 0..stacks {
            let mut more = stack.clone();
            more.stack = format!("stack-{number}");
            more.resources = vec![resource("Logs", Fate::Created, DataEffect::None)];
            more.resources[0].outcome.reasons = vec!["é".repeat(number % 90)];
            review.stacks.push(more);
        }
        review
    }

    fn check_budget(review: &Review, limit: usize) {
        let shown = shown(review);
        let text = within(&shown, limit);
        assert!(text.chars().count() <= limit, "{limit}: {}", text.chars().count());
        assert_eq!(text.matches("<details>").count(), text.matches("</details>").count());
        assert_eq!(text.matches("\n```").count() % 2, 0, "{text}");
        let ids = shown.ids();
        let known = ids.iter().filter(|id| text.contains(id.as_str())).count();
        let said = format!("**{} findings** of {} are left out", ids.len() - known, ids.len());
        assert!(text.contains(&said), "{limit}: {said}\n{text}");
    }

    #[test]
    fn a_large_review_ends_at_an_item_and_says_what_is_left_out() {
        let some = large(40);
        for limit in (700..4_000).step_by(7) {
            check_budget(&some, limit);
        }
        let many = large(2_000);
        check_budget(&many, LIMIT);
        let text = text(&shown(&many));
        assert!(text.chars().count() > 60_000, "{}", text.chars().count());
        assert!(text.contains("### Access gained") && text.contains("### Access lost"), "{text}");
    }
}
