//! What each name is, and is not.

use super::*;

#[test]
fn names_are_checked_when_parsed() {
    assert!(Id::parse("sales-2").is_ok());
    for bad in ["", "Sales", "2sales", "sales_2", &"a".repeat(41)] {
        assert!(Id::parse(bad).is_err(), "{bad}");
    }
    assert!(TeamName::parse("Équipe Données").is_ok());
    for bad in ["", "a*", "${aws:x}", "a\"b", " a", "a\nb", "😀", "Аналитики"] {
        assert!(TeamName::parse(bad).is_err(), "{bad}");
    }
    assert!(RoleArn::parse("arn:aws:iam::111122223333:role/path/Admin").is_ok());
    assert!(RoleArn::parse("arn:aws:iam::1111:role/Admin").is_err());
    assert!(RoleArn::parse("arn:aws:iam::111122223333:role/*").is_err());
    assert!(ProviderUrl::parse("https://id.example.com/realms/data-1").is_ok());
    let ends = ["/", ":8443", "/a?b=c"].map(|end| format!("https://id.example.com{end}"));
    let others = ["http://id.example.com", "https://*.example.com", "https://www.amazon.com"];
    for bad in ends.iter().map(String::as_str).chain(others) {
        assert!(ProviderUrl::parse(bad).is_err(), "{bad}");
    }
    for bad in ["*", "ann*", "repo:acme/?", "${aws:username}", " ann", "", "Аналитики"] {
        assert!(Claim::parse(bad).is_err(), "{bad}");
    }
    assert!(Claim::parse("données").is_ok());
    assert!(PermissionSetName::parse("Data_Analysts+1").is_ok());
    for bad in ["Data Analysts", "Analysts*", &"a".repeat(33)] {
        assert!(PermissionSetName::parse(bad).is_err(), "{bad}");
    }
    assert!(ProviderName::parse("arn:aws:iam::111122223333:saml-provider/corp").is_err());
    assert!(Schedule::parse("cron(0 1 * * ? *)").is_ok());
    assert!(Schedule::parse("rate(1 day)").is_err());
    // Names of the IANA time zone database.
    for good in ["UTC", "Europe/Berlin", "America/Argentina/Buenos_Aires", "Etc/GMT+5"] {
        assert!(TimeZone::parse(good).is_ok(), "{good}");
    }
    for bad in ["", "utc", "+02:00", "Europe/", "/Berlin", "Europe Berlin", &"A".repeat(51)] {
        assert!(TimeZone::parse(bad).is_err(), "{bad}");
    }
    assert!(Date::parse("2026-02-30x").is_err());
    assert!(KeyPrefix::parse("a/b=1/").is_ok());
    assert!(KeyPrefix::parse("a/*").is_err());
}

#[test]
fn paths_in_buckets_go_down_only_and_folders_end_in_a_slash() {
    for good in ["a/", "a/b=1/", "..a/", "a..b/c./"] {
        assert!(KeyPrefix::parse(good).is_ok() && FolderPrefix::parse(good).is_ok(), "{good}");
    }
    for open in ["a", "a/b", "a./.b"] {
        assert!(KeyPrefix::parse(open).is_ok() && FolderPrefix::parse(open).is_err(), "{open}");
    }
    let long = format!("{}/", "a".repeat(512));
    let bad = ["", "/", "/a/", "a//", "a//b/", "./", "../a/", "a/../b/", "a/./", "a/.."];
    let patterns = ["a*/", "*/", "a?/", "${aws:username}/", "a/${x}/", "a b/", "é/", "a\n/"];
    for bad in bad.into_iter().chain(patterns).chain([long.as_str()]) {
        assert!(KeyPrefix::parse(bad).is_err() && FolderPrefix::parse(bad).is_err(), "{bad}");
    }
}

#[test]
fn days_are_those_of_the_calendar() {
    // Leap years of the Gregorian calendar (ISO 8601): 2000 and 2028 are leap years, 1900 and 2026 are not.
    for good in ["2026-02-28", "2028-02-29", "2000-02-29", "2026-12-31", "2026-04-30"] {
        assert!(Date::parse(good).is_ok(), "{good}");
    }
    for bad in [
        "2026-02-30",
        "2026-02-29",
        "1900-02-29",
        "2026-04-31",
        "2026-13-01",
        "2026-00-10",
        "2026-01-00",
        "2026-1-010",
        "+026-01-01",
        "2026-01-01T",
        "20260-1-01",
    ] {
        assert!(Date::parse(bad).is_err(), "{bad}");
    }
}

#[test]
fn a_misspelt_region_is_told_what_was_meant() {
    let message = RegionName::parse("eu-wets-1").expect_err("no region").to_string();
    assert!(message.ends_with("; did you mean `eu-west-1`?"), "{message}");
    let message = RegionName::parse("the-moon-1").expect_err("no region").to_string();
    assert!(!message.contains("did you mean"), "{message}");
}

#[test]
fn long_text_is_cut_in_messages() {
    let message = AccountNumber::parse(&"1".repeat(10_000)).expect_err("too long").to_string();
    assert!(message.len() < 120, "{message}");
}
