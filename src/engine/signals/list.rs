//! Reading phrase lists: text in, rules out, or what is wrong with file and line.

use super::{
    Own, Phrases, SIGNALS,
    overlay::{self, Kept},
    pattern,
    text::folded,
};
use crate::config::{Problem, Severity, Source, nearest};
use aho_corasick::AhoCorasick;
use serde::Deserialize;
use serde_spanned::Spanned;
use std::{collections::HashMap, ops::Range};

macro_rules! built_in {
    ($language:literal) => {
        Own {
            language: $language,
            source: Source {
                name: concat!("built-in phrases/", $language, ".toml"),
                text: include_str!(concat!("../../../config/phrases/", $language, ".toml")),
            },
        }
    };
}

/// The built-in lists.
const BUILT_IN: [Own<'_>; 4] = [built_in!("en"), built_in!("de"), built_in!("fr"), built_in!("es")];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    #[serde(default)]
    cues: CueEntry,
    /// Names that are looked for as they are written.
    #[serde(default)]
    competitors: Vec<Spanned<String>>,
    /// Domains of services for signatures.
    #[serde(default)]
    signature_services: Vec<String>,
    #[serde(default)]
    pub signal: Vec<SignalEntry>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct CueEntry {
    #[serde(default)]
    negations: Vec<Spanned<String>>,
    #[serde(default)]
    not_negations: Vec<Spanned<String>>,
    #[serde(default)]
    conditions: Vec<Spanned<String>>,
    #[serde(default)]
    not_conditions: Vec<Spanned<String>>,
    #[serde(default)]
    stops: Vec<Spanned<String>>,
    #[serde(default)]
    carries: Vec<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SignalEntry {
    pub id: Spanned<String>,
    #[serde(default)]
    pub phrases: Vec<Spanned<String>>,
    /// Count only as a whole sentence.
    #[serde(default)]
    pub alone: Vec<Spanned<String>>,
    #[serde(default)]
    pub unless: Vec<Spanned<String>>,
    pub questions: Option<bool>,
    pub conditions: Option<Conditions>,
    /// Built-in phrases of the signal, of any of the three lists, that don't hold; only in a user's file.
    #[serde(default)]
    pub remove: Vec<Spanned<String>>,
    /// None of the built-in ones holds.
    #[serde(default)]
    pub off: bool,
}

/// Where an "if" withdraws a phrase.
#[derive(Deserialize, Clone, Copy, PartialEq, Eq, Debug, Default)]
#[serde(rename_all = "snake_case")]
pub(super) enum Conditions {
    /// Anywhere in its sentence.
    #[default]
    Sentence,
    /// Before it, in the same clause.
    Clause,
}

/// What the lists of one language say of one signal.
#[derive(Debug)]
pub(super) struct Rule {
    pub signal: &'static str,
    /// Index of its language's cues.
    pub cues: usize,
    /// A question is a signal, too ("Could you send us an offer?").
    pub questions: bool,
    pub conditions: Conditions,
    /// A name counts whatever is said of it.
    pub name: bool,
    /// How many of the phrases are just that; those after them count only as a whole sentence.
    pub inside: usize,
    /// Of each phrase, and of each that withdraws: which of its pieces other words may stand before.
    pub phrases: Vec<Vec<bool>>,
    pub unless: Vec<Vec<bool>>,
}

/// Whose a piece is: rule, phrase, position in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Use {
    pub rule: usize,
    /// Index into `phrases`, or into `unless`.
    pub phrase: usize,
    pub unless: bool,
    pub piece: usize,
    /// The rest of the word may follow.
    pub open: bool,
    /// The text must stand there in just this form.
    pub exact: Option<Box<str>>,
}

/// What kind of word a cue is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Cue {
    Negation,
    NotNegation,
    Condition,
    NotCondition,
    /// Ends a clause.
    Stop,
    /// After a comma: the clause goes on.
    Carry,
}

/// The cues of a language.
#[derive(Debug)]
pub(super) struct Cues {
    pub words: AhoCorasick,
    pub kinds: Vec<Cue>,
}

/// Collects rules and problems.
#[derive(Default)]
struct Reader {
    rules: Vec<Rule>,
    cues: Vec<Cues>,
    pieces: HashMap<String, usize>,
    texts: Vec<String>,
    uses: Vec<Vec<Use>>,
    notaries: Vec<Box<str>>,
    problems: Vec<Problem>,
}

/// See [`Phrases::load`].
pub(super) fn load(own: &[Own<'_>]) -> Result<Phrases, Vec<Problem>> {
    let mut reader = Reader::default();
    let mut languages: Vec<(&str, Vec<(Source<'_>, File)>)> = Vec::new();
    for Own { language, source } in BUILT_IN.iter().chain(own) {
        let Some(file) = reader.parse(*source) else { continue };
        if let Some((_, files)) = languages.iter_mut().find(|(known, _)| known == language) {
            files.push((*source, file));
        } else if file.cues.negations.is_empty() || file.cues.conditions.is_empty() {
            let message = format!(
                "there are no built-in lists in the language `{language}`: say under [cues] which words are \
                 `negations` (not) and `conditions` (if)"
            );
            reader.problem(*source, &(0..0), "cues", message, None);
        } else {
            languages.push((language, vec![(*source, file)]));
        }
    }
    for (_, files) in &languages {
        reader.language(files);
    }
    reader.finish()
}

impl Reader {
    fn parse(&mut self, source: Source<'_>) -> Option<File> {
        match toml::from_str(source.text) {
            Ok(file) => Some(file),
            Err(error) => {
                let span = error.span().unwrap_or(0..0);
                self.problem(source, &span, "", error.message().trim().replace('\n', ", "), None);
                None
            }
        }
    }

    fn problem(
        &mut self,
        source: Source<'_>,
        span: &Range<usize>,
        key: &str,
        message: String,
        suggestion: Option<String>,
    ) {
        let before = source.text.get(..span.start).unwrap_or(source.text);
        let line = 1 + before.bytes().filter(|byte| *byte == b'\n').count();
        let (file, key) = (source.name.to_owned(), key.to_owned());
        self.problems.push(Problem { severity: Severity::Error, file, line, key, message, suggestion });
    }

    /// The lists of one language: the built-in one, and what a user's file adds to it or takes away.
    fn language(&mut self, files: &[(Source<'_>, File)]) {
        let cues = self.cues(files);
        let at = self.cues.len();
        self.cues.extend(cues);
        let mut signals: Vec<&str> = Vec::new();
        for (source, file) in files {
            self.notaries.extend(file.signature_services.iter().map(|domain| domain.to_lowercase().into()));
            for entry in &file.signal {
                if !signals.contains(&entry.id.get_ref().as_str()) {
                    signals.push(entry.id.get_ref());
                }
            }
            self.competitors(*source, &file.competitors);
        }
        for signal in signals {
            let entries = overlay::of(files, signal);
            let (kept, problems) = overlay::lay(&entries);
            for (source, span, message, suggestion) in problems {
                self.problem(source, &span, &format!("signal {signal}"), message, suggestion);
            }
            self.rule(at, &entries, &kept);
        }
    }

    fn cues(&mut self, files: &[(Source<'_>, File)]) -> Option<Cues> {
        let (mut words, mut kinds) = (Vec::new(), Vec::new());
        for (source, file) in files {
            let entry = &file.cues;
            for (list, kind) in [
                (&entry.negations, Cue::Negation),
                (&entry.not_negations, Cue::NotNegation),
                (&entry.conditions, Cue::Condition),
                (&entry.not_conditions, Cue::NotCondition),
                (&entry.stops, Cue::Stop),
                (&entry.carries, Cue::Carry),
            ] {
                for text in self.words(*source, list) {
                    words.push(text);
                    kinds.push(kind);
                }
            }
        }
        Some(Cues { words: self.automaton(&words)?, kinds })
    }

    fn words(&mut self, source: Source<'_>, list: &[Spanned<String>]) -> Vec<String> {
        let mut words = Vec::new();
        for phrase in list {
            let pieces = self.pattern(source, phrase, "cues").unwrap_or_default();
            if pieces.len() > 1 {
                let message = format!("{:?} is not one piece", phrase.get_ref());
                self.problem(source, &phrase.span(), "cues", message, None);
            }
            words.extend(pieces.into_iter().flat_map(|piece| piece.texts));
        }
        words
    }

    fn pattern(
        &mut self,
        source: Source<'_>,
        phrase: &Spanned<String>,
        key: &str,
    ) -> Option<Vec<pattern::Piece>> {
        match pattern::read(phrase.get_ref()) {
            Ok(pieces) => Some(pieces),
            Err(error) => {
                let message = format!("phrase {:?}: {error}", phrase.get_ref());
                self.problem(source, &phrase.span(), key, message, None);
                None
            }
        }
    }

    /// What a language says of one signal, in the words that are kept.
    fn rule(&mut self, cues: usize, entries: &[(Source<'_>, &SignalEntry)], kept: &Kept<'_>) {
        let Some((source, first)) = entries.first() else { return };
        let id = first.id.get_ref();
        let key = format!("signal {id}");
        let Some(signal) = SIGNALS.into_iter().find(|known| known == id) else {
            let suggestion = nearest(id, SIGNALS.into_iter()).map(String::from);
            let message = format!("there is no signal `{id}`");
            return self.problem(*source, &first.id.span(), &key, message, suggestion);
        };
        let rule = self.rules.len();
        let (mut phrases, mut unless) = (Vec::new(), Vec::new());
        let all = kept.phrases.iter().chain(&kept.alone).map(|phrase| (phrase, false));
        for ((source, phrase), withdraws) in all.chain(kept.unless.iter().map(|phrase| (phrase, true))) {
            let pieces = self.pattern(*source, phrase, &key).unwrap_or_default();
            let lengths = if withdraws { &mut unless } else { &mut phrases };
            let at = lengths.len();
            lengths.push(pieces.iter().map(|piece| piece.apart).collect());
            self.add(&pieces, rule, at, withdraws);
        }
        // The last word counts: a user's, where there is one.
        let questions = entries.iter().rev().find_map(|(_, entry)| entry.questions).unwrap_or_default();
        let conditions = entries.iter().rev().find_map(|(_, entry)| entry.conditions).unwrap_or_default();
        let inside = kept.phrases.len();
        self.rules.push(Rule { signal, cues, questions, conditions, name: false, inside, phrases, unless });
    }

    fn add(&mut self, pieces: &[pattern::Piece], rule: usize, phrase: usize, unless: bool) {
        for (piece, texts) in pieces.iter().enumerate() {
            for text in &texts.texts {
                let bare = text.trim_end_matches('*');
                let open = bare.len() < text.len();
                self.piece(bare, Use { rule, phrase, unless, piece, open, exact: None });
            }
        }
    }

    fn piece(&mut self, text: &str, used: Use) {
        let at = *self.pieces.entry(text.to_owned()).or_insert_with(|| {
            self.texts.push(text.to_owned());
            self.uses.push(Vec::new());
            self.texts.len() - 1
        });
        if let Some(uses) = self.uses.get_mut(at).filter(|uses| !uses.contains(&used)) {
            uses.push(used);
        }
    }

    fn competitors(&mut self, source: Source<'_>, names: &[Spanned<String>]) {
        let rule = self.rules.len();
        for (phrase, name) in names.iter().enumerate() {
            let text = name.get_ref().split_whitespace().collect::<Vec<_>>().join(" ");
            if text.is_empty() {
                self.problem(source, &name.span(), "competitors", "a name is empty".into(), None);
                continue;
            }
            // "Close" is a name and "close" is none; a name in small letters is found in any.
            let exact = text.chars().any(char::is_uppercase).then(|| text.as_str().into());
            self.piece(&folded(&text), Use { rule, phrase, unless: false, piece: 0, open: false, exact });
        }
        self.rules.push(Rule {
            signal: "competitor_mentioned",
            cues: 0,
            questions: true,
            conditions: Conditions::Clause,
            name: true,
            inside: names.len(),
            phrases: vec![vec![false]; names.len()],
            unless: Vec::new(),
        });
    }

    fn automaton(&mut self, texts: &[String]) -> Option<AhoCorasick> {
        match AhoCorasick::new(texts) {
            Ok(automaton) => Some(automaton),
            Err(error) => {
                let source = Source { name: "phrases", text: "" };
                self.problem(source, &(0..0), "", error.to_string(), None);
                None
            }
        }
    }

    fn finish(mut self) -> Result<Phrases, Vec<Problem>> {
        let texts = std::mem::take(&mut self.texts);
        match self.automaton(&texts) {
            Some(pieces) if self.problems.is_empty() => Ok(Phrases {
                rules: self.rules,
                cues: self.cues,
                pieces,
                uses: self.uses,
                notaries: self.notaries,
            }),
            _ => Err(self.problems),
        }
    }
}
