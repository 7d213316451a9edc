//! Reading what panels answer: leniently, and never by way of a float.

mod balance;
mod catalogue;
mod followed;
mod listed;
mod reply;
mod row;
mod unexpected;
mod value;

pub(super) use balance::balance;
pub(super) use catalogue::catalogue;
pub use catalogue::{Catalogue, RowError};
pub use followed::AnswerFor;
pub(super) use followed::{
    Form, NoAnswers, Question, ReadPart, answers, cancelled, order_status, refill_id, refill_status,
};
pub(super) use listed::listed_orders;
pub(super) use reply::{Members, Reply};
pub(super) use unexpected::{Unexpected, excerpt};
