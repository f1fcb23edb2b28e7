//! What a deployment prints from its plan to its end, as people see it.

use std::path::Path;

use super::Emulator;
use crate::screens::{at_each_width, copied, printed};

/// Whether a text is an id that AWS makes anew each time: a key's, or a request's.
fn is_uuid(text: &str) -> bool {
    text.char_indices().all(|(place, one)| match place {
        8 | 13 | 18 | 23 => one == '-',
        _ => one.is_ascii_hexdigit(),
    })
}

/// Whether a text is how long something took.
fn is_time(text: &str) -> bool {
    let is_part =
        |part: &str| part == "min" || part == "s" || part.bytes().all(|byte| byte.is_ascii_digit());
    text.ends_with(" s") && text.split(' ').all(is_part)
}

/// A line without the time of day with which it begins.
fn timeless(line: &str) -> String {
    let is_clock = |text: &str| {
        text.len() == 8
            && text.char_indices().all(|(place, one)| match place {
                2 | 5 => one == ':',
                _ => one.is_ascii_digit(),
            })
    };
    match line.split_once(' ') {
        Some((clock, rest)) if is_clock(clock) => format!("HH:MM:SS {rest}"),
        // In a narrow window the time stands alone.
        None if is_clock(line) => "HH:MM:SS".to_owned(),
        _ => line.to_owned(),
    }
}

/// A text with words for what differs from run to run.
fn steady(text: &str) -> String {
    let mut out = String::new();
    for line in text.lines().map(timeless) {
        let mut rest = match line.rsplit_once(" in ") {
            Some((before, time)) if is_time(time) => format!("{before} in TIME"),
            _ => line.clone(),
        };
        while let Some(next) = rest.chars().next() {
            let length = if rest.get(..36).is_some_and(is_uuid) { 36 } else { next.len_utf8() };
            let part: String = rest.drain(..length).collect();
            out.push_str(if length == 36 { "UUID" } else { &part });
        }
        out.push('\n');
    }
    out
}

/// What commands print one after the other, against an emulator.
fn all(emulator: &Emulator, folder: &Path, width: usize, typed: &[&str]) -> String {
    let each = typed.iter();
    let each = each.map(|typed| printed(&mut emulator.command(), folder, width, typed));
    steady(&each.collect::<String>())
}

#[test]
fn deployments() {
    at_each_width("deploy", |width| {
        let folder = tempfile::tempdir().expect("a folder");
        copied("minimal", folder.path());
        let emulator = Emulator::start();
        let owner = "--owner-role OrganizationAccountAccessRole";
        // One after the other, so that the lines have one order.
        let deploy = format!("deploy minimal --yes --concurrency 1 {owner}");
        let plan = format!("deploy minimal --plan {owner}");
        let ask = format!("deploy minimal {owner}");
        let first = ["deploy minimal --plan", &plan, &ask];
        let mut text = all(&emulator, folder.path(), width, &first);
        emulator.fail_next("AWS::Glue::Crawler");
        text.push_str(&all(&emulator, folder.path(), width, &[&deploy, &plan, &deploy, &deploy]));
        text
    });
}

#[test]
fn removals() {
    at_each_width("destroy", |width| {
        let folder = tempfile::tempdir().expect("a folder");
        copied("minimal", folder.path());
        let emulator = Emulator::start();
        let owner = "--owner-role OrganizationAccountAccessRole";
        let deploy = format!("deploy minimal --yes --concurrency 1 {owner}");
        assert!(all(&emulator, folder.path(), width, &[&deploy]).contains("exit: 0\n"));
        let destroy = format!("destroy minimal --all {owner}");
        let (plan, at_once) =
            (format!("{destroy} --plan"), format!("{destroy} --yes --concurrency 1"));
        let typed = [
            "destroy minimal --all --plan",
            &plan,
            &destroy,
            "destroy minimal --yes --stack lakewright-environment-dev",
            "destroy minimal --yes --stack not-a-stack",
            "destroy minimal --yes --stack lakewright-dataset-sales",
            &at_once,
            // What stayed has the names of what would be made.
            &deploy,
        ];
        all(&emulator, folder.path(), width, &typed)
    });
}
