//! Any bytes give fields or a reason.

use mail::{Parts, decode_text, fields, message, new_text};
use proptest::prelude::*;

/// Pieces of which broken mails are made.
fn piece() -> impl Strategy<Value = Vec<u8>> {
    let known = prop::sample::select(vec![
        "From: ",
        "To: Ann <ann@acme.com>",
        "Cc: a:b@c.d,",
        "Subject: =?utf-8?B?",
        "Subject: =?iso-8859-1?Q?=E9",
        "?=",
        "Date: Tue, 31 Feb 2024 25:61:61 +9999",
        "Date: 1 Jan 2024 10:00 +0100",
        "Message-ID: <",
        "References: <a@b> <c@d>",
        "Content-Type: multipart/mixed; boundary=\"x\"",
        "--x",
        "--x--",
        "Content-Type: text/html; charset=utf-7",
        "Content-Type: message/rfc822",
        "Content-Type: message/delivery-status",
        "Content-Transfer-Encoding: base64",
        "Content-Transfer-Encoding: quoted-printable",
        "Content-Disposition: attachment; filename*0*=utf-8''%E2%82",
        "Final-Recipient: rfc822;",
        "Action: failed",
        "\r\n",
        "\n",
        "\n\n",
        " ",
        "\t",
        "=",
        "=3",
        "<blockquote>",
        "</div>",
        "<!--",
        "&#xFFFFFFF;",
        "On 1 May Ann wrote:",
        "> quoted",
        "-- ",
        "Von: a",
        "Gesendet: b",
        "An: c",
        "_______________",
        "Best regards,",
        "İ",
        "ß",
        "\u{feff}",
        "\u{0}",
    ]);
    prop_oneof![3 => known.prop_map(|text| text.as_bytes().to_vec()), 1 => prop::collection::vec(any::<u8>(), 0..12)]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn broken_mails_never_stop_us(pieces in prop::collection::vec(piece(), 0..40), cut in any::<prop::sample::Index>()) {
        let raw = pieces.concat();
        for raw in [raw.as_slice(), &raw[..cut.index(raw.len() + 1)]] {
            if let Ok(fields) = message(raw) {
                prop_assert!(fields.text(model::Field::Content).unwrap_or_default().len() <= mail::CONTENT);
                prop_assert!(fields.list(model::Field::References).len() <= 50);
            }
            let text = String::from_utf8_lossy(raw);
            drop(fields(raw, &Parts { text: Some(&text), attachments: Vec::new(), report: Some(raw) }));
            // What is new is all of it, or less: never more.
            let new = new_text(&text);
            prop_assert!(new.len() <= text.len());
        }
    }

    #[test]
    fn broken_bodies_never_stop_us(bytes in prop::collection::vec(any::<u8>(), 0..300), encoding in 0..3_usize, charset in 0..5_usize, html in any::<bool>()) {
        let encoding = ["base64", "Quoted-Printable", "8bit"][encoding];
        let charset = [None, Some("utf-8"), Some("utf-16"), Some("shift_jis"), Some("nonsense")][charset];
        decode_text(&bytes, charset, Some(encoding), html);
    }
}

#[test]
fn a_body_cut_off_anywhere_gives_its_beginning() {
    // "Grüße aus Köln" in each encoding, as a bounded read of a body part may leave it.
    for (bytes, encoding) in [
        (&b"R3LDvMOfZSBhdXMgS8O2bG4="[..], "base64"),
        (b"Gr=C3=BC=C3=9Fe aus K=C3=B6ln", "quoted-printable"),
        ("Grüße aus Köln".as_bytes(), "8bit"),
    ] {
        for end in 0..=bytes.len() {
            let text = decode_text(&bytes[..end], Some("utf-8"), Some(encoding), false);
            let text = text.trim_end_matches('\u{fffd}');
            assert!("Grüße aus Köln".starts_with(text), "{encoding} {end}: {text:?}");
        }
        assert_eq!(decode_text(bytes, Some("UTF-8"), Some(encoding), false), "Grüße aus Köln");
    }
}

#[test]
fn a_header_alone_is_enough() {
    let raw = b"From: Ann <Ann@Acme.com>\r\nTo: bob@x.test, BOB@x.test\r\nSubject: =?utf-8?Q?Gr=C3=BC=C3=9Fe?=\r\nDate: Sun, 22 Nov 2026 10:00:00 +0100\r\nMessage-ID: <1@acme.com>\r\nIn-Reply-To: <b@x.test>\r\nReferences: <a@x.test>\r\n\r\n";
    let known = fields(raw, &Parts::default()).unwrap();
    assert_eq!(known.text(model::Field::Name), Some("Grüße"));
    assert_eq!(known.text(model::Field::Sender), Some("ann@acme.com"));
    assert_eq!(known.list(model::Field::Recipients).join(","), "bob@x.test");
    assert_eq!(known.list(model::Field::References).join(","), "a@x.test,b@x.test");
    assert_eq!(known.time(model::Field::At).unwrap().to_string(), "2026-11-22T09:00:00.000Z");
    assert!(known.get(model::Field::Content).is_none(), "nobody asked for the text");
    // Without the blank line, too: some servers leave it out.
    assert_eq!(
        fields(raw.trim_ascii_end(), &Parts::default()).unwrap().text(model::Field::MessageId),
        Some("1@acme.com")
    );
}

#[test]
fn what_is_no_mail_has_a_reason() {
    for (raw, reason) in
        [("", "the mail is empty"), (" \r\n\r\n", "the mail is empty"), ("hello", "the mail has no header")]
    {
        assert_eq!(message(raw.as_bytes()).unwrap_err().to_string(), reason, "{raw:?}");
    }
}

#[test]
fn a_long_conversation_keeps_its_first_mail_and_the_newest() {
    let ids: Vec<_> = (0..80).map(|n| format!("<{n}@x.test>")).collect();
    let known = message(format!("From: a@b.c\nReferences: {}\n\nHi", ids.join("\n ")).as_bytes()).unwrap();
    let kept = known.list(model::Field::References);
    assert_eq!((kept.len(), &*kept[0], &*kept[1], &*kept[49]), (50, "0@x.test", "31@x.test", "79@x.test"));
}
