//! The SQL dialects of the engines that read views, and how each quotes names and texts.

/// The dialect of an engine that reads a view of the Glue Data Catalog.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Dialect {
    /// Athena engine version 3, whose functions are Trino's.
    Athena,
    /// Spark 3 and later, in AWS Glue and Amazon EMR.
    Spark,
}

impl Dialect {
    /// Both dialects.
    pub const ALL: [Self; 2] = [Self::Athena, Self::Spark];

    /// The dialect's name in the Data Catalog.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Athena => "ATHENA",
            Self::Spark => "SPARK",
        }
    }

    /// The version of the engine that the SQL is for, as the documentation's examples write it.
    ///
    /// Sources: "View creation failure scenarios" in the Lake Formation developer guide, "Working with Glue Data Catalog views"
    /// in the EMR Serverless user guide.
    pub const fn version(self) -> &'static str {
        match self {
            Self::Athena => "3",
            Self::Spark => "1.0",
        }
    }

    /// A name in the dialect's quotes. A quote in the name is doubled, so no name ends its own quotes.
    pub fn identifier(self, name: &str) -> String {
        match self {
            Self::Athena => format!("\"{}\"", name.replace('"', "\"\"")),
            Self::Spark => format!("`{}`", name.replace('`', "``")),
        }
    }

    /// A text as an expression.
    ///
    /// Spark reads a text by settings of the session that asks, not of the view: `spark.sql.parser.escapedStringLiterals`
    /// changes what a backslash means, and `${name}` is replaced by a setting (`spark.sql.variable.substitute`). So that a
    /// reader cannot change a view, the characters `'`, `\` and `$` are written by their numbers.
    pub fn text(self, text: &str) -> String {
        match self {
            Self::Athena => format!("'{}'", text.replace('\'', "''")),
            Self::Spark => spark_text(text),
        }
    }

    /// The type of texts.
    pub(crate) const fn text_type(self) -> &'static str {
        match self {
            Self::Athena => "varchar",
            Self::Spark => "string",
        }
    }
}

fn spark_text(text: &str) -> String {
    let mut parts: Vec<String> = Vec::new();
    let mut plain = String::new();
    for one in text.chars() {
        if matches!(one, '\'' | '\\' | '$') {
            if !plain.is_empty() {
                parts.push(format!("'{plain}'"));
                plain.clear();
            }
            parts.push(format!("chr({})", u32::from(one)));
        } else {
            plain.push(one);
        }
    }
    if !plain.is_empty() || parts.is_empty() {
        parts.push(format!("'{plain}'"));
    }
    if parts.len() == 1 { parts.concat() } else { format!("concat({})", parts.join(", ")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_ends_its_own_quotes() {
        assert_eq!(Dialect::Athena.identifier("a\"; DROP"), "\"a\"\"; DROP\"");
        assert_eq!(Dialect::Spark.identifier("a`; DROP"), "`a``; DROP`");
    }

    #[test]
    fn no_text_ends_its_own_quotes_or_has_what_a_session_gives_a_meaning() {
        assert_eq!(Dialect::Athena.text("it's \\ ${x}"), "'it''s \\ ${x}'");
        assert_eq!(
            Dialect::Spark.text("it's \\ ${x}"),
            "concat('it', chr(39), 's ', chr(92), ' ', chr(36), '{x}')"
        );
        assert_eq!(Dialect::Spark.text("EU"), "'EU'");
        assert_eq!(Dialect::Spark.text(""), "''");
        assert_eq!(Dialect::Spark.text("'"), "chr(39)");
    }
}
