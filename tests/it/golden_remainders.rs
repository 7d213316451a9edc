//! The events of an order that waits for its link, and of one whose provider delivered too little.

use std::collections::BTreeMap;

use signalbox::domain::{
    OrderId,
    order::{DeliveryStatus, OrderEvent, Overall, RemainderOf},
    routing::{Decision, Exclusion},
};

use crate::{
    golden::Example,
    golden_followed::status_changed,
    golden_orders::{candidate, decision, id, placed, service},
};

pub(crate) fn examples() -> Vec<Example<OrderEvent>> {
    let (this, child_id) = (OrderId(id(0xe001)), OrderId(id(0xe002)));
    let too_few = |decision| OrderEvent::RemainderNotOrdered {
        cause: this,
        quantity: 7,
        reason: "no provider can take this order".to_owned(),
        decision,
    };
    let left_out = Decision {
        candidates: vec![candidate(1, None, vec![Exclusion::BeforeRemainder])],
        chosen: None,
        ..decision()
    };
    let ended = |undelivered, overall| OrderEvent::RemainderStatusChanged {
        child_id,
        undelivered,
        overall,
    };
    vec![
        ("OrderPlaced-remainder", for_a_remainder(this)),
        (
            "LinkAwaited",
            OrderEvent::LinkAwaited {
                order_id: this,
                reason: "order 23501 on the same link is not over yet".to_owned(),
            },
        ),
        ("OrderStatusChanged-with-remainder", with_remainder()),
        (
            "RemainderOrdered",
            OrderEvent::RemainderOrdered {
                child_id,
                number: 23_502,
                cause: this,
                quantity: 157,
                overall: in_all(DeliveryStatus::InProgress, 157),
            },
        ),
        ("RemainderNotOrdered", too_few(Some(left_out))),
        ("RemainderNotOrdered-indivisible", too_few(None)),
        ("RemainderStatusChanged", ended(Some(0), in_all(DeliveryStatus::Completed, 0))),
        ("RemainderStatusChanged-open", ended(None, in_all(DeliveryStatus::InProgress, 157))),
    ]
}

fn in_all(status: DeliveryStatus, remains: i64) -> Overall {
    Overall { status, remains }
}

fn for_a_remainder(of: OrderId) -> OrderEvent {
    let fields = BTreeMap::from([("quantity".to_owned(), "157".to_owned())]);
    let mut order = placed(157, Some(157), fields);
    if let OrderEvent::OrderPlaced { remainder_of, .. } = &mut order {
        let not_at = vec![service(1)];
        *remainder_of = Some(RemainderOf { parent: of, cause: of, not_at });
    }
    order
}

fn with_remainder() -> OrderEvent {
    let mut changed = status_changed(DeliveryStatus::Partial, "Partial");
    if let OrderEvent::OrderStatusChanged { overall, .. } = &mut changed {
        *overall = Some(in_all(DeliveryStatus::InProgress, 157));
    }
    changed
}
