use axum::http::{
    HeaderMap, HeaderValue,
    header::{ACCEPT, CONTENT_TYPE},
};

/// How an answer is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Media {
    /// Status codes tell what became of the request.
    GraphqlResponse,
    /// Every request that is well-formed gets 200, as clients from before the draft expect.
    Json,
}

/// In order of preference.
const OFFERED: [(Media, &str); 2] = [
    (Media::GraphqlResponse, "application/graphql-response+json"),
    (Media::Json, "application/json"),
];

impl Media {
    /// Chooses what the client likes best; `None` where it takes neither. A client that does not say gets the first.
    pub(super) fn accepted(headers: &HeaderMap) -> Option<Self> {
        let ranges = ranges(headers);
        if ranges.is_empty() {
            return Some(Self::GraphqlResponse);
        }
        let mut best = None;
        for (media, name) in OFFERED {
            let quality = quality_of(name, &ranges);
            if quality > best.map_or(0.0, |(_, quality)| quality) {
                best = Some((media, quality));
            }
        }
        best.map(|(media, _)| media)
    }

    pub(super) fn content_type(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::GraphqlResponse => "application/graphql-response+json; charset=utf-8",
            Self::Json => "application/json; charset=utf-8",
        })
    }
}

/// Tells whether a client takes server-sent events. One that does not say does.
pub(super) fn accepts_events(headers: &HeaderMap) -> bool {
    let ranges = ranges(headers);
    ranges.is_empty() || quality_of("text/event-stream", &ranges) > 0.0
}

fn ranges(headers: &HeaderMap) -> Vec<Range<'_>> {
    let values = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).filter_map(Range::parse).collect()
}

/// One entry of an `Accept` header, such as `application/json;q=0.9`.
struct Range<'a> {
    name: &'a str,
    quality: f32,
}

impl<'a> Range<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let mut parts = text.split(';').map(str::trim);
        let name = parts.next().filter(|name| name.contains('/'))?;
        let quality = parts
            .filter_map(|parameter| parameter.split_once('='))
            .find(|(name, _)| name.trim().eq_ignore_ascii_case("q"))
            .and_then(|(_, value)| value.trim().parse().ok());
        Some(Self { name, quality: quality.unwrap_or(1.0) })
    }

    /// A whole name says more than `application/*`, and that more than `*/*`.
    fn matches(&self, name: &str) -> Option<u8> {
        match self.name {
            "*/*" => Some(0),
            "application/*" => name.starts_with("application/").then_some(1),
            "text/*" => name.starts_with("text/").then_some(1),
            own if own.eq_ignore_ascii_case(name) => Some(2),
            _ => None,
        }
    }
}

fn quality_of(name: &str, ranges: &[Range<'_>]) -> f32 {
    let matching = ranges.iter().filter_map(|range| Some((range.matches(name)?, range.quality)));
    matching.max_by_key(|(precision, _)| *precision).map_or(0.0, |(_, quality)| quality)
}

/// Tells whether a body is JSON in UTF-8.
pub(super) fn is_json(headers: &HeaderMap) -> bool {
    let Some(Ok(content_type)) = headers.get(CONTENT_TYPE).map(HeaderValue::to_str) else {
        return false;
    };
    let mut parts = content_type.split(';').map(str::trim);
    let is_json = parts.next().is_some_and(|name| name.eq_ignore_ascii_case("application/json"));
    let charset = parts
        .filter_map(|parameter| parameter.split_once('='))
        .find(|(name, _)| name.trim().eq_ignore_ascii_case("charset"))
        .map(|(_, value)| value.trim().trim_matches('"'));
    is_json && charset.is_none_or(|charset| charset.eq_ignore_ascii_case("utf-8"))
}

#[cfg(test)]
mod tests {
    use test_case::test_case;

    use super::*;

    #[test_case("application/json" => Some(Media::Json))]
    #[test_case("application/graphql-response+json" => Some(Media::GraphqlResponse))]
    #[test_case("*/*" => Some(Media::GraphqlResponse))]
    #[test_case("application/json, */*;q=0.1" => Some(Media::Json))]
    #[test_case("application/json;charset=utf-8, application/graphql-response+json" => Some(Media::GraphqlResponse))]
    #[test_case("application/graphql-response+json;q=0.5, application/json" => Some(Media::Json))]
    #[test_case("application/graphql-response+json;q=0, */*" => Some(Media::Json))]
    #[test_case("text/html" => None)]
    #[test_case("application/json;q=0" => None)]
    fn client_gets_what_it_likes_best(accept: &str) -> Option<Media> {
        Media::accepted(&HeaderMap::from_iter([(ACCEPT, accept.parse().unwrap())]))
    }

    #[test]
    fn client_that_does_not_say_gets_the_new_type() {
        assert_eq!(Media::accepted(&HeaderMap::new()), Some(Media::GraphqlResponse));
    }

    #[test_case("text/event-stream" => true)]
    #[test_case("text/*" => true)]
    #[test_case("*/*" => true)]
    #[test_case("application/*, application/json" => false)]
    #[test_case("text/event-stream;q=0, */*" => false)]
    fn events_go_to_who_takes_them(accept: &str) -> bool {
        accepts_events(&HeaderMap::from_iter([(ACCEPT, accept.parse().unwrap())]))
    }

    #[test_case("application/json" => true)]
    #[test_case("application/JSON; charset=\"UTF-8\"" => true)]
    #[test_case("application/json; charset=latin1" => false)]
    #[test_case("text/plain" => false)]
    #[test_case("application/jsonp" => false)]
    fn body_is_json_in_utf_8(content_type: &str) -> bool {
        is_json(&HeaderMap::from_iter([(CONTENT_TYPE, content_type.parse().unwrap())]))
    }
}
