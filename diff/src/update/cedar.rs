//! The scope of a Cedar policy, read without its meaning.

/// The effect, the principal and the resource of a policy's scope, without white space outside of texts; `None` if the text
/// is not a policy.
pub(super) fn scope(policy: &str) -> Option<(String, String, String)> {
    let (head, rest) = policy_head(policy)?;
    let mut parts = vec![String::new()];
    let mut depth = 1_usize;
    let mut characters = rest.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '"' => {
                let last = parts.last_mut()?;
                last.push('"');
                let mut is_escaped = false;
                for inner in characters.by_ref() {
                    last.push(inner);
                    match inner {
                        '"' if !is_escaped => break,
                        '\\' => is_escaped = !is_escaped,
                        _ => is_escaped = false,
                    }
                }
                continue;
            }
            '/' if characters.peek() == Some(&'/') => {
                characters.by_ref().find(|inner| *inner == '\n');
                continue;
            }
            '(' | '[' => depth += 1,
            ')' | ']' => depth -= 1,
            ',' if depth == 1 => {
                parts.push(String::new());
                continue;
            }
            _ => {}
        }
        if depth == 0 {
            let [principal, _, resource] = <[String; 3]>::try_from(parts).ok()?;
            return Some((head, principal, resource));
        }
        if !character.is_whitespace() {
            parts.last_mut()?.push(character);
        }
    }
    None
}

/// The effect, and what follows the parenthesis after it. Comments and annotations before it are skipped.
fn policy_head(policy: &str) -> Option<(String, &str)> {
    let mut rest = policy.trim_start();
    loop {
        if let Some(comment) = rest.strip_prefix("//") {
            rest = comment.split_once('\n')?.1.trim_start();
        } else if let Some(annotation) = rest.strip_prefix('@') {
            rest = after_annotation(annotation)?.trim_start();
        } else {
            break;
        }
    }
    let (head, rest) = rest.split_once('(')?;
    let head = head.trim();
    matches!(head, "permit" | "forbid").then(|| (head.to_owned(), rest))
}

/// What follows `name("text")`, or a name alone.
fn after_annotation(annotation: &str) -> Option<&str> {
    let end = annotation.find(|c: char| !c.is_ascii_alphanumeric() && c != '_')?;
    let rest = annotation[end..].trim_start();
    let Some(value) = rest.strip_prefix('(') else { return Some(rest) };
    let value = value.trim_start().strip_prefix('"')?;
    let mut is_escaped = false;
    for (place, character) in value.char_indices() {
        match character {
            '"' if !is_escaped => return value[place + 1..].trim_start().strip_prefix(')'),
            '\\' => is_escaped = !is_escaped,
            _ => is_escaped = false,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::scope;

    /// "Policy syntax" in the Cedar policy language reference: an annotation, the effect, and the scope.
    #[test]
    fn the_scope_of_a_policy_is_read_whatever_its_form() {
        let of = |policy: &str| scope(policy).expect("a policy");
        let plain =
            of(r#"permit(principal, action in [A::"x", A::"y"], resource is T) when { true };"#);
        assert_eq!(plain, ("permit".to_owned(), "principal".to_owned(), "resourceisT".to_owned()));
        let spaced = "// why\n@id(\"a ) \\\" b\")\n@note\npermit (\n principal,\n action == A::\"z\", // one\n resource is T\n);";
        assert_eq!(of(spaced), plain);
        let named = of(r#"forbid(principal == U::"a, b ) c", action, resource);"#);
        assert_eq!(named.1, r#"principal==U::"a, b ) c""#);
        for wrong in [
            "",
            "permit",
            "allow(principal, action, resource);",
            "permit(principal, action",
            "@id(\"a",
        ] {
            assert_eq!(scope(wrong), None, "{wrong}");
        }
    }
}
