//! The catalogue as it is on sale: its rows, the till's view of them, and the ready answer.

use std::collections::HashMap;

use axum::body::Bytes;
use serde_json::Value;

use super::{Catalogue, Product};

/// What a running panel sells; the three views always agree.
#[derive(Debug)]
pub(in crate::simulator) struct Shelf {
    catalogue: Catalogue,
    /// By id; of an id that stands in several rows, the first.
    products: HashMap<String, Product>,
    /// Written once per change, since a catalogue of 10,000 rows is megabytes.
    shown: Bytes,
}

impl Shelf {
    pub(in crate::simulator) fn new(catalogue: Catalogue) -> Self {
        let mut products = HashMap::new();
        for product in catalogue.rows().iter().filter_map(Product::read) {
            products.entry(product.service.clone()).or_insert(product);
        }
        let shown = Value::from(catalogue.rows()).to_string().into();
        Self { catalogue, products, shown }
    }

    pub(in crate::simulator) fn edit<T>(&mut self, change: impl FnOnce(&mut Vec<Value>) -> T) -> T {
        let mut catalogue = std::mem::take(&mut self.catalogue);
        let result = change(catalogue.rows_mut());
        *self = Self::new(catalogue);
        result
    }

    pub(in crate::simulator) fn product(&self, service: &str) -> Option<&Product> {
        self.products.get(service)
    }

    pub(in crate::simulator) fn shown(&self) -> Bytes {
        self.shown.clone()
    }

    pub(in crate::simulator) fn catalogue(&self) -> &Catalogue {
        &self.catalogue
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_edited_row_is_sold_as_it_is_shown() {
        let mut shelf = Shelf::new(Catalogue::generate(20, 1));
        let id = shelf.edit(|rows| {
            rows[3]["max"] = json!(77);
            rows.remove(4);
            super::super::row_id(&rows[3]).unwrap()
        });
        assert_eq!(shelf.product(&id).unwrap().max, 77);
        let shown: Vec<Value> = serde_json::from_slice(&shelf.shown()).unwrap();
        assert_eq!(shown, shelf.catalogue().rows());
        assert_eq!(shown.len(), 19);
    }

    #[test]
    fn of_a_repeated_id_the_first_row_is_sold() {
        let row = |max| json!({"service": 7, "type": "Default", "rate": 1, "min": 1, "max": max});
        let shelf = Shelf::new(Catalogue::from(vec![row(10), row(20)]));
        assert_eq!(shelf.product("7").unwrap().max, 10);
    }
}
