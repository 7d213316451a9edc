//! The client against real sockets on loopback, each test with a panel of its own that answers scripted bytes, and the
//! decoding of whole catalogues.

mod add;
mod any_answer;
mod catalogue;
mod fake_panel;
mod follow;
mod followed;
mod guard;
mod listed;
mod reading;
mod watched;
