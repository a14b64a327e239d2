//! HTML as text, without what it quotes.
//!
//! Entities, comments, styles and scripts are mail-parser's business. Before it gets to see the HTML, quotes and
//! signatures go (programs mark them with elements whose names they keep for years), and ends of blocks become
//! line breaks, without which "Ann wrote:" would stand in the middle of a line.

use mail_parser::decoders::html::html_to_text;

/// What begins a quote that goes on to the end of the mail: Outlook marks no end.
const CUT: [&str; 9] = [
    "id=\"divrplyfwdmsg\"",
    "id=\"appendonsend\"",
    "id=\"x_divrplyfwdmsg\"",
    "id=\"mail-editor-reference-message-container\"",
    "id=\"olk_src_body_section\"",
    "name=\"_mailoriginal\"",
    "border-top:solid #e1e1e1 1.0pt",
    "border-top:solid #b5c4df 1.0pt",
    "border-top: 1pt solid rgb(225, 225, 225)",
];
/// Elements that are no text of the author's.
const SKIP: [&str; 12] = [
    "gmail_attr",
    "gmail_signature",
    "moz-cite-prefix",
    "moz-signature",
    "moz-forward-container",
    "yahoo_quoted",
    "protonmail_quote",
    "protonmail_signature_block",
    "tutanota_quote",
    "id=\"signature\"",
    "id=\"ms-outlook-mobile-signature\"",
    "applemailsignature",
];
/// Elements whose end is the end of a line.
const BLOCKS: [&str; 12] = ["p", "div", "tr", "li", "ul", "ol", "table", "h1", "h2", "h3", "h4", "section"];

/// The text of HTML; quoted parts leave a line `>` behind, so that their introduction is recognised as one.
pub(crate) fn text(html: &str) -> String {
    let mut kept = String::with_capacity(html.len());
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        let (before, tag) = rest.split_at(at);
        kept.push_str(before);
        let end = tag_end(tag);
        let (tag, after) = tag.split_at(end);
        rest = after;
        let name = name(tag);
        let marks = if tag.contains('=') { tag.to_ascii_lowercase() } else { String::new() };
        if CUT.iter().any(|mark| marks.contains(mark)) {
            rest = "";
        } else if name == "blockquote" || SKIP.iter().any(|mark| marks.contains(mark)) {
            if !tag.ends_with("/>") {
                rest = skip(&name, after);
            }
            kept.push_str("<br>");
            if name == "blockquote" {
                kept.push_str("&gt; <br>");
            }
        } else {
            kept.push_str(tag);
            if tag.starts_with("</") && BLOCKS.contains(&&*name) {
                kept.push_str("<br>");
            }
        }
    }
    kept.push_str(rest);
    html_to_text(&kept).replace('\u{a0}', " ")
}

/// Where the tag (or comment) that the text begins with ends.
fn tag_end(tag: &str) -> usize {
    let (end, more) = if tag.starts_with("<!--") { (tag.find("-->"), 3) } else { (tag.find('>'), 1) };
    end.map_or(tag.len(), |at| at + more)
}

/// Name of a tag in lower case, opening or closing.
fn name(tag: &str) -> String {
    let tag = tag.trim_start_matches(['<', '/']);
    tag.chars().take_while(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

/// What follows the end of an element whose opening tag was just read; nothing when it has no end.
fn skip<'h>(wanted: &str, html: &'h str) -> &'h str {
    let (mut depth, mut rest) = (1_usize, html);
    while let Some(at) = rest.find('<') {
        let tag = rest.get(at..).unwrap_or_default();
        let (tag, after) = tag.split_at(tag_end(tag));
        rest = after;
        if name(tag) == wanted && !tag.ends_with("/>") {
            if !tag.starts_with("</") {
                depth += 1;
            } else if depth == 1 {
                return after;
            } else {
                depth -= 1;
            }
        }
    }
    ""
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_become_lines_and_entities_characters() {
        let html = "<html><head><style>p{}</style></head><body><div>Hi&nbsp;Ann,</div><div>2 &lt; 3</div><p>Bye</p></body>";
        assert_eq!(text(html).trim_end(), "Hi Ann,\n2 < 3\nBye");
    }

    #[test]
    fn what_programs_mark_as_quoted_or_signed_is_gone() {
        for html in [
            "<div>Yes.</div><div class=\"gmail_attr\">On Monday Ann wrote:</div><blockquote>No.<blockquote>a</blockquote>b</blockquote>",
            "<div>Yes.</div><div id=\"divRplyFwdMsg\">From: Ann</div><div>No.</div>",
            "<p>Yes.</p><div><div style='border:none;border-top:solid #E1E1E1 1.0pt'><p>From: Ann</p></div></div><p>No.</p>",
            "<div>Yes.</div><div class=\"gmail_signature\"><div>No.</div></div>",
            "<div>Yes.</div><div class=\"moz-cite-prefix\">Ann wrote:</div><blockquote type=\"cite\">No.",
        ] {
            let text = text(html);
            assert!(text.contains("Yes.") && !text.contains("No."), "{text:?}");
        }
    }

    #[test]
    fn an_answer_between_quotes_stays() {
        let text = text(
            "<blockquote>Price?</blockquote><div>Ten.</div><blockquote>Date?</blockquote><div>May.</div>",
        );
        assert_eq!(text.split_whitespace().collect::<Vec<_>>(), [">", "Ten.", ">", "May."]);
    }
}
