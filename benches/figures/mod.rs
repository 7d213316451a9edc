//! One file for each figure.

pub(crate) mod commands;
pub(crate) mod decision;
pub(crate) mod doubts;
pub(crate) mod growth;
pub(crate) mod orders;
pub(crate) mod page;
pub(crate) mod rebuild;
pub(crate) mod sync;
