//! Random histories: orders in flight, orders by hand, refunds, top-ups, late acceptance, rounding, odd id steps.

use proptest::prelude::*;
use rust_decimal::{Decimal, dec};

use super::panel::{ALIAS, History, LINK, Links, OTHER_LINK, Origin, Other, Refund, SETTLE_AFTER};
use crate::domain::settlement::AccountUse;

fn ours() -> impl Strategy<Value = Other> {
    let decided = prop_oneof![6 => (0..30_i64).prop_map(Some), 1 => Just(None)];
    let taken = prop::option::weighted(0.9, 0..20_i64);
    (-400..300_i64, decided, taken, any::<bool>(), link(), any::<bool>()).prop_map(
        |(sent, decided, taken, same_service, link, same_quantity)| {
            // What was decided as placed had been taken by then.
            let taken = taken.map(|after| sent + decided.map_or(after * 6, |most| after.min(most)));
            let decided = decided.map(|after| sent + after);
            let origin = Origin::Ours { sent, decided };
            Other { origin, taken, same_service, link, same_quantity }
        },
    )
}

fn by_hand() -> impl Strategy<Value = Other> {
    (-400..300_i64, any::<bool>(), link(), any::<bool>()).prop_map(
        |(at, same_service, link, same_quantity)| Other {
            origin: Origin::ByHand,
            taken: Some(at),
            same_service,
            link,
            same_quantity,
        },
    )
}

fn link() -> impl Strategy<Value = &'static str> {
    prop_oneof![2 => Just(LINK), 1 => Just(ALIAS), 7 => Just(OTHER_LINK)]
}

fn charge() -> impl Strategy<Value = Decimal> {
    prop_oneof![
        Just(dec!(0.27819)),
        Just(dec!(0.9)),
        Just(dec!(1.5)),
        Just(dec!(2)),
        Just(dec!(0.004)),
        Just(dec!(0.9999)),
        (1..200_000_i64).prop_map(|n| Decimal::new(n, 5)),
    ]
}

fn refund() -> impl Strategy<Value = Refund> {
    let percent = prop_oneof![2 => Just(100), 1 => 1..100_i64];
    (-300..300_i64, 0..8_usize, percent).prop_map(|(at, of, percent)| Refund { at, of, percent })
}

/// What the panel is like, and who uses the account.
type Habits = (AccountUse, i64, (u32, u32, bool), usize, Links, Option<usize>);

fn habits() -> impl Strategy<Value = Habits> {
    let account = prop_oneof![3 => Just(AccountUse::Exclusive), 1 => Just(AccountUse::Shared)];
    let listed = prop_oneof![1 => 1..6_usize, 4 => Just(100)];
    let links = prop_oneof![
        6 => Just(Links::AsGiven),
        1 => Just(Links::WithoutScheme),
        2 => Just(Links::Canonical),
    ];
    let unclear = prop_oneof![4 => Just(None), 1 => (2..60_usize).prop_map(Some)];
    (account, -450..-1_i64, (2..6_u32, 2..6_u32, any::<bool>()), listed, links, unclear)
}

/// What happens to the attempt's money, and when that is looked at.
type Money = (Decimal, Vec<Refund>, Vec<(i64, i64)>, Option<i64>, i64);

fn money() -> impl Strategy<Value = Money> {
    let refunds = prop_oneof![
        2 => Just(vec![]),
        1 => prop::collection::vec(refund(), 0..4),
    ];
    let top_ups = prop_oneof![
        2 => Just(vec![]),
        1 => prop::collection::vec((-300..300_i64, 1..4_i64), 1..3),
    ];
    (charge(), refunds, top_ups, prop::option::weighted(0.8, -300..0_i64), -100..200_i64)
}

fn steps() -> impl Strategy<Value = Vec<u64>> {
    let step = prop_oneof![12 => 1..12_u64, 2 => 12..200_u64, 1 => 200..2000_u64];
    prop::collection::vec(step, 16)
}

pub(super) fn histories() -> impl Strategy<Value = History> {
    let other = prop_oneof![3 => ours(), 1 => by_hand()];
    let others = prop_oneof![
        2 => prop::collection::vec(other, 0..8),
        // A quiet account, which was used before.
        3 => prop::collection::vec(ours().prop_map(long_decided), 1..4),
    ];
    (
        (1..1_000_000_u64, steps()),
        others,
        prop::option::of(0..SETTLE_AFTER),
        (0..200_i64, 1..200_i64),
        habits(),
        money(),
    )
        .prop_map(|((first_id, steps), others, taken, (read, gap), habits, money)| {
            let (account, declared, (charge_places, balance_places, rounds_up), ..) = habits;
            let (.., listed, links, unclear) = habits;
            let (charge, refunds, top_ups, balance_read, polled) = money;
            let others = others.into_iter().filter(|it| is_possible(it, account, declared));
            History {
                account,
                declared,
                charge,
                charge_places,
                balance_places,
                rounds_up,
                first_id,
                steps,
                others: others.collect(),
                taken,
                refunds,
                top_ups,
                balance_read,
                polled,
                read_at: [read, read + gap],
                listed,
                links,
                unclear,
            }
        })
}

/// Nobody enters orders by hand once an account is exclusive.
fn is_possible(other: &Other, account: AccountUse, declared: i64) -> bool {
    account == AccountUse::Shared
        || other.origin != Origin::ByHand
        || other.taken.is_none_or(|at| at < declared)
}

fn long_decided(other: Other) -> Other {
    let Origin::Ours { sent, decided } = other.origin else { return other };
    let by = match sent {
        ..0 => -60,
        _ => SETTLE_AFTER,
    };
    let decided = decided.unwrap_or(sent + 25) + by;
    Other {
        origin: Origin::Ours { sent: sent + by, decided: Some(decided) },
        taken: other.taken.map(|at| (at + by).min(decided)),
        ..other
    }
}
