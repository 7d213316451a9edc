use std::sync::LazyLock;

use sha2::{Digest, Sha256};

/// Who answers for a read model's file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// The program comes with it, and cannot do its work without it.
    BuiltIn,
    /// An analyst added it in a folder: its faults are its own.
    Added,
}

/// How several sessions may fold the same history at a time, by the word of a model's file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Parts {
    /// The tables come out the same whatever the order in which ranges are folded.
    Ranges,
    /// What comes of a stream's events depends on no other stream, and touches no row that comes of another.
    Streams,
}

/// A file of `projections/`, or one that an analyst added: tables that answer one question, and the fold that keeps them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadModel {
    name: String,
    sql: String,
    hash: String,
    origin: Origin,
}

impl ReadModel {
    /// Takes a built-in file's name without its ending, which must be a plain SQL identifier, and its text.
    pub fn new(name: &str, sql: &str) -> Self {
        Self::of(Origin::BuiltIn, name, sql)
    }

    /// Takes an added file's name, under the same rule, and its text.
    pub(super) fn added(name: &str, sql: &str) -> Self {
        Self::of(Origin::Added, name, sql)
    }

    fn of(origin: Origin, name: &str, sql: &str) -> Self {
        let digest = Sha256::digest(sql.as_bytes());
        let hash = digest.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
        Self { name: name.to_owned(), sql: sql.to_owned(), hash, origin }
    }

    /// Who answers for the file.
    pub fn origin(&self) -> Origin {
        self.origin
    }

    /// Where the file is, as its author knows it.
    pub(super) fn file(&self) -> String {
        match self.origin {
            Origin::BuiltIn => format!("projections/{}.sql", self.name),
            Origin::Added => format!("{}.sql", self.name),
        }
    }

    /// The file's name without its ending.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The file's text.
    pub fn sql(&self) -> &str {
        &self.sql
    }

    /// First eight hex digits of the text's SHA-256.
    pub fn hash(&self) -> &str {
        &self.hash
    }

    /// Name of the schema that holds the model's tables.
    ///
    /// Of a built-in file another text is another schema, so that two versions of the program each read their own. An
    /// added file is queried by people, whose queries are to outlive a change of it: its schema is called as it is.
    pub fn schema(&self) -> String {
        match self.origin {
            Origin::BuiltIn => format!("{}_{}", self.name, self.hash),
            Origin::Added => self.name.clone(),
        }
    }

    /// The event types that the header says are folded.
    pub fn folds(&self) -> Vec<&str> {
        self.header("-- folds:")
    }

    /// The event types without which the fold need not be called; `None` where there is no header, or none to be relied
    /// on, since an analyst wrote it.
    pub(super) fn folds_only(&self) -> Option<Vec<&str>> {
        let folds = self.folds();
        (self.origin == Origin::BuiltIn && !folds.is_empty()).then_some(folds)
    }

    /// The event types that the header says are ignored.
    pub fn ignores(&self) -> Vec<&str> {
        self.header("-- ignores:")
    }

    /// How the work of filling the tables may be parted; nothing where each event needs those before it.
    pub(super) fn parts(&self) -> Option<Parts> {
        if self.header("-- ranges:") == ["in any order"] {
            Some(Parts::Ranges)
        } else if self.header("-- streams:") == ["each by itself"] {
            Some(Parts::Streams)
        } else {
            None
        }
    }

    fn header(&self, key: &str) -> Vec<&str> {
        let lines = self.sql.lines().filter_map(|line| line.strip_prefix(key));
        let types = lines.flat_map(|line| line.split(',')).map(str::trim);
        types.filter(|event_type| !event_type.is_empty()).collect()
    }
}

/// Returns the `search_path` with which the models' tables are read by their bare names. Without white space, as it
/// would end the value among a connection's options. Added models are left out, lest one hide a built-in table.
pub fn search_path(models: &[ReadModel]) -> String {
    let built_in = models.iter().filter(|model| model.origin == Origin::BuiltIn);
    let schemas = built_in.map(ReadModel::schema);
    schemas.chain(["public".to_owned()]).collect::<Vec<_>>().join(",")
}

/// The read models that the program comes with.
#[derive(Debug)]
pub struct ReadModels;

macro_rules! files {
    ($($name:literal),+ $(,)?) => {
        vec![$(ReadModel::new($name, include_str!(concat!("../../projections/", $name, ".sql")))),+]
    };
}

/// Hashed once for all, because decisions look their checkpoints up again and again.
static EMBEDDED: LazyLock<Vec<ReadModel>> = LazyLock::new(|| {
    files![
        "alerts",
        "attempts",
        "deliveries",
        "error_texts",
        "evidence",
        "failover_logs",
        "ledgers",
        "orders",
        "price_history",
        "provider_calls",
        "provider_health",
        "provider_performance",
        "providers",
        "refills",
        "services",
        "sync_logs",
    ]
});

impl ReadModels {
    /// Returns the files of `projections/`, as they were when the program was built.
    pub fn embedded() -> Vec<ReadModel> {
        EMBEDDED.clone()
    }

    /// Returns those of them that are called so, in the order of the files.
    pub fn named(names: &[&str]) -> Vec<&'static ReadModel> {
        EMBEDDED.iter().filter(|model| names.contains(&model.name())).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, fs, path::Path};

    use super::*;
    use crate::domain::{
        Event, calls::CallsEvent, order::OrderEvent, provider::ProviderEvent,
        refusal::RefusalTextEvent, reservation::ReservationEvent, service::ServiceEvent,
        sync::SyncEvent,
    };

    #[test]
    fn every_file_of_the_folder_is_embedded() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("projections");
        let files: BTreeSet<String> = fs::read_dir(folder)
            .unwrap()
            .map(|file| file.unwrap().file_name().into_string().unwrap())
            .collect();
        let embedded: BTreeSet<String> =
            ReadModels::embedded().iter().map(|model| format!("{}.sql", model.name())).collect();
        assert_eq!(files, embedded, "name the new file in `ReadModels::embedded`");
    }

    #[test]
    fn every_header_names_every_event_type_exactly_once() {
        let mut every: Vec<&str> = [
            ProviderEvent::TYPES,
            CallsEvent::TYPES,
            ServiceEvent::TYPES,
            SyncEvent::TYPES,
            OrderEvent::TYPES,
            ReservationEvent::TYPES,
            RefusalTextEvent::TYPES,
        ]
        .concat();
        every.sort_unstable();
        for model in ReadModels::embedded() {
            let mut named = [model.folds(), model.ignores()].concat();
            named.sort_unstable();
            assert_eq!(named, every, "correct the header of projections/{}.sql", model.name());
        }
    }

    #[test]
    fn every_folded_type_is_named_in_the_fold_and_no_ignored_one() {
        for model in ReadModels::embedded() {
            let in_fold = |event_type: &&&str| model.sql().contains(&format!("'{event_type}'"));
            let folds = model.folds();
            assert_eq!(folds.iter().filter(in_fold).count(), folds.len(), "{}", model.name());
            assert_eq!(model.ignores().iter().find(in_fold), None, "{}", model.name());
        }
    }

    #[test]
    fn another_text_is_another_schema() {
        let (one, other) = (ReadModel::new("orders", "-- 1"), ReadModel::new("orders", "-- 2"));
        assert_eq!(one.schema(), "orders_2d76d61f");
        assert_ne!(one.schema(), other.schema());
        assert_eq!(
            search_path(&[one.clone(), other.clone()]),
            format!("{},{},public", one.schema(), other.schema())
        );
    }
}
