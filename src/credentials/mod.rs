//! Provider keys, sealed at rest.
