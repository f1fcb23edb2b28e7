use lakewright_diff::access::{AccessChange, Relation};

use super::super::tests::{NAMES, TEAM_A, reach};
use super::*;

/// The sentence about access of `TEAM_A`.
fn said(how: How, reach: &Reach) -> String {
    said_of(TEAM_A, how, reach)
}

fn said_of(principal: &str, how: How, reach: &Reach) -> String {
    let change = AccessChange {
        principal: principal.to_owned(),
        relation: Relation::Broader,
        gained: Vec::new(),
        lost: Vec::new(),
        unknown: Vec::new(),
    };
    access(&Entry { change: &change, reach: Some(reach), how }, &NAMES).to_string()
}

#[test]
fn a_sentence_says_who_can_do_what_where_and_why() {
    let mut one = reach(&["s3:GetObject"], "arn:aws:s3:::bucket/exports/*");
    one.because = vec!["shares.yaml:12:3".to_owned()];
    let who = format!("team/science/TeamA (role {TEAM_A})");
    assert_eq!(
        said(How::Gained, &one),
        format!("{who} can now read objects under s3://bucket/exports/* because of shares.yaml:12")
    );
    one.because.clear();
    one.decisions = (Answer::Allowed, Answer::Denied);
    assert_eq!(
        said(How::Lost, &one),
        format!("{who} can no longer read objects under s3://bucket/exports/*")
    );
    one.decisions = (Answer::Denied, Answer::Depends);
    let may = format!("{who} may be able to read objects under s3://bucket/exports/*");
    assert_eq!(said(How::Gained, &one), may);
    one.reason = "the condition cannot be compared".to_owned();
    assert_eq!(said(How::Unknown, &one), format!("{may}: the condition cannot be compared"));
}

#[test]
fn known_sets_of_actions_have_words_and_others_are_listed() {
    let key = "arn:aws:kms:eu-west-1:111111111111:key/k";
    for (actions, resource, expected) in [
        (&["kms:Decrypt"][..], key, format!("decrypt with the key {key}")),
        (&["kms:Decrypt"], "*", "decrypt with any key".to_owned()),
        (
            &["s3:DeleteObject", "s3:GetObject", "s3:PutObject"],
            "arn:aws:s3:::b/k",
            "read objects, write objects and delete objects at s3://b/k".to_owned(),
        ),
        (
            &["s3:GetObject", "s3:PutObjectAcl"],
            "arn:aws:s3:::b/*",
            "read objects and perform s3:PutObjectAcl under s3://b/*".to_owned(),
        ),
        (
            &["kms:Decrypt", "s3:ListBucket"],
            "*",
            "list objects in any bucket and decrypt with any key".to_owned(),
        ),
        (
            &["glue:A", "glue:B", "glue:C", "glue:D", "glue:E"],
            "*",
            "perform glue:A, glue:B, glue:C and 2 more on any resource".to_owned(),
        ),
        // A pattern that many of the actions match says more than their names.
        (
            &["s3:*", "s3:GetObject", "s3:PutObject", "s3:PutObjectAcl", "s3:PutObjectTagging"],
            "arn:aws:s3:::b/*",
            "perform 5 actions of s3:* under s3://b/*".to_owned(),
        ),
        (
            &["s3:GetObject", "s3:ListBucket*"],
            "arn:aws:s3:::b",
            "read objects and perform s3:ListBucket* in s3://b".to_owned(),
        ),
        // A part of a set is not called like the set.
        (
            &["s3:GetObjectVersion"],
            "arn:aws:s3:::b",
            "perform s3:GetObjectVersion in s3://b".to_owned(),
        ),
    ] {
        let said = said_of("*", How::Gained, &reach(actions, resource));
        assert_eq!(said, format!("everybody can now {expected}"));
    }
}

#[test]
fn principals_are_named_by_their_kind() {
    let one = reach(&["s3:GetObject"], "*");
    for (principal, expected) in [
        ("arn:aws:iam::222222222222:root", "all principals of account 222222222222"),
        ("glue.amazonaws.com", "the service glue.amazonaws.com"),
        ("arn:aws:iam::222222222222:user/u", "user arn:aws:iam::222222222222:user/u"),
        (
            "arn:aws:iam::222222222222:policy/p",
            "whoever has the policy arn:aws:iam::222222222222:policy/p",
        ),
    ] {
        let expected = format!("{expected} can now read objects in any bucket");
        assert_eq!(said_of(principal, How::Gained, &one), expected);
    }
}

#[test]
fn control_characters_of_a_template_do_not_reach_the_terminal() {
    let name = "a\u{1b}[31m\nb\u{9b}\u{202e}";
    let shown = Sentence::new("x ").name(name).to_string();
    assert_eq!(shown, "x a\\u{1b}[31m\\nb\\u{9b}\\u{202e}");
    assert_eq!(shortened("abcdef", 4), "abc…");
    assert_eq!(shortened("abcd", 4), "abcd");
}

#[test]
fn only_a_column_is_taken_from_a_line() {
    assert_eq!(without_column("a:b/shares.yaml:12:3"), "a:b/shares.yaml:12");
    assert_eq!(without_column("shares.yaml:12"), "shares.yaml:12");
    assert_eq!(without_column("shares.yaml"), "shares.yaml");
}
