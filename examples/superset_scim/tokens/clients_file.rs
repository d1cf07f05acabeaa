//! The file of clients, changed so that comments stay and nobody ever meets half of it.

use std::error::Error;
use std::fs::{self, File, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use scim_examples::RegisteredFile;
use scim_service::oauth::Clients;
use toml_edit::{Array, ArrayOfTables, Datetime, DocumentMut, InlineTable, Item, Table, TableLike, Value, value};

use super::credential::{Credential, Kind};
use super::times::shown;

/// The file, as it will be once it is saved.
pub(super) struct ClientsFile {
    path: PathBuf,
    document: DocumentMut,
    /// The file as it was found. Its lock keeps others away who would change it, too.
    found: Option<File>,
}

/// A client, as far as people want to see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Client {
    pub(super) id: String,
    pub(super) scopes: Vec<String>,
    pub(super) networks: Vec<String>,
    pub(super) credentials: Vec<Credential>,
}

/// A client that is about to be registered.
pub(super) struct NewClient<'a> {
    pub(super) id: &'a str,
    pub(super) tenant: Option<&'a str>,
    pub(super) scopes: &'a [String],
    pub(super) networks: &'a [String],
}

impl Client {
    /// The credentials of one kind that have not expired.
    pub(super) fn live(&self, kind: Kind, now: DateTime<Utc>) -> impl Iterator<Item = &Credential> {
        self.credentials.iter().filter(move |credential| credential.kind == kind && credential.is_live(now))
    }
}

impl ClientsFile {
    /// Opens a file that servers take.
    pub(super) fn open(path: &Path) -> Result<Self, Box<dyn Error>> {
        let failed = |error| format!("cannot read clients `{}`: {error}", path.display());
        // The link stays when the file is replaced.
        let path = fs::canonicalize(path).map_err(failed)?;
        let found = lock(&path).map_err(failed)?;
        RegisteredFile::new(path.clone()).read()?;
        let document = fs::read_to_string(&path).map_err(failed)?.parse::<DocumentMut>()?;
        Ok(Self { path, document, found: Some(found) })
    }

    /// The same, or one that will be made.
    pub(super) fn open_or_create(path: &Path) -> Result<Self, Box<dyn Error>> {
        match path.try_exists() {
            Ok(false) => Ok(Self { path: path.to_owned(), document: DocumentMut::new(), found: None }),
            _ => Self::open(path),
        }
    }

    /// The clients in the order of the file.
    pub(super) fn clients(&self) -> Vec<Client> {
        let item = self.document.get("client");
        item.map(entries).unwrap_or_default().into_iter().filter_map(client).collect()
    }

    pub(super) fn client(&self, id: &str) -> Option<Client> {
        self.clients().into_iter().find(|client| client.id == id)
    }

    pub(super) fn add_client(&mut self, client: &NewClient<'_>) -> Result<(), String> {
        let texts = |texts: &[String]| value(texts.iter().map(String::as_str).collect::<Array>());
        let mut table = Table::new();
        table.insert("id", value(client.id));
        table.insert("scopes", texts(client.scopes));
        if let Some(tenant) = client.tenant {
            table.insert("tenant", value(tenant));
        }
        if !client.networks.is_empty() {
            table.insert("networks", texts(client.networks));
        }
        if !self.document.is_empty() {
            table.decor_mut().set_prefix("\n");
        }
        self.tables()?.push(table);
        Ok(())
    }

    pub(super) fn add(&mut self, id: &str, credential: &Credential) -> Result<(), String> {
        let mut entry = InlineTable::new();
        entry.insert("sha256", credential.sha256.as_str().into());
        if let Some(expires) = credential.expires {
            entry.insert("expires", date(expires)?.into());
        }
        let key = credential.kind.key();
        match self.table(id)?.entry(key).or_insert_with(|| value(Array::new())) {
            Item::Value(Value::Array(array)) => array.push(entry),
            Item::ArrayOfTables(tables) => tables.push(entry.into_table()),
            _ => return Err(format!("client `{id}`, `{key}`: expected an array")),
        }
        Ok(())
    }

    /// Sets the end of a credential.
    pub(super) fn expire(&mut self, id: &str, credential: &Credential, expires: DateTime<Utc>) -> Result<(), String> {
        let expires = date(expires)?;
        let set = |entry: &mut dyn TableLike| {
            entry.insert("expires", value(expires));
        };
        match self.table(id)?.get_mut(credential.kind.key()) {
            Some(Item::Value(Value::Array(array))) => {
                let inline = array.iter_mut().filter_map(Value::as_inline_table_mut);
                for entry in inline.filter(|entry| is(*entry, credential)) {
                    set(entry);
                    // Otherwise a blank stands before the comma.
                    entry.fmt();
                }
            }
            Some(Item::ArrayOfTables(tables)) => {
                tables.iter_mut().filter(|entry| is(*entry, credential)).for_each(|entry| set(entry));
            }
            _ => {}
        }
        Ok(())
    }

    pub(super) fn remove(&mut self, id: &str, credential: &Credential) -> Result<(), String> {
        let (table, key) = (self.table(id)?, credential.kind.key());
        match table.get_mut(key) {
            Some(Item::Value(Value::Array(array))) => {
                array.retain(|entry| !entry.as_inline_table().is_some_and(|entry| is(entry, credential)));
            }
            Some(Item::ArrayOfTables(tables)) => tables.retain(|entry| !is(entry, credential)),
            _ => {}
        }
        if table.get(key).is_some_and(|item| entries(item).is_empty()) {
            table.remove(key);
        }
        Ok(())
    }

    /// Takes a credential away. Where servers would refuse a file without it, and go on with what they have, it expires in place: the
    /// last one of a client has to be there.
    pub(super) fn revoke(&mut self, id: &str, credential: &Credential, now: DateTime<Utc>) -> Result<(), String> {
        let before = self.document.clone();
        self.remove(id, credential)?;
        if toml::from_str::<Clients>(&self.document.to_string()).is_err() {
            self.document = before;
            self.expire(id, credential, now)?;
        }
        Ok(())
    }

    /// Puts the file in the place of the one that was there, once it is certain that servers take it.
    pub(super) fn save(self) -> Result<(), Box<dyn Error>> {
        let folder = match self.path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        let failed = |error: io::Error| format!("cannot write clients `{}`: {error}", self.path.display());
        // Readable by its owner alone.
        let mut new =
            tempfile::Builder::new().prefix(".clients-").suffix(".toml").tempfile_in(folder).map_err(failed)?;
        new.write_all(self.document.to_string().as_bytes()).map_err(failed)?;
        let accepted = RegisteredFile::new(new.path().to_owned()).read();
        accepted.map_err(|error| {
            let cause = error.source().map_or_else(|| error.to_string(), ToString::to_string);
            format!("servers would refuse the file: {cause}; nothing was changed")
        })?;
        if let Some(found) = &self.found {
            let (old, own) = (found.metadata().map_err(failed)?, new.as_file().metadata().map_err(failed)?);
            if (old.uid(), old.gid()) != (own.uid(), own.gid()) {
                chown(new.path(), Some(old.uid()), Some(old.gid())).map_err(failed)?;
            }
            // What the group of the server may do stays, what others may does not.
            new.as_file().set_permissions(Permissions::from_mode(old.mode() & 0o660)).map_err(failed)?;
        }
        new.as_file().sync_all().map_err(failed)?;
        if self.found.is_some() {
            new.persist(&self.path).map_err(|error| failed(error.error))?;
        } else {
            new.persist_noclobber(&self.path).map_err(|error| failed(error.error))?;
        }
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed)?;
        Ok(())
    }

    fn tables(&mut self) -> Result<&mut ArrayOfTables, String> {
        let item = self.document.entry("client").or_insert_with(|| Item::ArrayOfTables(ArrayOfTables::new()));
        item.as_array_of_tables_mut()
            .ok_or_else(|| "expected clients as entries `[[client]]`, to change them".to_owned())
    }

    fn table(&mut self, id: &str) -> Result<&mut Table, String> {
        let found = self.tables()?.iter_mut().find(|table| text(*table, "id") == Some(id));
        found.ok_or_else(|| super::unknown(id))
    }
}

/// Opens the file and waits until nobody else changes it.
fn lock(path: &Path) -> io::Result<File> {
    loop {
        let file = File::open(path)?;
        file.lock()?;
        // Somebody may have replaced it meanwhile.
        if file.metadata()?.ino() == fs::metadata(path)?.ino() {
            return Ok(file);
        }
    }
}

/// The tables of an array, in either of the ways in which TOML writes one.
fn entries(item: &Item) -> Vec<&dyn TableLike> {
    match item {
        Item::ArrayOfTables(tables) => tables.iter().map(|table| table as &dyn TableLike).collect(),
        Item::Value(Value::Array(array)) => {
            array.iter().filter_map(Value::as_inline_table).map(|table| table as &dyn TableLike).collect()
        }
        _ => Vec::new(),
    }
}

fn client(table: &dyn TableLike) -> Option<Client> {
    let texts = |key: &str| {
        let array = table.get(key).and_then(Item::as_array);
        array.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let credentials = Kind::BOTH.iter().flat_map(|&kind| {
        let item = table.get(kind.key());
        item.map(entries).unwrap_or_default().into_iter().filter_map(move |entry| credential(kind, entry))
    });
    Some(Client {
        id: text(table, "id")?.to_owned(),
        scopes: texts("scopes"),
        networks: texts("networks"),
        credentials: credentials.collect(),
    })
}

fn credential(kind: Kind, entry: &dyn TableLike) -> Option<Credential> {
    let expires = entry.get("expires").and_then(|expires| {
        let written = expires.as_datetime().map(ToString::to_string);
        let text = written.or_else(|| expires.as_str().map(str::to_owned))?;
        Some(DateTime::parse_from_rfc3339(&text).ok()?.to_utc())
    });
    Some(Credential { kind, sha256: text(entry, "sha256")?.to_ascii_lowercase(), expires })
}

fn text<'t>(table: &'t dyn TableLike, key: &str) -> Option<&'t str> {
    table.get(key)?.as_str()
}

/// Whether an entry is that of a credential.
fn is(entry: &dyn TableLike, credential: &Credential) -> bool {
    text(entry, "sha256").is_some_and(|hash| hash.eq_ignore_ascii_case(&credential.sha256))
}

fn date(time: DateTime<Utc>) -> Result<Datetime, String> {
    shown(time).parse().map_err(|_| format!("{} is no time that TOML can write", shown(time)))
}
