//! The help of the program and of every subcommand, and its answers to what cannot be understood.

use crate::run::root;
use crate::screens::{all, at_each_width};

const COMMANDS: [&str; 30] = [
    "access",
    "authorize",
    "bootstrap",
    "can",
    "check",
    "completions",
    "context",
    "deploy",
    "destroy",
    "diff",
    "drift",
    "explain",
    "export-policies",
    "graph",
    "import",
    "import-policies",
    "init",
    "ls",
    "lsp",
    "outputs",
    "pivot-role",
    "policies",
    "prove",
    "refresh",
    "rehearse",
    "report",
    "schema",
    "status",
    "synth",
    "why",
];

#[test]
fn the_help_of_each_command() {
    at_each_width("help", |width| {
        let mut text = all(&root(), width, &["--help", "-h"]);
        for name in COMMANDS {
            text.push_str(&all(&root(), width, &[&format!("{name} --help")]));
        }
        text
    });
    // A command that is new has a page too.
    let text = all(&root(), 100, &["--help"]);
    for name in COMMANDS {
        assert!(text.contains(&format!("\n  {name} ")), "{name}\n{text}");
    }
    let (_, list) = text.split_once("Write and check:").expect("the commands");
    let (list, _) = list.split_once("Options:").expect("the options");
    let listed = list.lines().filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    assert_eq!(listed.count(), COMMANDS.len(), "{list}");
}

#[test]
fn what_cannot_be_understood() {
    at_each_width("usage", |width| {
        let typed = [
            "",
            "plan my-mesh",
            "synht my-mesh",
            "destroy my-mesh",
            "can my-mesh",
            "check my-mesh --as-of today",
            "check my-mesh --format csv",
        ];
        all(&root(), width, &typed)
    });
}
