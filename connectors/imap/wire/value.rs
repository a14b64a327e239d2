//! An answer's words as a tree: atoms, strings, lists. What they should be is not asked here.

use bytes::Bytes;

/// Lists nest as deep as a mail's parts do; deeper is an attack on our stack.
const DEEPEST: usize = 100;

/// One word.
#[derive(Clone, PartialEq, Eq)]
pub enum Value {
    /// `NIL`.
    Nil,
    /// A word without quotes: number, flag, name of an item with its brackets (`BODY[1]<0>`).
    Atom(Bytes),
    /// A quoted string or a literal.
    Text(Bytes),
    /// A list in parentheses.
    List(Vec<Self>),
}

impl Value {
    /// The bytes of a word; `None` of a list and of `NIL`.
    pub fn bytes(&self) -> Option<&Bytes> {
        match self {
            Self::Atom(bytes) | Self::Text(bytes) => Some(bytes),
            Self::Nil | Self::List(_) => None,
        }
    }
    /// The word as text, where it is UTF-8.
    pub fn text(&self) -> Option<&str> {
        std::str::from_utf8(self.bytes()?).ok()
    }
    /// The word in lower case, for what is compared without regard to it.
    pub fn lower(&self) -> Option<String> {
        self.text().map(str::to_ascii_lowercase)
    }
    /// The word as a number.
    pub fn number<T: std::str::FromStr>(&self) -> Option<T> {
        self.text()?.parse().ok()
    }
    /// The members of a list; none of anything else.
    pub fn list(&self) -> &[Self] {
        match self {
            Self::List(list) => list,
            Self::Nil | Self::Atom(_) | Self::Text(_) => &[],
        }
    }
}

/// Reads words from an answer, without copying them.
pub struct Words {
    answer: Bytes,
    at: usize,
}

impl Words {
    /// Begins at the beginning.
    pub fn new(answer: Bytes) -> Self {
        Self { answer, at: 0 }
    }

    /// What was not read yet.
    pub fn rest(&self) -> Bytes {
        self.answer.slice(self.at.min(self.answer.len())..)
    }

    /// The next word on this level; `None` at the end or where a list closes that was not opened here, or where
    /// something is broken.
    pub fn next(&mut self) -> Option<Value> {
        self.value(0)
    }

    /// All words to the end; `None` when something is broken.
    pub fn all(mut self) -> Option<Vec<Value>> {
        let mut all = Vec::new();
        loop {
            self.spaces();
            if self.peek().is_none() {
                return Some(all);
            }
            all.push(self.value(0)?);
        }
    }

    fn peek(&self) -> Option<u8> {
        self.answer.get(self.at).copied()
    }

    fn spaces(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\r' | b'\n' | b'\t')) {
            self.at += 1;
        }
    }

    fn value(&mut self, depth: usize) -> Option<Value> {
        self.spaces();
        match self.peek()? {
            b')' => None,
            b'(' => self.list(depth),
            b'"' => self.quoted(),
            b'{' => self.literal(),
            b'~' if self.answer.get(self.at + 1) == Some(&b'{') => {
                self.at += 1;
                self.literal()
            }
            _ => Some(self.atom()),
        }
    }

    fn list(&mut self, depth: usize) -> Option<Value> {
        if depth >= DEEPEST {
            return None;
        }
        self.at += 1;
        let mut list = Vec::new();
        loop {
            self.spaces();
            if self.peek()? == b')' {
                self.at += 1;
                return Some(Value::List(list));
            }
            list.push(self.value(depth + 1)?);
        }
    }

    fn quoted(&mut self) -> Option<Value> {
        self.at += 1;
        let begin = self.at;
        let mut unescaped: Option<Vec<u8>> = None;
        loop {
            let byte = self.peek()?;
            match byte {
                b'"' => {
                    let text = unescaped.map_or_else(|| self.answer.slice(begin..self.at), Bytes::from);
                    self.at += 1;
                    return Some(Value::Text(text));
                }
                b'\r' | b'\n' => return None,
                b'\\' => {
                    if unescaped.is_none() {
                        unescaped = Some(self.answer.slice(begin..self.at).to_vec());
                    }
                    self.at += 1;
                    let escaped = self.peek()?;
                    unescaped.get_or_insert_default().push(escaped);
                }
                byte => unescaped.iter_mut().for_each(|text| text.push(byte)),
            }
            self.at += 1;
        }
    }

    fn literal(&mut self) -> Option<Value> {
        let rest = self.answer.get(self.at..)?;
        let line = rest.iter().position(|byte| *byte == b'\n')?;
        let digits = rest.get(1..line)?.trim_ascii_end().strip_suffix(b"}")?;
        let digits = digits.strip_suffix(b"+").unwrap_or(digits);
        let length: usize = std::str::from_utf8(digits).ok()?.parse().ok()?;
        let begin = self.at + line + 1;
        let end = begin.checked_add(length).filter(|end| *end <= self.answer.len())?;
        self.at = end;
        Some(Value::Text(self.answer.slice(begin..end)))
    }

    /// To the next space or parenthesis that stands outside brackets.
    fn atom(&mut self) -> Value {
        let begin = self.at;
        let mut brackets = 0_usize;
        while let Some(byte) = self.peek() {
            match byte {
                b'[' => brackets += 1,
                b']' => brackets = brackets.saturating_sub(1),
                b'\r' | b'\n' => break,
                b' ' | b'(' | b')' if brackets == 0 => break,
                _ => {}
            }
            self.at += 1;
        }
        let atom = self.answer.slice(begin..self.at);
        if atom.eq_ignore_ascii_case(b"NIL") { Value::Nil } else { Value::Atom(atom) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn atom(text: &'static str) -> Value {
        Value::Atom(Bytes::from_static(text.as_bytes()))
    }
    fn text(text: &'static str) -> Value {
        Value::Text(Bytes::from_static(text.as_bytes()))
    }
    fn read(answer: &'static str) -> Option<Vec<Value>> {
        Words::new(Bytes::from_static(answer.as_bytes())).all()
    }

    #[test]
    fn words_of_all_sorts_are_told_apart() {
        let answer = "UID 7 (\\Seen $x) BODY[HEADER.FIELDS (FROM TO)]<0> {4}\r\na)\"b \"q \\\"x\\\\\" nil ()";
        let words = [
            atom("UID"),
            atom("7"),
            Value::List(vec![atom("\\Seen"), atom("$x")]),
            atom("BODY[HEADER.FIELDS (FROM TO)]<0>"),
            text("a)\"b"),
            text("q \"x\\"),
            Value::Nil,
            Value::List(Vec::new()),
        ];
        assert!(read(answer).unwrap() == words);
    }

    #[test]
    fn what_is_broken_is_said_to_be() {
        for answer in ["(a", "a)", "\"a", "{5}\r\nab", "\"a\r\nb\"", "{x}\r\n"] {
            assert!(read(answer).is_none(), "{answer}");
        }
        let deep = Bytes::from("(".repeat(100_000));
        assert!(Words::new(deep).all().is_none());
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
        #[test]
        fn reading_ends_whatever_comes(bytes in "[ ()\\[\\]\"\\\\{}+~0-9aN\r\n]{0,200}") {
            drop(Words::new(Bytes::from(bytes)).all());
        }
    }
}
