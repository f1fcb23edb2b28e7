//! The width of lines, and text wrapped to a width.

use std::io;

/// The default width, in characters, for example in a pipe.
const WIDTH: usize = 100;
/// The minimum width of a readable line, in characters.
pub(crate) const LEAST: usize = 40;

/// The width of tables and help: that of the output, or the default.
pub(crate) fn width() -> usize {
    output_width().unwrap_or(WIDTH)
}

/// The value of `COLUMNS`, the preferred width of lines ("Environment Variables" in POSIX). It counts for pipes and files too.
fn columns() -> Option<usize> {
    let said: Option<usize> = std::env::var("COLUMNS").ok().and_then(|text| text.parse().ok());
    said.map(|width| width.max(LEAST))
}

/// The width of standard output, if `COLUMNS` or a terminal determines it.
pub(crate) fn output_width() -> Option<usize> {
    columns().or_else(|| of_terminal(terminal_size::terminal_size_of(io::stdout())))
}

/// The width of standard error, if `COLUMNS` or a terminal determines it.
pub(crate) fn error_width() -> Option<usize> {
    columns().or_else(|| of_terminal(terminal_size::terminal_size_of(io::stderr())))
}

fn of_terminal(size: Option<(terminal_size::Width, terminal_size::Height)>) -> Option<usize> {
    let (terminal_size::Width(width), _) = size?;
    Some(usize::from(width).max(LEAST))
}

/// Wraps prose to a width. Each line keeps its indentation, and its continuation is indented by two more. In a line
/// that is too long, each AWS CLI command gets a line of its own and is never broken, so that it can be copied.
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
    // A command that is already on its own line, and its continuation lines.
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

/// Ends a line without trailing spaces, and begins the next one.
fn push_line_break(out: &mut String, indent: usize) {
    out.truncate(out.trim_end_matches(' ').len());
    out.push('\n');
    out.extend(std::iter::repeat_n(' ', indent));
}

/// Wraps pages and help to a width: the lines of a paragraph or list item are joined and wrapped again. Headings,
/// tables, code and other indented lines stay as they are.
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

/// Writes a paragraph, if there is one, with the indentation of all its lines but the first.
fn push_paragraph(out: &mut String, paragraph: Option<(String, usize)>, width: usize) {
    if let Some((text, below)) = paragraph {
        push_wrapped(out, &text, [0, below], width);
        out.push('\n');
    }
}

/// The first AWS CLI command in a text, with the text before and after it.
fn command_in(text: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = text.split_once("`aws ")?;
    let start = text.len() - rest.len() - "aws ".len();
    let (command, after) = text[start..].split_once('`')?;
    Some((before.trim_end(), command, after))
}

/// Wraps a text to a width. `start` is the column where it begins, `indent` the indentation of the following lines.
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
        // A name that is longer than a line continues in the next one.
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

/// The position at which to break a name that has `room` characters: after a part of an ARN, an address or a path, else
/// anywhere.
fn end_of_part(word: &str, room: usize) -> usize {
    let end = word.char_indices().nth(room).map_or(word.len(), |(end, _)| end);
    let head = &word[..end];
    // A short first part would leave the line nearly empty.
    let part = head.rfind(['/', ':']).filter(|mark| mark * 3 >= end);
    part.or_else(|| head.rfind('-')).map_or(end, |mark| mark + 1)
}

pub(crate) fn length(text: &str) -> usize {
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
}
