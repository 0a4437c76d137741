//! The customers behind a figure as a file: for a mailing, a call list, a spreadsheet.

use super::customers::name_of;
use crate::accounts::note;
use crate::errors::Problem;
use crate::figures::{look_at, people_behind};
use crate::guard::Visit;
use crate::state::Web;
use crate::view::AskedPart;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use throughline_customers::CustomerRow;
use throughline_interactions::{Timestamp, WorkspaceId};
use throughline_pipeline::{Engine, EngineError, Person};

/// Rows of one file.
const MOST: usize = 50_000;

#[derive(Deserialize)]
pub(crate) struct Wanted {
    figure: String,
}

/// Hands out the list; the record says who took it.
pub(crate) async fn people_csv(
    State(web): State<Web>,
    visit: Visit,
    Path(key): Path<String>,
    query: Result<Query<Wanted>, QueryRejection>,
    asked: Result<Query<AskedPart>, QueryRejection>,
) -> Result<Response, Problem> {
    let (Query(Wanted { figure }), Query(asked)) = (query?, asked?);
    let look = look_at(&web, visit.workspace()?, &asked).await?;
    let workspace = visit.workspace()?.id;
    let entry = visit.act(web.now(), "exported a list of customers", format!("{key}: {figure} {}", look.part.query));
    let csv = web
        .ask(move |e| {
            let people = people_behind(e, workspace, &key, &figure, &look.part.view)?;
            list(e, workspace, &people)
        })
        .await?;
    web.accounts(move |s| s.write(|tx| note(tx, &entry))).await?;
    Ok(file(csv, HeaderValue::from_static("attachment; filename=\"customers.csv\"")))
}

/// The customers as lines of a file.
pub(crate) fn list(e: &Engine, workspace: WorkspaceId, people: &[Person]) -> Result<String, EngineError> {
    let mut csv = "customer,name,email,phone,user_id,interactions,first_seen,last_seen,last_answer\n".to_owned();
    for person in people.iter().take(MOST) {
        match e.customer(workspace, person.customer) {
            Ok(profile) => line(&mut csv, &profile.row),
            // Merged or erased since the figure was counted.
            Err(EngineError::NotFound(_)) => {}
            Err(other) => return Err(other),
        }
    }
    Ok(csv)
}

/// A file to be saved.
pub(crate) fn file(csv: String, disposition: HeaderValue) -> Response {
    let mut response = csv.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/csv; charset=utf-8"));
    headers.insert(header::CONTENT_DISPOSITION, disposition);
    response
}

fn line(csv: &mut String, row: &CustomerRow) {
    let of = |kind: &str| row.identifiers.iter().find(|i| i.kind == kind).map_or("", |i| i.value.as_str());
    let at = |t: Timestamp| jiff::Timestamp::from_microsecond(t.0).map_or_else(|_| String::new(), |t| t.to_string());
    let answer = row.last_score.as_ref().map_or(String::new(), |s| format!("{} of {}", s.value, s.max));
    let cells = [
        format!("{:016x}", row.id),
        name_of(row),
        of("email").to_owned(),
        of("phone").to_owned(),
        of("user_id").to_owned(),
        row.interactions.to_string(),
        at(row.first_seen),
        if row.last_seen.0 == 0 { String::new() } else { at(row.last_seen) },
        answer,
    ];
    let cells: Vec<String> = cells.iter().map(|c| cell(c)).collect();
    csv.push_str(&cells.join(","));
    csv.push('\n');
}

/// A cell that a spreadsheet shows and never runs.
pub(crate) fn cell(text: &str) -> String {
    let runs = text.starts_with(['=', '@', '\t', '\r']) || (text.starts_with(['+', '-']) && !is_number(text));
    let text = if runs { format!("'{text}") } else { text.to_owned() };
    if text.contains([',', '"', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}

/// Telephone numbers begin with a plus and are no formula.
fn is_number(text: &str) -> bool {
    text[1..].chars().all(|c| c.is_ascii_digit() || matches!(c, ' ' | '.' | '(' | ')' | '/' | '-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_spreadsheet_would_run_is_text() {
        let check = |text: &str, expected: &str| assert_eq!(cell(text), expected, "{text}");
        check("Ana", "Ana");
        check("=1+1", "'=1+1");
        check("+49 170 123", "+49 170 123");
        check("+cmd|' /C calc'!A0", "'+cmd|' /C calc'!A0");
        check("@SUM(A1)", "'@SUM(A1)");
        check("Smith, \"Bo\"", "\"Smith, \"\"Bo\"\"\"");
    }
}
