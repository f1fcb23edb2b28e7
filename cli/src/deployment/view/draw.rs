//! Draws the state of a run.

use std::time::Duration;

use lakewright_template::StackAddress;
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout};
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Paragraph};

use super::super::verb;
use super::state::{Counts, Pane, State};
use crate::progress::duration;
use crate::width::within;

/// The headings of the accounts.
const ACCOUNTS: &str = "account and region           wave waiting under way   done failed skipped";

const BOLD: Style = Style::new().add_modifier(Modifier::BOLD);

/// Draws the state at this time, since the beginning of the run.
pub(super) fn render(frame: &mut Frame<'_>, state: &State, now: Duration) {
    let parts =
        [Constraint::Length(3), Constraint::Length(1), Constraint::Min(3), Constraint::Length(3)];
    let [top, tabs, middle, bottom] = Layout::vertical(parts).areas(frame.area());
    let block = Block::bordered();
    let inner = block.inner(middle);
    let entries = list(state, now, usize::from(inner.width), usize::from(inner.height));
    let entries: Vec<Line<'_>> = entries.into_iter().map(Line::from).collect();
    frame.render_widget(Paragraph::new(head(state, now)), top);
    frame.render_widget(Paragraph::new(names(state)), tabs);
    frame.render_widget(block, middle);
    frame.render_widget(Paragraph::new(entries), inner);
    frame.render_widget(Paragraph::new(foot(state, usize::from(bottom.width))), bottom);
}

/// What the run is, and how far it is.
fn head(state: &State, now: Duration) -> Vec<Line<'_>> {
    let counts = state.counts();
    let Counts { waiting, under_way, done, failed, skipped } = counts;
    let (all, took, rate) = (counts.all(), duration(now), state.rate(now));
    let far = format!(
        "{took}: {done} of {all} done, {under_way} under way, {waiting} waiting, {failed} failed, {skipped} skipped"
    );
    let waves = state.waves().map(|(wave, waves)| format!("; wave {wave} of {waves}"));
    let held = if state.is_held { "; paused: no further stack is started" } else { "" };
    let pace = format!("ended in the last minute: {rate}{}{held}", waves.unwrap_or_default());
    let title = Span::styled(&*state.title, BOLD);
    vec![Line::from(title), Line::from(far), Line::from(pace)]
}

/// The names of the panes, with the number of their entries.
fn names(state: &State) -> Line<'static> {
    let name = |pane: Pane| {
        let text = format!("{} {}", pane.name(), state.entries(pane));
        if pane == state.pane {
            Span::styled(format!("[{text}]"), BOLD)
        } else {
            Span::raw(format!(" {text} "))
        }
    };
    Line::from(Pane::ALL.map(name).to_vec())
}

/// The last message, and the keys.
fn foot(state: &State, width: usize) -> Vec<Line<'static>> {
    let said = within(&state.said, width);
    let said = said.lines().map(str::to_owned).chain(std::iter::repeat(String::new())).take(2);
    let pause = if state.is_held { "p: go on" } else { "p: pause" };
    let keys =
        format!("tab: next list   arrows: scroll   {pause}   r: retry   x: set aside   q: stop");
    said.chain([keys]).map(Line::from).collect()
}

/// The lines of the pane, at most as many as fit.
fn list(state: &State, now: Duration, width: usize, height: usize) -> Vec<String> {
    let first = state.first();
    let lines: Vec<String> = match state.pane {
        Pane::UnderWay => {
            let stacks = state.running.iter().skip(first).take(height);
            let lines = stacks.flat_map(|(address, running)| {
                let verb = state.action(address).map_or("", verb);
                let took = duration(now.saturating_sub(running.since));
                [format!("{took:>11}  {verb} {address}"), format!("             {}", running.last)]
            });
            lines.collect()
        }
        Pane::Waiting => {
            let stacks = state.waiting.values().skip(first).take(height);
            let lines = stacks.enumerate().map(|(index, address)| {
                let verb = state.action(address).map_or("", verb);
                // The stack that `x` sets aside.
                let mark = if index == 0 { ">" } else { " " };
                format!("{mark} {verb} {address}")
            });
            lines.collect()
        }
        Pane::Accounts => {
            let places = state.places.iter().skip(first).take(height);
            let rows = places.map(|(place, counts)| {
                let Counts { waiting, under_way, done, failed, skipped } = counts;
                let (place, wave) = (place.to_string(), state.waves_of(place));
                format!(
                    "{place:<28} {wave:>4} {waiting:>7} {under_way:>9} {done:>6} {failed:>6} {skipped:>7}"
                )
            });
            std::iter::once(ACCOUNTS.to_owned()).chain(rows).collect()
        }
        Pane::Failures => reasons(&state.failures, first, width, height),
        Pane::Skipped => reasons(&state.skipped, first, width, height),
    };
    if state.entries(state.pane) == 0 {
        return vec!["none".to_owned()];
    }
    lines.into_iter().take(height).collect()
}

/// Stacks with reasons, which are wrapped.
fn reasons(
    entries: &[(StackAddress, String)],
    first: usize,
    width: usize,
    height: usize,
) -> Vec<String> {
    let mut lines = Vec::new();
    for (address, reason) in entries.iter().skip(first).take(height) {
        lines.push(address.to_string());
        let reason = within(&format!("  {reason}"), width);
        lines.extend(reason.lines().map(str::to_owned));
    }
    lines
}

#[cfg(test)]
mod tests {
    use ratatui::Terminal;
    use ratatui::backend::TestBackend;
    use ratatui::buffer::Cell;

    use super::super::state::tests::{example, seconds, waiting};
    use super::*;

    const WIDTH: u16 = 80;

    /// The text on the screen 125 seconds after the beginning of the run.
    fn drawn(state: &State) -> String {
        let mut terminal = Terminal::new(TestBackend::new(WIDTH, 15)).expect("a terminal");
        terminal.draw(|frame| render(frame, state, seconds(125))).expect("a drawing");
        let buffer = terminal.backend().buffer();
        let rows = buffer.content.chunks(usize::from(WIDTH));
        let lines = rows.map(|row| row.iter().map(Cell::symbol).collect::<String>());
        lines.map(|line| format!("{}\n", line.trim_end())).collect::<Vec<_>>().concat()
    }

    /// The operator's guide shows what the program draws.
    #[test]
    fn the_guide_shows_the_view() {
        let guide = include_str!("../../../../docs/fleet.md");
        let mut state = example();
        for pane in [Pane::UnderWay, Pane::Accounts, Pane::Failures] {
            state.pane = pane;
            let drawn = drawn(&state);
            assert!(guide.contains(&format!("```text\n{drawn}```\n")), "\n{drawn}");
        }
    }

    #[test]
    fn a_paused_run_and_a_message_are_shown() {
        let mut state = example();
        state.is_held = true;
        state.say("`q`: nothing more is started");
        let drawn = drawn(&state);
        assert!(drawn.contains("; paused: no further stack is started\n"), "{drawn}");
        assert!(drawn.contains("p: go on") && !drawn.contains("p: pause"), "{drawn}");
        assert!(drawn.contains("\n`q`: nothing more is started\n"), "{drawn}");
    }

    #[test]
    fn the_stack_that_would_be_set_aside_is_marked() {
        let mut state = waiting();
        state.pane = Pane::Waiting;
        assert!(drawn(&state).contains("│> update 222222222222/eu-west-1/team-finance"));
        state.scroll(1);
        let scrolled = drawn(&state);
        assert!(scrolled.contains("│> delete 333333333333/us-east-1/dataset-old"), "{scrolled}");
    }

    #[test]
    fn an_empty_list_says_so_and_a_list_begins_where_it_is_scrolled_to() {
        let mut state = example();
        state.pane = Pane::Failures;
        assert!(drawn(&state).contains("Access denied for (hidden)"));
        state.scroll(1);
        let scrolled = drawn(&state);
        assert!(!scrolled.contains("Access denied"), "{scrolled}");
        assert!(scrolled.contains("the bucket is not empty"), "{scrolled}");
        state.failures.clear();
        assert!(drawn(&state).contains("│none"));
    }
}
