//! The loops that drive orders, syncs and connection tests.
