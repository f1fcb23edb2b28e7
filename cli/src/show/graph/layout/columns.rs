//! Boxes in columns and lanes.

use super::steps::Step;
use super::{BETWEEN, CHARACTER, LINE, Lane, Layout, Line, MARGIN, PAD, Rect, cells};

/// The space between boxes of a column, and between lanes.
const GAP: usize = 12;
/// The number of times that the order of all columns is improved.
const ROUNDS: usize = 8;

/// A box: that of a node, that of a label, or the row of a line.
#[derive(Debug)]
pub(super) struct Item {
    lane: usize,
    column: usize,
    rect: Rect,
    /// The items in the columns to the left that lines come from.
    before: Vec<usize>,
    /// The items in the columns to the right that lines lead to.
    after: Vec<usize>,
}

/// The items that the line of an edge goes through, from left to right.
#[derive(Debug)]
struct Chain {
    edge: usize,
    items: Vec<usize>,
    label: Option<usize>,
    is_reversed: bool,
}

/// A drawing while its boxes are placed.
#[derive(Debug)]
pub(super) struct Drawing {
    items: Vec<Item>,
    chains: Vec<Chain>,
    /// The items of each column, from above to below.
    columns: Vec<Vec<usize>>,
    lanes: Vec<Lane>,
}

impl Rect {
    pub(super) const fn middle(&self) -> usize {
        self.y + self.height / 2
    }
}

impl Item {
    pub(super) const fn new(lane: usize, column: usize, width: usize, height: usize) -> Self {
        let rect = Rect { x: 0, y: 0, width, height };
        Self { lane, column, rect, before: Vec::new(), after: Vec::new() }
    }
}

impl Drawing {
    pub(super) fn new(titles: Vec<Vec<String>>) -> Self {
        let rect = Rect { x: 0, y: 0, width: 0, height: 0 };
        let lanes = titles.into_iter().map(|title| Lane { title, rect }).collect();
        Self { items: Vec::new(), chains: Vec::new(), columns: Vec::new(), lanes }
    }

    /// Adds an item, and returns its number.
    pub(super) fn add(&mut self, item: Item) -> usize {
        let number = self.items.len();
        if self.columns.len() <= item.column {
            self.columns.resize_with(item.column + 1, Vec::new);
        }
        self.columns[item.column].push(number);
        self.items.push(item);
        number
    }

    /// Adds the line of an edge, with the width and height of its label and the height of its rows. The label is in the
    /// first column after the line's left end.
    pub(super) fn connect(
        &mut self,
        edge: usize,
        step: &Step,
        label: Option<(usize, usize)>,
        row: usize,
    ) {
        let lane = self.items[step.right].lane;
        let (first, last) = (self.items[step.left].column + 1, self.items[step.right].column);
        let mut chain = vec![step.left];
        for column in first..last {
            let (width, height) = label.filter(|_| column == first).unwrap_or((0, row));
            chain.push(self.add(Item::new(lane, column, width, height)));
        }
        chain.push(step.right);
        for pair in chain.windows(2) {
            if let [left, right] = *pair {
                self.items[left].after.push(right);
                self.items[right].before.push(left);
            }
        }
        let label = label.filter(|_| first < last).and_then(|_| chain.get(1).copied());
        self.chains.push(Chain { edge, items: chain, label, is_reversed: step.is_reversed });
    }

    /// Orders and places everything. The first items are the nodes.
    pub(super) fn finish(mut self, nodes: usize) -> Layout {
        let items = &self.items;
        for column in &mut self.columns {
            column.sort_by_key(|item| items[*item].lane);
        }
        self.place_rows();
        for round in 0..ROUNDS {
            self.improve(round % 2 == 0);
        }
        let height = self.place_rows();
        let width = self.place_columns();
        for lane in &mut self.lanes {
            lane.rect.width = width - 2 * MARGIN;
        }
        let lines = self.chains.iter().map(|chain| self.line(chain)).collect();
        let nodes = self.items.iter().take(nodes).map(|item| item.rect).collect();
        let is_used = |lane: usize| self.items.iter().any(|item| item.lane == lane);
        let used: Vec<bool> = (0..self.lanes.len()).map(is_used).collect();
        let bands = self.lanes.into_iter().zip(used).filter(|(_, is_used)| *is_used);
        Layout { width, height, nodes, lines, lanes: bands.map(|(lane, _)| lane).collect() }
    }

    /// Moves each item of a column towards the middle of its neighbours on one side, column by column.
    fn improve(&mut self, is_forward: bool) {
        let count = self.columns.len();
        for step in 0..count {
            let place = if is_forward { step } else { count - 1 - step };
            let mut column = std::mem::take(&mut self.columns[place]);
            column.sort_by_cached_key(|item| {
                let item = &self.items[*item];
                let beside = if is_forward { &item.before } else { &item.after };
                let middles = beside.iter().map(|other| self.items[*other].rect.middle());
                let sum: usize = middles.sum();
                (item.lane, sum.checked_div(beside.len()).unwrap_or(item.rect.middle()))
            });
            self.columns[place] = column;
            self.place_rows();
        }
    }

    /// Places lanes below each other, and the boxes of each column in the middle of its lane. Returns the drawing's height.
    fn place_rows(&mut self) -> usize {
        let count = self.lanes.len();
        let mut heights = vec![vec![0; self.columns.len()]; count];
        for (place, column) in self.columns.iter().enumerate() {
            for item in column {
                let Item { lane, rect, .. } = &self.items[*item];
                let height: &mut usize = &mut heights[*lane][place];
                let gap = if *height > 0 { GAP } else { 0 };
                *height += gap + rect.height;
            }
        }
        let mut tops = Vec::with_capacity(count);
        let mut top = MARGIN;
        for (lane, heights) in self.lanes.iter_mut().zip(&heights) {
            let tallest = heights.iter().copied().max().unwrap_or_default();
            let inner = tallest.max(lane.title.len() * LINE);
            lane.rect = Rect { x: MARGIN, y: top, width: 0, height: inner + 2 * PAD };
            tops.push(top);
            if tallest > 0 {
                top += inner + 2 * PAD + GAP;
            }
        }
        for (place, column) in self.columns.iter().enumerate() {
            let first = |lane: usize| {
                tops[lane] + (self.lanes[lane].rect.height - heights[lane][place]) / 2
            };
            let mut next: Vec<usize> = (0..count).map(first).collect();
            for item in column {
                let item = &mut self.items[*item];
                item.rect.y = next[item.lane];
                next[item.lane] += item.rect.height + GAP;
            }
        }
        top - GAP.min(top - MARGIN) + MARGIN
    }

    /// Places columns beside each other, right of the titles of lanes. Returns the drawing's width.
    fn place_columns(&mut self) -> usize {
        let words = self.lanes.iter().flat_map(|lane| &lane.title);
        let widest = words.map(|word| cells(word)).max().unwrap_or_default();
        let first = MARGIN + PAD + if widest > 0 { widest * CHARACTER + 2 * PAD } else { 0 };
        let mut left = first;
        for column in &self.columns {
            let mut widest = 0;
            for item in column {
                let rect = &mut self.items[*item].rect;
                rect.x = left;
                widest = rect.width.max(widest);
            }
            left += widest + BETWEEN;
        }
        left - BETWEEN.min(left - first) + PAD + MARGIN
    }

    /// The right end of an item's column.
    fn right_of(&self, item: &Item) -> usize {
        let widths = self.columns[item.column].iter().map(|other| self.items[*other].rect.width);
        item.rect.x + widths.max().unwrap_or_default()
    }

    fn line(&self, chain: &Chain) -> Line {
        let mut points = Vec::with_capacity(2 * chain.items.len());
        let last = chain.items.len() - 1;
        for (place, item) in chain.items.iter().enumerate() {
            let item = &self.items[*item];
            let (rect, middle) = (item.rect, item.rect.middle());
            let start = if place == 0 { rect.x + rect.width } else { rect.x };
            points.push((start, middle));
            let end = self.right_of(item);
            if place < last && end > start {
                points.push((end, middle));
            }
        }
        if chain.is_reversed {
            points.reverse();
        }
        let label = chain.label.map(|label| self.items[label].rect);
        Line { edge: chain.edge, points, label }
    }
}
