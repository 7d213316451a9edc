//! Optimistic concurrency for a batch, without a database.
//!
//! Requests are judged in the order in which they came, against the heads that earlier ones of the same batch have
//! moved; each succeeds or conflicts on its own. Where the true heads are not known, the first request that touches a
//! stream is taken at its word: the plan then lists what was assumed, and holds only if the database finds the same.

use std::collections::HashMap;

use super::{
    AppendError,
    request::{AppendRequest, StreamId},
};

/// Heads of streams, by what is known of them.
pub(super) type Heads<'a> = HashMap<&'a StreamId, i64>;

/// What is to become of a batch.
pub(super) struct Plan<'a> {
    /// One for each request, in order.
    pub(super) verdicts: Vec<Result<(), AppendError>>,
    /// The head that each stream must have before the batch.
    pub(super) expected: Heads<'a>,
    /// The head that each of them has after it.
    pub(super) heads: Heads<'a>,
}

/// Judges a batch at the requests' own word.
pub(super) fn judge_trusting(requests: &[AppendRequest]) -> Plan<'_> {
    judge(requests, Heads::new())
}

/// Judges a batch against the true heads of all streams that it touches.
pub(super) fn judge_knowing<'a>(requests: &'a [AppendRequest], heads: Heads<'a>) -> Plan<'a> {
    judge(requests, heads)
}

fn judge<'a>(requests: &'a [AppendRequest], mut expected: Heads<'a>) -> Plan<'a> {
    let mut heads = expected.clone();
    let verdicts = requests
        .iter()
        .map(|request| {
            for append in &request.streams {
                expected.entry(&append.stream).or_insert(append.expected);
                heads.entry(&append.stream).or_insert(append.expected);
            }
            let moved = moved_by(request, &heads)?;
            heads.extend(moved);
            Ok(())
        })
        .collect();
    Plan { verdicts, expected, heads }
}

/// Returns the heads after the request, or the first stream that is not where it expects it.
fn moved_by<'a>(request: &'a AppendRequest, heads: &Heads<'a>) -> Result<Heads<'a>, AppendError> {
    let mut moved = Heads::new();
    for append in &request.streams {
        let head = moved.get(&append.stream).or_else(|| heads.get(&append.stream));
        let head = head.copied().unwrap_or_default();
        if head != append.expected {
            return Err(AppendError::Conflict(append.stream.to_string()));
        }
        moved.insert(&append.stream, head + append.events.len() as i64);
    }
    Ok(moved)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{
        OrderId,
        order::{Order, OrderEvent},
    };
    use proptest::{collection::vec, prelude::*};
    use uuid::Uuid;

    fn request(stream: u128, expected: i64, events: usize) -> AppendRequest {
        let event = OrderEvent::OrderFailed { reason: "test".to_owned(), decision: None };
        AppendRequest::of_command("test").append::<Order>(
            OrderId(Uuid::from_u128(stream)),
            expected,
            &vec![event; events],
        )
    }

    fn accepted(plan: &Plan<'_>) -> Vec<bool> {
        plan.verdicts.iter().map(Result::is_ok).collect()
    }

    #[test]
    fn each_request_is_judged_against_what_earlier_ones_moved() {
        let batch = [request(1, 0, 2), request(1, 0, 1), request(1, 2, 1), request(2, 7, 1)];
        let plan = judge_trusting(&batch);
        assert_eq!(accepted(&plan), [true, false, true, true]);
        assert_eq!(plan.expected[&batch[0].streams[0].stream], 0);
        assert_eq!(plan.expected[&batch[3].streams[0].stream], 7);
    }

    #[test]
    fn true_heads_overrule_the_requests_word() {
        let batch = [request(1, 5, 1), request(1, 3, 1)];
        let plan = judge_knowing(&batch, Heads::from([(&batch[0].streams[0].stream, 3)]));
        assert_eq!(accepted(&plan), [false, true]);
        assert_eq!(plan.expected[&batch[0].streams[0].stream], 3);
    }

    #[test]
    fn request_over_several_streams_is_all_or_nothing() {
        let event = OrderEvent::OrderFailed { reason: "test".to_owned(), decision: None };
        let both = request(1, 0, 1).append::<Order>(OrderId(Uuid::from_u128(2)), 4, &[event]);
        let batch = [request(2, 0, 1), both, request(1, 0, 1)];
        assert_eq!(accepted(&judge_trusting(&batch)), [true, false, true]);
    }

    #[test]
    fn guard_conflicts_once_the_stream_has_moved() {
        let batch = [request(1, 0, 0), request(1, 0, 1), request(1, 0, 0)];
        assert_eq!(accepted(&judge_trusting(&batch)), [true, true, false]);
    }

    /// Judges one request after the other, as if each were alone.
    fn one_by_one(batch: &[AppendRequest], mut heads: HashMap<StreamId, i64>) -> Vec<bool> {
        let judge = |request: &AppendRequest| {
            let mut after = heads.clone();
            let fits = request.streams.iter().all(|append| {
                let head = after.entry(append.stream.clone()).or_default();
                let fits = *head == append.expected;
                *head += append.events.len() as i64;
                fits
            });
            if fits {
                heads = after;
            }
            fits
        };
        batch.iter().map(judge).collect()
    }

    fn owned(heads: &Heads<'_>) -> HashMap<StreamId, i64> {
        heads.iter().map(|(stream, head)| ((*stream).clone(), *head)).collect()
    }

    /// Requests over one to three of four streams, at versions that are often the right ones.
    fn batches() -> impl Strategy<Value = Vec<AppendRequest>> {
        let stream = (1..5_u128, 0..5_i64, 0..3_usize);
        vec(vec(stream, 1..4), 0..24).prop_map(|batch| {
            let requests = batch.into_iter().map(|streams| {
                streams.into_iter().fold(
                    AppendRequest::of_command("test"),
                    |whole, (stream, expected, events)| {
                        let mut part = request(stream, expected, events);
                        part.streams.splice(0..0, whole.streams);
                        part
                    },
                )
            });
            requests.collect()
        })
    }

    proptest! {
        #[test]
        fn batch_is_judged_as_if_each_request_were_alone(batch in batches(), heads in vec(0..4_i64, 4)) {
            let named: Vec<StreamId> = (1..5_u128)
                .map(|stream| StreamId::of::<Order>(OrderId(Uuid::from_u128(stream))))
                .collect();
            let heads: Heads<'_> = named.iter().zip(heads).collect();
            let expected = one_by_one(&batch, owned(&heads));
            prop_assert_eq!(accepted(&judge_knowing(&batch, heads)), expected);
        }

        #[test]
        fn trusting_plan_is_right_where_its_assumptions_hold(batch in batches()) {
            let plan = judge_trusting(&batch);
            let touched = batch.iter().flat_map(|request| &request.streams);
            prop_assert!(touched.map(|append| &append.stream).all(|s| plan.expected.contains_key(s)));
            prop_assert_eq!(accepted(&plan), one_by_one(&batch, owned(&plan.expected)));
        }
    }
}
