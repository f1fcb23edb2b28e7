//! `lakewright completions`: completion scripts for shells.

use clap::{Args, Command, CommandFactory as _};
use clap_complete::{Shell, generate};
use serde_json::json;

use crate::arguments::Arguments;
use crate::exit::Exit;
use crate::ui::Ui;

/// Print the completion script of a shell
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  lakewright completions bash > /etc/bash_completion.d/lakewright
  lakewright completions zsh > ~/.zfunc/_lakewright

In bash and zsh the script offers codes, and names of stacks, datasets, environments, principals and
resources of the mesh that was typed or lies in the current folder.")]
pub(crate) struct CompletionsArgs {
    /// The shell
    shell: Shell,
}

/// Shell functions that ask for the words of a mesh.
const BASH: &str = include_str!("completions/named.bash");
const ZSH: &str = include_str!("completions/named.zsh");

pub(crate) fn run(arguments: &CompletionsArgs, ui: &mut Ui) -> Exit {
    let mut script = Vec::new();
    generate(arguments.shell, &mut shown(), "lakewright", &mut script);
    let script = String::from_utf8_lossy(&script);
    let script = match arguments.shell {
        Shell::Bash => with_names(&script, BASH),
        Shell::Zsh => with_names(&script, ZSH),
        _ => script.into_owned(),
    };
    if ui.is_json() {
        ui.document(json!({ "version": 1, "script": script }));
    } else {
        ui.data(&script);
    }
    Exit::Done
}

/// The command without hidden subcommands, which the scripts would offer otherwise.
fn shown() -> Command {
    let all = Arguments::command();
    let commands = all.get_subcommands().filter(|command| !command.is_hide_set());
    Command::new("lakewright")
        .version(env!("CARGO_PKG_VERSION"))
        .disable_help_subcommand(true)
        .args(all.get_arguments().cloned())
        .subcommands(commands.cloned())
}

/// The script, extended to offer words of the mesh first.
fn with_names(script: &str, named: &str) -> String {
    let begin = "_lakewright() {\n";
    let first = format!("{named}\n{begin}    _lakewright_named \"$@\" && return 0\n");
    script.replacen(begin, &first, 1)
}
