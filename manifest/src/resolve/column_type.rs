//! Column types, as Hive defines them and Glue and Athena read them.
//!
//! Glue accepts any text as a type, but then every query of the table fails. Sources: "Data types in Amazon
//! Athena" (with `int` instead of `integer` in table definitions), and "Hive Data Types" in the Hive
//! language manual for the limits.

use crate::decode::suggest;

/// The simple types that are valid without parameters, and `char`.
const SIMPLE: [&str; 13] = [
    "bigint",
    "binary",
    "boolean",
    "char",
    "date",
    "decimal",
    "double",
    "float",
    "int",
    "smallint",
    "string",
    "timestamp",
    "tinyint",
];
/// The types that require parameters, besides `char`.
const WORDS: [&str; 5] = ["array", "map", "struct", "uniontype", "varchar"];
/// Names in other systems, with the name in Hive.
const OTHERWISE: [(&str, &str); 19] = [
    ("bool", "boolean"),
    ("byte", "tinyint"),
    ("bytes", "binary"),
    ("datetime", "timestamp"),
    ("float32", "float"),
    ("float64", "double"),
    ("int16", "smallint"),
    ("int32", "int"),
    ("int64", "bigint"),
    ("int8", "tinyint"),
    ("integer", "int"),
    ("json", "string"),
    ("list", "array<...>"),
    ("long", "bigint"),
    ("number", "decimal(p,s)"),
    ("numeric", "decimal(p,s)"),
    ("real", "float"),
    ("short", "smallint"),
    ("text", "string"),
];
/// The maximum depth of nested types: more than any table has.
const DEPTH: usize = 32;

/// The names of types in other systems.
pub(crate) fn other_names() -> impl Iterator<Item = &'static str> {
    OTHERWISE.iter().map(|(other, _)| *other)
}

/// The error of a type, and the suggested fix.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Wrong {
    pub(super) message: String,
    pub(super) help: String,
}

/// Checks that Glue and Athena support a type.
pub(super) fn check(text: &str) -> Result<(), Wrong> {
    let lower = text.to_ascii_lowercase();
    let mut reader = Reader { rest: &lower };
    reader.kind(0)?;
    reader.skip();
    if reader.rest.is_empty() { Ok(()) } else { Err(reader.unexpected("the type's end")) }
}

/// Whether a type contains other types.
pub(super) fn is_nested(text: &str) -> bool {
    let begin = text.trim_start().to_ascii_lowercase();
    ["array", "map", "struct", "uniontype"].iter().any(|nested| begin.starts_with(nested))
}

/// The type of a field in a struct type, if the struct has the field.
pub(super) fn field<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    let text = text.trim();
    let is_struct = text.get(..6).is_some_and(|begin| begin.eq_ignore_ascii_case("struct"));
    let fields = text.get(6..)?.trim_start().strip_prefix('<')?.strip_suffix('>')?;
    let mut depth = 0_usize;
    let mut each = fields.split(|one| {
        match one {
            '<' | '(' => depth += 1,
            '>' | ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        one == ',' && depth == 0
    });
    let found = each.find_map(|field| {
        let (key, kind) = field.split_once(':')?;
        key.trim().eq_ignore_ascii_case(name).then_some(kind.trim())
    });
    found.filter(|_| is_struct)
}

/// The rest of a type that is not read yet.
struct Reader<'t> {
    rest: &'t str,
}

impl<'t> Reader<'t> {
    fn skip(&mut self) {
        self.rest = self.rest.trim_start_matches(' ');
    }

    /// Reads a mark, if it is next.
    fn takes(&mut self, mark: char) -> bool {
        self.skip();
        let rest = self.rest.strip_prefix(mark);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn expect(&mut self, mark: char) -> Result<(), Wrong> {
        if self.takes(mark) { Ok(()) } else { Err(self.unexpected(&format!("`{mark}`"))) }
    }

    fn word(&mut self) -> &'t str {
        self.skip();
        let is_word = |one: char| one.is_ascii_alphanumeric() || one == '_';
        let end = self.rest.find(|one| !is_word(one)).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        word
    }

    fn number(&mut self, from: u32, to: u32) -> Result<u32, Wrong> {
        let word = self.word();
        match word.parse::<u32>() {
            Ok(number) if (from..=to).contains(&number) => Ok(number),
            _ => Err(Wrong {
                message: format!("`{word}` is not a number from {from} to {to}"),
                help: "`varchar` has 1 to 65535 characters, `char` 1 to 255, `decimal` at most 38 digits, with at most \
                       as many behind the point"
                    .to_owned(),
            }),
        }
    }

    /// Reads a type, including the types that it contains.
    fn kind(&mut self, depth: usize) -> Result<(), Wrong> {
        if depth > DEPTH {
            return Err(Wrong {
                message: format!("more than {DEPTH} types inside of each other"),
                help: "make the type flatter".to_owned(),
            });
        }
        let word = self.word();
        match word {
            "" => Err(self.unexpected("a type")),
            "array" => {
                self.expect('<')?;
                self.kind(depth + 1)?;
                self.expect('>')
            }
            "map" => {
                self.expect('<')?;
                self.simple_key()?;
                self.kind(depth + 1)?;
                self.expect(',')?;
                self.kind(depth + 1)?;
                self.expect('>')
            }
            "struct" => self.list(|reader| {
                if reader.word().is_empty() {
                    return Err(reader.unexpected("a field's name"));
                }
                reader.expect(':')?;
                reader.kind(depth + 1)
            }),
            "uniontype" => self.list(|reader| reader.kind(depth + 1)),
            "varchar" => self.length(65_535),
            "char" => self.length(255),
            "decimal" if self.takes('(') => {
                let digits = self.number(1, 38)?;
                if self.takes(',') {
                    self.number(0, digits)?;
                }
                self.expect(')')
            }
            word if SIMPLE.contains(&word) => Ok(()),
            word => Err(unknown(word)),
        }
    }

    /// The keys of a map have a simple type: `MAP<primitive_type, data_type>` in "Hive Data Types".
    fn simple_key(&mut self) -> Result<(), Wrong> {
        let before = self.rest;
        let word = self.word();
        self.rest = before;
        if !["array", "map", "struct", "uniontype"].contains(&word) {
            return Ok(());
        }
        Err(Wrong {
            message: format!("the keys of a map cannot be of type `{word}`"),
            help: "take a simple type such as `string` for the keys".to_owned(),
        })
    }

    fn length(&mut self, most: u32) -> Result<(), Wrong> {
        self.expect('(')?;
        self.number(1, most)?;
        self.expect(')')
    }

    /// Reads one or more items between `<` and `>`.
    fn list(&mut self, item: impl Fn(&mut Self) -> Result<(), Wrong>) -> Result<(), Wrong> {
        self.expect('<')?;
        item(self)?;
        while self.takes(',') {
            item(self)?;
        }
        self.expect('>')
    }

    fn unexpected(&mut self, expected: &str) -> Wrong {
        self.skip();
        let (got, help) = match self.rest {
            "" => (
                "nothing more".to_owned(),
                "close the type; inside braces put a type with a comma in quotes, such as `\"decimal(10,2)\"`",
            ),
            rest => (
                format!("`{rest}`"),
                "write it as Hive does, such as `varchar(40)`, `decimal(10,2)`, `array<string>`, \
                 `map<string,bigint>` or `struct<name:string,since:date>`",
            ),
        };
        Wrong {
            message: format!("expected {expected} in this type, got {got}"),
            help: help.to_owned(),
        }
    }
}

fn unknown(word: &str) -> Wrong {
    let same = OTHERWISE.iter().find(|(other, _)| *other == word).map(|(_, name)| *name);
    let near = same.or_else(|| suggest(word, SIMPLE.into_iter().chain(WORDS)));
    Wrong {
        message: format!("Glue and Athena have no type `{word}`"),
        help: near.map_or_else(
            || format!("the types are {}, {}", SIMPLE.join(", "), WORDS.join(", ")),
            |near| format!("did you mean `{near}`?"),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_found_in_structs() {
        let kind =
            "STRUCT<name:string, paid:decimal(10,2),of:struct<id:bigint,tags:array<string>>>";
        assert_eq!(field(kind, "name"), Some("string"));
        assert_eq!(field(kind, "PAID"), Some("decimal(10,2)"));
        assert_eq!(field(field(kind, "of").expect("a field"), "id"), Some("bigint"));
        for none in ["id", "tags", ""] {
            assert_eq!(field(kind, none), None, "{none}");
        }
        assert_eq!(field("map<string,bigint>", "string"), None);
        assert_eq!(field("string", "name"), None);
    }

    #[test]
    fn types_of_the_athena_guide_are_taken() {
        // "Data types in Amazon Athena" and "Hive Data Types": every type of the two lists for table definitions.
        for good in [
            "boolean",
            "tinyint",
            "smallint",
            "int",
            "bigint",
            "double",
            "float",
            "decimal",
            "decimal(11)",
            "decimal(11,5)",
            "decimal( 38 , 38 )",
            "char(10)",
            "varchar(65535)",
            "string",
            "STRING",
            "binary",
            "date",
            "timestamp",
            "array<int>",
            "map<string, array<bigint>>",
            "struct<name:string,address:struct<zip:char(5), city:string>>",
            "uniontype<int,string>",
        ] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
    }

    #[test]
    fn other_types_are_refused_with_what_was_meant() {
        let help = |text: &str| check(text).expect_err(text).help;
        assert_eq!(help("strnig"), "did you mean `string`?");
        assert_eq!(help("integer"), "did you mean `int`?");
        assert_eq!(help("array<long>"), "did you mean `bigint`?");
        assert_eq!(help("text"), "did you mean `string`?");
        for bad in [
            "",
            "varchar",
            "varchar(0)",
            "varchar(65536)",
            "char(256)",
            "decimal(39)",
            "decimal(5,6)",
            "decimal()",
            "array",
            "array<>",
            "array<string",
            "array<string>>",
            "map<string>",
            "map<array<int>,string>",
            "array<map< struct<a:int>,string>>",
            "struct<string>",
            "struct<>",
            "int(4)",
            "string string",
            "{{resolve:ssm:x}}",
        ] {
            assert!(check(bad).is_err(), "{bad}");
        }
        assert!(check(&"array<".repeat(1_000)).is_err());
    }
}
