//! What each mask makes of a value, and which types can take it.

use std::fmt;

use crate::Dialect;

/// How the values of a column are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mask {
    /// The first four characters, then `XXXX`. Values of four characters or fewer are `XXXX`.
    ShowFirst4,
    /// `XXXX`, then the last four characters. Values of four characters or fewer are `XXXX`.
    ShowLast4,
    /// The SHA-256 digest of the text in hexadecimal digits. Equal values have equal digests, in each engine.
    Hash,
    /// `NULL`.
    Nullify,
    /// Capital letters as `X`, other letters as `x`, digits as `0`, in every script. Other characters stay.
    Redact,
}

/// Why a column of a type cannot take a mask.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Refusal {
    /// The masked text would still tell the value.
    TwoValues,
    /// Engines write the same value as different texts.
    TextDiffers,
    /// Values of the type are no single text.
    NoText,
}

impl fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::TwoValues => "a boolean has two values, which every mask but `nullify` shows",
            Self::TextDiffers => {
                "Athena and Spark write values of this type as different texts, so only `nullify` gives the same in both"
            }
            Self::NoText => "values of this type are no text, so only `nullify` can mask them",
        })
    }
}

/// The scale up to which Spark writes each decimal without an exponent.
///
/// Source: `BigDecimal.toString` of Java: no exponent if the scale is at least 0 and the adjusted exponent at least -6.
const PLAIN_SCALE: u32 = 6;

impl Mask {
    /// Every mask.
    pub const ALL: [Self; 5] =
        [Self::ShowFirst4, Self::ShowLast4, Self::Hash, Self::Nullify, Self::Redact];

    /// The mask's name in the manifest.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ShowFirst4 => "show_first4",
            Self::ShowLast4 => "show_last4",
            Self::Hash => "hash",
            Self::Nullify => "nullify",
            Self::Redact => "redact",
        }
    }

    /// Why a column of this Hive type cannot take the mask; `None` if it can.
    pub fn refusal(self, kind: &str) -> Option<Refusal> {
        if self == Self::Nullify {
            return None;
        }
        let kind = kind.trim().to_ascii_lowercase();
        let word = kind.split(['(', '<']).next().unwrap_or_default().trim();
        match word {
            "string" | "varchar" | "tinyint" | "smallint" | "int" | "bigint" | "date" => None,
            "decimal" if scale(&kind) <= PLAIN_SCALE => None,
            "boolean" => Some(Refusal::TwoValues),
            // `char` values have spaces at their end in one engine, so that short ones would be shown.
            "char" | "decimal" | "double" | "float" | "timestamp" => Some(Refusal::TextDiffers),
            _ => Some(Refusal::NoText),
        }
    }

    /// The expression that shows a column, given as an expression. The result is a text, whatever the type was.
    ///
    /// [`Self::refusal`] must be `None` for the type. The expressions neither rely on where an engine counts from nor on
    /// what it does with `NULL` in `concat`.
    pub fn expression(self, dialect: Dialect, column: &str, kind: &str) -> String {
        let text = dialect.text_type();
        let is_text = kind.trim().eq_ignore_ascii_case("string");
        let x = if is_text { column.to_owned() } else { format!("CAST({column} AS {text})") };
        match self {
            Self::ShowFirst4 => format!(
                "CASE WHEN length({x}) > 4 THEN concat(substr({x}, 1, 4), 'XXXX') WHEN {x} IS NOT NULL THEN 'XXXX' END"
            ),
            Self::ShowLast4 => format!(
                "CASE WHEN length({x}) > 4 THEN concat('XXXX', substr({x}, length({x}) - 3)) WHEN {x} IS NOT NULL THEN 'XXXX' \
                 END"
            ),
            Self::Hash => match dialect {
                Dialect::Athena => format!("lower(to_hex(sha256(to_utf8({x}))))"),
                Dialect::Spark => format!("sha2({x}, 256)"),
            },
            Self::Nullify => format!("CAST(NULL AS {text})"),
            Self::Redact => redacted(dialect, &x),
        }
    }
}

/// Letters and digits of all scripts replaced, class by class. Each replacement is in its own class, so the order does not
/// matter to the result.
fn redacted(dialect: Dialect, x: &str) -> String {
    let classes: [(&[&str], &str); 3] =
        [(&["Lu", "Lt"], "X"), (&["Ll", "Lm", "Lo"], "x"), (&["Nd"], "0")];
    classes.into_iter().fold(x.to_owned(), |inner, (names, mark)| {
        let names: Vec<String> = names.iter().map(|name| format!("\\p{{{name}}}")).collect();
        let names = names.concat();
        let pattern = dialect.text(&format!("[{names}]"));
        format!("regexp_replace({inner}, {pattern}, '{mark}')")
    })
}

/// The scale of a decimal type: 0 if it is not written.
fn scale(kind: &str) -> u32 {
    let inner = kind.split_once(',').map_or("0", |(_, scale)| scale);
    // The type is validated before; what cannot be read is a scale that is refused.
    inner.trim_matches([' ', ')']).parse().unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Ground: Java's `BigDecimal`, the padding of `char`, and that a boolean's text has four or five characters.
    #[test]
    fn a_type_takes_a_mask_only_if_engines_agree_and_the_mask_hides() {
        for kind in [
            "string",
            "STRING",
            "varchar(40)",
            "tinyint",
            "smallint",
            "int",
            "bigint",
            "date",
            "decimal",
            "decimal(10)",
            "decimal(10,2)",
            "decimal( 38 , 6 )",
        ] {
            for mask in Mask::ALL {
                assert_eq!(mask.refusal(kind), None, "{kind} {mask:?}");
            }
        }
        let refused = [
            ("boolean", Refusal::TwoValues),
            ("char(10)", Refusal::TextDiffers),
            ("double", Refusal::TextDiffers),
            ("float", Refusal::TextDiffers),
            ("timestamp", Refusal::TextDiffers),
            ("decimal(10,7)", Refusal::TextDiffers),
            ("binary", Refusal::NoText),
            ("array<string>", Refusal::NoText),
            ("map<string,string>", Refusal::NoText),
            ("struct<a:string>", Refusal::NoText),
            ("uniontype<int,string>", Refusal::NoText),
        ];
        for (kind, why) in refused {
            for mask in Mask::ALL {
                let expected = (mask != Mask::Nullify).then_some(why);
                assert_eq!(mask.refusal(kind), expected, "{kind} {mask:?}");
            }
        }
    }

    /// The expressions of the reference, with the backslash written by its number in Spark.
    #[test]
    fn expressions_are_those_that_were_measured() {
        let of = |mask: Mask, dialect| mask.expression(dialect, "x", "string");
        for dialect in Dialect::ALL {
            assert_eq!(
                of(Mask::ShowFirst4, dialect),
                "CASE WHEN length(x) > 4 THEN concat(substr(x, 1, 4), 'XXXX') WHEN x IS NOT NULL THEN 'XXXX' END"
            );
            assert_eq!(
                of(Mask::ShowLast4, dialect),
                "CASE WHEN length(x) > 4 THEN concat('XXXX', substr(x, length(x) - 3)) WHEN x IS NOT NULL THEN 'XXXX' END"
            );
        }
        assert_eq!(of(Mask::Hash, Dialect::Athena), "lower(to_hex(sha256(to_utf8(x))))");
        assert_eq!(of(Mask::Hash, Dialect::Spark), "sha2(x, 256)");
        assert_eq!(of(Mask::Nullify, Dialect::Athena), "CAST(NULL AS varchar)");
        assert_eq!(of(Mask::Nullify, Dialect::Spark), "CAST(NULL AS string)");
        assert_eq!(
            of(Mask::Redact, Dialect::Athena),
            "regexp_replace(regexp_replace(regexp_replace(x, '[\\p{Lu}\\p{Lt}]', 'X'), '[\\p{Ll}\\p{Lm}\\p{Lo}]', 'x'), \
             '[\\p{Nd}]', '0')"
        );
        assert!(!of(Mask::Redact, Dialect::Spark).contains('\\'));
    }

    #[test]
    fn other_types_become_texts_first() {
        assert_eq!(
            Mask::Hash.expression(Dialect::Spark, "x", "bigint"),
            "sha2(CAST(x AS string), 256)"
        );
        assert_eq!(
            Mask::Hash.expression(Dialect::Athena, "x", "varchar(5)"),
            "lower(to_hex(sha256(to_utf8(CAST(x AS varchar)))))"
        );
    }
}
