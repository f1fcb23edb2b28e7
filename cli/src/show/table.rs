//! Shows the matrix in lines for people: a summary, or every row; never wider than the terminal.

use std::fmt::Write as _;

use lakewright_analysis::matrix::Row;
use lakewright_analysis::matrix::summary::{Column, Reached, Summary};
use rayon::iter::{
    IndexedParallelIterator as _, IntoParallelRefIterator as _, ParallelExtend as _,
    ParallelIterator as _,
};
use rayon::slice::ParallelSlice as _;

use crate::width::{length, push_wrapped};

/// The minimum width of the last column, in characters.
const LAST: usize = 24;
/// The number of lines that a thread formats at a time.
const BATCH: usize = 1024;

/// A line of three columns.
struct Line<'r> {
    who: &'r str,
    what: String,
    how: String,
}

/// A line for each principal and target with the strongest access level, in pieces to write one after the other.
pub(crate) fn summary(rows: &[Row<'_>], width: usize) -> Vec<String> {
    let summary = Summary::of(rows);
    let names = summary.names();
    let mut lines = Vec::new();
    for ((_, who), line) in &summary.lines {
        let mut columns = line.iter().peekable();
        while let Some((column, reached)) = columns.next() {
            let mut how = strongest(*column, reached);
            let keys = columns.next_if(|(next, _)| next.group == column.group);
            if let Some((column, reached)) = keys {
                how = format!("{how}, {}", strongest(*column, reached));
            }
            lines.push(Line { who, what: names[column.group].to_owned(), how });
        }
    }
    written(["PRINCIPAL", "WHAT", "AT MOST"], &lines, width)
}

fn strongest(Column { is_key, .. }: Column, reached: &Reached) -> String {
    let strongest = reached.strongest(is_key);
    let of = if is_key { "key: " } else { "" };
    let is_partly = reached.is_unknown && !reached.levels.is_empty();
    let more = if is_partly { " (more is unknown)" } else { "" };
    format!("{of}{strongest}{more}")
}

/// Every row, in pieces to write one after the other.
pub(crate) fn detail(rows: &[Row<'_>], width: usize) -> Vec<String> {
    let lines = rows.par_iter().map(|row| Line {
        who: row.principal(),
        what: row.resource(),
        how: row.access(),
    });
    let lines: Vec<Line<'_>> = lines.collect();
    written(["PRINCIPAL", "RESOURCE", "ACCESS"], &lines, width)
}

/// A table of three columns, laid out like the matrix. Words of the last column are broken only if they do not fit into
/// a line.
pub(crate) fn table(header: [&str; 3], rows: &[[String; 3]], width: usize) -> Vec<String> {
    let rows = rows.iter();
    let lines: Vec<Line<'_>> =
        rows.map(|[who, what, how]| Line { who, what: what.clone(), how: how.clone() }).collect();
    let words = lines.iter().flat_map(|line| line.how.split(' '));
    let last = words.map(length).max().unwrap_or_default();
    laid_out(header, &lines, last.max(LAST), width)
}

fn written(header: [&str; 3], lines: &[Line<'_>], width: usize) -> Vec<String> {
    laid_out(header, lines, LAST, width)
}

/// Lays out lines: in columns under a header if there is room, with at least `last` characters for the last column;
/// otherwise stacked.
fn laid_out(header: [&str; 3], lines: &[Line<'_>], last: usize, width: usize) -> Vec<String> {
    if lines.is_empty() {
        return Vec::new();
    }
    let widths = lines.par_iter().map(|line| (length(line.who), length(&line.what)));
    let wider = |a: (usize, usize), b: (usize, usize)| (a.0.max(b.0), a.1.max(b.1));
    let [who, what, how] = header;
    let (first, second) = widths.reduce(|| (length(who), length(what)), wider);
    if first + second + 4 + last > width {
        return stacked(lines, width);
    }
    let beside = |lines: &[Line<'_>]| {
        let mut text = String::new();
        for Line { who, what, how } in lines {
            write!(text, "{who:<first$}  {what:<second$}  ").expect("a string takes all");
            push_wrapped(&mut text, how, [first + second + 4; 2], width);
            text.push('\n');
        }
        text
    };
    let mut pieces = vec![format!("{who:<first$}  {what:<second$}  {how}\n")];
    pieces.par_extend(lines.par_chunks(BATCH).map(beside));
    pieces
}

/// Writes each principal once, and its access below it.
fn stacked(lines: &[Line<'_>], width: usize) -> Vec<String> {
    let below = |(place, some): (usize, &[Line<'_>])| {
        let before = (place * BATCH).checked_sub(1).and_then(|before| lines.get(before));
        let mut last = before.map(|line| line.who);
        let mut text = String::new();
        for Line { who, what, how } in some {
            if last != Some(*who) {
                push_wrapped(&mut text, who, [0, 2], width);
                text.push('\n');
                last = Some(*who);
            }
            text.push_str("  ");
            push_wrapped(&mut text, what, [2, 4], width);
            text.push_str("\n    ");
            push_wrapped(&mut text, how, [4, 4], width);
            text.push('\n');
        }
        text
    };
    lines.par_chunks(BATCH).enumerate().map(below).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_line_is_wider_than_the_terminal() {
        let line = |who: &'static str, what: &str, how: &str| Line {
            who,
            what: what.to_owned(),
            how: how.to_owned(),
        };
        let lines = [
            line("team/finance/Analysts", "dataset/sales", "read, key: use"),
            line(
                "team/finance/Analysts",
                "dataset/a-name-that-is-longer-than-most-names-are-in-a-mesh",
                "list read write tag manage when aws:sourcevpce, s3:dataaccesspointarn",
            ),
            line("équipe/données", "dataset/sales", "unknown"),
        ];
        for width in [40, 60, 80, 100, 140] {
            let text = written(["WHO", "WHAT", "HOW"], &lines, width).concat();
            let widest = text.lines().map(length).max().expect("lines");
            assert!(widest <= width, "{width}: {widest}\n{text}");
            // Nothing is lost on the way.
            let words = |text: &str| text.split_whitespace().collect::<String>();
            for Line { what, how, .. } in &lines {
                assert!(words(&text).contains(&words(what)), "{text}");
                assert!(how.split(' ').all(|word| words(&text).contains(word)), "{text}");
            }
        }
        let wide = written(["WHO", "WHAT", "HOW"], &lines[..1], 100).concat();
        assert_eq!(
            wide,
            "WHO                    WHAT           HOW\n\
             team/finance/Analysts  dataset/sales  read, key: use\n"
        );
        let narrow = written(["WHO", "WHAT", "HOW"], &lines[..1], 40).concat();
        assert_eq!(narrow, "team/finance/Analysts\n  dataset/sales\n    read, key: use\n");
    }
}
