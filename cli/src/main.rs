//! The `lakewright` command.

mod arguments;
mod command;
mod deployment;
mod exit;
mod habits;
mod help;
mod input;
mod memory;
mod owner;
mod progress;
mod show;
mod site;
mod ui;
mod version;
mod width;

use std::process::ExitCode;

use arguments::Arguments;
use ui::Ui;

fn main() -> ExitCode {
    let arguments = Arguments::typed();
    let mut ui = Ui::new(&arguments.output);
    if let Err(failure) = arguments.check() {
        ui.error(&failure.message);
        return failure.exit.into();
    }
    let result = command::run(arguments.command, &mut ui);
    let code = exit::code(result, &mut ui);
    ui.end();
    code
}
