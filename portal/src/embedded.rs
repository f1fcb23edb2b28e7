//! The page of `lakewright access`: everything in one file.

use handlebars::Handlebars;
use lakewright_analysis::matrix::summary::Summary;
use lakewright_analysis::matrix::{Row, Wanted};
use lakewright_analysis::subject::Subject;
use serde_json::json;
use sha2::{Digest as _, Sha256};

use crate::compact::Compact;
use crate::files::{PortalError, STYLE, json_in_script};
use crate::gather::overview::cells;

/// What all scripts use.
pub(crate) const DOM: &str = include_str!("../assets/dom.js");
/// The overview of access.
pub(crate) const ACCESS: &str = include_str!("../assets/access.js");
/// What starts the overview on a page of its own.
const START: &str = include_str!("../assets/access-page.js");
/// The page. Handlebars escapes all values, except the style sheet, the script and the data, which stand in elements
/// whose content is no markup.
const PAGE: &str = include_str!("../assets/access.html.hbs");

/// Renders a page about rows of the access matrix, with everything in it. `doubts` says what is unknown, in sentences.
///
/// # Errors
///
/// The page cannot be rendered: a defect of Lakewright.
pub fn access_page(
    rows: &[Row<'_>],
    wanted: Wanted<'_>,
    subject: &Subject,
    doubts: &[String],
) -> Result<String, PortalError> {
    let summary = Summary::of(rows);
    let mut compact = Compact::new(subject);
    for ((_, name), rows) in &summary.groups {
        compact.add(name, rows);
    }
    let data = json!({
        "principal": wanted.principal,
        "resource": wanted.resource,
        "doubts": doubts,
        "matrix": cells(&summary),
        "reach": compact.finish(),
    });
    let script = [DOM, ACCESS, START].concat();
    let page = json!({
        "mesh": subject.mesh,
        "style": STYLE,
        "style_hash": hash(STYLE),
        "script": script,
        "script_hash": hash(&script),
        "data": json_in_script(&data)?,
    });
    Ok(Handlebars::new().render_template(PAGE, &page).map_err(Box::new)?)
}

/// The hash by which a page allows a script or a style sheet in it. Source: "hash-source" in Content Security Policy
/// Level 3.
fn hash(text: &str) -> String {
    format!("sha256-{}", base64(&Sha256::digest(text)))
}

/// Bytes in base64. Source: RFC 4648, section 4.
fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let byte = |place: usize| u32::from(group.get(place).copied().unwrap_or_default());
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for place in 0..4 {
            if place > group.len() {
                text.push('=');
            } else {
                let six = (bits >> (18 - 6 * place)) & 63;
                text.push(char::from(ALPHABET[six as usize]));
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Source: RFC 4648, section 10.
    #[test]
    fn base64_is_that_of_the_standard() {
        for (bytes, text) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(base64(bytes.as_bytes()), text);
        }
    }

    /// Source: the example of "hash-source" in Content Security Policy Level 3.
    #[test]
    fn a_hash_is_that_of_the_standard() {
        let expected = "sha256-qznLcsROx4GACP2dm0UCKCzCG+HiZ1guq6ZZDob/Tng=";
        assert_eq!(hash("alert('Hello, world.');"), expected);
    }
}
