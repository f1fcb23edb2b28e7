//! How wide lines may be, and text in lines of a width.

use std::io;

/// How wide lines are where nobody says it, as in a pipe.
const WIDTH: usize = 100;
/// What a line needs to be read at all.
pub(crate) const LEAST: usize = 40;

/// How wide lines may be: what `COLUMNS` says, or the terminal.
pub(crate) fn width() -> usize {
    said_width().unwrap_or(WIDTH)
}

/// The same where something says it.
pub(crate) fn said_width() -> Option<usize> {
    columns().or_else(output_width)
}

/// What `COLUMNS` says.
fn columns() -> Option<usize> {
    let said: Option<usize> = std::env::var("COLUMNS").ok().and_then(|text| text.parse().ok());
    said.map(|width| width.max(LEAST))
}

/// How wide lines on standard output may be, when it is a terminal.
pub(crate) fn output_width() -> Option<usize> {
    of_terminal(terminal_size::terminal_size_of(io::stdout()))
}

/// How wide lines on standard error may be, when it is a terminal.
pub(crate) fn error_width() -> Option<usize> {
    of_terminal(terminal_size::terminal_size_of(io::stderr()))
}

fn of_terminal(size: Option<(terminal_size::Width, terminal_size::Height)>) -> Option<usize> {
    let (terminal_size::Width(width), _) = size?;
    Some(columns().unwrap_or_else(|| usize::from(width).max(LEAST)))
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
    let next_line = |out: &mut String, indent: usize| {
        out.push('\n');
        out.extend(std::iter::repeat_n(' ', indent));
    };
    let (mut start, mut rest) = (0, line);
    while let Some((before, command, after)) = command_in(rest) {
        if !before.is_empty() {
            push_wrapped(out, before, [start, below], width);
        }
        next_line(out, below + 2);
        out.push_str(command);
        rest = after.trim_start_matches([',', ';', '.', ' ']);
        start = below;
        if !rest.is_empty() {
            next_line(out, below);
        }
    }
    push_wrapped(out, rest, [start, below], width);
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
    let next_line = |out: &mut String| {
        out.push('\n');
        out.extend(std::iter::repeat_n(' ', indent));
    };
    let mut column = start;
    for (number, word) in text.split(' ').enumerate() {
        let mut word = word;
        if number > 0 && column + 1 + length(word) > width {
            next_line(out);
            column = indent;
        } else if number > 0 {
            out.push(' ');
            column += 1;
        }
        // A name that is longer than a line goes on in the next one.
        while column + length(word) > width {
            let room = width.saturating_sub(column).max(1);
            let end = word.char_indices().nth(room).map_or(word.len(), |(end, _)| end);
            let (head, rest) = word.split_at(end);
            out.push_str(head);
            next_line(out);
            (column, word) = (indent, rest);
        }
        out.push_str(word);
        column += length(word);
    }
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
}
