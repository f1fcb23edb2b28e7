//! The keys of the view.

use std::time::Duration;

use ratatui::crossterm::event::{Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers, poll, read};

/// The entries that a page key scrolls by.
const PAGE: isize = 10;

/// What a key asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Key {
    /// Scroll by this many entries.
    Move(isize),
    /// Show the pane that is this many panes further.
    Pane(isize),
    /// Start no further stack, or go on.
    Pause,
    /// Try the stacks that failed once more.
    Retry,
    /// Set a waiting stack aside.
    SetAside,
    /// Stop the run. The text is the key's name.
    Stop(&'static str),
    /// Nothing.
    Other,
}

/// The next key that was pressed. Does not wait for one.
pub(super) fn next() -> Option<Key> {
    if !poll(Duration::ZERO).ok()? {
        return None;
    }
    let Event::Key(key) = read().ok()? else { return Some(Key::Other) };
    Some(of(key))
}

fn of(key: KeyEvent) -> Key {
    // Some terminals report also that a key is released.
    if key.kind == KeyEventKind::Release {
        return Key::Other;
    }
    match key.code {
        // In raw mode, the terminal makes no signal of it.
        KeyCode::Char('c') if key.modifiers.contains(KeyModifiers::CONTROL) => Key::Stop("Ctrl-C"),
        KeyCode::Char('q') => Key::Stop("`q`"),
        KeyCode::Char('p') => Key::Pause,
        KeyCode::Char('r') => Key::Retry,
        KeyCode::Char('x') => Key::SetAside,
        KeyCode::Up => Key::Move(-1),
        KeyCode::Down => Key::Move(1),
        KeyCode::PageUp => Key::Move(-PAGE),
        KeyCode::PageDown => Key::Move(PAGE),
        KeyCode::Tab | KeyCode::Right => Key::Pane(1),
        KeyCode::BackTab | KeyCode::Left => Key::Pane(-1),
        _ => Key::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_key_has_its_meaning() {
        let plain = |code| of(KeyEvent::new(code, KeyModifiers::NONE));
        assert_eq!(plain(KeyCode::Char('q')), Key::Stop("`q`"));
        assert_eq!(plain(KeyCode::Char('c')), Key::Other);
        assert_eq!(plain(KeyCode::Char('p')), Key::Pause);
        assert_eq!(plain(KeyCode::Char('r')), Key::Retry);
        assert_eq!(plain(KeyCode::Char('x')), Key::SetAside);
        assert_eq!(plain(KeyCode::Up), Key::Move(-1));
        assert_eq!(plain(KeyCode::PageDown), Key::Move(PAGE));
        assert_eq!(plain(KeyCode::BackTab), Key::Pane(-1));
        let control = KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL);
        assert_eq!(of(control), Key::Stop("Ctrl-C"));
        let released =
            KeyEvent::new_with_kind(KeyCode::Char('q'), KeyModifiers::NONE, KeyEventKind::Release);
        assert_eq!(of(released), Key::Other);
    }
}
