//! The current date, for shares with `expires`.

use std::time::SystemTime;

use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;

/// Today's date in UTC, as `YYYY-MM-DD`.
pub fn today() -> Option<String> {
    let text = DateTime::from(SystemTime::now()).fmt(Format::DateTime).ok()?;
    text.split_once('T').map(|(day, _)| day.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_has_its_form() {
        let day = today().expect("a day");
        let parts: Vec<&str> = day.split('-').collect();
        let lengths: Vec<usize> = parts.iter().map(|part| part.len()).collect();
        assert_eq!(lengths, [4, 2, 2], "{day}");
    }
}
