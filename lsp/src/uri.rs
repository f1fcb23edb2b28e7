//! Addresses of files, as editors write them.

use std::path::{Path, PathBuf};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// What stands in the path of an address as it is: the unreserved characters of RFC 3986, section 2.3, and the slash.
const PLAIN: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The address of a file.
pub(crate) fn of_path(path: &Path) -> String {
    let text = path.to_string_lossy();
    let text = text.replace(std::path::MAIN_SEPARATOR, "/");
    let root = if text.starts_with('/') { "" } else { "/" };
    format!("file://{root}{}", utf8_percent_encode(&text, PLAIN))
}

/// The path of an address; `None` if it is not that of a file on this machine.
pub(crate) fn to_path(uri: &str) -> Option<PathBuf> {
    let rest = uri.strip_prefix("file://")?;
    let path = rest.strip_prefix("localhost").unwrap_or(rest);
    let text = percent_decode_str(path.starts_with('/').then_some(path)?).decode_utf8().ok()?;
    // `/C:/mesh` is a path with a drive.
    let is_drive = text.as_bytes().get(2) == Some(&b':') && cfg!(windows);
    Some(PathBuf::from(if is_drive { &text[1..] } else { &*text }))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Editors encode more or fewer characters than others, so addresses are compared as paths.
    #[test]
    fn an_address_is_that_of_its_path() {
        let path = Path::new("/meshes/sales & more/ä.yaml");
        let uri = of_path(path);
        assert_eq!(uri, "file:///meshes/sales%20%26%20more/%C3%A4.yaml");
        assert_eq!(to_path(&uri).as_deref(), Some(path));
        assert_eq!(to_path("file:///meshes/sales%20&%20more/%c3%a4.yaml").as_deref(), Some(path));
        assert_eq!(to_path("untitled:mesh.yaml"), None);
        assert_eq!(to_path("file://server/share/mesh.yaml"), None);
    }
}
