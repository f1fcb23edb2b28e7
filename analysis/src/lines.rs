//! Line numbers in a template's file.

use std::collections::BTreeMap;

/// The lines of a template's resources and statements. A template can have thousands of breaches, so it is read once
/// for all of them.
#[derive(Debug)]
pub struct Lines<'t> {
    /// The first line of each key after `Resources`.
    keys: BTreeMap<&'t str, usize>,
    /// The lines with `Sid`, by each word in them; ascending.
    sids: BTreeMap<&'t str, Vec<usize>>,
}

impl<'t> Lines<'t> {
    /// Reads a template's text.
    pub fn of(text: &'t str) -> Self {
        let (mut keys, mut sids) = (BTreeMap::new(), BTreeMap::<&str, Vec<usize>>::new());
        let mut is_inside = false;
        for (number, line) in (1..).zip(text.lines()) {
            if let Some(key) = key_of(line) {
                if is_inside {
                    keys.entry(key).or_insert(number);
                }
                is_inside |= key == "Resources";
            }
            if line.contains("Sid") {
                let words = line.split(|one: char| !one.is_alphanumeric());
                for word in words.filter(|word| !word.is_empty()) {
                    sids.entry(word).or_default().push(number);
                }
            }
        }
        Self { keys, sids }
    }

    /// The line of a statement, from 1, or else the line of its resource.
    pub fn of_part(&self, logical_id: &str, sid: &str) -> Option<usize> {
        let resource = *self.keys.get(logical_id)?;
        let of_statement = self
            .sids
            .get(sid)
            .and_then(|lines| lines.get(lines.partition_point(|line| *line < resource)).copied());
        Some(of_statement.unwrap_or(resource))
    }
}

/// The key that a line begins with.
fn key_of(line: &str) -> Option<&str> {
    let line = line.trim_start().trim_start_matches('"');
    let end = line.find(|one: char| !one.is_alphanumeric())?;
    let (key, rest) = line.split_at(end);
    (!key.is_empty() && rest.trim_start_matches('"').starts_with(':')).then_some(key)
}
