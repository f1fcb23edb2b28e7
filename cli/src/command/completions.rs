//! `lakewright completions`: completion scripts for shells.

use clap::{Args, CommandFactory as _};
use clap_complete::{Shell, generate};

use crate::arguments::Arguments;
use crate::exit::Exit;
use crate::ui::Ui;

/// Print the completion script of a shell
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  lakewright completions bash > /etc/bash_completion.d/lakewright
  lakewright completions zsh > ~/.zfunc/_lakewright")]
pub(crate) struct CompletionsArgs {
    /// The shell
    shell: Shell,
}

pub(crate) fn run(arguments: &CompletionsArgs, ui: &mut Ui) -> Exit {
    let mut script = Vec::new();
    generate(arguments.shell, &mut Arguments::command(), "lakewright", &mut script);
    ui.data(&String::from_utf8_lossy(&script));
    Exit::Done
}
