//! What the tests stand on.

pub(crate) mod api;
pub(crate) mod catalogue;
pub(crate) mod children;
pub(crate) mod database;
pub(crate) mod door;
mod keeper;
pub(crate) mod program;
pub(crate) mod proxy;
pub(crate) mod receiver;
pub(crate) mod running;
pub(crate) mod scripted;
pub(crate) mod served;
pub(crate) mod server;
pub(crate) mod shop;
pub(crate) mod site;
