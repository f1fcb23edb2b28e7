//! `kill -9` of a refresh at random moments, then `--resume`. There are 10 moments, or as many as `FLEET_KILLS` says.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Output;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{Proxy, retag, since, status};
use crate::deploy::{ends_with, lab};
use crate::run::transcript;

/// The same numbers in each run of the test: a linear congruential generator with Knuth's constants for 64 bits (MMIX).
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end.max(1)
    }
}

/// When a run is killed.
#[derive(Debug, Clone, Copy)]
enum Moment {
    /// While it waits for the answer to this request, which the emulator has not got.
    Before(u64),
    /// The same, but the emulator has carried out the request.
    After(u64),
    /// After this time.
    Time(Duration),
}

impl Moment {
    /// A moment of a run that makes this number of requests in this time.
    fn of(random: &mut Random, requests: u64, took: Duration) -> Self {
        match random.below(4) {
            0 => Self::Before(random.below(requests)),
            1 | 2 => Self::After(random.below(requests)),
            _ => {
                let most = u64::try_from(took.as_millis()).unwrap_or_default();
                Self::Time(Duration::from_millis(random.below(most)))
            }
        }
    }

    fn rules(self) -> Value {
        let hold = |fault: &str, request: u64| json!([{ "fault": fault, "after": request, "times": 1, "seconds": 60 }]);
        match self {
            Self::Before(request) => hold("hold-before", request),
            Self::After(request) => hold("hold-after", request),
            Self::Time(_) => json!([]),
        }
    }
}

/// Starts a refresh with a journal, and kills it at a moment. Returns what it printed, and whether it was killed before its
/// end.
fn killed(proxy: &Proxy, mesh: &Path, journal: &str, moment: Moment) -> (Output, bool) {
    proxy.rules(&moment.rules());
    let path = mesh.display().to_string();
    let mut run = proxy.begin(&["refresh", &path, "--journal", journal]);
    let start = Instant::now();
    loop {
        let is_now = match moment {
            Moment::Time(time) => start.elapsed() >= time,
            Moment::Before(_) => !held(proxy).is_empty(),
            // The emulator has carried the request out as soon as its answer's status is known.
            Moment::After(_) => held(proxy).iter().any(|call| !call["status"].is_null()),
        };
        let has_ended = run.try_wait().expect("a state").is_some();
        if is_now || has_ended {
            // Whoever was killed wrote nothing more.
            drop(run.kill());
            let output = run.wait_with_output().expect("an end");
            let is_killed = output.status.code().is_none();
            return (output, is_killed);
        }
        assert!(start.elapsed() < Duration::from_mins(2), "{moment:?}: {:#?}", proxy.counts());
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// The requests without an answer.
fn held(proxy: &Proxy) -> Vec<Value> {
    proxy.log().into_iter().filter(|call| !call["fault"].is_null()).collect()
}

/// Goes on with a killed run; one that was killed before it had a journal begins again.
fn resumed(proxy: &Proxy, mesh: &Path, journal: &str) -> Output {
    let option = if Path::new(journal).exists() { "--resume" } else { "--journal" };
    proxy.rules(&json!([]));
    proxy.refresh(mesh, &[option, journal])
}

#[test]
fn a_killed_refresh_goes_on_and_does_nothing_twice() {
    let kills = std::env::var("FLEET_KILLS").map_or(10, |text| text.parse().expect("a number"));
    let folder = tempfile::tempdir().expect("a folder");
    let mesh = lab(folder.path());
    let proxy = Proxy::with(&mesh);

    // An undisturbed run: which stacks it changes, with how many requests, and how long it takes.
    retag(&mesh, "undisturbed");
    let before = proxy.operations();
    proxy.rules(&json!([]));
    let start = Instant::now();
    ends_with(&proxy.refresh(&mesh, &[]), 0, "0 failed, 0 skipped");
    let took = start.elapsed();
    let requests = u64::try_from(proxy.log().len()).expect("a number");
    let after = proxy.operations();
    let begun = since(&before, &after);
    let kept: BTreeSet<&String> = after.keys().filter(|one| !begun.contains_key(*one)).collect();
    assert!(begun.len() >= 13, "{begun:?}");
    let mut expected = proxy.state("undisturbed");

    let mut random = Random(19);
    let mut killed_runs = 0;
    for number in 0..kills {
        let tag = format!("kill-{number}");
        retag(&mesh, &tag);
        // Some runs create a stack, too.
        let creates = number % 5 == 2;
        if creates {
            let dataset = format!(
                "kind: Dataset\nid: more{number}\nenvironment: science\nteam: TeamA\ntopics: [Science]\nkeywords: [lab]\n"
            );
            fs::write(mesh.join(format!("more-{number}.yaml")), dataset).expect("a file");
        }
        let journal = folder.path().join(format!("{number}.journal")).display().to_string();
        let moment = Moment::of(&mut random, requests, took);
        let before = proxy.operations();
        let (first, is_killed) = killed(&proxy, &mesh, &journal, moment);
        killed_runs += usize::from(is_killed);
        let mut said = format!("kill {number}, {moment:?}\n{}", transcript(&first));
        if is_killed {
            let second = resumed(&proxy, &mesh, &journal);
            said.push_str(&transcript(&second));
            assert_eq!(second.status.code(), Some(0), "{said}");
        } else {
            assert_eq!(first.status.code(), Some(0), "{said}");
        }
        let after = proxy.operations();
        let begun = since(&before, &after);
        for (address, stack) in &after {
            let wanted = usize::from(!kept.contains(address));
            let count = begun.get(address).copied().unwrap_or_default();
            assert_eq!(count, wanted, "{address}: {stack}\n{said}");
            assert!(status(stack).ends_with("E_COMPLETE"), "{address}: {stack}\n{said}");
        }
        // The services are asked now and then, because each look takes seconds.
        if creates {
            expected = proxy.state(&tag);
        } else if number % 5 == 4 || number + 1 == kills {
            assert_eq!(proxy.state(&tag), expected, "{said}");
        }
    }
    assert!(killed_runs * 2 > kills, "most runs were killed before their end: {killed_runs}");
    proxy.has_nothing_to_do(&mesh);
}
