//! The place in a document where somebody types. The text around it is often not YAML yet, so the place is found by
//! indentation alone.

use lakewright_manifest::document::Kind;

use crate::names::Step;

/// A place in a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    /// The kind of the document, as far as a line says it.
    pub(crate) kind: Option<Kind>,
    /// The way to the value that is typed, or to the mapping or list in which a key or an entry is typed.
    pub(crate) path: Vec<Step>,
    /// Whether a value is typed behind its key.
    pub(crate) is_value: bool,
    /// What is typed so far.
    pub(crate) prefix: String,
    /// The keys that the mapping has above.
    pub(crate) taken: Vec<String>,
}

/// A mapping or list that is open, with the column at which its keys or hyphens stand.
#[derive(Debug)]
struct Frame {
    column: usize,
    step: Step,
    keys: Vec<String>,
}

/// The place at the end of `before`, which is the text up to the cursor. `after` is the text behind it.
pub(crate) fn place(before: &str, after: &str) -> Place {
    let document: Vec<&str> = before.split('\n').collect();
    let start = document.iter().rposition(|line| is_divider(line)).map_or(0, |at| at + 1);
    let lines = &document[start..];
    let rest = after.split('\n').take_while(|line| !is_divider(line));
    let kind = lines.iter().copied().chain(rest).find_map(kind_of);
    let mut frames: Vec<Frame> = Vec::new();
    let mut first = Vec::new();
    let (last, above) = lines.split_last().unwrap_or((&"", &[]));
    for line in above {
        enter(line, &mut frames, &mut first);
    }
    let mut place = here(last, &mut frames, &mut first);
    place.kind = kind;
    place
}

fn is_divider(line: &str) -> bool {
    line.trim_end() == "---"
}

fn kind_of(line: &str) -> Option<Kind> {
    let text = line.strip_prefix("kind:")?.trim().trim_matches(['"', '\'']);
    Kind::ALL.into_iter().find(|kind| kind.as_str() == text)
}

/// Closes what a line that begins at a column ends. A hyphen may stand below the key of its list.
fn close(frames: &mut Vec<Frame>, column: usize, is_hyphen: bool) {
    while frames.last().is_some_and(|frame| {
        let stays = is_hyphen && frame.column == column && matches!(frame.step, Step::Key(_));
        frame.column >= column && !stays
    }) {
        frames.pop();
    }
}

/// Enters the lists whose hyphens begin a line. Returns the column and the text behind them.
fn enter_items<'l>(line: &'l str, frames: &mut Vec<Frame>) -> (usize, &'l str) {
    let mut rest = line.trim_start_matches(' ');
    let mut column = line.len() - rest.len();
    while rest == "-" || rest.starts_with("- ") {
        close(frames, column, true);
        frames.push(Frame { column, step: Step::Item, keys: Vec::new() });
        let behind = rest[1..].trim_start_matches(' ');
        column += rest.len() - behind.len();
        rest = behind;
    }
    (column, rest)
}

fn enter(line: &str, frames: &mut Vec<Frame>, first: &mut Vec<String>) {
    let content = line.trim();
    if content.is_empty() || content.starts_with('#') {
        return;
    }
    let (column, rest) = enter_items(line, frames);
    if let Some((key, _)) = key_of(rest) {
        close(frames, column, false);
        remember(frames, first, key);
        frames.push(Frame { column, step: Step::Key(key.to_owned()), keys: Vec::new() });
    }
}

fn remember(frames: &mut [Frame], first: &mut Vec<String>, key: &str) {
    frames.last_mut().map_or(first, |frame| &mut frame.keys).push(key.to_owned());
}

/// The key of a line and what stands behind it.
fn key_of(rest: &str) -> Option<(&str, &str)> {
    let (key, value) = rest.split_once(':')?;
    let is_key = !key.is_empty() && !key.contains([' ', '{', '[', '#', ',']);
    (is_key && (value.is_empty() || value.starts_with(' ')))
        .then(|| (key.trim_matches(['"', '\'']), value.trim_start()))
}

fn here(line: &str, frames: &mut Vec<Frame>, first: &mut Vec<String>) -> Place {
    let (column, rest) = enter_items(line, frames);
    let value = key_of(rest).map(|(key, value)| {
        close(frames, column, false);
        frames.push(Frame { column, step: Step::Key(key.to_owned()), keys: Vec::new() });
        value
    });
    if value.is_none() {
        close(frames, column, false);
    }
    let mut place = Place {
        kind: None,
        path: frames.iter().map(|frame| frame.step.clone()).collect(),
        is_value: value.is_some(),
        prefix: value.unwrap_or(rest).to_owned(),
        taken: frames.last().map_or(&*first, |frame| &frame.keys).clone(),
    };
    let text = place.prefix.clone();
    if text.starts_with(['{', '[']) {
        flow(&text, &mut place);
    }
    let quotes = place.prefix.len() - place.prefix.trim_start_matches(['"', '\'']).len();
    place.prefix.drain(..quotes);
    place
}

/// Goes on inside of `{ key: value }` and `[entry, entry]` in one line.
fn flow(text: &str, place: &mut Place) {
    // What each open bracket adds to the path: an entry, or a key once its colon is there.
    let mut open: Vec<(char, Option<String>, Vec<String>)> = Vec::new();
    let mut word = String::new();
    for character in text.chars() {
        match character {
            '{' | '[' => {
                open.push((character, None, Vec::new()));
                word.clear();
            }
            '}' | ']' => {
                open.pop();
                word.clear();
            }
            ',' => {
                if let Some((_, key, _)) = open.last_mut() {
                    *key = None;
                }
                word.clear();
            }
            ':' => {
                if let Some(('{', key, keys)) = open.last_mut() {
                    let name = word.trim().to_owned();
                    keys.push(name.clone());
                    *key = Some(name);
                }
                word.clear();
            }
            other => word.push(other),
        }
    }
    place.is_value = matches!(open.last(), Some(('{', Some(_), _)));
    for (bracket, key, keys) in open {
        match (bracket, key) {
            ('[', _) => place.path.push(Step::Item),
            (_, Some(key)) => place.path.push(Step::Key(key)),
            (_, None) => {}
        }
        place.taken = keys;
    }
    word.trim_start().clone_into(&mut place.prefix);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Place {
        let (before, after) = text.split_once('|').expect("a cursor");
        place(before, after)
    }

    fn path(place: &Place) -> String {
        let steps = place.path.iter().map(|step| match step {
            Step::Key(key) => key.as_str(),
            Step::Item => "*",
        });
        steps.collect::<Vec<_>>().join("/")
    }

    #[test]
    fn a_place_is_found_in_text_that_is_no_yaml_yet() {
        for (text, expected, is_value, prefix) in [
            ("kind: Dataset\nid: a\n|", "", false, ""),
            ("kind: Dataset\nenv|", "", false, "env"),
            ("kind: Dataset\nteam: Ow|", "team", true, "Ow"),
            ("kind: Dataset\nteam: \"Ow|", "team", true, "Ow"),
            ("kind: Environment\nteams:\n  - team: A\n    per|", "teams/*", false, "per"),
            ("kind: Environment\nteams:\n- team: A\n- te|", "teams/*", false, "te"),
            (
                "kind: Environment\nteams:\n  - team: A\n    permissions:\n      - |",
                "teams/*/permissions/*",
                false,
                "",
            ),
            (
                "kind: Environment\nteams:\n  - { team: A, permissions: [create_dataset, cr|",
                "teams/*/permissions/*",
                false,
                "cr",
            ),
            ("kind: Environment\nteams:\n  - { team: |", "teams/*/team", true, ""),
            ("kind: Environment\nteams:\n  - { team: A, p|", "teams/*", false, "p"),
            ("kind: Dataset\nimport:\n  bucket: b\n|", "", false, ""),
            ("kind: Share\n---\nkind: Dataset\nimport:\n  b|", "import", false, "b"),
            ("stewards: [A, |]", "stewards/*", false, ""),
        ] {
            let place = at(text);
            assert_eq!(
                (path(&place).as_str(), place.is_value, place.prefix.as_str()),
                (expected, is_value, prefix),
                "{text}"
            );
        }
    }

    #[test]
    fn the_kind_may_stand_below_and_keys_are_remembered() {
        let place = at("id: a\n|\nkind: Dataset\n---\nkind: Share\n");
        assert_eq!(place.kind, Some(Kind::Dataset));
        assert_eq!(place.taken, ["id"]);
        let place = at("kind: Environment\nteams:\n  - team: A\n    |");
        assert_eq!(place.taken, ["team"]);
        let place = at("kind: Environment\nteams:\n  - team: A\n  - |");
        assert!(place.taken.is_empty());
        let place = at("kind: Environment\nteams: [{ team: A, |");
        assert_eq!(place.taken, ["team"]);
    }
}
