//! What the tests stand on.

pub(crate) mod catalogue;
pub(crate) mod children;
pub(crate) mod database;
mod keeper;
pub(crate) mod program;
pub(crate) mod running;
