//! What went wrong for others with Gmail.

use crate::desk::{ANN, Desk, letter};
use connect::ErrorKind;
use model::{Change, Field, GoneHow, Kind, Pass};
use sandbox::google::{Letter, Setup};
use sandbox::{Fault, Rule};
use serde_json::json;

#[tokio::test]
async fn a_history_that_is_too_old_leads_to_a_full_pass_and_what_was_deleted_is_found() {
    let desk = Desk::new();
    let ids: Vec<String> = (0..5).map(|n| desk.people().mail(ANN, &letter(n), &["INBOX"])).collect();
    let first = desk.full(Kind::Email).await;
    // when a mail is deleted and the history of it is forgotten
    desk.people().delete_mail(ANN, &ids[0]);
    desk.people().expire_history(ANN);
    let error = desk.pass(Kind::Email, &Pass::Since, Some(&first.cursor)).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::CursorExpired);
    // then a full pass goes on from now, and a census no longer lists it
    let again = desk.full(Kind::Email).await;
    assert!(desk.news(Kind::Email, &again.cursor).await.changes.is_empty());
    let census = desk.pass(Kind::Email, &Pass::Census, None).await.unwrap();
    assert!(census.complete && !census.there().contains(&ids[0]) && census.there().len() == 4);
    let asked = desk.pass(Kind::Email, &Pass::These(vec![ids[0].as_str().into()]), None).await.unwrap();
    assert_eq!(asked.gone(), [ids[0].clone()]);
}

#[tokio::test]
async fn a_first_import_stays_within_the_units_and_is_never_refused() {
    let desk = Desk::new();
    for n in 0..700 {
        desk.people().mail(ANN, &letter(n), &["INBOX"]);
    }
    let full = desk.full(Kind::Email).await;
    assert_eq!(full.seen().len(), 700);
    let usage = desk.sandbox.usage();
    assert_eq!((usage.by_status.get(&403), usage.by_status.get(&429)), (None, None));
    let peak = desk.people().peak().0;
    assert!((5_000..=6_000).contains(&peak), "{peak} units in the busiest minute");
}

#[tokio::test]
async fn both_forms_of_a_rate_limit_are_waited_for() {
    let desk = Desk::new();
    desk.sandbox.inject(Rule::next(Fault::TooMany { retry_after_s: None }).times(2).after(5));
    for n in 0..100 {
        desk.people().mail(ANN, &letter(n), &["INBOX"]);
    }
    assert_eq!(desk.full(Kind::Email).await.seen().len(), 100);
    let usage = desk.sandbox.usage();
    assert!(usage.by_status.contains_key(&403) && usage.by_status.contains_key(&429));
}

#[tokio::test]
async fn drafts_are_never_mails_and_are_one_once_sent() {
    let desk = Desk::new();
    let old = desk.people().mail(ANN, &letter(1), &["DRAFT"]);
    let first = desk.full(Kind::Email).await;
    assert!(first.changes.is_empty(), "{:?}", first.changes);
    assert!(desk.pass(Kind::Email, &Pass::Census, None).await.unwrap().there().is_empty());
    // when it is edited, which makes another draft of it, and then sent
    desk.people().delete_mail(ANN, &old);
    let draft = desk.people().mail(ANN, &letter(2), &["DRAFT"]);
    let news = desk.news(Kind::Email, &first.cursor).await;
    assert!(news.seen().is_empty());
    desk.people().label(ANN, &draft, &["SENT"], &["DRAFT"]);
    let news = desk.news(Kind::Email, &news.cursor).await;
    assert_eq!(news.seen().into_keys().collect::<Vec<_>>(), [draft]);
}

#[tokio::test]
async fn spam_is_left_alone_until_a_person_says_that_it_is_none() {
    let desk = Desk::new();
    let first = desk.full(Kind::Email).await;
    let id = desk.people().mail(ANN, &letter(1), &["SPAM"]);
    desk.sandbox.reset_usage();
    let news = desk.news(Kind::Email, &first.cursor).await;
    assert!(news.seen().is_empty());
    assert_eq!(desk.sandbox.usage().family("gmail.messages.get"), 0, "it costs no unit");
    desk.people().label(ANN, &id, &["INBOX"], &["SPAM"]);
    let news = desk.news(Kind::Email, &news.cursor).await;
    assert!(news.seen().contains_key(&id));
}

#[tokio::test]
async fn a_mail_in_the_bin_is_gone_and_can_come_back() {
    let desk = Desk::new();
    let id = desk.people().mail(ANN, &letter(1), &["INBOX"]);
    let first = desk.full(Kind::Email).await;
    desk.people().label(ANN, &id, &["TRASH"], &["INBOX"]);
    let news = desk.news(Kind::Email, &first.cursor).await;
    assert!(matches!(&news.changes[..], [Change::Gone(gone)] if gone.how == GoneHow::Archived), "{news:?}");
    desk.people().label(ANN, &id, &["INBOX"], &["TRASH"]);
    assert!(desk.news(Kind::Email, &news.cursor).await.seen().contains_key(&id));
}

#[tokio::test]
async fn a_mail_that_comes_during_the_full_pass_is_not_lost() {
    let desk = Desk::new();
    for n in 0..120 {
        desk.people().mail(ANN, &letter(n), &["INBOX"]);
    }
    let count = std::sync::atomic::AtomicUsize::new(1_000);
    desk.on_answer(move |sandbox, path| {
        if path.ends_with("/messages") {
            let n = count.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            sandbox.google().mail(ANN, &letter(n), &["INBOX"]);
        }
    });
    let full = desk.full(Kind::Email).await;
    *desk.after.lock().unwrap() = None;
    let news = desk.news(Kind::Email, &full.cursor).await;
    let known: std::collections::BTreeSet<String> =
        full.seen().into_keys().chain(news.seen().into_keys()).collect();
    assert_eq!(known.len(), desk.people().mails(ANN).len());
}

#[tokio::test]
async fn a_mail_deleted_between_list_and_read_costs_nothing() {
    let desk = Desk::new();
    let ids: Vec<String> = (0..3).map(|n| desk.people().mail(ANN, &letter(n), &["INBOX"])).collect();
    let gone = ids[1].clone();
    desk.on_answer(move |sandbox, path| {
        if path.ends_with("/messages") {
            sandbox.google().delete_mail(ANN, &gone);
        }
    });
    let full = desk.full(Kind::Email).await;
    assert!(full.complete);
    assert_eq!(full.seen().into_keys().collect::<Vec<_>>(), [ids[0].clone(), ids[2].clone()]);
}

#[tokio::test]
async fn a_walk_through_the_history_ends_where_it_began_and_not_later() {
    let desk = Desk::new();
    let first = desk.full(Kind::Email).await;
    for n in 0..250 {
        desk.people().mail(ANN, &letter(n), &["INBOX"]);
    }
    // when mails come while the pages are read
    let count = std::sync::atomic::AtomicUsize::new(1_000);
    desk.on_answer(move |sandbox, path| {
        if path.ends_with("/history") {
            let n = count.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            sandbox.google().mail(ANN, &letter(n), &["INBOX"]);
        }
    });
    let news = desk.news(Kind::Email, &first.cursor).await;
    *desk.after.lock().unwrap() = None;
    let later = desk.news(Kind::Email, &news.cursor).await;
    let known: std::collections::BTreeSet<String> =
        news.seen().into_keys().chain(later.seen().into_keys()).collect();
    assert_eq!(known.len(), desk.people().mails(ANN).len());
}

#[tokio::test]
async fn flags_that_say_nothing_of_a_mail_cost_no_read() {
    let desk = Desk::new();
    let id = desk.people().mail(ANN, &letter(1), &["INBOX", "UNREAD"]);
    let first = desk.full(Kind::Email).await;
    desk.sandbox.reset_usage();
    desk.people().label(ANN, &id, &["STARRED"], &["UNREAD", "INBOX"]);
    let news = desk.news(Kind::Email, &first.cursor).await;
    assert!(news.changes.is_empty());
    assert_eq!(desk.sandbox.usage().requests(), 1);
}

#[tokio::test]
async fn text_is_fetched_only_for_signals() {
    let bounce = Letter {
        headers: vec![("X-Failed-Recipients".into(), "carl@acme.example".into())],
        from: "Mail Delivery Subsystem <mailer-daemon@mail.example>".into(),
        subject: "Delivery Status Notification (Failure)".into(),
        failed: Some("carl@acme.example".into()),
        ..letter(2)
    };
    for signals in [false, true] {
        let desk = Desk::with(Setup::with(&[ANN]), &json!({"signals": signals}));
        let id = desk.people().mail(ANN, &letter(1), &["INBOX"]);
        let bounced = desk.people().mail(ANN, &bounce, &["INBOX"]);
        let full = desk.full(Kind::Email).await;
        let seen = full.seen();
        let expected = signals.then_some("Yes, let us talk on Monday.");
        assert_eq!(seen[&id].fields.text(Field::Content), expected);
        assert_eq!(seen[&id].fields.text(Field::MessageId), Some("q1@acme.example"));
        assert_eq!(seen[&bounced].fields.text(Field::Automatic), Some("bounce"), "signals {signals}");
        if signals {
            assert_eq!(seen[&bounced].fields.list(Field::Failed), ["carl@acme.example".into()]);
        }
    }
}

#[tokio::test]
async fn a_token_that_expires_in_the_middle_is_renewed() {
    let desk = Desk::new();
    for n in 0..120 {
        desk.people().mail(ANN, &letter(n), &["INBOX"]);
    }
    desk.sandbox.inject(Rule::next(Fault::Expired).after(30));
    let full = desk.full(Kind::Email).await;
    assert_eq!(full.seen().len(), 120);
    assert_eq!(desk.sandbox.usage().family("google.token"), 2);
}

#[tokio::test]
async fn only_what_is_new_enough_is_read_when_so_configured() {
    let desk = Desk::with(Setup::with(&[ANN]), &json!({"since": "2025-11-23"}));
    desk.people().mail(ANN, &letter(1), &["INBOX"]);
    desk.clock.0.advance(24 * crate::desk::HOUR);
    let new = desk.people().mail(ANN, &letter(2), &["INBOX"]);
    assert_eq!(desk.full(Kind::Email).await.seen().into_keys().collect::<Vec<_>>(), [new]);
}
