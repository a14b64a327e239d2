//! A user's phrases laid over the built-in ones of the same language and signal.

use super::list::{File, SignalEntry};
use crate::config::{Source, nearest};
use serde_spanned::Spanned;
use std::{collections::BTreeSet, ops::Range};

/// A phrase with the file that it stands in.
type Phrase<'a> = (Source<'a>, &'a Spanned<String>);
/// What is wrong, where, and what was probably meant.
type Wrong<'a> = (Source<'a>, Range<usize>, String, Option<String>);

/// The phrases that hold.
#[derive(Default)]
pub(super) struct Kept<'a> {
    pub phrases: Vec<Phrase<'a>>,
    pub alone: Vec<Phrase<'a>>,
    pub unless: Vec<Phrase<'a>>,
}

/// What these files say of a signal, in their order.
pub(super) fn of<'a>(files: &'a [(Source<'a>, File)], signal: &str) -> Vec<(Source<'a>, &'a SignalEntry)> {
    let all = files.iter().flat_map(|(source, file)| file.signal.iter().map(|entry| (*source, entry)));
    all.filter(|(_, entry)| entry.id.get_ref() == signal).collect()
}

/// Lays each entry over those before it.
pub(super) fn lay<'a>(entries: &[(Source<'a>, &'a SignalEntry)]) -> (Kept<'a>, Vec<Wrong<'a>>) {
    let (mut kept, mut wrong) = (Kept::default(), Vec::new());
    for (source, entry) in entries {
        if entry.off {
            kept = Kept::default();
        }
        for gone in &entry.remove {
            if !kept.remove(gone.get_ref()) {
                let known: BTreeSet<&str> = kept.all().collect();
                let suggestion = nearest(gone.get_ref(), known.into_iter()).map(String::from);
                let message = format!("there is no phrase {:?} to remove", gone.get_ref());
                wrong.push((*source, gone.span(), message, suggestion));
            }
        }
        kept.phrases.extend(entry.phrases.iter().map(|phrase| (*source, phrase)));
        kept.alone.extend(entry.alone.iter().map(|phrase| (*source, phrase)));
        kept.unless.extend(entry.unless.iter().map(|phrase| (*source, phrase)));
    }
    (kept, wrong)
}

impl<'a> Kept<'a> {
    /// False where there is none that is written like this.
    fn remove(&mut self, text: &str) -> bool {
        let before = self.all().count();
        for list in [&mut self.phrases, &mut self.alone, &mut self.unless] {
            list.retain(|(_, phrase)| phrase.get_ref() != text);
        }
        self.all().count() < before
    }

    fn all(&self) -> impl Iterator<Item = &'a str> {
        let lists = self.phrases.iter().chain(&self.alone).chain(&self.unless);
        lists.map(|(_, phrase)| phrase.get_ref().as_str())
    }
}
