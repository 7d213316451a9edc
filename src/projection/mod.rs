//! The runner that folds the journal into read models.
