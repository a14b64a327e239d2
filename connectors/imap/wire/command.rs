//! A command as it is sent, with what must not be quoted as literals.

/// A command without its tag and line end, in the pieces between which the server is asked to go on.
pub struct Command {
    /// Text up to the first literal, the literal with the text after it, and so on.
    pieces: Vec<Vec<u8>>,
    /// What comes after those.
    last: Vec<u8>,
    /// Its name, for people: never its arguments.
    name: String,
}

impl Command {
    /// A command by its words: `UID FETCH`. Its arguments are added.
    pub fn new(words: &str) -> Self {
        Self { pieces: Vec::new(), last: words.as_bytes().to_vec(), name: words.to_owned() }
    }

    /// The name, for errors.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What is sent, piece by piece.
    pub fn pieces(&self) -> impl Iterator<Item = &[u8]> {
        self.pieces.iter().chain([&self.last]).map(Vec::as_slice)
    }

    /// Adds a word as it is.
    #[must_use]
    pub fn word(mut self, word: &str) -> Self {
        self.last.push(b' ');
        self.last.extend_from_slice(word.as_bytes());
        self
    }

    /// Adds a string: quoted where it can be, else as a literal.
    #[must_use]
    pub fn string(mut self, string: &[u8]) -> Self {
        let plain = string.iter().all(|byte| matches!(byte, b' '..=b'~'));
        let last = &mut self.last;
        last.push(b' ');
        if plain {
            last.push(b'"');
            for byte in string {
                if matches!(byte, b'"' | b'\\') {
                    last.push(b'\\');
                }
                last.push(*byte);
            }
            last.push(b'"');
        } else {
            last.extend_from_slice(format!("{{{}}}", string.len()).as_bytes());
            self.pieces.push(std::mem::replace(last, string.to_vec()));
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_quoted_or_sent_as_literals() {
        let command = Command::new("EXAMINE").string(b"a \"b\" \\").word("(CONDSTORE)");
        assert!(command.pieces().eq([&br#"EXAMINE "a \"b\" \\" (CONDSTORE)"#[..]]));
        let command = Command::new("EXAMINE").string("ü\r\nx".as_bytes()).word("(CONDSTORE)");
        assert!(command.pieces().eq([&b"EXAMINE {5}"[..], "ü\r\nx (CONDSTORE)".as_bytes()]));
    }
}
