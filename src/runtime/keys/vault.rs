//! Secrets in an encrypted file, for machines without a keyring: XChaCha20-Poly1305 over a JSON object, the key
//! made by Argon2id from a passphrase that lives elsewhere.

use argon2::Argon2;
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, aead::Aead};
use connect::Secret;
use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
};
use zeroize::Zeroizing;

/// Environment variable with the folder of systemd's credentials.
pub const CREDENTIALS: &str = "CREDENTIALS_DIRECTORY";
/// Environment variable that names the passphrase file.
pub const PASSPHRASE_FILE: &str = "SALES_ORCHESTRATOR_PASSPHRASE_FILE";
/// Name of the systemd credential that holds the passphrase.
const CREDENTIAL: &str = "sales-orchestrator-passphrase";
/// First bytes of the file: format and version.
const MAGIC: &[u8; 8] = b"SOVAULT1";
const SALT: usize = 16;
const NONCE: usize = 24;

/// What went wrong, with what to do about it.
#[derive(Debug)]
pub struct Trouble(pub String);

impl Trouble {
    fn at(path: &Path, error: &io::Error) -> Self {
        Self(format!("{}: {error}", path.display()))
    }
}

/// The encrypted file of a data folder.
pub fn file(data: &Path) -> PathBuf {
    data.join("secrets.vault")
}

/// Where the passphrase is: a systemd credential, the file named by the environment, else `passphrase` in the
/// configuration folder, which is made on first use.
pub fn passphrase_file() -> PathBuf {
    let credential = std::env::var_os(CREDENTIALS).map(|folder| Path::new(&folder).join(CREDENTIAL));
    if let Some(file) = credential.filter(|file| file.is_file()) {
        return file;
    }
    let named = std::env::var_os(PASSPHRASE_FILE).map(PathBuf::from);
    named.unwrap_or_else(|| crate::settings::paths::config_dir().join("passphrase"))
}

/// The secrets of a data folder.
pub struct Vault {
    file: PathBuf,
    passphrase: PathBuf,
}

type Secrets = BTreeMap<String, Zeroizing<String>>;

impl Vault {
    pub fn at(data: &Path) -> Self {
        Self { file: file(data), passphrase: passphrase_file() }
    }

    /// A secret, if it is there.
    pub fn load(&self, key: &str) -> Result<Option<String>, Trouble> {
        Ok(self.read()?.remove(key).map(|secret| secret.as_str().to_owned()))
    }

    /// Stores or (with `None`) removes a secret. The file is replaced as a whole and is on the disk when this
    /// returns; other processes wait meanwhile.
    pub fn save(&self, key: &str, secret: Option<&Secret>) -> Result<(), Trouble> {
        let folder = self.file.parent().unwrap_or(Path::new("."));
        private_folder(folder).map_err(|error| Trouble::at(folder, &error))?;
        let lock_file = self.file.with_extension("lock");
        let lock = private_file(&lock_file).map_err(|error| Trouble::at(&lock_file, &error))?;
        lock.lock().map_err(|error| Trouble::at(&lock_file, &error))?;
        let mut secrets = self.read()?;
        match secret {
            Some(secret) => secrets.insert(key.to_owned(), Zeroizing::new(secret.expose().to_owned())),
            None => secrets.remove(key),
        };
        let sealed = self.seal(&secrets)?;
        replace(&self.file, &sealed).map_err(|error| Trouble::at(&self.file, &error))
    }

    fn read(&self) -> Result<Secrets, Trouble> {
        let sealed = match fs::read(&self.file) {
            Ok(sealed) => sealed,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Secrets::new()),
            Err(error) => return Err(Trouble::at(&self.file, &error)),
        };
        let damaged =
            || Trouble(format!("{} is damaged: move it away and connect again", self.file.display()));
        let rest = sealed.strip_prefix(MAGIC.as_slice()).ok_or_else(damaged)?;
        let (salt, rest) = rest.split_at_checked(SALT).ok_or_else(damaged)?;
        let (nonce, sealed) = rest.split_first_chunk::<NONCE>().ok_or_else(damaged)?;
        let cipher = self.cipher(salt, &self.passphrase()?)?;
        let plain = cipher.decrypt(&(*nonce).into(), sealed).map(Zeroizing::new).map_err(|_| {
            let (file, passphrase) = (self.file.display(), self.passphrase.display());
            Trouble(format!("{file} does not open with the passphrase in {passphrase}"))
        })?;
        let secrets: BTreeMap<String, String> = serde_json::from_slice(&plain).map_err(|_| damaged())?;
        Ok(secrets.into_iter().map(|(key, secret)| (key, Zeroizing::new(secret))).collect())
    }

    fn seal(&self, secrets: &Secrets) -> Result<Vec<u8>, Trouble> {
        let mut chance = [0; SALT + NONCE];
        getrandom::fill(&mut chance).map_err(|error| Trouble(format!("no randomness: {error}")))?;
        let (salt, nonce) = chance.split_at(SALT);
        let nonce: [u8; NONCE] = nonce.try_into().unwrap_or_default();
        let plain: BTreeMap<&str, &str> = secrets.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
        let plain = Zeroizing::new(serde_json::to_vec(&plain).map_err(|error| Trouble(error.to_string()))?);
        let passphrase = match self.passphrase() {
            Err(_) if !self.passphrase.exists() => self.new_passphrase()?,
            found => found?,
        };
        let sealed = self.cipher(salt, &passphrase)?.encrypt(&nonce.into(), plain.as_slice());
        let sealed = sealed.map_err(|_| Trouble("the secrets could not be encrypted".to_owned()))?;
        Ok([MAGIC.as_slice(), salt, &nonce, &sealed].concat())
    }

    fn cipher(&self, salt: &[u8], passphrase: &str) -> Result<XChaCha20Poly1305, Trouble> {
        let mut key = Zeroizing::new([0; 32]);
        let made = Argon2::default().hash_password_into(passphrase.as_bytes(), salt, key.as_mut_slice());
        made.map_err(|error| Trouble(format!("the passphrase in {}: {error}", self.passphrase.display())))?;
        Ok(XChaCha20Poly1305::new(&(*key).into()))
    }

    fn passphrase(&self) -> Result<Zeroizing<String>, Trouble> {
        let text = fs::read_to_string(&self.passphrase).map(Zeroizing::new);
        let text = text.map_err(|error| {
            let file = self.passphrase.display();
            Trouble(format!("the passphrase file {file}: {error} ({PASSPHRASE_FILE} names another)"))
        })?;
        let text = Zeroizing::new(text.trim().to_owned());
        match (text.len(), others_may_read(&self.passphrase)) {
            (..8, _) => Err(Trouble(format!("{} has less than 8 characters", self.passphrase.display()))),
            (_, true) => {
                let file = self.passphrase.display();
                Err(Trouble(format!("others may read {file}: run `chmod 600 {file}`")))
            }
            (_, false) => Ok(text),
        }
    }

    fn new_passphrase(&self) -> Result<Zeroizing<String>, Trouble> {
        use std::fmt::Write as _;
        let mut chance = Zeroizing::new([0; 32]);
        getrandom::fill(chance.as_mut_slice()).map_err(|error| Trouble(format!("no randomness: {error}")))?;
        let mut text = Zeroizing::new(String::with_capacity(64));
        for byte in chance.iter() {
            write!(text, "{byte:02x}").map_err(|error| Trouble(error.to_string()))?;
        }
        let folder = self.passphrase.parent().unwrap_or(Path::new("."));
        let made = private_folder(folder).and_then(|()| replace(&self.passphrase, text.as_bytes()));
        made.map_err(|error| Trouble::at(&self.passphrase, &error))?;
        Ok(text)
    }
}

/// Writes beside the file, brings that to the disk, then takes its place: after a crash it is the old or the new.
fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    let beside = path.with_extension("new");
    fs::remove_file(&beside).or_else(|error| match error.kind() {
        io::ErrorKind::NotFound => Ok(()),
        _ => Err(error),
    })?;
    let mut file = private_file(&beside)?;
    file.write_all(content)?;
    file.sync_all()?;
    fs::rename(&beside, path)?;
    match path.parent() {
        Some(folder) if cfg!(unix) => File::open(folder)?.sync_all(),
        _ => Ok(()),
    }
}

fn private_file(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

fn private_folder(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// Whether group or others may read a file. systemd's credentials are guarded by their folder.
fn others_may_read(path: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let guarded = std::env::var_os(CREDENTIALS).is_some_and(|folder| path.starts_with(folder));
        let mode = fs::metadata(path).map(|meta| meta.permissions().mode()).unwrap_or_default();
        !guarded && mode & 0o077 != 0
    }
    #[cfg(not(unix))]
    {
        let _ = path;
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vault(folder: &Path) -> Vault {
        Vault { file: file(&folder.join("data")), passphrase: folder.join("config/passphrase") }
    }

    #[test]
    fn a_secret_comes_back_and_is_not_in_the_file() {
        // given an empty folder
        let folder = tempfile::tempdir().unwrap();
        let vault = vault(folder.path());
        assert_eq!(vault.load("hubspot/token").unwrap(), None);
        // when two secrets are stored and one is removed
        vault.save("hubspot/token", Some(&Secret::new("pat-na1-x"))).unwrap();
        vault.save("odoo/token", Some(&Secret::new("key"))).unwrap();
        vault.save("odoo/token", None).unwrap();
        // then the other is there, and only encrypted
        assert_eq!(vault.load("hubspot/token").unwrap().as_deref(), Some("pat-na1-x"));
        assert_eq!(vault.load("odoo/token").unwrap(), None);
        let bytes = fs::read(&vault.file).unwrap();
        assert!(!bytes.windows(6).any(|window| window == b"pat-na"));
    }

    #[cfg(unix)]
    #[test]
    fn files_are_for_their_owner_only_and_an_open_passphrase_is_refused() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let vault = vault(folder.path());
        vault.save("a/token", Some(&Secret::new("s"))).unwrap();
        for path in [&vault.file, &vault.passphrase] {
            assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o600, "{path:?}");
        }
        fs::set_permissions(&vault.passphrase, fs::Permissions::from_mode(0o644)).unwrap();
        let Err(Trouble(refused)) = vault.load("a/token") else { panic!("an open passphrase was taken") };
        assert!(refused.contains("chmod 600"), "{refused}");
    }

    #[test]
    fn another_passphrase_or_a_changed_file_does_not_open() {
        let folder = tempfile::tempdir().unwrap();
        let vault = vault(folder.path());
        vault.save("a/token", Some(&Secret::new("s"))).unwrap();
        let mut bytes = fs::read(&vault.file).unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        fs::write(&vault.file, &bytes).unwrap();
        assert!(vault.load("a/token").is_err());
        fs::write(&vault.file, b"short").unwrap();
        assert!(vault.load("a/token").unwrap_err().0.contains("damaged"));
    }

    #[test]
    fn a_missing_passphrase_never_makes_a_new_one_over_old_secrets() {
        // given secrets whose passphrase is lost
        let folder = tempfile::tempdir().unwrap();
        let vault = vault(folder.path());
        vault.save("a/token", Some(&Secret::new("s"))).unwrap();
        fs::remove_file(&vault.passphrase).unwrap();
        // when another is stored, then that is refused and the file stays as it was
        let before = fs::read(&vault.file).unwrap();
        assert!(vault.save("b/token", Some(&Secret::new("t"))).is_err());
        assert_eq!(fs::read(&vault.file).unwrap(), before);
    }
}
