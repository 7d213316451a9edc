//! The words that generated catalogues are made of.

/// What is sold on a platform: its name in English and in Vietnamese.
pub(super) type Noun = (&'static str, &'static str);

pub(super) const PLATFORMS: [(&str, &str); 10] = [
    ("Instagram", "📸"),
    ("Facebook", "👍"),
    ("TikTok", "🎵"),
    ("YouTube", "▶️"),
    ("Telegram", "✈️"),
    ("Twitter / X", "🐦"),
    ("Spotify", "🎧"),
    ("Discord", "🎮"),
    ("Threads", "🧵"),
    ("LinkedIn", "💼"),
];

/// What services of type Default deliver.
pub(super) const NOUNS: [Noun; 10] = [
    ("Followers", "Tăng người theo dõi"),
    ("Likes", "Tăng lượt thích"),
    ("Views", "Tăng lượt xem"),
    ("Shares", "Tăng lượt chia sẻ"),
    ("Members", "Thêm thành viên"),
    ("Saves", "Tăng lượt lưu"),
    ("Live Stream Views", "Mắt xem livestream"),
    ("Story Views", "Lượt xem tin"),
    ("Reactions ❤️", "Cảm xúc bài viết ❤️"),
    ("Plays", "Lượt nghe"),
];

/// What services of the other types deliver, in the order of the order forms from the second on.
pub(super) const SPECIAL_NOUNS: [Noun; 16] = [
    ("Growth Package", "Gói tăng trưởng"),
    ("SEO Keywords Ranking", "Đẩy từ khóa SEO"),
    ("Custom Comments", "Bình luận theo nội dung"),
    ("Comments Package", "Gói bình luận"),
    ("Mentions", "Nhắc tên theo danh sách"),
    ("Mentions + Hashtags", "Nhắc tên và hashtag"),
    ("Mentions Custom List", "Nhắc tên tùy chọn"),
    ("Mentions by Hashtag", "Nhắc tên theo hashtag"),
    ("Mentions of Followers", "Nhắc tên người theo dõi"),
    ("Mentions of Likers", "Nhắc tên người thích"),
    ("Comment Likes", "Thích bình luận"),
    ("Poll Votes", "Bình chọn"),
    ("Comment Replies", "Trả lời bình luận"),
    ("Invites from Groups", "Mời từ nhóm"),
    ("Auto Likes Subscription", "Gói tự động thích"),
    ("Website Traffic", "Lượt truy cập website"),
];

pub(super) const QUALITIES: [&str; 10] = [
    "Real",
    "High Quality",
    "Non Drop",
    "🇻🇳 Vietnam",
    "🇺🇸 USA",
    "🌍 Worldwide",
    "Old Accounts",
    "Cheapest 💸",
    "Premium ⭐",
    "♻️ 30 Days Refill",
];

pub(super) const SPEEDS: [&str; 6] = [
    "Speed 500/Day",
    "Speed 5K/Day",
    "Speed 100K/Day ⚡",
    "Instant Start 🔥",
    "Start 0-1 Hour",
    "Tốc độ 30-50k/ngày",
];

/// Types that no client knows.
pub(super) const UNKNOWN_KINDS: [&str; 3] = ["Special", "Exclusive", "Auto Live"];
