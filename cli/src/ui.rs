//! The streams: data on standard output, everything else on standard error.

use std::borrow::Cow;
use std::io::{self, IsTerminal as _, Write as _};
use std::path::Path;
use std::time::Instant;

use lakewright_analysis::ReadError;
use lakewright_analysis::mesh::{Loaded, load};
use lakewright_analysis::words::count;
use lakewright_manifest::render::{self, Style};
use lakewright_manifest::{Report, Severity, SourceFile};
use serde_json::Value;

use crate::arguments::{Colour, Format, Output};
use crate::progress::{Progress, seconds};
use crate::width::{LEAST, error_width, output_width, push_wrapped, reflowed, within};

/// Where commands write.
#[derive(Debug)]
pub(crate) struct Ui {
    format: Format,
    style: Style,
    /// The style of data for people, on standard output.
    data_style: Style,
    is_quiet: bool,
    is_verbose: bool,
    begun: Instant,
    shows_progress: bool,
    /// The maximum width of notes in characters, if standard error has a width.
    width: Option<usize>,
    /// Why data could not be written.
    lost: Option<String>,
    /// A text that is never shown, such as the external id of the deploy roles; empty for none.
    secret: String,
}

/// What stands in the place of a secret.
pub(crate) const HIDDEN: &str = "(hidden)";

impl Ui {
    pub(crate) fn new(output: &Output) -> Self {
        let on_terminal = io::stderr().is_terminal();
        let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let style = |on_terminal: bool| match output.color {
            Colour::Always => Style::Colour,
            Colour::Auto if on_terminal && !no_color => Style::Colour,
            Colour::Auto | Colour::Never => Style::Plain,
        };
        Self {
            format: output.format,
            style: style(on_terminal),
            data_style: style(io::stdout().is_terminal()),
            is_quiet: output.quiet,
            is_verbose: output.verbose,
            begun: Instant::now(),
            shows_progress: on_terminal && !output.quiet && output.format == Format::Human,
            width: error_width(),
            lost: None,
            secret: String::new(),
        }
    }

    /// Shows this text nowhere from now on: a log of a pipeline has many readers.
    pub(crate) fn hide(&mut self, secret: &str) {
        secret.clone_into(&mut self.secret);
    }

    /// The text that is never shown; empty for none.
    pub(crate) fn secret(&self) -> &str {
        &self.secret
    }

    fn shown<'t>(&self, text: &'t str) -> Cow<'t, str> {
        if self.secret.is_empty() || !text.contains(&self.secret) {
            return Cow::Borrowed(text);
        }
        Cow::Owned(text.replace(&self.secret, HIDDEN))
    }

    pub(crate) fn format(&self) -> Format {
        self.format
    }

    pub(crate) fn is_json(&self) -> bool {
        self.format == Format::Json
    }

    /// The style of data for people: without colours unless standard output is a terminal, or `--color` asks for them.
    pub(crate) fn data_style(&self) -> Style {
        self.data_style
    }

    /// The style of notes, on standard error.
    pub(crate) fn note_style(&self) -> Style {
        self.style
    }

    /// Whether somebody watches progress on a terminal.
    pub(crate) fn shows_progress(&self) -> bool {
        self.shows_progress
    }

    /// The display of progress, which draws only if somebody watches a terminal.
    pub(crate) fn progress(&self) -> Progress {
        Progress::new(self.shows_progress, self.is_verbose)
    }

    /// Reads a mesh. With `--verbose`, says how much was read.
    pub(crate) fn load(&mut self, path: &Path) -> Result<Loaded, ReadError> {
        let begun = Instant::now();
        let loaded = load(path)?;
        if self.is_verbose {
            let files = count(loaded.sources.len(), "file");
            let bytes: usize = loaded.sources.iter().map(|one| one.text.len()).sum();
            let (path, took) = (path.display(), seconds(begun.elapsed()));
            self.note(&format!("read {files} of {path} with {bytes} bytes in {took}"));
        }
        Ok(loaded)
    }

    /// With `--verbose`, says how long the command took.
    pub(crate) fn end(&mut self) {
        if self.is_verbose {
            let text = format!("took {} in all", seconds(self.begun.elapsed()));
            self.note(&text);
        }
    }

    /// Writes data. A reader that closed the pipe is no error; a full disk is one, which
    /// [`Self::lost`] returns at the end of the command.
    pub(crate) fn data(&mut self, text: &str) {
        self.pieces(&[text]);
    }

    /// Writes a JSON document over several lines.
    pub(crate) fn document(&mut self, document: Value) {
        self.data(&format!("{:#}\n", sorted(document)));
    }

    /// Writes a JSON document on a line of its own.
    pub(crate) fn line_document(&mut self, document: Value) {
        self.data(&format!("{}\n", sorted(document)));
    }

    /// Writes data in pieces, if it is too large to be joined first.
    pub(crate) fn pieces(&mut self, pieces: &[impl AsRef<str>]) {
        let mut out = io::stdout().lock();
        let mut pieces = pieces.iter().map(|piece| self.shown(piece.as_ref()));
        if let Err(error) =
            pieces.try_for_each(|piece| out.write_all(piece.as_bytes())).and_then(|()| out.flush())
            && error.kind() != io::ErrorKind::BrokenPipe
        {
            self.lost = Some(format!("standard output cannot be written: {error}"));
        }
    }

    /// Why data could not be written, if it could not.
    pub(crate) fn lost(&mut self) -> Option<String> {
        self.lost.take()
    }

    /// Writes a page of documentation, within the width of the output where it has one.
    pub(crate) fn page(&mut self, text: &str) {
        match output_width() {
            Some(width) => self.data(&reflowed(text, width)),
            None => self.data(text),
        }
    }

    /// Writes data that people read as prose, within the width of the output where it has one.
    pub(crate) fn prose(&mut self, text: &str) {
        let text = self.shown(text).into_owned();
        match output_width() {
            Some(width) => self.data(&within(&text, width)),
            None => self.data(&text),
        }
    }

    /// A text wrapped to the width of standard error.
    fn laid_out(&self, text: &str) -> String {
        let text = self.shown(text);
        self.width.map_or_else(|| text.to_string(), |width| within(&text, width))
    }

    /// Prints a note, unless `--quiet` is set.
    pub(crate) fn note(&mut self, text: &str) {
        if self.is_quiet {
            return;
        }
        write_line(&self.laid_out(text));
    }

    /// Prints a text whose lines are laid out already, unless `--quiet` is set.
    pub(crate) fn note_lines(&mut self, text: &str) {
        if !self.is_quiet {
            drop(io::stderr().lock().write_all(self.shown(text).as_bytes()));
        }
    }

    pub(crate) fn error(&mut self, text: &str) {
        self.error_after("", text);
    }

    /// Prints an error behind another text, such as the time.
    pub(crate) fn error_after(&mut self, before: &str, text: &str) {
        let text = self.laid_out(&format!("{before}error: {text}"));
        match self.style {
            Style::Colour => {
                let rest = text.strip_prefix(before).unwrap_or(&text);
                let rest = rest.strip_prefix("error").unwrap_or(rest);
                write_line(&format!("{before}\u{1b}[1m\u{1b}[91merror\u{1b}[0m{rest}"));
            }
            Style::Plain => write_line(&text),
        }
    }

    /// Shows the findings of a mesh: on standard output for programs, on standard error for people.
    pub(crate) fn report(&mut self, report: &Report, sources: &[SourceFile]) {
        if self.is_json() {
            self.document(render::json(report, sources));
            return;
        }
        if report.is_empty() {
            return;
        }
        let text = match self.width {
            Some(width) => render::human(&narrowed(report, width), sources, self.style),
            None => render::human(report, sources, self.style),
        };
        drop(io::stderr().lock().write_all(text.as_bytes()));
        let errors = report.count(Severity::Error);
        let warnings = report.count(Severity::Warning);
        // Errors come before warnings.
        let worst = report.iter().find(|one| one.severity == Severity::Error);
        let worst = worst.or_else(|| report.iter().next());
        let code = worst.map(|one| one.code.as_str()).unwrap_or_default();
        self.note(&format!(
            "{}, {}; `lakewright explain {code}` says more",
            count(errors, "error"),
            count(warnings, "warning")
        ));
    }
}

/// Findings whose sentences are wrapped to a width. The renderer aligns the lines.
fn narrowed(report: &Report, width: usize) -> Report {
    // The width of the margin with the line number and the word `help` before the advice.
    const HELP: usize = 16;
    let narrow = |text: &str, before: usize| -> String {
        let mut out = String::new();
        push_wrapped(&mut out, text, [0, 0], width.saturating_sub(before).max(LEAST));
        out
    };
    let mut narrowed = Report::new();
    for one in report {
        // `warning[code]: `
        let before = one.code.as_str().len() + "warning[]: ".len();
        let mut one = one.clone();
        one.message = narrow(&one.message, before);
        one.help = one.help.map(|help| narrow(&help, HELP));
        narrowed.push(one);
    }
    narrowed
}

fn write_line(text: &str) {
    drop(writeln!(io::stderr().lock(), "{text}"));
}

/// A JSON value whose objects have their keys in order. With Cedar in the program, `serde_json` keeps them in the order in
/// which they were written.
pub(crate) fn sorted(mut value: Value) -> Value {
    value.sort_all_objects();
    value
}
