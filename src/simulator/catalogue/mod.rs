//! What a panel sells: rows as its clients see them, and products as its own till reads them.

mod forms;
mod generate;
mod product;
mod rows;
mod shelf;
mod words;

pub(super) use forms::Amount;
pub(super) use product::{Product, row_id};
pub use rows::{Catalogue, CatalogueError};
pub(super) use shelf::Shelf;
