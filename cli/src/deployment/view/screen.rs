//! The screen of the terminal, and how it is restored.

use std::io::{self, Stdout, stdout};
use std::panic;
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use ratatui::crossterm::cursor::Show;
use ratatui::crossterm::execute;
use ratatui::crossterm::terminal::{
    Clear, ClearType, EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};

use super::draw::render;
use super::state::State;

/// Whether the terminal shows the view. It is static because a panic and a signal restore the terminal as well.
static OPEN: AtomicBool = AtomicBool::new(false);

/// Makes a panic restore the terminal before it prints its message.
static HOOK: Once = Once::new();

/// The whole screen of a terminal.
pub(super) struct Screen(Terminal<CrosstermBackend<Stdout>>);

impl Screen {
    pub(super) fn open() -> io::Result<Self> {
        HOOK.call_once(|| {
            let before = panic::take_hook();
            panic::set_hook(Box::new(move |info| {
                restore();
                before(info);
            }));
        });
        let opened = enter();
        if opened.is_err() {
            restore();
        }
        opened.map(Self)
    }

    /// Shows the view again after [`restore`].
    pub(super) fn open_again(&mut self) {
        // A terminal that is gone shows nothing; the run goes on.
        if let Ok(terminal) = enter() {
            self.0 = terminal;
        }
    }

    pub(super) fn draw(&mut self, state: &State, now: Duration) {
        // The same holds here.
        drop(self.0.draw(|frame| render(frame, state, now)));
    }
}

/// An empty screen, beside the lines of the terminal.
fn enter() -> io::Result<Terminal<CrosstermBackend<Stdout>>> {
    OPEN.store(true, Ordering::SeqCst);
    enable_raw_mode()?;
    execute!(stdout(), EnterAlternateScreen, Clear(ClearType::All))?;
    Terminal::new(CrosstermBackend::new(stdout()))
}

/// Whether the terminal shows the view.
pub(super) fn is_open() -> bool {
    OPEN.load(Ordering::SeqCst)
}

/// Restores the terminal if it shows the view: its lines, its cursor, and how it handles keys.
pub(in crate::deployment) fn restore() {
    if OPEN.swap(false, Ordering::SeqCst) {
        drop(execute!(stdout(), LeaveAlternateScreen, Show));
        drop(disable_raw_mode());
    }
}
