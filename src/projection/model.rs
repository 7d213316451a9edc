use sha2::{Digest, Sha256};

/// A file of `projections/`: tables that answer one question, and the fold that keeps them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadModel {
    name: String,
    sql: String,
    hash: String,
}

impl ReadModel {
    /// Takes a file's name without its ending, which must be a plain SQL identifier, and its text.
    pub fn new(name: &str, sql: &str) -> Self {
        let digest = Sha256::digest(sql.as_bytes());
        let hash = digest.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
        Self { name: name.to_owned(), sql: sql.to_owned(), hash }
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

    /// Name of the schema that holds the model's tables: another text, another schema.
    pub fn schema(&self) -> String {
        format!("{}_{}", self.name, self.hash)
    }

    /// The event types that the header says are folded.
    pub fn folds(&self) -> Vec<&str> {
        self.header("-- folds:")
    }

    /// The event types that the header says are ignored.
    pub fn ignores(&self) -> Vec<&str> {
        self.header("-- ignores:")
    }

    fn header(&self, key: &str) -> Vec<&str> {
        let lines = self.sql.lines().filter_map(|line| line.strip_prefix(key));
        let types = lines.flat_map(|line| line.split(',')).map(str::trim);
        types.filter(|event_type| !event_type.is_empty()).collect()
    }
}

/// Returns the `search_path` with which the models' tables are read by their bare names. Without white space, as it
/// would end the value among a connection's options.
pub fn search_path(models: &[ReadModel]) -> String {
    let schemas = models.iter().map(ReadModel::schema);
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

impl ReadModels {
    /// Returns the files of `projections/`, as they were when the program was built.
    pub fn embedded() -> Vec<ReadModel> {
        files![
            "attempts",
            "failover_logs",
            "orders",
            "provider_performance",
            "providers",
            "refills",
            "services",
            "sync_logs",
        ]
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, fs, path::Path};

    use super::*;
    use crate::domain::{
        Event, order::OrderEvent, provider::ProviderEvent, reservation::ReservationEvent,
        service::ServiceEvent, sync::SyncEvent,
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
            ServiceEvent::TYPES,
            SyncEvent::TYPES,
            OrderEvent::TYPES,
            ReservationEvent::TYPES,
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
