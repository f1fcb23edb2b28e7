//! The tags that a template's policies name.

use std::collections::BTreeSet;

/// Whether a template's text may name a tag in a condition key or in a policy variable, such as `aws:ResourceTag/Team`. `keys` are
/// in lower case: tag keys in condition keys are case-insensitive.
///
/// A condition key is the key of an object, so it is in one text. A variable that a function puts together is found by its
/// beginning, and may name any tag.
pub(super) fn may_name(text: &str, keys: &BTreeSet<String>) -> bool {
    // The first character of a variable at the end of a text, which is no key of an object.
    let is_cut = |(at, mark): (usize, &str)| {
        let rest = text.get(at + mark.len()..).unwrap_or_default();
        !rest.trim_start().starts_with(':')
    };
    if text.contains("\\u") || text.match_indices("$\"").any(is_cut) {
        return true;
    }
    let is_open = |(at, _): (usize, &str)| {
        let rest = text.get(at..).unwrap_or_default();
        rest.find(['}', '"'])
            .is_none_or(|end| rest.get(end..).is_none_or(|end| end.starts_with('"')))
    };
    if text.match_indices("${").any(is_open) {
        return true;
    }
    text.match_indices('/').any(|(at, _)| {
        let before = text.as_bytes().get(..at).unwrap_or_default();
        let before = before.strip_suffix(b"\\").unwrap_or(before);
        let word = before.get(before.len().saturating_sub(3)..).unwrap_or_default();
        let rest = text.get(at + 1..).unwrap_or_default();
        // A comma comes before the default of a variable.
        let end = rest.find(['"', '}', '\\', ',']).unwrap_or(rest.len());
        let name = rest.get(..end).unwrap_or_default().trim_end();
        let is_any = name.is_empty() || name.contains(['$', '{']);
        word.eq_ignore_ascii_case(b"tag") && (is_any || keys.contains(&name.to_ascii_lowercase()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Source: "AWS global condition context keys" in the IAM user guide: `aws:ResourceTag/tag-key`, `aws:PrincipalTag/tag-key`,
    /// of which neither the key nor the tag's key distinguishes case; policy variables are written `${aws:PrincipalTag/team}`.
    #[test]
    fn tags_are_found_where_policies_name_them() {
        let keys = BTreeSet::from(["team".to_owned()]);
        for (text, is_named) in [
            (r#"{"aws:ResourceTag/Team": "a"}"#, true),
            (r#"{"AWS:RESOURCETAG/TEAM": "a"}"#, true),
            (r#"{"aws:ResourceTag\/Team": "a"}"#, true),
            (r#"{"aws:ResourceTag/Teams": "a"}"#, false),
            (r#""arn:aws:s3:::b/${aws:PrincipalTag/team}/x""#, true),
            (r#""arn:aws:s3:::b/${aws:PrincipalTag/team, 'a'}/x""#, true),
            (r#""arn:aws:s3:::b/${aws:PrincipalTag/stage}/x""#, false),
            (r#"["${aws:PrincipalTag/", "team}"]"#, true),
            (r#"["${aws:Principal", "Tag/team}"]"#, true),
            (r#"["$", "{aws:PrincipalTag/team}"]"#, true),
            (r#"{"aws:ResourceTag/${Key}": "a"}"#, true),
            (r#"{"aws:ResourceTag/\u0054eam": "a"}"#, true),
            (r#"{"Tags": [{"Key": "Team", "Value": "a/b"}]}"#, false),
        ] {
            assert_eq!(may_name(text, &keys), is_named, "{text}");
        }
    }
}
