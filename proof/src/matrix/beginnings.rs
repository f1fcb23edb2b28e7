//! An index by prefix: finds the entries whose prefix a text begins with, without looking at the others.

/// Values, each with a prefix.
#[derive(Debug)]
pub(super) struct Beginnings<'t, T> {
    /// Each prefix once, sorted.
    nodes: Vec<Node<'t>>,
    /// The values, in the order of the nodes.
    things: Vec<T>,
}

#[derive(Debug)]
struct Node<'t> {
    text: &'t str,
    /// The node of the longest other prefix that this one begins with.
    shorter: Option<usize>,
    /// The index of the node's first value. The values end where those of the next node start.
    start: usize,
}

impl<'t, T> Beginnings<'t, T> {
    /// Sorts values by prefix. Values with the same prefix stay in their order.
    pub(super) fn new(mut things: Vec<(&'t str, T)>) -> Self {
        things.sort_by_key(|(text, _)| *text);
        let mut nodes: Vec<Node<'t>> = Vec::new();
        for (start, (text, _)) in things.iter().enumerate() {
            if nodes.last().is_some_and(|last| last.text == *text) {
                continue;
            }
            // A prefix of a text is sorted before the text, and everything between the two has that prefix as well.
            let mut shorter = nodes.len().checked_sub(1);
            while let Some(place) = shorter.filter(|place| !text.starts_with(nodes[*place].text)) {
                shorter = nodes[place].shorter;
            }
            nodes.push(Node { text, shorter, start });
        }
        Self { nodes, things: things.into_iter().map(|(_, thing)| thing).collect() }
    }

    /// The values whose prefix `text` begins with.
    pub(super) fn of(&self, text: &str) -> impl Iterator<Item = &T> {
        let before = self.nodes.partition_point(|node| node.text <= text).checked_sub(1);
        let chain = std::iter::successors(before, |place| self.nodes[*place].shorter);
        let found = chain.filter(move |place| text.starts_with(self.nodes[*place].text));
        found.flat_map(|place| self.at(place))
    }

    /// The values whose prefix begins with `text`.
    pub(super) fn beyond(&self, text: &str) -> impl Iterator<Item = &T> {
        let first = self.nodes.partition_point(|node| node.text < text);
        let places = first..self.nodes.len();
        let places = places.take_while(move |place| self.nodes[*place].text.starts_with(text));
        places.flat_map(|place| self.at(place))
    }

    fn at(&self, place: usize) -> &[T] {
        let end = self.nodes.get(place + 1).map_or(self.things.len(), |next| next.start);
        &self.things[self.nodes[place].start..end]
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_index_finds_what_a_search_finds(
            texts in proptest::collection::vec("[ab]{0,4}", 0..12),
            wanted in "[ab]{0,6}",
        ) {
            let things = texts.iter().map(String::as_str).enumerate();
            let index = Beginnings::new(things.map(|(number, text)| (text, number)).collect());
            let sorted = |found: Vec<usize>| {
                let mut found = found;
                found.sort_unstable();
                found
            };
            let search = |is: &dyn Fn(&String) -> bool| -> Vec<usize> {
                (0..texts.len()).filter(|number| is(&texts[*number])).collect()
            };
            let of = sorted(index.of(&wanted).copied().collect());
            prop_assert_eq!(of, search(&|text| wanted.starts_with(text.as_str())));
            let beyond = sorted(index.beyond(&wanted).copied().collect());
            prop_assert_eq!(beyond, search(&|text| text.starts_with(&wanted)));
        }
    }
}
