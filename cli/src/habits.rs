//! Commands of other tools, which people type by habit.

use clap::builder::StyledStr;
use clap::error::{ContextKind, ContextValue, Error};

/// The commands of other tools, and the command to use here. Sources: the commands of the AWS CDK (`cdk list`,
/// `synthesize`, `diff`), AWS SAM (`sam validate`, `build`, `package`, `sync`, `delete`), Terraform (`terraform plan`,
/// `apply`, `validate`) and Pulumi (`pulumi preview`, `up`); `completion` is that of the GitHub CLI and of kubectl.
const HABITS: [(&[&str], &str); 9] = [
    (&["plan", "preview"], "`lakewright deploy --plan` says what a deployment would do"),
    (&["apply", "sync", "up"], "`lakewright deploy` plans, asks, and deploys the stacks"),
    (&["lint", "validate"], "`lakewright check` finds everything that is wrong with a mesh"),
    (&["list"], "`lakewright ls` lists the stacks of a mesh"),
    (
        &["build", "generate", "package", "synthesize"],
        "`lakewright synth` writes the CloudFormation templates of a mesh",
    ),
    (
        &["delete", "remove", "rm", "teardown"],
        "`lakewright destroy --stack NAME` deletes a stack, and `lakewright destroy --all` all of a mesh",
    ),
    (&["complete", "completion"], "`lakewright completions SHELL` prints the script of a shell"),
    (
        &["help"],
        "`lakewright --help` says what there is, and `--help` after a command what it takes",
    ),
    (&["version"], "`lakewright --version` says it"),
];

/// Shows optional arguments in an error's usage in brackets, as help does. The parser leaves the brackets out.
fn with_brackets(error: &mut Error) {
    if let Some(ContextValue::StyledStr(usage)) = error.remove(ContextKind::Usage) {
        let text = usage.ansi().to_string();
        // The mesh is always the last word; earlier words are values of options.
        let before = text.strip_suffix(" <MESH>");
        let text = before.map_or_else(|| text.clone(), |before| format!("{before} [MESH]"));
        error.insert(ContextKind::Usage, ContextValue::StyledStr(StyledStr::from(text)));
    }
}

/// A usage error that suggests our command if another tool's command was typed.
pub(crate) fn pointed(mut error: Error) -> Error {
    with_brackets(&mut error);
    let ours = match error.get(ContextKind::InvalidSubcommand) {
        Some(ContextValue::String(typed)) => ours(typed),
        _ => None,
    };
    let alike = error.remove(ContextKind::SuggestedSubcommand);
    if let Some(ours) = ours {
        // Commands with similar names would be misleading.
        let tips = vec![StyledStr::from(ours)];
        error.insert(ContextKind::Suggested, ContextValue::StyledStrs(tips));
    } else if let Some(ContextValue::Strings(mut names)) = alike {
        // Hidden commands, which only shells call, are not suggested.
        names.retain(|name| !name.starts_with('_'));
        if !names.is_empty() {
            error.insert(ContextKind::SuggestedSubcommand, ContextValue::Strings(names));
        }
    }
    error
}

/// The command to use in place of another tool's command.
fn ours(typed: &str) -> Option<&'static str> {
    let mut habits = HABITS.into_iter();
    habits.find(|(theirs, _)| theirs.contains(&typed)).map(|(_, ours)| ours)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;
    use crate::arguments::Arguments;

    #[test]
    fn habits_point_to_commands_that_are_there() {
        let command = Arguments::command();
        for (theirs, ours) in HABITS {
            for name in theirs {
                assert!(command.find_subcommand(name).is_none(), "`{name}` is a command of ours");
            }
            for rest in ours.split("lakewright ").skip(1) {
                let name = rest.split([' ', '`']).next().expect("a word");
                let is_there = name.starts_with("--") || command.find_subcommand(name).is_some();
                assert!(is_there, "{ours}");
            }
        }
    }
}
