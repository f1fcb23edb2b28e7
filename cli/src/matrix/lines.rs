//! The matrix as lines for people: a summary, or every row; never wider than the terminal.

use std::fmt::Write as _;
use std::io;

use rayon::iter::{
    IndexedParallelIterator as _, IntoParallelRefIterator as _, ParallelExtend as _,
    ParallelIterator as _,
};
use rayon::slice::ParallelSlice as _;

use super::Row;
use super::summary::{Column, Reached, Summary};

/// How wide lines are where nobody says it, as in a pipe.
const WIDTH: usize = 100;
/// What a line needs to be read at all.
pub(crate) const LEAST: usize = 40;
/// What the last column needs beside the others.
const LAST: usize = 24;
/// Lines that a thread writes at a time.
const BATCH: usize = 1024;

/// A line of three columns.
struct Line<'r> {
    who: &'r str,
    what: String,
    how: String,
}

/// How wide the lines of tables and of help may be, whether or not anything says it.
pub(crate) fn width() -> usize {
    output_width().unwrap_or(WIDTH)
}

/// The value of `COLUMNS`, the preferred width of lines ("Environment Variables" in POSIX). It counts for pipes and files too.
fn columns() -> Option<usize> {
    let said: Option<usize> = std::env::var("COLUMNS").ok().and_then(|text| text.parse().ok());
    said.map(|width| width.max(LEAST))
}

/// How wide lines on standard output may be, where `COLUMNS` or a terminal says it.
pub(crate) fn output_width() -> Option<usize> {
    columns().or_else(|| of_terminal(terminal_size::terminal_size_of(io::stdout())))
}

/// How wide lines on standard error may be, where `COLUMNS` or a terminal says it.
pub(crate) fn error_width() -> Option<usize> {
    columns().or_else(|| of_terminal(terminal_size::terminal_size_of(io::stderr())))
}

fn of_terminal(size: Option<(terminal_size::Width, terminal_size::Height)>) -> Option<usize> {
    let (terminal_size::Width(width), _) = size?;
    Some(usize::from(width).max(LEAST))
}

/// Each principal with what it reaches something of, and how at the most, in pieces to be written one after
/// the other.
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

/// Every row, in pieces to be written one after the other.
pub(crate) fn detail(rows: &[Row<'_>], width: usize) -> Vec<String> {
    let lines = rows.par_iter().map(|row| Line {
        who: row.principal(),
        what: row.resource(),
        how: row.access(),
    });
    let lines: Vec<Line<'_>> = lines.collect();
    written(["PRINCIPAL", "RESOURCE", "ACCESS"], &lines, width)
}

/// Three columns of something else than the matrix, laid out as it is. No word of the last column is broken where it
/// fits into a line.
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

/// Writes lines under a header: side by side where there is room, with so much for the last column, and else one below
/// the other.
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

/// Writes each principal once, and below it what it reaches.
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

/// Prose in lines of a width: each line is indented as it was, and what goes on below it by two more. In a line that is too
/// long each command of AWS stands in a line of its own and is never broken, so that it can be copied.
pub(crate) fn within(text: &str, width: usize) -> String {
    let mut out = String::new();
    for line in text.split_inclusive('\n') {
        match line.strip_suffix('\n') {
            Some(line) => {
                push_prose(&mut out, line, width);
                out.push('\n');
            }
            None => push_prose(&mut out, line, width),
        }
    }
    out
}

fn push_prose(out: &mut String, line: &str, width: usize) {
    let indent = line.len() - line.trim_start_matches(' ').len();
    // A command that stands by itself already, and the lines that it goes on in.
    let is_command = line[indent..].starts_with("aws ") || line[indent..].starts_with("| ");
    if is_command || length(line) <= width {
        out.push_str(line);
        return;
    }
    let below = indent + 2;
    out.push_str(&line[..indent]);
    let (mut start, mut rest) = (indent, &line[indent..]);
    while let Some((before, command, after)) = command_in(rest) {
        if !before.is_empty() {
            push_wrapped(out, before, [start, below], width);
        }
        push_line_break(out, below + 2);
        out.push_str(command);
        rest = after.trim_start_matches([',', ';', '.', ' ']);
        start = below;
        if !rest.is_empty() {
            push_line_break(out, below);
        }
    }
    push_wrapped(out, rest, [start, below], width);
}

/// Ends a line, without the spaces that columns were filled up with, and begins the next one.
fn push_line_break(out: &mut String, indent: usize) {
    out.truncate(out.trim_end_matches(' ').len());
    out.push('\n');
    out.extend(std::iter::repeat_n(' ', indent));
}

/// Pages and help in lines of a width: the lines of a paragraph, or of an item of a list, become one text, which is wrapped.
/// Headings, tables, code and lines that are indented by themselves stay as they are.
pub(crate) fn reflowed(text: &str, width: usize) -> String {
    let mut out = String::new();
    let mut open: Option<(String, usize)> = None;
    let mut is_code = false;
    for line in text.lines() {
        let words = line.trim_start_matches(' ');
        let indent = line.len() - words.len();
        let is_fence = words.starts_with("```");
        is_code ^= is_fence;
        if !is_code && !is_fence && !words.is_empty() && !words.starts_with(['#', '|']) {
            let is_item = words.starts_with("- ");
            if let Some((paragraph, below)) = open.as_mut()
                && *below == indent
                && !is_item
            {
                paragraph.push(' ');
                paragraph.push_str(words);
                continue;
            }
            if is_item || indent == 0 {
                push_paragraph(&mut out, open.take(), width);
                open = Some((line.to_owned(), if is_item { indent + 2 } else { 0 }));
                continue;
            }
        }
        push_paragraph(&mut out, open.take(), width);
        out.push_str(line);
        out.push('\n');
    }
    push_paragraph(&mut out, open, width);
    out
}

/// Writes a paragraph, when there is one, with the indentation of all its lines but the first.
fn push_paragraph(out: &mut String, paragraph: Option<(String, usize)>, width: usize) {
    if let Some((text, below)) = paragraph {
        push_wrapped(out, &text, [0, below], width);
        out.push('\n');
    }
}

/// The first command of AWS in a text, with what stands before and after it.
fn command_in(text: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = text.split_once("`aws ")?;
    let start = text.len() - rest.len() - "aws ".len();
    let (command, after) = text[start..].split_once('`')?;
    Some((before.trim_end(), command, after))
}

/// Writes a text into lines of a width: the first from a column on, the others after as many spaces as the other
/// number says.
pub(crate) fn push_wrapped(
    out: &mut String,
    text: &str,
    [start, indent]: [usize; 2],
    width: usize,
) {
    let mut column = start;
    for (number, word) in text.split(' ').enumerate() {
        let mut word = word;
        if number > 0 && column + 1 + length(word) > width {
            push_line_break(out, indent);
            column = indent;
        } else if number > 0 {
            out.push(' ');
            column += 1;
        }
        // A name that is longer than a line goes on in the next one.
        while column + length(word) > width {
            let room = width.saturating_sub(column).max(1);
            let (head, rest) = word.split_at(end_of_part(word, room));
            out.push_str(head);
            push_line_break(out, indent);
            (column, word) = (indent, rest);
        }
        out.push_str(word);
        column += length(word);
    }
}

/// Where a name that has so many characters of room is broken: after a part of an ARN, an address or a path, else anywhere.
fn end_of_part(word: &str, room: usize) -> usize {
    let end = word.char_indices().nth(room).map_or(word.len(), |(end, _)| end);
    let head = &word[..end];
    // A first part that is short would leave its line nearly empty.
    let part = head.rfind(['/', ':']).filter(|mark| mark * 3 >= end);
    part.or_else(|| head.rfind('-')).map_or(end, |mark| mark + 1)
}

fn length(text: &str) -> usize {
    text.chars().count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prose_is_kept_within_a_width_and_commands_can_be_copied() {
        let text = "short\n  because something that is longer than a line may be\nin the account: `aws ram \
                    get-resource-share-invitations --region eu-west-1`, and then `aws ram accept --x` again\n";
        let expected = "short\n  because something that is longer than a\n    line may be\nin the account:\n    \
                        aws ram get-resource-share-invitations --region eu-west-1\n  and then\n    \
                        aws ram accept --x\n  again\n";
        assert_eq!(within(text, 42), expected);
        // What stands in lines of its own already is as it was, and a wide terminal changes nothing.
        let own = "to do:\n  aws lakeformation get-data-lake-settings --region REGION | jq\n";
        assert_eq!(within(own, 40), own);
        assert_eq!(within(text, 400), text);
    }

    #[test]
    fn addresses_are_broken_between_their_parts() {
        let line = "  create          111111111111/eu-west-1/acme-bootstrap-111111111111-eu-west-1";
        let expected =
            "  create\n    111111111111/eu-west-1/\n    acme-bootstrap-111111111111-eu-west-1";
        assert_eq!(within(line, 50), expected);
        let arn = "arn:aws:kms:eu-west-1:222222222222:key/8d69c9ee-d82a-4272-bced-ce31770bde90";
        assert_eq!(within(arn, 60), arn.replace("key/", "key/\n  "));
        // What has no parts is broken all the same.
        assert_eq!(
            within(&"x".repeat(90), 60),
            format!("{}\n  {}", "x".repeat(60), "x".repeat(30))
        );
    }

    #[test]
    fn paragraphs_are_wrapped_as_a_whole() {
        let page = "# a heading that is longer than the lines\n\nOne sentence of a page.\nAnother one.\n\n\
                    - one item of a list\n  that goes on\n- two\n\n      indented: code that is longer\n\n\
                    ```yaml\nkind: Dataset # that is longer\nid: a\n```\n";
        let expected = "# a heading that is longer than the lines\n\nOne sentence of a\npage. Another one.\n\n\
                        - one item of a list\n  that goes on\n- two\n\n      indented: code that is longer\n\n\
                        ```yaml\nkind: Dataset # that is longer\nid: a\n```\n";
        assert_eq!(reflowed(page, 20), expected);
        assert_eq!(
            reflowed("Examples:\n  lakewright ls\n\nOne\ntwo.", 20),
            "Examples:\n  lakewright ls\n\nOne two.\n"
        );
    }

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
