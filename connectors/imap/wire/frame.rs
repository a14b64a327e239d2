//! Where an answer ends: at the end of a line, unless the line ends with the length of a literal.

/// More than any honest answer needs: the plain `SEARCH` of a million messages is 8 MB.
const LONGEST: usize = 48 * 1024 * 1024;

/// How far an answer at the beginning of a buffer was looked through.
#[derive(Default)]
pub struct Frame {
    /// Where the present line begins.
    line: usize,
    /// Everything before has been looked at; beyond the buffer's end while a literal is on its way.
    looked: usize,
}

/// The answer is longer than anything that is taken.
#[derive(Debug, PartialEq, Eq)]
pub struct TooLong;

impl Frame {
    /// Length of the first answer in the buffer with its line end; `None` when more has to come. The buffer may
    /// only have grown between two calls.
    pub fn end(&mut self, buffer: &[u8]) -> Result<Option<usize>, TooLong> {
        loop {
            let Some(rest) = buffer.get(self.looked..) else { return Ok(None) };
            let Some(found) = rest.iter().position(|byte| *byte == b'\n') else {
                self.looked = buffer.len();
                return if buffer.len() > LONGEST { Err(TooLong) } else { Ok(None) };
            };
            let end = self.looked + found + 1;
            let Some(length) = literal(buffer.get(self.line..end).unwrap_or_default()) else {
                return Ok(Some(end));
            };
            let after = end.checked_add(length).filter(|after| *after <= LONGEST).ok_or(TooLong)?;
            (self.line, self.looked) = (after, after);
        }
    }
}

/// Length of the literal that a line announces at its end (`{310}`, `{310+}`, `~{310}`). A quoted string cannot
/// hold a line end, so braces there are never inside one.
fn literal(line: &[u8]) -> Option<usize> {
    let line = line.strip_suffix(b"\n")?;
    let line = line.strip_suffix(b"\r").unwrap_or(line).strip_suffix(b"}")?;
    let digits = line.strip_suffix(b"+").unwrap_or(line);
    let begin = digits.iter().rposition(|byte| *byte == b'{')? + 1;
    let digits = digits.get(begin..).filter(|digits| !digits.is_empty())?;
    if !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    // Too many digits for a number: longer than anything that is taken.
    Some(std::str::from_utf8(digits).ok()?.parse().unwrap_or(usize::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn first(bytes: &[u8]) -> Result<Option<usize>, TooLong> {
        Frame::default().end(bytes)
    }

    #[test]
    fn an_answer_goes_to_the_end_of_its_line_or_past_its_literals() {
        assert_eq!(first(b"* OK hello\r\n* next"), Ok(Some(12)));
        assert_eq!(first(b"* OK hel"), Ok(None));
        let two = b"* 1 FETCH (A {4}\r\na\r\nb B {0}\r\n C \"{9}\")\r\nrest";
        assert_eq!(first(two), Ok(Some(two.len() - 4)));
        assert_eq!(first(b"* 1 FETCH (A {4}\r\nab"), Ok(None));
        assert_eq!(first(b"* 1 FETCH (A ~{2}\r\n\n\n)\r\n"), Ok(Some(24)));
    }

    #[test]
    fn a_literal_of_absurd_length_is_refused_before_it_is_waited_for() {
        assert_eq!(first(b"* X {99999999999999999999999}\r\n"), Err(TooLong));
        assert_eq!(first(b"* X {999999999999}\r\n"), Err(TooLong));
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
        #[test]
        fn it_does_not_matter_in_which_pieces_it_comes(
            literals in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..40), 0..4),
            cuts in proptest::collection::vec(0_usize..200, 0..6),
        ) {
            let mut whole = b"* 1 FETCH (".to_vec();
            for literal in &literals {
                whole.extend(format!("X {{{}}}\r\n", literal.len()).into_bytes());
                whole.extend(literal);
            }
            whole.extend(b")\r\n");
            let mut frame = Frame::default();
            let mut cuts = cuts;
            cuts.sort_unstable();
            for cut in cuts.into_iter().filter(|cut| *cut < whole.len()) {
                prop_assert_eq!(frame.end(&whole[..cut]), Ok(None));
            }
            prop_assert_eq!(frame.end(&whole), Ok(Some(whole.len())));
        }
    }
}
