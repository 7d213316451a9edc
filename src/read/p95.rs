/// Returns the bucket that holds the 95th of 100 values, the least first; `None` where nothing was counted.
pub(super) fn bucket_of_p95<B>(counts: impl Iterator<Item = (B, i64)> + Clone) -> Option<B> {
    let total: i64 = counts.clone().map(|(_, count)| count).sum();
    let rank = (total * 95 + 99) / 100;
    let mut passed = 0;
    let mut counts = counts;
    let found = counts.find(|(_, count)| {
        passed += count;
        passed >= rank
    });
    found.map(|(bucket, _)| bucket)
}
