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

/// A condition on the rows of a table.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Condition {
    /// All of these must hold; at least one.
    All(Vec<Self>),
    /// One of these must hold; at least one.
    Any(Vec<Self>),
    /// This must not hold.
    Not(Box<Self>),
    /// A column is compared.
    Compare(Comparison),
}

/// One comparison of a condition.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Comparison {
    /// The column, in lower case; followed by the names of fields if a field in it is compared.
    pub path: Vec<String>,
    /// What it is compared with.
    pub test: Test,
}

/// What a column is compared with.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Test {
    /// One constant.
    Is(Operator, Constant),
    /// Two constants, which belong to the range.
    Between(Sense, Constant, Constant),
    /// A list of constants; at least one.
    In(Sense, Vec<Constant>),
    /// A pattern with `%` and `_`. It has no character that takes the meaning of these away.
    Like(Sense, String),
    /// `NULL`.
    Null(Sense),
}

/// Whether a test is written with `NOT`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Sense {
    /// Without `NOT`.
    Plain,
    /// With `NOT`.
    Negated,
}

/// An operator between a column and a constant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names are the operators'")]
pub enum Operator {
    Equal,
    Unequal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Operator {
    /// The operator as SQL writes it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::Unequal => "<>",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
        }
    }
}

/// A constant of a condition.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Constant {
    /// `true` or `false`.
    Boolean(bool),
    /// A number as it is written: a sign, digits, at most one point, an exponent.
    Number(String),
    /// A text, without its quotes.
    Text(String),
}

impl Constant {
    const fn kind(&self) -> ConstantKind {
        match self {
            Self::Boolean(_) => ConstantKind::Boolean,
            Self::Number(_) => ConstantKind::Number,
            Self::Text(_) => ConstantKind::Text,
        }
    }
}

impl Condition {
    /// The condition of a text. The error says what is wrong with it.
    ///
    /// # Errors
    ///
    /// Lake Formation cannot read the condition.
    pub fn parse(text: &str) -> Result<Self, RowFilterError> {
        let mut reader = Reader { tokens: tokens(text)?, next: 0 };
        let condition = reader.any(0)?;
        if reader.peek().is_some() {
            return Err(reader.unexpected("`AND`, `OR` or the end"));
        }
        Ok(condition)
    }

    /// Every comparison, in the order of the text.
    pub fn comparisons(&self) -> Vec<&Comparison> {
        match self {
            Self::All(parts) | Self::Any(parts) => {
                parts.iter().flat_map(Self::comparisons).collect()
            }
            Self::Not(part) => part.comparisons(),
            Self::Compare(comparison) => vec![comparison],
        }
    }
}

impl Comparison {
    /// The kinds of the constants; none for a test for `NULL`.
    pub fn constants(&self) -> Vec<ConstantKind> {
        match &self.test {
            Test::Is(_, constant) => vec![constant.kind()],
            Test::Between(_, low, high) => vec![low.kind(), high.kind()],
            Test::In(_, constants) => constants.iter().map(Constant::kind).collect(),
            Test::Like(..) => vec![ConstantKind::Text],
            Test::Null(_) => Vec::new(),
        }
    }

    /// Whether it is a test for `NULL`.
    pub const fn is_null(&self) -> bool {
        matches!(self.test, Test::Null(_))
    }
}

/// The kind of value of a constant or a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum ConstantKind {
    Boolean,
    Number,
    Text,
}

impl ConstantKind {
    /// The kind of a type's values; `None` if conditions do not support the type.
    ///
    /// Source: the supported data types of "PartiQL support in row filter expressions". The page does not list
    /// `smallint` and `tinyint`; they are treated as integers.
    pub fn of_type(kind: &str) -> Option<Self> {
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

    /// What such a constant looks like, for messages.
    pub const fn shown(self) -> &'static str {
        match self {
            Self::Boolean => "`true` or `false`",
            Self::Number => "a number",
            Self::Text => "a text in single quotes",
        }
    }
}

/// What is wrong with a condition.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RowFilterError {
    /// A character that no condition has here.
    #[error("`{0}` means nothing here")]
    Character(char),
    /// A number with several points.
    #[error("`{0}` is not a number")]
    Number(String),
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
pub struct Got(Option<Token>);

impl fmt::Display for Got {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Some(Token::Word(word)) => write!(formatter, "`{word}`"),
            Some(Token::Name(name)) => write!(formatter, "`\"{name}\"`"),
            Some(Token::Text(_)) => formatter.write_str("a text"),
            Some(Token::Number(_)) => formatter.write_str("a number"),
            Some(Token::Mark(mark)) => write!(formatter, "`{mark}`"),
            None => formatter.write_str("nothing more"),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    /// A word without quotes.
    Word(String),
    /// A name in double quotes.
    Name(String),
    /// A text in single quotes, with its doubled quotes made single.
    Text(String),
    /// A number, as it is written.
    Number(String),
    Mark(&'static str),
}

/// Longer marks come first.
const MARKS: [&str; 13] = ["<=", ">=", "<>", "!=", "=", "<", ">", "(", ")", ",", ".", "-", "+"];

fn tokens(text: &str) -> Result<Vec<Token>, RowFilterError> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let (token, after) = match first {
            '\'' => {
                let (content, after) = quoted(rest, '\'')?;
                (Token::Text(content.replace("''", "'")), after)
            }
            '"' => {
                let (name, after) = quoted(rest, '"')?;
                (Token::Name(name.to_owned()), after)
            }
            '0'..='9' => {
                let (number, after) = number(rest)?;
                (Token::Number(number.to_owned()), after)
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

/// The number at the start of a text, and the text after it.
fn number(text: &str) -> Result<(&str, &str), RowFilterError> {
    let is_number = |one: char| one.is_ascii_digit() || one == '.';
    let after = exponent(text.trim_start_matches(is_number));
    let (number, after) = text.split_at(text.len() - after.len());
    if number.bytes().filter(|byte| *byte == b'.').count() > 1 {
        return Err(RowFilterError::Number(number.to_owned()));
    }
    Ok((number, after))
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
    fn takes_mark(&mut self, marks: &[&str]) -> Option<&'static str> {
        let mark = match self.peek() {
            Some(Token::Mark(mark)) if marks.contains(mark) => Some(*mark),
            _ => None,
        };
        self.next += usize::from(mark.is_some());
        mark
    }

    /// Reads the mark at the start of a list.
    fn opens(&mut self) -> Result<(), RowFilterError> {
        if self.takes_mark(&["("]).is_some() { Ok(()) } else { Err(self.unexpected("`(`")) }
    }

    /// Reads the mark at the end of a list or of nested conditions.
    fn closes(&mut self) -> Result<(), RowFilterError> {
        if self.takes_mark(&[")"]).is_some() { Ok(()) } else { Err(self.unexpected("`)`")) }
    }

    /// Reads conditions of which one must hold.
    fn any(&mut self, depth: usize) -> Result<Condition, RowFilterError> {
        let mut parts = vec![self.all(depth)?];
        while self.takes("or") {
            parts.push(self.all(depth)?);
        }
        Ok(single(parts, Condition::Any))
    }

    /// Reads conditions that must all hold.
    fn all(&mut self, depth: usize) -> Result<Condition, RowFilterError> {
        let mut parts = vec![self.one(depth)?];
        while self.takes("and") {
            parts.push(self.one(depth)?);
        }
        Ok(single(parts, Condition::All))
    }

    fn one(&mut self, depth: usize) -> Result<Condition, RowFilterError> {
        if depth > DEPTH {
            return Err(RowFilterError::Depth);
        }
        if self.takes("not") {
            return Ok(Condition::Not(Box::new(self.one(depth + 1)?)));
        }
        if self.takes_mark(&["("]).is_some() {
            let inner = self.any(depth + 1)?;
            self.closes()?;
            return Ok(inner);
        }
        let path = self.column()?;
        let test = self.test()?;
        Ok(Condition::Compare(Comparison { path, test }))
    }

    fn column(&mut self) -> Result<Vec<String>, RowFilterError> {
        let mut path = vec![self.name()?.to_lowercase()];
        // The names that follow are fields of a struct.
        while self.takes_mark(&["."]).is_some() {
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
            Some(Token::Text(_)) => return Err(RowFilterError::TextAsColumn),
            Some(Token::Number(_) | Token::Mark(_)) | None => {
                return Err(self.unexpected("a column"));
            }
        };
        self.next += 1;
        Ok(name)
    }

    fn test(&mut self) -> Result<Test, RowFilterError> {
        if let Some(mark) = self.takes_mark(&["=", "<", ">", "<=", ">=", "<>", "!="]) {
            let operator = match mark {
                "=" => Operator::Equal,
                "<" => Operator::Less,
                ">" => Operator::Greater,
                "<=" => Operator::LessOrEqual,
                ">=" => Operator::GreaterOrEqual,
                _ => Operator::Unequal,
            };
            return Ok(Test::Is(operator, self.constant()?));
        }
        if self.takes("is") {
            let sense = self.sense();
            let is_null = self.takes("null");
            return if is_null { Ok(Test::Null(sense)) } else { Err(self.unexpected("`NULL`")) };
        }
        let sense = self.sense();
        if self.takes("between") {
            let low = self.constant()?;
            if !self.takes("and") {
                return Err(self.unexpected("`AND`"));
            }
            return Ok(Test::Between(sense, low, self.constant()?));
        }
        if self.takes("in") {
            return Ok(Test::In(sense, self.list()?));
        }
        if self.takes("like") {
            let Some(Token::Text(pattern)) = self.peek().cloned() else {
                return Err(self.unexpected("a text in single quotes"));
            };
            self.next += 1;
            return Ok(Test::Like(sense, pattern));
        }
        if self.takes_mark(&["("]).is_some() {
            return Err(RowFilterError::Function);
        }
        Err(self.unexpected("`=`, `<>`, `<`, `>`, `<=`, `>=`, `BETWEEN`, `IN`, `LIKE` or `IS`"))
    }

    fn sense(&mut self) -> Sense {
        if self.takes("not") { Sense::Negated } else { Sense::Plain }
    }

    /// Reads constants in parentheses.
    fn list(&mut self) -> Result<Vec<Constant>, RowFilterError> {
        self.opens()?;
        let mut constants = vec![self.constant()?];
        while self.takes_mark(&[","]).is_some() {
            constants.push(self.constant()?);
        }
        self.closes()?;
        Ok(constants)
    }

    fn constant(&mut self) -> Result<Constant, RowFilterError> {
        let sign = self.takes_mark(&["-", "+"]);
        let constant = match self.peek() {
            Some(Token::Number(number)) if sign == Some("-") => {
                Some(Constant::Number(format!("-{number}")))
            }
            Some(Token::Number(number)) => Some(Constant::Number(number.clone())),
            Some(Token::Text(text)) if sign.is_none() => Some(Constant::Text(text.clone())),
            Some(Token::Word(word)) if sign.is_none() => match word.to_lowercase().as_str() {
                "true" => Some(Constant::Boolean(true)),
                "false" => Some(Constant::Boolean(false)),
                _ => None,
            },
            _ => None,
        };
        let Some(constant) = constant else {
            return Err(RowFilterError::NoConstant(self.got()));
        };
        self.next += 1;
        Ok(constant)
    }
}

/// One condition by itself, or several together.
fn single(mut parts: Vec<Condition>, together: fn(Vec<Condition>) -> Condition) -> Condition {
    match (parts.pop(), parts.is_empty()) {
        (Some(only), true) => only,
        (last, _) => {
            parts.extend(last);
            together(parts)
        }
    }
}

#[cfg(test)]
mod tests;
