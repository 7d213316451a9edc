//! Calls about orders that a provider holds.

use std::{future::ready, time::Instant};

use super::{
    CallFailure, Endpoint, PanelClient, Timed,
    client::{MAX_ANSWER, milliseconds_since},
    decode::{self, AnswerFor, Form, Question, ReadPart},
    encode,
    error::{CallFault, FailedRead},
    meanings::Meanings,
    redact::{Redactor, cut},
    transport::{Answer, Bounds},
};
use crate::domain::order::StatusReading;

/// How many ids panels take in one call.
pub const IDS_A_CALL: usize = 100;

/// Longest word for a status, in characters; known ones have up to 20, ids up to 128.
const MAX_WORD: usize = 128;

/// One of the calls.
struct Call<T> {
    action: &'static str,
    /// The parameter for one id, and for a list.
    names: (&'static str, &'static str),
    /// How one id is sent first.
    form_for_one: Form,
    /// The members that name an id in a row of the reply.
    id_names: &'static [&'static str],
    read: ReadPart<T>,
}

const ORDER_ID_NAMES: &[&str] = &["order", "order_id", "id"];

const STATUS: Call<StatusReading> = Call {
    action: "status",
    names: ("order", "orders"),
    form_for_one: Form::One,
    id_names: ORDER_ID_NAMES,
    read: decode::order_status,
};

const REFILL: Call<String> = Call {
    action: "refill",
    names: ("order", "orders"),
    form_for_one: Form::One,
    // A bare `id` would be the refill's.
    id_names: &["order", "order_id"],
    read: decode::refill_id,
};

const REFILL_STATUS: Call<String> = Call {
    action: "refill_status",
    names: ("refill", "refills"),
    form_for_one: Form::One,
    id_names: &["refill", "refill_id", "id"],
    read: decode::refill_status,
};

const CANCEL: Call<()> = Call {
    action: "cancel",
    names: ("order", "orders"),
    // The stock form knows only lists.
    form_for_one: Form::List,
    id_names: ORDER_ID_NAMES,
    read: decode::cancelled,
};

/// How a panel is asked about ids.
#[derive(Debug, Clone, Copy)]
enum Way {
    /// By a list, or one by one where it takes none.
    AsItCan,
    /// By a list or not at all.
    InOneList,
}

impl PanelClient {
    /// Asks how orders stand, at most [`IDS_A_CALL`] of them; answers in their order. What an answer says is the
    /// provider's own: nothing is inferred, and a missing order is not a cancelled one.
    ///
    /// # Errors
    /// [`CallFailure`] says in words what came instead.
    pub async fn statuses(
        &self,
        endpoint: &Endpoint,
        orders: &[String],
    ) -> Result<Timed<Vec<AnswerFor<StatusReading>>>, CallFailure> {
        self.follow(endpoint, &STATUS, orders, Way::AsItCan).await
    }

    /// Asks how orders stand, in one call: where the panel takes no lists of ids it is not asked one by one. Ids may be asked
    /// about that are nobody's.
    ///
    /// # Errors
    /// [`CallFailure`] says in words what came instead.
    pub async fn statuses_at_once(
        &self,
        endpoint: &Endpoint,
        orders: &[String],
    ) -> Result<Timed<Vec<AnswerFor<StatusReading>>>, CallFailure> {
        self.follow(endpoint, &STATUS, orders, Way::InOneList).await
    }

    /// Asks for refills of orders, at most [`IDS_A_CALL`] of them; answers with the refills' ids, in the orders' order.
    ///
    /// # Errors
    /// [`CallFailure`]: some of the requests may have been taken.
    pub async fn refills(
        &self,
        endpoint: &Endpoint,
        orders: &[String],
    ) -> Result<Timed<Vec<AnswerFor<String>>>, CallFailure> {
        self.follow(endpoint, &REFILL, orders, Way::AsItCan).await
    }

    /// Asks how refills stand, at most [`IDS_A_CALL`] of them; answers with the provider's words, in their order.
    ///
    /// # Errors
    /// [`CallFailure`] says in words what came instead.
    pub async fn refill_statuses(
        &self,
        endpoint: &Endpoint,
        refills: &[String],
    ) -> Result<Timed<Vec<AnswerFor<String>>>, CallFailure> {
        self.follow(endpoint, &REFILL_STATUS, refills, Way::AsItCan).await
    }

    /// Asks to cancel orders, at most [`IDS_A_CALL`] of them; answers whether each request was taken, in their order. Only
    /// a later status proves a cancellation.
    ///
    /// # Errors
    /// [`CallFailure`]: some of the requests may have been taken.
    pub async fn cancels(
        &self,
        endpoint: &Endpoint,
        orders: &[String],
    ) -> Result<Timed<Vec<AnswerFor<()>>>, CallFailure> {
        self.follow(endpoint, &CANCEL, orders, Way::AsItCan).await
    }

    async fn follow<T: Clean>(
        &self,
        endpoint: &Endpoint,
        call: &Call<T>,
        ids: &[String],
        way: Way,
    ) -> Result<Timed<Vec<AnswerFor<T>>>, CallFailure> {
        endpoint.turns.take().await;
        let started = Instant::now();
        let redactor = Redactor::new(&endpoint.key);
        let meanings = Meanings::new(&endpoint.texts, &redactor);
        let form = match way {
            Way::AsItCan if ids.len() == 1 => call.form_for_one,
            _ => Form::List,
        };
        let question = Question { form, asked: ids, meanings };
        let answers = match way {
            Way::AsItCan => self.by_list_or_one_by_one(endpoint, call, question).await,
            Way::InOneList => self.once(endpoint, call, question).await,
        };
        let response_ms = milliseconds_since(started);
        let answers = answers.map_err(|failed| failed.cleaned(&redactor, response_ms))?;
        let value = answers.into_iter().map(|answer| answer.clean(&redactor)).collect();
        Ok(Timed { value, response_ms })
    }

    async fn by_list_or_one_by_one<T>(
        &self,
        endpoint: &Endpoint,
        call: &Call<T>,
        question: Question<'_>,
    ) -> Result<Vec<AnswerFor<T>>, FailedRead> {
        let ids = question.asked;
        match self.once(endpoint, call, question).await {
            Err(FailedRead { fault: CallFault::NoLists(_), .. }) => {}
            answers => return answers,
        }
        let mut answers = Vec::with_capacity(ids.len());
        for id in ids {
            let asked = std::slice::from_ref(id);
            endpoint.turns.take().await;
            let one = Question { form: Form::One, asked, ..question };
            answers.extend(self.once(endpoint, call, one).await?);
        }
        Ok(answers)
    }

    async fn once<T>(
        &self,
        endpoint: &Endpoint,
        call: &Call<T>,
        question: Question<'_>,
    ) -> Result<Vec<AnswerFor<T>>, FailedRead> {
        let time = endpoint.timeouts.read.unwrap_or(self.limits().follow);
        let bounds = Bounds { time, bytes: MAX_ANSWER };
        let name = match question.form {
            Form::One => call.names.0,
            Form::List => call.names.1,
        };
        let form = encode::about(call.action, name, question.asked);
        let read = |answer: Answer| {
            let answers = decode::answers(&answer, &question, call.id_names, call.read);
            ready(answers.map_err(CallFault::from))
        };
        self.read(endpoint, &form, bounds, read).await
    }
}

/// Takes the key out, and bounds what is kept.
trait Clean: Sized {
    fn clean(self, redactor: &Redactor) -> Self;
}

impl<T: Clean> Clean for AnswerFor<T> {
    fn clean(self, redactor: &Redactor) -> Self {
        match self {
            Self::Found(found) => Self::Found(found.clean(redactor)),
            Self::Error(words) => Self::Error(redactor.words(&words)),
            Self::Missing => Self::Missing,
        }
    }
}

impl Clean for () {
    fn clean(self, _: &Redactor) -> Self {}
}

/// A status' word or a refill's id.
impl Clean for String {
    fn clean(mut self, redactor: &Redactor) -> Self {
        redactor.clean(&mut self);
        self.retain(|c| !c.is_control());
        cut(&self, MAX_WORD)
    }
}

impl Clean for StatusReading {
    fn clean(self, redactor: &Redactor) -> Self {
        Self {
            provider_status: self.provider_status.clean(redactor),
            currency: self.currency.map(|currency| currency.clean(redactor)),
            ..self
        }
    }
}
