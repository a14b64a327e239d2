use super::*;
use model::{ConnectionId, ExternalRef, Kind, WriteKey};
use proptest::prelude::*;

fn write(to: &str, subject: &str, text: &str, html: Option<&str>) -> Write {
    let target = ExternalRef::new(&ConnectionId::from("mail"), Kind::Email, to);
    let intent = Intent::Notify {
        to: to.into(),
        subject: subject.to_owned(),
        text: text.to_owned(),
        html: html.map(str::to_owned),
        insist: false,
        at: Timestamp::from_millis(1_763_797_200_007),
    };
    let key = WriteKey::new(&target.connection, intent.kind(), &target, "cause", "slot", 0);
    Write { key, target, intent, expects: Vec::new(), because: String::new() }
}

fn senders() -> Senders {
    Senders::read("Sales desk <desk@ours.example>", Some("people@ours.example")).unwrap()
}

fn built(write: &Write) -> String {
    String::from_utf8(build(&senders(), write).unwrap().bytes).unwrap()
}

/// Header lines, unfolded, and the rest.
fn parts(mail: &str) -> (Vec<String>, String) {
    let (head, body) = mail.split_once("\r\n\r\n").unwrap();
    let head = head.replace("\r\n ", " ").replace("\r\n\t", " ");
    (head.split("\r\n").map(str::to_owned).collect(), body.to_owned())
}

#[test]
fn a_notification_becomes_a_plain_mail_that_no_machine_answers() {
    // given a write, when it is built
    let write = write("anna@ours.example", "Acme: propose?", "Hello Anna.\n", None);
    let (mut head, body) = parts(&built(&write));
    // then its headers say whose it is, when it was decided and that a machine wrote it
    head.sort();
    assert_eq!(
        head,
        [
            "Auto-Submitted: auto-generated".to_owned(),
            "Content-Transfer-Encoding: 7bit".to_owned(),
            "Content-Type: text/plain; charset=utf-8".to_owned(),
            "Date: Sat, 22 Nov 2025 07:40:00 +0000".to_owned(),
            "From: \"Sales desk\" <desk@ours.example>".to_owned(),
            "MIME-Version: 1.0".to_owned(),
            format!("Message-ID: <{}@ours.example>", write.key),
            "Reply-To: people@ours.example".to_owned(),
            "Subject: Acme: propose?".to_owned(),
            "To: anna@ours.example".to_owned(),
            "X-Auto-Response-Suppress: All".to_owned(),
        ]
    );
    assert_eq!(body.trim_end(), "Hello Anna.");
}

#[test]
fn a_repetition_is_the_same_to_the_byte() {
    let write = write("anna@ours.example", "Änderung", "Text ü", Some("<p>Text &uuml;</p>"));
    assert_eq!(built(&write), built(&write));
}

#[test]
fn both_forms_stand_side_by_side_where_there_is_html() {
    let mail = built(&write("anna@ours.example", "x", "plain words", Some("<p>rich words</p>")));
    assert!(mail.contains("Content-Type: multipart/alternative;"), "{mail}");
    let (plain, rich) = (mail.find("plain words").unwrap(), mail.find("<p>rich words</p>").unwrap());
    assert!(plain < rich, "the richest form comes last");
}

#[test]
fn nothing_foreign_becomes_a_header() {
    let evil = "Hello\r\nBcc: victim@x.test\r\n\r\nbody\u{0}\u{85}\u{2028}";
    let (head, _) = parts(&built(&write("anna@ours.example", evil, "x", None)));
    assert!(head.iter().all(|line| !line.starts_with("Bcc")), "{head:?}");
    for to in [
        "anna@ours.example\r\nRCPT TO:<victim@x.test>",
        "anna@ours.example>",
        "<anna@ours.example>",
        "Anna <anna@ours.example>",
        "anna@ours.example, ben@ours.example",
        "anna",
        "",
        "änna@ours.example",
        "\"a b\"@ours.example",
    ] {
        assert!(build(&senders(), &write(to, "x", "x", None)).is_err(), "{to:?}");
    }
    assert!(Senders::read("desk@ours.example\r\nX: y", None).is_err());
}

#[test]
fn a_domain_with_letters_of_its_own_goes_out_in_ascii() {
    assert_eq!(address("info@bücher.example").unwrap().to_string(), "info@xn--bcher-kva.example");
}

#[test]
fn dots_are_doubled_and_lines_end_as_the_protocol_wants() {
    assert_eq!(transparent(b".\r\n..a\n.b\rc.\r\n"), b"..\r\n...a\r\n..b\r\nc.\r\n");
    assert_eq!(transparent(b"no end"), b"no end\r\n");
    assert_eq!(transparent(b""), b"");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_in_a_message_ends_it_early(message in proptest::collection::vec(prop_oneof![
        Just(b'.'), Just(b'\r'), Just(b'\n'), Just(b'a')
    ], 0..60)) {
        let sent = transparent(&message);
        // Whatever a server takes for the end of a line, no line is a lone dot and no CR or LF stands alone.
        let text = String::from_utf8(sent).unwrap();
        prop_assert!(!text.replace("\r\n", "").contains(['\r', '\n']));
        prop_assert!(text.split("\r\n").all(|line| line != "."));
    }

    #[test]
    fn any_subject_stays_one_header(subject in "\\PC{0,80}|[\\x00-\\x1fa-z: ]{0,80}") {
        let write = write("anna@ours.example", &subject, "x", None);
        let (head, body) = parts(&built(&write));
        prop_assert_eq!(head.iter().filter(|line| line.starts_with("Subject:")).count(), 1);
        prop_assert_eq!(head.len(), 11);
        prop_assert_eq!(body.trim_end(), "x");
    }
}
