//! The columns of nodes, by the longest way to each.

/// A line from a node to another one further to the right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Step {
    /// The node at its left end.
    pub(super) left: usize,
    /// The node at its right end.
    pub(super) right: usize,
    /// The number of columns between the two, at least.
    length: usize,
    /// Whether the edge leads from right to left: it closes a circle.
    pub(super) is_reversed: bool,
}

impl Step {
    pub(super) const fn new((left, right): (usize, usize), length: usize) -> Self {
        Self { left, right, length, is_reversed: false }
    }
}

/// Whether a search has come to a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    New,
    /// The search has come to the node, and not yet to everything that it leads to.
    Open,
    Done,
}

/// A search for circles, depth first.
struct Search<'s> {
    steps: &'s mut [Step],
    /// The steps that leave each node.
    leaving: Vec<Vec<usize>>,
    states: Vec<State>,
    /// The nodes, each after what it leads to.
    done: Vec<usize>,
}

impl Search<'_> {
    fn visit(&mut self, node: usize) {
        self.states[node] = State::Open;
        for number in self.leaving[node].clone() {
            let Step { left, right, length, is_reversed: _ } = self.steps[number];
            match self.states[right] {
                State::New => self.visit(right),
                // The step closes a circle, so it is drawn from right to left.
                State::Open => {
                    self.steps[number] =
                        Step { left: right, right: left, length, is_reversed: true };
                }
                State::Done => {}
            }
        }
        self.states[node] = State::Done;
        self.done.push(node);
    }
}

/// The column of each node. Steps that close a circle are reversed. A node that nothing leads to is as near to its first
/// neighbour as possible.
pub(super) fn longest_ways(count: usize, steps: &mut [Step]) -> Vec<usize> {
    let mut leaving = vec![Vec::new(); count];
    for (number, step) in steps.iter().enumerate() {
        leaving[step.left].push(number);
    }
    let states = vec![State::New; count];
    let mut search = Search { steps, leaving, states, done: Vec::with_capacity(count) };
    for node in 0..count {
        if search.states[node] == State::New {
            search.visit(node);
        }
    }
    let Search { steps, done, .. } = search;
    let mut columns = vec![0; count];
    for node in done.into_iter().rev() {
        for step in steps.iter().filter(|step| step.left == node) {
            columns[step.right] = columns[step.right].max(columns[node] + step.length);
        }
    }
    let starts = (0..count).filter(|node| steps.iter().all(|step| step.right != *node));
    let nearest = |node: usize| {
        let leaving = steps.iter().filter(|step| step.left == node);
        leaving.map(|step| columns[step.right] - step.length).min().unwrap_or_default()
    };
    let nearest: Vec<(usize, usize)> = starts.map(|node| (node, nearest(node))).collect();
    for (node, column) in nearest {
        columns[node] = column;
    }
    columns
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns(count: usize, ends: &[(usize, usize)]) -> (Vec<usize>, Vec<bool>) {
        let mut all: Vec<Step> = ends.iter().map(|ends| Step::new(*ends, 1)).collect();
        let columns = longest_ways(count, &mut all);
        (columns, all.iter().map(|step| step.is_reversed).collect())
    }

    #[test]
    fn a_column_is_the_longest_way() {
        let forward = columns(4, &[(0, 1), (1, 2), (0, 2), (2, 3)]);
        assert_eq!(forward, (vec![0, 1, 2, 3], vec![false; 4]));
        // A node that nothing leads to is beside its neighbour, and one without lines is in the first column.
        assert_eq!(columns(5, &[(0, 1), (1, 2), (3, 2)]).0, [0, 1, 2, 1, 0]);
        assert_eq!(columns(0, &[]), (Vec::new(), Vec::new()));
    }

    #[test]
    fn a_circle_has_one_line_to_the_left() {
        let circle = columns(3, &[(0, 1), (1, 2), (2, 0)]);
        assert_eq!(circle, (vec![0, 1, 2], vec![false, false, true]));
    }
}
