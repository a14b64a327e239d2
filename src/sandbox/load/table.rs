//! Rows of a CSV file that know where they stand.

use super::LoadError;
use std::path::{Path, PathBuf};
use std::rc::Rc;

pub struct Row {
    file: Rc<PathBuf>,
    line: u64,
    headers: Rc<csv::StringRecord>,
    cells: csv::StringRecord,
}

/// Opens a file and reads it row by row.
pub fn rows(path: &Path) -> Result<impl Iterator<Item = Result<Row, LoadError>> + use<>, LoadError> {
    let file = Rc::new(path.to_owned());
    let fail = {
        let file = Rc::clone(&file);
        move |e: &csv::Error| {
            let line = e.position().map_or(1, csv::Position::line);
            LoadError { file: file.to_path_buf(), line, message: e.to_string() }
        }
    };
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_path(path).map_err(|e| fail(&e))?;
    let headers = Rc::new(reader.headers().map_err(|e| fail(&e))?.clone());
    Ok(reader.into_records().map(move |cells| {
        let cells = cells.map_err(|e| fail(&e))?;
        let line = cells.position().map_or(0, csv::Position::line);
        Ok(Row { file: Rc::clone(&file), line, headers: Rc::clone(&headers), cells })
    }))
}

impl Row {
    /// The text of a column; `None` where the file has no such column.
    pub fn get(&self, column: &str) -> Option<&str> {
        let at = self.headers.iter().position(|h| h == column)?;
        self.cells.get(at)
    }

    /// A value that must be there.
    pub fn text(&self, column: &str) -> Result<&str, LoadError> {
        match self.get(column) {
            None => Err(LoadError { line: 1, ..self.error(format!("column {column:?} is missing")) }),
            Some("") => Err(self.error(format!("{column} is empty"))),
            Some(text) => Ok(text),
        }
    }

    pub fn number(&self, column: &str) -> Result<&str, LoadError> {
        self.checked(column, self.text(column)?)
    }

    pub fn optional_number(&self, column: &str) -> Result<Option<&str>, LoadError> {
        match self.get(column).unwrap_or("") {
            "" => Ok(None),
            text => self.checked(column, text).map(Some),
        }
    }

    fn checked<'t>(&self, column: &str, text: &'t str) -> Result<&'t str, LoadError> {
        match text.parse::<f64>() {
            Ok(number) if number.is_finite() => Ok(text),
            _ => Err(self.error(format!("{column} {text:?} is not a number"))),
        }
    }

    pub fn error(&self, message: impl Into<String>) -> LoadError {
        LoadError { file: self.file.to_path_buf(), line: self.line, message: message.into() }
    }
}
