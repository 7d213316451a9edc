/// Which part of a list is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageRequest {
    /// At most so many rows.
    pub first: i64,
    /// Only what comes after the row of this key.
    pub after: Option<i64>,
}

/// A part of a list.
#[derive(Debug, Clone, PartialEq)]
pub struct Page<T> {
    /// The rows, in the list's order.
    pub rows: Vec<T>,
    /// Whether more rows follow.
    pub has_next: bool,
}

impl PageRequest {
    /// One row more than asked for tells whether there is a next page.
    pub(super) fn limit(&self) -> i64 {
        self.first + 1
    }

    /// Makes a page of the rows that were read with [`limit`](Self::limit).
    pub(super) fn page<T>(&self, mut rows: Vec<T>) -> Page<T> {
        let first = usize::try_from(self.first).unwrap_or(0);
        let has_next = rows.len() > first;
        rows.truncate(first);
        Page { rows, has_next }
    }
}

impl<T> Page<T> {
    /// Returns the same page of something made of each row.
    pub fn map<U>(self, make: impl FnMut(T) -> U) -> Page<U> {
        Page { rows: self.rows.into_iter().map(make).collect(), has_next: self.has_next }
    }
}
