use super::*;
use std::collections::BTreeMap;

/// Labelled mails by signal: `+|text` has it, `-|text` is a trap; `\n` is a line break, and the mails may carry
/// quotes and signatures, which the reader of mails cuts off first.
const LABELLED: [(&str, &str); 15] = [
    ("positive_intent", include_str!("labelled/positive_intent.txt")),
    ("negative_intent", include_str!("labelled/negative_intent.txt")),
    ("interest_confirmed", include_str!("labelled/interest_confirmed.txt")),
    ("demo_requested", include_str!("labelled/demo_requested.txt")),
    ("proposal_requested", include_str!("labelled/proposal_requested.txt")),
    ("terms_discussed", include_str!("labelled/terms_discussed.txt")),
    ("verbal_commitment", include_str!("labelled/verbal_commitment.txt")),
    ("contract_executed", include_str!("labelled/contract_executed.txt")),
    ("budget_confirmed", include_str!("labelled/budget_confirmed.txt")),
    ("authority_confirmed", include_str!("labelled/authority_confirmed.txt")),
    ("need_confirmed", include_str!("labelled/need_confirmed.txt")),
    ("timeline_confirmed", include_str!("labelled/timeline_confirmed.txt")),
    ("competitor_mentioned", include_str!("labelled/competitor_mentioned.txt")),
    ("security_review", include_str!("labelled/security_review.txt")),
    ("unsubscribe", include_str!("labelled/unsubscribe.txt")),
];
/// Names as a user configures them.
const USER: &str =
    "competitors = [\"Pipedrive\", \"Salesforce\", \"Close\", \"Monday CRM\", \"Zoho\", \"Freshsales\"]\n";

fn load(language: &str, text: &str) -> Result<Phrases, Vec<Problem>> {
    Phrases::load(&[Own { language, source: Source { name: "phrases.toml", text } }])
}

fn phrases() -> Phrases {
    load("en", USER).unwrap_or_else(|problems| {
        let list: Vec<_> = problems.iter().map(ToString::to_string).collect();
        panic!("{}", list.join("\n"))
    })
}

fn has(phrases: &Phrases, signal: &str, text: &str) -> bool {
    phrases.find(text).iter().any(|hit| hit.signal == signal)
}

#[test]
fn labelled_mails_are_told_apart() {
    let phrases = phrases();
    let mut low = Vec::new();
    let mut wrong = Vec::new();
    for (signal, mails) in LABELLED {
        let mut counts: BTreeMap<(bool, bool), u32> = BTreeMap::new();
        for line in mails.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
            let (label, text) = line.split_once('|').unwrap();
            assert!(label == "+" || label == "-", "{signal}: {line}");
            let found = has(&phrases, signal, &mail::new_text(&text.replace("\\n", "\n")));
            *counts.entry((label == "+", found)).or_default() += 1;
            if found != (label == "+") {
                wrong.push(format!("  {signal} {line}"));
            }
        }
        let count = |label, found| counts.get(&(label, found)).copied().unwrap_or_default();
        let (hits, misses, alarms, traps) =
            (count(true, true), count(true, false), count(false, true), count(false, false));
        assert!(hits + misses + alarms + traps >= 60, "{signal}: too few mails");
        assert!(alarms + traps >= 30, "{signal}: too few traps");
        let precision = f64::from(hits) / f64::from(hits + alarms).max(1.0);
        let recall = f64::from(hits) / f64::from(hits + misses);
        eprintln!(
            "{signal}: precision {precision:.2}, recall {recall:.2} ({} mails, {} traps)",
            hits + misses + alarms + traps,
            alarms + traps
        );
        if precision < 0.9 || recall < 0.8 {
            low.push(signal);
        }
    }
    eprintln!("{}", wrong.join("\n"));
    assert!(low.is_empty(), "precision under 0.9 or recall under 0.8: {low:?}");
}

#[test]
fn what_is_quoted_or_signed_with_never_counts() {
    let phrases = phrases();
    for (signal, mails) in LABELLED {
        for line in mails.lines().filter_map(|line| line.strip_prefix("+|")) {
            let text = line.replace("\\n", "\n");
            let text = mail::new_text(&text).replace('\n', " ");
            for mail in [
                format!(
                    "Thank you, Ann.\n\nOn Mon, 3 May 2027 at 10:14, Ann Lee <ann@acme.com> wrote:\n\n> {text}"
                ),
                format!(
                    "Thank you, Ann.\n\nVon: Ann Lee <ann@acme.com>\nGesendet: Montag, 3. Mai 2027\nAn: Bob\nBetreff: Re\n\n{text}"
                ),
                format!("Thank you, Ann.\n\n-- \nAnn Lee\n{text}"),
                format!("Thank you, Ann.\n\nBest regards,\nAnn Lee\n{text}"),
            ] {
                assert!(!has(&phrases, signal, &mail::new_text(&mail)), "{signal}:\n{mail}");
            }
        }
    }
}

#[test]
fn evidence_is_what_was_written_and_not_long() {
    let phrases = phrases();
    let long = "As we all agreed in the long meeting in Hamburg in spring with everybody around the table, we'd like a demo for the team in \
                Munich and for the team in Vienna and for those in Zurich who could not come to us.";
    for (text, wanted) in [
        ("Hi Bob,\n\nwe’d like a demo  next\nweek. Best, Ann", "we'd like a demo next week."),
        (
            long,
            "…with everybody around the table, we'd like a demo for the team in Munich and for the team in Vienna and for those in…",
        ),
    ] {
        let hits = phrases.find(text);
        let hit = hits.iter().find(|hit| hit.signal == "demo_requested").unwrap();
        assert_eq!(hit.phrase, wanted);
        assert!(hit.phrase.chars().count() <= EVIDENCE);
    }
}

#[test]
fn each_signal_counts_once() {
    let hits = phrases().find("We'd like a demo. We'd like a demo. Could you show us a demo?");
    assert_eq!(hits.iter().filter(|hit| hit.signal == "demo_requested").count(), 1);
}

#[test]
fn a_notice_counts_from_a_service_for_signatures_only() {
    let phrases = phrases();
    let text = "Completed: Order form for Acme\nYour document has been completed. We'd like a demo.";
    let found =
        |sender| phrases.find_in_notice(sender, text).iter().map(|hit| hit.signal).collect::<Vec<_>>();
    assert_eq!(found("dse_na4@docusign.net"), ["contract_executed"]);
    assert_eq!(found("dse@eu.docusign.net"), ["contract_executed"]);
    assert_eq!(found("someone@notdocusign.net"), Vec::<&str>::new());
    assert_eq!(found(""), Vec::<&str>::new());
}

#[test]
fn a_users_file_adds_takes_away_and_switches_off_in_its_language() {
    let text = "
[[signal]]
id = \"demo_requested\"
off = true
phrases = [\"zeigt uns das ding\"]
[[signal]]
id = \"need_confirmed\"
phrases = [\"ohne (euch|sie) geht es nicht\"]
";
    let phrases = load("de", text).unwrap_or_else(|problems| panic!("{problems:?}"));
    assert!(!has(&phrases, "demo_requested", "Wir hätten gerne eine Demo."));
    assert!(has(&phrases, "demo_requested", "Zeigt uns das Ding."));
    assert!(!has(&phrases, "demo_requested", "Zeigt uns das Ding nicht."));
    assert!(has(&phrases, "demo_requested", "We'd like a demo."));
    assert!(has(&phrases, "need_confirmed", "Ohne Sie geht es nicht."));
    assert!(has(&phrases, "proposal_requested", "Please send us a proposal."));
}

#[test]
fn a_single_phrase_is_removed_as_it_is_written() {
    assert!(has(&phrases(), "demo_requested", "Yes to the demo."));
    let text = "[[signal]]\nid = \"demo_requested\"\nremove = [\"yes to the demo\"]";
    let phrases = load("en", text).unwrap_or_else(|problems| panic!("{problems:?}"));
    assert!(!has(&phrases, "demo_requested", "Yes to the demo."));
    // What the user did not speak of is as it was.
    assert!(has(&phrases, "demo_requested", "Could you show us a demo?"));
}

#[test]
fn a_file_of_its_own_words_brings_a_new_language() {
    let text = "
[cues]
negations = [\"non\"]
conditions = [\"se\"]
[[signal]]
id = \"demo_requested\"
phrases = [\"vorremmo .. (demo|dimostrazione)\"]
";
    let phrases = load("it", text).unwrap_or_else(|problems| panic!("{problems:?}"));
    assert!(has(&phrases, "demo_requested", "Vorremmo vedere una dimostrazione."));
    assert!(!has(&phrases, "demo_requested", "Non vorremmo vedere una dimostrazione."));
}

#[test]
fn what_is_wrong_in_a_users_file_has_its_line() {
    for (language, text, wanted) in [
        (
            "en",
            "[[signal]]\nid = \"demo_request\"",
            "phrases.toml:2: signal demo_request: there is no signal `demo_request`; did you mean `demo_requested`?",
        ),
        (
            "en",
            "\n\n[[signal]]\nid = \"unsubscribe\"\nphrases = [\"leave (me\"]",
            "phrases.toml:5: signal unsubscribe: phrase \"leave (me\": a bracket is not closed",
        ),
        (
            "en",
            "[[signal]]\nid = \"demo_requested\"\nremove = [\"demo pleas\"]",
            "phrases.toml:3: signal demo_requested: there is no phrase \"demo pleas\" to remove; did you mean `demo please`?",
        ),
        ("en", "competitors = [\" \"]", "phrases.toml:1: competitors: a name is empty"),
        (
            "it",
            "[[signal]]\nid = \"unsubscribe\"",
            "phrases.toml:1: cues: there are no built-in lists in the language `it`: say under [cues] which words are \
             `negations` (not) and `conditions` (if)",
        ),
    ] {
        let problems = load(language, text).err().unwrap_or_default();
        assert_eq!(problems.iter().map(ToString::to_string).collect::<Vec<_>>(), [wanted]);
    }
    let problems = load("en", "a = 1").err().unwrap_or_default();
    assert!(
        problems.iter().any(|problem| problem.line == 1 && problem.message.contains("unknown field `a`"))
    );
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig { cases: 200, failure_persistence: None, ..Default::default() })]

    #[test]
    fn any_text_is_looked_through(text in "(\\PC|we'd like a demo|\n|not|if|İ|ẞ|\\?|, ){0,60}") {
        static PHRASES: std::sync::LazyLock<Phrases> = std::sync::LazyLock::new(phrases);
        for hit in PHRASES.find(&text) {
            proptest::prop_assert!(hit.phrase.chars().count() <= EVIDENCE);
        }
    }
}
