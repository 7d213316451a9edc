//! The events of an order that a provider holds, one or more of each type.

use rust_decimal::dec;
use signalbox::domain::order::{DeliveryStatus, OrderEvent, RefillStatus};

use crate::{golden::Example, golden_orders::provider};

pub(crate) fn examples() -> Vec<Example<OrderEvent>> {
    let provider_id = provider(1);
    let refill_id = "17".to_owned();
    vec![
        ("OrderStatusChanged", status_changed(DeliveryStatus::Partial, "Partial")),
        ("OrderStatusChanged-nothing-but-a-word", only_a_word()),
        ("OrderStatusChanged-pending", status_changed(DeliveryStatus::Pending, "Pending")),
        ("OrderStatusChanged-processing", status_changed(DeliveryStatus::Processing, "FAIL")),
        ("OrderStatusChanged-completed", status_changed(DeliveryStatus::Completed, "Completed")),
        ("OrderStatusChanged-canceled", status_changed(DeliveryStatus::Canceled, "Refunded")),
        (
            "UnknownStatusSeen",
            OrderEvent::UnknownStatusSeen {
                provider_id,
                provider_status: "Disputed".to_owned(),
                refill_id: None,
            },
        ),
        (
            "UnknownStatusSeen-refill",
            OrderEvent::UnknownStatusSeen {
                provider_id,
                provider_status: "Lost".to_owned(),
                refill_id: Some(refill_id.clone()),
            },
        ),
        ("RefillRequested", OrderEvent::RefillRequested { provider_id, refill_id }),
        (
            "RefillRefused",
            OrderEvent::RefillRefused { provider_id, reason: "Refill is not available".to_owned() },
        ),
        ("RefillStatusChanged", refill_changed(RefillStatus::Completed, "Completed")),
        ("RefillStatusChanged-pending", refill_changed(RefillStatus::Pending, "Pending")),
        (
            "RefillStatusChanged-in-progress",
            refill_changed(RefillStatus::InProgress, "In progress"),
        ),
        ("RefillStatusChanged-rejected", refill_changed(RefillStatus::Rejected, "Rejected")),
        ("RefillStatusChanged-error", refill_changed(RefillStatus::Error, "Error")),
        ("CancelRequested", OrderEvent::CancelRequested { provider_id }),
        (
            "CancelRefused",
            OrderEvent::CancelRefused { provider_id, reason: "Incorrect order ID".to_owned() },
        ),
    ]
}

pub(crate) fn status_changed(status: DeliveryStatus, word: &str) -> OrderEvent {
    OrderEvent::OrderStatusChanged {
        provider_id: provider(1),
        api_order_id: "23501".to_owned(),
        status,
        provider_status: word.to_owned(),
        start_count: Some(3572),
        remains: Some(-3),
        charge: Some(dec!(0.27819)),
        currency: Some("USD".to_owned()),
        overall: None,
    }
}

fn only_a_word() -> OrderEvent {
    OrderEvent::OrderStatusChanged {
        provider_id: provider(1),
        api_order_id: "65f1c0ffee0badf00d123456".to_owned(),
        status: DeliveryStatus::InProgress,
        provider_status: "In progress".to_owned(),
        start_count: None,
        remains: None,
        charge: None,
        currency: None,
        overall: None,
    }
}

fn refill_changed(status: RefillStatus, word: &str) -> OrderEvent {
    OrderEvent::RefillStatusChanged {
        provider_id: provider(1),
        refill_id: "17".to_owned(),
        status,
        provider_status: word.to_owned(),
    }
}
