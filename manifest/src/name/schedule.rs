//! Schedules in the form of AWS Glue and EventBridge.
//!
//! Source: "Time-based schedules for jobs and crawlers" in the Glue developer
//! guide: six fields, and `?` in one of the two fields for days.

const MONTHS: [&str; 12] =
    ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const DAYS: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

/// The values of a field: the lowest, the highest, and the names of values from the lowest on.
type Values = (u32, u32, &'static [&'static str]);

/// Whether a text is `cron(minutes hours day-of-month month day-of-week year)`, as AWS accepts it.
pub(super) fn is_schedule(text: &str) -> bool {
    let Some(fields) = text.strip_prefix("cron(").and_then(|rest| rest.strip_suffix(')')) else {
        return false;
    };
    let fields: Vec<&str> = fields.split(' ').collect();
    let [minutes, hours, day, month, weekday, year] = fields.as_slice() else { return false };
    let is_list = |field: &str, values: Values| field.split(',').all(|one| is_item(one, values));
    let is_day = |one: &str| {
        let nearest = one.strip_suffix('W').is_some_and(|day| is_value(day, (1, 31, &[])));
        ["L", "LW"].contains(&one) || nearest || is_item(one, (1, 31, &[]))
    };
    let is_weekday = |one: &str| {
        let values: Values = (1, 7, &DAYS);
        let last = one.strip_suffix('L').is_some_and(|day| day.is_empty() || is_value(day, values));
        let nth = one
            .split_once('#')
            .is_some_and(|(day, number)| is_value(day, values) && is_value(number, (1, 5, &[])));
        last || nth || is_item(one, values)
    };
    let days = match (*day, *weekday) {
        ("?", "?") => false,
        ("?", weekday) => weekday.split(',').all(is_weekday),
        (day, "?") => day.split(',').all(is_day),
        _ => false,
    };
    days && is_list(minutes, (0, 59, &[]))
        && is_list(hours, (0, 23, &[]))
        && is_list(month, (1, 12, &MONTHS))
        && is_list(year, (1970, 2199, &[]))
}

/// Whether a text is one value, a range or `*`, each with an optional step.
fn is_item(text: &str, values: Values) -> bool {
    let (base, step) = match text.split_once('/') {
        Some((base, step)) => (base, Some(step)),
        None => (text, None),
    };
    let is_base = base == "*"
        || is_value(base, values)
        || base
            .split_once('-')
            .is_some_and(|(from, to)| is_value(from, values) && is_value(to, values));
    is_base && step.is_none_or(|step| is_value(step, (1, values.1, &[])))
}

fn is_value(text: &str, (from, to, names): Values) -> bool {
    let is_digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    names.contains(&text.to_ascii_uppercase().as_str())
        || (is_digits && text.parse::<u32>().is_ok_and(|number| (from..=to).contains(&number)))
}

#[cfg(test)]
mod tests {
    use super::is_schedule;

    #[test]
    fn schedules_are_those_that_aws_takes() {
        for text in [
            "cron(0 1 * * ? *)",
            "cron(0 3 ? * MON *)",
            "cron(0/15 8-17 ? * MON-FRI 2026-2030)",
            "cron(0 0 L * ? *)",
            "cron(30 6 15W 1,6 ? *)",
            "cron(0 9 ? * 6#3 *)",
            "cron(0 9 ? * FRIL *)",
        ] {
            assert!(is_schedule(text), "{text}");
        }
        for text in [
            "cron(0 1 * * * *)",
            "cron(0 1 ? * ? *)",
            "cron(60 1 * * ? *)",
            "cron(0 24 * * ? *)",
            "cron(0 1 32 * ? *)",
            "cron(0 1 * 13 ? *)",
            "cron(0 1 ? * 8 *)",
            "cron(0 1 * * ? 1969)",
            "cron(0 1 * * ?)",
            "cron(99 44 * * * 1999)",
            "rate(1 day)",
        ] {
            assert!(!is_schedule(text), "{text}");
        }
    }
}
