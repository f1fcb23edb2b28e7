//! A review for people at a terminal.

use lakewright_analysis::words::count;
use lakewright_diff::access::Reach;
use lakewright_diff::change::{PropertyChange, ResourceChange, StackChange};
use lakewright_diff::update::Update;
use lakewright_manifest::render::Style;

use super::{
    Entry, How, InStack, Sections, Shown, glyph, glyph_of_kind, id_of_access, id_of_other,
    id_of_resource, kind, sentences, update,
};
use crate::width::{length, push_wrapped};

/// The minimum number of characters for each value of a property.
const LEAST_VALUE: usize = 12;

/// The review in lines that are not wider than `width`.
pub(crate) fn text(shown: &Shown<'_>, style: Style, width: usize) -> String {
    let mut screen = Screen { out: String::new(), style, width };
    let summary = shown.summary();
    screen.line(0, "", &summary);
    if !shown.is_equal() {
        let Sections { gained, data, replaced, lost, others } = shown.sections();
        screen.access("Access gained", &gained, shown);
        screen.resources("Data that could be lost", &data, shown);
        screen.resources("Replacements and updates that fail", &replaced, shown);
        screen.access("Access lost", &lost, shown);
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

    fn access(&mut self, title: &str, entries: &[Entry<'_>], shown: &Shown<'_>) {
        if entries.is_empty() {
            return;
        }
        self.title(title);
        for entry in entries {
            let sentence = sentences::access(entry, shown.named);
            self.line(2, sign(entry.how), &format!("{sentence}  [{}]", id_of_access(entry.change)));
            if let Some(reach) = entry.reach {
                self.requests(reach, shown);
            }
        }
    }

    fn requests(&mut self, reach: &Reach, shown: &Shown<'_>) {
        self.line(6, "", &sentences::example(reach).to_string());
        for deciding in &reach.statements {
            self.line(6, "", &sentences::deciding(deciding, shown).to_string());
        }
    }

    fn resources(&mut self, title: &str, resources: &[InStack<'_>], shown: &Shown<'_>) {
        if resources.is_empty() {
            return;
        }
        self.title(title);
        for (stack, resource) in resources {
            self.resource(2, &stack.stack, resource, shown);
        }
    }

    fn resource(
        &mut self,
        indent: usize,
        stack: &str,
        resource: &ResourceChange,
        shown: &Shown<'_>,
    ) {
        let sentence = sentences::resource(stack, resource, shown);
        let line = format!("{sentence}  [{}]", id_of_resource(stack, resource));
        self.line(indent, glyph(&resource.outcome), &line);
        for reason in &resource.outcome.reasons {
            self.line(indent + 4, "", reason);
        }
        for property in resource.properties.iter().chain(&resource.attributes) {
            self.property(indent + 4, property);
        }
    }

    /// A value before and after the change, shortened to one line.
    fn property(&mut self, indent: usize, change: &PropertyChange) {
        let PropertyChange { path, before, after, update: effect } = change;
        let path = sentences::printable(path);
        let effect = match effect {
            Update::Nothing | Update::InPlace => String::new(),
            severe => format!(" ({})", update(*severe)),
        };
        // The colon, the arrow, and the spaces beside them.
        let taken = indent + length(&path) + length(&effect) + ":  → ".chars().count();
        let room = self.width.saturating_sub(taken).max(2 * LEAST_VALUE);
        let [old, new] = [before, after].map(|value| sentences::value(value.as_ref()));
        // A short value leaves its room to the other one.
        let for_old = (room / 2).max(room.saturating_sub(length(&new)));
        let old = sentences::shortened(&old, for_old);
        let new = sentences::shortened(&new, room.saturating_sub(length(&old)));
        self.line(indent, "", &format!("{path}: {old} → {new}{effect}"));
    }

    fn others(&mut self, stacks: &[(&StackChange, Vec<&ResourceChange>)], shown: &Shown<'_>) {
        if stacks.is_empty() {
            return;
        }
        self.title("Other changes");
        for (stack, resources) in stacks {
            let StackChange { stack: address, kind: change, .. } = stack;
            let number = count(resources.len() + stack.others.len(), "change");
            let line = format!("{} ({}, {number})", shown.stack(address), kind(*change));
            self.line(2, glyph_of_kind(*change), &line);
            for resource in resources {
                self.resource(4, address, resource, shown);
            }
            for other in &stack.others {
                let sentence = sentences::other(address, other, shown);
                self.line(4, "~", &format!("{sentence}  [{}]", id_of_other(address, other)));
                self.property(8, other);
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
    }
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

    use super::super::tests::{sample, shown};
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
}
