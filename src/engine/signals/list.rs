//! Reading phrase lists: text in, rules out, or what is wrong with file and line.

use super::{Phrases, SIGNALS, pattern, text::folded};
use crate::config::{Problem, Severity, Source, nearest};
use aho_corasick::AhoCorasick;
use serde::Deserialize;
use serde_spanned::Spanned;
use std::{collections::HashMap, ops::Range};

/// The built-in lists by language.
const BUILT_IN: [(&str, &str); 4] = [
    ("en", include_str!("../../../config/phrases/en.toml")),
    ("de", include_str!("../../../config/phrases/de.toml")),
    ("fr", include_str!("../../../config/phrases/fr.toml")),
    ("es", include_str!("../../../config/phrases/es.toml")),
];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    cues: CueEntry,
    /// Names that are looked for as they are written.
    #[serde(default)]
    competitors: Vec<Spanned<String>>,
    /// Domains of services for signatures.
    #[serde(default)]
    signature_services: Vec<String>,
    #[serde(default)]
    signal: Vec<SignalEntry>,
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
struct SignalEntry {
    id: Spanned<String>,
    /// Whose words for "not" and "if" hold; only in the user's file.
    language: Option<Spanned<String>>,
    #[serde(default)]
    phrases: Vec<Spanned<String>>,
    /// Count only as a whole sentence.
    #[serde(default)]
    alone: Vec<Spanned<String>>,
    #[serde(default)]
    unless: Vec<Spanned<String>>,
    #[serde(default)]
    questions: bool,
    #[serde(default)]
    conditions: Conditions,
    #[serde(default)]
    off: bool,
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
pub(super) fn load(user: Option<Source<'_>>) -> Result<Phrases, Vec<Problem>> {
    let mut reader = Reader::default();
    let own = user.and_then(|source| Some((source, reader.parse(source)?)));
    let off: Vec<String> = own
        .iter()
        .flat_map(|(_, file)| &file.signal)
        .filter(|one| one.off)
        .map(|one| one.id.get_ref().clone())
        .collect();
    for (language, text) in BUILT_IN {
        let source = Source { name: &format!("built-in phrases/{language}.toml"), text };
        let Some(mut file) = reader.parse(source) else { continue };
        file.signal.retain(|entry| !off.contains(entry.id.get_ref()));
        let cues = reader.cues(source, &file.cues);
        reader.cues.extend(cues);
        reader.take(source, &file, Some(language));
    }
    if let Some((source, file)) = own {
        reader.take(source, &file, None);
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

    fn cues(&mut self, source: Source<'_>, entry: &CueEntry) -> Option<Cues> {
        let lists = [
            (&entry.negations, Cue::Negation),
            (&entry.not_negations, Cue::NotNegation),
            (&entry.conditions, Cue::Condition),
            (&entry.not_conditions, Cue::NotCondition),
            (&entry.stops, Cue::Stop),
            (&entry.carries, Cue::Carry),
        ];
        let (mut words, mut kinds) = (Vec::new(), Vec::new());
        for (list, kind) in lists {
            for phrase in list {
                let pieces = self.pattern(source, phrase, "cues").unwrap_or_default();
                if pieces.len() > 1 {
                    let message = format!("{:?} is not one piece", phrase.get_ref());
                    self.problem(source, &phrase.span(), "cues", message, None);
                }
                for text in pieces.into_iter().flat_map(|piece| piece.texts) {
                    words.push(text);
                    kinds.push(kind);
                }
            }
        }
        Some(Cues { words: self.automaton(&words)?, kinds })
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

    fn take(&mut self, source: Source<'_>, file: &File, language: Option<&str>) {
        self.notaries.extend(file.signature_services.iter().map(|domain| domain.to_lowercase().into()));
        for entry in &file.signal {
            self.rule(source, entry, language);
        }
        self.competitors(source, &file.competitors);
    }

    fn rule(&mut self, source: Source<'_>, entry: &SignalEntry, language: Option<&str>) {
        let id = entry.id.get_ref();
        let key = format!("signal {id}");
        let Some(signal) = SIGNALS.into_iter().find(|known| known == id) else {
            let suggestion = nearest(id, SIGNALS.into_iter()).map(String::from);
            return self.problem(
                source,
                &entry.id.span(),
                &key,
                format!("there is no signal `{id}`"),
                suggestion,
            );
        };
        let wanted =
            language.or(entry.language.as_ref().map(|language| &**language.get_ref())).unwrap_or("en");
        let Some(cues) = BUILT_IN.iter().position(|(known, _)| *known == wanted) else {
            let span = entry.language.as_ref().map_or(0..0, Spanned::span);
            let message = format!(
                "there are no words for \"not\" and \"if\" in the language `{wanted}`; known: en, de, fr, es"
            );
            return self.problem(source, &span, &key, message, None);
        };
        let rule = self.rules.len();
        let mut phrases = Vec::new();
        let mut unless = Vec::new();
        let all = entry.phrases.iter().chain(&entry.alone).map(|phrase| (phrase, false));
        for (phrase, withdraws) in all.chain(entry.unless.iter().map(|phrase| (phrase, true))) {
            let pieces = self.pattern(source, phrase, &key).unwrap_or_default();
            let lengths = if withdraws { &mut unless } else { &mut phrases };
            let at = lengths.len();
            lengths.push(pieces.iter().map(|piece| piece.apart).collect());
            self.add(&pieces, rule, at, withdraws);
        }
        let (questions, conditions, inside) = (entry.questions, entry.conditions, entry.phrases.len());
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
