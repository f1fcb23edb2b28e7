//! The commands in groups, in `lakewright --help`.

use std::fmt::Write as _;

use clap::Command;

use crate::width::{push_wrapped, reflowed, width};

/// The maximum width of the parser's own help, in characters ("max_term_width" in clap's reference).
const WIDEST: usize = 100;

/// The commands by purpose. The description of each is defined with its arguments.
const GROUPS: [(&str, &[&str]); 6] = [
    ("Write and check", &["init", "import", "check", "synth", "diff", "lsp"]),
    ("Access", &["prove", "access", "can", "why"]),
    ("Governance", &["authorize", "policies", "import-policies", "export-policies"]),
    ("Deploy", &["bootstrap", "pivot-role", "context", "rehearse", "deploy", "refresh", "destroy"]),
    ("Look at what is deployed", &["status", "outputs", "drift"]),
    ("Look things up", &["ls", "graph", "report", "explain", "schema", "completions"]),
];

/// A command whose help lists its subcommands in groups and fits the terminal.
pub(crate) fn grouped(command: Command) -> Command {
    let template = format!(
        "{{before-help}}{{about-with-newline}}\n{{usage-heading}} {{usage}}\n\n{}{}\n{{options}}{{after-help}}",
        groups(&command),
        heading(&command, "Options")
    );
    let names: Vec<String> =
        command.get_subcommands().map(|one| one.get_name().to_owned()).collect();
    let command = command.help_template(template);
    names.iter().fold(fitted(command), |command, name| command.mut_subcommand(name, fitted))
}

/// A command whose examples and explanations fit the terminal. The parser would only break long lines.
fn fitted(command: Command) -> Command {
    let Some(after) = command.get_after_help().map(ToString::to_string) else { return command };
    let width = width().min(WIDEST);
    let mut text = String::new();
    for line in reflowed(&after, width).lines() {
        push_example(&mut text, line, width);
        text.push('\n');
    }
    command.after_help(text.trim_end().to_owned())
}

/// Appends a line of help. An example that is too long continues after a backslash, so that it can be pasted, with its
/// description below it.
fn push_example(text: &mut String, line: &str, width: usize) {
    let Some(example) = line.strip_prefix("  ").filter(|_| line.chars().count() > width) else {
        text.push_str(line);
        return;
    };
    let (command, about) = example.split_once("   ").unwrap_or((example, ""));
    let mut lines = String::new();
    push_wrapped(&mut lines, command, [2, 6], width - 2);
    text.push_str("  ");
    text.push_str(&lines.replace('\n', " \\\n"));
    if !about.is_empty() {
        text.push_str("\n      ");
        push_wrapped(text, about.trim_start(), [6, 6], width);
    }
}

fn groups(command: &Command) -> String {
    let literal = command.get_styles().get_literal();
    let names = GROUPS.iter().flat_map(|(_, names)| names.iter());
    let first = names.map(|name| name.len()).max().unwrap_or_default();
    let mut text = String::new();
    for (title, names) in GROUPS {
        text.push_str(&heading(command, title));
        text.push('\n');
        for name in names {
            let about = command.find_subcommand(name).and_then(Command::get_about);
            let about = about.map(ToString::to_string).unwrap_or_default();
            write!(text, "  {literal}{name}{literal:#}").expect("a string takes all");
            text.extend(std::iter::repeat_n(' ', first - name.len() + 2));
            push_wrapped(&mut text, &about, [first + 4; 2], width());
            text.push('\n');
        }
        text.push('\n');
    }
    text
}

fn heading(command: &Command, title: &str) -> String {
    let style = command.get_styles().get_header();
    format!("{style}{title}:{style:#}")
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;
    use crate::arguments::Arguments;

    #[test]
    fn each_command_stands_in_one_group() {
        let command = Arguments::command();
        let shown = command.get_subcommands().filter(|command| !command.is_hide_set());
        let mut shown: Vec<&str> = shown.map(Command::get_name).collect();
        let mut grouped: Vec<&str> =
            GROUPS.iter().flat_map(|(_, names)| names.iter().copied()).collect();
        shown.sort_unstable();
        grouped.sort_unstable();
        assert_eq!(grouped, shown);
    }
}
