//! Numbers in words.

/// A number with a noun: `1 stack`, `2 stacks`.
pub fn count(number: usize, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}
