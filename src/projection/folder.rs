//! The files that analysts add.

use std::{fs, io, path::Path};

use super::{Origin, ProjectionError, ReadModel};

/// Longest name of a file: the schema of a copy, whose name is longer, must still fit into PostgreSQL's 63 bytes.
const LONGEST_NAME: usize = 40;

/// The read models of an installation, and the files that cannot be any.
#[derive(Debug, Clone, Default)]
pub struct ModelSet {
    pub(super) models: Vec<ReadModel>,
    pub(super) refused: Vec<RefusedFile>,
}

/// A file that is left out, alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedFile {
    /// Its name, without the ending.
    pub name: String,
    /// What to do about it.
    pub reason: String,
}

impl From<Vec<ReadModel>> for ModelSet {
    fn from(models: Vec<ReadModel>) -> Self {
        Self { models, refused: vec![] }
    }
}

impl ModelSet {
    /// Adds the `.sql` files of a folder, in the order of their names. A file at fault is noted and left out.
    ///
    /// # Errors
    /// [`ProjectionError::Folder`] where the folder itself cannot be read.
    pub fn with_folder(mut self, folder: &Path) -> Result<Self, ProjectionError> {
        let unreadable = |source| ProjectionError::Folder { folder: folder.to_owned(), source };
        for name in names(folder).map_err(unreadable)? {
            match self.read(folder, &name) {
                Ok(model) => self.models.push(model),
                Err(reason) => self.refused.push(RefusedFile { name, reason }),
            }
        }
        Ok(self)
    }

    /// The models, the built-in ones first.
    pub fn models(&self) -> &[ReadModel] {
        &self.models
    }

    /// The files that are left out.
    pub fn refused(&self) -> &[RefusedFile] {
        &self.refused
    }

    fn read(&self, folder: &Path, name: &str) -> Result<ReadModel, String> {
        check(name)?;
        let is_built_in = |model: &&ReadModel| model.origin() == Origin::BuiltIn;
        if self.models.iter().filter(is_built_in).any(|model| model.name() == name) {
            return Err(format!(
                "{name} is a read model of the program's own: give {name}.sql another name"
            ));
        }
        let text = fs::read_to_string(folder.join(format!("{name}.sql")));
        let text = text.map_err(|error| format!("{name}.sql cannot be read: {error}"))?;
        Ok(ReadModel::added(name, &text))
    }
}

/// Names the files that end in `.sql`, without that.
fn names(folder: &Path) -> io::Result<Vec<String>> {
    let mut names = vec![];
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name();
        names.extend(name.to_string_lossy().strip_suffix(".sql").map(str::to_owned));
    }
    names.sort();
    Ok(names)
}

/// Holds a name to be a plain identifier, which needs no quotes anywhere and names no schema of PostgreSQL's own.
fn check(name: &str) -> Result<(), String> {
    let plain = name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    let reserved = name.starts_with("pg_") || ["public", "information_schema"].contains(&name);
    if plain && !reserved && !is_of_a_rebuild(name) && name.len() <= LONGEST_NAME {
        return Ok(());
    }
    Err(format!(
        "`{name}` cannot name a schema: call the file by a lower-case letter and up to {} lower-case letters, digits \
         and underscores, not public, not pg_…, and not …_copy, …_former or …_at_1, as rebuilds name theirs",
        LONGEST_NAME - 1
    ))
}

/// Tells whether a schema of this name may be the copy of another model, which comes and goes.
fn is_of_a_rebuild(name: &str) -> bool {
    let is_number = |text: &str| text.chars().all(|c| c.is_ascii_digit());
    let is_of_the_past = name.rsplit_once("_at_").is_some_and(|(_, at)| is_number(at));
    name.ends_with("_copy") || name.ends_with("_former") || is_of_the_past
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_a_folder_are_read_in_order_and_those_at_fault_left_out() {
        let folder = tempfile::tempdir().unwrap();
        let files = ["top_links.sql", "a1.sql", "orders.sql", "Top.sql", "pg_x.sql", "notes.txt"];
        let of_rebuilds = ["a1_copy.sql", "a1_former.sql", "a1_at_7.sql", "a1_at_home.sql"];
        for name in [files.as_slice(), &of_rebuilds].concat() {
            fs::write(folder.path().join(name), "-- text").unwrap();
        }
        let built_in = ModelSet::from(vec![ReadModel::new("orders", "")]);
        let set = built_in.with_folder(folder.path()).unwrap();
        let names: Vec<_> = set.models().iter().map(ReadModel::name).collect();
        assert_eq!(names, ["orders", "a1", "a1_at_home", "top_links"]);
        let schemas: Vec<_> = set.models().iter().map(ReadModel::schema).collect();
        assert_eq!(schemas[1..], ["a1", "a1_at_home", "top_links"]);
        let refused: Vec<_> = set.refused().iter().map(|file| file.name.as_str()).collect();
        assert_eq!(refused, ["Top", "a1_at_7", "a1_copy", "a1_former", "orders", "pg_x"]);
        assert_eq!(
            set.refused()[4].reason,
            "orders is a read model of the program's own: give orders.sql another name"
        );
    }

    #[test]
    fn folder_that_is_not_there_is_named() {
        let error = ModelSet::default().with_folder(Path::new("/nowhere/at/all")).unwrap_err();
        assert!(error.to_string().contains("/nowhere/at/all"), "{error}");
    }
}
