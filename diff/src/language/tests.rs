use lakewright_access::action::Action;
use lakewright_access::document::Condition;
use lakewright_access::pattern;
use lakewright_access::request::{Context, Principal, Request};
use lakewright_access::world::World;
use proptest::prelude::*;

use super::*;

fn atoms(within: &str, patterns: &[&str]) -> Result<Vec<Atom>, Limit> {
    atoms_by(Syntax::Like, within, patterns)
}

fn atoms_of_arns(within: &str, patterns: &[&str]) -> Result<Vec<Atom>, Limit> {
    atoms_by(Syntax::Arn, within, patterns)
}

fn atoms_by(syntax: Syntax, within: &str, patterns: &[&str]) -> Result<Vec<Atom>, Limit> {
    let Some(within) = Pattern::of(within, syntax) else { return Ok(Vec::new()) };
    let read: Vec<_> = patterns.iter().map(|pattern| Pattern::of(pattern, syntax)).collect();
    let known: Vec<_> = read.iter().flatten().cloned().collect();
    let atoms = regions(&Machines::default(), &within, &known)?.into_iter().map(|atom| {
        let mut bits = atom.matched.into_iter();
        // A pattern that matches no text has no bit among the known ones.
        let matched = read.iter().map(|one| one.is_some() && bits.next().unwrap_or(false));
        Atom { witness: atom.witness, matched: matched.collect() }
    });
    Ok(atoms.collect())
}

/// Each region as its witness, with a `1` for each pattern that matches.
fn shown(atoms: Result<Vec<Atom>, Limit>) -> Vec<(String, String)> {
    let atoms = atoms.expect("few regions").into_iter().map(|atom| {
        let bits = atom.matched.iter().map(|is| if *is { '1' } else { '0' });
        (bits.collect(), atom.witness)
    });
    let mut atoms: Vec<_> = atoms.collect();
    atoms.sort();
    atoms
}

#[test]
fn regions_have_short_witnesses_that_fill_each_wildcard() {
    type Case<'c> = (&'c str, &'c [&'c str], &'c [(&'c str, &'c str)]);
    let cases: [Case<'_>; 10] = [
        ("arn:aws:s3:::b/*", &[], &[("", "arn:aws:s3:::b/x")]),
        (
            "arn:aws:s3:::b/*",
            &["arn:aws:s3:::*", "arn:aws:s3:::c/*"],
            &[("10", "arn:aws:s3:::b/x")],
        ),
        (
            "arn:aws:s3:::b/*",
            &["arn:aws:s3:::b/in/*"],
            &[("0", "arn:aws:s3:::b/x"), ("1", "arn:aws:s3:::b/in/x")],
        ),
        ("arn:aws:s3:::b", &["arn:aws:s3:::b*", "arn:aws:s3:::b/*"], &[("10", "arn:aws:s3:::b")]),
        ("*", &["a*", "*b"], &[("00", "x"), ("01", "xb"), ("10", "ax"), ("11", "ab")]),
        // The text without further characters is a region of its own.
        ("*", &["a*", "a?*"], &[("00", "x"), ("10", "a"), ("11", "axx")]),
        ("b/*", &["b/?*"], &[("0", "b/"), ("1", "b/xx")]),
        // Characters that patterns contain do not stand for all others.
        ("?", &["x", "y"], &[("00", "z"), ("01", "y"), ("10", "x")]),
        ("*", &["${aws:username}"], &[("0", "x"), ("1", "${aws:username}")]),
        ("é*", &["é", "*é"], &[("00", "éx"), ("01", "éé"), ("11", "é")]),
    ];
    for (within, patterns, expected) in cases {
        let expected: Vec<_> =
            expected.iter().map(|(bits, text)| ((*bits).to_owned(), (*text).to_owned())).collect();
        assert_eq!(shown(atoms(within, patterns)), expected, "{within} {patterns:?}");
    }
}

/// Source: "Amazon Resource Name (ARN) condition operators" in "IAM JSON policy elements: Condition operators": each of
/// the six components is checked separately.
#[test]
fn wildcards_in_conditions_on_arns_stay_in_their_field() {
    let account = "arn:aws:iam::111122223333:role/r";
    let any = "arn:aws:iam::*:role/r";
    let found = shown(atoms_of_arns(any, &[account, "arn:aws:*:role/r", "*"]));
    let owned = |bits: &str, text: &str| (bits.to_owned(), text.to_owned());
    assert_eq!(found, [owned("001", "arn:aws:iam::x:role/r"), owned("101", account)]);
    assert_eq!(atoms_of_arns("arn:aws:iam", &["*"]), Ok(Vec::new()));
}

#[test]
fn what_takes_too_long_is_a_limit() {
    // Where the last `a` is among twenty characters takes a state for each set of positions.
    let hard = format!("*a{}", "?".repeat(20));
    assert_eq!(atoms(&hard, &["*b?"]), Err(Limit::TooManyStates));
    let letters: Vec<String> = ('a'..='j').map(|letter| format!("*{letter}*")).collect();
    let letters: Vec<&str> = letters.iter().map(String::as_str).collect();
    assert_eq!(atoms("*", &letters), Err(Limit::TooManyAtoms));
}

/// The texts of at most this many pieces.
fn texts(pieces: &[&str], longest: usize) -> Vec<String> {
    let mut all = vec![String::new()];
    let mut last = all.clone();
    for _ in 0..longest {
        last = last
            .iter()
            .flat_map(|text| pieces.iter().map(move |piece| format!("{text}{piece}")))
            .collect();
        all.extend(last.iter().cloned());
    }
    all
}

/// Checks the regions of `within` with a matcher and all short texts.
fn check(
    atoms: &[Atom],
    within: &str,
    patterns: &[&str],
    texts: &[String],
    matches: impl Fn(&str, &str) -> bool,
) {
    let bits_of =
        |text: &str| patterns.iter().map(|pattern| matches(pattern, text)).collect::<Vec<_>>();
    let regions: BTreeSet<_> = atoms.iter().map(|atom| atom.matched.clone()).collect();
    assert_eq!(regions.len(), atoms.len(), "each region once");
    for Atom { witness, matched } in atoms {
        assert!(matches(within, witness), "{witness:?} of {within}");
        assert_eq!(&bits_of(witness), matched, "{witness:?} of {within} by {patterns:?}");
    }
    for text in texts.iter().filter(|text| matches(within, text)) {
        assert!(regions.contains(&bits_of(text)), "{text:?} of {within} by {patterns:?}");
    }
}

fn arn_matches(pattern: &str, text: &str) -> bool {
    let context = Context::new().with("test:arn", [text]);
    let principal = Principal::Anonymous;
    let request = Request {
        principal: &principal,
        action: Action::new("test:Test"),
        resource: "*",
        context: &context,
    };
    let condition = Condition::new("ArnLike", "test:arn", vec![pattern.to_owned()]);
    World::default().fulfils(&request, [&condition])
}

/// A pattern of an ARN with few different fields.
fn arn() -> impl Strategy<Value = String> {
    let field = || prop_oneof![Just(""), Just("a"), Just("*"), Just("?"), Just("a*")];
    prop_oneof![
        9 => [field(), field(), field(), field(), field(), field()].prop_map(|fields| fields.join(":")),
        1 => Just("*".to_owned()),
        1 => Just("a:*".to_owned()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn each_text_is_in_one_region(
        within in "[ab:/*?]{0,6}",
        patterns in prop::collection::vec("[ab:/*?]{0,6}", 0..4),
    ) {
        let patterns: Vec<&str> = patterns.iter().map(String::as_str).collect();
        let atoms = atoms(&within, &patterns).expect("few regions");
        check(&atoms, &within, &patterns, &texts(&["a", "b", ":", "/"], 5), pattern::matches);
    }

    #[test]
    fn each_arn_is_in_one_region(within in arn(), patterns in prop::collection::vec(arn(), 0..3)) {
        let patterns: Vec<&str> = patterns.iter().map(String::as_str).collect();
        let atoms = atoms_of_arns(&within, &patterns).expect("few regions");
        let mut arns = vec![String::new(), "a".to_owned(), "a:a".to_owned()];
        for index in 0_usize..3 * 64 {
            let field = |bit: usize| if (index >> bit) & 1 == 1 { "a" } else { "" };
            let last = ["", "b", ":a"].get(index / 64).copied().unwrap_or_default();
            let fields: Vec<&str> = (0..5).map(field).collect();
            arns.push(format!("{}:{}{last}", fields.join(":"), field(5)));
        }
        check(&atoms, &within, &patterns, &arns, arn_matches);
    }
}
