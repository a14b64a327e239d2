//! Signing in and keeping secrets.

use crate::kit::{Does, EMPTY, HELLO, PASSWORD, Proofs, Script, Scripted, World, handed_in, to_anna};
use connect::{ErrorKind, Proof, Secret};
use std::sync::atomic::Ordering;

const FAR: &str = "smtp://mail.ours.example";
const LOCAL: &str = "smtp://127.0.0.1";

fn upgraded(offer: &'static str, starttls: &'static str) -> Script {
    vec![("", Does::Says("220 hi\r\n")), ("EHLO", Does::Says(offer)), ("STARTTLS", Does::Says(starttls))]
}

#[tokio::test(start_paused = true)]
async fn a_far_server_hears_the_password_only_under_tls() {
    // given a server that offers STARTTLS
    let mut script = upgraded("250-x\r\n250-STARTTLS\r\n250 AUTH PLAIN\r\n", "220 go\r\n");
    script.extend(handed_in(Does::Says("250 ok\r\n")).into_iter().skip(1));
    let world = World::new(Scripted::new([script]), FAR);
    // when a mail is sent, then TLS came first
    world.send(&to_anna()).await.unwrap();
    assert_eq!(world.dial.secured.load(Ordering::SeqCst), 1);
    let heard = world.dial.heard();
    let place = |word: &str| heard.iter().position(|line| line.starts_with(word)).unwrap();
    assert!(place("STARTTLS") < place("AUTH"), "{heard:?}");
    assert_eq!(
        heard.iter().filter(|line| line.starts_with("EHLO")).count(),
        2,
        "what was offered before is void"
    );
}

#[tokio::test(start_paused = true)]
async fn without_tls_nothing_is_said() {
    let no_offer = || vec![("", Does::Says("220 hi\r\n")), ("EHLO", Does::Says(HELLO))];
    let offer = "250-x\r\n250-STARTTLS\r\n250 AUTH PLAIN\r\n";
    for script in [
        no_offer(),
        upgraded(offer, "454 not now\r\n"),
        // Somebody in between speaks before TLS begins.
        upgraded(offer, "220 go\r\n250-x\r\n250 AUTH PLAIN\r\n"),
    ] {
        let world = World::new(Scripted::new([script]), FAR);
        let error = world.send(&to_anna()).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::NotConnected, "{error}");
        assert!(world.dial.heard().iter().all(|line| !line.starts_with("AUTH")), "{:?}", world.dial.heard());
        assert_eq!(world.dial.secured.load(Ordering::SeqCst), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn smtps_is_tls_from_the_first_byte() {
    let script = handed_in(Does::Says("250 ok\r\n"));
    let world = World::new(Scripted::new([script]), "smtps://mail.ours.example");
    world.send(&to_anna()).await.unwrap();
    assert_eq!(world.dial.secured.load(Ordering::SeqCst), 1);
}

#[tokio::test(start_paused = true)]
async fn a_refused_password_is_told_without_being_shown() {
    // given a server that repeats what it heard
    let echo = "535 5.7.8 no: AGFubmEAczNjcmV0LXdvcmQ= password=s3cret-word\r\n";
    let refuses = || ("AUTH PLAIN", Does::Says(echo));
    let script = vec![("", Does::Says("220 hi\r\n")), ("EHLO", Does::Says(HELLO)), refuses(), refuses()];
    let mut world = World::new(Scripted::new([script]), LOCAL);
    let password = || Proof::Password(Secret::new(PASSWORD));
    world.auth = Proofs::of([password(), password()]);
    // when we sign in, then a person is asked, and the password stays out of it
    let error = world.send(&to_anna()).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::NotConnected);
    let shown = format!("{error} {error:?}");
    assert!(shown.contains("535 5.7.8 no"), "{shown}");
    assert!(!shown.contains(PASSWORD) && !shown.contains("AGFubmEA"), "{shown}");
}

#[tokio::test(start_paused = true)]
async fn a_token_that_has_expired_is_renewed_once_in_the_same_conversation() {
    // given a server that refuses the first token with a challenge, as Google does
    let offer = Does::Says("250-x\r\n250 AUTH PLAIN XOAUTH2\r\n");
    let mut script = vec![
        ("", Does::Says("220 hi\r\n")),
        ("EHLO", offer),
        ("AUTH XOAUTH2 ", Does::Says("334 eyJzdGF0dXMiOiI0MDEifQ==\r\n")),
    ];
    let refused = "535 5.7.8 Username and Password not accepted\r\n";
    script.extend([(EMPTY, Does::Says(refused)), ("AUTH XOAUTH2 ", Does::Says("235 ok\r\n"))]);
    script.extend(handed_in(Does::Says("250 ok\r\n")).into_iter().skip(3));
    let mut world = World::new(Scripted::new([script]), LOCAL);
    let token = |text: &str| Proof::Token(Secret::new(text));
    world.auth = Proofs::of([token("stale-token"), token("fresh-token")]);
    // when a mail is sent, then it goes out with the second
    world.send(&to_anna()).await.unwrap();
    let heard = world.dial.heard();
    let said: Vec<_> = heard.iter().filter(|line| line.starts_with("AUTH")).collect();
    assert_eq!(said.len(), 2);
    assert_ne!(said[0], said[1]);
}

#[tokio::test(start_paused = true)]
async fn a_server_too_busy_for_signing_in_says_nothing_about_the_password() {
    let script = vec![
        ("", Does::Says("220 hi\r\n")),
        ("EHLO", Does::Says(HELLO)),
        ("AUTH PLAIN", Does::Says("454 4.7.0 later\r\n")),
    ];
    let world = World::new(Scripted::new([script]), LOCAL);
    let error = world.send(&to_anna()).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Busy { after: None });
}

#[tokio::test(start_paused = true)]
async fn a_server_without_a_way_of_signing_in_is_told_to_a_person() {
    let offer = Does::Says("250-x\r\n250 AUTH CRAM-MD5\r\n");
    let world = World::new(Scripted::new([vec![("", Does::Says("220 hi\r\n")), ("EHLO", offer)]]), LOCAL);
    let error = world.send(&to_anna()).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::NotConnected);
    assert!(error.to_string().contains("CRAM-MD5"), "{error}");
}
