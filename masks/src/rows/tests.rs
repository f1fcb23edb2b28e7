//! Which conditions are taken, what each means, and what errors say.

use super::*;

fn named(text: &str) -> Vec<String> {
    let found = Condition::parse(text).unwrap_or_else(|message| panic!("{text}: {message}"));
    found.comparisons().into_iter().map(|one| one.path[0].clone()).collect()
}

#[test]
fn conditions_of_the_lake_formation_guide_are_taken() {
    // The examples of "PartiQL support in row filter expressions".
    assert_eq!(named("year > 2010 and country != 'US'"), ["year", "country"]);
    assert_eq!(
        named("(year > 2010 and country = 'US') or (month < 8 and id > 23)"),
        ["year", "country", "month", "id"]
    );
    assert_eq!(named("(country between 'Z' and 'U') and (year = 2018)"), ["country", "year"]);
    assert_eq!(named("(country like '%ited%') and (year > 2000)"), ["country", "year"]);
    assert_eq!(named("year > 2010 and customer.customerId <> 1"), ["year", "customer"]);
    assert_eq!(named("\"first\" = 'a'"), ["first"]);
    // Its operators: =, >, <, >=, <=, <>, !=, BETWEEN, IN, LIKE, NOT, IS [NOT] NULL.
    for operator in ["= 1", "> -1", "< 1.5", ">= 1e3", "<= +1", "<> 1", "!= true", "IS NULL"] {
        assert_eq!(named(&format!("a {operator}")), ["a"], "{operator}");
    }
    for operator in ["IN (1, 2)", "NOT IN ('x')", "IS NOT NULL", "NOT LIKE 'it''s'"] {
        assert_eq!(named(&format!("NOT a {operator}")), ["a"], "{operator}");
    }
}

#[test]
fn what_lake_formation_cannot_read_is_refused() {
    for bad in [
        "",
        "region",
        "region =",
        "= 'EU'",
        "region = 'EU",
        "region = EU",
        "region = \"EU\"",
        "'EU' = region",
        "region == 'EU'",
        "(region = 'EU'",
        "region = 'EU')",
        "region = 'EU' AND",
        "region = 'EU' amount > 1",
        "lower(region) = 'eu'",
        "amount > (SELECT 1)",
        "amount + 1 > 2",
        "a = 1; b = 2",
        "a IN ()",
        "a IN 1",
        "a BETWEEN 1",
        "a IS 1",
        "a NOT = 1",
        "first = 'a'",
        "true",
        "a = 1 -- all",
        "a = 1.2.3",
        "a LIKE 5",
    ] {
        assert!(Condition::parse(bad).is_err(), "{bad}");
    }
    assert!(Condition::parse(&"(".repeat(2_000)).is_err());
    assert!(Condition::parse(&"NOT ".repeat(500)).is_err());
}

/// What `lakewright check` printed of shares with such conditions.
#[test]
fn an_error_says_what_was_expected_and_what_stands_there() {
    let deep = format!("{}a = 1", "NOT ".repeat(66));
    let operators = "expected `=`, `<>`, `<`, `>`, `<=`, `>=`, `BETWEEN`, `IN`, `LIKE` or `IS`";
    let column = "expected a column, got";
    let constants = "columns are compared with numbers, `true`, `false` and texts in single quotes";
    for (text, message) in [
        ("a = 1; b = 2", "`;` means nothing here".to_owned()),
        ("a = 'x", "a ' is not closed".to_owned()),
        ("(a = 1", "expected `)`, got nothing more".to_owned()),
        ("a = 1)", "expected `AND`, `OR` or the end, got `)`".to_owned()),
        ("a = 1 b = 2", "expected `AND`, `OR` or the end, got `b`".to_owned()),
        ("a IN 1", "expected `(`, got a number".to_owned()),
        ("a BETWEEN 1", "expected `AND`, got nothing more".to_owned()),
        ("a IS 1", "expected `NULL`, got a number".to_owned()),
        ("a 'x'", format!("{operators}, got a text")),
        ("a \"b\"", format!("{operators}, got `\"b\"`")),
        (
            "first = 'a'",
            format!("{column} the keyword `first`; a column of that name is written `\"first\"`"),
        ),
        (
            "'EU' = a",
            format!("{column} a text; names of columns stand without quotes or in double ones"),
        ),
        ("1 = a", format!("{column} a number")),
        ("a = b", format!("expected a constant, got `b`: {constants}")),
        ("lower(a) = 'x'", "Lake Formation takes no functions in a condition".to_owned()),
        (deep.as_str(), "more than 64 conditions inside of each other".to_owned()),
    ] {
        assert_eq!(
            Condition::parse(text).expect_err("no condition").to_string(),
            message,
            "{text}"
        );
    }
}

#[test]
fn a_condition_keeps_its_structure_and_its_constants() {
    let text = |text: &str| Constant::Text(text.to_owned());
    let number = |text: &str| Constant::Number(text.to_owned());
    let is = |name: &str, operator, constant| {
        Condition::Compare(Comparison {
            path: vec![name.to_owned()],
            test: Test::Is(operator, constant),
        })
    };
    // `AND` binds stronger than `OR`, and `NOT` stronger than both: SQL's precedence, which PartiQL has as well.
    assert_eq!(
        Condition::parse("A = 'it''s' or b <> -1.5 and not c = TRUE"),
        Ok(Condition::Any(vec![
            is("a", Operator::Equal, text("it's")),
            Condition::All(vec![
                is("b", Operator::Unequal, number("-1.5")),
                Condition::Not(Box::new(is("c", Operator::Equal, Constant::Boolean(true)))),
            ]),
        ]))
    );
    let Ok(Condition::Compare(one)) = Condition::parse("a.\"B\" not between 1 and +2e3") else {
        panic!("one comparison");
    };
    assert_eq!(one.path, ["a", "b"]);
    assert_eq!(one.test, Test::Between(Sense::Negated, number("1"), number("2e3")));
    assert_eq!(one.constants(), [ConstantKind::Number, ConstantKind::Number]);
    assert!(!one.is_null());
}
