//! A live view of a run, on the whole screen of a terminal.

mod draw;
mod keys;
mod screen;
mod state;

use std::cell::RefCell;
use std::io::{self, IsTerminal as _};
use std::time::{Duration, Instant};

use clap::Args;
use lakewright_deployer::driver::{Stop, Wish};
use lakewright_fleet::event::Event;
use lakewright_fleet::plan::Plan;
use lakewright_fleet::schedule::Waves;

use self::keys::Key;
pub(super) use self::screen::restore;
use self::screen::{Screen, is_open};
use self::state::State;
use crate::arguments::Format;
use crate::ui::Ui;

/// How often keys are read and the screen is drawn.
const TICK: Duration = Duration::from_millis(100);

/// Whether a run is shown in a live view.
#[derive(Debug, Clone, Copy, Default, Args)]
pub(crate) struct Watching {
    /// Show the run on the whole screen, if standard input and output are a terminal: the stacks under way, accounts and
    /// failures. `p` pauses the run, `r` tries failed stacks again, `x` sets a stack aside, `q` stops the run
    #[arg(long)]
    live: bool,
}

impl Watching {
    /// Opens the view, if it was asked for and can be shown. Otherwise the run is shown as lines, and a note says why.
    pub(super) fn open(self, title: &str, plan: &Plan, waves: &Waves, ui: &mut Ui) -> Option<View> {
        if !self.live {
            return None;
        }
        let has_terminal = io::stdin().is_terminal() && io::stdout().is_terminal();
        if ui.format() != Format::Human {
            ui.note("`--live` is left out: the live view exists only with `--format human`");
            return None;
        }
        if !has_terminal {
            ui.note("`--live` is left out: standard input and output have to be a terminal");
            return None;
        }
        match Screen::open() {
            Ok(screen) => Some(View {
                begun: Instant::now(),
                state: RefCell::new(State::new(title, plan, waves, ui.secret())),
                screen: RefCell::new(screen),
            }),
            Err(error) => {
                ui.note(&format!("`--live` is left out: the screen cannot be used: {error}"));
                None
            }
        }
    }
}

/// A view on a terminal. The terminal is restored when the view is dropped.
pub(super) struct View {
    begun: Instant,
    state: RefCell<State>,
    screen: RefCell<Screen>,
}

impl View {
    pub(super) fn event(&self, event: &Event) {
        self.state.borrow_mut().event(event, self.begun.elapsed());
    }

    /// Shows a message of the run below the list.
    pub(super) fn say(&self, text: &str) {
        self.state.borrow_mut().say(text);
    }

    /// Reads keys and draws the screen, until somebody presses a key that stops the run. Returns the name of the key.
    pub(super) async fn pressed(&self, stop: &Stop) -> &'static str {
        loop {
            if let Some(name) = self.turn(stop) {
                return name;
            }
            tokio::time::sleep(TICK).await;
        }
    }

    /// Handles the keys that were pressed, and draws the screen.
    fn turn(&self, stop: &Stop) -> Option<&'static str> {
        // The thread that ends the program has restored the terminal.
        if !is_open() {
            return None;
        }
        let mut asked = None;
        while asked.is_none()
            && let Some(key) = keys::next()
        {
            asked = self.press(key, stop);
        }
        let mut state = self.state.borrow_mut();
        state.is_held = stop.is_held();
        self.screen.borrow_mut().draw(&state, self.begun.elapsed());
        asked
    }

    /// Handles a key. Returns its name if it stops the run.
    fn press(&self, key: Key, stop: &Stop) -> Option<&'static str> {
        match key {
            Key::Stop(name) => return Some(name),
            Key::Pause if stop.is_held() => stop.go_on(),
            Key::Pause => stop.hold(),
            Key::Retry => self.ask(stop, State::retry),
            Key::SetAside => self.ask(stop, State::set_aside),
            Key::Move(lines) => self.state.borrow_mut().scroll(lines),
            Key::Pane(panes) => self.state.borrow_mut().turn_to(panes),
            Key::Other => {}
        }
        None
    }
}

impl View {
    /// Asks the run for what a key means in the present state.
    fn ask(&self, stop: &Stop, wish: impl FnOnce(&mut State) -> Option<Wish>) {
        if let Some(wish) = wish(&mut self.state.borrow_mut()) {
            stop.wish(wish);
        }
    }
}

impl Drop for View {
    fn drop(&mut self) {
        restore();
    }
}

/// Does something that needs the terminal as it was, such as a question, and shows the view again.
pub(super) fn aside<T>(view: Option<&View>, work: impl FnOnce() -> T) -> T {
    let Some(view) = view else { return work() };
    restore();
    let result = work();
    view.screen.borrow_mut().open_again();
    result
}
