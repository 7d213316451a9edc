//! The panel API v2, as panels really speak it.
