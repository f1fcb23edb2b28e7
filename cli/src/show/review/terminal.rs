//! A review for people at a terminal.

use std::collections::BTreeMap;

use lakewright_analysis::words::count;
use lakewright_diff::access::AccessChange;
use lakewright_diff::change::{PropertyChange, ResourceChange, StackChange};
use lakewright_diff::update::Update;
use lakewright_manifest::render::Style;
use lakewright_template::Value;

use super::alike::AlikeAccess;
use super::decisions::AlikeDecisions;
use super::{
    How, InStack, Sections, Shown, ShownStack, decisions, disagreements, glyph, glyph_of_kind,
    id_of_access, id_of_other, id_of_resource, kind, moves, sentences, update,
};
use crate::width::{length, push_wrapped};

/// The minimum number of characters for each value of a property.
const LEAST_VALUE: usize = 12;
/// The maximum number of stacks or principals that a list of those that are alike has.
const LISTED: usize = 3;
/// The number of characters that two long values show of the beginning that they share.
const SHARED: usize = 10;

/// The review in lines that are not wider than `width`.
pub(crate) fn text(shown: &Shown<'_>, style: Style, width: usize) -> String {
    let mut screen = Screen { out: String::new(), style, width };
    let summary = shown.summary();
    screen.line(0, "", &summary);
    if !shown.is_equal() {
        let Sections { gained, data, replaced, lost, others } = shown.sections();
        let [allowed, denied] = decisions::grouped(shown);
        screen.access("Access gained", &gained, shown);
        screen.decisions(decisions::TITLES[0], &allowed);
        screen.resources("Data that could be lost", &data, shown);
        screen.resources("Replacements and updates that fail", &replaced, shown);
        screen.disagreements(shown);
        screen.access("Access lost", &lost, shown);
        screen.decisions(decisions::TITLES[1], &denied);
        screen.others(&others, shown);
        screen.moves(shown);
    }
    if !shown.review.notes.is_empty() {
        screen.title("Notes");
        for note in &shown.review.notes {
            screen.line(2, "", note);
        }
    }
    if !shown.is_equal() {
        screen.out.push('\n');
        screen.line(0, "", &summary);
    }
    screen.out
}

/// The text so far.
struct Screen {
    out: String,
    style: Style,
    width: usize,
}

impl Screen {
    fn title(&mut self, title: &str) {
        self.out.push('\n');
        match self.style {
            Style::Colour => self.out.push_str(&["\u{1b}[1m", title, "\u{1b}[0m"].concat()),
            Style::Plain => self.out.push_str(title),
        }
        self.out.push('\n');
    }

    /// A line after a sign, wrapped under itself.
    fn line(&mut self, indent: usize, sign: &str, text: &str) {
        self.out.extend(std::iter::repeat_n(' ', indent));
        let mut column = indent;
        if !sign.is_empty() {
            match (self.style, colour(sign)) {
                (Style::Colour, Some(colour)) => {
                    self.out.push_str(&[colour, sign, "\u{1b}[0m"].concat());
                }
                _ => self.out.push_str(sign),
            }
            self.out.push(' ');
            column += length(sign) + 1;
        }
        let text = sentences::printable(text);
        push_wrapped(&mut self.out, &text, [column, column + 2], self.width);
        self.out.push('\n');
    }

    /// The findings of each principal below its name.
    fn access(&mut self, title: &str, entries: &[AlikeAccess<'_>], shown: &Shown<'_>) {
        if entries.is_empty() {
            return;
        }
        self.title(title);
        let mut places: BTreeMap<*const AccessChange, usize> = BTreeMap::new();
        let mut principals: Vec<Vec<&AlikeAccess<'_>>> = Vec::new();
        for one in entries {
            let change = std::ptr::from_ref(one.entry.change);
            let place = *places.entry(change).or_insert(principals.len());
            match principals.get_mut(place) {
                Some(known) => known.push(one),
                None => principals.push(vec![one]),
            }
        }
        for list in principals {
            let Some(first) = list.first().map(|one| one.entry) else { continue };
            let id = id_of_access(first.change);
            self.line(2, "", &format!("{} [{id}]", sentences::principal(&first, shown.named)));
            for one in list {
                self.requests(one, shown);
            }
        }
    }

    /// What one principal gains or loses on one resource.
    fn requests(&mut self, access: &AlikeAccess<'_>, shown: &Shown<'_>) {
        let AlikeAccess { entry, others } = access;
        let sentence = sentences::ability_of(entry).then(sentences::and_others(access));
        self.line(4, sign(entry.how), &sentence.to_string());
        if let Some(reach) = entry.reach {
            self.line(8, "", &sentences::example(reach).to_string());
            for deciding in &reach.statements {
                self.line(8, "", &sentences::deciding(deciding, shown).to_string());
            }
        }
        let others = others.iter().map(|one| sentences::one_alike(one, shown.named));
        self.alike(8, &others.collect::<Vec<_>>());
    }

    /// The decisions of access governance that differ.
    fn decisions(&mut self, title: &str, list: &[AlikeDecisions<'_>]) {
        if list.is_empty() {
            return;
        }
        self.title(title);
        for one in list {
            let id = decisions::id(one.change);
            let sentence = decisions::sentence_of(one);
            self.line(2, decisions::sign(one.change).0, &format!("{sentence} [{id}]"));
            for detail in decisions::details(one.change) {
                self.line(6, "", &detail.to_string());
            }
            self.alike(6, &decisions::others(one));
        }
    }

    /// The first ones of those that are alike.
    fn alike(&mut self, indent: usize, names: &[String]) {
        if names.is_empty() {
            return;
        }
        let first: Vec<&str> = names.iter().take(LISTED).map(String::as_str).collect();
        let first = first.join(", ");
        let line = match names.len().saturating_sub(LISTED) {
            0 => format!("alike: {first}"),
            more => format!("alike: {first} and {more} more, which `--format json` lists"),
        };
        self.line(indent, "", &line);
    }

    fn resources(&mut self, title: &str, resources: &[InStack<'_>], shown: &Shown<'_>) {
        if resources.is_empty() {
            return;
        }
        self.title(title);
        for (stack, resource) in resources {
            let sentence = sentences::resource_of(*stack, resource, shown);
            self.resource(2, &sentence.to_string(), *stack, resource);
            self.alike(6, &shown.names_of_alike(*stack));
        }
    }

    fn resource(
        &mut self,
        indent: usize,
        sentence: &str,
        stack: ShownStack<'_>,
        resource: &ResourceChange,
    ) {
        let id = id_of_resource(&stack.change.stack, resource);
        self.line(indent, glyph(&resource.outcome), &format!("{sentence} [{id}]"));
        for reason in &resource.outcome.reasons {
            self.line(indent + 4, "", reason);
        }
        self.properties(indent + 4, &resource.properties);
        self.properties(indent + 4, &resource.attributes);
    }

    /// The values that differ. An item that takes the place of another one is one line with it.
    fn properties(&mut self, indent: usize, changes: &[PropertyChange]) {
        let mut rest = changes;
        while let Some((first, after_first)) = rest.split_first() {
            rest = after_first;
            let next = after_first.split_first().filter(|(next, _)| {
                let is_item = first.after.is_none() && next.before.is_none();
                is_item && next.path == first.path && next.update == first.update
            });
            if let Some((next, after_next)) = next {
                rest = after_next;
                self.property(indent, first, next.after.as_ref());
            } else {
                self.property(indent, first, first.after.as_ref());
            }
        }
    }

    /// A value before and after the change, shortened to one line.
    fn property(&mut self, indent: usize, change: &PropertyChange, after: Option<&Value>) {
        let path = format!("{}: ", sentences::printable(&change.path));
        self.values(indent, &path, change, after);
    }

    /// The same behind other words than the path.
    fn values(
        &mut self,
        indent: usize,
        words: &str,
        change: &PropertyChange,
        after: Option<&Value>,
    ) {
        let PropertyChange { before, update: effect, .. } = change;
        let effect = match effect {
            Update::Nothing | Update::InPlace => String::new(),
            severe => format!(" ({})", update(*severe)),
        };
        // The arrow with the spaces beside it.
        let taken = indent + length(words) + length(&effect) + " → ".chars().count();
        let room = self.width.saturating_sub(taken).max(2 * LEAST_VALUE);
        let [mut old, mut new] = [before.as_ref(), after].map(sentences::value);
        if before.is_some() && after.is_some() && length(&old) + length(&new) > room {
            [old, new] = differing(&old, &new);
        }
        // A short value leaves its room to the other one.
        let for_old = (room / 2).max(room.saturating_sub(length(&new)));
        let old = sentences::shortened(&old, for_old);
        let new = sentences::shortened(&new, room.saturating_sub(length(&old)));
        self.line(indent, "", &format!("{words}{old} → {new}{effect}"));
    }

    fn others(&mut self, stacks: &[(ShownStack<'_>, Vec<&ResourceChange>)], shown: &Shown<'_>) {
        if stacks.is_empty() {
            return;
        }
        self.title("Other changes");
        for (stack, resources) in stacks {
            let StackChange { stack: address, kind: change, others, .. } = stack.change;
            let number = count(resources.len() + others.len(), "change");
            let name = sentences::stack(*stack, shown);
            let line = format!("{name} ({}, {number})", kind(*change));
            self.line(2, glyph_of_kind(*change), &line);
            self.alike(6, &shown.names_of_alike(*stack));
            for resource in resources {
                let sentence = sentences::resource(resource).to_string();
                self.resource(4, &sentence, *stack, resource);
            }
            for other in others {
                let sentence = sentences::other(other);
                self.line(4, "~", &format!("{sentence} [{}]", id_of_other(address, other)));
                // The sentence has the path.
                self.values(8, "", other, other.after.as_ref());
            }
        }
    }

    fn disagreements(&mut self, shown: &Shown<'_>) {
        if shown.review.disagreements.is_empty() {
            return;
        }
        self.title(disagreements::TITLE);
        for one in &shown.review.disagreements {
            let sentence = disagreements::sentence(one, shown);
            self.line(2, "?", &format!("{sentence} [{}]", disagreements::id(one)));
            for detail in &one.details {
                self.line(6, "", detail);
            }
        }
    }

    fn moves(&mut self, shown: &Shown<'_>) {
        if shown.review.moves.is_empty() {
            return;
        }
        self.title("Moves");
        for one in &shown.review.moves {
            self.line(2, "<-", &sentences::moved(one, shown).to_string());
            for obstacle in &one.obstacles {
                self.line(6, "", &format!("stack refactoring cannot move it: {obstacle}"));
            }
        }
        for one in &shown.review.refactorings {
            self.line(2, "", &moves::refactoring(one, shown).to_string());
            self.line(6, "", &moves::command(one));
            self.line(6, "", &moves::short_request(one));
            self.line(6, "", moves::STACK_POLICY);
        }
        if !shown.review.detours.is_empty() {
            self.line(2, "", moves::DETOURS);
        }
        for (number, detour) in (1..).zip(&shown.review.detours) {
            self.line(4, &format!("{number}."), detour);
        }
    }
}

/// Two values without most of the beginning that they share, so that a short line shows what differs.
fn differing(old: &str, new: &str) -> [String; 2] {
    let shared = old.chars().zip(new.chars()).take_while(|(one, other)| one == other).count();
    let skipped = shared.saturating_sub(SHARED);
    [old, new].map(|text| {
        let rest: String = text.chars().skip(skipped).collect();
        if skipped > 1 { format!("…{rest}") } else { text.to_owned() }
    })
}

/// The sign of access.
const fn sign(how: How) -> &'static str {
    match how {
        How::Gained => "+",
        How::Unknown => "?",
        How::Lost => "-",
    }
}

/// The colour of a sign, if it has one.
fn colour(sign: &str) -> Option<&'static str> {
    match sign {
        "+" => Some("\u{1b}[32m"),
        "-" | "-/+" => Some("\u{1b}[31m"),
        "~" | "?" => Some("\u{1b}[33m"),
        "<-" => Some("\u{1b}[36m"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use lakewright_diff::review::Review;

    use super::super::tests::{property, reach, sample, shown};
    use super::*;

    #[test]
    fn the_summary_is_first_and_last_and_severe_findings_come_first() {
        let review = sample();
        let shown = shown(&review);
        let text = text(&shown, Style::Plain, 120);
        let summary = shown.summary();
        assert!(text.starts_with("2 stacks change (1 replaced"), "{text}");
        assert!(text.replace("\n  ", " ").ends_with(&format!("\n{summary}\n")), "{text}");
        let places = [
            "Access gained",
            "team/science/TeamA",
            "Data that could be lost",
            "-/+ CloudFormation replaces Data",
            "Replacements and updates that fail",
            "fails to update Key",
            "Access lost",
            "can no longer write objects",
            "Other changes",
            "updates Logs",
            "Moves",
            "Notes",
        ]
        .map(|part| text.find(part).unwrap_or_else(|| unreachable!("no {part}\n{text}")));
        assert!(places.is_sorted(), "{places:?}\n{text}");
        assert!(!text.contains('\u{1b}'), "{text}");
    }

    #[test]
    fn equal_sides_have_no_changes() {
        let review = Review { equal: 2, notes: vec!["a note".to_owned()], ..Review::default() };
        let text = text(&shown(&review), Style::Colour, 80);
        assert_eq!(text, "no changes\n\n\u{1b}[1mNotes\u{1b}[0m\n  a note\n");
    }

    #[test]
    fn lines_fit_and_a_template_controls_nothing() {
        let mut review = sample();
        let resource = &mut review.stacks[0].resources[2];
        resource.properties[0].after = Some(format!("\u{1b}]0;x\u{7}{}", "y".repeat(400)).into());
        resource.properties[0].update = Update::MayReplace;
        let narrow = text(&shown(&review), Style::Plain, 60);
        assert!(narrow.lines().all(|line| length(line) <= 60), "{narrow}");
        let text = text(&shown(&review), Style::Plain, 100);
        assert!(text.lines().all(|line| length(line) <= 100), "{text}");
        assert!(!text.contains(['\u{1b}', '\u{7}']), "{text}");
        assert!(text.contains("/Tags/0/Value: (none) → \"\\u001b]0;x\\u0007y"), "{text}");
        assert!(text.contains("… (may-replace)"), "{text}");
    }

    #[test]
    fn long_values_show_where_they_differ_and_an_exchanged_item_is_one_line() {
        let mut review = sample();
        let start = "a".repeat(300);
        let [old, new] = ["one", "two"].map(|end| Some([start.as_str(), end].concat().into()));
        let resource = &mut review.stacks[0].resources[2];
        resource.properties = vec![
            property("/Names/0", Some("old".into()), None),
            property("/Names/0", None, Some("new".into())),
            property("/Long", old, new),
        ];
        let text = text(&shown(&review), Style::Plain, 100);
        assert!(text.contains("/Names/0: \"old\" → \"new\"\n"), "{text}");
        assert!(text.contains("/Long: …aaaaaaaaaaone\" → …aaaaaaaaaatwo\"\n"), "{text}");
        // The path of an output is there once.
        assert_eq!(text.matches("/Outputs/Name/Value").count(), 1, "{text}");
    }

    #[test]
    fn a_principal_is_named_once_for_all_that_it_gains() {
        let mut review = sample();
        let more = reach(&["s3:PutObject"], "arn:aws:s3:::bucket/*");
        review.access[0].gained.push(more);
        let text = text(&shown(&review), Style::Plain, 100);
        assert_eq!(text.matches("team/science/TeamA").count(), 1, "{text}");
        assert_eq!(text.matches("+ can now ").count(), 2, "{text}");
    }
}
