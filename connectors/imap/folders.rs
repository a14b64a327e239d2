//! Which folders are read: all mail where the server has a folder for it, else every folder but drafts, junk and
//! trash.

use crate::session::Numbers;

/// A folder as the server lists it.
#[derive(Clone, Debug)]
pub struct Folder {
    /// Its name, escaped as in the ids of its messages.
    pub name: Box<str>,
    /// Its name for people.
    pub title: String,
    /// In lower case, with their backslash.
    pub attributes: Vec<String>,
    /// What stands between the levels of a name.
    pub delimiter: Option<char>,
    /// Its numbers, where they came along.
    pub numbers: Option<Numbers>,
}

/// Which folders a person wants read. Names are those that people see.
#[derive(Clone, Debug, Default)]
pub struct Choice {
    /// Only these.
    pub only: Vec<String>,
    /// Not these, nor what is in them.
    pub skip: Vec<String>,
}

/// What must not be read, and the names that such folders have where the server does not mark them (RFC 6154).
const UNWANTED: [(&str, &[&str]); 3] = [
    ("\\drafts", &["drafts", "draft", "entwürfe", "brouillons", "borradores", "bozze", "concepten"]),
    (
        "\\junk",
        &[
            "junk",
            "junk e-mail",
            "junk email",
            "spam",
            "bulk mail",
            "courrier indésirable",
            "correo no deseado",
        ],
    ),
    (
        "\\trash",
        &[
            "trash",
            "deleted items",
            "deleted messages",
            "papierkorb",
            "gelöschte elemente",
            "corbeille",
            "papelera",
        ],
    ),
];
/// Folders that only show messages of others.
const VIEWS: [&str; 2] = ["\\flagged", "\\important"];

impl Folder {
    fn is(&self, attribute: &str) -> bool {
        self.attributes.iter().any(|one| one == attribute)
    }

    fn can_be_opened(&self) -> bool {
        !self.is("\\noselect") && !self.is("\\nonexistent")
    }

    /// Is it called so, or inside a folder that is?
    fn within(&self, name: &str) -> bool {
        match (self.title.strip_prefix(name), self.delimiter) {
            (Some(""), _) => true,
            (Some(rest), Some(delimiter)) => rest.starts_with(delimiter),
            (_, _) => false,
        }
    }

    /// The last part of its name, in lower case.
    fn leaf(&self) -> String {
        let leaf = self.delimiter.and_then(|delimiter| self.title.rsplit(delimiter).next());
        leaf.unwrap_or(&self.title).to_lowercase()
    }
}

/// The folders to be read.
pub fn wanted(all: &[Folder], choice: &Choice) -> Vec<Folder> {
    let open: Vec<&Folder> = all.iter().filter(|folder| folder.can_be_opened()).collect();
    let kept: Vec<&Folder> = if choice.only.is_empty() {
        let everything = open.iter().find(|folder| folder.is("\\all")).copied();
        everything.map_or_else(|| ordinary(&open), |folder| vec![folder])
    } else {
        open.into_iter().filter(|folder| choice.only.contains(&folder.title)).collect()
    };
    let skipped = |folder: &&Folder| choice.skip.iter().any(|name| folder.within(name));
    let mut kept: Vec<Folder> = kept.into_iter().filter(|folder| !skipped(folder)).cloned().collect();
    kept.sort_by(|left, right| left.name.cmp(&right.name));
    kept.dedup_by(|left, right| left.name == right.name);
    kept
}

fn ordinary<'a>(open: &[&'a Folder]) -> Vec<&'a Folder> {
    let unwanted = |folder: &&Folder| {
        UNWANTED.iter().any(|(attribute, names)| {
            // A name counts only where nothing is marked: "Trash" may be a client's name.
            let marked = open.iter().any(|folder| folder.is(attribute));
            folder.is(attribute) || !marked && names.contains(&folder.leaf().as_str())
        })
    };
    let view = |folder: &&Folder| VIEWS.iter().any(|attribute| folder.is(attribute));
    open.iter().copied().filter(|folder| !unwanted(folder) && !view(folder)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(title: &str, attributes: &[&str]) -> Folder {
        Folder {
            name: title.into(),
            title: title.to_owned(),
            attributes: attributes.iter().map(ToString::to_string).collect(),
            delimiter: Some('/'),
            numbers: None,
        }
    }
    fn names(all: &[Folder], choice: &Choice) -> Vec<String> {
        wanted(all, choice).into_iter().map(|folder| folder.title).collect()
    }
    fn some(names: &[&str]) -> Vec<String> {
        names.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn drafts_junk_and_trash_are_left_out_by_their_marks() {
        let all = [
            folder("INBOX", &[]),
            folder("Sent", &["\\sent"]),
            folder("Clients", &["\\noselect"]),
            folder("Clients/Trash", &[]),
            folder("D", &["\\drafts"]),
            folder("J", &["\\junk"]),
            folder("T", &["\\trash"]),
            folder("Starred", &["\\flagged"]),
        ];
        assert_eq!(names(&all, &Choice::default()), ["Clients/Trash", "INBOX", "Sent"]);
    }

    #[test]
    fn without_marks_their_usual_names_are_left_out() {
        let all = [
            folder("INBOX", &[]),
            folder("INBOX/Spam", &[]),
            folder("Entwürfe", &[]),
            folder("Drafted", &[]),
        ];
        assert_eq!(names(&all, &Choice::default()), ["Drafted", "INBOX"]);
    }

    #[test]
    fn a_folder_of_all_mail_is_enough() {
        let all = [
            folder("INBOX", &[]),
            folder("[Gmail]/All Mail", &["\\all"]),
            folder("[Gmail]/Sent Mail", &["\\sent"]),
        ];
        assert_eq!(names(&all, &Choice::default()), ["[Gmail]/All Mail"]);
    }

    #[test]
    fn a_person_chooses_and_skips_by_name() {
        let all = [
            folder("INBOX", &[]),
            folder("Clients", &[]),
            folder("Clients/Old", &[]),
            folder("Clients2", &[]),
        ];
        let only = Choice { only: some(&["Clients", "Clients2", "Nowhere"]), skip: Vec::new() };
        assert_eq!(names(&all, &only), ["Clients", "Clients2"]);
        let skip = Choice { only: Vec::new(), skip: some(&["Clients"]) };
        assert_eq!(names(&all, &skip), ["Clients2", "INBOX"]);
    }
}
