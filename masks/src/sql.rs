//! Conditions on rows as SQL. The text of a condition is never copied: what is written comes from what was parsed.

use crate::Dialect;
use crate::rows::{Comparison, Condition, Constant, Sense, Test};

/// A condition as an expression over the columns of `table`, an alias.
pub(crate) fn condition(dialect: Dialect, table: &str, condition: &Condition) -> String {
    match condition {
        Condition::All(parts) => together(dialect, table, parts, " AND "),
        Condition::Any(parts) => together(dialect, table, parts, " OR "),
        Condition::Not(part) => format!("(NOT {})", self::condition(dialect, table, part)),
        Condition::Compare(comparison) => compare(dialect, table, comparison),
    }
}

fn together(dialect: Dialect, table: &str, parts: &[Condition], with: &str) -> String {
    let parts: Vec<String> = parts.iter().map(|part| condition(dialect, table, part)).collect();
    format!("({})", parts.join(with))
}

fn compare(dialect: Dialect, table: &str, comparison: &Comparison) -> String {
    let names = comparison.path.iter().map(|name| dialect.identifier(name));
    let column: String =
        std::iter::once(table.to_owned()).chain(names).collect::<Vec<_>>().join(".");
    let value = |one: &Constant| constant(dialect, one);
    match &comparison.test {
        Test::Is(operator, one) => format!("({column} {} {})", operator.as_str(), value(one)),
        Test::Between(sense, low, high) => {
            format!("({column} {}BETWEEN {} AND {})", not(*sense), value(low), value(high))
        }
        Test::In(sense, list) => {
            let list: Vec<String> = list.iter().map(value).collect();
            format!("({column} {}IN ({}))", not(*sense), list.join(", "))
        }
        Test::Like(sense, text) => {
            format!("({column} {}LIKE {})", not(*sense), pattern(dialect, text))
        }
        Test::Null(sense) => format!("({column} IS {}NULL)", not(*sense)),
    }
}

const fn not(sense: Sense) -> &'static str {
    match sense {
        Sense::Plain => "",
        Sense::Negated => "NOT ",
    }
}

/// A pattern of `LIKE`. A backslash is a character like others to Athena; to Spark it takes away the meaning of the next one.
fn pattern(dialect: Dialect, text: &str) -> String {
    match dialect {
        Dialect::Athena => dialect.text(text),
        Dialect::Spark => dialect.text(&text.replace('\\', "\\\\")),
    }
}

fn constant(dialect: Dialect, constant: &Constant) -> String {
    match constant {
        Constant::Boolean(value) => value.to_string(),
        Constant::Text(text) => dialect.text(text),
        Constant::Number(number) => self::number(dialect, number),
    }
}

/// Athena reads a number without a point as a `bigint`, and refuses a larger one; Spark takes it for a decimal.
fn number(dialect: Dialect, number: &str) -> String {
    let is_whole = number.trim_start_matches('-').bytes().all(|byte| byte.is_ascii_digit());
    if dialect == Dialect::Athena && is_whole && number.parse::<i64>().is_err() {
        return format!("DECIMAL '{number}'");
    }
    number.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(dialect: Dialect, text: &str) -> String {
        condition(dialect, "base", &Condition::parse(text).expect("a condition"))
    }

    #[test]
    fn every_form_is_written_in_both_dialects() {
        for (text, athena, spark) in [
            ("region = 'EU'", "(base.\"region\" = 'EU')", "(base.`region` = 'EU')"),
            ("a != -1.5", "(base.\"a\" <> -1.5)", "(base.`a` <> -1.5)"),
            ("a = +1e3", "(base.\"a\" = 1e3)", "(base.`a` = 1e3)"),
            (
                "a < 1 or b >= 2 and not c is null",
                "((base.\"a\" < 1) OR ((base.\"b\" >= 2) AND (NOT (base.\"c\" IS NULL))))",
                "((base.`a` < 1) OR ((base.`b` >= 2) AND (NOT (base.`c` IS NULL))))",
            ),
            (
                "(a = 1 or b = 2) and c is not null",
                "(((base.\"a\" = 1) OR (base.\"b\" = 2)) AND (base.\"c\" IS NOT NULL))",
                "(((base.`a` = 1) OR (base.`b` = 2)) AND (base.`c` IS NOT NULL))",
            ),
            (
                "a not in ('x', 'it''s')",
                "(base.\"a\" NOT IN ('x', 'it''s'))",
                "(base.`a` NOT IN ('x', concat('it', chr(39), 's')))",
            ),
            (
                "a not between 1 and 2",
                "(base.\"a\" NOT BETWEEN 1 AND 2)",
                "(base.`a` NOT BETWEEN 1 AND 2)",
            ),
            (
                "a like '%x\\_'",
                "(base.\"a\" LIKE '%x\\_')",
                "(base.`a` LIKE concat('%x', chr(92), chr(92), '_'))",
            ),
            ("of.it = true", "(base.\"of\".\"it\" = true)", "(base.`of`.`it` = true)"),
            (
                "a = 9223372036854775808",
                "(base.\"a\" = DECIMAL '9223372036854775808')",
                "(base.`a` = 9223372036854775808)",
            ),
        ] {
            assert_eq!(shown(Dialect::Athena, text), athena, "{text}");
            assert_eq!(shown(Dialect::Spark, text), spark, "{text}");
        }
    }

    #[test]
    fn what_users_write_stays_in_its_quotes() {
        let text = "\"a\"\"; DROP TABLE x; --\" = 'x'' OR 1 = 1 --'";
        assert_eq!(
            shown(Dialect::Athena, text),
            "(base.\"a\"\"\"\"; drop table x; --\" = 'x'' OR 1 = 1 --')"
        );
        assert_eq!(
            shown(Dialect::Spark, text),
            "(base.`a\"\"; drop table x; --` = concat('x', chr(39), ' OR 1 = 1 --'))"
        );
    }
}
