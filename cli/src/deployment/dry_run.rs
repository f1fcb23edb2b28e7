//! `deploy --dry-run`: what CloudFormation says about each change. Nothing is executed, and nothing is left behind.

use lakewright_analysis::words::count;
use lakewright_deployer::cloud::Stack;
use lakewright_deployer::dry_run::{Trial, Tried, try_out};
use lakewright_fleet::event::{Change, Event, PlannedHook, Rejection};
use lakewright_fleet::machine::Outcome;
use lakewright_fleet::plan::{Action, Plan};
use lakewright_template::{Place, StackAddress, StackKind};

use super::seen::Seen;
use super::show::Lines;
use super::{Deployment, show, unreachable};
use crate::exit::{Exit, Failure};
use crate::ui::Ui;

impl Deployment<'_> {
    /// Lets CloudFormation prepare each creation and update of a plan, and shows what it says.
    pub(super) fn try_out(&self, plan: &Plan, seen: &Seen, ui: &mut Ui) -> Result<Exit, Failure> {
        self.is_free(seen)?;
        let is_new = |place: &Place| {
            plan.steps.iter().any(|step| {
                step.kind == Some(StackKind::Bootstrap)
                    && step.action == Action::Create
                    && step.address.place == *place
            })
        };
        let (mut tried, mut untried) = (Vec::new(), Vec::new());
        for step in &plan.steps {
            let Some(stack) = self.stacks.get(&step.address) else { continue };
            match step.action {
                Action::Create | Action::Update => {}
                Action::Delete | Action::Keep | Action::Orphan | Action::Foreign => continue,
            }
            if step.kind != Some(StackKind::Bootstrap) && is_new(&step.address.place) {
                untried.push(stack);
            } else {
                tried.push(stack);
            }
        }
        let name = format!("lakewright-dry-run-{}", self.lease.id());
        let at_once = self.policy().limits.per_place;
        let trials = self.runtime.block_on(try_out(&self.aws, &tried, &name, at_once));
        let mut exit = Exit::Done;
        for trial in &trials {
            exit = worse(exit, show_trial(trial, ui));
            show_hooks(trial, &self.lines, ui);
        }
        for stack in &untried {
            show_untried(stack, ui);
            exit = worse(exit, Exit::Unknown);
        }
        let executed = format!(
            "CloudFormation was asked about {}; nothing was executed",
            count(trials.len(), "stack")
        );
        ui.note(&executed);
        Ok(exit)
    }
}

/// The exit that says more of two.
fn worse(one: Exit, other: Exit) -> Exit {
    // A refusal is certain, and an unknown result may be one.
    let rank = |exit: Exit| match exit {
        Exit::Done => 0,
        Exit::Unknown => 1,
        Exit::RolledBack => 2,
        Exit::Unexpected
        | Exit::Usage
        | Exit::Differs
        | Exit::No
        | Exit::Attention
        | Exit::Declined
        | Exit::Unreachable => 3,
    };
    if rank(other) > rank(one) { other } else { one }
}

/// Shows what CloudFormation says about one stack.
fn show_trial(trial: &Trial, ui: &mut Ui) -> Exit {
    let Trial { address, tried, left, .. } = trial;
    let outcome = match tried {
        Ok(Tried::Changes(changes)) => {
            show_changes(trial, changes, ui);
            Outcome::Declined
        }
        Ok(Tried::Nothing) => {
            if !ui.is_json() {
                ui.prose(&format!("{address}: no changes\n"));
            }
            Outcome::Unchanged
        }
        Ok(Tried::Refused(reason, rejections)) => {
            let rejected =
                rejections.iter().map(|Rejection { logical_id, kind, reason, .. }| {
                    format!("; {logical_id} ({kind}): {reason}")
                });
            let rejected = rejected.fold(reason.clone(), |text, one| text + &one);
            ui.error(&format!("{address}: CloudFormation refuses the change: {rejected}"));
            Outcome::Refused(rejected)
        }
        Ok(Tried::Unknown(reason)) => {
            ui.error(&format!("{address}: what CloudFormation says is not known: {reason}"));
            Outcome::Overtaken(reason.clone())
        }
        Err(error) => {
            ui.error(&format!("{address}: what CloudFormation says is not known: {error}"));
            Outcome::Unreachable(error.to_string())
        }
    };
    let exit = match (&outcome, tried) {
        (Outcome::Refused(_), _) => Exit::RolledBack,
        (Outcome::Overtaken(_), _) => Exit::Unknown,
        (_, Err(error)) => unreachable(error).exit,
        _ => Exit::Done,
    };
    if ui.is_json() {
        let address = address.clone();
        show::one(&Event::Finished { address, outcome }, ui);
    }
    let Some(error) = left else { return exit };
    ui.error(&format!("{address}: what was prepared for the dry run is left there: {error}"));
    Exit::Attention
}

fn show_changes(Trial { address, .. }: &Trial, changes: &[Change], ui: &mut Ui) {
    if ui.is_json() {
        let (address, changes) = (address.clone(), changes.to_vec());
        show::one(&Event::Changes { address, changes }, ui);
        return;
    }
    ui.prose(&format!("{address}:\n"));
    for Change { action, logical_id, kind, replacement, .. } in changes {
        let replacement = replacement.as_ref().map(|word| format!(", replacement: {word}"));
        let replacement = replacement.unwrap_or_default();
        ui.prose(&format!("  {action} {logical_id} ({kind}){replacement}\n"));
    }
}

/// Shows the hooks that would run, at the mesh lines that ask for their resources.
fn show_hooks(Trial { address, hooks, .. }: &Trial, lines: &Lines, ui: &mut Ui) {
    let texts = match hooks {
        Ok(hooks) => hooks.iter().map(|hook| hook_text(hook, address, lines)).collect(),
        Err(error) => vec![format!("which hooks would run is not known: {error}")],
    };
    for text in texts {
        if ui.is_json() {
            show::one(&Event::Note { address: address.clone(), text }, ui);
        } else {
            ui.prose(&format!("  {text}\n"));
        }
    }
}

fn hook_text(hook: &PlannedHook, address: &StackAddress, lines: &Lines) -> String {
    let PlannedHook { name, logical_id, kind, action, is_warning } = hook;
    let refuses = if *is_warning { "only warns" } else { "can refuse the change" };
    let asked = show::asked(lines, address, logical_id);
    format!("hook {name} runs before {action} {logical_id} ({kind}), and {refuses}{asked}")
}

/// Before its bootstrap stack, nobody can prepare a stack in an account and region.
fn show_untried(stack: &Stack, ui: &mut Ui) {
    let address = stack.entry.address();
    let text = format!(
        "{address}: what CloudFormation says is not known before the bootstrap stack of its account and region is created"
    );
    ui.note(&text);
    if ui.is_json() {
        show::one(&Event::Note { address, text }, ui);
    }
}
