//! The links of the site.

use std::fs;
use std::path::Path;

use super::files;
use crate::run::{Result, read, write};

/// Takes the links away that lead out of the pages, to files of the repository that the site does not have. Their texts stay.
pub(super) fn stay_inside(source: &Path) -> Result {
    // Links are compared with it as they are in truth, without symbolic links.
    let inside =
        fs::canonicalize(source).map_err(|error| format!("{}: {error}", source.display()))?;
    for path in files(source)? {
        if path.extension().is_none_or(|end| end != "md") {
            continue;
        }
        let folder = path.parent().unwrap_or(source);
        let text = read(&path)?;
        let mut kept = String::with_capacity(text.len());
        let mut rest = text.as_str();
        while let Some((before, name, address, after)) = next_link(rest) {
            let file = address.split('#').next().unwrap_or_default();
            let is_there = file.is_empty()
                || address.contains("://")
                || fs::canonicalize(folder.join(file))
                    .is_ok_and(|found| found.starts_with(&inside));
            kept.push_str(before);
            let link = if is_there { &["[", name, "](", address, ")"][..] } else { &[name] };
            kept.push_str(&link.concat());
            rest = after;
        }
        kept.push_str(rest);
        if kept != text {
            write(&path, &kept)?;
        }
    }
    Ok(())
}

/// The first link of a text: what is before it, its text and address, and what is after it.
fn next_link(text: &str) -> Option<(&str, &str, &str, &str)> {
    let (head, tail) = text.split_once("](")?;
    let (address, after) = tail.split_once(')')?;
    let (before, name) = head.rsplit_once('[')?;
    Some((before, name, address, after))
}

/// Every link of the site to itself leads to a file.
pub(super) fn lead_somewhere(book: &Path) -> Result {
    let mut broken = Vec::new();
    for path in files(book)? {
        // The page for missing pages has addresses for the root of a server, and one page repeats all others.
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let is_page = path.extension().is_some_and(|end| end == "html");
        if !is_page || ["404.html", "print.html"].contains(&name) {
            continue;
        }
        let folder = path.parent().unwrap_or(book);
        let text = read(&path)?;
        for address in text.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next()) {
            let (file, part) = address.split_once('#').unwrap_or((address, ""));
            if file.contains(':') {
                continue;
            }
            let target = if file.is_empty() { path.clone() } else { folder.join(file) };
            let is_there = if part.is_empty() {
                target.exists()
            } else {
                read(&target).is_ok_and(|page| page.contains(&format!("id=\"{part}\"")))
            };
            if !is_there {
                broken.push(format!("{}: {address}", path.display()));
            }
        }
    }
    if broken.is_empty() {
        Ok(())
    } else {
        Err(format!("links that lead nowhere:\n{}", broken.join("\n")))
    }
}
