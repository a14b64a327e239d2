//! Looking for phrases: one pass for their pieces, then sentence by sentence for what withdraws them.

use super::{
    EVIDENCE, Hit, Phrases,
    list::{Conditions, Cue, Cues, Rule, Use},
    text::{self, Prepared},
};
use std::{
    collections::{HashMap, HashSet},
    ops::Range,
};

/// Most words that `..` stands for.
const GAP: usize = 6;
/// How many words before a phrase, and after it, a negation may stand.
const REACH: (usize, usize) = (5, 3);

/// Where the pieces of one phrase stand in one sentence: (position in the phrase, place).
type Places = Vec<(usize, Range<usize>)>;

/// See [`Phrases::find`].
pub(super) fn find(phrases: &Phrases, content: &str) -> Vec<Hit> {
    let text = text::prepare(content);
    let mut places: HashMap<(usize, usize, bool, usize), Places> = HashMap::new();
    for (sentence, used, place) in pieces(phrases, &text) {
        let key = (sentence, used.rule, used.unless, used.phrase);
        places.entry(key).or_default().push((used.piece, place));
    }
    let mut keys: Vec<_> = places.keys().copied().filter(|(_, _, unless, _)| !unless).collect();
    keys.sort_unstable();
    let mut hits: Vec<Hit> = Vec::new();
    for (sentence, rule_at, _, phrase) in keys {
        let (Some(rule), Some(range)) = (phrases.rules.get(rule_at), text.sentences.get(sentence)) else {
            continue;
        };
        if hits.iter().any(|hit| hit.signal == rule.signal) {
            continue;
        }
        let whole = |unless: bool, phrase: usize| {
            let links = if unless { rule.unless.get(phrase) } else { rule.phrases.get(phrase) };
            let places = places.get(&(sentence, rule_at, unless, phrase))?;
            chain(places, links?, &text.lower)
        };
        let withdrawn = || (0..rule.unless.len()).any(|phrase| whole(true, phrase).is_some());
        if let Some(found) = whole(false, phrase)
            && (phrase < rule.inside || is_whole(&text.lower, range, &found))
            && !withdrawn()
            && counts(phrases, rule, &text, range, &found)
        {
            hits.push(Hit { signal: rule.signal, phrase: evidence(&text.shown, range, &found) });
        }
    }
    hits
}

/// All pieces that stand in the text as words of their own, with their sentence.
fn pieces<'p>(
    phrases: &'p Phrases,
    text: &'p Prepared,
) -> impl Iterator<Item = (usize, &'p Use, Range<usize>)> {
    let found = phrases.pieces.find_overlapping_iter(&text.lower);
    found.flat_map(move |found| {
        let uses = phrases.uses.get(found.pattern().as_usize()).map(Vec::as_slice).unwrap_or_default();
        let place = found.start()..found.end();
        let begins = !text.lower.get(..place.start).is_some_and(|before| before.ends_with(is_word));
        let ends = !text.lower.get(place.end..).is_some_and(|after| after.starts_with(is_word));
        let sentence = text.sentences.partition_point(|range| range.end < place.end);
        let inside = text.sentences.get(sentence).is_some_and(|range| range.start <= place.start);
        uses.iter().filter_map(move |used| {
            let exact = used.exact.as_deref().is_none_or(|name| {
                text.shown
                    .get(place.clone())
                    .is_some_and(|shown| shown == name || shown == name.to_uppercase())
            });
            let rest = text.lower.get(place.end..).filter(|_| used.open).unwrap_or_default();
            let end = place.end + rest.find(|c| !is_word(c)).unwrap_or(rest.len());
            (begins && inside && exact && (ends || used.open)).then_some((sentence, used, place.start..end))
        })
    })
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The first way to put the pieces of a phrase together in their order: next to each other, or near where other
/// words may stand between.
fn chain(places: &Places, links: &[bool], text: &str) -> Option<Vec<Range<usize>>> {
    let present = |piece| places.iter().any(|(known, _)| *known == piece);
    if links.is_empty() || !(0..links.len()).all(present) {
        return None;
    }
    let mut sorted: Vec<_> = places.iter().collect();
    sorted.sort_by_key(|(_, place)| (place.start, std::cmp::Reverse(place.end)));
    let mut found = Vec::with_capacity(links.len());
    let mut dead = HashSet::new();
    extend(&sorted, links, text, &mut found, &mut dead).then_some(found)
}

/// Adds what is missing to the found pieces; `dead` are the (piece, end) after which nothing fits.
fn extend(
    places: &[&(usize, Range<usize>)],
    links: &[bool],
    text: &str,
    found: &mut Vec<Range<usize>>,
    dead: &mut HashSet<(usize, usize)>,
) -> bool {
    let wanted = found.len();
    let Some(apart) = links.get(wanted) else { return true };
    let end = found.last().map(|place| place.end);
    for (_, place) in places.iter().filter(|(piece, _)| *piece == wanted) {
        let fits = end.is_none_or(|end| {
            let between = if place.start < end { None } else { text.get(end..place.start) };
            between
                .is_some_and(|between| if *apart { count(between) <= GAP } else { between.trim().is_empty() })
        });
        if !fits || dead.contains(&(wanted, place.end)) {
            continue;
        }
        found.push(place.clone());
        if extend(places, links, text, found, dead) {
            return true;
        }
        found.pop();
        dead.insert((wanted, place.end));
    }
    false
}

fn count(text: &str) -> usize {
    text.split_whitespace().filter(|word| word.contains(is_word)).count()
}

fn words(text: &str, range: Range<usize>) -> usize {
    text.get(range).map_or(0, count)
}

/// True when the sentence says nothing else.
fn is_whole(text: &str, sentence: &Range<usize>, found: &[Range<usize>]) -> bool {
    let (Some(first), Some(last)) = (found.first(), found.last()) else { return false };
    words(text, sentence.start..first.start) == 0 && words(text, last.end..sentence.end) == 0
}

/// True when nothing in the sentence takes the phrase back.
fn counts(
    phrases: &Phrases,
    rule: &Rule,
    text: &Prepared,
    sentence: &Range<usize>,
    found: &[Range<usize>],
) -> bool {
    let shown = text.lower.get(sentence.clone()).unwrap_or_default();
    if rule.name {
        return !is_part_of_address(&text.lower, found);
    }
    if !rule.questions && shown.trim_end_matches(['"', '\'', ')', ' ']).ends_with('?') {
        return false;
    }
    let (Some(cues), Some(first), Some(last)) = (phrases.cues.get(rule.cues), found.first(), found.last())
    else {
        return true;
    };
    let cues = in_sentence(cues, shown, sentence.start);
    let outside =
        |place: &Range<usize>| found.iter().all(|piece| place.end <= piece.start || place.start >= piece.end);
    let stop = |range: Range<usize>| is_parted(&text.lower, range, &cues);
    let (before, after) = REACH;
    cues.iter().filter(|(_, place)| outside(place)).all(|(cue, place)| match cue {
        Cue::Negation if place.end <= first.start => {
            words(&text.lower, place.end..first.start) > before || stop(place.end..first.start)
        }
        Cue::Negation if place.start >= last.end => {
            words(&text.lower, last.end..place.start) > after || stop(last.end..place.start)
        }
        Cue::Negation => false,
        Cue::Condition if rule.conditions == Conditions::Sentence => false,
        Cue::Condition => place.start >= first.start || stop(place.end..first.start),
        Cue::NotNegation | Cue::NotCondition | Cue::Stop | Cue::Carry => true,
    })
}

/// The name of a host or in an address is no mention.
fn is_part_of_address(text: &str, found: &[Range<usize>]) -> bool {
    found.iter().any(|place| {
        let before = text.get(..place.start).unwrap_or_default();
        let after = text.get(place.end..).unwrap_or_default();
        before.ends_with(['@', '/', '.'])
            || after.starts_with('@')
            || after.strip_prefix('.').is_some_and(|rest| rest.starts_with(char::is_alphabetic))
    })
}

/// The cues of a sentence, without those that another takes back.
fn in_sentence(cues: &Cues, sentence: &str, offset: usize) -> Vec<(Cue, Range<usize>)> {
    let found = cues.words.find_overlapping_iter(sentence).filter_map(|found| {
        let kind = *cues.kinds.get(found.pattern().as_usize())?;
        let begins = !sentence.get(..found.start()).is_some_and(|before| before.ends_with(is_word));
        let ends = !sentence.get(found.end()..).is_some_and(|after| after.starts_with(is_word));
        (begins && ends).then(|| (kind, found.start() + offset..found.end() + offset))
    });
    let found: Vec<_> = found.collect();
    let covered = |by: Cue, place: &Range<usize>| {
        found.iter().any(|(kind, cover)| *kind == by && cover.start <= place.start && place.end <= cover.end)
    };
    let stays = |(kind, place): &&(Cue, Range<usize>)| match kind {
        Cue::Negation => !covered(Cue::NotNegation, place),
        Cue::Condition => !covered(Cue::NotCondition, place),
        Cue::NotNegation | Cue::NotCondition | Cue::Stop | Cue::Carry => true,
    };
    found.iter().filter(stays).cloned().collect()
}

/// True when a clause ends in the range: by punctuation, unless the next word carries on, or by a word.
fn is_parted(text: &str, range: Range<usize>, cues: &[(Cue, Range<usize>)]) -> bool {
    let within = |place: &Range<usize>| range.start <= place.start && place.end <= range.end;
    if cues.iter().any(|(cue, place)| *cue == Cue::Stop && within(place)) {
        return true;
    }
    let between = text.get(range.clone()).unwrap_or_default();
    let points = between
        .match_indices([',', ';', ':', '(', ')', '–', '—'])
        .map(|(at, point)| range.start + at + point.len());
    let dashes = between.match_indices(" - ").map(|(at, dash)| range.start + at + dash.len());
    points.chain(dashes).any(|after| {
        // The comma may be the last thing before the phrase, and the word that carries on part of it.
        !cues.iter().any(|(cue, place)| *cue == Cue::Carry && (after..=after + 1).contains(&place.start))
    })
}

/// The sentence as written, or as much of it around the phrase as may be kept.
fn evidence(shown: &str, sentence: &Range<usize>, found: &[Range<usize>]) -> String {
    let whole = shown.get(sentence.clone()).unwrap_or_default().trim();
    if whole.chars().count() <= EVIDENCE {
        return whole.to_owned();
    }
    let first = found.first().map_or(sentence.start, |place| place.start);
    let before = shown.get(sentence.start..first).unwrap_or_default();
    let after = shown.get(first..sentence.end).unwrap_or_default();
    // A third of the room for what comes before.
    let skip = before.chars().count().saturating_sub(EVIDENCE / 3);
    let lead = before.char_indices().nth(skip).and_then(|(at, _)| before.get(at..)).unwrap_or_default();
    let lead = if skip > 0 { lead.split_once(' ').map_or("", |(_, rest)| rest) } else { lead };
    let mut text = String::from(if skip > 0 { "…" } else { "" });
    text.push_str(lead);
    let room = EVIDENCE.saturating_sub(text.chars().count() + 1);
    if after.chars().count() <= room + 1 {
        text.push_str(after);
        return text;
    }
    let cut = after.char_indices().nth(room).and_then(|(at, _)| after.get(..at)).unwrap_or(after);
    text.push_str(cut.rsplit_once(' ').map_or(cut, |(head, _)| head));
    text.push('…');
    text
}
