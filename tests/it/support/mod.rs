//! What the tests stand on.

pub(crate) mod catalogue;
pub(crate) mod children;
pub(crate) mod database;
mod keeper;
pub(crate) mod served;
pub(crate) mod running;
