//! Folding a copy's first rows in slices of the journal, side by side.
//!
//! # Correctness
//! Only for models whose file says that ranges may be folded in any order: the tables come out the same however the slices
//! follow each other or overlap in time. Each slice is one transaction, as every range is. Where a slice fails, whatever
//! the reason, the copy is begun anew and folded range by range, so that it stops right before the event at fault.

use futures_util::stream::{FuturesUnordered, StreamExt};
use sqlx::{Connection, Executor, PgConnection};

use super::{
    ProjectionError,
    build::{Build, BuildStep, SESSION, Told, lay_out},
};
use crate::domain::Position;

/// Sessions that fold at a time: one processor each, of those that also serve readers.
const SESSIONS: i64 = 2;
/// Most positions in a slice, so that no session is long alone at the end.
const MAX_SLICE: i64 = 50_000;
/// Fewest: a shorter journal is folded sooner than a session is opened.
const MIN_SLICE: i64 = 2_500;

/// Slices that follow each other.
struct Slices {
    after: i64,
    upto: i64,
    length: i64,
}

impl Slices {
    /// Cuts what is up to a position, so that each session gets as many.
    fn of(upto: Position) -> Self {
        let rounds = (upto.0 as u64).div_ceil((SESSIONS * MAX_SLICE) as u64);
        let length = (upto.0 as u64).div_ceil(rounds.max(1) * SESSIONS as u64) as i64;
        Self { after: 0, upto: upto.0, length: length.max(MIN_SLICE) }
    }
}

impl Iterator for Slices {
    type Item = (i64, i64);

    fn next(&mut self) -> Option<(i64, i64)> {
        let after = self.after;
        self.after = self.upto.min(after + self.length);
        (after < self.upto).then_some((after, self.after))
    }
}

impl Build {
    /// Folds everything up to a position into an empty copy, where the model and the length of the journal allow it; else
    /// nothing.
    ///
    /// # Errors
    /// [`ProjectionError::Database`], with which the copy is lost. An event that cannot be folded is none.
    pub(super) async fn fold_slices(
        &mut self,
        upto: Position,
        told: Told<'_>,
    ) -> Result<(), ProjectionError> {
        if !self.model.folds_in_any_order() || upto.0 < SESSIONS * MIN_SLICE {
            return Ok(());
        }
        let mut second = self.pool.acquire().await?.detach();
        second.execute(SESSION).await?;
        let folded = self.fold_with(&mut second, upto, told).await;
        second.close().await?;
        match folded {
            Ok(()) => self.position = upto,
            Err(error) if matches!(error, sqlx::Error::Database(_)) => {
                tracing::debug!(%error, model = self.model.name(), "folding range by range");
                self.indexes = lay_out(&mut self.session, &self.model).await?;
            }
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }

    async fn fold_with(
        &mut self,
        second: &mut PgConnection,
        upto: Position,
        told: Told<'_>,
    ) -> Result<(), sqlx::Error> {
        let fold = format!("select {}.fold($1, $2)", self.schema());
        let mut slices = Slices::of(upto);
        let mut running = FuturesUnordered::new();
        for session in [&mut self.session, second] {
            running.extend(slices.next().map(|slice| fold_slice(session, &fold, slice)));
        }
        let (mut done, mut failed) = (0, None);
        while let Some((session, (after, upto), folded)) = running.next().await {
            if let Err(error) = folded {
                failed = Some(error);
            }
            done += upto - after;
            if failed.is_none() {
                told(BuildStep::Folded(Position(done)));
                running.extend(slices.next().map(|slice| fold_slice(session, &fold, slice)));
            }
        }
        failed.map_or(Ok(()), Err)
    }
}

/// Folds one slice; returns the session, that it may fold the next.
async fn fold_slice<'a>(
    session: &'a mut PgConnection,
    fold: &str,
    slice: (i64, i64),
) -> (&'a mut PgConnection, (i64, i64), Result<(), sqlx::Error>) {
    let (after, upto) = slice;
    let folded = sqlx::query(fold).bind(after).bind(upto).execute(&mut *session).await;
    (session, slice, folded.map(drop))
}

#[cfg(test)]
mod tests {
    use test_case::test_case;

    use super::*;

    #[test_case(5_000, 2, 2_500; "a short journal")]
    #[test_case(100_000, 2, 50_000; "two of the longest slices")]
    #[test_case(100_001, 4, 25_001; "a little more")]
    #[test_case(1_000_000, 20, 50_000; "a long journal")]
    fn slices_cover_everything_once(upto: i64, count: usize, longest: i64) {
        let slices: Vec<_> = Slices::of(Position(upto)).collect();
        assert_eq!(slices.len(), count);
        assert_eq!(slices[0].0, 0);
        assert_eq!(slices[count - 1].1, upto);
        assert!(slices.windows(2).all(|pair| pair[0].1 == pair[1].0));
        assert_eq!(slices.iter().map(|(after, upto)| upto - after).max(), Some(longest));
    }
}
