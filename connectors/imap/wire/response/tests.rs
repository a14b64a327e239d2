use super::*;
use proptest::prelude::*;

fn of(line: &str) -> Response {
    read(&Bytes::from(line.to_owned() + "\r\n")).unwrap()
}
fn data_of(line: &str) -> Data {
    match of(line) {
        Response::Data(data) => data,
        _ => panic!("{line} is data"),
    }
}

#[test]
fn the_end_of_a_command_names_it_and_says_why() {
    let Response::Done { tag, state, code, text } = of("A7 NO [AUTHENTICATIONFAILED] Bad credentials.")
    else {
        panic!("not an end")
    };
    assert_eq!((tag.as_str(), state, text.as_str()), ("A7", State::No, "Bad credentials."));
    assert_eq!(code.unwrap().name, "AUTHENTICATIONFAILED");
    assert!(matches!(of("A8 OK"), Response::Done { state: State::Ok, code: None, .. }));
}

#[test]
fn a_greeting_carries_its_code() {
    let Response::Said { state, code, .. } = of("* OK [CAPABILITY IMAP4rev1 SASL-IR] ready") else {
        panic!("not said")
    };
    assert_eq!((state, code.unwrap().rest), (State::Ok, "IMAP4rev1 SASL-IR".to_owned()));
    assert!(matches!(of("+ "), Response::Go(text) if text.is_empty()));
}

#[test]
fn folders_are_read_whatever_their_names_are() {
    for (line, expected) in [
        (r#"* LIST (\HasNoChildren \Sent) "/" Sent"#, "Sent"),
        (r#"* LIST () "/" "a \"b\" (c)""#, "a \"b\" (c)"),
        (r"* LIST () NIL NIL", "NIL"),
        ("* LIST () \"/\" {7}\r\nx)\r\n({3", "x)\r\n({3"),
        (r#"* LIST () "." [Gmail].All"#, "[Gmail].All"),
        (r#"* LIST () "/" "Entw&APw-rfe""#, "Entw&APw-rfe"),
    ] {
        let Data::Folder { name, .. } = data_of(line) else { panic!("{line}") };
        assert_eq!(name, expected, "{line}");
    }
    let Data::Folder { attributes, delimiter, .. } = data_of(r#"* LIST (\NoSelect \ALL) "/" x"#) else {
        panic!("no folder")
    };
    assert_eq!((attributes, delimiter), (vec!["\\noselect".to_owned(), "\\all".to_owned()], Some(b'/')));
}

#[test]
fn numbers_of_a_folder_are_read() {
    let Data::Status(name, numbers) = data_of("* STATUS \"a b\" (MESSAGES 3 uidnext 4 HIGHESTMODSEQ 8 )")
    else {
        panic!("no status")
    };
    assert_eq!(name, "a b");
    assert_eq!(
        numbers,
        [("MESSAGES".to_owned(), 3), ("UIDNEXT".to_owned(), 4), ("HIGHESTMODSEQ".to_owned(), 8)]
    );
}

#[test]
fn searches_of_both_kinds_are_read() {
    for (line, expected) in [
        ("* SEARCH 3 1 2 9", "1:3,9"),
        ("* SEARCH", ""),
        ("* SEARCH 2 5 (MODSEQ 917162500)", "2,5"),
        ("* ESEARCH (TAG \"A1\") UID ALL 1:17,21", "1:17,21"),
        ("* ESEARCH (TAG \"A1\") UID", ""),
    ] {
        let Data::Found(uids) = data_of(line) else { panic!("{line}") };
        assert_eq!(uids.to_string(), expected, "{line}");
    }
}

#[test]
fn what_vanished_earlier_and_what_left_just_now_are_told_apart() {
    assert!(matches!(data_of("* VANISHED (EARLIER) 41,43:116"), Data::Vanished(uids) if uids.len() == 75));
    assert!(matches!(data_of("* VANISHED 405"), Data::Left));
    assert!(matches!(data_of("* 44 EXPUNGE"), Data::Left));
    assert!(matches!(data_of("* 23 EXISTS"), Data::Exists(23)));
    assert!(matches!(data_of("* 23 RECENT"), Data::Other));
}

#[test]
fn items_of_a_message_come_in_any_order() {
    let line = "* 1 FETCH (FLAGS (\\Seen) BODY[HEADER]<0> {6}\r\nA: b\r\n uid 7 MODSEQ (624140003))";
    let Data::Message(items) = data_of(line) else { panic!("no message") };
    let names: Vec<_> = items.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["FLAGS", "BODY[HEADER]<0>", "UID", "MODSEQ"]);
    assert_eq!(items[1].1.bytes().unwrap(), "A: b\r\n");
    assert_eq!(items[2].1.number(), Some(7_u32));
}

#[test]
fn a_message_that_cant_be_read_is_still_known_by_its_uid() {
    assert!(matches!(data_of("* 1 FETCH (UID 7 BODYSTRUCTURE (\"TEXT\" ((( )"), Data::Broken(7)));
    assert!(matches!(data_of("* 1 FETCH (FLAGS (("), Data::Other));
}

#[test]
fn a_search_that_cant_be_read_is_no_empty_search() {
    assert!(read(&Bytes::from_static(b"* SEARCH 1 x\r\n")).is_none());
    assert!(read(&Bytes::from_static(b"* ESEARCH (TAG \"A\") UID ALL 1:*\r\n")).is_none());
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn reading_ends_whatever_comes(bytes in proptest::collection::vec(any::<u8>(), 0..120)) {
        drop(read(&Bytes::from(bytes)));
    }
    #[test]
    fn reading_ends_whatever_resembles_an_answer(rest in "(LIST|STATUS|SEARCH|ESEARCH|VANISHED|1 FETCH) [ ()\\[\\]\"\\\\{}A-Z0-9,:\r\n]{0,80}") {
        drop(read(&Bytes::from(format!("* {rest}\r\n"))));
    }
}
