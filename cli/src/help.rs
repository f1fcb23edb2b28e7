//! The commands by what they are for, in `lakewright --help`.

use std::fmt::Write as _;

use clap::Command;

use crate::width::{push_wrapped, width};

/// The commands by what they are for. What each does is said where its arguments are.
const GROUPS: [(&str, &[&str]); 4] = [
    ("Write and check", &["init", "check", "synth"]),
    ("Access", &["prove", "access", "can", "why"]),
    ("Deploy", &["bootstrap", "pivot-role", "deploy", "destroy"]),
    ("Look things up", &["ls", "explain", "schema", "completions"]),
];

/// The command, whose help has its subcommands in groups.
pub(crate) fn grouped(command: Command) -> Command {
    let template = format!(
        "{{before-help}}{{about-with-newline}}\n{{usage-heading}} {{usage}}\n\n{}{}\n{{options}}{{after-help}}",
        groups(&command),
        heading(&command, "Options")
    );
    command.help_template(template)
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
