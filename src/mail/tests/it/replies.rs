//! What is new in a reply.

use crate::data;
use mail::new_text;

/// Files of the corpus of replies, with how the new text begins and ends; all of it where it is short.
const WANTED: [(&str, &str, &str); 23] = [
    ("correct_sig", "this is an email with a correct -- signature.", "with a correct -- signature."),
    ("email_1_1", "Hi folks\n\nWhat is", "using the Java HTTP API."),
    ("email_1_2", "Hi,\n\nYou can list", "you\u{2019}ll need to delete them all individually.\""),
    ("email_1_3", "Oh thanks.\n\nHaving the function would be great.", "would be great."),
    ("email_1_4", "Awesome! I haven't had another problem with it.", "problem with it."),
    ("email_1_5", "One: Here's what I've got.", "It goes on and on\nfor a while."),
    ("email_1_6", "I get proper rendering as well.", "as well."),
    ("email_1_7", ":+1:", ":+1:"),
    ("email_1_8", "I will reply under this one\n\nand under this.", "under this."),
    ("email_2_1", "Outlook with a reply", "Outlook with a reply"),
    ("email_2_2", "Outlook with a reply directly above line", "above line"),
    ("email_2_3", "Outlook with a reply above headers using unusual format", "unusual format"),
    ("email_BlackBerry", "Here is another email", "another email"),
    ("email_bullets", "test 2 this should list second", "- and another"),
    ("email_gmail", "This is a test for inbox replying to a github message.", "message."),
    ("email_headers_no_delimiter", "And another reply!", "reply!"),
    ("email_iPhone", "Here is another email", "another email"),
    ("email_multi_word_sent_from_my_mobile_device", "Here is another email", "another email"),
    ("email_one_is_not_on", "Thank, this is really helpful.", "when I run..."),
    ("email_partial_quote_header", "On your remote host you can run:", "the tunnel is not working."),
    ("email_sent_from_my_not_signature", "Here is another email", "easier then my mobile phone."),
    ("email_sig_delimiter_in_middle_of_line", "Hi there!", "kthxbai"),
    ("pathological", "I think you're onto something.", "back to a computer."),
];

#[test]
fn replies_keep_what_their_authors_wrote_and_nothing_else() {
    let Some(folder) = data::mails("replies") else { return };
    for (name, begins, ends) in WANTED {
        let text = std::fs::read_to_string(folder.join("replies").join(format!("{name}.txt"))).unwrap();
        let new = new_text(&text);
        assert!(new.starts_with(begins) && new.trim_end().ends_with(ends), "{name}:\n{new}");
        assert!(!new.lines().any(|line| line.starts_with('>')), "{name}:\n{new}");
    }
}

/// Each mail is all that its author wrote, a line with `####`, and what must be gone.
const MARKED: &str = include_str!("marked.txt");

#[test]
fn quotes_signatures_and_disclaimers_of_many_programs_are_cut_off() {
    let mails: Vec<_> = MARKED.split("\n%%%%\n").collect();
    assert!(mails.len() >= 25, "{}", mails.len());
    for mail in mails {
        let (own, rest) = mail.split_once("\n####\n").unwrap();
        assert_eq!(new_text(&format!("{own}\n{rest}")), own.trim(), "\n{mail}");
    }
}

#[test]
fn what_looks_like_a_quote_or_a_signature_and_is_none_stays() {
    for text in [
        "On Tuesday we meet at ten.\nOn Wednesday we don't.",
        "As you wrote: we need a proposal.\nPlease send it.",
        "From: our side there is nothing to add.",
        "Thanks\n\nCould you send us the proposal by Friday? We would like to see it before the board meets.",
        "This message is for the whole team: we go ahead.",
        "The price is:\n- 10 seats\n- 500 per seat\n- call +49 89 1234567",
        "Sent from my desk, which is easier to find than my phone.",
        "Best regards to your team, we are happy.",
        "We want:\n--option A and --option B",
    ] {
        assert_eq!(new_text(text), text);
    }
}
