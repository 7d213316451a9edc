//! A catalogue's rows, kept as JSON so that a panel can sell, and show, anything.

use serde_json::Value;

use super::generate;

/// The rows of a panel's `services` reply, shown exactly as they stand here.
///
/// Rows that make no sense may stand among them; they are shown and cannot be ordered.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Catalogue {
    rows: Vec<Value>,
}

/// A text is not a catalogue.
#[derive(Debug, thiserror::Error)]
pub enum CatalogueError {
    /// The text is not JSON, or no array.
    #[error("the catalogue must be a JSON array, as the action `services` answers it")]
    NotAnArray(#[source] serde_json::Error),
}

impl Catalogue {
    /// Makes `count` realistic rows; the same seed gives the same rows.
    ///
    /// From 18 rows on every service type and an unknown one occur.
    #[must_use]
    pub fn generate(count: usize, seed: u64) -> Self {
        Self { rows: generate::rows(count, &mut fastrand::Rng::with_seed(seed)) }
    }

    /// Reads the array that a panel's `services` action answers.
    ///
    /// # Errors
    /// The text is not a JSON array. What stands in the array is not judged.
    pub fn from_json(text: &str) -> Result<Self, CatalogueError> {
        serde_json::from_str(text).map(|rows| Self { rows }).map_err(CatalogueError::NotAnArray)
    }

    /// The rows, in the order in which they are shown.
    #[must_use]
    pub fn rows(&self) -> &[Value] {
        &self.rows
    }

    pub(in crate::simulator) fn rows_mut(&mut self) -> &mut Vec<Value> {
        &mut self.rows
    }
}

impl From<Vec<Value>> for Catalogue {
    fn from(rows: Vec<Value>) -> Self {
        Self { rows }
    }
}
