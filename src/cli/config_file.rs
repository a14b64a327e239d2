//! Writes a connection into the user's configuration file; comments and order stay as they are.

use crate::verb_init;
use anyhow::Context;
use runtime::settings::Connection;
use std::{fs, io, path::Path};
use toml_edit::{ArrayOfTables, DocumentMut, InlineTable, Item, Table, Value};

/// Adds the connection, or changes what differs from its defaults in the one of the same id. A file that does
/// not exist yet begins as the annotated example.
pub fn put(file: &Path, connection: &Connection) -> anyhow::Result<()> {
    let text = match fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => verb_init::example(false),
        Err(error) => return Err(error).with_context(|| format!("reading {}", file.display())),
    };
    let text = with(&text, connection).with_context(|| format!("changing {}", file.display()))?;
    let doing = || format!("writing {}", file.display());
    if let Some(folder) = file.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        fs::create_dir_all(folder).with_context(doing)?;
    }
    let beside = file.with_extension("toml.new");
    fs::write(&beside, text).with_context(doing)?;
    fs::rename(&beside, file).with_context(doing)
}

/// The text with the connection in it.
fn with(text: &str, connection: &Connection) -> anyhow::Result<String> {
    let mut document: DocumentMut = text.parse()?;
    let list = document.entry("connection").or_insert(Item::ArrayOfTables(ArrayOfTables::new()));
    let list = list.as_array_of_tables_mut().context("`connection` is not a list of tables")?;
    let is_it = |table: &Table| table.get("id").and_then(Item::as_str) == Some(connection.id.as_str());
    let known = list.iter().position(is_it);
    if let Some(at) = known {
        list.get_mut(at).into_iter().for_each(|table| fill(table, connection));
    } else {
        let mut table = Table::new();
        fill(&mut table, connection);
        list.push(table);
    }
    Ok(document.to_string())
}

/// Sets what was asked for; everything else stays.
fn fill(table: &mut Table, connection: &Connection) {
    let mut set = |key: &str, value: Value| {
        if let Some(Item::Value(known)) = table.get_mut(key) {
            let decor = known.decor().clone();
            *known = value;
            *known.decor_mut() = decor;
        } else {
            table.insert(key, Item::Value(value));
        }
    };
    set("id", connection.id.as_str().into());
    set("vendor", connection.vendor.as_str().into());
    set("mode", connection.mode.name().into());
    set("secret", connection.secret.name().into());
    if let Some(auth) = connection.auth {
        set("auth", auth.name().into());
    }
    if let Some(user) = &connection.user {
        set("user", user.as_str().into());
    }
    if let Some(id) = &connection.client_id {
        set("client_id", id.as_str().into());
    }
    for (key, url) in [("authorize_url", &connection.authorize_url), ("token_url", &connection.token_url)] {
        if let Some(url) = url {
            set(key, url.as_str().into());
        }
    }
    if !connection.scopes.is_empty() {
        set("scopes", connection.scopes.iter().map(String::as_str).collect::<toml_edit::Array>().into());
    }
    if let Some(url) = &connection.base_url {
        set("base_url", url.as_str().trim_end_matches('/').into());
    }
    if !connection.options.0.is_empty() && !matches!(table.get("options"), Some(Item::Table(_))) {
        let options: InlineTable = connection
            .options
            .0
            .iter()
            .filter_map(|(key, value)| Some((key.as_str(), plain(value)?)))
            .collect();
        table.insert("options", Item::Value(options.into()));
    }
}

/// JSON as TOML; null has no counterpart.
fn plain(value: &serde_json::Value) -> Option<Value> {
    Some(match value {
        serde_json::Value::Null => return None,
        serde_json::Value::Bool(yes) => (*yes).into(),
        serde_json::Value::Number(number) => match number.as_i64() {
            Some(number) => number.into(),
            None => number.as_f64()?.into(),
        },
        serde_json::Value::String(text) => text.as_str().into(),
        serde_json::Value::Array(items) => {
            items.iter().filter_map(plain).collect::<toml_edit::Array>().into()
        }
        serde_json::Value::Object(fields) => fields
            .iter()
            .filter_map(|(key, value)| Some((key.as_str(), plain(value)?)))
            .collect::<InlineTable>()
            .into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::Mode;
    use runtime::settings::{Keeper, Settings};

    fn connection(id: &str) -> Connection {
        Connection {
            id: id.into(),
            vendor: "odoo".into(),
            mode: Mode::Auto,
            secret: Keeper::File,
            ..Connection::default()
        }
    }

    #[test]
    fn a_new_connection_is_added_and_the_rest_stays_to_the_letter() {
        // given a file with a comment and another connection
        let before = "# ours\n[organization]\nname = \"Acme\" # the name\n\n[[connection]]\nid = \"hubspot\" # main\nvendor = \"hubspot\"\n";
        // when a second one is put in
        let mut new = connection("odoo");
        new.base_url = Some("https://crm.example.com".parse().unwrap());
        new.options.0.insert("database".into(), "prod".into());
        let after = with(before, &new).unwrap();
        // then what was there is a prefix, and the whole reads back as meant
        assert!(after.starts_with(before), "{after}");
        let settings = Settings::read(Path::new("x.toml"), &after).unwrap();
        assert_eq!(settings.connection[1], new);
    }

    #[test]
    fn a_known_connection_is_changed_in_place() {
        let before =
            "[[connection]]\nid = \"crm\"\nvendor = \"odoo\"\nmode = \"observe\" # for now\nreserve = 0.5\n";
        let after = with(before, &connection("crm")).unwrap();
        assert!(after.contains("mode = \"auto\" # for now\nreserve = 0.5"), "{after}");
        assert_eq!(Settings::read(Path::new("x.toml"), &after).unwrap().connection.len(), 1);
    }

    #[test]
    fn a_file_that_is_not_there_begins_as_the_annotated_example() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("new/orchestrator.toml");
        put(&file, &connection("odoo")).unwrap();
        let text = fs::read_to_string(&file).unwrap();
        assert!(text.contains("# Currency in which amounts are compared."));
        assert_eq!(Settings::read(&file, &text).unwrap().connection, [connection("odoo")]);
    }
}
