use std::collections::HashMap;

use chrono::{DateTime, Utc};
use sqlx::{FromRow, types::Uuid};

use super::{Page, PageRequest, ReadError, Reads, grouped::grouped};
use crate::domain::{ProviderId, refusal::ErrorText};

/// An error text that providers answered orders or other calls with, or that an operator said something of.
#[derive(Debug, Clone, FromRow)]
pub struct ErrorTextRow {
    /// The text as texts are compared.
    pub text: String,
    /// What it means, in the word of `TextClass`.
    pub class: String,
    /// Whether an operator says so.
    pub by_operator: bool,
    /// What the operator who last reclassified it wrote.
    pub note: Option<String>,
    /// When that was.
    pub reclassified_at: Option<DateTime<Utc>>,
    /// Attempts that were answered with it.
    pub count: i64,
    /// When the last of them was.
    pub last_at: Option<DateTime<Utc>>,
    /// Calls that were no order's and were answered with it.
    pub call_count: i64,
    /// When the minute began in which the last of them ended.
    pub call_last_at: Option<DateTime<Utc>>,
    /// The key of pages, which grows with the position of the last event about it.
    pub page_key: i64,
}

/// How often a provider answered calls of an action that were no order's with a text.
#[derive(Debug, Clone, FromRow)]
pub struct ErrorTextCallRow {
    text: String,
    provider_id: Uuid,
    /// The action, in the panel API's word.
    pub action: String,
    /// How often.
    pub count: i64,
    /// When the minute began in which the last of them ended.
    pub last_at: DateTime<Utc>,
}

impl ErrorTextCallRow {
    /// Who.
    pub fn provider(&self) -> ProviderId {
        ProviderId(self.provider_id)
    }
}

/// How often a provider answered orders with a text.
#[derive(Debug, Clone, FromRow)]
pub struct ErrorTextProviderRow {
    text: String,
    provider_id: Uuid,
    /// How often.
    pub count: i64,
    /// When last.
    pub last_at: DateTime<Utc>,
}

impl ErrorTextProviderRow {
    /// Who.
    pub fn provider(&self) -> ProviderId {
        ProviderId(self.provider_id)
    }
}

const COLUMNS: &str = "text, class, by_operator, note, reclassified_at, count, last_at, call_count, call_last_at, page_key";

impl Reads {
    /// Lists error texts of a class, or all, those first about which something happened last, from the key on.
    ///
    /// # Errors
    /// [`ReadError`]
    pub async fn error_texts(
        &self,
        class: Option<&str>,
        page: PageRequest,
    ) -> Result<Page<ErrorTextRow>, ReadError> {
        let sql = format!(
            "select {COLUMNS}
             from error_texts
             where page_key < coalesce($1, 9223372036854775807)
               and ($3::text is null or class = $3)
             order by page_key desc
             limit $2"
        );
        let rows = sqlx::query_as(&sql).bind(page.after).bind(page.limit()).bind(class);
        Ok(page.page(rows.fetch_all(&self.pool).await?))
    }

    /// Finds an error text that was met or reclassified.
    ///
    /// # Errors
    /// [`ReadError`]
    pub async fn error_text(&self, text: &ErrorText) -> Result<Option<ErrorTextRow>, ReadError> {
        let sql = format!("select {COLUMNS} from error_texts where text = $1");
        Ok(sqlx::query_as(&sql).bind(text.as_str()).fetch_optional(&self.pool).await?)
    }

    /// Lists who answered orders with each of these texts, most often first.
    ///
    /// # Errors
    /// [`ReadError`]
    pub async fn error_text_providers(
        &self,
        texts: &[String],
    ) -> Result<HashMap<String, Vec<ErrorTextProviderRow>>, ReadError> {
        let rows: Vec<ErrorTextProviderRow> = sqlx::query_as(
            "select text, provider_id, count, last_at
             from error_text_providers
             where text = any($1)
             order by count desc, provider_id",
        )
        .bind(texts)
        .fetch_all(&self.pool)
        .await?;
        Ok(grouped(rows, |row| row.text.clone()))
    }

    /// Lists who answered which other calls with each of these texts, most often first.
    ///
    /// # Errors
    /// [`ReadError`]
    pub async fn error_text_calls(
        &self,
        texts: &[String],
    ) -> Result<HashMap<String, Vec<ErrorTextCallRow>>, ReadError> {
        let rows: Vec<ErrorTextCallRow> = sqlx::query_as(
            "select text, provider_id, action, count, last_at
             from error_text_calls
             where text = any($1)
             order by count desc, provider_id, action",
        )
        .bind(texts)
        .fetch_all(&self.pool)
        .await?;
        Ok(grouped(rows, |row| row.text.clone()))
    }
}
