//! The AWS CLI commands that the owner of an account runs.

use lakewright_template::assembly::StackEntry;

/// The file with a bootstrap's template in the commands.
pub(crate) const FILE: &str = "bootstrap.yaml";

/// The command that deploys a bootstrap with the mesh's tags, which identify its stack.
///
/// Source: `cloudformation deploy` in the AWS CLI reference: `--tags` takes `key=value` pairs.
pub(crate) fn deploying(entry: &StackEntry) -> String {
    let tags = entry.tags.iter().map(|(key, value)| quoted(&format!("{key}={value}")));
    let tags: Vec<String> = tags.collect();
    format!(
        "aws cloudformation deploy --template-file {FILE} --capabilities {} --region {} --stack-name {} --tags {}",
        entry.capabilities.join(" "),
        entry.region,
        entry.name,
        tags.join(" ")
    )
}

/// The command that deletes a bootstrap.
pub(crate) fn deleting(region: &str, name: &str) -> String {
    format!("aws cloudformation delete-stack --region {region} --stack-name {name}")
}

/// A word quoted for a POSIX shell: in single quotes if it has special characters.
fn quoted(word: &str) -> String {
    let is_plain = |one: char| one.is_ascii_alphanumeric() || "-_./:=@+,".contains(one);
    if word.chars().all(is_plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// "Quoting" in the Shell Command Language of POSIX: no single quote can stand within single quotes.
    #[test]
    fn what_a_shell_would_read_is_quoted() {
        assert_eq!(quoted("lakewright:mesh=acme"), "lakewright:mesh=acme");
        assert_eq!(quoted("Owner=Data & AI"), "'Owner=Data & AI'");
        assert_eq!(quoted("Owner=it's $HOME"), r"'Owner=it'\''s $HOME'");
    }
}
