//! Conditions on rows, as Lake Formation parses them.
//!
//! Lake Formation supports a part of PartiQL: columns compared with constants, joined by `AND`, `OR` and `NOT`; no
//! functions, and no comparisons between columns. Source: "PartiQL support in row filter expressions" in the Lake
//! Formation developer guide.

use std::fmt;

/// Words with a meaning in conditions. A column with such a name must be in double quotes.
const KEYWORDS: [&str; 14] = [
    "and", "asc", "between", "false", "first", "in", "is", "last", "like", "missing", "not",
    "null", "or", "true",
];
/// The maximum depth of nested conditions: more than any useful condition of 2,048 bytes has.
const DEPTH: usize = 64;

/// One comparison of a condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Comparison {
    /// The column, in lower case; followed by the names of fields if a field in it is compared.
    pub(super) path: Vec<String>,
    /// The constants that it is compared with; empty for a test for `NULL`.
    pub(super) constants: Vec<Constant>,
    /// Whether it is a test for `NULL`.
    pub(super) is_null: bool,
}

/// The kind of value of a constant or a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Constant {
    Boolean,
    Number,
    Text,
}

impl Constant {
    /// The kind of a type's values; `None` if conditions do not support the type.
    ///
    /// Source: the supported data types of "PartiQL support in row filter expressions". The page does not list
    /// `smallint` and `tinyint`; they are treated as integers.
    pub(super) fn of_type(kind: &str) -> Option<Self> {
        let kind = kind.trim().to_ascii_lowercase();
        match kind.split('(').next().unwrap_or_default().trim() {
            "boolean" => Some(Self::Boolean),
            "bigint" | "decimal" | "double" | "float" | "int" | "smallint" | "tinyint" => {
                Some(Self::Number)
            }
            "char" | "string" | "varchar" => Some(Self::Text),
            _ => None,
        }
    }

    pub(super) const fn shown(self) -> &'static str {
        match self {
            Self::Boolean => "`true` or `false`",
            Self::Number => "a number",
            Self::Text => "a text in single quotes",
        }
    }
}

/// What is wrong with a condition.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum RowFilterError {
    /// A character that no condition has here.
    #[error("`{0}` means nothing here")]
    Character(char),
    /// A quoted text that does not end.
    #[error("a {0} is not closed")]
    Open(char),
    /// Another token than the one that must follow.
    #[error("expected {expected}, got {got}")]
    Unexpected {
        /// What may stand here.
        expected: &'static str,
        /// What stands there.
        got: Got,
    },
    /// A keyword in the place of a column.
    #[error("expected a column, got the keyword `{0}`; a column of that name is written `\"{0}\"`")]
    Keyword(String),
    /// A text in the place of a column.
    #[error(
        "expected a column, got a text; names of columns stand without quotes or in double ones"
    )]
    TextAsColumn,
    /// Something else in the place of a constant.
    #[error(
        "expected a constant, got {0}: columns are compared with numbers, `true`, `false` and texts in single quotes"
    )]
    NoConstant(Got),
    /// A function.
    #[error("Lake Formation takes no functions in a condition")]
    Function,
    /// Too many conditions inside of each other.
    #[error("more than {depth} conditions inside of each other", depth = DEPTH)]
    Depth,
}

/// The token that stands in a place; `None` at the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Got(Option<Token>);

impl fmt::Display for Got {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Some(Token::Word(word)) => write!(formatter, "`{word}`"),
            Some(Token::Name(name)) => write!(formatter, "`\"{name}\"`"),
            Some(Token::Text) => formatter.write_str("a text"),
            Some(Token::Number) => formatter.write_str("a number"),
            Some(Token::Mark(mark)) => write!(formatter, "`{mark}`"),
            None => formatter.write_str("nothing more"),
        }
    }
}

/// The comparisons of a condition. The error says what is wrong with the condition.
pub(super) fn comparisons(text: &str) -> Result<Vec<Comparison>, RowFilterError> {
    let mut reader = Reader { tokens: tokens(text)?, next: 0, found: Vec::new() };
    reader.any(0)?;
    if reader.peek().is_some() {
        return Err(reader.unexpected("`AND`, `OR` or the end"));
    }
    Ok(reader.found)
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    /// A word without quotes.
    Word(String),
    /// A name in double quotes.
    Name(String),
    /// A text in single quotes.
    Text,
    Number,
    Mark(&'static str),
}

/// Longer marks come first.
const MARKS: [&str; 13] = ["<=", ">=", "<>", "!=", "=", "<", ">", "(", ")", ",", ".", "-", "+"];

fn tokens(text: &str) -> Result<Vec<Token>, RowFilterError> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let (token, after) = match first {
            '\'' => (Token::Text, quoted(rest, '\'')?.1),
            '"' => {
                let (name, after) = quoted(rest, '"')?;
                (Token::Name(name.to_owned()), after)
            }
            '0'..='9' => {
                let is_number = |one: char| one.is_ascii_digit() || one == '.';
                (Token::Number, exponent(rest.trim_start_matches(is_number)))
            }
            one if one.is_alphabetic() || one == '_' => {
                let is_word = |one: char| one.is_alphanumeric() || one == '_';
                let end = rest.find(|one| !is_word(one)).unwrap_or(rest.len());
                let (word, after) = rest.split_at(end);
                (Token::Word(word.to_owned()), after)
            }
            other => {
                let mark = MARKS.into_iter().find(|mark| rest.starts_with(mark));
                let Some(mark) = mark else { return Err(RowFilterError::Character(other)) };
                (Token::Mark(mark), rest.get(mark.len()..).unwrap_or_default())
            }
        };
        tokens.push(token);
        rest = after.trim_start();
    }
    Ok(tokens)
}

/// The content of a quoted text, and the text after it. A quote in the content is doubled.
fn quoted(text: &str, quote: char) -> Result<(&str, &str), RowFilterError> {
    let inner = text.get(1..).unwrap_or_default();
    let mut chars = inner.char_indices();
    while let Some((at, one)) = chars.next() {
        if one != quote {
            continue;
        }
        let (before, after) = inner.split_at(at);
        let after = after.get(1..).unwrap_or_default();
        if after.starts_with(quote) {
            chars.next();
        } else {
            return Ok((before, after));
        }
    }
    Err(RowFilterError::Open(quote))
}

/// The text after a number's exponent, or the whole text if it has none.
fn exponent(text: &str) -> &str {
    let Some(rest) = text.strip_prefix(['e', 'E']) else { return text };
    let digits = rest.strip_prefix(['+', '-']).unwrap_or(rest);
    let after = digits.trim_start_matches(|one: char| one.is_ascii_digit());
    if after.len() < digits.len() { after } else { text }
}

struct Reader {
    tokens: Vec<Token>,
    next: usize,
    found: Vec<Comparison>,
}

impl Reader {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.next)
    }

    /// The next token, for messages.
    fn got(&self) -> Got {
        Got(self.peek().cloned())
    }

    /// Says that the next token is not what is expected.
    fn unexpected(&self, expected: &'static str) -> RowFilterError {
        RowFilterError::Unexpected { expected, got: self.got() }
    }

    /// Reads a keyword, if it is the next token.
    fn takes(&mut self, keyword: &str) -> bool {
        let is_it =
            matches!(self.peek(), Some(Token::Word(word)) if word.eq_ignore_ascii_case(keyword));
        self.next += usize::from(is_it);
        is_it
    }

    /// Reads one of several marks, if it is the next token.
    fn takes_mark(&mut self, marks: &[&str]) -> bool {
        let is_it = matches!(self.peek(), Some(Token::Mark(mark)) if marks.contains(mark));
        self.next += usize::from(is_it);
        is_it
    }

    /// Reads the mark at the start of a list.
    fn opens(&mut self) -> Result<(), RowFilterError> {
        if self.takes_mark(&["("]) { Ok(()) } else { Err(self.unexpected("`(`")) }
    }

    /// Reads the mark at the end of a list or of nested conditions.
    fn closes(&mut self) -> Result<(), RowFilterError> {
        if self.takes_mark(&[")"]) { Ok(()) } else { Err(self.unexpected("`)`")) }
    }

    /// Reads conditions of which one must hold.
    fn any(&mut self, depth: usize) -> Result<(), RowFilterError> {
        self.all(depth)?;
        while self.takes("or") {
            self.all(depth)?;
        }
        Ok(())
    }

    /// Reads conditions that must all hold.
    fn all(&mut self, depth: usize) -> Result<(), RowFilterError> {
        self.one(depth)?;
        while self.takes("and") {
            self.one(depth)?;
        }
        Ok(())
    }

    fn one(&mut self, depth: usize) -> Result<(), RowFilterError> {
        if depth > DEPTH {
            return Err(RowFilterError::Depth);
        }
        if self.takes("not") {
            return self.one(depth + 1);
        }
        if self.takes_mark(&["("]) {
            self.any(depth + 1)?;
            return self.closes();
        }
        let path = self.column()?;
        let mut found = Comparison { path, constants: Vec::new(), is_null: false };
        self.comparison(&mut found)?;
        self.found.push(found);
        Ok(())
    }

    fn column(&mut self) -> Result<Vec<String>, RowFilterError> {
        let mut path = vec![self.name()?.to_lowercase()];
        // The names that follow are fields of a struct.
        while self.takes_mark(&["."]) {
            path.push(self.name()?.to_lowercase());
        }
        Ok(path)
    }

    fn name(&mut self) -> Result<String, RowFilterError> {
        let name = match self.peek() {
            Some(Token::Word(word)) if KEYWORDS.contains(&word.to_lowercase().as_str()) => {
                return Err(RowFilterError::Keyword(word.clone()));
            }
            Some(Token::Word(name) | Token::Name(name)) => name.clone(),
            Some(Token::Text) => return Err(RowFilterError::TextAsColumn),
            Some(Token::Number | Token::Mark(_)) | None => {
                return Err(self.unexpected("a column"));
            }
        };
        self.next += 1;
        Ok(name)
    }

    fn comparison(&mut self, found: &mut Comparison) -> Result<(), RowFilterError> {
        if self.takes_mark(&["=", "<", ">", "<=", ">=", "<>", "!="]) {
            return self.constant(found);
        }
        if self.takes("is") {
            self.takes("not");
            found.is_null = true;
            return if self.takes("null") { Ok(()) } else { Err(self.unexpected("`NULL`")) };
        }
        self.takes("not");
        if self.takes("between") {
            self.constant(found)?;
            if !self.takes("and") {
                return Err(self.unexpected("`AND`"));
            }
            return self.constant(found);
        }
        if self.takes("in") {
            self.opens()?;
            self.constant(found)?;
            while self.takes_mark(&[","]) {
                self.constant(found)?;
            }
            return self.closes();
        }
        if self.takes("like") {
            return self.constant(found);
        }
        if self.takes_mark(&["("]) {
            return Err(RowFilterError::Function);
        }
        Err(self.unexpected("`=`, `<>`, `<`, `>`, `<=`, `>=`, `BETWEEN`, `IN`, `LIKE` or `IS`"))
    }

    fn constant(&mut self, found: &mut Comparison) -> Result<(), RowFilterError> {
        let is_signed = self.takes_mark(&["-", "+"]);
        let constant = match self.peek() {
            Some(Token::Number) => Some(Constant::Number),
            Some(Token::Text) if !is_signed => Some(Constant::Text),
            Some(Token::Word(word))
                if !is_signed && ["true", "false"].contains(&word.to_lowercase().as_str()) =>
            {
                Some(Constant::Boolean)
            }
            _ => None,
        };
        let Some(constant) = constant else {
            return Err(RowFilterError::NoConstant(self.got()));
        };
        found.constants.push(constant);
        self.next += 1;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(text: &str) -> Vec<String> {
        let found = comparisons(text).unwrap_or_else(|message| panic!("{text}: {message}"));
        found.into_iter().map(|one| one.path[0].clone()).collect()
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
        ] {
            assert!(comparisons(bad).is_err(), "{bad}");
        }
        assert!(comparisons(&"(".repeat(2_000)).is_err());
        assert!(comparisons(&"NOT ".repeat(500)).is_err());
    }

    /// What `lakewright check` printed of shares with such conditions.
    #[test]
    fn an_error_says_what_was_expected_and_what_stands_there() {
        let deep = format!("{}a = 1", "NOT ".repeat(66));
        let operators = "expected `=`, `<>`, `<`, `>`, `<=`, `>=`, `BETWEEN`, `IN`, `LIKE` or `IS`";
        let column = "expected a column, got";
        let constants =
            "columns are compared with numbers, `true`, `false` and texts in single quotes";
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
                format!(
                    "{column} the keyword `first`; a column of that name is written `\"first\"`"
                ),
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
            assert_eq!(comparisons(text).expect_err("no condition").to_string(), message, "{text}");
        }
    }
}
