//! The report of a run, for the morning after: Markdown or one HTML file without scripts.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use handlebars::Handlebars;
use lakewright_analysis::words::count;
use lakewright_deployer::driver::{Summary, is_good};
use lakewright_fleet::event::{Event, Rejection};
use lakewright_fleet::journal::Hidden;
use lakewright_fleet::plan::{Action, Plan};
use lakewright_template::StackAddress;
use serde_json::{Value, json};

use super::super::ends::{word, wrong};
use crate::exit::Failure;
use crate::progress::duration;
use crate::show::review::markdown::code;

/// The page's template. Handlebars escapes all values.
const PAGE: &str = include_str!("report.html.hbs");
/// The number of slow stacks in a report.
const SLOWEST: usize = 10;
/// The number of reasons of one stack in a report.
const REASONS: usize = 5;

/// What a run did.
pub(super) struct Night {
    mesh: String,
    run: String,
    /// What no text of the report may hold.
    hidden: Hidden,
    unchanged: usize,
    begun: BTreeMap<StackAddress, Instant>,
    took: BTreeMap<StackAddress, Duration>,
    /// The reasons of failed resources, by stack.
    reasons: BTreeMap<StackAddress, Vec<String>>,
    notes: Vec<String>,
    summary: Summary,
}

impl Night {
    /// A report that never shows the text `secret`.
    pub(super) fn new(mesh: &str, run: &str, plan: &Plan, secret: &str) -> Self {
        Self {
            mesh: mesh.to_owned(),
            run: run.to_owned(),
            hidden: Hidden::new([secret.to_owned()]),
            unchanged: plan.count(Action::Keep),
            begun: BTreeMap::new(),
            took: BTreeMap::new(),
            reasons: BTreeMap::new(),
            notes: Vec::new(),
            summary: Summary::default(),
        }
    }

    pub(super) fn event(&mut self, event: &Event) {
        match event {
            Event::Started { address } => {
                self.begun.insert(address.clone(), Instant::now());
            }
            Event::Finished { address, .. } => {
                if let Some(begun) = self.begun.remove(address) {
                    self.took.insert(address.clone(), begun.elapsed());
                }
            }
            Event::Resource { address, logical_id, kind, status, reason: Some(reason) }
                if status.ends_with("FAILED") =>
            {
                let reason = format!("{logical_id} ({kind}): {reason}");
                self.reasons.entry(address.clone()).or_default().push(reason);
            }
            Event::Rejected { address, rejection } if !rejection.is_warning => {
                let Rejection { logical_id, kind, reason, .. } = rejection;
                let reason = format!("{logical_id} ({kind}): {reason}");
                self.reasons.entry(address.clone()).or_default().push(reason);
            }
            Event::Note { address, text } => self.notes.push(format!("{address}: {text}")),
            Event::Wave { wave, text } => self.notes.push(format!("wave {}: {text}", wave + 1)),
            // The reasons of the first try would stand beside the outcome of the second.
            Event::Again { address } => drop(self.reasons.remove(address)),
            Event::Resource { .. }
            | Event::Rejected { .. }
            | Event::Changes { .. }
            | Event::Uploaded { .. }
            | Event::Skipped { .. } => {}
        }
    }

    pub(super) fn end(&mut self, summary: &Summary) {
        self.summary = summary.clone();
    }

    /// Why stacks are left for a later run, if there are any.
    pub(super) fn stopped(&self) -> Option<String> {
        self.summary.stopped()
    }

    /// Writes the report: HTML if the file's name ends so, else Markdown.
    pub(super) fn write(&self, path: &Path, took: Duration) -> Result<(), Failure> {
        let is_html = path.extension().is_some_and(|end| end.eq_ignore_ascii_case("html"));
        let data = self.data(took);
        let text = if is_html {
            let page = Handlebars::new().render_template(PAGE, &data);
            page.map_err(|error| Failure::unexpected(error.to_string()))?
        } else {
            markdown(&data)
        };
        fs::write(path, self.hidden.strip_all(&text)).map_err(|error| {
            Failure::unexpected(format!("{} cannot be written: {error}", path.display()))
        })
    }

    /// All that both renderings show.
    fn data(&self, took: Duration) -> Value {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for outcome in self.summary.outcomes.values() {
            *counts.entry(word(outcome)).or_default() += 1;
        }
        let failed = self.summary.outcomes.iter().filter(|(_, outcome)| !is_good(outcome));
        let failed: Vec<Value> = failed
            .map(|(address, outcome)| {
                let reasons = self.reasons.get(address).map(Vec::as_slice).unwrap_or_default();
                json!({
                    "stack": address,
                    "outcome": word(outcome),
                    "text": wrong(outcome),
                    "reasons": reasons.iter().take(REASONS).collect::<Vec<_>>(),
                    "more": reasons.len().saturating_sub(REASONS),
                })
            })
            .collect();
        let skipped: Vec<Value> = self
            .summary
            .skipped
            .iter()
            .map(|(address, because)| json!({ "stack": address, "because": because.to_string() }))
            .collect();
        let mut slowest: Vec<(&StackAddress, &Duration)> = self.took.iter().collect();
        slowest.sort_by(|a, b| b.1.cmp(a.1).then(a.0.cmp(b.0)));
        let slowest: Vec<Value> = slowest
            .into_iter()
            .take(SLOWEST)
            .map(|(address, took)| json!({ "stack": address, "took": duration(*took) }))
            .collect();
        json!({
            "mesh": self.mesh,
            "run": self.run,
            "took": duration(took),
            "verdict": verdict(failed.len(), skipped.len()),
            "unchanged": count(self.unchanged, "stack"),
            "counts": counts
                .into_iter()
                .map(|(word, number)| json!({ "word": word, "stacks": count(number, "stack") }))
                .collect::<Vec<_>>(),
            "places": self.places(),
            "failed": failed,
            "skipped": skipped,
            "slowest": slowest,
            "notes": self.notes,
        })
    }

    /// The stacks of each account and region.
    fn places(&self) -> Vec<Value> {
        let mut places: BTreeMap<String, [usize; 3]> = BTreeMap::new();
        for (address, outcome) in &self.summary.outcomes {
            let counts = places.entry(address.place.to_string()).or_default();
            counts[usize::from(!is_good(outcome))] += 1;
        }
        for address in self.summary.skipped.keys() {
            places.entry(address.place.to_string()).or_default()[2] += 1;
        }
        let place = |(place, [done, failed, skipped]): (String, [usize; 3])| json!({ "place": place, "done": done, "failed": failed, "skipped": skipped });
        places.into_iter().map(place).collect()
    }
}

fn verdict(failed: usize, skipped: usize) -> String {
    match (failed, skipped) {
        (0, 0) => "Every stack is up to date.".to_owned(),
        (failed, 0) => format!("{} failed.", count(failed, "stack")),
        (0, skipped) => format!("{} not refreshed.", count(skipped, "stack")),
        (failed, skipped) => {
            format!("{} failed, and {skipped} more not refreshed.", count(failed, "stack"))
        }
    }
}

fn markdown(data: &Value) -> String {
    let text = |value: &Value| value.as_str().map(str::to_owned).unwrap_or_default();
    let list = |name: &str| data[name].as_array().map(Vec::as_slice).unwrap_or_default();
    let mut out = format!(
        "# Refresh of {}\n\n**{}** Run {} took {}. {} unchanged.\n",
        code(&text(&data["mesh"])),
        text(&data["verdict"]),
        code(&text(&data["run"])),
        text(&data["took"]),
        text(&data["unchanged"]),
    );
    for one in list("counts") {
        let _ = write!(out, "\n- {} {}", text(&one["stacks"]), text(&one["word"]));
    }
    if !list("failed").is_empty() {
        out.push_str("\n\n## Failed\n");
    }
    for one in list("failed") {
        let _ = write!(out, "\n- {}: {}", code(&text(&one["stack"])), text(&one["outcome"]));
        if let Some(why) = one["text"].as_str() {
            let _ = write!(out, ", {}", code(why));
        }
        for reason in one["reasons"].as_array().into_iter().flatten() {
            let _ = write!(out, "\n  - {}", code(&text(reason)));
        }
        if let Some(more) = one["more"].as_u64().filter(|more| *more > 0) {
            let _ = write!(out, "\n  - and {more} more");
        }
    }
    if !list("skipped").is_empty() {
        out.push_str("\n\n## Not refreshed\n");
    }
    for one in list("skipped") {
        let (stack, because) = (code(&text(&one["stack"])), code(&text(&one["because"])));
        let _ = write!(out, "\n- {stack}: {because}");
    }
    if !list("places").is_empty() {
        out.push_str("\n\n## Accounts and regions\n\n| account and region | done | failed | not refreshed |\n| --- | ---: | ---: | ---: |");
    }
    for one in list("places") {
        let (place, done) = (code(&text(&one["place"])), &one["done"]);
        let _ = write!(out, "\n| {place} | {done} | {} | {} |", one["failed"], one["skipped"]);
    }
    if !list("slowest").is_empty() {
        out.push_str("\n\n## Slowest\n");
    }
    for one in list("slowest") {
        let _ = write!(out, "\n- {} {}", code(&text(&one["stack"])), text(&one["took"]));
    }
    if !list("notes").is_empty() {
        out.push_str("\n\n## Notes\n");
    }
    for note in list("notes") {
        let _ = write!(out, "\n- {}", code(&text(note)));
    }
    out.push('\n');
    out
}

#[cfg(test)]
mod tests {
    use lakewright_fleet::machine::Outcome;

    use lakewright_fleet::schedule::Because;

    use super::*;

    fn night() -> Night {
        let at = |name: &str| {
            StackAddress::parse(&format!("111111111111/eu-west-1/{name}")).expect("an address")
        };
        let mut night = Night::new("acme", "r1", &Plan::default(), "secret");
        night.event(&Event::Resource {
            address: at("a"),
            logical_id: "Bucket".to_owned(),
            kind: "AWS::S3::Bucket".to_owned(),
            status: "UPDATE_FAILED".to_owned(),
            reason: Some("<script>alert(1)</script> | `x`".to_owned()),
        });
        let outcomes = [(at("a"), Outcome::RolledBack), (at("b"), Outcome::Updated)];
        let skipped = [(at("c"), Because::Stack(at("a")))];
        night.end(&Summary { outcomes: outcomes.into(), skipped: skipped.into() });
        night
    }

    #[test]
    fn what_failed_comes_first_with_its_reasons() {
        let text = markdown(&night().data(Duration::from_secs(90)));
        assert!(text.contains("**1 stack failed, and 1 more not refreshed.**"), "{text}");
        assert!(text.contains("- `111111111111/eu-west-1/a`: "), "{text}");
        assert!(
            text.contains("- `111111111111/eu-west-1/c`: `111111111111/eu-west-1/a`"),
            "{text}"
        );
        assert!(text.contains("| `111111111111/eu-west-1` | 1 | 1 | 1 |"), "{text}");
    }

    /// What AWS answers is text, in both formats: in Markdown a code span ends only at as many backticks as it began with.
    #[test]
    fn reasons_are_no_markup() {
        let data = night().data(Duration::from_secs(90));
        let text = markdown(&data);
        assert!(
            text.contains("`` Bucket (AWS::S3::Bucket): <script>alert(1)</script> | `x` ``"),
            "{text}"
        );
        let page = Handlebars::new().render_template(PAGE, &data).expect("a page");
        assert!(!page.contains("<script"), "{page}");
        assert!(page.contains("&lt;script&gt;"), "{page}");
    }
}
