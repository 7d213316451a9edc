//! What the figures share: a private PostgreSQL, an installation on it, the peer, and how results are told.

pub(crate) mod cluster;
pub(crate) mod history;
pub(crate) mod http;
pub(crate) mod orders;
pub(crate) mod site;
pub(crate) mod stats;
pub(crate) mod stock;
pub(crate) mod table;
