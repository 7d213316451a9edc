use async_graphql::{Context, Object, connection::Connection};

use crate::{
    graphql::{
        connection::connection,
        context::Backend,
        coverage::{CoverageGap, CoverageProblem, CoverageTotals},
        error::ApiResult,
        input::page,
    },
    read::{CoverageRow, Page, PageRequest},
};

#[derive(Default)]
pub(super) struct CoverageQueries;

#[Object]
impl CoverageQueries {
    /// Which services for sale would stand alone if their provider failed, by number, and what is wrong with their backups. What a backup costs is compared where the providers' currencies are the same, or one is not known.
    async fn coverage(
        &self,
        ctx: &Context<'_>,
        problem: Option<CoverageProblem>,
        #[graphql(default = 50)] first: i32,
        after: Option<String>,
    ) -> ApiResult<Connection<i64, CoverageGap, CoverageTotals>> {
        let request = page(first, after.as_deref())?;
        let coverage = Backend::of(ctx).reads.coverage().await?;
        let mut gaps = coverage.gaps;
        gaps.retain(|row| problem.is_none_or(|wanted| wanted == row.gap.problem.into()));
        let totals = CoverageTotals {
            total_count: count(gaps.len()),
            services_for_sale: count(coverage.for_sale),
        };
        Ok(connection(request.after, part(gaps, request).map(CoverageGap), totals))
    }
}

fn count(things: usize) -> i32 {
    i32::try_from(things).unwrap_or(i32::MAX)
}

fn part(gaps: Vec<CoverageRow>, request: PageRequest) -> Page<CoverageRow> {
    let mut rest = gaps.into_iter().filter(|row| request.after.is_none_or(|after| row.key > after));
    let rows = rest.by_ref().take(usize::try_from(request.first).unwrap_or_default()).collect();
    Page { rows, has_next: rest.next().is_some() }
}
