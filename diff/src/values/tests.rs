use lakewright_access::action::Action;
use lakewright_access::request::{Context, Principal, Request};
use lakewright_access::world::World;

use super::*;

const KEY: &str = "test:key";

fn condition((operator, values): (&str, &[&str])) -> Condition {
    Condition::new(operator, KEY, values.iter().map(|value| (*value).to_owned()).collect())
}

/// Whether a request with this value fulfils the condition; `None` if that is unknown.
fn holds(condition: &Condition, candidate: Option<&Vec<String>>) -> Option<bool> {
    let context = match candidate {
        Some(values) => Context::new().with(KEY, values.iter().cloned()),
        None => Context::new(),
    };
    let principal = Principal::Anonymous;
    let request = Request {
        principal: &principal,
        action: Action::new("test:Test"),
        resource: "*",
        context: &context,
    };
    let world = World::default();
    match (world.fulfils(&request, [condition]), world.may_fulfil(&request, [condition])) {
        (true, _) => Some(true),
        (false, true) => None,
        (false, false) => Some(false),
    }
}

/// How the requests that fulfil the first condition compare with those that fulfil the second: fewer (`<`), more (`>`),
/// the same (`=`), or some of each only (`!`).
fn relation(one: &Condition, other: &Condition) -> &'static str {
    let found = candidates(&Machines::default(), KEY, &[one, other]).expect("few values");
    assert!(!found.is_open, "{one:?} {other:?}");
    assert!(found.values.len() <= MOST);
    let differs = |yes: &Condition, no: &Condition| {
        found.values.iter().any(|value| {
            holds(yes, value.as_ref()) == Some(true) && holds(no, value.as_ref()) == Some(false)
        })
    };
    match (differs(one, other), differs(other, one)) {
        (true, true) => "!",
        (true, false) => ">",
        (false, true) => "<",
        (false, false) => "=",
    }
}

type Side = (&'static str, &'static [&'static str]);

/// Checks each pair of conditions, in both directions.
fn check(rows: &[(Side, &str, Side)]) {
    for (one, expected, other) in rows {
        let (first, second) = (condition(*one), condition(*other));
        assert_eq!(relation(&first, &second), *expected, "{one:?} {other:?}");
        let reverse = match *expected {
            "<" => ">",
            ">" => "<",
            same => same,
        };
        assert_eq!(relation(&second, &first), reverse, "{other:?} {one:?}");
    }
}

/// Source of this and the other tables: "IAM JSON policy elements: Condition operators".
#[test]
fn conditions_on_strings_are_told_apart() {
    check(&[
        (("StringEquals", &["a"]), "<", ("StringEquals", &["a", "b"])),
        (("StringEquals", &["a", "b"]), "=", ("StringEquals", &["b", "a"])),
        (("StringEquals", &["a"]), "!", ("StringEquals", &["b"])),
        (("StringEquals", &["a"]), "<", ("StringLike", &["a*"])),
        // `StringEquals` has no wildcards.
        (("StringEquals", &["a*"]), "<", ("StringLike", &["a*"])),
        (("StringEquals", &["a"]), "=", ("StringLike", &["a"])),
        (("StringLike", &["a*"]), "<", ("StringLike", &["*"])),
        (("StringLike", &["a*"]), ">", ("StringLike", &["a?*"])),
        (("StringLike", &["a*"]), "!", ("StringLike", &["*b"])),
        (("StringLike", &["*?"]), "=", ("StringLike", &["?*"])),
        (("StringLike", &["A*"]), "!", ("StringLike", &["a*"])),
        (("StringLike", &["${*}"]), "=", ("StringEquals", &["*"])),
        (("StringLike", &["team-*"]), "<", ("StringNotLike", &["other-*"])),
        (("StringLike", &["*"]), "=", ("Null", &["false"])),
        (("StringNotEquals", &["a"]), ">", ("StringNotEquals", &["a", "b"])),
        // A negated operator holds without the key.
        (("StringNotEquals", &["a"]), "=", ("StringNotEqualsIfExists", &["a"])),
        (("StringEquals", &["a"]), "<", ("StringEqualsIfExists", &["a"])),
        (("StringEqualsIgnoreCase", &["Team"]), ">", ("StringEquals", &["Team"])),
        (("StringEqualsIgnoreCase", &["team"]), "=", ("StringEqualsIgnoreCase", &["TEAM"])),
        (("StringNotEqualsIgnoreCase", &["a"]), "<", ("StringNotEquals", &["a"])),
        (("BinaryEquals", &["QQ=="]), "<", ("BinaryEquals", &["QQ==", "Qg=="])),
        (("Null", &["true"]), "!", ("Null", &["false"])),
        (("Null", &["true"]), "<", ("StringEqualsIfExists", &["a"])),
        (("Null", &["false"]), ">", ("StringEquals", &["a"])),
    ]);
}

/// Each of the six components of an ARN is checked separately.
#[test]
fn conditions_on_arns_are_told_apart() {
    const ROLE: &str = "arn:aws:iam::111122223333:role/a";
    const ROLES: &str = "arn:aws:iam::111122223333:role/*";
    const EVERYWHERE: &str = "arn:aws:iam::*:role/*";
    check(&[
        (("ArnLike", &[ROLES]), "<", ("ArnLike", &[EVERYWHERE])),
        (("ArnEquals", &[ROLES]), "=", ("ArnLike", &[ROLES])),
        (("ArnLike", &["arn:aws:s3:::b/*"]), "=", ("StringLike", &["arn:aws:s3:::b/*"])),
        (("ArnLike", &["arn:aws:iam::*:role/a"]), "<", ("StringLike", &["arn:aws:iam::*:role/a"])),
        (
            ("ArnLike", &["arn:aws:sns:*:111122223333:t"]),
            "!",
            ("ArnLike", &["arn:aws:sns:eu-west-1:*:t"]),
        ),
        (("ArnNotLike", &[ROLE]), ">", ("ArnNotLike", &[ROLES])),
        (("ArnNotEquals", &[ROLE]), "!", ("ArnLike", &[ROLES])),
        (("ArnLikeIfExists", &[ROLE]), ">", ("ArnLike", &[ROLE])),
        (("ArnLike", &[ROLE]), "=", ("StringEquals", &[ROLE])),
    ]);
}

#[test]
fn conditions_on_numbers_and_dates_are_told_apart() {
    check(&[
        (("NumericLessThan", &["10"]), "<", ("NumericLessThanEquals", &["10"])),
        (("NumericLessThan", &["10"]), "<", ("NumericLessThan", &["20"])),
        (("NumericLessThan", &["10", "20"]), "=", ("NumericLessThan", &["20"])),
        (("NumericGreaterThan", &["10"]), "!", ("NumericLessThan", &["20"])),
        (("NumericEquals", &["10"]), "=", ("NumericEquals", &["10.0"])),
        (("NumericNotEquals", &["10"]), ">", ("NumericGreaterThan", &["10"])),
        (("NumericGreaterThanEquals", &["5"]), ">", ("NumericEquals", &["5"])),
        (("NumericLessThanIfExists", &["5"]), ">", ("NumericLessThan", &["5"])),
        (
            ("DateLessThan", &["2026-06-30T00:00:00Z"]),
            "<",
            ("DateLessThan", &["2026-07-01T00:00:00Z"]),
        ),
        (("DateGreaterThan", &["2026-06-30"]), "<", ("DateGreaterThanEquals", &["2026-06-30"])),
        // The same moment in epoch seconds.
        (("DateLessThan", &["2026-06-30T00:00:00Z"]), "=", ("DateLessThan", &["1782777600"])),
        (("DateLessThan", &["2026-01-01"]), "!", ("DateGreaterThan", &["2027-01-01"])),
        (("DateNotEquals", &["2026-01-01"]), ">", ("DateLessThan", &["2026-01-01"])),
    ]);
}

#[test]
fn conditions_on_addresses_and_booleans_are_told_apart() {
    check(&[
        (("IpAddress", &["10.0.0.0/16"]), "<", ("IpAddress", &["10.0.0.0/8"])),
        (("IpAddress", &["10.0.0.0/9", "10.128.0.0/9"]), "=", ("IpAddress", &["10.0.0.0/8"])),
        (("IpAddress", &["10.0.0.0/8"]), "!", ("IpAddress", &["192.168.0.0/16"])),
        (("IpAddress", &["203.0.113.7"]), "=", ("IpAddress", &["203.0.113.7/32"])),
        (("IpAddress", &["2001:db8::/32"]), ">", ("IpAddress", &["2001:db8::/48"])),
        // The whole of IPv4 is not all of the internet.
        (("IpAddress", &["0.0.0.0/0"]), "<", ("Null", &["false"])),
        (("IpAddress", &["0.0.0.0/0", "::/0"]), "=", ("Null", &["false"])),
        (("NotIpAddress", &["10.0.0.0/16"]), ">", ("NotIpAddress", &["10.0.0.0/8"])),
        (("NotIpAddress", &["10.0.0.0/8"]), ">", ("IpAddress", &["192.168.0.0/16"])),
        (("Bool", &["true"]), "!", ("Bool", &["false"])),
        (("Bool", &["true"]), "<", ("BoolIfExists", &["true"])),
        (("Bool", &["true", "false"]), "=", ("Null", &["false"])),
    ]);
}

/// Source: "Set operators for multivalued context keys".
#[test]
fn conditions_on_sets_are_told_apart() {
    check(&[
        (("ForAllValues:StringEquals", &["a"]), "<", ("ForAllValues:StringEquals", &["a", "b"])),
        (("ForAnyValue:StringEquals", &["a"]), "<", ("ForAnyValue:StringEquals", &["a", "b"])),
        (("ForAnyValue:StringEquals", &["a"]), "<", ("ForAnyValue:StringLike", &["a*"])),
        // Without the key only the first holds, with `a` and `b` only the second.
        (("ForAllValues:StringEquals", &["a"]), "!", ("ForAnyValue:StringEquals", &["a"])),
        (("ForAllValues:StringLike", &["*"]), ">", ("ForAnyValue:StringLike", &["*"])),
        (("ForAnyValue:StringNotEquals", &["a"]), "!", ("ForAllValues:StringNotEquals", &["a"])),
        (("ForAllValues:StringEquals", &["a"]), "=", ("ForAllValues:StringEqualsIfExists", &["a"])),
    ]);
}

/// Three conditions of one statement can each need a value of their own.
#[test]
fn a_set_has_a_value_for_each_condition() {
    let conditions = ["a", "b", "c"];
    let conditions = conditions.map(|value| condition(("ForAnyValue:StringEquals", &[value])));
    let found = candidates(&Machines::default(), KEY, &conditions.each_ref()).expect("few values");
    let holds_all = |value: &Option<Vec<String>>| {
        conditions.iter().all(|one| holds(one, value.as_ref()) == Some(true))
    };
    assert_eq!(found.values.iter().filter(|value| holds_all(value)).count(), 1);
}

#[test]
fn what_cannot_be_told_is_open() {
    for (one, expected) in [
        (("StringEquals", &["${aws:username}"][..]), true),
        (("StringLike", &["home/${*}/*"][..]), false),
        (("StringEquals", &[UNKNOWN][..]), true),
        (("NumericLessThan", &["many"][..]), true),
        (("DateLessThan", &["tomorrow"][..]), true),
        (("IpAddress", &["10.0.0.0/33"][..]), true),
        (("Bool", &["yes"][..]), true),
        (("Null", &[UNKNOWN][..]), true),
        (("StringEqualsIgnoreCase", &["straße"][..]), true),
        (("StringSounds", &["a"][..]), true),
        (("StringEquals", &["a"][..]), false),
    ] {
        let condition = condition(one);
        let found = candidates(&Machines::default(), KEY, &[&condition]).expect("few values");
        assert_eq!(found.is_open, expected, "{one:?}");
        assert!(found.values.contains(&None), "{one:?}");
    }
    let (text, number) =
        (condition(("StringLike", &["1*"])), condition(("NumericLessThan", &["5"])));
    assert!(candidates(&Machines::default(), KEY, &[&text, &number]).expect("few values").is_open);
    let others = candidates(&Machines::default(), "test:other", &[&text]).expect("few values");
    assert_eq!(others.values, [None, Some(vec!["x".to_owned()])]);
}

#[test]
fn too_many_values_are_a_limit() {
    let values: Vec<String> = (0..70).map(|index| index.to_string()).collect();
    let many = Condition::new("StringEquals", KEY, values);
    assert_eq!(candidates(&Machines::default(), KEY, &[&many]), Err(Limit::TooManyAtoms));
}

#[test]
fn values_are_readable() {
    for (one, expected) in [
        (("StringLike", &["team-*"][..]), &["x", "team-x"][..]),
        (("NumericLessThan", &["10"][..]), &["9", "10", "11"][..]),
        (
            ("DateLessThan", &["2024-02-29T00:00:00Z"][..]),
            &["2024-02-28T23:59:59Z", "2024-02-29T00:00:00Z", "2024-02-29T00:00:01Z"][..],
        ),
        (
            ("IpAddress", &["10.0.0.0/8"][..]),
            &["9.255.255.255", "10.0.0.0", "11.0.0.0", "192.0.2.1", "2001:db8::1"][..],
        ),
        (("Bool", &["true"][..]), &["true", "false"][..]),
        (("ArnLike", &["arn:aws:s3:::b"][..]), &["arn:aws:x:x:x:x", "arn:aws:s3:::b"][..]),
    ] {
        let condition = condition(one);
        let found =
            candidates(&Machines::default(), KEY, &[&condition]).expect("few values").values;
        let mut texts: Vec<String> = found.into_iter().flatten().flatten().collect();
        let mut expected: Vec<String> = expected.iter().map(|text| (*text).to_owned()).collect();
        texts.sort();
        expected.sort();
        assert_eq!(texts, expected, "{one:?}");
    }
}
