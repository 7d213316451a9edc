use std::time::Duration;

use tokio::{sync::watch, time::sleep};

use super::DispatchStatus;

/// Before work that has ended by itself is begun anew.
const RETRY: Duration = Duration::from_millis(500);

/// Does some work in each tenure of this process: it is begun when the process begins to dispatch, dropped when it ceases
/// to, and begun anew where it has ended before. Returns when nobody says any more whether the process dispatches.
pub(super) async fn in_each<F: Future<Output = ()>>(
    dispatching: &watch::Receiver<DispatchStatus>,
    work: impl Fn() -> F,
) {
    let (mut beginning, mut ending) = (dispatching.clone(), dispatching.clone());
    let is_on = |status: &DispatchStatus| *status == DispatchStatus::Dispatching;
    while beginning.wait_for(is_on).await.is_ok() {
        let tenure_ended = async { ending.wait_for(|status| !is_on(status)).await.is_err() };
        tokio::select! {
            () = work() => {}
            nobody_says = tenure_ended => match nobody_says {
                true => return,
                false => continue,
            },
        }
        sleep(RETRY).await;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tokio::time::timeout;

    use super::*;

    #[tokio::test]
    async fn work_is_begun_in_each_tenure_and_dropped_with_it() {
        let (tell, told) = watch::channel(DispatchStatus::Starting);
        let begun = AtomicUsize::new(0);
        let work = in_each(&told, || {
            begun.fetch_add(1, Ordering::Relaxed);
            std::future::pending()
        });
        let mut work = std::pin::pin!(work);
        let moment = Duration::from_millis(20);
        for (status, times) in [
            (DispatchStatus::Starting, 0),
            (DispatchStatus::Dispatching, 1),
            (DispatchStatus::ElsewhereDispatched, 1),
            (DispatchStatus::Dispatching, 2),
        ] {
            tell.send_replace(status);
            assert!(timeout(moment, &mut work).await.is_err());
            assert_eq!(begun.load(Ordering::Relaxed), times, "{status:?}");
        }
        drop(tell);
        timeout(Duration::from_secs(5), work).await.unwrap();
    }

    #[tokio::test]
    async fn work_that_ends_by_itself_is_begun_anew() {
        let (_tell, told) = watch::channel(DispatchStatus::Dispatching);
        let begun = AtomicUsize::new(0);
        let work = in_each(&told, || {
            begun.fetch_add(1, Ordering::Relaxed);
            std::future::ready(())
        });
        assert!(timeout(3 * RETRY, work).await.is_err());
        assert!(begun.load(Ordering::Relaxed) > 1);
    }
}
