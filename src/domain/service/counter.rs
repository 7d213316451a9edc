//! What an order of a service adds to at its link: two orders that add to the same spoil each other's counts.

/// Names of counters, and the words by which services are named after them. Matched as whole words.
const WORDS: &[(&str, &[&str])] = &[
    (
        "followers",
        &[
            "follower",
            "followers",
            "subscriber",
            "subscribers",
            "subs",
            "member",
            "members",
            "fan",
            "fans",
            "friends",
            "connections",
            "theo dõi",
            "thành viên",
        ],
    ),
    (
        "likes",
        &[
            "like",
            "likes",
            "heart",
            "hearts",
            "reaction",
            "reactions",
            "favorites",
            "favourites",
            "upvotes",
            "thích",
            "cảm xúc",
        ],
    ),
    (
        "views",
        &[
            "view",
            "views",
            "viewers",
            "play",
            "plays",
            "streams",
            "impressions",
            "reach",
            "watchtime",
            "watch hours",
            "watch time",
            "lượt xem",
            "mắt xem",
            "lượt nghe",
        ],
    ),
    ("comments", &["comment", "comments", "reply", "replies", "review", "reviews", "bình luận"]),
    ("shares", &["share", "shares", "retweet", "retweets", "repost", "reposts", "chia sẻ"]),
    ("saves", &["save", "saves", "bookmarks", "lượt lưu"]),
    ("votes", &["vote", "votes", "poll", "bình chọn"]),
    ("visits", &["traffic", "visit", "visits", "visitors", "lượt truy cập"]),
    ("mentions", &["mention", "mentions", "nhắc tên"]),
];

/// Returns the counters that a service's name speaks of; a bit for each.
pub(super) fn counters(name: &str) -> u32 {
    let words = words(name);
    let named = |known: &[&str]| known.iter().any(|word| words.contains(&format!(" {word} ")));
    let bits = WORDS.iter().enumerate().map(|(bit, (_, known))| u32::from(named(known)) << bit);
    bits.sum()
}

/// Lower case, single spaces between words, and one around.
fn words(text: &str) -> String {
    let lower = text.to_lowercase();
    let words = lower.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.fold(" ".to_owned(), |text, word| text + word + " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(name: &str) -> Vec<&'static str> {
        let bits = counters(name);
        let known = WORDS.iter().enumerate().filter(|(bit, _)| bits & (1 << bit) != 0);
        known.map(|(_, (counter, _))| *counter).collect()
    }

    #[test]
    fn name_says_what_is_counted() {
        assert_eq!(named("📸 Instagram FOLLOWERS [Refill 30D]"), ["followers"]);
        assert_eq!(named("YouTube Subs | Non-drop"), ["followers"]);
        assert_eq!(named("Instagram Likes + Views"), ["likes", "views"]);
        assert_eq!(named("Tăng lượt thích bài viết"), ["likes"]);
    }

    #[test]
    fn words_are_matched_whole() {
        assert_eq!(named("Likely the best"), [""; 0]);
        assert_eq!(named("Growth Package"), [""; 0]);
    }
}
