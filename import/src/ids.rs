//! Ids of documents, from what people called things in data.all.

use std::collections::BTreeMap;

/// The most characters of an id that comes from a label; data.all's own id and a hyphen fit behind it.
const LABEL: usize = 31;

/// An id for each of them, in their order, from its label and its id in data.all. Those with equal labels have data.all's
/// id behind it, so that the order of files does not matter.
pub(crate) fn of<'l>(all: impl IntoIterator<Item = (&'l str, &'l str)>) -> Vec<String> {
    let all: Vec<(String, &str)> = all.into_iter().map(|(label, uri)| (slug(label), uri)).collect();
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for (slug, _) in &all {
        *counts.entry(slug.clone()).or_default() += 1;
    }
    let id = |(slug, uri): &(String, &str)| {
        if counts.get(slug) == Some(&1) && !slug.is_empty() {
            slug.clone()
        } else {
            let base = if slug.is_empty() { "x" } else { slug };
            format!("{base}-{uri}")
        }
    };
    all.iter().map(id).collect()
}

/// Lower-case letters, digits and single hyphens, beginning with a letter; empty if the label has none.
pub(crate) fn slug(label: &str) -> String {
    let mut text = String::new();
    for c in label.to_lowercase().chars() {
        if c.is_ascii_lowercase() || (c.is_ascii_digit() && !text.is_empty()) {
            text.push(c);
        } else if !text.is_empty() && !text.ends_with('-') {
            text.push('-');
        }
    }
    text.truncate(LABEL);
    text.trim_end_matches('-').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_labels_have_different_ids_whatever_their_order() {
        let ids =
            of([("Sales 2024", "aaaaaaaa"), ("sales-2024", "bbbbbbbb"), ("Änderung", "cccccccc")]);
        assert_eq!(ids, ["sales-2024-aaaaaaaa", "sales-2024-bbbbbbbb", "nderung"]);
        assert_eq!(of([("數據", "dddddddd")]), ["x-dddddddd"]);
        assert!(of([("x".repeat(80).as_str(), "a")])[0].len() <= 40);
    }
}
