//! The live tables and rebuilt ones, compared row by row.
//!
//! # Correctness
//! Both are read by one snapshot, taken while the live model stood still at the copy's position; it stands still for the
//! last events that the copy lacked, not for the comparison.

use std::fmt;

use serde_json::{Map, Value};
use sqlx::PgPool;

use super::{
    ProjectionError,
    build::{Build, BuildStep, Told, tables},
};
use crate::domain::Position;

/// What a comparison found.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    /// Up to where both had folded.
    pub position: Position,
    /// Rows of the rebuilt tables.
    pub rows: i64,
    /// The first row, by table and key, that is not the same in both.
    pub difference: Option<Difference>,
}

/// A row that is not the same in the live table and the rebuilt one.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    /// Its table.
    pub table: String,
    /// The row's key, by column; empty where the table has none.
    pub key: Map<String, Value>,
    /// The row in the live table.
    pub live: Option<Map<String, Value>>,
    /// The row as rebuilt.
    pub rebuilt: Option<Map<String, Value>>,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.table)?;
        for (column, value) in &self.key {
            write!(f, ", {column} {value}")?;
        }
        match (&self.live, &self.rebuilt) {
            (Some(live), Some(rebuilt)) => {
                let other =
                    |(column, _): &(&String, &Value)| live.get(*column) != rebuilt.get(*column);
                for (column, value) in live.iter().filter(other) {
                    let rebuilt = rebuilt.get(column).unwrap_or(&Value::Null);
                    write!(f, ": {column} is {value} in the live table, {rebuilt} as rebuilt")?;
                }
                Ok(())
            }
            (Some(live), None) => {
                write!(f, ": only in the live table: {}", Value::from(live.clone()))
            }
            (None, Some(row)) => {
                write!(f, ": missing in the live table: {}", Value::from(row.clone()))
            }
            (None, None) => Ok(()),
        }
    }
}

#[derive(sqlx::FromRow)]
struct KeyColumn {
    identifier: String,
    text: String,
}

/// Key, live row, rebuilt row.
type Row = (Value, Option<Value>, Option<Value>);

impl Build {
    /// Brings the copy to where the live tables are, and compares.
    pub(super) async fn compare(
        &mut self,
        pool: &PgPool,
        told: Told<'_>,
    ) -> Result<Verdict, ProjectionError> {
        self.meet_live(pool).await?;
        told(BuildStep::Comparing);
        let verdict = self.compare_tables().await?;
        self.command("commit").await?;
        Ok(verdict)
    }

    /// Begins a transaction whose snapshot shows the live tables and the copy at the same position.
    async fn meet_live(&mut self, pool: &PgPool) -> Result<(), ProjectionError> {
        let mut still = pool.begin().await?;
        let live: Option<i64> = sqlx::query_scalar(
            "select position from projection_checkpoints where schema_name = $1 for update",
        )
        .bind(self.model.schema())
        .fetch_optional(&mut *still)
        .await?;
        let live = live.ok_or_else(|| ProjectionError::NotBuilt(self.model.name().to_owned()))?;
        let folded = self.fold_upto(Position(live), &mut |_| {}).await;
        folded.map_err(|error| error.of(&self.model))?;
        // The first statement takes the snapshot.
        self.command("begin isolation level repeatable read, read only; select 1").await?;
        still.rollback().await?;
        Ok(())
    }

    async fn compare_tables(&mut self) -> Result<Verdict, ProjectionError> {
        let (live, copy) = (self.model.schema(), self.schema());
        let mut verdict = Verdict { position: self.position, rows: 0, difference: None };
        for table in tables(&mut self.session, &copy).await? {
            self.hold_same_shape(&table).await?;
            let count = format!("select count(*) from {copy}.{table}");
            verdict.rows +=
                sqlx::query_scalar::<_, i64>(&count).fetch_one(&mut self.session).await?;
            let key = self.key(&table).await?;
            let statement = comparison(&live, &copy, &table, &key);
            let row: Option<Row> =
                sqlx::query_as(&statement).fetch_optional(&mut self.session).await?;
            if let Some((key, live, rebuilt)) = row {
                let (key, live, rebuilt) = (object(key), live.map(object), rebuilt.map(object));
                verdict.difference = Some(Difference { table, key, live, rebuilt });
                return Ok(verdict);
            }
        }
        Ok(verdict)
    }

    /// Holds a live table to have the columns that the file makes: somebody may have altered it.
    async fn hold_same_shape(&mut self, table: &str) -> Result<(), ProjectionError> {
        let same: bool = sqlx::query_scalar(
            "select count(distinct columns) = 1 and count(*) = 2
             from (
                 select array_agg(array[column_name::text, udt_name::text] order by ordinal_position) as columns
                 from information_schema.columns
                 where table_schema in ($1, $2)
                     and quote_ident(table_name) = $3
                 group by table_schema
             ) as shapes",
        )
        .bind(self.model.schema())
        .bind(self.schema())
        .bind(table)
        .fetch_one(&mut self.session)
        .await?;
        let (model, table) = (self.model.name().to_owned(), table.to_owned());
        if same { Ok(()) } else { Err(ProjectionError::OtherShape { model, table }) }
    }

    /// The columns of a table's primary key: as identifiers, and as texts.
    async fn key(&mut self, table: &str) -> Result<Vec<KeyColumn>, sqlx::Error> {
        sqlx::query_as(
            "select quote_ident(attname) as identifier, quote_literal(attname) as text
             from pg_index
             cross join lateral unnest(indkey::smallint[]) with ordinality as part (number, place)
             join pg_attribute on attrelid = indrelid and attnum = part.number
             where indrelid = to_regclass($1)
                 and indisprimary
             order by place",
        )
        .bind(format!("{}.{table}", self.schema()))
        .fetch_all(&mut self.session)
        .await
    }
}

/// The statement that finds the first difference of two tables.
fn comparison(live: &str, copy: &str, table: &str, key: &[KeyColumn]) -> String {
    if key.is_empty() {
        return format!(
            "select '{{}}'::jsonb,
                 case when sum(side) > 0 then (array_agg(content))[1] end,
                 case when sum(side) < 0 then (array_agg(content))[1] end
             from (
                 select to_jsonb(live) as content, live::text as row, 1 as side from {live}.{table} as live
                 union all
                 select to_jsonb(copy), copy::text, -1 from {copy}.{table} as copy
             ) as both_sides
             group by row
             having sum(side) <> 0
             order by row
             limit 1"
        );
    }
    let columns: Vec<&str> = key.iter().map(|column| column.identifier.as_str()).collect();
    let columns = columns.join(", ");
    let pairs: Vec<String> =
        key.iter().map(|column| format!("{}, {}", column.text, column.identifier)).collect();
    format!(
        "select jsonb_build_object({}), to_jsonb(live), to_jsonb(copy)
         from {live}.{table} as live
         full join {copy}.{table} as copy using ({columns})
         where live::text is distinct from copy::text
         order by {columns}
         limit 1",
        pairs.join(", ")
    )
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(columns) => columns,
        other => Map::from_iter([("value".to_owned(), other)]),
    }
}
