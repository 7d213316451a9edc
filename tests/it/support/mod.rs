//! What the tests stand on.

pub(crate) mod children;
pub(crate) mod database;
mod keeper;
pub(crate) mod proxy;
pub(crate) mod running;
pub(crate) mod server;
