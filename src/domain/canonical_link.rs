//! Which links lead to the same place.

use url::Url;

use super::Link;

/// Hosts under another name of theirs.
const HOSTS: &[(&str, &str)] = &[
    ("twitter.com", "x.com"),
    ("telegram.me", "t.me"),
    ("telegram.dog", "t.me"),
    ("fb.com", "facebook.com"),
    ("instagr.am", "instagram.com"),
];

/// What sites put before their names for one kind of device or another.
const PREFIXES: &[&str] = &["www.", "m.", "mobile.", "web."];

/// Parameters that say where a visitor came from, and not where to.
const TRACKING: &[&str] = &[
    "fbclid",
    "feature",
    "gclid",
    "igsh",
    "igshid",
    "img_index",
    "is_from_webapp",
    "mibextid",
    "pp",
    "ref",
    "ref_src",
    "s",
    "sender_device",
    "si",
];

/// Paths under which some sites show the same post.
const PATHS: &[(&str, &str, &str)] = &[
    ("instagram.com", "reel", "p"),
    ("instagram.com", "reels", "p"),
    ("instagram.com", "tv", "p"),
];

/// Sites on which a path of one part is a user's name, for which case means nothing.
const NAMES: &[&str] =
    &["facebook.com", "instagram.com", "t.me", "threads.net", "tiktok.com", "x.com", "youtube.com"];

impl Link {
    /// Returns the form that all links to the same post, profile or page share: without scheme, device and tracking, under
    /// one name of the site. What is no address, as a bare user name, is compared without case and a leading `@`.
    ///
    /// The form is for comparing, never for sending.
    pub fn canonical(&self) -> String {
        let text = self.as_str();
        match address(text) {
            Some(url) => canonical_address(&url),
            None => text.trim_start_matches('@').trim_end_matches('/').to_lowercase(),
        }
    }
}

/// Customers leave the scheme out.
fn address(text: &str) -> Option<Url> {
    let url = match Url::parse(text) {
        Ok(url) if url.has_host() => url,
        _ => Url::parse(&format!("https://{text}")).ok()?,
    };
    url.host_str().is_some_and(|host| host.contains('.')).then_some(url)
}

fn canonical_address(url: &Url) -> String {
    let host = host(url);
    let mut parts: Vec<&str> = url.path().split('/').filter(|part| !part.is_empty()).collect();
    let mut query: Vec<(String, String)> = url
        .query_pairs()
        .filter(|(name, _)| !is_tracking(name))
        .map(|(name, value)| (name.into_owned(), value.into_owned()))
        .collect();
    query.sort();
    if let Some(video) = video(&host, &parts, &query) {
        return format!("youtube.com/watch?v={video}");
    }
    for (site, from, to) in PATHS {
        if host == *site && parts.first() == Some(from) && parts.len() > 1 {
            parts[0] = to;
        }
    }
    let path = match parts.as_slice() {
        [name] if NAMES.contains(&host.as_str()) => name.to_lowercase(),
        parts => parts.join("/"),
    };
    let query: Vec<String> =
        query.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
    match query.is_empty() {
        true => format!("{host}/{path}"),
        false => format!("{host}/{path}?{}", query.join("&")),
    }
}

/// `Url` has lowered its case already, and dropped the scheme's own port.
fn host(url: &Url) -> String {
    let whole = url.host_str().unwrap_or_default().trim_end_matches('.');
    let bare = PREFIXES.iter().find_map(|prefix| whole.strip_prefix(prefix));
    let bare = bare.filter(|rest| rest.contains('.')).unwrap_or(whole);
    let name = HOSTS.iter().find(|(other, _)| *other == bare).map_or(bare, |(_, name)| name);
    match url.port().filter(|port| ![80, 443].contains(port)) {
        Some(port) => format!("{name}:{port}"),
        None => name.to_owned(),
    }
}

fn is_tracking(name: &str) -> bool {
    name.starts_with("utm_") || TRACKING.contains(&name)
}

/// One video has three addresses.
fn video(host: &str, parts: &[&str], query: &[(String, String)]) -> Option<String> {
    match (host, parts) {
        ("youtu.be", [id, ..]) | ("youtube.com", ["shorts" | "live" | "embed", id, ..]) => {
            Some((*id).to_owned())
        }
        ("youtube.com", ["watch"]) => {
            query.iter().find(|(name, _)| name == "v").map(|(_, id)| id.clone())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use test_case::test_case;

    use super::*;

    fn canonical(text: &str) -> String {
        Link::try_new(text).unwrap().canonical()
    }

    #[test_case("http://www.instagram.com/p/CxYz_1/", "https://instagram.com/p/CxYz_1?igsh=abc"; "scheme, device and tracking")]
    #[test_case("https://www.instagram.com/reel/CxYz_1/", "https://instagram.com/p/CxYz_1"; "a reel is a post")]
    #[test_case("instagram.com/SomeBody", "https://www.instagram.com/somebody/"; "case of a name")]
    #[test_case("https://twitter.com/a/status/1?s=20", "https://x.com/a/status/1"; "renamed site")]
    #[test_case("https://youtu.be/dQw4?si=1", "https://m.youtube.com/watch?v=dQw4&feature=share"; "short address")]
    #[test_case("https://youtube.com/shorts/dQw4", "https://www.youtube.com/watch?v=dQw4"; "short video")]
    #[test_case("https://EXAMPLE.com:443/a#top", "example.com/a"; "port and fragment")]
    #[test_case("https://example.com/a?b=2&a=1", "https://example.com/a?a=1&b=2"; "order of parameters")]
    #[test_case("@Somebody", "somebody"; "a bare name")]
    fn links_to_the_same_place_are_one(one: &str, other: &str) {
        assert_eq!(canonical(one), canonical(other));
    }

    #[test_case("https://instagram.com/p/CxYz", "https://instagram.com/p/cxyz"; "case of a post's id")]
    #[test_case("https://example.com/a?id=1", "https://example.com/a?id=2"; "parameters that matter")]
    #[test_case("https://youtube.com/watch?v=a", "https://youtube.com/watch?v=b"; "other videos")]
    #[test_case("https://example.com/a", "https://example.org/a"; "other sites")]
    #[test_case("https://example.com:8443/a", "https://example.com/a"; "other ports")]
    #[test_case("somebody", "somebody2"; "other names")]
    fn links_to_other_places_are_not(one: &str, other: &str) {
        assert_ne!(canonical(one), canonical(other));
    }
}
